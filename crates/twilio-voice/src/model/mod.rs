//! What travels on the wire, under Twilio's own names.
//!
//! Names that Twilio adds to (statuses, directions, sources) are open enums with an `Other` variant; what has no field of its own
//! stays in `extra`.

pub mod call;
pub mod recording;
pub mod stream;
pub mod webhook;

pub(crate) use comms_http::open_enum;

/// Fields that this version does not know, as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;

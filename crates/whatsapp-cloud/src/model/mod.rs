//! What travels on the wire, under the provider's own names.
//!
//! Names that Meta adds to (statuses, types, qualities) are open enums with an `Other` variant; objects that are sent back
//! keep the fields they do not know in `extra`.

pub mod contact;
pub mod error_object;
pub mod interactive;
pub mod location;
pub mod media;
pub mod message;
pub mod order;
pub mod phone_number;
pub mod profile;
pub mod scalar;
pub mod sent;
pub mod template;
pub mod template_message;
mod typed;
mod validate;
pub mod webhook;

pub(crate) use comms_http::open_enum;
pub(crate) use typed::typed;

/// Fields that this version does not know, as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;

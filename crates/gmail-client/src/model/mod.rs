//! What travels on the wire, under the provider's own names.
//!
//! Answers may be partial (`fields`), so that nearly every field may be absent. Objects keep the fields that they do not know in
//! `extra`; names that Google adds to are open enums.

pub mod draft;
pub mod history;
pub mod label;
pub mod mailbox;
pub mod message;
mod number;
pub mod push;
pub mod send_as;
pub mod thread;

pub(crate) use comms_http::open_enum;
pub use number::HistoryId;

/// Fields that this version does not know, as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;

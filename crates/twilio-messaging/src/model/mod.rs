//! Wire types in the provider's own names.
//!
//! Any field may be absent or null, since Twilio documents all of them so. Fields and names that this version does not know survive
//! a round trip.

pub mod content;
pub mod media;
pub mod message;
pub mod new_message;
pub mod service;

/// Fields that this version does not know, as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;

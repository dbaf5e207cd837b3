//! The operations, one file for each resource of the provider.

pub mod contents;
pub mod media;
pub mod messages;
pub mod services;

pub use contents::Contents;
pub use media::Media;
pub use messages::Messages;
pub use services::Services;

/// The last segment of a resource that answers JSON.
fn json(sid: &str) -> String {
    format!("{sid}.json")
}

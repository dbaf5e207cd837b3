//! The operations, one file for each resource of Twilio's.
//!
//! Feedback on the quality of a call is not here: Twilio's description of its API has no such resource any more.

pub mod calls;
mod parameters;
pub mod recordings;
pub mod streams;

pub use calls::Calls;
pub use recordings::Recordings;
pub use streams::Streams;

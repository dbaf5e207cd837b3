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

/// Declares the handle of a resource: it borrows the client and has the operations.
macro_rules! resource {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            client: &'a $crate::Client,
        }

        impl<'a> $name<'a> {
            pub(crate) fn new(client: &'a $crate::Client) -> Self {
                Self { client }
            }
        }
    };
}

use resource;

//! The operations, one file for each resource of the provider.

pub mod contents;
pub mod media;
pub mod messages;
pub mod services;

pub use contents::Contents;
pub use media::Media;
pub use messages::Messages;
pub use services::Services;

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

/// The last segment of a resource that answers JSON.
fn json(sid: &str) -> String {
    format!("{sid}.json")
}

//! The handles that a client gives its operations by.

/// Declares the handle of a resource: it borrows the client and has the operations.
///
/// ```
/// mod api {
///     #[derive(Debug)]
///     pub struct Client(&'static str);
///
///     comms_http::resource! {
///         /// Sending and looking up.
///         Messages of Client
///     }
///
///     impl Client {
///         pub fn new(number: &'static str) -> Self {
///             Self(number)
///         }
///
///         pub fn messages(&self) -> Messages<'_> {
///             Messages::new(self)
///         }
///     }
///
///     impl Messages<'_> {
///         pub fn from(&self) -> &str {
///             self.client.0
///         }
///     }
/// }
/// assert_eq!(api::Client::new("7").messages().from(), "7");
/// ```
#[macro_export]
macro_rules! resource {
    ($(#[$meta:meta])* $name:ident of $client:ty) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            client: &'a $client,
        }

        impl<'a> $name<'a> {
            pub(crate) fn new(client: &'a $client) -> Self {
                Self { client }
            }
        }
    };
}

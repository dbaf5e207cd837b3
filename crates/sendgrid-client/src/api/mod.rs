//! The operations, one file for each resource of the provider.

pub mod batches;
pub mod groups;
pub mod mail;
pub mod suppressions;
pub mod templates;
pub mod webhooks;

pub use batches::Batches;
pub use groups::Groups;
pub use mail::MailSend;
pub use suppressions::Suppressions;
pub use templates::Templates;
pub use webhooks::Webhooks;

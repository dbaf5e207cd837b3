//! What SendGrid sends and takes, in its own names.

pub mod group;
pub mod mail;
pub mod person;
pub mod settings;
pub mod suppression;
pub mod template;
pub mod webhook;

//! An address with a name.

use comms_http::{Error, Result};
use comms_mime::Mailbox;
use serde::{Deserialize, Serialize};

/// An e-mail address, and perhaps whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The address.
    pub email: String,
    /// What mail programs show beside the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Person {
    /// An address without a name.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into(), name: None }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether it is an address. SendGrid takes almost anything for one, and drops the mail later.
    ///
    /// # Errors
    /// `InvalidRequest` with `field`.
    pub fn check(&self, field: &str) -> Result<()> {
        Mailbox::new(&self.email).map_err(|error| Error::invalid(error.message()).field(field))?;
        if self.name.as_deref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(Error::invalid("a name holds a line break or another control character").field(field));
        }
        Ok(())
    }
}

impl From<&str> for Person {
    fn from(email: &str) -> Self {
        Self::new(email)
    }
}

impl From<String> for Person {
    fn from(email: String) -> Self {
        Self::new(email)
    }
}

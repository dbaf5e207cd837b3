//! Whom nothing is sent to.

use serde::{Deserialize, Serialize};

/// The lists of addresses to which SendGrid sends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuppressionList {
    /// Did not arrive, for good.
    Bounces,
    /// Refused for a reason that has nothing to do with the address. The next mail is tried.
    Blocks,
    /// No addresses.
    InvalidEmails,
    /// Reported as spam.
    SpamReports,
    /// Unsubscribed from everything.
    Unsubscribes,
}

impl SuppressionList {
    /// The name in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounces => "bounces",
            Self::Blocks => "blocks",
            Self::InvalidEmails => "invalid_emails",
            Self::SpamReports => "spam_reports",
            Self::Unsubscribes => "unsubscribes",
        }
    }
}

/// An address to which nothing is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Since when, in seconds since 1970.
    #[serde(default)]
    pub created: i64,
    /// The address.
    #[serde(default)]
    pub email: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The enhanced status code of the mail server, `5.1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// From where spam was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The address, as the answer about who unsubscribed from everything calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_email: Option<String>,
}

impl Suppression {
    /// The address, whatever it is called.
    #[must_use]
    pub fn recipient(&self) -> &str {
        self.recipient_email.as_deref().unwrap_or(&self.email)
    }
}

//! The addresses that a mailbox may send as.

use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};

open_enum! {
    /// Whether an address has proved to belong to the owner.
    pub enum VerificationStatus {
        /// It has.
        Accepted = "accepted",
        /// Not yet: Google would put the mailbox's own address in its place.
        Pending = "pending",
    }
}

/// An address that a mailbox may send as.
///
/// *See [Gmail docs/SendAs](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SendAsAddress {
    /// The address.
    pub send_as_email: String,
    /// The name beside it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Where answers go, where elsewhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reply_to_address: String,
    /// The signature, as HTML. Google adds it in its own pages alone, never to what is sent through the API.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// Whether it is the mailbox's own.
    pub is_primary: bool,
    /// Whether it is taken where none is chosen.
    pub is_default: bool,
    /// Whether it is an alias of the same person.
    pub treat_as_alias: bool,
    /// Whether it may be used; absent for the mailbox's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_status: Option<VerificationStatus>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SendAsAddress {
    /// Whether Google sends as it, instead of putting the mailbox's own in its place.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.is_primary || self.verification_status == Some(VerificationStatus::Accepted)
    }
}

/// What may be changed of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendAsChange {
    /// The name beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where answers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_address: Option<String>,
    /// The signature, as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Whether it is taken where none is chosen; it can be switched on alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}

//! Drafts.

use serde::{Deserialize, Serialize};

use super::{Extra, message::Message};

/// A draft. Its id stays; that of its message is another with each change.
///
/// *See [Gmail docs/Draft](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Draft {
    /// The draft's id; its message has another one, and gets a new one with each change.
    pub id: String,
    /// What it would send.
    pub message: Message,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

//! Labels.

use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};

/// Not read yet.
pub const UNREAD: &str = "UNREAD";
/// In the inbox.
pub const INBOX: &str = "INBOX";
/// Sent by this mailbox.
pub const SENT: &str = "SENT";
/// A draft.
pub const DRAFT: &str = "DRAFT";
/// Unwanted.
pub const SPAM: &str = "SPAM";
/// To be deleted after 30 days.
pub const TRASH: &str = "TRASH";
/// With a star.
pub const STARRED: &str = "STARRED";
/// Taken for important.
pub const IMPORTANT: &str = "IMPORTANT";
/// A chat of former days: no e-mail.
pub const CHAT: &str = "CHAT";

open_enum! {
    /// Whose label it is.
    pub enum LabelType {
        /// Google's: it cannot be changed.
        System = "system",
        /// The user's.
        User = "user",
    }
}

open_enum! {
    /// Whether a label stands in the list of labels.
    pub enum LabelListVisibility {
        /// Always.
        Show = "labelShow",
        /// While something in it is unread.
        ShowIfUnread = "labelShowIfUnread",
        /// Never.
        Hide = "labelHide",
    }
}

open_enum! {
    /// Whether a label stands beside its messages.
    pub enum MessageListVisibility {
        /// It does.
        Show = "show",
        /// It does not.
        Hide = "hide",
    }
}

/// A label.
///
/// *See [Gmail docs/Label](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Label {
    /// Its id: the name of a system label, `Label_…` else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its name. A slash makes it a label below another.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whose it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<LabelType>,
    /// Whether it stands in the list of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_list_visibility: Option<LabelListVisibility>,
    /// Whether it stands beside its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_list_visibility: Option<MessageListVisibility>,
    /// How many messages have it. Counts are in `labels.get` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_total: Option<u64>,
    /// How many of them are unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_unread: Option<u64>,
    /// How many conversations have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads_total: Option<u64>,
    /// How many of them are unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads_unread: Option<u64>,
    /// Its colours, of a fixed palette.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<LabelColor>,
    /// What else Google says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Label {
    /// A label of the user's with this name, to be created.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Colours of a label, as `#rrggbb`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelColor {
    /// Behind the name.
    pub background_color: String,
    /// Of the name's letters.
    pub text_color: String,
}

/// Which labels messages gain and lose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelChange {
    /// Gained.
    #[serde(rename = "addLabelIds", skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// Lost.
    #[serde(rename = "removeLabelIds", skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

impl LabelChange {
    /// Adds a label.
    pub fn add(label: impl Into<String>) -> Self {
        Self::default().and_add(label)
    }

    /// Removes a label. Without `UNREAD` a message is read, without `INBOX` it is archived.
    pub fn remove(label: impl Into<String>) -> Self {
        Self::default().and_remove(label)
    }

    /// Adds a label too.
    #[must_use]
    pub fn and_add(mut self, label: impl Into<String>) -> Self {
        self.add.push(label.into());
        self
    }

    /// Removes a label too.
    #[must_use]
    pub fn and_remove(mut self, label: impl Into<String>) -> Self {
        self.remove.push(label.into());
        self
    }
}

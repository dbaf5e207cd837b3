//! Groups that people unsubscribe from.

use serde::{Deserialize, Serialize};

/// A group: one kind of mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Its number: `asm_group_id` of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// What recipients read on the page where they unsubscribe.
    pub name: String,
    /// What its mails are about, as recipients read it.
    pub description: String,
    /// Whether mails without a group belong to it.
    pub is_default: bool,
    /// How many have unsubscribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribes: Option<i64>,
}

//! Dynamic templates.

use serde::{Deserialize, Serialize};

/// A template with its versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// `d-…` for a dynamic one.
    pub id: String,
    /// What people call the template.
    pub name: String,
    /// `dynamic` or `legacy`.
    pub generation: String,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Its versions. A list of templates tells them without their texts.
    pub versions: Vec<Version>,
}

impl Template {
    /// The version that is sent.
    #[must_use]
    pub fn active(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.active == 1)
    }
}

/// A version of a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// The version's id, a UUID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The template's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template_id: String,
    /// 1 where it is the one that is sent, else 0.
    pub active: u8,
    /// What people call the version.
    pub name: String,
    /// The subject with its placeholders.
    pub subject: String,
    /// The HTML with its placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_content: Option<String>,
    /// The text with its placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain_content: Option<String>,
    /// Whether the text is made of the HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_plain_content: Option<bool>,
    /// Examples of the values, as the text of a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_data: Option<String>,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

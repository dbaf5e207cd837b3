//! Content templates and their approval.

use std::collections::BTreeMap;

use comms_http::open_enum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use twilio_core::model::Date;

use super::Extra;

/// A content template: one text in one language, in the forms of several channels.
///
/// *See [Twilio docs/Content resource](https://www.twilio.com/docs/content/content-api-resources)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Content {
    /// Its id, `HX…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// Its name, not seen by recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// Its language, for instance `es`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its variables with the values that stand in where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Map<String, Value>>,
    /// Its forms by their names: `twilio/text`, `twilio/media`, `twilio/quick-reply`, `whatsapp/card` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<BTreeMap<String, Value>>,
    /// Whether WhatsApp approved it; only where approvals were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_requests: Option<Approval>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The addresses of what belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Extra>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<Date>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_updated: Option<Date>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Content {
    /// The text with its placeholders, of the first form that has one.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        let text = |name: &'static str| {
            move |form: &Value| form.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).is_some()
        };
        let forms = || self.types.iter().flat_map(BTreeMap::values);
        ["body", "title", "label"].into_iter().find_map(|name| {
            let has = text(name);
            forms().find(|form| has(form))?.get(name)?.as_str()
        })
    }

    /// Whether WhatsApp lets it be sent outside of the 24-hour window.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        let status = self.approval_requests.as_ref().and_then(|approval| approval.status.as_ref());
        status == Some(&ApprovalStatus::Approved)
    }
}

open_enum! {
    /// How far an approval has come.
    pub enum ApprovalStatus {
        /// Not asked for.
        Unsubmitted = "unsubmitted",
        /// Twilio took the request.
        Received = "received",
        /// WhatsApp is looking at it.
        Pending = "pending",
        /// It can be sent.
        Approved = "approved",
        /// It cannot.
        Rejected = "rejected",
        /// Not for a while: too many recipients complained.
        Paused = "paused",
        /// Not any more.
        Disabled = "disabled",
    }
}

/// Whether WhatsApp approved a template.
///
/// *See [Twilio docs/WhatsApp approvals](https://www.twilio.com/docs/content/content-api-resources#fetch-an-approval-status-request)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Approval {
    /// The template's name at WhatsApp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `UTILITY`, `MARKETING`, `AUTHENTICATION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The form that was handed in, for instance `twilio/text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// How far it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ApprovalStatus>,
    /// Why it was refused; empty where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
    /// Whether WhatsApp may put it into another category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_category_change: Option<bool>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The approvals of one template, by channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Approvals {
    /// The template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// WhatsApp's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<Approval>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A content template to be made.
///
/// ```
/// use serde_json::json;
/// use twilio_messaging::model::content::NewContent;
///
/// let reminder = NewContent::new("es")
///     .named("recordatorio")
///     .variable("1", "Ana")
///     .form("twilio/text", json!({ "body": "Hola {{1}}, le esperamos mañana." }));
/// # let _ = reminder;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewContent {
    /// Its name, not seen by recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// Its language, for instance `es`.
    pub language: String,
    /// Its variables with the values that stand in where none is given.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// Its forms by their names.
    pub types: BTreeMap<String, Value>,
}

impl NewContent {
    /// A template in this language, as yet without a form.
    pub fn new(language: impl Into<String>) -> Self {
        Self { language: language.into(), ..Self::default() }
    }

    /// Names it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    /// Adds a variable with the value that stands in where none is given.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, example: impl Into<String>) -> Self {
        self.variables.insert(name.into(), Value::String(example.into()));
        self
    }

    /// Adds a form, for instance `twilio/text` with `{"body": …}`.
    #[must_use]
    pub fn form(mut self, name: impl Into<String>, form: Value) -> Self {
        self.types.insert(name.into(), form);
        self
    }
}

//! The error object: in answers under `error`, in webhooks under `errors`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Extra;

/// An error as Meta writes it. Every field may be missing, and some came in other shapes over the years.
///
/// Build on [`code`](Self::code) and [`details`](Self::details): titles and sub-codes are being removed.
///
/// *See [WhatsApp docs/Error codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorObject {
    /// The code, the only field to build on.
    #[serde(default, deserialize_with = "lenient_code", skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The code as a sentence (webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What went wrong, usually `(#code) title`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The family of the error.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A finer code. Deprecated by Meta, still seen.
    #[serde(default, deserialize_with = "lenient_code", skip_serializing_if = "Option::is_none")]
    pub error_subcode: Option<i64>,
    /// Details: an object with `details`, in old answers a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_data: Option<Value>,
    /// Details at the top level, as some answers write them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// A title for an end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_user_title: Option<String>,
    /// A text for an end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_user_msg: Option<String>,
    /// Whether Meta thinks that it passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_transient: Option<bool>,
    /// What Meta's support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fbtrace_id: Option<String>,
    /// Where the code is documented (webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ErrorObject {
    /// The details, wherever this error carries them.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        let nested = self.error_data.as_ref().and_then(|data| match data {
            Value::String(text) => Some(text.as_str()),
            data => data.get("details").and_then(Value::as_str),
        });
        nested.or_else(|| self.details.as_ref().and_then(Value::as_str)).filter(|text| !text.is_empty())
    }

    /// One sentence for a person: the message or title, and the details where they say more.
    #[must_use]
    pub fn reason(&self) -> String {
        let head =
            [&self.message, &self.title, &self.error_user_title].into_iter().flatten().find(|text| !text.is_empty());
        let tail = self.details().or(self.error_user_msg.as_deref());
        match (head, tail) {
            (Some(head), Some(tail)) if head != tail => format!("{head}: {tail}"),
            (Some(head), _) => head.clone(),
            (None, Some(tail)) => tail.to_owned(),
            (None, None) => "no reason given".to_owned(),
        }
    }
}

/// A number, a number in quotes, or what is neither: one odd field must not hide the rest of the error.
fn lenient_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

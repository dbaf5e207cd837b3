//! What each double of a provider gives to the common server.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

use crate::faults::ProviderError;

/// One provider, played offline.
pub(crate) trait Double: Send + Sync {
    /// Whether a path is this provider's.
    fn owns(&self, path: &str) -> bool;
    /// The name of the endpoint that would serve a call, for faults and the ledger.
    fn endpoint(&self, call: &Call) -> Option<&'static str>;
    /// Acts on a call and answers it.
    fn handle(&self, call: &Call) -> Answer;
    /// An error in the provider's own words.
    fn error(&self, error: &ProviderError) -> Answer;
    /// What a call asks to be sent, where it is a send.
    fn send_of(&self, call: &Call) -> Option<SendRequest>;
    /// The provider's id of what was sent, read from its answer.
    fn sent_id(&self, answer: &Answer) -> Option<String>;
    /// Forgets everything but the configuration.
    fn reset(&self);
}

/// The variable parts of a path that fits a pattern, in which `{}` stands for any id.
pub(crate) fn ids_of<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut pattern, mut segments) = (pattern.split('/'), path.split('/'));
    let mut ids = Vec::new();
    loop {
        match (pattern.next(), segments.next()) {
            (None, None) => return Some(ids),
            (Some("{}"), Some(id)) if !id.is_empty() => ids.push(id),
            (Some(part), Some(segment)) if part == segment => {}
            _ => return None,
        }
    }
}

/// A call as it arrived, its body read.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: String,
    /// The decoded path, with its leading slash.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// The same with names that repeat, in their order.
    pub pairs: Vec<(String, String)>,
    /// Header names are lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
    /// The parts of a `multipart/form-data` body.
    pub form: Vec<FormPart>,
    pub now: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub(crate) struct FormPart {
    pub name: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    pub data: Bytes,
}

/// An answer of a double.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub content_type: String,
    pub body: Bytes,
}

/// What a send call asks for.
#[derive(Clone, Debug)]
pub(crate) struct SendRequest {
    pub account: String,
    pub to: String,
    pub callback_data: Option<String>,
}

impl Answer {
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json; charset=UTF-8".to_owned(),
            body: Bytes::from(value.to_string()),
        }
    }

    pub(crate) fn bytes(content_type: &str, body: Bytes) -> Self {
        Self { status: 200, headers: Vec::new(), content_type: content_type.to_owned(), body }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl Call {
    /// The media type of the body without its parameters.
    pub(crate) fn media_type(&self) -> &str {
        let value = self.headers.get("content-type").map_or("", String::as_str);
        value.split(';').next().unwrap_or_default().trim()
    }

    /// Every parameter of the call: the query, then the form fields or the JSON object of the body.
    pub(crate) fn parameters(&self) -> serde_json::Map<String, Value> {
        let mut all: serde_json::Map<String, Value> =
            self.query.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        if self.media_type() == "application/x-www-form-urlencoded" {
            for (name, value) in url::form_urlencoded::parse(&self.body) {
                all.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        } else if let Some(Value::Object(body)) = self.json() {
            all.extend(body);
        }
        for part in self.form.iter().filter(|part| part.filename.is_none()) {
            let value = String::from_utf8_lossy(&part.data).into_owned();
            all.insert(part.name.clone(), Value::String(value));
        }
        all
    }

    /// The fields of a form body in their order.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        if self.media_type() != "application/x-www-form-urlencoded" {
            return Vec::new();
        }
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as a document for the ledger: JSON as it is, a form as an object; a field that repeats is a list.
    pub(crate) fn document(&self) -> Option<Value> {
        let fields = self.fields();
        if fields.is_empty() {
            return self.json();
        }
        let mut document = serde_json::Map::new();
        for (name, value) in fields {
            match document.get_mut(&name) {
                None => {
                    document.insert(name, Value::String(value));
                }
                Some(Value::Array(list)) => list.push(Value::String(value)),
                Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
            }
        }
        Some(Value::Object(document))
    }

    /// The body as JSON, where it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

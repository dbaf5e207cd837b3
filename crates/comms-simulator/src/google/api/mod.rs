//! The endpoints of the Gmail API.

pub(crate) mod batch;
pub(crate) mod drafts;
pub(crate) mod history;
pub(crate) mod labels;
pub(crate) mod messages;
pub(crate) mod profile;
pub(crate) mod send;
pub(crate) mod settings;
pub(crate) mod threads;
pub(crate) mod upload;

use bytes::Bytes;
use serde_json::Value;

use super::{
    Google,
    error::GoogleError,
    mailbox::{MailBox, SYSTEM_LABELS},
    scopes,
};
use crate::double::{Answer, Call};

/// Elements of a page where the call does not say, and at most.
const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;
/// Labels added, and labels removed, at once.
const MAX_LABELS: usize = 100;

/// A call of the API whose token is good.
pub(crate) struct Request<'a> {
    pub call: &'a Call,
    /// The mailbox.
    pub account: String,
    pub scopes: Vec<String>,
    /// The ids of the path in their order.
    pub ids: Vec<String>,
    /// The JSON of the call: its body, or what stands beside an upload.
    pub body: Value,
    /// What was uploaded beside it.
    pub uploaded: Option<Bytes>,
}

impl Request<'_> {
    pub(crate) fn id(&self, place: usize) -> &str {
        self.ids.get(place).map_or("", String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.call.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.call.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether nothing but headers may be seen.
    pub(crate) fn sees_only_metadata(&self) -> bool {
        let reads = |scope: &String| scopes::TO_READ.contains(&scope.as_str());
        !self.scopes.iter().any(reads)
    }

    /// Runs `act` on the mailbox of the call.
    pub(crate) fn mailbox<T>(&self, google: &Google, act: impl FnOnce(&mut MailBox) -> T) -> Result<T, GoogleError> {
        let settings = google.settings();
        google
            .state(|state| state.mailbox(&settings.google, &self.account).map(act))
            .ok_or_else(|| GoogleError::new("failedPrecondition"))
    }

    /// Where a page begins and ends in a list of `length`, and the token of the next one.
    pub(crate) fn page(&self, length: usize) -> Result<(usize, usize, Option<String>), GoogleError> {
        let number = |name: &str| {
            let text = self.get(name);
            text.map(|text| {
                text.parse::<usize>().map_err(|_| GoogleError::invalid(format!("Invalid value for {name}")))
            })
            .transpose()
        };
        let size = number("maxResults")?.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
        let start = match self.get("pageToken") {
            None => 0,
            Some(token) => token
                .strip_prefix(PAGE_TOKEN)
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| GoogleError::invalid("Invalid pageToken"))?,
        };
        let end = (start + size).min(length);
        let next = (end < length).then(|| format!("{PAGE_TOKEN}{end}"));
        Ok((start.min(length), end, next))
    }

    /// The labels that a call adds and removes, checked.
    pub(crate) fn label_change(&self, mailbox: &MailBox) -> Result<(Vec<String>, Vec<String>), GoogleError> {
        let list = |name: &str| -> Vec<String> {
            let values = self.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            values.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect()
        };
        let (add, remove) = (list("addLabelIds"), list("removeLabelIds"));
        if add.is_empty() && remove.is_empty() {
            return Err(GoogleError::invalid("No label add or removes specified"));
        }
        if add.len() > MAX_LABELS || remove.len() > MAX_LABELS {
            return Err(GoogleError::invalid("Too many labels"));
        }
        if let Some(both) = add.iter().find(|label| remove.contains(label)) {
            return Err(GoogleError::invalid(format!("Cannot both add and remove the same label: {both}")));
        }
        for label in add.iter().chain(&remove) {
            let fixed = ["SENT", "DRAFT", "CHAT"].contains(&label.as_str());
            if fixed || !mailbox.knows_label(label) {
                return Err(GoogleError::invalid(format!("Invalid label: {label}")));
            }
        }
        Ok((add, remove))
    }
}

const PAGE_TOKEN: &str = "simulated-page-";

/// An answer with these fields; empty lists are left out, as Google does.
pub(crate) fn answer(value: &Value) -> Answer {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, field| !field.is_null() && field.as_array().is_none_or(|list| !list.is_empty()));
    }
    Answer::json(200, &value)
}

/// An answer without a body.
pub(crate) fn nothing() -> Answer {
    Answer { status: 204, ..Answer::bytes("text/html; charset=UTF-8", Bytes::new()) }
}

pub(crate) fn is_system(label: &str) -> bool {
    SYSTEM_LABELS.contains(&label)
}

//! The fields of webhooks about calls.

use time::OffsetDateTime;

use super::{
    super::{dates, hooks::pair, inbound_fields::places},
    Call,
};

/// Where the progress of a leg is reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reporter {
    pub url: Option<String>,
    pub method: Option<String>,
    /// `initiated`, `ringing`, `answered`, `completed`; the last one alone where nothing is named.
    events: Vec<String>,
    /// Whether the events that nobody asked for count in `SequenceNumber`.
    counts_all: bool,
}

impl Reporter {
    pub(crate) fn new(url: Option<String>, method: Option<String>, mut events: Vec<String>) -> Self {
        if events.is_empty() {
            events.push("completed".to_owned());
        }
        Self { url, method, events, counts_all: true }
    }

    /// One that tells of the end only.
    pub(crate) fn completed(url: Option<String>, method: Option<String>) -> Self {
        Self { counts_all: false, ..Self::new(url, method, Vec::new()) }
    }

    /// Whether an event is told, and whether it counts.
    pub(crate) fn hears(&self, event: &str) -> (bool, bool) {
        let told = self.events.iter().any(|wanted| wanted == event);
        (told && self.url.is_some(), told || self.counts_all)
    }
}

/// What every webhook about a leg has.
pub(crate) fn of_call(call: &Call) -> Vec<(String, String)> {
    let mut fields = vec![
        pair("CallSid", &call.sid),
        pair("AccountSid", &call.account_sid),
        pair("From", &call.from),
        pair("Caller", &call.from),
        pair("To", &call.to),
        pair("Called", &call.to),
        pair("CallStatus", &call.status),
        pair("Direction", call.direction),
        pair("ApiVersion", "2010-04-01"),
    ];
    let optional = [
        ("ParentCallSid", &call.parent_sid),
        ("ForwardedFrom", &call.forwarded_from),
        ("CallerName", &call.caller_name),
        ("AnsweredBy", &call.answered_by),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some(pair(name, value.as_ref()?))));
    fields.extend(places(&[("From", &call.from), ("Caller", &call.from), ("To", &call.to), ("Called", &call.to)]));
    fields
}

/// The fields of a report on the progress of a leg.
pub(crate) fn of_progress(call: &Call, sequence: u32, at: OffsetDateTime) -> Vec<(String, String)> {
    let mut fields = of_call(call);
    fields.push(pair("CallbackSource", "call-progress-events"));
    fields.push(pair("SequenceNumber", sequence.to_string()));
    fields.push(pair("Timestamp", dates::rfc2822(at)));
    if call.is_over() {
        let seconds = call.duration.unwrap_or_default();
        fields.push(pair("CallDuration", seconds.to_string()));
        // The length in minutes that are paid for.
        fields.push(pair("Duration", seconds.div_ceil(60).to_string()));
        let code = match call.status.as_str() {
            "busy" => Some("486"),
            "no-answer" | "canceled" => Some("487"),
            "failed" => Some("404"),
            _ => Some("200"),
        };
        fields.extend(code.filter(|_| call.direction != "inbound").map(|code| pair("SipResponseCode", code)));
    }
    fields
}

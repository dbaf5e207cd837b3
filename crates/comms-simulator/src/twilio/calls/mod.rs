//! Calls: placing, looking up, changing, and the machine that carries them out.

mod clock;
mod create;
mod dial;
mod fields;
mod inbound;
mod recorder;
mod report;
mod ringing;
mod run;
mod verbs;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

pub(crate) use create::{create, update};
pub(crate) use fields::Reporter;
pub use inbound::InboundCall;
pub(crate) use recorder::Target;
pub(crate) use run::{Origin, Run, Source};

use crate::double::Answer;

use super::{
    Answered, Request, Twilio,
    dates::{self, When},
    error::TwilioError,
    ids, media, paging,
};

/// The parameters of a call.
pub(crate) const PARAMETERS: &str = "To From Method FallbackUrl FallbackMethod StatusCallback StatusCallbackEvent \
    StatusCallbackMethod SendDigits Timeout Record RecordingChannels RecordingStatusCallback \
    RecordingStatusCallbackMethod SipAuthUsername SipAuthPassword MachineDetection MachineDetectionTimeout \
    RecordingStatusCallbackEvent Trim CallerId MachineDetectionSpeechThreshold MachineDetectionSpeechEndThreshold \
    MachineDetectionSilenceTimeout AsyncAmd AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod Byoc CallReason CallToken \
    RecordingTrack TimeLimit ClientNotificationUrl Url Twiml ApplicationSid";
/// What a list can be narrowed by.
pub(crate) const FILTERS: &str =
    "To From ParentCallSid Status StartTime StartTime< StartTime> EndTime EndTime< EndTime>";
/// What can be changed about a call.
pub(crate) const CHANGES: &str =
    "Url Method Status FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod Twiml TimeLimit";

/// The resources of a call, and the ends of their addresses.
const PARTS: [(&str, &str); 9] = [
    ("notifications", "Notifications"),
    ("recordings", "Recordings"),
    ("payments", "Payments"),
    ("events", "Events"),
    ("siprec", "Siprec"),
    ("streams", "Streams"),
    ("transcriptions", "Transcriptions"),
    ("user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"),
    ("user_defined_messages", "UserDefinedMessages"),
];

/// One leg of a call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub sid: String,
    pub account_sid: String,
    pub parent_sid: Option<String>,
    pub number_sid: Option<String>,
    pub application_sid: Option<String>,
    pub from: String,
    pub to: String,
    pub direction: &'static str,
    pub status: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub ended_at: Option<OffsetDateTime>,
    /// Seconds between answer and end.
    pub duration: Option<u32>,
    pub answered_by: Option<String>,
    pub forwarded_from: Option<String>,
    pub caller_name: Option<String>,
}

/// What a call under way is told, and which of its legs is meant.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub leg: String,
    pub order: Order,
}

#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// The phone is taken, after this many more seconds.
    Answer { after: u32 },
    /// It ends in this status, after this many more seconds.
    HangUp { after: u32, status: &'static str },
    /// It goes on with another document.
    Redirect(Source),
}

impl Call {
    /// A leg that is about to begin.
    pub(crate) fn new(twilio: &Twilio, account_sid: &str, from: &str, to: &str, direction: &'static str) -> Self {
        let now = twilio.core().now();
        let settings = twilio.settings();
        let own = if direction == "inbound" { to } else { from };
        Self {
            sid: ids::sid(twilio.core(), "CA"),
            account_sid: account_sid.to_owned(),
            parent_sid: None,
            number_sid: settings.twilio.number(own).map(|(_, number)| number.sid.clone()),
            application_sid: None,
            from: from.to_owned(),
            to: to.to_owned(),
            direction,
            status: "queued".to_owned(),
            created_at: now,
            updated_at: now,
            started_at: None,
            ended_at: None,
            duration: None,
            answered_by: None,
            forwarded_from: None,
            caller_name: None,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "busy" | "no-answer" | "failed" | "canceled")
    }

    pub(crate) fn view(&self) -> Value {
        let uri = format!("/2010-04-01/Accounts/{}/Calls/{}", self.account_sid, self.sid);
        let parts: Map<String, Value> =
            PARTS.iter().map(|(name, end)| ((*name).to_owned(), json!(format!("{uri}/{end}.json")))).collect();
        // `initiated` is a word of webhooks only.
        let status = if self.status == "initiated" { "queued" } else { &self.status };
        json!({
            "account_sid": self.account_sid,
            "answered_by": self.answered_by,
            "api_version": "2010-04-01",
            "caller_name": self.caller_name,
            "date_created": dates::rfc2822(self.created_at),
            "date_updated": dates::rfc2822(self.updated_at),
            "direction": self.direction,
            "duration": self.duration.map(|seconds| seconds.to_string()),
            "end_time": self.ended_at.map(dates::rfc2822),
            "forwarded_from": self.forwarded_from,
            "from": self.from,
            "from_formatted": ids::formatted(&self.from),
            "group_sid": null,
            "parent_call_sid": self.parent_sid,
            "phone_number_sid": self.number_sid,
            "price": null,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": self.started_at.map(dates::rfc2822),
            "status": status,
            "subresource_uris": parts,
            "to": self.to,
            "to_formatted": ids::formatted(&self.to),
            "trunk_sid": null,
            "uri": format!("{uri}.json"),
        })
    }
}

impl Twilio {
    /// The status of a leg and its seconds; nothing where it is unknown.
    #[must_use]
    pub fn call_status(&self, sid: &str) -> Option<(String, Option<u32>)> {
        self.state(|state| state.calls.get(sid).map(|call| (call.status.clone(), call.duration)))
    }

    /// The legs that a call rang, oldest first.
    #[must_use]
    pub fn child_legs(&self, parent_sid: &str) -> Vec<String> {
        let mut sids: Vec<String> = self.state(|state| {
            let legs = state.calls.newest_first().filter(|call| call.parent_sid.as_deref() == Some(parent_sid));
            legs.map(|call| call.sid.clone()).collect()
        });
        sids.reverse();
        sids
    }

    /// The party of a leg that rings until told takes the call, `after` more seconds; whether such a call is under way.
    pub fn answer(&self, sid: &str, after: u32) -> bool {
        self.instruct(sid, Order::Answer { after })
    }

    /// The party of a leg hangs up, `after` more seconds; whether such a call is under way.
    pub fn hang_up(&self, sid: &str, after: u32) -> bool {
        self.instruct(sid, Order::HangUp { after, status: "completed" })
    }

    pub(crate) fn instruct(&self, sid: &str, order: Order) -> bool {
        let told = Told { leg: sid.to_owned(), order };
        self.state(|state| state.orders.get(sid).is_some_and(|orders| orders.send(told).is_ok()))
    }

    pub(crate) fn change_call(&self, sid: &str, change: impl FnOnce(&mut Call)) -> Option<Call> {
        let now = self.core().now();
        let changed = self.state(|state| {
            let call = state.calls.get_mut(sid)?;
            call.updated_at = now;
            change(call);
            Some(call.clone())
        });
        self.touch();
        changed
    }

    pub(crate) fn call_of(&self, request: &Request<'_>) -> Result<Call, TwilioError> {
        let found = self.state(|state| state.calls.get(request.id(0)).cloned());
        found.filter(|call| call.account_sid == request.account.sid).ok_or_else(|| request.not_found())
    }
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &twilio.call_of(request)?.view()))
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let params = &request.params;
    let is = |name: &str, value: Option<&str>| params.get(name).is_none_or(|wanted| Some(wanted) == value);
    let within = |name: &str, at: Option<OffsetDateTime>| {
        let limit = |end: &str| params.get(&format!("{name}{end}")).and_then(When::parse);
        let fits = |limit: Option<When>, fits: fn(When, OffsetDateTime) -> bool| {
            limit.is_none_or(|limit| at.is_some_and(|at| fits(limit, at)))
        };
        fits(limit(""), When::is) && fits(limit("<"), When::is_or_before) && fits(limit(">"), When::is_or_after)
    };
    let rows = twilio.state(|state| {
        let calls = state.calls.newest_first().filter(|call| {
            call.account_sid == request.account.sid
                && is("To", Some(&call.to))
                && is("From", Some(&call.from))
                && is("ParentCallSid", call.parent_sid.as_deref())
                && is("Status", Some(&call.status))
                && within("StartTime", call.started_at)
                && within("EndTime", call.ended_at)
        });
        calls.map(Call::view).collect()
    });
    paging::page(request, "calls", rows)
}

pub(crate) fn delete(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let call = twilio.call_of(request)?;
    if !call.is_over() {
        return Err(TwilioError::new(20009));
    }
    twilio.state(|state| state.calls.remove(&call.sid));
    Ok(media::no_content())
}

//! From a webhook to events, and to the question that it asks.

use comms_core::{
    AccountId, AddressKind, Asked, Batch, Call, Content, Event, EventKey, EventKind, InboundMessage, MessageOrigin,
    Party, Question, Status, StatusUpdate,
};
use comms_http::WebhookRequest;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use twilio_core::Params;

use super::{PROVIDER, address, marks::Marks};
use crate::{
    model::call::{CallStatus, Direction},
    webhook::{CallInfo, VoiceRequest, Webhook},
};

/// What stands before the id of the account above all numbers.
pub(super) const ABOVE: &str = "twilio";

/// Everything that a webhook says. It was proved by the token of the account that it names;
/// JSON, which names none, by that of any.
pub(super) fn batch(webhook: Webhook, params: &Params, request: &WebhookRequest) -> Batch {
    let speaker = params.get("AccountSid").map(|sid| AccountId::of(ABOVE, sid));
    let mut reading = Reading { marks: Marks::of_request(request), batch: Batch { speaker, ..Batch::default() } };
    reading.read(webhook);
    reading.batch
}

/// A webhook that is being read.
pub(super) struct Reading {
    pub(super) marks: Marks,
    pub(super) batch: Batch,
}

/// Which part of a call a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// A browser or app that calls.
    Browser,
    /// A phone that calls one of our numbers.
    Inbound,
    /// A call that was placed over the REST API.
    Placed,
    /// A leg that a call dialled.
    Dialled,
}

impl Reading {
    pub(super) fn read(&mut self, webhook: Webhook) {
        match webhook {
            Webhook::Request(it) => self.request(*it),
            Webhook::Status(it) => self.moved(*it),
            Webhook::DialAction(it) => self.dialled(*it),
            Webhook::RecordAction(it) => self.recorded(*it),
            Webhook::Recording(it) => self.recording(*it),
            Webhook::Gather(it) => self.gathered(*it),
            Webhook::Amd(it) => self.detected(*it),
            Webhook::Fallback(it) => self.fallback(it),
            Webhook::Debugger(it) => self.logged(*it),
            Webhook::Events(events) => events.into_iter().for_each(|event| self.streamed(event)),
            other => self.unknown(other),
        }
    }

    /// A call asks what is to become of it.
    fn request(&mut self, request: VoiceRequest) {
        if request.call.call_status.as_ref().is_some_and(CallStatus::is_final) {
            // The action of a verb, when the caller had hung up: nobody is there to be answered.
            return self.unknown(Webhook::Request(request.into()));
        }
        let leg = self.leg(&request.call);
        let line = self.line(&request.call, leg);
        let named = line.is_some() || matches!(leg, Leg::Browser | Leg::Dialled);
        let (Some(sid), true) = (request.call.call_sid.clone(), named) else {
            return self.unknown(Webhook::Request(request.into()));
        };
        let account = line.unwrap_or_else(|| above(request.call.account_sid.as_deref()));
        if leg == Leg::Browser || self.is_told_of(leg) {
            self.message(leg, &account, &sid, &request.call);
        }
        let word = request.call.call_status.as_ref().map_or("request", |status| status.as_str());
        let update = StatusUpdate {
            recipient: other_party(leg, &request.call),
            correlation: self.marks.message.clone(),
            answered_by: request.call.answered_by.as_ref().map(ToString::to_string),
            extra: json(&request),
            ..StatusUpdate::new(asking(leg), word)
        };
        let root = request.call.root_sid().filter(|_| leg != Leg::Browser);
        let subject = root.unwrap_or(&sid).to_owned();
        let key = self.stepped(format!("{sid}:request"));
        self.push(account.clone(), &subject, key, None, EventKind::Status(update.into()));
        if let Some(asked) = self.asked(leg, &request) {
            self.batch.question = Some(Question { account, subject: sid, asked });
        }
    }

    fn asked(&self, leg: Leg, request: &VoiceRequest) -> Option<Asked> {
        let call = &request.call;
        match leg {
            Leg::Browser => Some(Asked::Dial {
                caller: address::client(call.client_identity()?),
                to: call.to.clone().unwrap_or_default(),
                parameters: request.parameters().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            }),
            Leg::Inbound => {
                Some(Asked::Answer { caller: other_party(leg, call), step: self.marks.step.unwrap_or_default() })
            }
            Leg::Placed => Some(Asked::Connect {
                message: self.marks.message_id(),
                answered_by: call.answered_by.as_ref().map(ToString::to_string),
            }),
            // A document for the dialled leg alone: saying nothing lets it be joined.
            Leg::Dialled => None,
        }
    }

    pub(super) fn leg(&self, call: &CallInfo) -> Leg {
        if call.begins_at_browser() {
            return Leg::Browser;
        }
        if call.parent_call_sid.is_some() {
            return Leg::Dialled;
        }
        match &call.direction {
            Some(Direction::OutboundApi) => Leg::Placed,
            Some(Direction::Inbound) | None if call.client_identity().is_some() => Leg::Browser,
            Some(Direction::Inbound) => Leg::Inbound,
            None if self.marks.message.is_some() => Leg::Placed,
            None => Leg::Inbound,
            Some(_) => Leg::Dialled,
        }
    }

    /// Our own number in it: what our address carries, since the legs of a `<Dial>` do not name it, else the end that is ours.
    pub(super) fn line(&self, call: &CallInfo, leg: Leg) -> Option<AccountId> {
        let number = match leg {
            Leg::Inbound => call.to.as_deref(),
            Leg::Placed => call.from.as_deref(),
            Leg::Browser | Leg::Dialled => None,
        };
        let named = || Some(AccountId::of(PROVIDER, address::of(number?)?.value()));
        self.marks.account.clone().or_else(named)
    }

    pub(super) fn account(&self, call: &CallInfo, leg: Leg) -> AccountId {
        self.line(call, leg).unwrap_or_else(|| above(call.account_sid.as_deref()))
    }

    /// Whether a leg's own webhooks are all that tells of the call: nobody has a record of one that came in, or that something else
    /// placed.
    pub(super) fn is_told_of(&self, leg: Leg) -> bool {
        leg == Leg::Inbound || leg == Leg::Placed && self.marks.message.is_none()
    }

    /// The record of a call. It says only what every webhook of the leg says, so that the first one to arrive makes the same record as
    /// any other would.
    pub(super) fn message(&mut self, leg: Leg, account: &AccountId, sid: &str, call: &CallInfo) {
        let (origin, status) = match leg {
            Leg::Inbound => (MessageOrigin::Counterpart, Status::CallRinging),
            _ => (MessageOrigin::Echo, Status::CallInitiated),
        };
        let content = Content::Call(Call { from: call.from.as_deref().and_then(address::of), ..Call::default() });
        let message =
            InboundMessage { origin, status: Some(status), ..InboundMessage::new(other_party(leg, call), content) };
        self.push(account.clone(), sid, sid.to_owned(), None, EventKind::Message(message.into()));
    }

    /// A call may come to the same point again, at another step.
    pub(super) fn stepped(&self, key: String) -> String {
        match self.marks.step {
            Some(step) => format!("{key}:{step}"),
            None => key,
        }
    }

    pub(super) fn push(
        &mut self,
        account: AccountId,
        subject: &str,
        key: impl Into<String>,
        occurred_at: Option<OffsetDateTime>,
        kind: EventKind,
    ) {
        let key = EventKey::new(key);
        self.batch.events.push(Event { account, subject: subject.to_owned(), key, occurred_at, kind });
    }
}

/// The account above all numbers.
pub(super) fn above(account_sid: Option<&str>) -> AccountId {
    AccountId::of(ABOVE, account_sid.unwrap_or_default())
}

/// Who is at the other end.
pub(super) fn other_party(leg: Leg, call: &CallInfo) -> Party {
    match leg {
        Leg::Inbound => address::party(call.from.as_deref(), call.caller_name.as_deref()),
        Leg::Placed | Leg::Dialled => address::party(call.to.as_deref(), None),
        Leg::Browser => {
            let mut party = address::party(call.to.as_deref(), None);
            // What was typed and is no address is nobody.
            party.addresses.retain(|to| matches!(to.kind(), AddressKind::Phone | AddressKind::VoiceClient));
            party
        }
    }
}

/// How far a call has come that asks.
fn asking(leg: Leg) -> Option<Status> {
    match leg {
        Leg::Browser => Some(Status::CallInitiated),
        Leg::Inbound => Some(Status::CallRinging),
        Leg::Placed => Some(Status::CallInProgress),
        Leg::Dialled => None,
    }
}

/// As JSON. The wire types have text for keys, so that writing them cannot fail.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

//! What became of a call and of its legs.

use comms_core::{Asked, EventKind, Problem, Question, Status, StatusUpdate};

use super::events::{Leg, Reading, json, other_party};
use crate::{
    error::classify_code,
    model::call::CallStatus,
    webhook::{Amd, DialAction, Gather, StatusCallback, Webhook},
};

impl Reading {
    /// A leg moved on.
    pub(super) fn moved(&mut self, status: StatusCallback) {
        let Some(sid) = status.call.call_sid.clone() else {
            return self.unknown(Webhook::Status(status.into()));
        };
        let leg = self.leg(&status.call);
        let account = self.account(&status.call, leg);
        if self.is_told_of(leg) && self.line(&status.call, leg).is_some() {
            self.message(leg, &account, &sid, &status.call);
        }
        let word = status.call.call_status.clone().unwrap_or_else(|| CallStatus::Other(String::new()));
        let state = match leg {
            Leg::Placed | Leg::Dialled => of_leg(&word),
            Leg::Browser | Leg::Inbound => of_caller(&word),
        };
        let mut key = format!("{sid}:{word}");
        if let Some(number) = status.sequence_number {
            key.push_str(&format!(":{number}"));
        }
        let update = StatusUpdate {
            recipient: other_party(leg, &status.call),
            problem: (state == Some(Status::CallFailed)).then(|| problem(&status)).flatten(),
            correlation: self.marks.message.clone(),
            duration_seconds: status.call_duration.filter(|_| state == Some(Status::CallCompleted)),
            answered_by: status.call.answered_by.as_ref().map(ToString::to_string),
            extra: json(&status),
            ..StatusUpdate::new(state, word.as_str())
        };
        let subject = status.call.root_sid().unwrap_or(&sid).to_owned();
        let at = status.timestamp.as_ref().and_then(|time| time.at());
        self.push(account.clone(), &subject, key, at, EventKind::Status(update.into()));
        self.recording_of(
            account,
            &subject,
            status.recording_sid.as_deref(),
            status.recording_url.as_deref(),
            status.recording_duration,
        );
    }

    /// A `<Dial>` is over.
    pub(super) fn dialled(&mut self, action: DialAction) {
        let Some(sid) = action.call.call_sid.clone() else {
            return self.unknown(Webhook::DialAction(action.into()));
        };
        let leg = self.leg(&action.call);
        let account = self.account(&action.call, leg);
        let word = action.dial_call_status.clone().unwrap_or_else(|| CallStatus::Other(String::new()));
        let state = of_dial(leg, &word);
        let update = StatusUpdate {
            recipient: other_party(leg, &action.call),
            correlation: self.marks.message.clone(),
            duration_seconds: action.dial_call_duration.filter(|_| state == Some(Status::CallCompleted)),
            extra: json(&action),
            ..StatusUpdate::new(state, word.as_str())
        };
        let key = self.stepped(format!("{sid}:dial:{word}"));
        self.push(account.clone(), &sid, key, None, EventKind::Status(update.into()));
        self.recording_of(
            account.clone(),
            &sid,
            action.recording_sid.as_deref(),
            action.recording_url.as_deref(),
            action.recording_duration,
        );
        let hung_up = action.call.call_status.as_ref().is_some_and(CallStatus::is_final);
        let asked = match self.marks.step {
            Some(step) if state != Some(Status::CallCompleted) && !hung_up && leg != Leg::Browser => {
                Asked::Answer { caller: other_party(Leg::Inbound, &action.call), step }
            }
            _ => Asked::Done,
        };
        self.batch.question = Some(Question { account, subject: sid, asked });
    }

    /// It was found out who answered.
    pub(super) fn detected(&mut self, amd: Amd) {
        let Some(sid) = amd.call_sid.clone() else {
            return self.unknown(Webhook::Amd(amd.into()));
        };
        let account = self.marked_or_above(amd.account_sid.as_deref());
        let update = StatusUpdate {
            correlation: self.marks.message.clone(),
            answered_by: amd.answered_by.as_ref().map(ToString::to_string),
            extra: json(&amd),
            ..StatusUpdate::new(None, "answered_by")
        };
        self.push(account, &sid, format!("{sid}:answered_by"), None, EventKind::Status(update.into()));
    }

    /// Keys or words were heard. Nothing here asks for them, so nothing follows.
    pub(super) fn gathered(&mut self, gather: Gather) {
        let Some(sid) = gather.call.call_sid.clone() else {
            return self.unknown(Webhook::Gather(gather.into()));
        };
        let leg = self.leg(&gather.call);
        let account = self.account(&gather.call, leg);
        let extra = json(&gather);
        let key = format!("{sid}:gather:{}", comms_core::EventKey::of_value(&extra));
        let update = StatusUpdate { extra, ..StatusUpdate::new(None, "gather") };
        let subject = gather.call.root_sid().unwrap_or(&sid).to_owned();
        self.push(account, &subject, key, None, EventKind::Status(update.into()));
    }
}

/// The state of a call whose other party is at the end of this leg.
pub(super) fn of_leg(word: &CallStatus) -> Option<Status> {
    Some(match word {
        CallStatus::Queued | CallStatus::Initiated => Status::CallInitiated,
        CallStatus::Ringing => Status::CallRinging,
        CallStatus::InProgress => Status::CallInProgress,
        CallStatus::Completed | CallStatus::Answered => Status::CallCompleted,
        CallStatus::Busy => Status::CallBusy,
        CallStatus::NoAnswer => Status::CallNoAnswer,
        CallStatus::Failed => Status::CallFailed,
        CallStatus::Canceled => Status::CallCanceled,
        CallStatus::Other(_) => return None,
    })
}

/// The state by how a `<Dial>` ended. Where somebody calls us, or we called them, it rang a browser of ours: that it declined or was
/// not there means to a caller that nobody answered, and to whom we called nothing at all.
fn of_dial(leg: Leg, word: &CallStatus) -> Option<Status> {
    let state = of_leg(word);
    match leg {
        Leg::Inbound if matches!(word, CallStatus::Busy | CallStatus::Failed) => Some(Status::CallNoAnswer),
        Leg::Placed => state.filter(|state| *state == Status::CallCompleted),
        Leg::Inbound | Leg::Browser | Leg::Dialled => state,
    }
}

/// The state by the leg of who calls: that it is up, or that it was hung up, does not say that anybody was reached.
fn of_caller(word: &CallStatus) -> Option<Status> {
    match word {
        CallStatus::InProgress => None,
        CallStatus::Completed | CallStatus::Answered => Some(Status::CallEnded),
        word => of_leg(word),
    }
}

/// Why a call failed: Twilio's code, else what the carrier answered.
fn problem(status: &StatusCallback) -> Option<Problem> {
    let said = status.error_message.clone();
    let (code, message) = match (&status.error_code, &status.sip_response_code) {
        (Some(code), _) => (code, said.unwrap_or_else(|| format!("Twilio could not put the call through ({code})"))),
        (None, Some(code)) => (code, said.unwrap_or_else(|| format!("the carrier answered SIP {code}"))),
        (None, None) => return None,
    };
    let known = status.error_code.as_ref().and_then(|code| code.parse().ok()).unwrap_or_default();
    Some(Problem { code: code.clone(), message, kind: classify_code(known).0 })
}

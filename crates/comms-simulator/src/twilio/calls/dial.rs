//! `<Dial>`: whom it calls, the talk, what comes after.

use super::{
    super::{hooks::pair, ids, people::Contact, twiml::Element},
    Call, Order, Told,
    clock::Waited,
    fields::Reporter,
    ringing::{Leg, Rang},
    run::{Flow, Run},
};

/// Phones that ring at the same time.
const MAX_NOUNS: usize = 10;
/// Seconds that a talk may last, where the document does not say.
const TIME_LIMIT: u32 = 14_400;

/// What became of a `<Dial>`.
struct Dialled {
    /// The leg that was answered, else the last one.
    leg: Option<Call>,
    status: String,
    seconds: Option<u32>,
    recording: Option<String>,
    flow: Flow,
}

/// Who ended a talk, or what else did.
enum Ended {
    Callee,
    Caller,
    Redirected(Flow),
}

impl Run {
    pub(crate) async fn dial(&mut self, verb: &Element) -> Flow {
        if !verb.is_true("answerOnBridge") {
            self.pick_up().await;
        }
        let dialled = self.connect(verb).await;
        let ended = matches!(dialled.flow, Flow::End);
        if let Flow::Goto(_) = dialled.flow {
            return dialled.flow;
        }
        if verb.attribute("action").is_none() {
            return dialled.flow;
        }
        let mut fields =
            vec![pair("DialCallStatus", &dialled.status), pair("DialBridged", dialled.seconds.is_some().to_string())];
        fields.extend(dialled.leg.as_ref().map(|leg| pair("DialCallSid", &leg.sid)));
        fields.extend(dialled.seconds.map(|seconds| pair("DialCallDuration", seconds.to_string())));
        let recording = dialled.recording.as_ref();
        fields.extend(recording.map(|sid| pair("RecordingUrl", self.twilio.recording_url(&self.account.sid, sid))));
        if ended {
            // Who hung up first hears nothing of it; the action is asked all the same.
            self.set_status(if self.answered_at.is_some() { "completed" } else { "no-answer" });
            self.ask_in_vain(verb, "dial_action", Some(dialled.status), fields).await;
            return Flow::End;
        }
        self.act(verb, "dial_action", Some(dialled.status), fields)
    }

    /// Rings, lets talk, and tells what came of it.
    async fn connect(&mut self, verb: &Element) -> Dialled {
        let failed =
            || Dialled { leg: None, status: "failed".to_owned(), seconds: None, recording: None, flow: Flow::Next };
        let Some(mut legs) = self.legs(verb) else {
            return failed();
        };
        let timeout = verb.number("timeout", 30);
        let (rang, last) = if verb.is_true("sequential") {
            let mut result = (Rang::Nobody("failed"), None);
            for leg in legs.drain(..) {
                result = self.ring(vec![leg], timeout).await;
                if !matches!(result.0, Rang::Nobody(_)) {
                    break;
                }
            }
            result
        } else {
            self.ring(legs, timeout).await
        };
        let last = last.map(|leg| leg.call);
        match rang {
            Rang::Nobody(status) => Dialled { leg: last, status: status.to_owned(), ..failed() },
            Rang::Stopped(flow) => Dialled { leg: last, status: "canceled".to_owned(), flow, ..failed() },
            Rang::Answered(leg) => self.talk(*leg, verb).await,
        }
    }

    async fn talk(&mut self, mut leg: Leg, verb: &Element) -> Dialled {
        let begun = self.elapsed;
        self.progress(&mut leg, "in-progress", None).await;
        let taken_at = self.changed_at;
        self.detect_on(&leg).await;
        self.pick_up().await;
        self.changed_at = taken_at;
        let record = verb.attribute("record").unwrap_or("do-not-record");
        let recording = (record.starts_with("record-") || record == "true").then(|| {
            let channels = if record.ends_with("dual") { 2 } else { 1 };
            self.start_recording("DialVerb", channels, self.target(verb, "recordingStatusCallback"))
        });
        let limit = verb.number("timeLimit", TIME_LIMIT);
        let ended = self.converse(&leg, limit).await;
        let seconds = self.elapsed - begun;
        self.progress(&mut leg, "completed", Some(seconds)).await;
        if let Some(sid) = &recording {
            self.end_recording(sid, seconds).await;
        }
        let flow = match ended {
            Ended::Callee => Flow::Next,
            Ended::Caller => Flow::End,
            Ended::Redirected(flow) => flow,
        };
        Dialled { status: "completed".to_owned(), leg: Some(leg.call), seconds: Some(seconds), recording, flow }
    }

    /// Lets two people talk until one of them hangs up.
    async fn converse(&mut self, leg: &Leg, limit: u32) -> Ended {
        let caller_first = self.script.hangs_up_first;
        // Who calls from a browser has no script of their own: the other side's counts.
        let waited = match leg.contact.call.talk_seconds {
            Some(seconds) => self.wait(seconds.min(limit)).await,
            None => Waited::Told(self.hold().await),
        };
        match waited {
            Waited::Over if caller_first => Ended::Caller,
            Waited::Over => Ended::Callee,
            Waited::Told(Told { leg: told, order: Order::HangUp { after, .. } }) => {
                self.elapsed += after;
                if told == leg.call.sid { Ended::Callee } else { Ended::Caller }
            }
            Waited::Told(told) => Ended::Redirected(self.obey(told)),
        }
    }

    /// The legs that a `<Dial>` is for; nothing where its caller id is not ours to show.
    fn legs(&mut self, verb: &Element) -> Option<Vec<Leg>> {
        let nouns = self.nouns(verb);
        let shown = verb.owned("callerId").unwrap_or_else(|| self.call.from.clone());
        // A call that came in may go on with its own number.
        let allowed = self.account.may_show(&shown) || (self.call.direction == "inbound" && shown == self.call.from);
        let to_phones = nouns.iter().any(|(address, _)| !address.starts_with("client:"));
        if to_phones && !(allowed && (ids::is_e164(&shown) || shown == "anonymous")) {
            self.twilio.violation("call", format!("error 13214: {shown:?} is no caller id of this account"));
            return None;
        }
        if nouns.is_empty() {
            self.twilio.violation("call", "error 13201: <Dial> calls nobody");
            return None;
        }
        let settings = self.twilio.settings();
        let legs = nouns.into_iter().take(MAX_NOUNS).map(|(address, noun)| {
            let mut call = Call::new(&self.twilio, &self.account.sid, &shown, &address, "outbound-dial");
            call.created_at = self.at();
            call.parent_sid = Some(self.call.sid.clone());
            self.twilio.state(|state| state.calls.insert(&call.sid, call.clone()));
            self.listen_to(&call.sid);
            let events = noun.attribute("statusCallbackEvent").unwrap_or_default();
            let reporter = Reporter::new(
                self.address(&noun, "statusCallback"),
                noun.owned("statusCallbackMethod"),
                events.split_whitespace().map(str::to_owned).collect(),
            );
            let contact: Contact = settings.twilio.contact(&address);
            Leg { call, contact, reporter, sequence: 0, noun }
        });
        Some(legs.collect())
    }

    /// Whom a `<Dial>` names, and the element that does.
    fn nouns(&self, verb: &Element) -> Vec<(String, Element)> {
        let mut nouns = Vec::new();
        for child in verb.elements() {
            match child.name.as_str() {
                "Number" => nouns.push((number(&child.text()), child.clone())),
                "Client" => {
                    let identity = child.elements().find(|inner| inner.name == "Identity").map(Element::text);
                    nouns.push((format!("client:{}", identity.unwrap_or_else(|| child.text())), child.clone()));
                }
                other => self.twilio.violation("call", format!("the noun {other:?} is not played")),
            }
        }
        let text = verb.text();
        if nouns.is_empty() && !text.is_empty() {
            nouns.push((number(&text), Element::default()));
        }
        nouns
    }

    /// Looks for a machine on the leg that took the call.
    async fn detect_on(&mut self, leg: &Leg) {
        if leg.noun.attribute("machineDetection").is_some() {
            let target = self.target(&leg.noun, "amdStatusCallback");
            let answered_by = leg.contact.call.answered_by.clone();
            self.twilio.change_call(&leg.call.sid, |call| call.answered_by = Some(answered_by.clone()));
            self.report_detection(&leg.call, &answered_by, &target).await;
        }
    }
}

/// A number without the signs that people write.
fn number(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ' ' | '-' | '(' | ')' | '.')).collect()
}

//! From a decision to TwiML.

use std::collections::BTreeMap;

use comms_core::{Address, AddressKind, Asked, Decision, Question, Reply};

use super::{address, marks, send};
use crate::{
    limits,
    twiml::{
        self, CallEvent, Client, Dial, DialRecord, Hangup, Identity, Number, Parameter, Record, Redirect, Reject, Say,
        VoiceResponse,
    },
};

/// What is reported of browsers that ring for a caller. How they ended is told by the `<Dial>`'s action alone: of several, all but
/// one end without an answer, while the call goes on.
const RUNG: [CallEvent; 3] = [CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered];

/// The document; `base` is our address that Twilio calls back.
pub(super) fn reply(base: &str, question: &Question, decision: &Decision) -> Reply {
    let answer = Answer { base, question };
    let response = VoiceResponse::new();
    let response = match decision {
        Decision::Dial { to, caller_id, ring_seconds, record } => {
            response.dial(answer.dial(to, caller_id, *ring_seconds, *record))
        }
        Decision::Ring { clients, caller_id, ring_seconds, parameters, next_step, record } => {
            let dial = answer.ringing(caller_id.as_ref(), *ring_seconds, *next_step, *record);
            if clients.is_empty() {
                // A `<Dial>` of nobody is an error of its own: the next step follows at once.
                response.redirect(Redirect::new(answer.callback(Some(*next_step))))
            } else {
                let browsers = clients.iter().take(limits::DIAL_NOUNS);
                response.dial(browsers.fold(dial, |dial, client| dial.with(answer.browser(client, parameters))))
            }
        }
        Decision::Voicemail { greeting, language, max_seconds } => {
            response.say(Say::new(greeting.as_str()).language(language.as_str())).record(answer.voicemail(*max_seconds))
        }
        Decision::Say { text, language } => {
            response.say(Say::new(text.as_str()).language(language.as_str())).hangup(Hangup::new())
        }
        Decision::HangUp => response.hangup(Hangup::new()),
        Decision::Reject => response.reject(Reject::new()),
        // A decision of a later version: nothing is done, and Twilio ends the call.
        _ => return Reply::xml(twiml::EMPTY),
    };
    Reply::xml(response.to_xml())
}

struct Answer<'a> {
    base: &'a str,
    question: &'a Question,
}

impl Answer<'_> {
    /// Our address, which names the number, and the message where the call is one that we placed.
    fn callback(&self, step: Option<u8>) -> String {
        let message = match &self.question.asked {
            Asked::Connect { message, .. } => *message,
            _ => None,
        };
        marks::address(self.base, &self.question.account, message, step)
    }

    fn dial(&self, to: &Address, caller_id: &Address, ring_seconds: u32, record: bool) -> Dial {
        let callback = self.callback(None);
        let dial = Dial::new()
            .caller_id(address::written(caller_id))
            .answer_on_bridge(true)
            .timeout(ring_seconds.clamp(1, limits::RING_SECONDS))
            .action(callback.as_str());
        let dial = self.recorded(dial, record);
        if to.kind() == AddressKind::VoiceClient {
            let client = Client::new(address::identity(to));
            dial.with(client.status_callback(callback).status_callback_event(send::REPORTED))
        } else {
            let number = Number::new(to.value());
            dial.with(number.status_callback(callback).status_callback_event(send::REPORTED))
        }
    }

    fn ringing(&self, caller_id: Option<&Address>, ring_seconds: u32, next_step: u8, record: bool) -> Dial {
        let mut dial = Dial::new();
        if let Some(caller_id) = caller_id {
            dial = dial.caller_id(address::written(caller_id));
        }
        let dial = dial.timeout(ring_seconds.clamp(1, limits::RING_SECONDS)).action(self.callback(Some(next_step)));
        self.recorded(dial, record)
    }

    fn recorded(&self, dial: Dial, record: bool) -> Dial {
        if !record {
            return dial;
        }
        dial.record(DialRecord::FromAnswerDual).recording_status_callback(self.callback(None))
    }

    fn browser(&self, client: &Address, parameters: &BTreeMap<String, String>) -> Client {
        let rung = Client::default().status_callback(self.callback(None)).status_callback_event(RUNG);
        let rung = rung.with(Identity::new(address::identity(client)));
        parameters.iter().fold(rung, |rung, (name, value)| rung.with(Parameter::new(name.as_str(), value.as_str())))
    }

    fn voicemail(&self, max_seconds: u32) -> Record {
        Record::new()
            .play_beep(true)
            .max_length(max_seconds.max(1))
            .action(self.callback(None))
            .recording_status_callback(self.callback(None))
    }
}

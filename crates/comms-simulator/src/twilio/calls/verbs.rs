//! The verbs of a document, one by one.

use super::{
    super::{config::Hook, hooks::pair, twiml::Element},
    Order, Told,
    clock::Waited,
    run::{Flow, Run, Source},
};

/// Characters that are read out in a second.
const CHARACTERS_A_SECOND: usize = 15;
/// Seconds that a `<Play>` takes: files are not fetched.
const PLAY_SECONDS: u32 = 3;
/// The longest recording, where the document does not say.
const MAX_RECORDING: u32 = 3_600;

impl Run {
    /// Does what a verb says.
    pub(crate) async fn perform(&mut self, verb: &Element) -> Flow {
        match verb.name.as_str() {
            "Say" | "Play" => {
                self.pick_up().await;
                self.elapse(sounding(verb)).await
            }
            "Pause" => {
                self.pick_up().await;
                self.elapse(verb.number("length", 1)).await
            }
            "Gather" => self.gather(verb).await,
            "Record" => self.record(verb).await,
            "Dial" => self.dial(verb).await,
            "Redirect" => self.redirect(verb),
            "Reject" => self.reject(verb).await,
            "Hangup" => {
                self.pick_up().await;
                Flow::End
            }
            other => {
                self.twilio.violation("call", format!("the verb {other:?} is not played"));
                Flow::Next
            }
        }
    }

    /// Lets time pass, unless the call is told otherwise.
    async fn elapse(&mut self, seconds: u32) -> Flow {
        match self.wait(seconds).await {
            Waited::Over => Flow::Next,
            Waited::Told(told) => self.obey(told),
        }
    }

    /// What an order to the leg of the documents comes to.
    pub(crate) fn obey(&mut self, told: Told) -> Flow {
        match told.order {
            Order::HangUp { after, status } => {
                self.elapsed += after;
                self.last_status = if self.answered_at.is_some() { "completed" } else { status };
                Flow::End
            }
            Order::Redirect(source) => Flow::Goto(source),
            Order::Answer { .. } => Flow::Next,
        }
    }

    fn redirect(&mut self, verb: &Element) -> Flow {
        let target = verb.text();
        match self.resolve(&target) {
            Some(url) => Flow::Goto(source(url, verb, "voice_request", None, Vec::new())),
            None => self.bad_address(&target),
        }
    }

    async fn reject(&mut self, verb: &Element) -> Flow {
        if self.answered_at.is_some() {
            self.pick_up().await;
            return Flow::End;
        }
        self.last_status = if verb.attribute("reason") == Some("busy") { "busy" } else { "no-answer" };
        Flow::End
    }

    async fn gather(&mut self, verb: &Element) -> Flow {
        self.pick_up().await;
        for child in verb.elements() {
            if let Waited::Told(told) = self.wait(sounding(child)).await {
                return self.obey(told);
            }
        }
        let input = verb.attribute("input").unwrap_or("dtmf");
        let dialled = if input.contains("dtmf") { self.digits.pop_front() } else { None };
        let spoken = if input.contains("speech") { self.speech.pop_front() } else { None };
        let mut fields = Vec::new();
        if let Some(digits) = dialled.filter(|digits| !digits.is_empty()) {
            let (digits, key) = collected(verb, &digits);
            fields.push(pair("Digits", digits));
            fields.push(pair("FinishedOnKey", key));
        } else if let Some(words) = spoken.filter(|words| !words.is_empty()) {
            fields.push(pair("SpeechResult", words));
            fields.push(pair("Confidence", "0.9"));
            fields.extend(verb.attribute("language").map(|language| pair("Language", language)));
        } else {
            let seconds = verb.number("timeout", 5);
            if let Waited::Told(told) = self.wait(seconds).await {
                return self.obey(told);
            }
            if !verb.is_true("actionOnEmptyResult") {
                return Flow::Next;
            }
            fields.push(pair("Digits", ""));
            fields.push(pair("FinishedOnKey", ""));
        }
        if let Waited::Told(told) = self.wait(1).await {
            return self.obey(told);
        }
        self.act(verb, "gather_action", None, fields)
    }

    async fn record(&mut self, verb: &Element) -> Flow {
        self.pick_up().await;
        let longest = verb.number("maxLength", MAX_RECORDING);
        let seconds = self.script.record_seconds.min(longest);
        if seconds == 0 {
            // Silence: the verb is passed over after its timeout, and its action is not asked.
            return self.elapse(verb.number("timeout", 5)).await;
        }
        let target = self.target(verb, "recordingStatusCallback");
        let sid = self.start_recording("RecordVerb", 1, target);
        let told = match self.wait(seconds).await {
            Waited::Told(told) => Some(told),
            Waited::Over => None,
        };
        self.end_recording(&sid, seconds).await;
        if let Some(told) = told {
            return self.obey(told);
        }
        let fields = vec![
            pair("RecordingUrl", self.twilio.recording_url(&self.account.sid, &sid)),
            pair("RecordingSid", &sid),
            pair("RecordingDuration", seconds.to_string()),
            pair("Digits", if seconds < longest { "hangup" } else { "" }),
        ];
        if seconds < longest {
            // Who has spoken hangs up. The action is asked all the same, and what it answers reaches nobody.
            self.set_status("completed");
            self.ask_in_vain(verb, "record_action", None, fields).await;
            return Flow::End;
        }
        self.act(verb, "record_action", None, fields)
    }

    /// Goes on with the action of a verb; the document in force where it names none.
    pub(crate) fn act(
        &mut self,
        verb: &Element,
        kind: &'static str,
        status: Option<String>,
        fields: Vec<(String, String)>,
    ) -> Flow {
        let target = verb.attribute("action").unwrap_or_default().to_owned();
        match self.resolve(&target) {
            Some(url) => Flow::Goto(source(url, verb, kind, status, fields)),
            None => self.bad_address(&target),
        }
    }

    /// Asks the action of a verb when the call is over.
    pub(crate) async fn ask_in_vain(
        &mut self,
        verb: &Element,
        kind: &'static str,
        status: Option<String>,
        fields: Vec<(String, String)>,
    ) {
        let target = verb.attribute("action").unwrap_or_default().to_owned();
        let Some(url) = self.resolve(&target) else {
            self.bad_address(&target);
            return;
        };
        if let Source::Ask { hook, kind, status, fields } = source(url, verb, kind, status, fields)
            && let Some(ask) = self.ask(&hook, kind, status, fields)
        {
            self.twilio.tell(&ask).await;
        }
    }

    /// An address of a document, from where the document came.
    pub(crate) fn resolve(&self, target: &str) -> Option<String> {
        match &self.base {
            Some(base) => Some(reqwest::Url::parse(base).ok()?.join(target).ok()?.to_string()),
            None => Some(reqwest::Url::parse(target).ok()?.to_string()),
        }
    }

    fn bad_address(&self, target: &str) -> Flow {
        self.twilio.violation("call", format!("error 11100: {target:?} is no address"));
        Flow::End
    }
}

fn source(
    url: String,
    verb: &Element,
    kind: &'static str,
    status: Option<String>,
    fields: Vec<(String, String)>,
) -> Source {
    let hook = Hook { url: Some(url), method: verb.owned("method"), ..Hook::default() };
    Source::Ask { hook, kind, status, fields }
}

/// What of the keys is taken, and the key that ended it.
fn collected(verb: &Element, keys: &str) -> (String, String) {
    let finish = verb.attribute("finishOnKey").unwrap_or("#");
    let most = verb.attribute("numDigits").and_then(|value| value.parse().ok()).unwrap_or(usize::MAX);
    let mut digits = String::new();
    for key in keys.chars() {
        if finish.contains(key) {
            return (digits, key.to_string());
        }
        digits.push(key);
        if digits.len() >= most {
            break;
        }
    }
    (digits, String::new())
}

/// How long something sounds, in seconds. What is repeated for ever sounds for an hour.
fn sounding(verb: &Element) -> u32 {
    let once = match verb.name.as_str() {
        "Say" => u32::try_from(verb.all_text().chars().count().div_ceil(CHARACTERS_A_SECOND)).unwrap_or(u32::MAX),
        "Play" => PLAY_SECONDS,
        "Pause" => return verb.number("length", 1),
        _ => return 0,
    };
    match verb.number("loop", 1) {
        0 => 3_600,
        times => once.saturating_mul(times),
    }
}

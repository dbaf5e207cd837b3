//! Carries out one call: asks for documents, does what they say, reports.

use std::collections::VecDeque;

use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::{
    super::{
        Twilio,
        config::{Account, Hook},
        hooks::Callbacks,
        people::{Outcome, Script},
        twiml::{self, Answered, Element},
    },
    Call, Order, Told,
    clock::Waited,
    fields::Reporter,
    recorder::Target,
};

/// Seconds that a call may last at most.
const TIME_LIMIT: u32 = 14_400;

/// What goes on after a verb.
pub(crate) enum Flow {
    /// The next verb.
    Next,
    /// Another document.
    Goto(Source),
    /// The end.
    End,
}

/// Where a document comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// It is asked for, with these further fields.
    Ask { hook: Hook, kind: &'static str, status: Option<String>, fields: Vec<(String, String)> },
    /// It is here.
    Words(String),
}

/// How a call began.
pub(crate) enum Origin {
    /// Somebody called: a phone or a browser.
    Called,
    /// The API placed it.
    Api(Box<Placed>),
}

/// How the API wants a call.
pub(crate) struct Placed {
    pub timeout: u32,
    pub time_limit: Option<u32>,
    /// Whether machines are looked for, and who is told when the call does not wait for it.
    pub detection: Option<Option<Target>>,
    pub recording: Option<Target>,
    pub channels: u32,
}

/// A call under way.
pub(crate) struct Run {
    pub twilio: Twilio,
    pub account: Account,
    /// The leg that the documents are for.
    pub call: Call,
    /// The person at the other end of it.
    pub script: Script,
    pub callbacks: Callbacks,
    pub reporter: Reporter,
    pub sequence: u32,
    /// The address of the document in force.
    pub base: Option<String>,
    pub digits: VecDeque<String>,
    pub speech: VecDeque<String>,
    documents: u32,
    /// Seconds of the call so far, ringing included.
    pub elapsed: u32,
    begun: OffsetDateTime,
    /// When a leg last changed, by the clock: what is held lasts from then, as whoever watches sees the change first.
    pub changed_at: OffsetDateTime,
    pub answered_at: Option<u32>,
    /// Seconds after the answer at which the call is cut off.
    pub time_limit: u32,
    /// The status that the call ends in.
    pub last_status: &'static str,
    pub told: mpsc::UnboundedReceiver<Told>,
    orders: mpsc::UnboundedSender<Told>,
}

impl Source {
    /// The first document of a call.
    pub(crate) fn hook(hook: &Hook, fields: Vec<(String, String)>) -> Self {
        Self::Ask { hook: hook.clone(), kind: "voice_request", status: None, fields }
    }
}

impl Run {
    /// Begins a call; it goes on in the background.
    pub(crate) fn start(
        twilio: &Twilio,
        account: &Account,
        call: Call,
        script: Script,
        reporter: Reporter,
        origin: Origin,
        source: Source,
    ) {
        let (orders, told) = mpsc::unbounded_channel();
        twilio.state(|state| state.orders.insert(call.sid.clone(), orders.clone()));
        let settings = twilio.settings();
        let profile = &settings.twilio.calls;
        let run = Self {
            callbacks: Callbacks::new(twilio, profile.shuffle, profile.copies),
            twilio: twilio.clone(),
            account: account.clone(),
            reporter,
            sequence: 0,
            base: None,
            digits: script.digits.iter().cloned().collect(),
            speech: script.speech.iter().cloned().collect(),
            documents: 0,
            elapsed: 0,
            begun: call.created_at,
            changed_at: call.created_at,
            answered_at: None,
            time_limit: TIME_LIMIT,
            last_status: "completed",
            told,
            orders,
            script,
            call,
        };
        twilio.spawn(async move { run.carry_out(origin, source).await });
    }

    async fn carry_out(mut self, origin: Origin, source: Source) {
        match origin {
            Origin::Called => {
                self.begin("ringing").await;
                self.follow(source).await;
            }
            Origin::Api(placed) => {
                self.time_limit = placed.time_limit.unwrap_or(TIME_LIMIT);
                if self.place(&placed).await {
                    self.detect(&placed).await;
                    let recording = placed.recording.clone();
                    let recording =
                        recording.map(|target| self.start_recording("OutboundAPI", placed.channels, target));
                    self.follow(source).await;
                    if let Some(sid) = recording {
                        self.end_recording(&sid, self.talked()).await;
                    }
                }
            }
        }
        self.end().await;
    }

    /// Rings the person that the API calls; whether the call is taken.
    async fn place(&mut self, placed: &Placed) -> bool {
        self.begin("initiated").await;
        self.set_status("ringing");
        self.report("ringing").await;
        let rings = match (self.script.outcome, self.script.ring_seconds) {
            (Outcome::Failed, _) => Some(0),
            (Outcome::NoAnswer, _) => Some(placed.timeout),
            (_, seconds) => seconds,
        };
        let waited = match rings {
            Some(seconds) => self.wait(seconds.min(placed.timeout)).await,
            None => Waited::Told(self.hold().await),
        };
        let outcome = match waited {
            Waited::Told(Told { order: Order::HangUp { status, .. }, .. }) => {
                self.last_status = status;
                return false;
            }
            Waited::Told(Told { order: Order::Answer { after }, .. }) => {
                self.elapsed += after;
                Outcome::Answered
            }
            _ if rings.is_some_and(|seconds| seconds > placed.timeout) => Outcome::NoAnswer,
            _ => self.script.outcome,
        };
        self.last_status = match outcome {
            Outcome::Answered => "completed",
            Outcome::Busy => "busy",
            Outcome::NoAnswer => "no-answer",
            Outcome::Failed => "failed",
        };
        if outcome != Outcome::Answered {
            return false;
        }
        self.pick_up().await;
        true
    }

    async fn begin(&mut self, status: &'static str) {
        let at = self.at();
        self.change(|call| {
            call.status = status.to_owned();
            call.started_at = Some(at);
        });
        if status == "initiated" {
            self.report("initiated").await;
        }
    }

    /// Looks for a machine: before the document, or beside it.
    async fn detect(&mut self, placed: &Placed) {
        let Some(later) = &placed.detection else {
            return;
        };
        let answered_by = self.script.answered_by.clone();
        match later {
            None => {
                self.wait(3).await;
                self.change(|call| call.answered_by = Some(answered_by));
            }
            Some(target) => {
                let leg = self.call.clone();
                self.report_detection(&leg, &answered_by, target).await;
                self.change(|call| call.answered_by = Some(answered_by));
            }
        }
    }

    /// Goes from document to document until the call ends.
    async fn follow(&mut self, first: Source) {
        let most = self.twilio.settings().twilio.calls.max_documents;
        let mut next = Some(first);
        while let Some(source) = next.take() {
            if self.callbacks.is_stale() {
                return;
            }
            self.documents += 1;
            if self.documents > most {
                self.twilio.violation("call", format!("the call asked for more than {most} documents"));
                return;
            }
            let Some(verbs) = self.obtain(source).await else {
                return;
            };
            for verb in &verbs {
                match self.perform(verb).await {
                    Flow::Next => {}
                    Flow::Goto(source) => {
                        next = Some(source);
                        break;
                    }
                    Flow::End => return,
                }
            }
            // A call without further instructions is answered and hung up.
            if next.is_none() {
                self.pick_up().await;
            }
        }
    }

    /// The verbs of a document; nothing where there is none to be had.
    async fn obtain(&mut self, source: Source) -> Option<Vec<Element>> {
        let (hook, kind, status, more) = match source {
            Source::Words(words) => {
                let parsed = twiml::parse(&words);
                if let Err(code) = parsed {
                    self.twilio.violation("call", format!("error {code} in Twiml"));
                }
                return parsed.ok();
            }
            Source::Ask { hook, kind, status, fields } => (hook, kind, status, fields),
        };
        let ask = self.ask(&hook, kind, status, more)?;
        match self.twilio.document(&ask, &hook, Answered::of).await {
            Ok((answer, reply)) => {
                self.base = Some(reply.url);
                Some(match answer {
                    Answered::Empty => Vec::new(),
                    Answered::Words(words) => twiml::say(words),
                    Answered::Verbs(verbs) => verbs,
                })
            }
            Err(_) => {
                // "An application error has occurred": it is read out and the call ends.
                self.pick_up().await;
                self.wait(5).await;
                None
            }
        }
    }

    /// The call is taken, unless it was before.
    pub(crate) async fn pick_up(&mut self) {
        if self.answered_at.is_some() {
            return;
        }
        self.answered_at = Some(self.elapsed);
        self.set_status("in-progress");
        self.report("answered").await;
    }

    /// Seconds since the call was taken.
    pub(crate) fn talked(&self) -> u32 {
        self.answered_at.map_or(0, |answered| self.elapsed - answered)
    }

    async fn end(mut self) {
        let (duration, status, at) = (self.talked(), self.last_status, self.at());
        self.change(|call| {
            call.status = status.to_owned();
            call.duration = Some(duration);
            call.ended_at = Some(at);
        });
        self.end_all_recordings(duration).await;
        self.report("completed").await;
        let sid = self.call.sid.clone();
        self.twilio.state(|state| state.orders.remove(&sid));
        self.callbacks.finish().await;
    }

    pub(crate) fn set_status(&mut self, status: &str) {
        self.change(|call| call.status = status.to_owned());
    }

    fn change(&mut self, change: impl FnOnce(&mut Call)) {
        self.changed_at = self.twilio.core().now();
        if let Some(changed) = self.twilio.change_call(&self.call.sid, change) {
            self.call = changed;
        }
    }

    /// The time in the call.
    pub(crate) fn at(&self) -> OffsetDateTime {
        self.begun + time::Duration::seconds(i64::from(self.elapsed))
    }

    /// Where orders for a further leg go.
    pub(crate) fn listen_to(&self, leg: &str) {
        let orders = self.orders.clone();
        self.twilio.state(|state| state.orders.insert(leg.to_owned(), orders));
    }
}

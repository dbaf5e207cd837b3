//! Phones and browsers that ring at the same time: the first who answers wins.

use super::{
    super::{
        ids,
        people::{Contact, Outcome},
        twiml::Element,
    },
    Call, Order, Told,
    clock::Waited,
    fields::Reporter,
    run::{Flow, Run},
};

/// A leg that a `<Dial>` makes.
pub(crate) struct Leg {
    pub call: Call,
    pub contact: Contact,
    pub reporter: Reporter,
    pub sequence: u32,
    /// The element that named it.
    pub noun: Element,
}

/// How the ringing ended.
pub(crate) enum Rang {
    /// Somebody took the call.
    Answered(Box<Leg>),
    /// Nobody did, for this reason.
    Nobody(&'static str),
    /// The caller gave up, or the call was sent elsewhere.
    Stopped(Flow),
}

/// What happens next, in seconds from the first ring.
enum Next {
    /// The leg at this place does what its person does.
    Person(usize),
    Timeout,
    GivesUp,
}

impl Run {
    /// Lets legs ring; returns how it ended, and the last leg where nobody took the call.
    pub(crate) async fn ring(&mut self, mut legs: Vec<Leg>, timeout: u32) -> (Rang, Option<Leg>) {
        let begun = self.elapsed;
        for leg in &mut legs {
            self.progress(leg, "initiated", None).await;
            if leg.outcome() != Outcome::Failed {
                self.progress(leg, "ringing", None).await;
            }
        }
        loop {
            let passed = self.elapsed - begun;
            let next = next(&legs, self.script.patience_seconds, timeout);
            let waited = match next {
                Some((at, _)) => self.wait(at.saturating_sub(passed)).await,
                None => Waited::Told(self.hold().await),
            };
            if let Waited::Told(told) = waited {
                match self.hear(&mut legs, told).await {
                    Some(Rang::Answered(winner)) => {
                        self.cancel(legs, "canceled").await;
                        return (Rang::Answered(winner), None);
                    }
                    Some(rang) => {
                        let last = self.cancel(legs, "canceled").await;
                        return (rang, last);
                    }
                    None if legs.is_empty() => return (Rang::Nobody("busy"), None),
                    None => continue,
                }
            }
            match next {
                Some((_, Next::Person(place))) => {
                    let mut leg = legs.remove(place);
                    if leg.outcome() == Outcome::Answered {
                        self.cancel(legs, "canceled").await;
                        return (Rang::Answered(Box::new(leg)), None);
                    }
                    let reason = refusal(leg.outcome());
                    self.progress(&mut leg, reason, Some(0)).await;
                    if legs.is_empty() {
                        return (Rang::Nobody(reason), Some(leg));
                    }
                }
                Some((_, Next::GivesUp)) => {
                    let last = self.cancel(legs, "canceled").await;
                    self.last_status = if self.answered_at.is_some() { "completed" } else { "no-answer" };
                    return (Rang::Stopped(Flow::End), last);
                }
                Some((_, Next::Timeout)) | None => {
                    let last = self.cancel(legs, "no-answer").await;
                    return (Rang::Nobody("no-answer"), last);
                }
            }
        }
    }

    /// What an order during the ringing comes to; nothing where the ringing goes on.
    async fn hear(&mut self, legs: &mut Vec<Leg>, told: Told) -> Option<Rang> {
        let Some(place) = legs.iter().position(|leg| leg.call.sid == told.leg) else {
            return Some(Rang::Stopped(self.obey(told)));
        };
        match told.order {
            Order::Answer { after } => {
                self.elapsed += after;
                Some(Rang::Answered(Box::new(legs.remove(place))))
            }
            Order::HangUp { after, status } => {
                self.elapsed += after;
                let mut leg = legs.remove(place);
                // Over the API a leg is cancelled; a person who hangs up declines.
                let status = if status == "canceled" { "canceled" } else { "busy" };
                self.progress(&mut leg, status, Some(0)).await;
                None
            }
            Order::Redirect(_) => None,
        }
    }

    /// Ends legs that ring; returns the last of them.
    async fn cancel(&mut self, legs: Vec<Leg>, status: &'static str) -> Option<Leg> {
        let mut last = None;
        for mut leg in legs {
            self.progress(&mut leg, status, Some(0)).await;
            last = Some(leg);
        }
        last
    }

    /// A leg gets on: it is noted and told to whom the noun names.
    pub(crate) async fn progress(&mut self, leg: &mut Leg, status: &str, seconds: Option<u32>) {
        let at = self.at();
        self.changed_at = self.twilio.core().now();
        let changed = self.twilio.change_call(&leg.call.sid, |call| {
            call.status = status.to_owned();
            call.started_at.get_or_insert(at);
            if seconds.is_some() {
                call.duration = seconds;
                call.ended_at = Some(at);
            }
        });
        leg.call = changed.unwrap_or_else(|| leg.call.clone());
        let event = match status {
            "initiated" | "ringing" => status,
            "in-progress" => "answered",
            _ => "completed",
        };
        let (told, counts) = leg.reporter.hears(event);
        let sequence = leg.sequence;
        leg.sequence += u32::from(counts);
        if told {
            let (call, reporter) = (leg.call.clone(), leg.reporter.clone());
            self.report_on(&call, &reporter, sequence).await;
        }
        if seconds.is_some() {
            let sid = leg.call.sid.clone();
            self.twilio.state(|state| state.orders.remove(&sid));
        }
    }
}

impl Leg {
    /// What its person does. A number that cannot be one is not put through.
    fn outcome(&self) -> Outcome {
        let to = &self.call.to;
        if to.starts_with("client:") || ids::is_e164(to) { self.contact.call.outcome } else { Outcome::Failed }
    }

    /// When that is; nothing where it rings until told.
    fn at(&self, timeout: u32) -> Option<u32> {
        match (self.outcome(), self.contact.call.ring_seconds) {
            (Outcome::Failed, _) => Some(0),
            // A browser that is not registered does not ring.
            (Outcome::NoAnswer, seconds) => Some(if seconds == Some(0) { 0 } else { timeout }),
            (_, seconds) => seconds,
        }
    }
}

fn refusal(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Busy => "busy",
        Outcome::Failed => "failed",
        Outcome::NoAnswer | Outcome::Answered => "no-answer",
    }
}

/// What happens first; nothing where all wait to be told.
fn next(legs: &[Leg], patience: Option<u32>, timeout: u32) -> Option<(u32, Next)> {
    let people = legs.iter().enumerate().filter_map(|(place, leg)| Some((leg.at(timeout)?, Next::Person(place))));
    let own = people.min_by_key(|(at, _)| *at);
    let patience = patience.map(|at| (at, Next::GivesUp));
    // Whoever rings until told is waited for, beyond the timeout.
    let waits = legs.iter().any(|leg| leg.at(timeout).is_none());
    let timeout = (!waits).then_some((timeout, Next::Timeout));
    // At the same second the person comes before the caller's patience, and that before the timeout.
    [own, patience, timeout].into_iter().flatten().min_by_key(|(at, _)| *at)
}

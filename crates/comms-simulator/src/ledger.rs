//! What the simulator received and what it sent, for tests to compare with what their subject believes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::watch;

/// The record of all calls and webhooks. Clones share one record; every list drops its oldest entries when full.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Mutex<Inner>>,
    changed: watch::Sender<u64>,
}

/// A call that arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// Its place in the order of arrival, from 1.
    pub seq: u64,
    /// When it arrived.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The endpoint, for instance `meta.messages`; absent where no endpoint has this address.
    pub endpoint: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// The path, version included; the query is left out as it may hold a token.
    pub path: String,
    /// The JSON body, or the fields of a form, where it is one of moderate size.
    pub body: Option<Value>,
    /// Whether the provider acted on it. An error answer is not an act.
    pub processed: bool,
    /// The status answered; absent where the connection was cut.
    pub status: Option<u16>,
    /// The fault that struck it.
    pub fault: Option<String>,
    /// What it asked to be sent, for a send.
    pub send: Option<Sent>,
}

/// What a send asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    /// The number, page or mailbox that it was sent from.
    pub account: String,
    /// The recipient as the caller wrote it.
    pub to: String,
    /// The provider's id, where the send was processed.
    pub id: Option<String>,
    /// The caller's own data that the provider echoes.
    pub callback_data: Option<String>,
}

/// One POST of a webhook with its repetitions.
#[derive(Clone, Debug, Serialize)]
pub struct WebhookRecord {
    /// Its place in the order of creation, from 1.
    pub seq: u64,
    /// When it was first due.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Where it goes.
    pub url: String,
    /// What is inside.
    pub subjects: Vec<Subject>,
    /// How many times it was posted so far.
    pub attempts: u32,
    /// The status of the last answer; absent where none came.
    pub last_status: Option<u16>,
    /// Why no answer came the last time.
    pub last_error: Option<String>,
    /// When it was answered as the provider wants it: 200 (Meta), any 2xx (Twilio).
    #[serde(with = "time::serde::rfc3339::option")]
    pub acked_at: Option<OffsetDateTime>,
    /// Whether it will not be posted again though it was never answered so.
    pub given_up: bool,
}

/// One element of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Subject {
    /// `message`, `status` or the name of the webhook field.
    pub kind: String,
    /// The provider's id of the thing.
    pub id: String,
    /// The new status, for a status.
    pub status: Option<String>,
}

/// Something that the provider lets pass and that a careful client or receiver does not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Its place in the order of discovery, from 1.
    pub seq: u64,
    /// When it was seen.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The endpoint, or what was fetched, for instance `twilio.messages.create`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// How much happened in all, whatever the lists still hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Calls that arrived.
    pub received: u64,
    /// Sends among them that were processed.
    pub sent: u64,
    /// Webhooks created, each repetition of the same POST counted once.
    pub webhooks: u64,
    /// POSTs of webhooks, repetitions included.
    pub attempts: u64,
    /// Webhooks answered as the provider wants it.
    pub acknowledged: u64,
    /// Webhooks given up.
    pub given_up: u64,
    /// Webhooks dropped because too many were waiting.
    pub dropped: u64,
    /// Violations seen.
    pub violations: u64,
}

#[derive(Debug)]
struct Inner {
    capacity: usize,
    received: VecDeque<Received>,
    webhooks: VecDeque<WebhookRecord>,
    violations: VecDeque<Violation>,
    /// The elements inside of all kept webhooks: a POST may carry a thousand.
    subjects: usize,
    totals: Totals,
}

impl Ledger {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                capacity,
                received: VecDeque::new(),
                webhooks: VecDeque::new(),
                violations: VecDeque::new(),
                subjects: 0,
                totals: Totals::default(),
            })),
            changed: watch::Sender::new(0),
        }
    }

    /// The calls that are still kept, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.with(|inner| inner.received.iter().cloned().collect())
    }

    /// The sends among them, refused and lost ones included.
    #[must_use]
    pub fn sends(&self) -> Vec<Received> {
        self.with(|inner| {
            let sends = inner.received.iter().filter(|call| call.send.is_some());
            sends.cloned().collect()
        })
    }

    /// The webhooks that are still kept, oldest first.
    #[must_use]
    pub fn webhooks(&self) -> Vec<WebhookRecord> {
        self.with(|inner| inner.webhooks.iter().cloned().collect())
    }

    /// What the provider let pass and should not have been there, oldest first; a careful client leaves none.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.with(|inner| inner.violations.iter().cloned().collect())
    }

    /// The counts since the start or the last reset.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.with(|inner| inner.totals)
    }

    /// Whether a webhook about this id was answered as the provider wants it at least once.
    #[must_use]
    pub fn acknowledged(&self, id: &str) -> bool {
        self.with(|inner| {
            let acked = inner.webhooks.iter().filter(|hook| hook.acked_at.is_some());
            acked.flat_map(|hook| &hook.subjects).any(|subject| subject.id == id)
        })
    }

    /// Waits until `condition` holds; whether it did within `limit`.
    ///
    /// It is asked again after every change of the ledger, so no test needs a sleep.
    pub async fn wait_until(&self, limit: Duration, mut condition: impl FnMut(&Self) -> bool) -> bool {
        let mut changes = self.changed.subscribe();
        let held = async {
            while !condition(self) {
                if changes.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(limit, held).await.unwrap_or(false)
    }

    /// A page of calls after `seq`, at most `limit`.
    pub(crate) fn received_after(&self, seq: u64, limit: usize, sends: bool) -> Vec<Received> {
        self.with(|inner| {
            let calls = inner.received.iter().filter(|call| call.seq > seq);
            let calls = calls.filter(|call| !sends || call.send.is_some());
            calls.take(limit).cloned().collect()
        })
    }

    /// A page of webhooks after `seq`, at most `limit`.
    pub(crate) fn webhooks_after(&self, seq: u64, limit: usize) -> Vec<WebhookRecord> {
        self.with(|inner| {
            let hooks = inner.webhooks.iter().filter(|hook| hook.seq > seq);
            hooks.take(limit).cloned().collect()
        })
    }

    /// A page of violations after `seq`, at most `limit`.
    pub(crate) fn violations_after(&self, seq: u64, limit: usize) -> Vec<Violation> {
        self.with(|inner| {
            let violations = inner.violations.iter().filter(|violation| violation.seq > seq);
            violations.take(limit).cloned().collect()
        })
    }

    pub(crate) fn record_violation(&self, at: OffsetDateTime, place: &str, what: impl Into<String>) {
        let what = what.into();
        tracing::warn!(place, what, "violation");
        self.change(|inner| {
            inner.totals.violations += 1;
            let seq = inner.totals.violations;
            inner.violations.push_back(Violation { seq, at, place: place.to_owned(), what });
            while inner.violations.len() > inner.capacity {
                inner.violations.pop_front();
            }
        });
    }

    pub(crate) fn record_call(&self, mut call: Received) {
        self.change(|inner| {
            inner.totals.received += 1;
            inner.totals.sent += u64::from(call.processed && call.send.is_some());
            call.seq = inner.totals.received;
            inner.received.push_back(call);
            while inner.received.len() > inner.capacity {
                inner.received.pop_front();
            }
        });
    }

    /// Notes a webhook that is about to be posted; returns its number.
    pub(crate) fn open_webhook(&self, at: OffsetDateTime, url: &str, subjects: Vec<Subject>) -> u64 {
        self.change(|inner| {
            inner.totals.webhooks += 1;
            inner.subjects += subjects.len();
            inner.webhooks.push_back(WebhookRecord {
                seq: inner.totals.webhooks,
                at,
                url: url.to_owned(),
                subjects,
                attempts: 0,
                last_status: None,
                last_error: None,
                acked_at: None,
                given_up: false,
            });
            while inner.webhooks.len() > inner.capacity || inner.subjects > inner.capacity {
                let Some(oldest) = inner.webhooks.pop_front() else {
                    break;
                };
                inner.subjects -= oldest.subjects.len();
            }
            inner.totals.webhooks
        })
    }

    /// Notes one attempt of a webhook and what came of it; `acknowledged` is the provider's own judgement.
    pub(crate) fn record_attempt(&self, seq: u64, at: OffsetDateTime, answer: Result<u16, String>, acknowledged: bool) {
        self.change(|inner| {
            inner.totals.attempts += 1;
            inner.totals.acknowledged += u64::from(acknowledged);
            let Some(hook) = inner.webhook(seq) else {
                return;
            };
            hook.attempts += 1;
            hook.last_status = answer.as_ref().ok().copied();
            hook.acked_at = acknowledged.then_some(at);
            hook.last_error = answer.err();
        });
    }

    pub(crate) fn record_give_up(&self, seq: u64) {
        self.change(|inner| {
            inner.totals.given_up += 1;
            if let Some(hook) = inner.webhook(seq) {
                hook.given_up = true;
            }
        });
    }

    pub(crate) fn record_drop(&self) {
        self.change(|inner| inner.totals.dropped += 1);
    }

    pub(crate) fn clear(&self) {
        self.change(|inner| {
            inner.received.clear();
            inner.webhooks.clear();
            inner.violations.clear();
            inner.subjects = 0;
            inner.totals = Totals::default();
        });
    }

    pub(crate) fn resize(&self, capacity: usize) {
        self.with(|inner| inner.capacity = capacity);
    }

    fn change<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let result = self.with(act);
        self.changed.send_modify(|version| *version += 1);
        result
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    fn webhook(&mut self, seq: u64) -> Option<&mut WebhookRecord> {
        // The numbers run without gaps, so the place follows from the first.
        let first = self.webhooks.front()?.seq;
        let index = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.webhooks.get_mut(index)
    }
}

//! Calls and messages, with everything that a provider tells of them.

use comms_core::{
    AccountId, Address, AddressKind, Call, ChannelKind, Content, ErrorKind, Event, EventKey, EventKind, InboundMessage,
    Media, MediaKind, MediaRef, MessageId, MessageOrigin, Outbound, Party, Problem, Receipt, Recording, Status,
    StatusUpdate,
    history::{Conclusion, Links, NewOutbound, Queueing},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::contract_world::{Desk, organization};

/// Who began a call or wrote a message, and what told us of it first.
#[derive(Clone, Copy, Debug)]
pub enum Began {
    /// A call that we placed through the provider's interface.
    Placed,
    /// A call from a browser: its webhook says who calls.
    Browser,
    /// A call to our number.
    Inbound,
    /// A message that we sent.
    Sent,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Good,
    Busy,
    NoAnswer,
    Failed,
    /// The last report never came.
    Open,
}

/// A call or message, and everything that is told of it.
#[derive(Clone, Debug)]
pub struct Subject {
    pub number: usize,
    pub id: MessageId,
    pub began: Began,
    pub end: End,
    pub seconds: u32,
    pub recorded: bool,
}

impl Subject {
    pub fn sid(&self) -> String {
        format!("{}{:04}", if matches!(self.began, Began::Sent) { "SM" } else { "CA" }, self.number)
    }

    pub fn account(&self) -> AccountId {
        if matches!(self.began, Began::Sent) { sms_account() } else { phone_account() }
    }

    pub fn party(&self) -> Address {
        Address::verbatim(AddressKind::Phone, format!("+3460000{:04}", self.number))
    }

    /// A second of its own for each step.
    pub fn at(&self, step: usize) -> OffsetDateTime {
        let seconds = i64::try_from(self.number * 100 + step).unwrap();
        datetime!(2026-01-01 10:00 UTC) + Duration::seconds(seconds)
    }

    /// Our own request, stored before it is made.
    pub async fn place(&self, desk: &Desk) {
        let (channel, content, tried) = match self.began {
            Began::Placed => (ChannelKind::Voice, Content::Call(Call::default()), true),
            Began::Sent => (ChannelKind::Sms, Content::text("hola"), true),
            _ => (ChannelKind::Voice, Content::text(""), false),
        };
        if !tried {
            return;
        }
        let mut message = Outbound::new(self.party(), content);
        message.id = self.id;
        let new = NewOutbound {
            organization: organization(),
            account: self.account(),
            channel,
            user: "2".into(),
            links: Links { lead: Some("1".into()), ..Links::default() },
            message,
            idempotency_key: None,
            request_hash: String::new(),
            retry_of: None,
            now: self.at(0),
            lease: Duration::minutes(1),
            queue: Queueing::default(),
        };
        desk.store.accept(new).await.unwrap();
    }

    /// The provider's answer to it.
    pub async fn conclude(&self, desk: &Desk) {
        let status = match self.began {
            Began::Placed => Status::CallInitiated,
            Began::Sent => Status::Accepted,
            _ => return,
        };
        let receipt = Receipt { provider_id: self.sid(), status, recipient: Vec::new(), extra: Value::Null };
        let conclusion = Conclusion {
            message: self.id,
            claim: None,
            status,
            receipt: Some(receipt),
            problem: None,
            due_at: None,
            now: self.at(1),
        };
        desk.store.conclude(conclusion).await.unwrap();
    }

    /// Every callback, in the order in which things happen.
    pub fn told(&self) -> Vec<Event> {
        let mut all = match self.began {
            Began::Sent => self.told_of_message(),
            _ => self.told_of_call(),
        };
        for (step, event) in all.iter_mut().enumerate() {
            event.occurred_at = Some(self.at(step + 2));
        }
        all
    }

    fn told_of_message(&self) -> Vec<Event> {
        let mut all = vec![self.report("queued", Some(Status::Accepted)), self.report("sent", Some(Status::Sent))];
        all.extend(match self.end {
            End::Good => vec![self.report("delivered", Some(Status::Delivered))],
            // Both words mean that it failed, with reasons of their own.
            End::Failed => vec![
                because(self.report("undelivered", Some(Status::Failed)), "30003"),
                because(self.report("failed", Some(Status::Failed)), "30005"),
            ],
            // It arrived all the same.
            End::Busy => vec![
                because(self.report("undelivered", Some(Status::Failed)), "30008"),
                self.report("delivered", Some(Status::Delivered)),
                self.report("read", Some(Status::Read)),
            ],
            End::NoAnswer | End::Open => Vec::new(),
        });
        all
    }

    fn told_of_call(&self) -> Vec<Event> {
        let mut all = Vec::new();
        match self.began {
            Began::Browser => {
                all.push(self.asks(MessageOrigin::Echo, Status::CallInitiated));
                // The same call by another webhook, which knows less.
                let mut less = self.asks(MessageOrigin::Echo, Status::CallInitiated);
                if let EventKind::Message(message) = &mut less.kind {
                    (message.author, message.extra) = (None, json!({"direction": "inbound"}));
                }
                all.push(less);
            }
            Began::Inbound => all.push(self.asks(MessageOrigin::Counterpart, Status::CallRinging)),
            Began::Placed | Began::Sent => {}
        }
        // Our own leg, and the other party's.
        all.push(self.report("parent:in-progress", None));
        all.push(self.report("child:initiated", Some(Status::CallInitiated)));
        all.push(self.report("child:ringing", Some(Status::CallRinging)));
        let status = match self.end {
            End::Good => Status::CallCompleted,
            End::Busy => Status::CallBusy,
            End::NoAnswer => Status::CallNoAnswer,
            End::Failed => Status::CallFailed,
            End::Open => return all,
        };
        if matches!(self.end, End::Good) {
            all.push(self.report("child:in-progress", Some(Status::CallInProgress)));
            all.push(talked(self.report("amd", None), None, Some("human")));
            all.push(talked(self.report("amd:end", None), None, Some("machine_end_beep")));
        }
        let seconds = matches!(self.end, End::Good).then_some(self.seconds);
        let (mut child, mut dial) = (self.report("child:end", Some(status)), self.report("dial:end", Some(status)));
        if matches!(self.end, End::Failed) {
            (child, dial) = (because(child, "13224"), because(dial, "13225"));
        }
        all.push(talked(child, seconds, None));
        all.push(talked(dial, seconds.map(|seconds| seconds + 1), None));
        all.push(self.report("parent:completed", Some(Status::CallEnded)));
        if self.recorded {
            all.push(self.recording());
        }
        all
    }

    fn asks(&self, origin: MessageOrigin, status: Status) -> Event {
        let mut message = InboundMessage::new(Party::of(self.party()), Content::Call(Call::default()));
        (message.origin, message.status) = (origin, Some(status));
        message.extra = json!({"city": "Sevilla"});
        if origin == MessageOrigin::Echo {
            message.author = Some("3".into());
            message.links = Links { client: Some("1".into()), ..Links::default() };
        }
        self.event(&self.sid(), EventKind::Message(Box::new(message)))
    }

    fn report(&self, word: &str, status: Option<Status>) -> Event {
        let mut update = StatusUpdate::new(status, word);
        // Every other one carries our own id, as a callback does whose address we gave.
        if matches!(self.began, Began::Placed | Began::Sent) && self.number % 4 < 2 {
            update.correlation = Some(self.id.to_string());
        }
        self.event(&format!("{}:{word}", self.sid()), EventKind::Status(Box::new(update)))
    }

    fn recording(&self) -> Event {
        let media = Media {
            kind: MediaKind::Audio,
            source: MediaRef::Id(format!("RE{:04}", self.number)),
            caption: None,
            filename: None,
            mime_type: Some("audio/mpeg".to_owned()),
            sha256: None,
        };
        let recording = Recording { media, duration_seconds: Some(self.seconds), extra: Value::Null };
        self.event(&format!("RE{:04}", self.number), EventKind::Recording(Box::new(recording)))
    }

    fn event(&self, key: &str, kind: EventKind) -> Event {
        Event { account: self.account(), subject: self.sid(), key: EventKey::new(key), occurred_at: None, kind }
    }

    /// What all that was told amounts to.
    pub fn outcome(&self) -> (Status, Option<i32>, Option<String>, usize) {
        let first = match self.began {
            Began::Sent => Status::Accepted,
            _ => Status::CallInitiated,
        };
        let (mut status, mut seconds, mut answered, mut files) = (first, None, None, 0);
        for event in self.told() {
            match event.kind {
                EventKind::Message(message) => status = status.merge(message.status.unwrap()),
                EventKind::Status(update) => {
                    status = update.status.map_or(status, |told| status.merge(told));
                    seconds = seconds.max(update.duration_seconds.map(|told| i32::try_from(told).unwrap()));
                    answered = answered.max(update.answered_by);
                }
                _ => files += 1,
            }
        }
        (status, seconds, answered, files)
    }
}

fn because(mut event: Event, code: &str) -> Event {
    if let EventKind::Status(update) = &mut event.kind {
        let message = format!("refused by {code}");
        update.problem = Some(Problem { code: code.to_owned(), message, kind: ErrorKind::InvalidRecipient });
    }
    event
}

fn talked(mut event: Event, seconds: Option<u32>, answered_by: Option<&str>) -> Event {
    if let EventKind::Status(update) = &mut event.kind {
        (update.duration_seconds, update.answered_by) = (seconds, answered_by.map(str::to_owned));
    }
    event
}

pub fn phone_account() -> AccountId {
    AccountId::of("twilio-voice", "+15005550006")
}

pub fn sms_account() -> AccountId {
    AccountId::of("twilio-sms", "+15005550006")
}

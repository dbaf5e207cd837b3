//! Ten thousand callbacks, repeated and shuffled, end as they do in order.

use std::collections::BTreeMap;

use comms_core::{
    AccountId, Address, AddressKind, Call, ChannelKind, Content, ErrorKind, Event, EventKey, EventKind, InboundMessage,
    Media, MediaKind, MediaRef, MessageId, MessageOrigin, Outbound, Party, Problem, Receipt, Recording, Status,
    StatusUpdate,
    history::{Account, Conclusion, HistoryFilter, Links, NewOutbound, Scope},
};
use futures_util::{StreamExt, future::join_all, stream};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::contract_world::{Desk, Place, organization, webhook};

/// Callbacks that are delivered.
const DELIVERED: usize = 10_000;

/// Calls and messages that they are about.
const SUBJECTS: usize = 300;

/// Webhooks that arrive at once.
const AT_ONCE: usize = 48;

/// Who began a call or wrote a message, and what told us of it first.
#[derive(Clone, Copy, Debug)]
enum Began {
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
enum End {
    Good,
    Busy,
    NoAnswer,
    Failed,
    /// The last report never came.
    Open,
}

/// A call or message, and everything that is told of it.
#[derive(Clone, Debug)]
struct Subject {
    number: usize,
    id: MessageId,
    began: Began,
    end: End,
    seconds: u32,
    recorded: bool,
}

/// What happens, and how it is delivered.
#[derive(Clone, Debug)]
struct Story {
    subjects: Vec<Subject>,
    /// Numbers that pick a callback each, beyond one of each.
    repeated: Vec<usize>,
    order: Vec<usize>,
    batches: Vec<usize>,
}

#[test]
fn ten_thousand_shuffled_callbacks_end_as_in_order_on_sqlite() {
    hold(2, || async { Some(Place::sqlite().await) });
}

#[test]
fn ten_thousand_shuffled_callbacks_end_as_in_order_on_postgres() {
    hold(1, Place::prisma);
}

fn hold<F: Future<Output = Option<Place>>>(cases: u32, place: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let told = TestRunner::new(config).run(&story(), |story| {
        runtime.block_on(async {
            let (Some(ordered), Some(shuffled)) = (place().await, place().await) else {
                return Ok(());
            };
            let wanted = in_order(&ordered, &story).await;
            let found = in_disorder(&shuffled, &story).await;
            for (wanted, found) in wanted.iter().zip(&found) {
                prop_assert_eq!(wanted, found);
            }
            prop_assert_eq!(wanted.len(), found.len());
            Ok(())
        })
    });
    told.unwrap();
}

fn story() -> impl Strategy<Value = Story> {
    let began = prop::sample::select(vec![Began::Placed, Began::Browser, Began::Inbound, Began::Sent]);
    let end = prop::sample::select(vec![End::Good, End::Good, End::Busy, End::NoAnswer, End::Failed, End::Open]);
    let subjects = prop::collection::vec((began, end, 0..4_000_u32, any::<bool>()), SUBJECTS);
    let repeated = prop::collection::vec(any::<usize>(), DELIVERED);
    let order = Just((0..DELIVERED).collect::<Vec<_>>()).prop_shuffle();
    let batches = prop::collection::vec(1..40_usize, DELIVERED);
    (subjects, repeated, order, batches).prop_map(|(subjects, repeated, order, batches)| Story {
        subjects: subjects
            .into_iter()
            .enumerate()
            .map(|(number, (began, end, seconds, recorded))| Subject {
                number,
                id: MessageId::new(),
                began,
                end,
                seconds,
                recorded,
            })
            .collect(),
        repeated,
        order,
        batches,
    })
}

/// Each callback once, those of one subject in their order.
async fn in_order(place: &Place, story: &Story) -> Vec<String> {
    let desk = open(place).await;
    join_all(story.subjects.iter().map(async |subject| {
        subject.place(&desk).await;
        subject.conclude(&desk).await;
        for event in subject.told() {
            desk.ingest(vec![event]).await;
        }
    }))
    .await;
    settle(&desk, place, story).await
}

/// All callbacks many times, in any order and in batches of any size; the provider's answer to a request may come last.
async fn in_disorder(place: &Place, story: &Story) -> Vec<String> {
    let desk = open(place).await;
    let (soon, late): (Vec<_>, Vec<_>) = story.subjects.iter().partition(|subject| subject.number % 2 == 0);
    for subject in &story.subjects {
        subject.place(&desk).await;
    }
    join_all(soon.iter().map(|subject| subject.conclude(&desk))).await;
    let told: Vec<Event> = story.subjects.iter().flat_map(Subject::told).collect();
    let again = story.repeated.iter().map(|pick| pick % told.len());
    let all: Vec<usize> = (0..told.len()).chain(again).take(DELIVERED).collect();
    assert!(told.len() < DELIVERED / 3, "most are repetitions: {}", told.len());
    let mut shuffled = story.order.iter().map(|at| told[all[*at]].clone());
    let mut batches = Vec::new();
    for size in &story.batches {
        let batch: Vec<Event> = shuffled.by_ref().take(*size).collect();
        if batch.is_empty() {
            break;
        }
        batches.push(batch);
    }
    let deliveries = stream::iter(batches).map(|batch| desk.ingest(batch)).buffer_unordered(AT_ONCE);
    let conclusions = join_all(late.iter().map(|subject| subject.conclude(&desk)));
    let (told, _) = tokio::join!(deliveries.collect::<Vec<_>>(), conclusions);
    let delivered: u32 = told.iter().map(|t| t.messages + t.statuses + t.updates + t.duplicates).sum();
    assert_eq!(usize::try_from(delivered).unwrap(), DELIVERED, "every callback is accounted for");
    settle(&desk, place, story).await
}

async fn open(place: &Place) -> Desk {
    let desk = place.open_with(|settings| settings.writers = 2).await;
    for (id, channel) in [(phone_account(), ChannelKind::Voice), (sms_account(), ChannelKind::Sms)] {
        let account = Account {
            id,
            organization: organization(),
            channel,
            name: None,
            parent: None,
            owner: Some("1".into()),
            caller_id: None,
            active: true,
        };
        desk.store.put_account(&account).await.unwrap();
    }
    desk
}

/// Checks each record against what was told of it, and dumps what is stored.
async fn settle(desk: &Desk, place: &Place, story: &Story) -> Vec<String> {
    let scope = Scope { organization: organization(), seller: None };
    let (mut found, mut filter) = (BTreeMap::new(), HistoryFilter { limit: 200, ..HistoryFilter::default() });
    loop {
        let page = desk.store.history(&scope, &filter).await.unwrap();
        for entry in page.entries {
            let told = (entry.status, entry.duration_seconds, entry.answered_by, entry.attachments.len());
            assert!(found.insert(entry.provider_id.unwrap(), told).is_none(), "a subject has two records");
        }
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    let wanted: BTreeMap<_, _> = story.subjects.iter().map(|subject| (subject.sid(), subject.outcome())).collect();
    assert_eq!(found, wanted);
    desk.store.close().await;
    dump(place).await
}

impl Subject {
    fn sid(&self) -> String {
        format!("{}{:04}", if matches!(self.began, Began::Sent) { "SM" } else { "CA" }, self.number)
    }

    fn account(&self) -> AccountId {
        if matches!(self.began, Began::Sent) { sms_account() } else { phone_account() }
    }

    fn party(&self) -> Address {
        Address::verbatim(AddressKind::Phone, format!("+3460000{:04}", self.number))
    }

    /// A second of its own for each step.
    fn at(&self, step: usize) -> OffsetDateTime {
        let seconds = i64::try_from(self.number * 100 + step).unwrap();
        datetime!(2026-01-01 10:00 UTC) + Duration::seconds(seconds)
    }

    /// Our own request, stored before it is made.
    async fn place(&self, desk: &Desk) {
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
        };
        desk.store.accept(new).await.unwrap();
    }

    /// The provider's answer to it.
    async fn conclude(&self, desk: &Desk) {
        let status = match self.began {
            Began::Placed => Status::CallInitiated,
            Began::Sent => Status::Accepted,
            _ => return,
        };
        let receipt = Receipt { provider_id: self.sid(), status, recipient: Vec::new(), extra: Value::Null };
        let conclusion =
            Conclusion { message: self.id, status, receipt: Some(receipt), problem: None, now: self.at(1) };
        desk.store.conclude(conclusion).await.unwrap();
    }

    /// Every callback, in the order in which things happen.
    fn told(&self) -> Vec<Event> {
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
    fn outcome(&self) -> (Status, Option<i32>, Option<String>, usize) {
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

fn phone_account() -> AccountId {
    AccountId::of("twilio-voice", "+15005550006")
}

fn sms_account() -> AccountId {
    AccountId::of("twilio-sms", "+15005550006")
}

/// Everything that is stored, ordered by what the provider calls it: without our own ids, the times at which it came, and the
/// cursors of the log.
async fn dump(place: &Place) -> Vec<String> {
    let (ours, stored) = match place {
        Place::Postgres(_) => ("comms.", "comms.messages"),
        Place::Sqlite(_) => ("comms_", "comms_messages"),
    };
    let line = |columns: &[&str]| {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS text), '-')")).collect();
        columns.join(" || '|' || ")
    };
    let messages = line(&[
        "account_id",
        "provider_id",
        "direction",
        "channel",
        "counterpart",
        "counterpart_kind",
        "status",
        "problem",
        "duration_seconds",
        "answered_by",
        "user_id",
        "lead_id",
        "client_id",
        "content",
        "body",
        "extra",
        "occurred_at",
    ]);
    let statuses = line(&[
        "e.account_id",
        "CASE WHEN e.key LIKE 'own:%' THEN 'own' ELSE e.key END",
        "m.provider_id",
        "e.provider_id",
        "e.status",
        "e.provider_status",
        "e.problem",
        "e.duration_seconds",
        "e.answered_by",
        "e.extra",
        "e.occurred_at",
    ]);
    let updates = line(&["account_id", "kind", "key", "subject", "payload", "occurred_at"]);
    let files = line(&["m.provider_id", "a.account_id", "a.position", "a.kind", "a.mime_type", "a.source", "a.state"]);
    let conversations = line(&["account_id", "channel", "unread", "last_inbound_at"]);
    let identities = line(&["account_id", "external_id", "kind", "lead_id", "client_id", "user_id"]);
    let rows = line(&[
        "sid_externo",
        "lead_id",
        "cliente_id",
        "usuario_id",
        "canal",
        "direccion",
        "destinatario",
        "contenido",
        "estado",
        "duracion_seg",
    ]);
    let mut all = Vec::new();
    for query in [
        format!("SELECT {messages} AS text FROM {stored}"),
        format!("SELECT {statuses} AS text FROM {ours}status_events e LEFT JOIN {stored} m ON m.id = e.message_id"),
        format!("SELECT {updates} AS text FROM {ours}updates"),
        format!("SELECT {files} AS text FROM {ours}attachments a LEFT JOIN {stored} m ON m.id = a.message_id"),
        format!("SELECT {conversations} AS text FROM {ours}conversations"),
        format!("SELECT {identities} AS text FROM {ours}identities"),
        format!("SELECT {rows} AS text FROM comunicaciones"),
    ] {
        let mut lines = place.texts(&query).await;
        lines.sort_unstable();
        all.push(format!("{} rows of {query}", lines.len()));
        all.extend(lines);
    }
    all
}

/// The dump would show what it is there to show.
#[tokio::test]
async fn the_dump_sees_every_difference() {
    let place = Place::sqlite().await;
    let desk = open(&place).await;
    let call =
        Subject { number: 1, id: MessageId::new(), began: Began::Browser, end: End::Good, seconds: 42, recorded: true };
    for event in call.told() {
        desk.store.ingest(webhook(vec![event])).await.unwrap();
    }
    desk.store.close().await;
    let mut before = dump(&place).await;
    for change in [
        "UPDATE comms_messages SET status = 225",
        "UPDATE comms_messages SET duration_seconds = 42",
        "UPDATE comms_messages SET answered_by = 'fax'",
        "UPDATE comms_messages SET extra = NULL",
        "UPDATE comms_status_events SET message_id = NULL",
        "UPDATE comms_attachments SET message_id = x'00'",
        "DELETE FROM comms_updates",
        "UPDATE comunicaciones SET duracion_seg = 1",
        "UPDATE comunicaciones SET estado = 'en_curso'",
        "UPDATE comms_identities SET user_id = '9'",
    ] {
        place.run(change).await;
        let after = dump(&place).await;
        assert_ne!(after, before, "{change}");
        before = after;
    }
}

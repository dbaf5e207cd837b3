//! Mailboxes on the real store: what is read of them, and what is written from them.

mod reading;
mod writing;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use comms_core::{
    AccountId, Address, Batch, Channel, ChannelDirectory, ChannelKind, Clock, Content, Correspondent, Cursor, Email,
    Error, Event, EventKey, EventKind, InMemoryChannel, InboundMessage, ManualClock, Party, Result, Source,
    history::{DatabaseSettings, HistoryEntry, HistoryFilter, Organization, Repository, SourceStatus, open},
};
use comms_engine::{BlobStore, Engine, SendRequest, Settings};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::scene::{account, admin, user};

/// The mailbox of one seller, as its provider has it: a list that grows, read by the number of what was read.
#[derive(Default)]
pub struct Mailbox {
    mails: Mutex<Vec<(Event, OffsetDateTime)>>,
    faults: Mutex<VecDeque<Option<Error>>>,
    /// Mails before this one are not in the history any more: who read less has to begin anew.
    forgotten: Mutex<usize>,
    pulls: Mutex<Vec<Option<Cursor>>>,
    clock: Mutex<Option<ManualClock>>,
}

/// How many mails it gives at once.
const PAGE: usize = 3;

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}

impl Mailbox {
    /// A mail is there, and seen by who asks from this time on.
    fn arrives(&self, event: Event, visible: OffsetDateTime) {
        self.mails.lock().unwrap().push((event, visible));
    }

    /// What happens to the next readings, in order; `None` goes well.
    fn then(&self, faults: impl IntoIterator<Item = Option<Error>>) {
        self.faults.lock().unwrap().extend(faults);
    }

    fn forget_before(&self, number: usize) {
        *self.forgotten.lock().unwrap() = number;
    }

    fn pulls(&self) -> usize {
        self.pulls.lock().unwrap().len()
    }
}

#[async_trait]
impl Source for Mailbox {
    async fn pull(&self, cursor: Option<Cursor>) -> Result<(Batch, Cursor)> {
        self.pulls.lock().unwrap().push(cursor.clone());
        if let Some(Some(error)) = self.faults.lock().unwrap().pop_front() {
            return Err(error);
        }
        let now = self.clock.lock().unwrap().as_ref().unwrap().now();
        let mails = self.mails.lock().unwrap();
        let mut from: usize = cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        if from < *self.forgotten.lock().unwrap() {
            from = 0;
        }
        let seen = mails.iter().skip(from).take(PAGE).take_while(|(_, visible)| *visible <= now);
        let events: Vec<Event> = seen.map(|(event, _)| event.clone()).collect();
        let next = Cursor((from + events.len()).to_string());
        Ok((Batch { events, ..Batch::default() }, next))
    }
}

/// A mailbox whose provider never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Source for Silent {
    async fn pull(&self, _: Option<Cursor>) -> Result<(Batch, Cursor)> {
        std::future::pending().await
    }
}

fn slow() -> AccountId {
    AccountId::of("memory", "lenta@example.com")
}

#[derive(Debug)]
struct Directory {
    channel: Arc<InMemoryChannel>,
    source: Arc<Mailbox>,
}

#[async_trait]
impl ChannelDirectory for Directory {
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        if account == self.channel.account() { Ok(self.channel.clone()) } else { Err(Error::config("not set up")) }
    }

    async fn source(&self, account: &AccountId) -> Result<Option<Arc<dyn Source>>> {
        if *account == slow() {
            return Ok(Some(Arc::new(Silent)));
        }
        let ours = account == self.channel.account();
        Ok(ours.then(|| self.source.clone() as Arc<dyn Source>))
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        if kind == ChannelKind::Email { vec![self.channel.account().clone()] } else { Vec::new() }
    }
}

struct Office {
    engine: Engine,
    store: Arc<dyn Repository>,
    channel: Arc<InMemoryChannel>,
    source: Arc<Mailbox>,
    blobs: BlobStore,
    clock: ManualClock,
    _folder: TempDir,
}

const BOX: &str = "ventas@example.com";

/// A seller's mailbox, connected; ana is known to the organisation and nobody else is.
async fn office() -> Office {
    office_with(|_| {}).await
}

async fn office_with(set: impl FnOnce(&mut Settings)) -> Office {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    let channel = Arc::new(InMemoryChannel::mailbox(BOX));
    let own = comms_core::history::Account { channel: ChannelKind::Email, ..account(channel.account().clone()) };
    store.put_account(&own).await.unwrap();
    let source = Arc::new(Mailbox::default());
    *source.clock.lock().unwrap() = Some(clock.clone());
    let blobs = BlobStore::memory();
    let mut settings = Settings::default();
    settings.sole_process = true;
    set(&mut settings);
    let directory = Directory { channel: channel.clone(), source: source.clone() };
    let engine = Engine::builder(store.clone(), Arc::new(directory))
        .inbound("memory", Arc::new(InMemoryChannel::mailbox(BOX)))
        .blobs(blobs.clone())
        .clock(Arc::new(clock.clone()))
        .settings(settings)
        .build();
    let office = Office { engine, store, channel, source, blobs, clock, _folder: folder };
    office.receive(mail("conocida", ana(), Email { subject: "Hola".to_owned(), ..Email::default() })).await;
    office
}

impl Office {
    /// A mail that a webhook brings.
    async fn receive(&self, event: Event) {
        let webhook = self.channel.webhook(&[event]).unwrap();
        self.engine.receive("memory", webhook).await.unwrap();
    }

    async fn connect(&self) {
        self.engine.connect_source(self.channel.account()).await.unwrap();
    }

    /// Another mailbox of the organisation.
    async fn connect_too(&self, id: AccountId) {
        let other = comms_core::history::Account { channel: ChannelKind::Email, ..account(id.clone()) };
        self.store.put_account(&other).await.unwrap();
        self.engine.connect_source(&id).await.unwrap();
    }

    /// Reads until nothing more is due at this moment.
    async fn read(&self) {
        while self.engine.read_sources().await.unwrap() {}
    }

    async fn poke(&self) {
        assert!(self.engine.poke(self.channel.account()).await.unwrap());
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn arrives(&self, id: &str, from: Address) {
        let text = Email { subject: "Consulta".to_owned(), text: Some(format!("texto de {id}")), ..Email::default() };
        self.source.arrives(mail(id, from, text), self.clock.now());
    }

    async fn status(&self) -> SourceStatus {
        self.store.sources(None).await.unwrap().remove(0)
    }

    async fn history(&self) -> Vec<HistoryEntry> {
        let filter = HistoryFilter { limit: 200, ..HistoryFilter::default() };
        self.store.history(&admin(), &filter).await.unwrap().entries
    }

    /// The provider's ids of what the mailbox gave, sorted.
    async fn read_ids(&self) -> Vec<String> {
        let ids = self.history().await.into_iter().filter_map(|entry| entry.provider_id);
        let mut ids: Vec<String> = ids.filter(|id| id.starts_with("gm")).collect();
        ids.sort_unstable();
        ids
    }

    fn to_ana(&self, content: impl Into<Content>) -> SendRequest {
        SendRequest::new(admin(), user(), ChannelKind::Email, ana(), content.into())
    }

    /// The mails that went out.
    fn sent(&self) -> Vec<Email> {
        let mails = self.channel.sent().into_iter().map(|message| match message.content {
            Content::Email(mail) => *mail,
            other => panic!("{other:?} is no e-mail"),
        });
        mails.collect()
    }
}

fn ana() -> Address {
    Address::email("ana@example.org").unwrap()
}

fn stranger() -> Address {
    Address::email("boletin@example.net").unwrap()
}

/// A mail from somebody under this id of the provider.
fn mail(id: &str, from: Address, mail: Email) -> Event {
    let whole = Email {
        from: Some(Correspondent::new(from.value())),
        message_id: mail.message_id.clone().or_else(|| Some(format!("{id}@example.org"))),
        ..mail
    };
    Event {
        account: AccountId::of("memory", BOX),
        subject: id.to_owned(),
        key: EventKey::new(id),
        occurred_at: None,
        kind: EventKind::Message(Box::new(InboundMessage::new(Party::of(from), whole.into()))),
    }
}

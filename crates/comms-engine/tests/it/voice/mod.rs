//! Calls: what a provider asks, what is decided, what remains.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{
    AccountId, Address, AddressKind, Asked, Batch, Call, Channel, ChannelKind, Content, Decision, Event, EventKey,
    EventKind, Inbound, InboundMessage, ManualClock, MessageOrigin, Party, Question, Reply, Result, Status,
    StoredWebhook, WebhookRequest,
    history::{Account, HistoryEntry, Repository},
};
use comms_engine::{BlobStore, Engine, Settings};

use crate::{
    fake_channel::{Desk, Directory},
    fake_repository::{FakeRepository, Journal},
    scene::account,
};

mod answer;
mod decide;
mod dial;
mod durable;
mod identity;
pub mod place;
mod policy;
mod replay;

/// The account above all lines.
const ABOVE: &str = "memory:AC1";
/// The line of user 1, the organisation's first.
const FIRST: &str = "+34910000000";
/// The line of user 7, which shows another number.
const OWN: &str = "+34910000007";
const SHOWN: &str = "+34910000070";

/// A parser that is told beforehand what each body means, and keeps what is to be answered.
#[derive(Debug, Default)]
struct Exchange {
    batches: Mutex<HashMap<Vec<u8>, Batch>>,
    answered: Mutex<Vec<(Question, Decision)>>,
}

impl Exchange {
    fn read(&self, request: &WebhookRequest) -> Batch {
        self.batches.lock().unwrap().get(request.body.as_ref()).cloned().unwrap_or_default()
    }

    /// A webhook that will be read as this.
    fn webhook(&self, question: Option<Question>, events: Vec<Event>) -> WebhookRequest {
        let mut batches = self.batches.lock().unwrap();
        let body = format!("webhook {}", batches.len());
        batches.insert(body.clone().into_bytes(), Batch { events, question, ..Batch::default() });
        WebhookRequest::post("https://voice.example.com/", body)
    }
}

impl Inbound for Exchange {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        Ok(self.read(request))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        self.read(stored.request())
    }

    fn respond(&self, question: &Question, decision: &Decision) -> Reply {
        self.answered.lock().unwrap().push((question.clone(), decision.clone()));
        Reply::xml("<Response/>")
    }
}

struct Lines {
    engine: Engine,
    store: Arc<FakeRepository>,
    exchange: Arc<Exchange>,
    phones: Phones,
    clock: ManualClock,
}

fn lines() -> Lines {
    lines_with(|_| {})
}

/// An organisation with two lines; what is not set is as the settings have it.
fn lines_with(change: impl FnOnce(&mut Settings)) -> Lines {
    let journal = Arc::new(Mutex::new(Vec::new()));
    let store = Arc::new(FakeRepository::new(Arc::clone(&journal)));
    store.state().accounts.extend([line(FIRST, "1", None), line(OWN, "7", Some(SHOWN))]);
    let phones = phones(&journal);
    let clock = ManualClock::at_unix(1_700_000_000);
    let exchange = Arc::new(Exchange::default());
    let engine = engine(store.clone(), &exchange, &phones, &clock, change);
    Lines { engine, store, exchange, phones, clock }
}

type Phones = HashMap<AccountId, Arc<Desk>>;

/// A channel for each line.
fn phones(journal: &Journal) -> Phones {
    let desks = [FIRST, OWN].map(|number| Arc::new(Desk::phone(number, Arc::clone(journal))));
    desks.into_iter().map(|desk| (desk.account().clone(), desk)).collect()
}

fn engine(
    store: Arc<dyn Repository>,
    exchange: &Arc<Exchange>,
    phones: &Phones,
    clock: &ManualClock,
    change: impl FnOnce(&mut Settings),
) -> Engine {
    let mut settings = Settings::default();
    settings.first_organization = Some("north".into());
    change(&mut settings);
    Engine::builder(store, Arc::new(Directory(phones.clone())))
        .inbound("voice", exchange.clone())
        .blobs(BlobStore::memory())
        .clock(Arc::new(clock.clone()))
        .settings(settings)
        .build()
}

fn line(number: &str, owner: &str, caller_id: Option<&str>) -> Account {
    Account {
        channel: ChannelKind::Voice,
        parent: Some(ABOVE.into()),
        owner: Some(owner.into()),
        caller_id: caller_id.map(str::to_owned),
        ..account(AccountId::of("memory", number))
    }
}

impl Lines {
    /// A webhook that asks something, and the answer to it.
    async fn ask(&self, question: Question, events: Vec<Event>) -> Decision {
        let webhook = self.webhook(question, events);
        self.engine.receive("voice", webhook).await.unwrap();
        self.answered().1
    }

    fn webhook(&self, question: Question, events: Vec<Event>) -> WebhookRequest {
        self.exchange.webhook(Some(question), events)
    }

    /// The last answer.
    fn answered(&self) -> (Question, Decision) {
        self.exchange.answered.lock().unwrap().last().cloned().unwrap()
    }

    /// The browser of user 7 calls.
    async fn dials(&self, to: &str) -> Decision {
        self.browser_calls("7", to, &[]).await
    }

    async fn browser_calls(&self, identity: &str, to: &str, parameters: &[(&str, &str)]) -> Decision {
        let (question, events) = browser_call("CA1", identity, to, parameters);
        self.ask(question, events).await
    }

    /// The only record.
    fn record(&self) -> HistoryEntry {
        let state = self.store.state();
        assert_eq!(state.messages.len(), 1, "one call is one record");
        state.messages.values().next().unwrap().detail.entry.clone()
    }

    fn phone(&self, number: &str) -> &Desk {
        &self.phones[&AccountId::of("memory", number)]
    }

    /// Lets time pass between calls.
    fn later(&self, by: Duration) {
        self.clock.advance(by);
    }
}

fn browser(identity: &str) -> Address {
    Address::verbatim(AddressKind::VoiceClient, identity)
}

fn phone(number: &str) -> Address {
    Address::phone(number, None).unwrap()
}

fn browser_call(call: &str, identity: &str, to: &str, parameters: &[(&str, &str)]) -> (Question, Vec<Event>) {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let asked = Asked::Dial { caller: browser(identity), to: to.to_owned(), parameters: parameters.collect() };
    let mut message = InboundMessage::new(
        Party::of(Address::verbatim(AddressKind::Other, to)),
        Content::Call(Call { from: Some(browser(identity)), ..Call::default() }),
    );
    message.origin = MessageOrigin::Echo;
    message.status = Some(Status::CallInitiated);
    (question(ABOVE.into(), call, asked), vec![event(ABOVE.into(), call, message)])
}

/// Somebody calls a line.
fn incoming_call(call: &str, to: &str, from: &Party, step: u8) -> (Question, Vec<Event>) {
    let account = AccountId::of("memory", to);
    let asked = Asked::Answer { caller: from.clone(), step };
    let mut message = InboundMessage::new(from.clone(), Content::Call(Call::default()));
    message.status = Some(Status::CallInitiated);
    let events = (step == 0).then(|| event(account.clone(), call, message));
    (question(account, call, asked), events.into_iter().collect())
}

fn question(account: AccountId, call: &str, asked: Asked) -> Question {
    Question { account, subject: call.to_owned(), asked }
}

fn event(account: AccountId, call: &str, message: InboundMessage) -> Event {
    Event {
        account,
        subject: call.to_owned(),
        key: EventKey::new(call),
        occurred_at: None,
        kind: EventKind::Message(Box::new(message)),
    }
}

/// The code of the refusal that a record tells of.
fn refusal(entry: &HistoryEntry) -> Option<&str> {
    entry.problem.as_ref().map(|problem| problem.code.as_str())
}

fn told(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

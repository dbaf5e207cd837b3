//! Calls that go on by chat, on the real store, with an agent whose words a test chooses.

mod answering;
mod crashes;
mod engines;
mod escalating;
mod following;
mod lost;
mod opening;
mod retention;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use comms_core::{
    AgentReply, AgentTurn, CallOutcome, CallProgress, CallReport, Channel, ChannelKind, Content, ContinuationId,
    Cursor, Error, ErrorKind, Event, EventKey, EventKind, InboundMessage, ManualClock, Outcome, Party, Result, Speaker,
    TextAgent, Utterance,
    history::{Continuation, DatabaseSettings, Organization, Repository, open},
};
use comms_engine::{AgentSettings, Engine, HandOff, HandedOff, OpeningTemplate, Settings, Trigger};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::{
    fake_channel::{Desk, Directory, person},
    scene::account,
};

const AGENT: &str = "agent_1";
const PHONE: &str = "+34600000000";

/// An agent whose words a test chooses; where it chooses none, it repeats what it hears.
pub struct ScriptedAgent {
    calls: Mutex<HashMap<String, VecDeque<Result<CallReport>>>>,
    replies: Mutex<VecDeque<Result<AgentReply>>>,
    asked: Mutex<Vec<AgentTurn>>,
    looked: Mutex<Vec<String>>,
    ended: Mutex<Vec<CallReport>>,
    /// An answer waits for a permit.
    gate: Semaphore,
    closed: AtomicBool,
}

impl Default for ScriptedAgent {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            replies: Mutex::default(),
            asked: Mutex::default(),
            looked: Mutex::default(),
            ended: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            closed: AtomicBool::default(),
        }
    }
}

impl fmt::Debug for ScriptedAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedAgent")
    }
}

impl ScriptedAgent {
    fn says(&self, text: &str) {
        self.replies(Ok(AgentReply { texts: vec![text.to_owned()], ..AgentReply::default() }));
    }

    fn replies(&self, reply: Result<AgentReply>) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// What is told of a call, look after look; the last is told ever after.
    fn call_is(&self, reports: impl IntoIterator<Item = Result<CallReport>>) {
        for report in reports {
            self.calls.lock().unwrap().entry("conv_1".to_owned()).or_default().push_back(report);
        }
    }

    fn asked(&self) -> Vec<AgentTurn> {
        self.asked.lock().unwrap().clone()
    }

    fn looks(&self) -> usize {
        self.looked.lock().unwrap().len()
    }
}

#[async_trait]
impl TextAgent for ScriptedAgent {
    fn provider(&self) -> &str {
        "elevenlabs"
    }

    async fn call(&self, conversation: &str) -> Result<CallReport> {
        self.looked.lock().unwrap().push(conversation.to_owned());
        let mut calls = self.calls.lock().unwrap();
        let Some(told) = calls.get_mut(conversation) else {
            return Ok(talked(conversation));
        };
        if told.len() > 1 { told.pop_front().unwrap() } else { told.front().unwrap().clone() }
    }

    async fn ended(&self, cursor: Option<Cursor>) -> Result<(Vec<CallReport>, Cursor)> {
        let ended = self.ended.lock().unwrap();
        let from: usize = cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        Ok((ended[from..].to_vec(), Cursor(ended.len().to_string())))
    }

    async fn reply(&self, turn: &AgentTurn) -> Result<AgentReply> {
        self.asked.lock().unwrap().push(turn.clone());
        self.gate.acquire().await.unwrap().forget();
        let scripted = self.replies.lock().unwrap().pop_front();
        let echo = || AgentReply { texts: vec![format!("eco: {}", turn.message)], ..AgentReply::default() };
        scripted.unwrap_or_else(|| Ok(echo()))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// A call in which agent and person spoke with each other.
fn talked(conversation: &str) -> CallReport {
    let mut report = CallReport::new(conversation, AGENT, CallProgress::Done);
    report.outcome = CallOutcome::Talked;
    report.summary = Some("Ana eligió el jueves.".to_owned());
    report.duration_secs = Some(27);
    report.phone = Some(PHONE.to_owned());
    report.transcript = vec![
        Utterance { speaker: Speaker::Agent, text: "¿Martes o jueves?".to_owned() },
        Utterance { speaker: Speaker::Person, text: "El jueves.".to_owned() },
    ];
    report
}

fn ended_as(outcome: CallOutcome) -> CallReport {
    CallReport { outcome, summary: None, transcript: Vec::new(), ..talked("conv_1") }
}

fn trouble(kind: ErrorKind, outcome: Outcome) -> Error {
    Error::new(kind, outcome, "no").provider("elevenlabs").operation("reply").code("some_code")
}

struct Office {
    engine: Engine,
    store: Arc<dyn Repository>,
    desk: Arc<Desk>,
    agent: Arc<ScriptedAgent>,
    clock: ManualClock,
    settings: Settings,
    folder: TempDir,
}

async fn office() -> Office {
    office_with(|_| {}).await
}

/// An office whose one agent writes on the one channel, with a template.
async fn office_with(set: impl FnOnce(&mut Settings)) -> Office {
    let folder = tempfile::tempdir().unwrap();
    let database = DatabaseSettings::sqlite(folder.path().join("history.db"));
    office_on(database, folder, set).await
}

/// The same on this database.
async fn office_on(database: DatabaseSettings, folder: TempDir, set: impl FnOnce(&mut Settings)) -> Office {
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = open(database, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    let desk = Arc::new(Desk::new("desk", Arc::default()));
    store.put_account(&account(desk.account().clone())).await.unwrap();
    let mut own = AgentSettings::default();
    own.channel = ChannelKind::WebChat;
    own.opening = "Hola {client_name|cliente}, gracias por la llamada.".to_owned();
    own.template = Some(OpeningTemplate {
        name: "tras_llamada".to_owned(),
        language: "es".to_owned(),
        variables: vec!["{client_name|cliente}".to_owned(), "{summary}".to_owned()],
    });
    own.handover = "Le responde una persona.".to_owned();
    let mut settings = Settings::default();
    settings.sole_process = true;
    settings.continuation.agents.insert(AGENT.to_owned(), own);
    settings.continuation.polls_for = Some("north".into());
    set(&mut settings);
    let agent = Arc::new(ScriptedAgent::default());
    let engine = process(&store, &desk, &agent, &clock, &settings);
    Office { engine, store, desk, agent, clock, settings, folder }
}

/// A process over the same store.
fn process(
    store: &Arc<dyn Repository>,
    desk: &Arc<Desk>,
    agent: &Arc<ScriptedAgent>,
    clock: &ManualClock,
    settings: &Settings,
) -> Engine {
    let channels = HashMap::from([(desk.account().clone(), Arc::clone(desk))]);
    Engine::builder(Arc::clone(store), Arc::new(Directory(channels)))
        .inbound("memory", Arc::new(comms_core::InMemoryChannel::new("desk")))
        .agent(Arc::clone(agent) as Arc<dyn TextAgent>)
        .clock(Arc::new(clock.clone()))
        .settings(settings.clone())
        .build()
}

impl Office {
    /// Another process, once every claim of the others has ended.
    fn successor(&self) -> Engine {
        self.clock.advance(Duration::from_secs(300));
        self.beside()
    }

    /// Another process at the same time.
    fn beside(&self) -> Engine {
        process(&self.store, &self.desk, &self.agent, &self.clock, &self.settings)
    }

    async fn call_ends(&self) -> HandedOff {
        self.engine.hand_off(call("conv_1")).await.unwrap()
    }

    /// A call whose first message is on its way.
    async fn opened(&self) -> ContinuationId {
        let handed = self.call_ends().await;
        self.works().await;
        let one = self.one(handed.continuation.id).await;
        assert!(one.opened_at.is_some(), "{one:?}");
        // Nobody answers within the same moment.
        self.clock.advance(Duration::from_millis(1));
        one.id
    }

    async fn one(&self, id: ContinuationId) -> Continuation {
        self.store.continuation(&"north".into(), id).await.unwrap()
    }

    /// The person writes, under this id at the provider.
    async fn hears(&self, provider_id: &str, body: &str) {
        self.hears_this(provider_id, Content::text(body)).await;
    }

    async fn hears_this(&self, provider_id: &str, content: Content) {
        let event = Event {
            account: self.desk.account().clone(),
            subject: provider_id.to_owned(),
            key: EventKey::new(provider_id),
            occurred_at: Some(comms_core::Clock::now(&self.clock)),
            kind: EventKind::Message(Box::new(InboundMessage::new(Party::of(person()), content))),
        };
        self.receive(event).await;
    }

    async fn receive(&self, event: Event) {
        let webhook = self.desk.inner.webhook(&[event]).unwrap();
        self.engine.receive("memory", webhook).await.unwrap();
    }

    /// Everything that is due is done, and what follows of it.
    async fn works(&self) {
        while self.engine.continue_due().await.unwrap() > 0 {}
    }

    /// The same after this long.
    async fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.works().await;
    }

    /// What the person was sent, in order.
    fn sent(&self) -> Vec<String> {
        self.desk.inner.sent().iter().map(|message| message.content.summary()).collect()
    }
}

fn call(conversation: &str) -> HandOff {
    let mut call = HandOff::new("north".into(), Trigger::CallCompleted, conversation, AGENT);
    call.phone = Some(PHONE.to_owned());
    call.client_name = Some("Ana".to_owned());
    call.outcome = Some(CallOutcome::Talked);
    call.metadata.insert("group_name".to_owned(), "Campaña Octubre".into());
    call
}

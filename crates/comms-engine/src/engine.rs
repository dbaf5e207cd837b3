//! The engine and its parts.

use std::{collections::HashMap, fmt, sync::Arc};

use comms_core::{ChannelDirectory, Clock, Inbound, SystemClock, TextAgent, history::Repository};
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    Hooks, blobs::BlobStore, continuation::Agents, health::WorkerBoard, hooks::Lanes, long::Long, pacer::Pacer,
    realtime::Hub, settings::Settings, templates::TemplateCache, turns::Turns,
};

/// Every rule between the store and the channels. Cheap to clone: clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    repository: Arc<dyn Repository>,
    channels: Arc<dyn ChannelDirectory>,
    inbound: HashMap<String, Arc<dyn Inbound>>,
    blobs: Option<BlobStore>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    templates: TemplateCache,
    sends: Arc<Semaphore>,
    outbox: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    long: Long,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    board: WorkerBoard,
    hub: Arc<Hub>,
    pacer: Arc<Pacer>,
    hooks: Option<Hooks>,
    lanes: Arc<Lanes>,
    agents: Option<Agents>,
    turns: Turns,
    bell: Notify,
    stop: watch::Sender<bool>,
}

impl Engine {
    /// An engine over this store and these channels.
    pub fn builder(repository: Arc<dyn Repository>, channels: Arc<dyn ChannelDirectory>) -> EngineBuilder {
        EngineBuilder {
            repository,
            channels,
            inbound: HashMap::new(),
            blobs: None,
            clock: Arc::new(SystemClock),
            jitter: Arc::new(random),
            settings: Settings::default(),
            hooks: None,
            agent: None,
        }
    }

    /// The store, for what has no rule: pages of the history, accounts, tokens.
    #[must_use]
    pub fn repository(&self) -> &Arc<dyn Repository> {
        &self.0.repository
    }

    /// The channels.
    #[must_use]
    pub fn channels(&self) -> &Arc<dyn ChannelDirectory> {
        &self.0.channels
    }

    /// Where files are kept; `None` where none are.
    #[must_use]
    pub fn blobs(&self) -> Option<&BlobStore> {
        self.0.blobs.as_ref()
    }

    /// What was set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whether webhooks of this provider are taken.
    #[must_use]
    pub fn takes(&self, provider: &str) -> bool {
        self.0.inbound.contains_key(provider)
    }

    pub(crate) fn parser(&self, provider: &str) -> Option<&Arc<dyn Inbound>> {
        self.0.inbound.get(provider)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.0.clock.now()
    }

    pub(crate) fn template_cache(&self) -> &TemplateCache {
        &self.0.templates
    }

    pub(crate) fn sends(&self) -> &Arc<Semaphore> {
        &self.0.sends
    }

    /// Bounds the messages of the queue that are being sent.
    pub(crate) fn outbox(&self) -> &Arc<Semaphore> {
        &self.0.outbox
    }

    /// The places in which mailboxes are read.
    pub(crate) fn readers(&self) -> &Arc<Semaphore> {
        &self.0.readers
    }

    /// Bounds the long webhooks that are read and stored.
    pub(crate) fn long(&self) -> &Long {
        &self.0.long
    }

    pub(crate) fn jitter(&self) -> f64 {
        (self.0.jitter)()
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(crate) fn pacer(&self) -> &Arc<Pacer> {
        &self.0.pacer
    }

    /// What outgoing webhooks need; `None` where there are none.
    pub(crate) fn hooks(&self) -> Option<&Hooks> {
        self.0.hooks.as_ref()
    }

    /// Bounds the outgoing webhooks that are under way.
    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.0.lanes
    }

    /// Who goes on with calls by chat; `None` where nobody does.
    pub(crate) fn agents(&self) -> Option<&Agents> {
        self.0.agents.as_ref()
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// Rings where a source is to be read before its time.
    pub(crate) fn bell(&self) -> &Notify {
        &self.0.bell
    }

    pub(crate) fn stop_flag(&self) -> &watch::Sender<bool> {
        &self.0.stop
    }

    pub(crate) fn board(&self) -> &WorkerBoard {
        &self.0.board
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("repository", &self.0.repository)
            .field("inbound", &self.0.inbound.keys())
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// Collects the parts of an [`Engine`].
#[must_use]
pub struct EngineBuilder {
    repository: Arc<dyn Repository>,
    channels: Arc<dyn ChannelDirectory>,
    inbound: HashMap<String, Arc<dyn Inbound>>,
    blobs: Option<BlobStore>,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    settings: Settings,
    hooks: Option<Hooks>,
    agent: Option<Arc<dyn TextAgent>>,
}

impl EngineBuilder {
    /// Takes webhooks of this provider, read by this parser. The name is stored with each webhook: it must stay the same
    /// for as long as they are to be replayed.
    pub fn inbound(mut self, provider: impl Into<String>, parser: Arc<dyn Inbound>) -> Self {
        self.inbound.insert(provider.into(), parser);
        self
    }

    /// Keeps the files of inbound messages here. Without it they stay at the provider and are lost when their links end.
    pub fn blobs(mut self, store: BlobStore) -> Self {
        self.blobs = Some(store);
        self
    }

    /// Tells other systems of the event log. Without it there are no outgoing webhooks.
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Calls of these agents go on by chat. Without it calls may be handed off and nothing comes of them.
    pub fn agent(mut self, agent: Arc<dyn TextAgent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Where the time comes from; the machine's clock where not called.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where the random part of waits comes from: numbers from 0 to 1. For tests, which must know them.
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    /// Time-outs, bounds and rhythms.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The engine. Nothing runs until [`Engine::start`].
    #[must_use]
    pub fn build(self) -> Engine {
        let sends = Arc::new(Semaphore::new(self.settings.sends_at_once as usize));
        let long = Long::new(self.settings.long_bytes);
        let outbox = Arc::new(Semaphore::new(self.settings.outbox_at_once.into()));
        let readers = Arc::new(Semaphore::new(self.settings.sources.at_once.into()));
        let agents = self.agent.map(|agent| Agents::new(agent, self.settings.continuation.at_once));
        let templates = TemplateCache::new(self.settings.templates_ttl);
        Engine(Arc::new(Inner {
            repository: self.repository,
            channels: self.channels,
            inbound: self.inbound,
            blobs: self.blobs,
            clock: self.clock,
            settings: self.settings,
            templates,
            sends,
            outbox,
            readers,
            long,
            jitter: self.jitter,
            board: WorkerBoard::default(),
            hub: Arc::default(),
            pacer: Arc::default(),
            hooks: self.hooks,
            lanes: Arc::default(),
            agents,
            turns: Turns::default(),
            bell: Notify::new(),
            stop: watch::Sender::new(false),
        }))
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("repository", &self.repository)
            .field("inbound", &self.inbound.keys())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A random number from 0 to 1, of the random bits of a new id.
fn random() -> f64 {
    let bits = u32::try_from(uuid::Uuid::now_v7().as_u128() & u128::from(u32::MAX)).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

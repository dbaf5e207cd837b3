//! A channel whose behaviour a test chooses, over the reference channel.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use comms_core::{
    AccountId, Address, AddressKind, ByteStream, CallControl, Capabilities, Channel, ChannelDirectory, ChannelKind,
    Content, ContentKind, Error, Found, InMemoryChannel, MediaRef, MediaStream, Outbound, Probe, Receipt, Result,
    Status, TemplateSummary,
};
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

use crate::fake_repository::Journal;

/// The reference channel with a window, templates, files and a gate.
#[derive(Debug)]
pub struct Desk {
    pub inner: InMemoryChannel,
    /// What was called, in the order of the store's journal.
    pub journal: Journal,
    /// A send waits for a permit. Tests that hold a send back start with none.
    pub gate: Semaphore,
    pub behaviour: Mutex<Behaviour>,
    /// A telephone instead of a chat.
    pub is_phone: bool,
    /// The calls that were hung up.
    pub hung_up: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
pub struct Behaviour {
    pub window: Option<Duration>,
    pub templates: Option<Vec<TemplateSummary>>,
    pub panics: bool,
    pub found: Option<Found>,
    pub files: VecDeque<Result<Served>>,
    pub read: Option<Error>,
    pub pace: comms_core::Pace,
    pub pace_shared: Option<AccountId>,
}

/// A file as the provider serves it.
#[derive(Debug)]
pub struct Served {
    pub length: Option<u64>,
    pub chunks: Vec<Result<Bytes>>,
    /// Whether nothing follows the last chunk, not even the end.
    pub hangs: bool,
}

impl Served {
    pub fn whole(bytes: &'static [u8]) -> Self {
        Self {
            length: Some(bytes.len() as u64),
            chunks: bytes.chunks(4).map(|chunk| Ok(Bytes::from_static(chunk))).collect(),
            hangs: false,
        }
    }

    /// A beginning, and silence after it.
    pub fn endless() -> Self {
        Self { length: None, chunks: vec![Ok(Bytes::from_static(b"the"))], hangs: true }
    }

    fn body(self) -> ByteStream {
        let chunks = stream::iter(self.chunks);
        if self.hangs {
            return Box::pin(chunks.chain(stream::pending()));
        }
        Box::pin(chunks)
    }
}

impl Desk {
    pub fn new(name: &str, journal: Journal) -> Self {
        Self {
            inner: InMemoryChannel::new(name),
            journal,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            behaviour: Mutex::default(),
            is_phone: false,
            hung_up: Mutex::default(),
        }
    }

    /// A channel of calls, of account `memory:<number>`.
    pub fn phone(number: &str, journal: Journal) -> Self {
        Self { is_phone: true, ..Self::new(number, journal) }
    }

    pub fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().unwrap());
    }

    fn note(&self, what: &str) {
        self.journal.lock().unwrap().push(what.to_owned());
    }
}

#[async_trait]
impl Channel for Desk {
    fn account(&self) -> &AccountId {
        self.inner.account()
    }

    fn kind(&self) -> ChannelKind {
        if self.is_phone { ChannelKind::Voice } else { ChannelKind::WebChat }
    }

    fn capabilities(&self) -> Capabilities {
        if self.is_phone {
            let mut phone = Capabilities::new(&[ContentKind::Call], &[AddressKind::Phone, AddressKind::VoiceClient]);
            let behaviour = self.behaviour.lock().unwrap();
            phone.pace = behaviour.pace;
            phone.pace_shared = behaviour.pace_shared.clone();
            return phone;
        }
        let mut capabilities = self.inner.capabilities();
        capabilities.contents.push(ContentKind::Template);
        capabilities.window = self.behaviour.lock().unwrap().window;
        capabilities.pace = self.behaviour.lock().unwrap().pace;
        capabilities
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.note("send");
        self.gate.acquire().await.unwrap().forget();
        assert!(!self.behaviour.lock().unwrap().panics, "told to panic");
        if self.is_phone {
            let plain = Outbound { to: person(), content: Content::text("a call"), ..message.clone() };
            let receipt = self.inner.send(&plain).await?;
            return Ok(Receipt { status: Status::CallInitiated, ..receipt });
        }
        if matches!(message.content, Content::Template(_)) {
            let plain = Outbound { content: Content::text(message.content.summary()), ..message.clone() };
            return self.inner.send(&plain).await;
        }
        self.inner.send(message).await
    }

    async fn find(&self, probe: &Probe) -> Result<Found> {
        self.note("find");
        let found = self.behaviour.lock().unwrap().found.clone();
        match found {
            Some(found) => Ok(found),
            None => self.inner.find(probe).await,
        }
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        self.note("fetch");
        let served = self.behaviour.lock().unwrap().files.pop_front();
        match served {
            None => self.inner.fetch(media).await,
            Some(Err(error)) => Err(error),
            Some(Ok(served)) => Ok(MediaStream {
                content_type: Some("text/plain".to_owned()),
                length: served.length,
                body: served.body(),
            }),
        }
    }

    async fn mark_read(&self, _: &str) -> Result<()> {
        self.note("mark_read");
        self.behaviour.lock().unwrap().read.clone().map_or(Ok(()), Err)
    }

    fn calls(&self) -> Option<&dyn CallControl> {
        self.is_phone.then_some(self)
    }

    async fn templates(&self) -> Result<Vec<TemplateSummary>> {
        self.note("templates");
        let templates = self.behaviour.lock().unwrap().templates.clone();
        templates.ok_or_else(|| Error::unsupported("this channel has no templates"))
    }
}

#[async_trait]
impl CallControl for Desk {
    async fn hang_up(&self, provider_id: &str) -> Result<()> {
        self.hung_up.lock().unwrap().push(provider_id.to_owned());
        Ok(())
    }
}

/// The channels of a test.
#[derive(Debug, Default)]
pub struct Directory(pub HashMap<AccountId, Arc<Desk>>);

#[async_trait]
impl ChannelDirectory for Directory {
    async fn resolve(&self, account: &AccountId) -> Result<Arc<dyn Channel>> {
        let desk = self.0.get(account).cloned();
        desk.map(|desk| desk as Arc<dyn Channel>).ok_or_else(|| Error::config("no credential is set"))
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        let sends = kind == ChannelKind::WebChat;
        self.0.keys().filter(|_| sends).cloned().collect()
    }
}

/// The person at the other end.
pub fn person() -> Address {
    Address::phone("+34600000000", None).unwrap()
}

//! An engine with one organisation, one account and one channel.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use comms_core::{
    AccountId, Channel, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage, ManualClock, MessageId,
    Party, UserId, WebhookRequest,
    history::{Account, Scope},
};
use comms_engine::{BlobStore, Engine, SendRequest, Settings};

use crate::{
    fake_channel::{Desk, Directory, person},
    fake_repository::FakeRepository,
};

pub struct Scene {
    pub engine: Engine,
    pub store: Arc<FakeRepository>,
    pub desk: Arc<Desk>,
    pub clock: ManualClock,
}

/// The organisation's account `memory:desk` is registered and can send.
pub fn scene() -> Scene {
    scene_with(Settings::default())
}

pub fn scene_with(settings: Settings) -> Scene {
    let journal = Arc::new(Mutex::new(Vec::new()));
    let store = Arc::new(FakeRepository::new(Arc::clone(&journal)));
    let desk = Arc::new(Desk::new("desk", journal));
    let own = account(desk.account().clone());
    store.state().accounts.push(own);
    let channels = HashMap::from([(desk.account().clone(), Arc::clone(&desk))]);
    let clock = ManualClock::at_unix(1_700_000_000);
    let parser = comms_core::InMemoryChannel::new("desk");
    let engine = Engine::builder(store.clone(), Arc::new(Directory(channels)))
        .inbound("memory", Arc::new(parser))
        .blobs(BlobStore::memory())
        .clock(Arc::new(clock.clone()))
        .settings(settings)
        .build();
    Scene { engine, store, desk, clock }
}

impl Scene {
    /// Where a method was called, by store and channel, since the last look.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.store.journal.lock().unwrap())
    }

    /// A signed webhook with a text from the person, under this provider id, to this account.
    pub fn webhook(&self, account: &str, provider_id: &str) -> WebhookRequest {
        self.desk.inner.webhook(&[text_event(account, provider_id)]).unwrap()
    }

    /// Receives a message and gives its id.
    pub async fn received(&self, provider_id: &str) -> MessageId {
        let webhook = self.webhook("memory:desk", provider_id);
        self.engine.receive("memory", webhook).await.unwrap();
        *self.store.state().messages.keys().next_back().unwrap()
    }
}

pub fn account(id: AccountId) -> Account {
    Account {
        id,
        organization: "north".into(),
        channel: ChannelKind::WebChat,
        name: None,
        parent: None,
        owner: Some("1".into()),
        caller_id: None,
        active: true,
    }
}

pub fn admin() -> Scope {
    Scope { organization: "north".into(), seller: None }
}

pub fn seller(id: &str) -> Scope {
    Scope { organization: "north".into(), seller: Some(id.into()) }
}

pub fn user() -> UserId {
    "7".into()
}

/// A text to the person.
pub fn text(body: &str) -> SendRequest {
    content(Content::text(body))
}

pub fn content(content: Content) -> SendRequest {
    SendRequest::new(admin(), user(), ChannelKind::WebChat, person(), content)
}

pub fn text_event(account: &str, provider_id: &str) -> Event {
    let message = InboundMessage::new(Party::of(person()), Content::text("hola"));
    Event {
        account: account.into(),
        subject: provider_id.to_owned(),
        key: EventKey::new(provider_id),
        occurred_at: None,
        kind: EventKind::Message(Box::new(message)),
    }
}

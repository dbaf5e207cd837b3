//! The repository, called as the engine calls it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use comms_core::{
    AccountId, Address, Batch, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage, Party, SystemClock,
    WebhookId, WebhookRequest,
    history::{Account, DatabaseSettings, NewWebhook, Repository, open},
};
use time::OffsetDateTime;

use crate::{MEASURED, PEOPLE, Tally};

/// A repository in a file.
pub async fn sqlite(path: &Path) -> Arc<dyn Repository> {
    ready(DatabaseSettings::sqlite(path)).await
}

/// A repository on a server.
pub async fn postgres(address: &str) -> Arc<dyn Repository> {
    ready(DatabaseSettings::parse(address).unwrap()).await
}

async fn ready(settings: DatabaseSettings) -> Arc<dyn Repository> {
    let store = open(settings, Arc::new(SystemClock)).await.unwrap();
    store.migrate().await.unwrap();
    let organization = store.organizations().await.unwrap().remove(0).id;
    let account = Account {
        id: AccountId::of("whatsapp", "106540352242922"),
        organization,
        channel: ChannelKind::WhatsApp,
        name: None,
        parent: None,
        owner: Some("1".into()),
        caller_id: None,
        active: true,
    };
    store.put_account(&account).await.unwrap();
    store
}

/// Distinct text messages of many people, from 1, 16, 64 and 256 callers.
pub async fn measure(engine: &str, store: &Arc<dyn Repository>) {
    let next = Arc::new(AtomicU64::new(0));
    for callers in [1, 16, 64, 256] {
        let started = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (store, next) = (store.clone(), next.clone());
                tokio::spawn(async move {
                    let mut tally = Tally::default();
                    while started.elapsed() < MEASURED {
                        let webhook = webhook(next.fetch_add(1, Ordering::Relaxed));
                        let stored = tally.time(store.ingest(webhook)).await.unwrap();
                        assert_eq!(stored.messages, 1);
                    }
                    tally
                })
            })
            .collect();
        let mut tally = Tally::default();
        for task in tasks {
            tally.add(task.await.unwrap());
        }
        tally.print(engine, "repository", callers, started.elapsed());
    }
}

fn webhook(number: u64) -> NewWebhook {
    let person = number as usize % PEOPLE;
    let phone = format!("+346{:08}", person);
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"102290129340398","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"106540352242922"}},"contacts":[{{"profile":{{"name":"Persona {person}"}},"wa_id":"346{person:08}"}}],"messages":[{{"from":"346{person:08}","id":"wamid.{number:032}","timestamp":"1750000000","text":{{"body":"Mensaje número {number} de una conversación cualquiera"}},"type":"text"}}]}},"field":"messages"}}]}}]}}"#
    );
    let mut party = Party::of(Address::verbatim(comms_core::AddressKind::Phone, phone));
    party.name = Some(format!("Persona {person}"));
    let event = Event {
        account: AccountId::of("whatsapp", "106540352242922"),
        subject: format!("wamid.{number:032}"),
        key: EventKey::new(format!("wamid.{number:032}")),
        occurred_at: OffsetDateTime::from_unix_timestamp(1_750_000_000).ok(),
        kind: EventKind::Message(Box::new(InboundMessage::new(
            party,
            Content::text(format!("Mensaje número {number} de una conversación cualquiera")),
        ))),
    };
    NewWebhook {
        id: WebhookId::new(),
        provider: "whatsapp".to_owned(),
        request: Some(WebhookRequest::post("https://host.test/api/comunicaciones/webhook/whatsapp", body)),
        received_at: OffsetDateTime::now_utc(),
        batch: Batch { events: vec![event], ..Batch::default() },
    }
}

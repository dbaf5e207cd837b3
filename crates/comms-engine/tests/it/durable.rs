//! The stories that matter most again, on the real store.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{
    Channel, Content, Error, ErrorKind, Event, EventKey, EventKind, ManualClock, Media, MediaKind, MediaRef, MessageId,
    OptChange, Outcome, Party, Status,
    history::{
        AttachmentState, DatabaseSettings, HistoryEntry, HistoryFilter, Organization, Repository, WebhookFilter, open,
    },
};
use comms_engine::{BlobStore, Code, Engine, Settings};
use futures_util::TryStreamExt;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::{
    fake_channel::{Desk, Directory, person},
    scene::{account, admin, text, text_event, user},
};

struct Durable {
    engine: Engine,
    store: Arc<dyn Repository>,
    desk: Arc<Desk>,
    clock: ManualClock,
    folder: TempDir,
}

async fn durable() -> Durable {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = database(folder.path(), &clock).await;
    store.migrate().await.unwrap();
    let organization = Organization { id: "north".into(), name: "North".to_owned() };
    store.put_organization(&organization).await.unwrap();
    let desk = Arc::new(Desk::new("desk", Arc::new(Mutex::new(Vec::new()))));
    store.put_account(&account(desk.account().clone())).await.unwrap();
    let engine = engine(&store, &desk, &clock);
    Durable { engine, store, desk, clock, folder }
}

async fn database(folder: &Path, clock: &ManualClock) -> Arc<dyn Repository> {
    let settings = DatabaseSettings::sqlite(folder.join("history.db"));
    open(settings, Arc::new(clock.clone())).await.unwrap()
}

fn engine(store: &Arc<dyn Repository>, desk: &Arc<Desk>, clock: &ManualClock) -> Engine {
    let mut settings = Settings::default();
    settings.sole_process = true;
    let channels = HashMap::from([(desk.account().clone(), Arc::clone(desk))]);
    Engine::builder(Arc::clone(store), Arc::new(Directory(channels)))
        .inbound("memory", Arc::new(comms_core::InMemoryChannel::new("desk")))
        .blobs(BlobStore::memory())
        .clock(Arc::new(clock.clone()))
        .settings(settings)
        .build()
}

impl Durable {
    async fn receive(&self, event: Event) -> comms_core::history::Ingested {
        let webhook = self.desk.inner.webhook(&[event]).unwrap();
        self.engine.receive("memory", webhook).await.unwrap().ingested
    }

    async fn history(&self) -> Vec<HistoryEntry> {
        let filter = HistoryFilter { limit: 50, ..HistoryFilter::default() };
        self.store.history(&admin(), &filter).await.unwrap().entries
    }

    async fn status(&self, message: MessageId) -> Status {
        self.store.message(&admin(), message).await.unwrap().entry.status
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_process_is_gone() {
    let mut scene = durable().await;
    let first = scene.receive(text_event("memory:desk", "m1")).await;
    let again = scene.receive(text_event("memory:desk", "m1")).await;
    assert_eq!((first.messages, again.messages, again.duplicates), (1, 0, 1));

    scene.store.close().await;
    drop((scene.engine, scene.store));
    scene.store = database(scene.folder.path(), &scene.clock).await;
    scene.engine = engine(&scene.store, &scene.desk, &scene.clock);
    let history = scene.history().await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].provider_id.as_deref(), Some("m1"));
    let report = scene.engine.replay(&WebhookFilter::default()).await.unwrap();
    assert_eq!((report.webhooks, report.messages, report.duplicates), (2, 0, 2));
}

#[tokio::test]
async fn a_message_is_sent_once_for_each_key_and_its_state_is_kept() {
    let scene = durable().await;
    let mut request = text("hola");
    request.idempotency_key = Some("k1".to_owned());
    let first = scene.engine.send(request.clone()).await.unwrap();
    let second = scene.engine.send(request.clone()).await.unwrap();
    assert_eq!((first.message, true), (second.message, second.repeated));
    assert_eq!(scene.desk.inner.sent().len(), 1);
    assert_eq!(scene.status(first.message).await, Status::Accepted);

    request.content = Content::text("otra cosa");
    let error = scene.engine.send(request).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

#[tokio::test]
async fn a_failed_message_is_tried_again_once() {
    let scene = durable().await;
    let no = Error::new(ErrorKind::Provider, Outcome::Rejected, "no").code("131026");
    scene.desk.inner.fail_next(no);
    let failed = scene.engine.send(text("hola")).await.unwrap();
    let detail = scene.store.message(&admin(), failed.message).await.unwrap();
    assert_eq!(detail.entry.problem.unwrap().code, "131026");

    let again = scene.engine.retry(&admin(), &user(), failed.message, false).await.unwrap();
    let repeated = scene.engine.retry(&admin(), &user(), failed.message, false).await.unwrap();
    assert_eq!((again.message, repeated.repeated), (repeated.message, true));
    let detail = scene.store.message(&admin(), again.message).await.unwrap();
    assert_eq!(detail.retry_of, Some(failed.message));
    assert_eq!(scene.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn a_restart_in_the_middle_of_an_attempt_leaves_it_unknown_and_a_late_answer_mends_it() {
    let scene = durable().await;
    scene.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    let old = scene.engine.clone();
    let under_way = tokio::spawn(async move { old.send(text("hola")).await });
    while scene.history().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let message = scene.history().await[0].message;
    assert_eq!(scene.status(message).await, Status::Sending);

    let restarted = engine(&scene.store, &scene.desk, &scene.clock);
    let workers = restarted.start().await;
    assert_eq!(scene.status(message).await, Status::Unknown);
    assert!(scene.desk.inner.sent().is_empty(), "nobody sent it again");

    scene.desk.gate.add_permits(1);
    under_way.await.unwrap().unwrap();
    assert_eq!(scene.status(message).await, Status::Accepted);
    assert_eq!(scene.desk.inner.sent().len(), 1);
    workers.stop().await;
}

#[tokio::test]
async fn webhooks_of_an_unknown_account_wait_for_it() {
    let scene = durable().await;
    let ingested = scene.receive(text_event("memory:new", "m1")).await;
    assert_eq!((ingested.messages, ingested.quarantined), (0, 1));
    assert!(scene.history().await.is_empty());
    assert_eq!(scene.store.quarantine().await.unwrap().len(), 1);

    let assigned = scene.engine.assign_account(account("memory:new".into())).await.unwrap();
    assert_eq!(assigned.replay.messages, 1);
    assert_eq!(scene.history().await.len(), 1);
    assert!(scene.store.quarantine().await.unwrap().is_empty());
    let again = scene.engine.assign_account(account("memory:new".into())).await.unwrap();
    assert_eq!(again.replay.webhooks, 0);
}

#[tokio::test]
async fn the_sweep_finds_what_an_interrupted_registration_left() {
    let scene = durable().await;
    scene.receive(text_event("memory:new", "m1")).await;
    assert_eq!(scene.engine.release_quarantine().await.unwrap().webhooks, 0);
    scene.store.put_account(&account("memory:new".into())).await.unwrap();
    assert_eq!(scene.engine.release_quarantine().await.unwrap().messages, 1);
}

#[tokio::test]
async fn the_file_of_an_inbound_message_is_fetched_after_a_failure() {
    let scene = durable().await;
    let mut event = text_event("memory:desk", "m1");
    if let EventKind::Message(message) = &mut event.kind {
        message.content = Content::Media(Media {
            kind: MediaKind::Image,
            source: MediaRef::Id("photo".to_owned()),
            caption: None,
            filename: None,
            mime_type: Some("image/jpeg".to_owned()),
            sha256: None,
        });
    }
    scene.receive(event).await;
    let away = Error::new(ErrorKind::Transport, Outcome::NotSent, "away");
    scene.desk.set(|behaviour| behaviour.files.push_back(Err(away)));
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 1);
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 0, "not before its time");

    scene.clock.advance(Duration::from_secs(60));
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 1);
    let attachment = scene.history().await[0].attachments[0].clone();
    assert_eq!((attachment.state, attachment.size), (AttachmentState::Stored, Some(5)));
    let blobs = scene.engine.blobs().unwrap();
    let blob = blobs.open(&"north".into(), &attachment.blob_key.unwrap()).await.unwrap();
    let chunks: Vec<_> = blob.body.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"photo");
}

#[tokio::test]
async fn the_window_opens_with_the_other_partys_message() {
    let scene = durable().await;
    let day = Duration::from_secs(86_400);
    scene.desk.set(|behaviour| behaviour.window = Some(day));
    let refused = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);

    scene.receive(text_event("memory:desk", "m1")).await;
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Accepted);
    scene.clock.advance(day);
    let refused = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);
}

#[tokio::test]
async fn who_writes_stop_is_not_written_to_until_they_write_start() {
    let scene = durable().await;
    let opt = |key: &str, opted_in| Event {
        key: EventKey::new(key),
        kind: EventKind::Opt(OptChange {
            party: Party::of(person()),
            opted_in,
            scope: "messages".to_owned(),
            raw: serde_json::Value::Null,
        }),
        ..text_event("memory:desk", key)
    };
    assert_eq!(scene.engine.send(text("hola")).await.unwrap().status, Status::Accepted);
    for (key, opted_in, refused) in [("stop", false, Some(Code::OptedOut)), ("start", true, None)] {
        scene.receive(text_event("memory:desk", key)).await;
        scene.receive(opt(key, opted_in)).await;
        let code = scene.engine.send(text("hola")).await.err().map(|error| error.code());
        assert_eq!(code, refused, "after {key}");
        scene.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn reading_a_message_is_told_once() {
    let scene = durable().await;
    scene.receive(text_event("memory:desk", "m1")).await;
    let message = scene.history().await[0].message;
    assert!(scene.engine.mark_read(&admin(), &user(), message).await.unwrap().changed);
    assert!(!scene.engine.mark_read(&admin(), &user(), message).await.unwrap().changed);
}

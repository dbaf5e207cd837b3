//! Long webhooks: what strangers send does not decide how much memory we need.

use std::{
    future::poll_fn,
    sync::{Arc, Condvar, Mutex},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use comms_core::{
    Batch, Clock, Error, Inbound, MediaRef, StoredWebhook, WebhookId, WebhookRequest,
    history::{MediaJob, MediaOutcome, WebhookFilter},
};
use comms_engine::{Code, Engine, ReceiveError, Settings};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::scene::{Scene, scene_with};

const KIB: usize = 1024;
/// All that may be read at once here.
const ROOM: usize = 1024 * KIB;
/// For so long a reader waits for one that should not be there: each of them would come at once.
const MOMENT: Duration = Duration::from_millis(50);

/// A parser that knows how many bytes it has in its hands, and had at most.
#[derive(Debug, Default)]
struct Weighing {
    /// Now, and at most.
    bytes: Mutex<(usize, usize)>,
    more: Condvar,
}

impl Weighing {
    fn hold(&self, bytes: usize) {
        let mut held = self.bytes.lock().unwrap();
        held.0 += bytes;
        held.1 = held.1.max(held.0);
        self.more.notify_all();
        let too_much = |held: &mut (usize, usize)| held.1 <= ROOM;
        let (mut held, _) = self.more.wait_timeout_while(held, MOMENT, too_much).unwrap();
        held.0 -= bytes;
    }

    fn most(&self) -> usize {
        self.bytes.lock().unwrap().1
    }
}

impl Inbound for Weighing {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch, Error> {
        self.hold(request.body.len());
        Ok(Batch::default())
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        self.hold(stored.request().body.len());
        Batch::default()
    }

    fn files(&self, stored: &StoredWebhook) -> Vec<(String, Bytes)> {
        self.hold(stored.request().body.len());
        vec![("webhook/0".to_owned(), Bytes::from_static(b"a file"))]
    }
}

fn weighed() -> (Scene, Arc<Weighing>) {
    let mut settings = Settings::default();
    settings.long_bytes = ROOM;
    let (scene, parser) = (scene_with(settings.clone()), Arc::new(Weighing::default()));
    let engine = Engine::builder(scene.store.clone(), scene.engine.channels().clone())
        .inbound("weighed", parser.clone())
        .blobs(scene.engine.blobs().unwrap().clone())
        .clock(Arc::new(scene.clock.clone()))
        .settings(settings)
        .build();
    (Scene { engine, ..scene }, parser)
}

fn long(bytes: usize) -> WebhookRequest {
    WebhookRequest::post("https://example.org", vec![b'x'; bytes])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_of_them_is_read_at_once_than_there_is_room_for() {
    let (scene, parser) = weighed();
    let all = (0..8).map(|_| scene.engine.receive("weighed", long(400 * KIB)));
    assert!(join_all(all).await.iter().all(Result::is_ok));
    assert!((401 * KIB..=ROOM).contains(&parser.most()), "{} bytes at once", parser.most());
    assert_eq!(scene.store.state().webhooks.len(), 8);
}

#[tokio::test]
async fn room_is_given_back_when_what_was_read_is_stored() {
    let (scene, _) = weighed();
    let first = scene.engine.prove("weighed", long(600 * KIB)).await.unwrap();
    let mut second = Box::pin(scene.engine.prove("weighed", long(600 * KIB)));
    assert!(tokio::time::timeout(MOMENT * 4, &mut second).await.is_err(), "there was room for a second one");
    scene.engine.take(first).await.unwrap();
    drop(second.await.unwrap());
    // One that nobody stores gives its room back as well.
    scene.engine.prove("weighed", long(ROOM)).await.unwrap();
}

#[tokio::test]
async fn one_that_is_longer_than_all_of_the_room_is_read_alone() {
    let (scene, _) = weighed();
    scene.engine.receive("weighed", long(3 * ROOM)).await.unwrap();
    scene.engine.receive("weighed", long(3 * ROOM)).await.unwrap();
}

#[tokio::test]
async fn where_too_many_wait_the_provider_is_asked_to_come_again() {
    let (scene, _) = weighed();
    let engine = &scene.engine;
    let mut held = vec![engine.prove("weighed", long(ROOM)).await.unwrap()];
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(engine.prove("weighed", long(ROOM)))).collect();
    for one in &mut waiting {
        let asked = poll_fn(|context| Poll::Ready(one.as_mut().poll(context))).await;
        assert!(asked.is_pending());
    }
    let refused = engine.prove("weighed", long(ROOM)).await.unwrap_err();
    assert!(matches!(refused, ReceiveError::Busy), "{refused:?}");
    assert_eq!((refused.code(), refused.retry_after()), (Code::Busy, Some(Duration::from_secs(5))));
    // What is short is read all the same, and so is who waited.
    engine.receive("weighed", long(1)).await.unwrap();
    for one in waiting {
        held.clear();
        held.push(one.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_are_taken_out_of_them_within_the_same_room() {
    let (scene, parser) = weighed();
    let webhook = WebhookId::new();
    let stored = ("weighed".to_owned(), scene.clock.now(), long(800 * KIB));
    scene.store.state().webhooks.insert(webhook, stored);
    for _ in 0..4 {
        let job = MediaJob {
            id: Uuid::now_v7(),
            organization: "north".into(),
            account: "memory:desk".into(),
            source: MediaRef::Id("webhook/0".to_owned()),
            mime_type: None,
            sha256: None,
            webhook: Some(webhook),
            attempts: 0,
        };
        scene.store.state().media.push((job, scene.clock.now()));
    }
    let replay = WebhookFilter::default();
    let (fetched, again) = tokio::join!(scene.engine.fetch_media(), scene.engine.replay(&replay));
    assert_eq!((fetched.unwrap(), again.unwrap().webhooks), (4, 1));
    let outcomes = scene.store.state().media_outcomes.clone();
    assert!(outcomes.iter().all(|one| matches!(one, MediaOutcome::Stored { .. })), "{outcomes:?}");
    assert_eq!(parser.most(), 800 * KIB, "one at a time");
}

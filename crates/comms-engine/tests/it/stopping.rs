//! A process that is about to stop begins nothing, and gives back what it claimed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use comms_core::{
    Clock, MediaRef, Outcome, Status,
    history::{MediaJob, MediaOutcome},
};
use comms_engine::{
    Engine, Settings,
    realtime::{Delivery, Ending, EventFilter},
};
use uuid::Uuid;

use crate::{
    fake_channel::{Directory, Served},
    outbox::{Queue, queue},
    scene::{Scene, admin, scene, text},
};

const SECOND: Duration = Duration::from_secs(1);

impl Queue {
    /// Another process on the same store, with the same channel.
    fn another(&self) -> Engine {
        let channels = HashMap::from([("memory:desk".into(), Arc::clone(&self.desk))]);
        Engine::builder(Arc::clone(&self.store), Arc::new(Directory(channels)))
            .clock(Arc::new(self.clock.clone()))
            .settings(Settings::default())
            .build()
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.desk.journal.lock().unwrap())
    }
}

#[tokio::test]
async fn what_is_claimed_and_not_begun_is_sent_by_another_process_at_once() {
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    let message = queue.send(text("hola")).await;
    queue.calls();
    queue.engine.begin_stop();
    queue.after(2 * SECOND).await;
    assert!(queue.calls().is_empty(), "nothing is begun any more");
    assert_eq!(queue.status(message).await, Status::Queued);
    assert_eq!(queue.another().send_due().await.unwrap(), 1, "no lease is waited for");
    assert_eq!(queue.status(message).await, Status::Accepted);
    assert_eq!(queue.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn what_is_to_be_looked_for_is_looked_for_by_another_process_at_once() {
    let queue = queue().await;
    queue.fails(Outcome::Unknown);
    queue.send(text("hola")).await;
    queue.calls();
    queue.clock.advance(31 * SECOND);
    queue.engine.begin_stop();
    queue.engine.look_for_unknown().await.unwrap();
    assert!(queue.calls().is_empty(), "nothing is begun any more");
    assert_eq!(queue.another().look_for_unknown().await.unwrap(), 1, "no lease is waited for");
    assert_eq!(queue.calls(), ["find"]);
}

#[tokio::test]
async fn a_file_under_way_is_left_to_another_process() {
    let scene = scene();
    let job = MediaJob {
        id: Uuid::now_v7(),
        organization: "north".into(),
        account: "memory:desk".into(),
        source: MediaRef::Id("photo".to_owned()),
        mime_type: None,
        sha256: None,
        webhook: None,
        attempts: 0,
    };
    scene.store.state().media.push((job, scene.clock.now()));
    scene.desk.set(|behaviour| behaviour.files.push_back(Ok(Served::endless())));
    let engine = scene.engine.clone();
    let fetching = tokio::spawn(async move { engine.fetch_media().await.unwrap() });
    while !scene.store.journal.lock().unwrap().contains(&"fetch".to_owned()) {
        tokio::task::yield_now().await;
    }
    scene.engine.begin_stop();
    fetching.await.unwrap();
    let outcomes = scene.store.state().media_outcomes.clone();
    let [MediaOutcome::Retry { at, .. }] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(*at, scene.clock.now());
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_hears_until_they_are_sent_away() {
    let scene = scene();
    let workers = scene.engine.start().await;
    let mut listener = scene.engine.subscribe(admin(), EventFilter::default(), None).await.unwrap();
    assert!(matches!(listener.next().await.unwrap(), Delivery::CaughtUp));
    scene.engine.begin_stop();
    tokio::time::sleep(SECOND).await;
    scene.log();
    assert!(matches!(listener.next().await.unwrap(), Delivery::Event(_)));
    scene.engine.stop_realtime();
    assert!(matches!(listener.next().await.unwrap(), Delivery::Ended(Ending::Stopping)));
    tokio::time::timeout(SECOND, workers.stop()).await.expect("a worker goes on");
}

#[tokio::test(start_paused = true)]
async fn what_one_process_does_at_a_time_is_left_to_who_has_the_turn() {
    let scene = scene();
    let later = scene.clock.now() + Duration::from_secs(20);
    scene.store.state().leases.insert("intake".to_owned(), later);
    let workers = scene.engine.start().await;
    tokio::time::sleep(6 * SECOND).await;
    let calls = scene.calls();
    assert!(!calls.contains(&"take_in".to_owned()), "another process has the turn");
    assert!(calls.contains(&"wake".to_owned()) && calls.contains(&"quarantine".to_owned()), "the rest is ours");
    // They do not come any more.
    scene.clock.advance(Duration::from_secs(21));
    tokio::time::sleep(6 * SECOND).await;
    assert!(scene.calls().contains(&"take_in".to_owned()));
    workers.stop().await;
    let given = scene.calls().iter().filter(|call| *call == "give_lease_back").count();
    assert_eq!(given, 4, "intake, quarantine, wake, sources-discovery");
}

#[tokio::test(start_paused = true)]
async fn the_only_process_asks_nobody_for_its_turn() {
    let mut settings = Settings::default();
    settings.sole_process = true;
    let scene = crate::scene::scene_with(settings);
    let workers = scene.engine.start().await;
    tokio::time::sleep(6 * SECOND).await;
    workers.stop().await;
    let calls = scene.calls();
    assert!(calls.contains(&"take_in".to_owned()));
    assert!(!calls.iter().any(|call| call.contains("_lease")), "{calls:?}");
}

impl Scene {
    /// Something happens.
    fn log(&self) {
        let event = comms_core::history::LogEvent {
            cursor: 1,
            organization: "north".into(),
            kind: "changed".to_owned(),
            account: None,
            message: None,
            conversation: None,
            payload: serde_json::Value::Null,
            created_at: self.clock.now(),
        };
        self.store.state().log.push(comms_core::history::FeedEvent { event, message: None, sellers: Vec::new() });
        self.store.wake();
    }
}

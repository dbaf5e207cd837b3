use std::time::Duration;

use comms_core::{
    Clock, MediaRef, Status,
    history::{MediaJob, RepositoryError},
};
use comms_engine::{Code, Settings};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::scene::{Scene, scene, scene_with, text};

/// Lets the workers run for this long; time is paused, so that it takes none.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

fn away() -> RepositoryError {
    RepositoryError::Unavailable("away".to_owned())
}

impl Scene {
    /// A message whose attempt was cut off before it was recorded.
    async fn cut_off(&self) -> comms_core::MessageId {
        for _ in 0..5 {
            self.store.fail_next("conclude", away());
        }
        self.engine.send(text("hola")).await.unwrap().message
    }

    fn file(&self) {
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
        self.store.state().media.push((job, self.clock.now()));
    }
}

#[tokio::test(start_paused = true)]
async fn at_start_up_the_only_process_settles_every_cut_off_attempt() {
    for (sole_process, status) in [(true, Status::Unknown), (false, Status::Sending)] {
        let mut settings = Settings::default();
        settings.sole_process = sole_process;
        let scene = scene_with(settings);
        let message = scene.cut_off().await;
        let workers = scene.engine.start().await;
        assert_eq!(scene.store.status(message), status);
        workers.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_another_process_left_is_settled_by_the_timer() {
    let scene = scene();
    let message = scene.cut_off().await;
    let workers = scene.engine.start().await;
    scene.clock.advance(scene.engine.settings().send_lease() + Duration::from_secs(1));
    pass(scene.engine.settings().stale_every * 2).await;
    assert_eq!(scene.store.status(message), Status::Unknown);
    assert_eq!(scene.desk.inner.sent().len(), 1, "never sent again");
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn files_are_fetched_when_the_store_tells_of_news() {
    let scene = scene();
    let workers = scene.engine.start().await;
    pass(Duration::from_secs(2)).await;
    scene.file();
    scene.store.wake();
    pass(Duration::from_secs(2)).await;
    assert_eq!(scene.store.state().media_outcomes.len(), 1);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn files_are_fetched_without_a_hint_and_as_long_as_there_are_more() {
    let scene = scene();
    let workers = scene.engine.start().await;
    for _ in 0..10 {
        scene.file();
    }
    pass(scene.engine.settings().media_every * 2).await;
    assert_eq!(scene.store.state().media_outcomes.len(), 10);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_fails_says_so_goes_on_and_recovers() {
    let scene = scene();
    for _ in 0..3 {
        scene.store.fail_next("take_in", away());
    }
    let workers = scene.engine.start().await;
    pass(Duration::from_secs(1)).await;
    let health = scene.engine.health().await;
    let intake = health.workers.iter().find(|worker| worker.name == "intake").unwrap();
    assert!(intake.alive && intake.failing_since.is_some());
    assert_eq!(intake.error.as_deref(), Some("the database is away: away"));

    pass(Duration::from_secs(120)).await;
    let health = scene.engine.health().await;
    let intake = health.workers.iter().find(|worker| worker.name == "intake").unwrap();
    assert_eq!((intake.failing_since, &intake.error), (None, &None));
    assert!(intake.last_success.is_some());
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn health_tells_of_store_workers_and_channels() {
    let scene = scene();
    let workers = scene.engine.start().await;
    pass(Duration::from_secs(1)).await;
    let health = scene.engine.health().await;
    assert!(health.is_ok());
    let names: Vec<&str> = health.workers.iter().map(|worker| worker.name).collect();
    let all = [
        "erasure",
        "intake",
        "media",
        "outbox",
        "quarantine",
        "realtime",
        "sources",
        "sources-discovery",
        "stale",
        "unknown",
        "wake",
    ];
    assert_eq!(names, all);
    let sending: Vec<_> = health.channels.iter().filter(|row| !row.accounts.is_empty()).collect();
    assert_eq!(sending.len(), 1);

    scene.store.fail_next("stats", away());
    assert!(!scene.engine.health().await.is_ok());
    drop(workers);
    pass(Duration::from_secs(1)).await;
    assert!(!scene.engine.health().await.is_ok(), "the workers have ended");
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_what_is_under_way_and_takes_nothing_new() {
    let scene = scene();
    let workers = scene.engine.start().await;
    scene.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    let engine = scene.engine.clone();
    let under_way = tokio::spawn(async move { engine.send(text("hola")).await });
    while scene.store.state().messages.is_empty() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(workers.stop());
    pass(Duration::from_secs(1)).await;
    assert!(!stopping.is_finished());
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::Busy);
    scene.desk.gate.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(under_way.await.unwrap().unwrap().status, Status::Accepted);
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::Busy, "stopped for good");
}

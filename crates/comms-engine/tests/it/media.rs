use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use comms_core::{
    Batch, Clock, Error, ErrorKind, Inbound, MediaRef, Outcome, StoredWebhook, WebhookId, WebhookRequest,
    history::{MediaJob, MediaOutcome, RepositoryError},
};
use comms_engine::{BlobStore, Engine, Settings};
use futures_util::TryStreamExt;
use uuid::Uuid;

use crate::{
    fake_channel::Served,
    scene::{Scene, scene, scene_with},
};

const BYTES: &[u8] = b"the bytes of a photo";

fn job(scene: &Scene) -> Uuid {
    job_with(scene, |_| ())
}

fn job_with(scene: &Scene, change: impl FnOnce(&mut MediaJob)) -> Uuid {
    let mut job = MediaJob {
        id: Uuid::now_v7(),
        organization: "north".into(),
        account: "memory:desk".into(),
        source: MediaRef::Id("photo".to_owned()),
        mime_type: Some("image/jpeg".to_owned()),
        sha256: None,
        webhook: None,
        attempts: 0,
    };
    change(&mut job);
    let id = job.id;
    scene.store.state().media.push((job, scene.clock.now()));
    id
}

impl Scene {
    fn serves(&self, file: Result<Served, Error>) {
        self.desk.set(|behaviour| behaviour.files.push_back(file));
    }

    async fn fetch(&self) -> MediaOutcome {
        assert_eq!(self.engine.fetch_media().await.unwrap(), 1);
        self.store.state().media_outcomes.pop().unwrap()
    }

    async fn read(&self, key: &str) -> Vec<u8> {
        let blobs: &BlobStore = self.engine.blobs().unwrap();
        let blob = blobs.open(&"north".into(), key).await.unwrap();
        let chunks: Vec<Bytes> = blob.body.try_collect().await.unwrap();
        chunks.concat()
    }
}

fn gone(outcome: Outcome, kind: ErrorKind) -> Error {
    Error::new(kind, outcome, "no")
}

fn reason(outcome: &MediaOutcome) -> &str {
    match outcome {
        MediaOutcome::Retry { error, .. } | MediaOutcome::Failed { error } => error,
        MediaOutcome::Stored { .. } => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_file_is_fetched_and_kept_under_its_organisation() {
    let scene = scene();
    let id = job(&scene);
    scene.serves(Ok(Served::whole(BYTES)));
    let MediaOutcome::Stored { blob_key, size, mime_type, sha256 } = scene.fetch().await else {
        panic!("not stored");
    };
    assert_eq!(blob_key, format!("north/2023/11/{id}"));
    assert_eq!((size, sha256.len()), (BYTES.len() as i64, 64));
    assert_eq!(mime_type.as_deref(), Some("image/jpeg"));
    assert_eq!(scene.read(&blob_key).await, BYTES);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_later_and_later_and_then_given_up() {
    let scene = scene();
    job(&scene);
    let waits = scene.engine.settings().media_waits.clone();
    for wait in waits {
        scene.serves(Err(gone(Outcome::NotSent, ErrorKind::Transport)));
        let MediaOutcome::Retry { at, error } = scene.fetch().await else {
            panic!("not tried again");
        };
        assert_eq!((at, error.as_str()), (scene.clock.now() + wait, "no"));
        assert_eq!(scene.engine.fetch_media().await.unwrap(), 0, "not before its time");
        scene.clock.advance(wait);
    }
    scene.serves(Err(gone(Outcome::NotSent, ErrorKind::Transport)));
    assert!(matches!(scene.fetch().await, MediaOutcome::Failed { .. }));
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_pass_is_given_up_at_once_and_what_an_operator_can_mend_is_not() {
    let lasting = [ErrorKind::InvalidRequest, ErrorKind::Unsupported];
    let mendable = [ErrorKind::Config, ErrorKind::Unauthenticated];
    for (kinds, given_up) in [(lasting, true), (mendable, false)] {
        for kind in kinds {
            let scene = scene();
            job(&scene);
            scene.serves(Err(gone(Outcome::Rejected, kind)));
            let failed = matches!(scene.fetch().await, MediaOutcome::Failed { .. });
            assert_eq!(failed, given_up, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_not_kept_whatever_its_length_said() {
    let mut settings = Settings::default();
    settings.media_max_bytes = BYTES.len() as u64 - 1;
    for length in [None, Some(BYTES.len() as u64), Some(1)] {
        let scene = scene_with(settings.clone());
        job(&scene);
        scene.serves(Ok(Served { length, ..Served::whole(BYTES) }));
        let outcome = scene.fetch().await;
        assert!(matches!(outcome, MediaOutcome::Failed { .. }));
        assert_eq!(reason(&outcome), "larger than 19 bytes");
    }
}

#[tokio::test]
async fn the_providers_hash_is_checked_in_either_spelling() {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest, Sha256};
    let right = Sha256::digest(BYTES);
    let wrong = Sha256::digest(b"other bytes");
    let cases = [
        (hex::encode(right), true),
        (BASE64_STANDARD.encode(right), true),
        (hex::encode(wrong), false),
        (BASE64_STANDARD.encode(wrong), false),
        // What is no hash at all proves nothing.
        ("a1b2c3...".to_owned(), true),
    ];
    for (hash, kept) in cases {
        let scene = scene();
        job_with(&scene, |job| job.sha256 = Some(hash));
        scene.serves(Ok(Served::whole(BYTES)));
        let outcome = scene.fetch().await;
        assert_eq!(matches!(outcome, MediaOutcome::Stored { .. }), kept);
        if !kept {
            assert!(matches!(&outcome, MediaOutcome::Retry { error, .. } if error.contains("hash")));
        }
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_is_tried_again_and_leaves_nothing_behind() {
    let broken = || Served {
        length: Some(20),
        chunks: vec![Ok(Bytes::from_static(b"the bytes")), Err(gone(Outcome::Unknown, ErrorKind::Transport))],
        hangs: false,
    };
    let short = || Served { length: Some(20), chunks: vec![Ok(Bytes::from_static(b"the bytes"))], hangs: false };
    for (served, why) in [(broken(), "no"), (short(), "9 bytes arrived of 20")] {
        let scene = scene();
        let id = job(&scene);
        scene.serves(Ok(served));
        let outcome = scene.fetch().await;
        assert!(matches!(outcome, MediaOutcome::Retry { .. }));
        assert_eq!(reason(&outcome), why);
        let blobs = scene.engine.blobs().unwrap();
        let left = blobs.open(&"north".into(), &format!("north/2023/11/{id}")).await;
        assert!(left.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_ends_is_cut_off_before_its_claim_is() {
    let scene = scene();
    job(&scene);
    scene.serves(Ok(Served::endless()));
    let started = tokio::time::Instant::now();
    let outcome = scene.fetch().await;
    assert!(matches!(outcome, MediaOutcome::Retry { .. }));
    assert_eq!(reason(&outcome), "it did not arrive in time");
    assert!(started.elapsed() < scene.engine.settings().media_lease());
}

#[tokio::test]
async fn what_is_in_a_store_already_is_not_fetched_from_one() {
    let scene = scene();
    let source = MediaRef::Blob("north/2023/11/other".to_owned());
    job_with(&scene, |job| job.source = source);
    assert_eq!(reason(&scene.fetch().await), "it is not at the provider");
}

#[tokio::test]
async fn one_file_that_cannot_be_recorded_does_not_hold_up_its_neighbours() {
    let scene = scene();
    job(&scene);
    job(&scene);
    scene.store.fail_next("conclude_media", RepositoryError::Busy);
    assert!(scene.engine.fetch_media().await.is_err());
    assert_eq!(scene.store.state().media_outcomes.len(), 1);
    // Its claim ends, and the next round takes it.
    scene.clock.advance(scene.engine.settings().media_lease() + Duration::from_secs(1));
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 1);
    assert_eq!(scene.store.state().media_outcomes.len(), 2);
}

/// Reads nothing; the files of a webhook are its body and its address. Counts how often one was taken apart.
#[derive(Debug, Default)]
struct Bodies(AtomicUsize);

impl Inbound for Bodies {
    fn receive(&self, _: &WebhookRequest) -> Result<Batch, Error> {
        Ok(Batch::default())
    }

    fn reparse(&self, _: &StoredWebhook) -> Batch {
        Batch::default()
    }

    fn files(&self, stored: &StoredWebhook) -> Vec<(String, Bytes)> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let request = stored.request();
        vec![("webhook/0".to_owned(), request.body.clone()), ("webhook/1".to_owned(), request.url.clone().into())]
    }
}

fn with_bodies(scene: Scene) -> (Scene, Arc<Bodies>) {
    let bodies = Arc::new(Bodies::default());
    let engine = Engine::builder(scene.store.clone(), scene.engine.channels().clone())
        .inbound("bodies", bodies.clone())
        .blobs(scene.engine.blobs().unwrap().clone())
        .clock(Arc::new(scene.clock.clone()))
        .build();
    (Scene { engine, ..scene }, bodies)
}

fn stored(scene: &Scene) -> WebhookId {
    let webhook = WebhookId::new();
    let stored = ("bodies".to_owned(), scene.clock.now(), WebhookRequest::post("https://example.org", BYTES));
    scene.store.state().webhooks.insert(webhook, stored);
    webhook
}

#[tokio::test]
async fn a_webhook_is_taken_apart_once_for_all_of_its_files() {
    let (scene, bodies) = with_bodies(scene());
    for webhook in [stored(&scene), stored(&scene)] {
        for id in ["webhook/0", "webhook/1"] {
            job_with(&scene, |job| (job.source, job.webhook) = (MediaRef::Id(id.to_owned()), Some(webhook)));
        }
    }
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 4);
    let outcomes = scene.store.state().media_outcomes.clone();
    assert!(outcomes.iter().all(|one| matches!(one, MediaOutcome::Stored { .. })), "{outcomes:?}");
    assert_eq!(bodies.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_file_that_came_with_its_webhook_is_taken_out_of_it() {
    let (scene, _) = with_bodies(scene());
    let webhook = stored(&scene);
    let outcome = |id: &str, webhook: Option<WebhookId>| {
        job_with(&scene, |job| {
            job.source = MediaRef::Id(format!("webhook/{id}"));
            job.webhook = webhook;
        });
        scene.fetch()
    };
    let MediaOutcome::Stored { blob_key, mime_type, .. } = outcome("0", Some(webhook)).await else {
        panic!("not stored")
    };
    assert_eq!(scene.read(&blob_key).await, BYTES);
    assert_eq!(mime_type.as_deref(), Some("image/jpeg"));
    assert!(!scene.calls().iter().any(|call| call.contains("fetch")), "nobody is asked for it");
    // What is not there will not come by waiting.
    assert_eq!(reason(&outcome("2", Some(webhook)).await), "it is not in the webhook");
    let gone = "the webhook in which it came is not here any more";
    assert_eq!(reason(&outcome("0", Some(WebhookId::new())).await), gone);
    assert_eq!(reason(&outcome("0", None).await), gone);
}

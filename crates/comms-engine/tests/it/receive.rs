use std::time::Duration;

use comms_core::{WebhookRequest, history::RepositoryError};
use comms_engine::{Code, ReceiveError};

use crate::scene::scene;

#[tokio::test]
async fn a_webhook_is_verified_stored_and_only_then_acknowledged() {
    let scene = scene();
    let webhook = scene.webhook("memory:desk", "m1");
    let received = scene.engine.receive("memory", webhook).await.unwrap();
    assert_eq!(received.ingested.messages, 1);
    assert_eq!(received.reply, comms_core::Reply::text("OK"));
    let state = scene.store.state();
    assert_eq!((state.webhooks.len(), state.messages.len()), (1, 1));
}

#[tokio::test]
async fn the_same_webhook_twice_is_one_message() {
    let scene = scene();
    for duplicates in [0, 1] {
        let webhook = scene.webhook("memory:desk", "m1");
        let received = scene.engine.receive("memory", webhook).await.unwrap();
        assert_eq!(received.ingested.duplicates, duplicates);
    }
    assert_eq!(scene.store.state().messages.len(), 1);
}

#[tokio::test]
async fn an_unsigned_or_badly_signed_webhook_stores_nothing() {
    let scene = scene();
    let mut tampered = scene.webhook("memory:desk", "m1");
    tampered.body = "[]".into();
    for request in [WebhookRequest::post("memory://webhook", "[]"), tampered] {
        let error = scene.engine.receive("memory", request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidSignature);
        assert_eq!(error.retry_after(), None);
    }
    assert!(scene.calls().is_empty(), "the store was not even asked");
}

#[tokio::test]
async fn a_signed_body_that_cannot_be_read_is_kept() {
    let scene = scene();
    let webhook = scene.desk.inner.sign("{ not json");
    scene.engine.receive("memory", webhook).await.unwrap();
    assert_eq!(scene.store.state().webhooks.len(), 1);
}

#[tokio::test]
async fn whatever_keeps_the_store_from_storing_asks_the_provider_to_come_again() {
    let scene = scene();
    let causes = [
        (RepositoryError::Busy, Code::Busy, 1),
        (RepositoryError::Unavailable("away".into()), Code::DatabaseAway, 5),
        (RepositoryError::Database("disk full".into()), Code::Internal, 5),
    ];
    for (cause, code, seconds) in causes {
        scene.store.fail_next("ingest", cause);
        let webhook = scene.webhook("memory:desk", "m1");
        let error = scene.engine.receive("memory", webhook).await.unwrap_err();
        assert!(matches!(error, ReceiveError::NotStored(_)));
        assert_eq!(error.code(), code);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
    }
    assert!(scene.store.state().webhooks.is_empty());
}

#[tokio::test]
async fn a_provider_that_is_not_set_up_is_told_so() {
    let scene = scene();
    let webhook = scene.webhook("memory:desk", "m1");
    let error = scene.engine.receive("other", webhook).await.unwrap_err();
    assert_eq!(error.code(), Code::UnknownProvider);
}

#[tokio::test]
async fn credentials_among_the_headers_are_not_stored() {
    let scene = scene();
    let webhook = scene
        .webhook("memory:desk", "m1")
        .header("authorization", "Basic aW52ZW50ZWQ6aW52ZW50ZWQ=")
        .header("x-kept", "yes");
    scene.engine.receive("memory", webhook).await.unwrap();
    let state = scene.store.state();
    let (_, _, request) = state.webhooks.values().next().unwrap();
    assert_eq!(request.header_str("authorization"), None);
    assert_eq!(request.header_str("x-kept"), Some("yes"));
}

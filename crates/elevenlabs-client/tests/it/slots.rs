//! As many text conversations at once as the settings allow.

use std::sync::Arc;

use comms_conformance::script::Script;
use comms_http::{ErrorKind, Outcome};
use elevenlabs_client::{Client, Config, limits};

fn client(at_once: usize) -> Client {
    let mut config = Config::new("sk_an-invented-key");
    config.concurrency = Some(at_once);
    let script: Arc<Script> = Script::new([]);
    Client::builder(config).transport(script).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_is_given_back_is_the_next_ones() {
    let client = client(2);
    let first = client.session_slot().await.unwrap();
    let _second = client.session_slot().await.unwrap();
    assert_eq!(client.free_sessions(), 0);
    let (other, waits) = (client.clone(), tokio::time::Instant::now());
    let third = tokio::spawn(async move { other.session_slot().await });
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    drop(first);
    third.await.unwrap().unwrap();
    assert_eq!(waits.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn where_none_ends_nothing_is_begun() {
    let client = client(1);
    let _held = client.session_slot().await.unwrap();
    let began = tokio::time::Instant::now();
    let error = client.session_slot().await.unwrap_err();
    assert_eq!(began.elapsed(), limits::SLOT_WAIT);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::RateLimited, Outcome::NotSent));
    assert!(error.wait().is_some() && !error.is_about_account());
}

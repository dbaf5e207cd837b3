//! Tokens: one exchange for many callers, in time, and never of an expired one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_http::{Clock, ErrorKind, ExposeSecret, ManualClock, Outcome, RetryPolicy, Secret};
use serde_json::json;
use time::OffsetDateTime;
use whatsapp_cloud::token::{RefreshingToken, TokenProvider};

use crate::support::{Answer, Script, answer, builder, header, ok};

const NOW: i64 = 1_760_000_000;
const DAY: i64 = 86_400;

fn provider(answers: impl IntoIterator<Item = Answer>) -> (RefreshingToken, Arc<Script>, ManualClock) {
    let script = Script::new(answers);
    let clock = ManualClock::at_unix(NOW);
    let client = builder(&script).clock(Arc::new(clock.clone())).retry(RetryPolicy::never()).build().unwrap();
    let provider = RefreshingToken::new(client.tokens().unwrap(), Secret::from("first"));
    (provider, script, clock)
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn exchanged(token: &str, days: i64) -> Answer {
    ok(&json!({ "access_token": token, "token_type": "bearer", "expires_in": days * DAY }))
}

async fn token(provider: &RefreshingToken) -> String {
    provider.token().await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn many_callers_cause_one_exchange_and_go_on_with_the_old_token() {
    let (provider, script, _) = provider([exchanged("second", 60)]);
    let provider = provider.expires_at(at(NOW + 20 * DAY));
    let calls = (0..64).map(|_| token(&provider));
    let tokens = futures_util::future::join_all(calls).await;
    assert_eq!(script.requests().len(), 1);
    assert_eq!(tokens.iter().filter(|token| *token == "second").count(), 1);
    assert_eq!(tokens.iter().filter(|token| *token == "first").count(), 63);
    assert_eq!(token(&provider).await, "second");
}

#[tokio::test]
async fn the_exchange_waits_until_twenty_days_are_left() {
    let (provider, script, clock) = provider([exchanged("second", 60)]);
    let provider = provider.expires_at(at(NOW + 20 * DAY + 1));
    assert_eq!(token(&provider).await, "first");
    assert_eq!(script.requests().len(), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(token(&provider).await, "second");
}

#[tokio::test]
async fn a_new_token_is_exchanged_when_a_third_of_its_life_is_left() {
    let (provider, script, clock) = provider([exchanged("second", 3), exchanged("third", 60)]);
    let provider = provider.expires_at(at(NOW + DAY));
    assert_eq!(token(&provider).await, "second");
    assert_eq!(token(&provider).await, "second");
    assert_eq!(script.requests().len(), 1);
    clock.advance(Duration::from_secs(2 * DAY as u64));
    assert_eq!(token(&provider).await, "third");
}

#[tokio::test]
async fn the_end_is_asked_for_with_the_apps_own_token() {
    let (provider, script, _) = provider([
        ok(&json!({ "data": {
            "is_valid": true, "type": "SYSTEM_USER", "issued_at": NOW - 50 * DAY,
            "expires_at": NOW + 10 * DAY, "scopes": ["whatsapp_business_messaging"],
        }})),
        exchanged("second", 60),
    ]);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let told = kept.clone();
    let provider = provider.on_change(move |token, end| {
        let told = &mut *told.lock().unwrap();
        told.push((token.expose_secret().to_owned(), end));
    });
    assert_eq!(token(&provider).await, "second");
    assert_eq!(*kept.lock().unwrap(), [("second".to_owned(), Some(at(NOW + 60 * DAY)))]);

    let requests = script.requests();
    assert_eq!(requests[0].url.path(), "/v26.0/debug_token");
    let app_token = "Bearer 670843887433847|an-invented-app-secret";
    assert_eq!(header(&requests[0], "authorization"), Some(app_token));
    assert_eq!(requests[1].url.path(), "/v26.0/oauth/access_token");
    let query: Vec<_> = requests[1].url.query_pairs().into_owned().collect();
    assert!(query.contains(&("grant_type".into(), "fb_exchange_token".into())));
    assert!(query.contains(&("set_token_expires_in_60_days".into(), "true".into())));
}

#[tokio::test]
async fn a_token_without_end_is_asked_about_once() {
    let (provider, script, clock) = provider([ok(&json!({ "data": { "is_valid": true, "expires_at": 0 } }))]);
    for _ in 0..3 {
        assert_eq!(token(&provider).await, "first");
        clock.advance(Duration::from_secs(400 * DAY as u64));
    }
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn a_failed_exchange_is_tried_again_later_while_the_old_token_works() {
    let (provider, script, clock) = provider([answer(500, "<html>"), exchanged("second", 60)]);
    let provider = provider.expires_at(at(NOW + 5 * DAY));
    assert_eq!(token(&provider).await, "first");
    assert_eq!(token(&provider).await, "first");
    assert_eq!(script.requests().len(), 1);
    assert_eq!(provider.last_failure().unwrap().kind(), ErrorKind::Provider);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(token(&provider).await, "second");
    assert!(provider.last_failure().is_none());
}

#[tokio::test]
async fn an_expired_token_is_an_error_without_a_request() {
    let (provider, script, clock) = provider([]);
    let provider = provider.expires_at(clock.now());
    let error = provider.token().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected));
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn a_token_that_meta_calls_invalid_is_not_used() {
    let (provider, _, _) = provider([ok(&json!({ "data": { "is_valid": false } }))]);
    let error = provider.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{error:?}{provider:?}").contains("first"));
}

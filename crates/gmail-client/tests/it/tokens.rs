//! Access tokens: one request for many callers, and none where the grant has ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use comms_http::{ErrorKind, ExposeSecret, ManualClock, Secret};
use gmail_client::oauth::{AccessToken, RefreshingToken, TokenProvider};
use serde_json::json;

use crate::support::{Answer, Script, answer, builder, clock, form, header, oauth, ok};

fn fresh(token: &str) -> Answer {
    ok(&json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer" }))
}

fn provider(answers: impl IntoIterator<Item = Answer>) -> (RefreshingToken, Arc<Script>, ManualClock) {
    let (script, clock) = (Script::new(answers), clock());
    (RefreshingToken::new(oauth(&script, &clock), Secret::from("refresh")), script, clock)
}

async fn token(provider: &RefreshingToken) -> String {
    provider.token().await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn many_callers_without_a_token_make_one_request() {
    let (provider, script, _) = provider([fresh("first")]);
    let tokens = futures_util::future::join_all((0..64).map(|_| token(&provider))).await;
    assert!(tokens.iter().all(|token| token == "first"));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn many_callers_share_one_failure() {
    let (provider, script, _) = provider([answer(503, ""), fresh("first")]);
    let results = futures_util::future::join_all((0..64).map(|_| provider.token())).await;
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().kind() == ErrorKind::Provider));
    assert_eq!(script.requests().len(), 1);
    assert_eq!(token(&provider).await, "first");
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_while_others_go_on_with_it() {
    let (provider, script, clock) = provider([fresh("first"), fresh("second")]);
    assert_eq!(token(&provider).await, "first");
    clock.advance(Duration::from_secs(3200));
    assert_eq!(token(&provider).await, "first");
    clock.advance(Duration::from_secs(101));
    let tokens = futures_util::future::join_all((0..16).map(|_| token(&provider))).await;
    assert_eq!(tokens.iter().filter(|token| *token == "second").count(), 1);
    assert_eq!(tokens.iter().filter(|token| *token == "first").count(), 15);
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_failed_replacement_pauses_while_the_token_works() {
    let (provider, script, clock) = provider([fresh("first"), answer(500, ""), fresh("second")]);
    assert_eq!(token(&provider).await, "first");
    clock.advance(Duration::from_secs(3400));
    assert_eq!(token(&provider).await, "first");
    assert_eq!(token(&provider).await, "first");
    assert_eq!(script.requests().len(), 2);
    assert_eq!(provider.last_failure().unwrap().kind(), ErrorKind::Provider);
    clock.advance(Duration::from_secs(30));
    assert_eq!(token(&provider).await, "second");
    assert!(provider.last_failure().is_none());
}

#[tokio::test]
async fn an_ended_grant_is_asked_about_once() {
    let (provider, script, clock) = provider([answer(400, r#"{"error":"invalid_grant"}"#)]);
    for _ in 0..3 {
        let error = provider.token().await.unwrap_err();
        assert_eq!(error.provider_code(), Some("invalid_grant"));
        clock.advance(Duration::from_secs(4000));
    }
    assert_eq!(script.requests().len(), 1);
    assert!(!provider.discard(&Secret::from("any")));
}

#[tokio::test]
async fn a_new_refresh_token_is_used_and_told() {
    let (provider, script, clock) = provider([
        ok(&json!({ "access_token": "first", "expires_in": 3600, "refresh_token": "rotated", "token_type": "Bearer" })),
        fresh("second"),
    ]);
    let told = Arc::new(AtomicUsize::new(0));
    let counted = told.clone();
    let provider = provider.on_change(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(token(&provider).await, "first");
    clock.advance(Duration::from_secs(4000));
    assert_eq!(token(&provider).await, "second");
    assert!(form(&script.requests()[1]).contains(&("refresh_token".into(), "rotated".into())));
    assert_eq!(told.load(Ordering::Relaxed), 2);
    assert!(!format!("{provider:?}").contains("rotated"));
}

#[tokio::test]
async fn a_kept_access_token_needs_no_request() {
    let (provider, script, clock) = provider([]);
    let expires_at = comms_http::Clock::now(&clock) + Duration::from_secs(3600);
    let provider = provider.with_access(AccessToken { token: "kept".into(), expires_at });
    assert_eq!(token(&provider).await, "kept");
    assert_eq!(script.requests().len(), 0);
}

const REFUSED: &str = r#"{"error":{"code":401,"message":"Invalid Credentials","errors":[{"reason":"authError"}]}}"#;

#[tokio::test]
async fn a_withdrawn_token_is_replaced_once_and_the_call_made_again() {
    let script = Script::new([
        fresh("first"),
        answer(401, REFUSED),
        fresh("second"),
        ok(&json!({ "id": "m" })),
        answer(401, REFUSED),
        fresh("third"),
        answer(401, REFUSED),
    ]);
    let provider = RefreshingToken::new(oauth(&script, &clock()), Secret::from("refresh"));
    let client = builder(&script).token_provider(Arc::new(provider)).build().unwrap();
    let message = gmail_client::NewMessage::new("x");
    assert_eq!(client.messages().send(&message).await.unwrap().id, "m");
    let sent = &script.requests()[3];
    assert_eq!(header(sent, "authorization"), Some("Bearer second"));
    // A second refusal is not answered with a third attempt.
    assert_eq!(client.messages().send(&message).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(script.requests().len(), 7);
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_not_tried_again() {
    let (client, script) = crate::support::client([answer(401, REFUSED)]);
    assert_eq!(client.mailbox().stop().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(script.requests().len(), 1);
}

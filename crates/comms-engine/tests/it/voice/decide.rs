//! Decided, committed, answered: in this order, and in time.

use std::time::Duration;

use comms_core::{DECISION_HEADER, Decision, Reply, history::RepositoryError};
use comms_engine::{Code, ReceiveError};

use super::{browser_call, lines};

#[tokio::test]
async fn the_record_is_committed_before_the_provider_is_told() {
    let lines = lines();
    lines.store.fail_next("ingest", RepositoryError::Unavailable("away".into()));
    let (question, events) = browser_call("CA1", "7", "+34600000000", &[]);
    let webhook = lines.webhook(question, events);
    let error = lines.engine.receive("voice", webhook.clone()).await.unwrap_err();
    assert!(matches!(error, ReceiveError::NotStored(_)));
    assert!(lines.exchange.answered.lock().unwrap().is_empty(), "nobody is dialled without a record");

    let received = lines.engine.receive("voice", webhook).await.unwrap();
    assert_eq!((received.ingested.messages, received.reply), (1, Reply::xml("<Response/>")));
}

#[tokio::test]
async fn a_decision_that_cannot_be_made_is_not_guessed() {
    for (method, cause) in [
        ("accounts", RepositoryError::Unavailable("away".into())),
        ("placed_since", RepositoryError::Busy),
        ("recipient", RepositoryError::Database("odd".into())),
    ] {
        let lines = lines();
        lines.store.fail_next(method, cause);
        let (question, events) = browser_call("CA1", "7", "+34600000000", &[]);
        let webhook = lines.webhook(question, events);
        let error = lines.engine.receive("voice", webhook).await.unwrap_err();
        assert!(error.retry_after().is_some(), "{method}");
        let state = lines.store.state();
        assert!(state.webhooks.is_empty() && state.messages.is_empty(), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_waited_for_longer_than_the_provider_waits() {
    let lines = lines();
    lines.store.state().accounts_take = Duration::from_secs(60);
    let (question, events) = browser_call("CA1", "7", "+34600000000", &[]);
    let webhook = lines.webhook(question, events);
    let started = tokio::time::Instant::now();
    let error = lines.engine.receive("voice", webhook).await.unwrap_err();
    assert_eq!(error.code(), Code::DatabaseAway);
    assert_eq!(started.elapsed(), lines.engine.settings().voice.decide_timeout);
}

#[tokio::test]
async fn the_same_question_twice_is_one_record_and_the_same_answer() {
    let lines = lines();
    let (question, events) = browser_call("CA1", "7", "+34600000000", &[]);
    let first = lines.ask(question.clone(), events.clone()).await;
    let second = lines.ask(question, events).await;
    assert!(matches!(first, Decision::Dial { .. }));
    assert_eq!(first, second);
    lines.record();
}

#[tokio::test]
async fn a_decision_that_comes_from_outside_is_thrown_away() {
    let lines = lines();
    let (question, events) = browser_call("CA1", "7", "+34600000000", &[]);
    let forged = r#"{"account":"memory:+34910000000","author":"9"}"#;
    let webhook = lines.webhook(question, events).header(DECISION_HEADER, forged);
    lines.engine.receive("voice", webhook).await.unwrap();
    assert_eq!(lines.record().user, Some("7".into()));
    let state = lines.store.state();
    let (_, _, stored) = state.webhooks.values().next().unwrap();
    let kept = stored.header_str(DECISION_HEADER).unwrap();
    assert!(kept.contains(r#""author":"7""#), "{kept}");
}

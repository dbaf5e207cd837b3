use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_http::{
    Caller, Clock, Error, ErrorKind, Failure, ManualClock, Operation, Outcome, Request, Response, Result, RetryPolicy,
    Transport,
};
use http::{HeaderMap, Method, StatusCode};

/// Answers what it was told, in order, and counts.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Result<(u16, &'static str)>>>,
    calls: Mutex<usize>,
}

#[async_trait::async_trait]
impl Transport for Script {
    async fn execute(&self, _: Request) -> Result<Response> {
        *self.calls.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        answer.map(|(status, body)| {
            let mut headers = HeaderMap::new();
            if status == 429 {
                headers.insert("retry-after", http::HeaderValue::from_static("7"));
            }
            Response::full(StatusCode::from_u16(status).unwrap(), headers, body)
        })
    }
}

fn classify(failure: &Failure<'_>) -> Error {
    let outcome = match failure.status.as_u16() {
        429 => Outcome::NotSent,
        500.. => Outcome::Unknown,
        _ => Outcome::Rejected,
    };
    Error::new(ErrorKind::Provider, outcome, "refused")
}

fn caller(answers: Vec<Result<(u16, &'static str)>>) -> (Caller, Arc<Script>, ManualClock) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into()), calls: Mutex::default() });
    let clock = ManualClock::at_unix(0);
    let caller = Caller::new("test", script.clone(), Arc::new(clock.clone()), RetryPolicy::default(), classify);
    (caller, script, clock)
}

fn request() -> Request {
    Request::new(Method::GET, url::Url::parse("https://provider.test/x").unwrap())
}

fn reset() -> Error {
    Error::new(ErrorKind::Transport, Outcome::Unknown, "reset")
}

const READ: Operation = Operation::repeatable("things.list");
const SEND: Operation = Operation::once("things.send");

#[tokio::test]
async fn a_send_with_unknown_outcome_is_never_repeated() {
    for answer in [Err(reset()), Ok((503, "down"))] {
        let (caller, script, _) = caller(vec![answer]);
        let error = caller.bytes(SEND, request()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(*script.calls.lock().unwrap(), 1);
    }
}

#[tokio::test]
async fn a_read_with_unknown_outcome_is_repeated() {
    let (caller, script, _) = caller(vec![Err(reset()), Ok((503, "down")), Ok((200, "3"))]);
    let three: u8 = caller.json(READ, request()).await.unwrap();
    assert_eq!((three, *script.calls.lock().unwrap()), (3, 3));
}

#[tokio::test]
async fn a_throttled_send_waits_as_asked_and_is_repeated() {
    let (caller, _, clock) = caller(vec![Ok((429, "")), Ok((200, "1"))]);
    let _: u8 = caller.json(SEND, request()).await.unwrap();
    assert!(clock.now().unix_timestamp() >= 7);
}

#[tokio::test]
async fn a_refusal_is_returned_at_once_with_its_name() {
    let (caller, script, clock) = caller(vec![Ok((400, "no"))]);
    let error = caller.bytes(READ, request()).await.unwrap_err();
    assert_eq!(error.to_string(), "test things.list: refused (HTTP 400)");
    assert_eq!(*script.calls.lock().unwrap(), 1);
    assert_eq!(clock.now().unix_timestamp(), 0);
}

#[tokio::test]
async fn an_unreadable_success_of_a_send_is_unknown() {
    let (caller, _, _) = caller(vec![Ok((200, "<html>"))]);
    let error = caller.json::<u8>(SEND, request()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
}

#[tokio::test]
async fn a_wait_longer_than_the_policy_allows_is_left_to_the_caller() {
    let (caller, script, _) = caller(vec![Err(
        Error::new(ErrorKind::RateLimited, Outcome::NotSent, "later").retry_after(Duration::from_secs(3600))
    )]);
    assert!(caller.bytes(SEND, request()).await.is_err());
    assert_eq!(*script.calls.lock().unwrap(), 1);
}

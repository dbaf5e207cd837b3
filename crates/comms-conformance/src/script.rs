//! A transport that answers from a script: for tests of one client, where no double is needed.

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use comms_http::{Body, Error, Request, Response, Result, Transport};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// Answers what it was told, in order, and keeps the requests. A request beyond the script panics: it is one too many.
#[derive(Debug, Default)]
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
}

impl Script {
    /// A script of these answers.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() })
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.requests).clone()
    }

    /// The one request that was made. Panics where there were none or several.
    #[must_use]
    pub fn only(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// The addresses of the requests so far.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.url.into()).collect()
    }
}

#[async_trait]
impl Transport for Script {
    async fn execute(&self, request: Request) -> Result<Response> {
        let asked = format!("{request:?}");
        locked(&self.requests).push(request);
        let answer = locked(&self.answers).pop_front();
        // Others get their turn between request and answer, as on a network.
        tokio::task::yield_now().await;
        match answer {
            Some(Answer(full)) => full.map(|full| Response::full(full.status, full.headers, full.body)),
            None => panic!("a request that the script does not know: {asked}"),
        }
    }
}

/// What a [`Script`] answers to one request.
#[derive(Debug)]
pub struct Answer(Result<Full>);

#[derive(Debug)]
struct Full {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The same with this header. Panics where it cannot be one.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.map(|mut full| {
            full.headers.insert(good(HeaderName::try_from(name)), good(HeaderValue::try_from(value)));
            full
        }))
    }
}

/// No answer at all: the request fails on the way.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self(Err(error))
    }
}

/// An answer with this status and body. Panics where the status cannot be one.
#[must_use]
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let body = body.into().into();
    Answer(Ok(Full { status: good(StatusCode::from_u16(status)), headers: HeaderMap::new(), body }))
}

/// An answer with status 200 and this JSON.
#[must_use]
pub fn ok(body: &Value) -> Answer {
    answer(200, body.to_string())
}

/// A header of a request, where it is text.
#[must_use]
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// The bytes that a request carries. Panics where it is a form with files.
#[must_use]
pub fn body(request: &Request) -> &[u8] {
    match &request.body {
        Body::Empty => &[],
        Body::Bytes(bytes) => bytes,
        Body::Multipart(form) => panic!("a form with files: {form:?}"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn good<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("no test can mean that: {error:?}"))
}

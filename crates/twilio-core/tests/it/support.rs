//! What the tests of the client share: a transport that answers from a script, and a client over it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use comms_http::{Body, ManualClock, Request, Response, Result, Transport};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use twilio_core::{Client, ClientBuilder, Config, Params};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "an-invented-token";

/// Answers what it was told, in order, and keeps the requests.
#[derive(Debug, Default)]
pub struct Script {
    answers: Mutex<VecDeque<Result<Answer>>>,
    requests: Mutex<Vec<Request>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<Answer> {
    Ok(Answer { status, headers: Vec::new(), body: body.into() })
}

pub fn ok(body: &Value) -> Result<Answer> {
    answer(200, body.to_string())
}

pub fn redirect(status: u16, location: &str) -> Result<Answer> {
    Ok(Answer { status, headers: vec![("location", location.to_owned())], body: Vec::new() })
}

impl Script {
    pub fn new(answers: impl IntoIterator<Item = Result<Answer>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() })
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn only(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    pub fn urls(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.url.into()).collect()
    }
}

#[async_trait::async_trait]
impl Transport for Script {
    async fn execute(&self, request: Request) -> Result<Response> {
        self.requests.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.expect("a request that the script does not know")?;
        let mut headers = HeaderMap::new();
        for (name, value) in answer.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        Ok(Response::full(StatusCode::from_u16(answer.status).unwrap(), headers, answer.body))
    }
}

pub fn builder(script: &Arc<Script>) -> ClientBuilder {
    let clock = Arc::new(ManualClock::at_unix(1_760_000_000));
    Client::builder(Config::new(ACCOUNT, TOKEN)).transport(script.clone()).clock(clock)
}

pub fn client(answers: impl IntoIterator<Item = Result<Answer>>) -> (Client, Arc<Script>) {
    let script = Script::new(answers);
    (builder(&script).build().unwrap(), script)
}

pub fn form_body(request: &Request) -> Params {
    match &request.body {
        Body::Bytes(bytes) => Params::parse(bytes),
        other => panic!("not a form: {other:?}"),
    }
}

pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

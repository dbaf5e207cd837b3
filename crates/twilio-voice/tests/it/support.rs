//! What the tests of the client share: a transport that answers from a script, a client over it, and webhooks that are signed.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use comms_http::{Body, ManualClock, Request, Response, Result, RetryPolicy, Transport, WebhookRequest};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use twilio_core::Params;
use twilio_voice::{
    Client, Config, Secret,
    webhook::{self, Verifier},
};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const NUMBER: &str = "+15005550006";
pub const PERSON: &str = "+34600000001";
pub const TOKEN: &str = "an-invented-token";
pub const CALLBACK: &str = "https://example.com/voz";
pub const CALL: &str = "CA00000000000000000000000000000001";
pub const CHILD: &str = "CA00000000000000000000000000000002";
pub const RECORDING: &str = "RE00000000000000000000000000000001";

/// Answers what it was told, in order, and keeps the requests.
#[derive(Debug, Default)]
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into() }
}

pub fn ok(body: &Value) -> Answer {
    answer(200, body.to_string())
}

impl Script {
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn only(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

#[async_trait::async_trait]
impl Transport for Script {
    async fn execute(&self, request: Request) -> Result<Response> {
        self.requests.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front().expect("a request that the script does not know");
        let mut headers = HeaderMap::new();
        for (name, value) in answer.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Ok(Response::full(StatusCode::from_u16(answer.status).unwrap(), headers, answer.body))
    }
}

pub fn config() -> Config {
    Config::new(twilio_core::Config::new(ACCOUNT, TOKEN)).phone_number(NUMBER).callback_url(CALLBACK)
}

pub fn client_of(config: Config, answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() });
    let client = Client::builder(config)
        .transport(script.clone())
        .clock(Arc::new(ManualClock::at_unix(1_760_000_000)))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    (client, script)
}

pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    client_of(config(), answers)
}

/// The form that a request posts, as pairs.
pub fn form(request: &Request) -> Vec<(String, String)> {
    match &request.body {
        Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
        Body::Empty => Vec::new(),
        Body::Multipart(_) => panic!("not a form"),
    }
}

/// The form of a request that is expected.
pub fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn verifier() -> Verifier {
    Verifier::new(ACCOUNT, TOKEN).unwrap()
}

/// A webhook as Twilio posts it to `url`, signed.
pub fn posted(url: &str, params: &[(&str, &str)]) -> WebhookRequest {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    signed(url, body)
}

pub fn signed(url: &str, body: impl Into<bytes::Bytes>) -> WebhookRequest {
    let body = body.into();
    let signature = webhook::sign(&Secret::from(TOKEN), url, Params::parse(&body).iter());
    WebhookRequest::post(url, body)
        .header("content-type", "application/x-www-form-urlencoded")
        .header(webhook::SIGNATURE_HEADER, &signature)
}

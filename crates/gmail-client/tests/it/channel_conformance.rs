//! The channel keeps what every channel promises, in front of a mailbox in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use comms_conformance::{
    channel::{Bench, ChannelHarness, Fault, Ledger, Sent, Wire},
    script::body,
};
use comms_core::{Address, Content, Correspondent, Email, Media, MediaKind, MediaRef, MessageId, Outbound};
use comms_http::{Error, ErrorKind, Outcome, Request, Response, RetryPolicy, Secret, Transport};
use gmail_client::{
    Client, Config, GmailChannel, mime::Incoming, mime::Limits, model::message::Message, oauth::StaticToken,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::{
    channel::Files,
    support::{ACCESS, config, json_body},
};

/// What the mailbox has sent, and what is to go wrong next.
#[derive(Debug, Default)]
struct Mailbox {
    requests: usize,
    sent: Vec<(String, MessageId)>,
    fault: Option<Fault>,
}

/// The mailbox, as the network shows it.
#[derive(Debug, Default)]
struct Double(Mutex<Mailbox>);

impl Double {
    fn state(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(outcome: Outcome) -> Error {
    Error::new(ErrorKind::Transport, outcome, "the connection was lost")
}

fn answered(status: u16, body: impl Into<bytes::Bytes>) -> Response {
    Response::full(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body)
}

impl Mailbox {
    fn send(&mut self, request: &Request) -> Result<Response, Error> {
        let fault = self.fault.take();
        match fault {
            Some(Fault::Refused) => return Err(lost(Outcome::NotSent)),
            Some(Fault::CutBeforeActing) => return Err(lost(Outcome::Unknown)),
            Some(Fault::Throttled { retry_after }) => return Ok(throttled(retry_after)),
            _ => {}
        }
        let message: Message = serde_json::from_value(json_body(request)).unwrap();
        let written = Incoming::parse(&message.raw_bytes().unwrap(), &Limits::default()).unwrap();
        let our_id = written.message_id.unwrap();
        let (ours, _) = our_id.trim_start_matches('<').split_once('@').unwrap();
        let id = format!("g{}", self.sent.len() + 1);
        self.sent.push((id.clone(), ours.parse().unwrap()));
        let answer = json!({ "id": id, "threadId": id, "labelIds": ["SENT"] }).to_string();
        match fault {
            Some(Fault::CutAfterActing | Fault::SlowAfterActing) => Err(lost(Outcome::Unknown)),
            Some(Fault::ErrorAfterActing) => Ok(answered(
                500,
                r#"{"error":{"code":500,"message":"Backend Error","errors":[{"reason":"backendError"}]}}"#,
            )),
            Some(Fault::HtmlAfterActing) => Ok(answered(502, "<html><title>502</title></html>")),
            Some(Fault::TruncatedAfterActing) => Ok(answered(200, answer[..answer.len() / 2].to_owned())),
            _ => Ok(answered(200, answer)),
        }
    }

    fn list(&self, request: &Request) -> Value {
        let query = request.url.query_pairs().find(|(name, _)| name == "q").map(|(_, value)| value.into_owned());
        let wanted = query.as_deref().and_then(|query| query.strip_prefix("rfc822msgid:")?.split('@').next());
        let found = self.sent.iter().rev().filter(|(_, ours)| wanted.is_none_or(|wanted| wanted == ours.to_string()));
        let messages: Vec<Value> = found.map(|(id, _)| json!({ "id": id, "threadId": id })).collect();
        json!({ "messages": messages })
    }

    fn get(&self, id: &str) -> Response {
        let Some((_, ours)) = self.sent.iter().find(|(known, _)| known == id) else { return answered(404, "{}") };
        let headers = json!([{ "name": "Message-ID", "value": format!("<{ours}@example.org>") }]);
        answered(200, json!({ "id": id, "labelIds": ["SENT"], "payload": { "headers": headers } }).to_string())
    }
}

fn throttled(wait: std::time::Duration) -> Response {
    let now = time::OffsetDateTime::from_unix_timestamp(1_795_374_000).unwrap();
    let until = (now + wait).format(&time::format_description::well_known::Rfc3339).unwrap();
    let message = format!("User-rate limit exceeded.  Retry after {until}");
    let error = json!({ "error": { "code": 429, "message": message, "errors": [{ "reason": "rateLimitExceeded" }] } });
    let mut answer = answered(429, error.to_string());
    let date = now.format(&time::format_description::well_known::Rfc2822).unwrap();
    answer.headers.insert("date", date.parse().unwrap());
    answer
}

#[async_trait]
impl Transport for Double {
    async fn execute(&self, request: Request) -> Result<Response, Error> {
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.requests += 1;
        let path = request.url.path().to_owned();
        match path.rsplit_once("/messages").map(|(_, rest)| rest) {
            Some("/send") => state.send(&request),
            Some("") => Ok(answered(200, state.list(&request).to_string())),
            Some(rest) => Ok(state.get(rest.trim_start_matches('/'))),
            None => panic!("{path} {:?}", body(&request)),
        }
    }
}

#[async_trait]
impl Wire for Double {
    async fn ledger(&self) -> Ledger {
        let state = self.state();
        let sent = state.sent.iter().map(|(id, ours)| Sent { provider_id: id.clone(), our_id: Some(*ours) });
        Ledger { requests: state.requests, sent: sent.collect() }
    }

    async fn fail_next(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }
}

pub struct Gmail;

fn ana() -> Address {
    Address::email("ana@example.com").unwrap()
}

#[async_trait]
impl ChannelHarness for Gmail {
    async fn open(&self) -> Bench {
        let double = Arc::new(Double::default());
        let config: Config = config();
        let client = Client::builder(config)
            .transport(double.clone())
            .token_provider(Arc::new(StaticToken::new(ACCESS)))
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let channel = GmailChannel::new(client, "ventas@example.org", Files::of(&[("k", b"%PDF-1.7")])).unwrap();
        Bench { channel: Arc::new(channel), wire: double }
    }

    fn samples(&self) -> Vec<Outbound> {
        let file = Media {
            kind: MediaKind::Document,
            source: MediaRef::Blob("k".to_owned()),
            caption: None,
            filename: Some("plano.pdf".to_owned()),
            mime_type: Some("application/pdf".to_owned()),
            sha256: None,
        };
        let mail = Email {
            subject: "Presupuesto".to_owned(),
            html: Some("<p>Hola</p>".to_owned()),
            cc: vec![Correspondent::new("luis@example.com")],
            files: vec![file],
            ..Email::default()
        };
        vec![Outbound::new(ana(), Content::text("hola")), Outbound::new(ana(), mail.into())]
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        let many = (0..100).map(|n| Correspondent::new(format!("a{n}@example.com"))).collect();
        let text = || Some("hola".to_owned());
        let refused = [
            Email { text: text(), cc: many, ..Email::default() },
            Email { text: text(), subject: "x".repeat(501), ..Email::default() },
            Email::default(),
        ];
        refused.map(|mail| Outbound::new(ana(), mail.into())).into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![ACCESS.into(), "an-invented-secret".into()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept() {
    comms_conformance::channel(&Gmail).await.unwrap();
}

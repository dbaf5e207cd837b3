//! The channel keeps what every channel promises, over real HTTP to a double of SendGrid.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use comms_conformance::{
    channel::{Bench, ChannelHarness},
    line::Line,
    simulated::Simulated,
};
use comms_core::{
    Address, AddressKind, Content, Correspondent, Email, FileReader, InlineFile, Media, MediaKind, MediaRef,
    MediaStream, Outbound, Template, TemplateParameter,
};
use comms_http::{ReqwestTransport, Result, RetryPolicy, Secret};
use comms_simulator::{
    Fault, Simulator,
    sendgrid::{API_KEY, SENDER, TEMPLATE_ID},
};
use futures_util::{StreamExt, stream};
use sendgrid_client::{Client, Config, SendgridChannel};
use serde_json::json;

/// A store in which each key is its own content.
#[derive(Debug)]
pub struct Store;

#[async_trait]
impl FileReader for Store {
    async fn open(&self, key: &str) -> Result<MediaStream> {
        let bytes = Bytes::copy_from_slice(key.as_bytes());
        Ok(MediaStream { content_type: None, length: None, body: stream::iter([Ok(bytes)]).boxed() })
    }
}

struct Sendgrid;

fn ana() -> Address {
    Address::verbatim(AddressKind::Email, "ana@example.com")
}

pub fn file(name: &str) -> Media {
    Media {
        kind: MediaKind::Document,
        source: MediaRef::Blob(format!("bytes of {name}")),
        caption: None,
        filename: Some(name.to_owned()),
        mime_type: Some("application/pdf".to_owned()),
        sha256: None,
    }
}

fn plain() -> Email {
    Email { subject: "Presupuesto".to_owned(), text: Some("Hola, Ana".to_owned()), ..Email::default() }
}

fn emails() -> Vec<Email> {
    vec![
        plain(),
        Email {
            html: Some("<p>Hola <img src=\"cid:logo\"></p>".to_owned()),
            cc: vec![Correspondent::named("Luis", "luis@example.com")],
            bcc: vec![Correspondent::new("jefe@example.org")],
            reply_to: vec![Correspondent::new("equipo@example.org")],
            files: vec![file("logo.png"), file("presupuesto año.pdf")],
            inline: vec![InlineFile { content_id: "logo".to_owned(), file: 0 }],
            in_reply_to: Some("2@example.com".to_owned()),
            references: vec!["1@example.com".to_owned(), "2@example.com".to_owned()],
            ..plain()
        },
        Email { text: None, files: vec![file("a.pdf")], ..plain() },
    ]
}

#[async_trait]
impl ChannelHarness for Sendgrid {
    async fn open(&self) -> Bench {
        let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
        let line = Line::over(ReqwestTransport::ring().unwrap());
        let mut config = Config::new(API_KEY);
        config.from_email = Some(SENDER.to_owned());
        // Repeats are the queue's task here, as in the engine.
        let client = Client::builder(config)
            .base_url(simulator.url())
            .transport(line.clone())
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let channel = SendgridChannel::new(client, Arc::new(Store)).unwrap();
        // The answer is its header: without it nothing is left.
        let nothing = Fault::Status { status: 202, body: String::new(), content_type: None };
        Bench {
            channel: Arc::new(channel),
            wire: Arc::new(Simulated::new(simulator, line, "sendgrid.mail.send").truncated(nothing)),
        }
    }

    fn samples(&self) -> Vec<Outbound> {
        let mut contents: Vec<Content> = emails().into_iter().map(Content::from).collect();
        let values = [("nombre", "Ana"), ("pedido", "A-1001")];
        let named = |(name, value): (&str, &str)| TemplateParameter::Named { name: name.into(), value: value.into() };
        contents.push(Content::Template(Template {
            name: TEMPLATE_ID.to_owned(),
            parameters: values.map(named).into(),
            ..Template::default()
        }));
        let content = json!([{"type": "text/plain", "value": "Hola"}]);
        contents.push(Content::Native { body: json!({"subject": "Hola", "content": content, "categories": ["a"]}) });
        contents.into_iter().map(|content| Outbound::new(ana(), content)).collect()
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        let elsewhere = Media { source: MediaRef::Url("https://example.com/a.pdf".to_owned()), ..file("a.pdf") };
        let deep = "<div>".repeat(1_000);
        [
            Content::from(Email { subject: String::new(), ..plain() }),
            Content::from(Email { files: vec![elsewhere], ..plain() }),
            Content::from(Email { html: Some(deep), ..plain() }),
            Content::Native { body: json!({"subject": "Hola"}) },
            Content::Native { body: json!({"subject": 7}) },
        ]
        .map(|content| Outbound::new(ana(), content))
        .into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![API_KEY.into()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept() {
    comms_conformance::channel(&Sendgrid).await.unwrap();
}

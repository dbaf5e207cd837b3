//! The channel keeps what every channel promises, over real HTTP to a double of Meta.

use std::sync::Arc;

use async_trait::async_trait;
use comms_conformance::{
    channel::{Bench, ChannelHarness},
    line::Line,
    simulated::Simulated,
};
use comms_core::{
    Address, AddressKind, Button, ContactCard, Content, Interactive, InteractiveAction, Location, Media, MediaKind,
    MediaRef, Outbound, Reaction, Template,
};
use comms_http::{ReqwestTransport, RetryPolicy, Secret};
use comms_simulator::{
    Simulator,
    meta::{ACCESS_TOKEN, APP_SECRET, PHONE_ID, WABA_ID, WindowPolicy},
};
use serde_json::json;
use whatsapp_cloud::{Client, Config, WhatsAppChannel};

struct Meta;

#[async_trait]
impl ChannelHarness for Meta {
    async fn open(&self) -> Bench {
        let mut config = comms_simulator::Config::default();
        config.meta.window = WindowPolicy::Open;
        let simulator = Simulator::start(config).unwrap();
        let line = Line::over(ReqwestTransport::ring().unwrap());
        let mut config = Config::new(ACCESS_TOKEN, PHONE_ID);
        config.business_account_id = Some(WABA_ID.to_owned());
        config.app_secret = Some(APP_SECRET.into());
        // Repeats are the queue's task here, as in the engine.
        let client = Client::builder(config)
            .base_url(simulator.url())
            .transport(line.clone())
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        Bench {
            channel: Arc::new(WhatsAppChannel::new(client)),
            wire: Arc::new(Simulated::new(simulator, line, "meta.messages").throttles(130_429).fails(131_000)),
        }
    }

    fn samples(&self) -> Vec<Outbound> {
        let phone = || Address::phone("+16505551234", None).unwrap();
        let to = |kind, value: &str| Outbound::new(Address::verbatim(kind, value), Content::text("hola"));
        let contents = [
            Content::text("hola"),
            Content::Media(Media {
                kind: MediaKind::Image,
                source: MediaRef::Url("https://example.org/photo.jpg".to_owned()),
                caption: Some("Fachada".to_owned()),
                filename: None,
                mime_type: None,
                sha256: None,
            }),
            Content::Template(Template {
                name: "hello_world".to_owned(),
                language: "en_US".to_owned(),
                ..Template::default()
            }),
            Content::Interactive(Interactive {
                header: None,
                body: "¿Mañana?".to_owned(),
                footer: None,
                action: InteractiveAction::Buttons {
                    buttons: vec![Button { id: "yes".to_owned(), title: "Sí".to_owned() }],
                },
            }),
            Content::Reaction(Reaction {
                target: "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=".to_owned(),
                emoji: Some("👍".to_owned()),
            }),
            Content::Location(Location {
                latitude: 40.4168,
                longitude: -3.7038,
                name: Some("Oficina".to_owned()),
                address: Some("Puerta del Sol, Madrid".to_owned()),
            }),
            Content::Contacts {
                contacts: vec![ContactCard {
                    name: "Ana Pérez".to_owned(),
                    phones: vec!["+34 600 00 00 00".to_owned()],
                    emails: Vec::new(),
                    native: None,
                }],
            },
            Content::Native { body: json!({ "type": "text", "text": { "body": "hola" } }) },
        ];
        let mut samples: Vec<Outbound> = contents.into_iter().map(|content| Outbound::new(phone(), content)).collect();
        samples.push(to(AddressKind::WhatsAppUser, "US.13491208655302741918"));
        samples.push(to(AddressKind::Group, "Y2FwaV9ncm91cDoxODA1NTU1MDE3Mg"));
        samples
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        let phone = Address::phone("+16505551234", None).unwrap();
        let asking = |body: String, title: String| {
            Content::Interactive(Interactive {
                header: None,
                body,
                footer: None,
                action: InteractiveAction::Buttons { buttons: vec![Button { id: "yes".to_owned(), title }] },
            })
        };
        [
            asking("x".repeat(1_025), "Sí".to_owned()),
            asking("¿Mañana?".to_owned(), "x".repeat(21)),
            Content::Native { body: json!({ "type": "text", "text": { "body": "x".repeat(4_097) } }) },
        ]
        .map(|content| Outbound::new(phone.clone(), content))
        .into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![ACCESS_TOKEN.into(), APP_SECRET.into()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept() {
    comms_conformance::channel(&Meta).await.unwrap();
}

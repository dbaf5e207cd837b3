//! The channels keep what every channel promises, over real HTTP to a double of Twilio.

use std::sync::Arc;

use async_trait::async_trait;
use comms_conformance::{
    channel::{Bench, ChannelHarness},
    line::Line,
    simulated::Simulated,
};
use comms_core::{
    Address, AddressKind, Content, Files, Location, Media, MediaKind, MediaRef, Outbound, Template, TemplateParameter,
};
use comms_http::{ReqwestTransport, RetryPolicy, Secret};
use comms_simulator::{
    Simulator,
    twilio::{ACCOUNT_SID, AUTH_TOKEN, CONTENT_SID, NUMBER},
};
use serde_json::json;
use twilio_messaging::{Client, Config, TwilioMessagingChannel};

/// Which of the two channels.
#[derive(Clone, Copy)]
enum Twilio {
    Sms,
    WhatsApp,
}

impl Twilio {
    fn channel(self, client: Client) -> TwilioMessagingChannel {
        let channel = match self {
            Self::Sms => TwilioMessagingChannel::sms(client),
            Self::WhatsApp => TwilioMessagingChannel::whatsapp(client),
        };
        // Nobody listens there: what matters here is what is sent.
        channel.unwrap().callback("http://127.0.0.1:9/webhook/sms")
    }

    fn contents(self) -> Vec<Content> {
        let file = |at: u8| Media {
            kind: MediaKind::Image,
            source: MediaRef::Url(format!("https://example.org/{at}.jpg")),
            caption: Some("Fachada".to_owned()),
            filename: None,
            mime_type: None,
            sha256: None,
        };
        let parameters = ["Ana", "A-1001"].map(|text| TemplateParameter::Text(text.to_owned())).into();
        let mut contents = vec![
            Content::text("hola"),
            Content::Media(file(1)),
            Content::Template(Template { name: CONTENT_SID.to_owned(), parameters, ..Template::default() }),
            Content::Native { body: json!({ "Body": "hola", "SmartEncoded": true }) },
        ];
        contents.push(match self {
            Self::Sms => Content::Files(Files { body: Some("Planos".to_owned()), files: vec![file(1), file(2)] }),
            Self::WhatsApp => Content::Location(Location {
                latitude: 40.4168,
                longitude: -3.7038,
                name: Some("Oficina".to_owned()),
                address: Some("Puerta del Sol, Madrid".to_owned()),
            }),
        });
        contents
    }
}

fn phone() -> Address {
    Address::phone("+34600000000", None).unwrap()
}

#[async_trait]
impl ChannelHarness for Twilio {
    async fn open(&self) -> Bench {
        let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
        let line = Line::over(ReqwestTransport::ring().unwrap());
        let mut config = Config::new(twilio_core::Config::new(ACCOUNT_SID, AUTH_TOKEN));
        config.phone_number = Some(NUMBER.to_owned());
        config.whatsapp_number = Some(NUMBER.to_owned());
        // Repeats are the queue's task here, as in the engine.
        let client = Client::builder(config)
            .base_url(simulator.url())
            .transport(line.clone())
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        Bench {
            channel: Arc::new(self.channel(client)),
            wire: Arc::new(Simulated::new(simulator, line, "twilio.messages.create").throttles(20_429).fails(20_500)),
        }
    }

    fn samples(&self) -> Vec<Outbound> {
        let mut samples: Vec<_> = self.contents().into_iter().map(|content| Outbound::new(phone(), content)).collect();
        if let Self::WhatsApp = self {
            let user = Address::verbatim(AddressKind::WhatsAppUser, "ES.13491208655302741918");
            samples.push(Outbound::new(user, Content::text("hola")));
        }
        samples
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        let template = |name: &str| Content::Template(Template { name: name.to_owned(), ..Template::default() });
        [
            template("hello_world"),
            Content::Native { body: json!({ "Body": "x".repeat(1_601) }) },
            Content::Native { body: json!({ "Body": "hola", "MediaUrl": "file:///etc/hosts" }) },
        ]
        .map(|content| Outbound::new(phone(), content))
        .into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![AUTH_TOKEN.into()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept_by_sms() {
    comms_conformance::channel(&Twilio::Sms).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept_by_whatsapp() {
    comms_conformance::channel(&Twilio::WhatsApp).await.unwrap();
}

//! The channel keeps what every channel promises, over a dialogue with a mail server.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_conformance::channel::{Bench, ChannelHarness, Fault, Ledger, Sent, Wire};
use comms_core::{Address, Content, Email, NoFiles, Outbound, Secret};
use comms_simulator::smtp::{Act, Sink, Trouble, Verb};
use smtp_client::{Client, Config, SmtpChannel};

const SECRET: &str = "an-invented-password";

struct Smtp;

struct Server(Sink);

#[async_trait]
impl ChannelHarness for Smtp {
    async fn open(&self) -> Bench {
        let sink = Sink::start().unwrap();
        let mut config = Config::of_url(sink.url());
        config.user = Some("ventas@example.org".to_owned());
        config.password = Some(SECRET.into());
        config.from = Some("ventas@example.org".to_owned());
        config.step = Some(Duration::from_secs(1));
        let channel = SmtpChannel::new(Client::new(config).unwrap(), NoFiles::reader()).unwrap();
        Bench { channel: Arc::new(channel), wire: Arc::new(Server(sink)) }
    }

    fn samples(&self) -> Vec<Outbound> {
        let plain = Email { subject: "Hola".to_owned(), text: Some("¿Qué tal?".to_owned()), ..Email::default() };
        let html = Email { html: Some("<p>Hola</p>".to_owned()), ..plain.clone() };
        let to = Address::email("ana@example.com").unwrap();
        [plain, html].map(|mail| Outbound::new(to.clone(), Content::from(mail))).into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![SECRET.into()]
    }
}

#[async_trait]
impl Wire for Server {
    async fn ledger(&self) -> Ledger {
        let mails = self.0.mails();
        let sent = mails.taken.iter().map(|mail| {
            let id = mail.header("Message-ID").unwrap_or_default();
            let id = id.trim_matches(['<', '>']);
            let ours = id.split('@').next().and_then(|ours| ours.parse().ok());
            Sent { provider_id: id.to_owned(), our_id: ours }
        });
        Ledger { requests: mails.begun, sent: sent.collect() }
    }

    async fn fail_next(&self, fault: Fault) {
        let reply = |words: String| Trouble::say(Verb::Recipient, words);
        self.0.trouble(match fault {
            Fault::Refused => Trouble::close(Verb::Connect),
            // A server that makes people wait says so in its words.
            Fault::Throttled { retry_after } => {
                reply(format!("451 4.7.1 too many messages, try again in {} seconds", retry_after.as_secs()))
            }
            Fault::CutBeforeActing => Trouble::close(Verb::Text),
            Fault::CutAfterActing => Trouble::after(Act::Close),
            Fault::ErrorAfterActing => Trouble::after(Act::Say("421 4.3.2 closing".to_owned())),
            Fault::HtmlAfterActing => {
                Trouble::after(Act::Say("<html><body>Sorry, something went wrong.</body></html>".to_owned()))
            }
            Fault::TruncatedAfterActing => Trouble::after(Act::Half("25".to_owned())),
            Fault::SlowAfterActing => Trouble::after(Act::Wait(Duration::from_secs(3))),
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept() {
    comms_conformance::channel(&Smtp).await.unwrap();
}

//! The channel keeps what every channel promises, over real HTTP to a double of Google that shares no code with this crate.

use std::sync::Arc;

use async_trait::async_trait;
use comms_conformance::{
    channel::{Bench, ChannelHarness, Sent},
    line::Line,
    simulated::Simulated,
};
use comms_core::{MessageId, Outbound};
use comms_http::{ManualClock, ReqwestTransport, RetryPolicy, Secret};
use comms_simulator::{
    Simulator,
    google::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, MAILBOX},
};
use gmail_client::{Client, Config, GmailChannel, oauth::StaticToken};
use time::OffsetDateTime;

use crate::{channel::Files, channel_conformance::Gmail};

/// Google puts ids of its own in the place of ours, or leaves them.
struct OverHttp {
    replaces_ids: bool,
}

#[async_trait]
impl ChannelHarness for OverHttp {
    async fn open(&self) -> Bench {
        // A time within a text is counted from the answer's date, which has no fractions of a second.
        let clock = ManualClock::at_unix(OffsetDateTime::now_utc().unix_timestamp());
        let mut config = comms_simulator::Config::default();
        config.google.mail.replace_message_id = self.replaces_ids;
        let simulator = Simulator::start_with_clock(config, Arc::new(clock)).unwrap();
        let line = Line::over(ReqwestTransport::ring().unwrap());
        let client = Client::builder(Config::new(CLIENT_ID, CLIENT_SECRET))
            .base_url(simulator.url())
            .transport(line.clone())
            .token_provider(Arc::new(StaticToken::new(ACCESS_TOKEN)))
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let channel = GmailChannel::new(client, MAILBOX, Files::of(&[("k", b"%PDF-1.7")])).unwrap();
        let wire = Simulated::new(simulator, line, "google.messages.send").sent(sent);
        Bench { channel: Arc::new(channel), wire: Arc::new(wire) }
    }

    fn samples(&self) -> Vec<Outbound> {
        Gmail.samples()
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        Gmail.beyond_limits()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![ACCESS_TOKEN.into(), CLIENT_SECRET.into()]
    }
}

fn sent(simulator: &Simulator) -> Vec<Sent> {
    let accepted = simulator.google().accepted().into_iter();
    accepted.map(|mail| Sent { provider_id: mail.id, our_id: our_id(&mail.raw) }).collect()
}

/// The id that came with a message, in the header that Google leaves alone.
fn our_id(raw: &[u8]) -> Option<MessageId> {
    let text = String::from_utf8_lossy(raw);
    text.lines().find_map(|line| line.strip_prefix("X-Comms-Message-Id: ")?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept_over_http() {
    comms_conformance::channel(&OverHttp { replaces_ids: false }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept_where_google_replaces_ids() {
    comms_conformance::channel(&OverHttp { replaces_ids: true }).await.unwrap();
}

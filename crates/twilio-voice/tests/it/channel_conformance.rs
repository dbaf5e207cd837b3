//! The channel keeps what every channel promises, over real HTTP to a double of Twilio.

use std::sync::Arc;

use async_trait::async_trait;
use comms_conformance::{
    channel::{Bench, ChannelHarness},
    line::Line,
    simulated::Simulated,
};
use comms_core::{Address, AddressKind, Call, Content, Outbound};
use comms_http::{ReqwestTransport, RetryPolicy, Secret};
use comms_simulator::{
    Fault, Simulator,
    twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER},
};
use twilio_voice::{Client, Config, TwilioVoiceChannel};

struct Twilio;

fn to_phone(call: Call) -> Outbound {
    Outbound::new(Address::phone("+34600000000", None).unwrap(), Content::Call(call))
}

#[async_trait]
impl ChannelHarness for Twilio {
    async fn open(&self) -> Bench {
        let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
        let line = Line::over(ReqwestTransport::ring().unwrap());
        // Nobody listens there: what matters here is what is placed.
        let config = Config::new(twilio_core::Config::new(ACCOUNT_SID, AUTH_TOKEN))
            .phone_number(NUMBER)
            .callback_url("http://127.0.0.1:9/webhook/voz");
        // Repeats are the queue's task here, as in the engine.
        let client = Client::builder(config)
            .base_url(simulator.url())
            .transport(line.clone())
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let channel = Arc::new(TwilioVoiceChannel::new(client).unwrap());
        Bench {
            channel,
            wire: Arc::new(
                Simulated::new(simulator, line, "twilio.calls.create")
                    .throttles(20_429)
                    .fails(20_500)
                    .cut(Fault::Reset),
            ),
        }
    }

    fn samples(&self) -> Vec<Outbound> {
        let said = Call {
            answer: Some("<Response><Say>Hola</Say></Response>".to_owned()),
            ring_seconds: Some(5),
            detect_machine: true,
            record: true,
            ..Call::default()
        };
        let browser = Address::verbatim(AddressKind::VoiceClient, "ana");
        let calls = Content::Call(Call::default());
        vec![to_phone(Call::default()), to_phone(said), Outbound::new(browser, calls)]
    }

    fn beyond_limits(&self) -> Vec<Outbound> {
        let long = Call { answer: Some("x".repeat(4_001)), ..Call::default() };
        let endless = Call { ring_seconds: Some(601), ..Call::default() };
        let lost = Call { answer_url: Some("file:///etc/hosts".to_owned()), ..Call::default() };
        [long, endless, lost].map(to_phone).into()
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![AUTH_TOKEN.into()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_of_a_channel_is_kept() {
    comms_conformance::channel(&Twilio).await.unwrap();
}

//! Whole calls over real HTTP: a double of Twilio asks, is answered by TwiML, and tells how it went.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{
    Address, AddressKind, Asked, Batch, Call, Channel, Content, Decision, Event, EventKind, Inbound, MediaRef,
    Outbound, Question, Reply, Status,
};
use comms_http::{Clock, ExposeSecret, SystemClock, WebhookRequest};
use comms_simulator::{
    Simulator,
    twilio::{
        ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, APPLICATION_SID, AUTH_TOKEN, BrowserCall, Contact, InboundCall,
        NUMBER, Outcome, Script,
    },
};
use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use twilio_voice::{
    Client, Config, TwilioVoiceChannel, TwilioVoiceInbound,
    api::{calls::CallFilter, recordings::RecordingFilter},
    token::{AccessToken, Signer, VoiceGrant},
    webhook::Verifier,
};

const PERSON: &str = "+34600000009";
const LINE: &str = "twilio-voice:+15005550006";

/// Who answers Twilio here: the events that came, and how questions are decided.
struct Desk {
    inbound: TwilioVoiceInbound,
    url: String,
    heard: Mutex<Vec<Batch>>,
}

impl Desk {
    /// Listens on a free port.
    async fn open() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/voz", listener.local_addr().unwrap());
        let verifier = Verifier::new(ACCOUNT_SID, AUTH_TOKEN).unwrap();
        let inbound = TwilioVoiceInbound::new(verifier, url.as_str()).unwrap();
        let desk = Arc::new(Self { inbound, url, heard: Mutex::default() });
        let serving = desk.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = serving.clone();
                tokio::spawn(async move { desk.serve(stream).await });
            }
        });
        desk
    }

    async fn serve(&self, mut stream: TcpStream) {
        let Some((request, body)) = read(&mut stream).await else { return };
        let mut head = request.lines();
        let path = head.next().unwrap().split(' ').nth(1).unwrap();
        let base = self.url.strip_suffix("/voz").unwrap();
        let mut webhook = WebhookRequest::post(format!("{base}{path}"), body);
        for (name, value) in head.filter_map(|line| line.split_once(": ")) {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            webhook.headers.append(name, value.parse().unwrap());
        }
        let answer = match self.inbound.receive(&webhook) {
            Ok(batch) => {
                let reply = match &batch.question {
                    Some(question) => {
                        // Which number a browser calls from is decided here too.
                        let decided = Question { account: LINE.into(), ..question.clone() };
                        self.inbound.respond(&decided, &decide(&question.asked))
                    }
                    None => self.inbound.acknowledge(),
                };
                self.heard.lock().unwrap().push(batch);
                (200, reply)
            }
            Err(error) => (401, Reply::text(error.to_string())),
        };
        let (status, Reply { content_type, body }) = answer;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}"
        );
        // Who asked may be gone, which is theirs to notice.
        let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
    }

    fn events(&self) -> Vec<Event> {
        self.heard.lock().unwrap().iter().flat_map(|batch| batch.events.clone()).collect()
    }

    fn messages(&self) -> Vec<Event> {
        self.events().into_iter().filter(|event| matches!(event.kind, EventKind::Message(_))).collect()
    }

    /// State and duration of the one call that was told of.
    fn outcome(&self, subject: &str) -> (Status, Option<u32>) {
        let mut outcome = (Status::CallInitiated, None);
        for event in self.events() {
            assert_eq!(event.subject, subject, "{event:?}");
            if let EventKind::Status(update) = &event.kind {
                outcome.0 = update.status.map_or(outcome.0, |status| outcome.0.merge(status));
                outcome.1 = outcome.1.max(update.duration_seconds);
            }
        }
        outcome
    }
}

/// One request, its connection closed behind it.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                if name.eq_ignore_ascii_case("content-length") { value.parse().ok() } else { None }
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0_usize) {
                return Some((head, bytes.split_off(end + 4)));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn browser(identity: &str) -> Address {
    Address::verbatim(AddressKind::VoiceClient, identity)
}

/// A business with two sellers: `ana` rings first, then `luis`, then a voicemail takes a message.
fn decide(asked: &Asked) -> Decision {
    let ring = |identity: &str, next_step| Decision::Ring {
        clients: vec![browser(identity)],
        caller_id: None,
        ring_seconds: 10,
        parameters: BTreeMap::new(),
        next_step,
        record: true,
    };
    match asked {
        Asked::Dial { to, .. } => Decision::Dial {
            to: Address::phone(to, None).unwrap(),
            caller_id: Address::phone(NUMBER, None).unwrap(),
            ring_seconds: 20,
            record: true,
        },
        Asked::Answer { step: 0, .. } => ring("ana", 1),
        Asked::Answer { step: 1, .. } => ring("luis", 2),
        Asked::Connect { .. } => ring("ana", 9),
        Asked::Answer { step: 2, .. } => {
            Decision::Voicemail { greeting: "Diga".to_owned(), language: "es-ES".to_owned(), max_seconds: 60 }
        }
        _ => Decision::HangUp,
    }
}

/// Twilio, with these people, calling back to the desk.
fn twilio(desk: &Desk, people: impl IntoIterator<Item = Contact>) -> Simulator {
    let mut config = comms_simulator::Config::default();
    config.twilio.set_voice_url(&desk.url);
    config.twilio.set_call_status_url(&desk.url);
    config.twilio.calls.second_ms = 0;
    for contact in people {
        config.twilio.set_contact(contact);
    }
    Simulator::start(config).unwrap()
}

fn client(simulator: &Simulator, desk: &Desk) -> Client {
    let config = Config::new(twilio_core::Config::new(ACCOUNT_SID, AUTH_TOKEN))
        .phone_number(NUMBER)
        .callback_url(desk.url.as_str());
    let mut config = config;
    config.twilio.api_base = Some(simulator.url().to_owned());
    Client::new(config).unwrap()
}

async fn settled(simulator: &Simulator) {
    assert!(simulator.twilio().settled(Duration::from_secs(20)).await, "the call goes on");
}

fn token(identity: &str) -> String {
    let signer = Signer::new(ACCOUNT_SID, API_KEY_SID, API_KEY_SECRET.into()).unwrap();
    let grant = VoiceGrant::new().incoming(true).outgoing(APPLICATION_SID);
    let signed = signer.sign(&AccessToken::new(identity).voice(grant), SystemClock.now()).unwrap();
    signed.jwt.expose_secret().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_calls_a_phone() {
    let desk = Desk::open().await;
    let simulator = twilio(&desk, [Contact::new(PERSON).in_calls(Script::answers(4, 42))]);
    let call = BrowserCall::to(&token("ana"), PERSON).param("lead_id", "42");
    let sid = simulator.twilio().browser_call(&call).unwrap();
    settled(&simulator).await;

    assert_eq!(desk.messages().len(), 1);
    assert_eq!(desk.outcome(&sid), (Status::CallCompleted, Some(42)));
    let child = simulator.twilio().child_legs(&sid).remove(0);
    let mut words: Vec<_> = desk
        .events()
        .into_iter()
        .filter_map(|event| event.key.as_str().strip_prefix(&format!("{child}:")).map(str::to_owned))
        .collect();
    words.sort();
    assert_eq!(words, ["completed:3", "in-progress:2", "initiated:0", "ringing:1"]);
    let recordings: Vec<Event> =
        desk.events().into_iter().filter(|event| matches!(event.kind, EventKind::Recording(_))).collect();
    assert_eq!(recordings.len(), 1);
    assert_eq!(recordings[0].account.as_str(), LINE);

    // What was recorded can be fetched, and both of its lists name it.
    let client = client(&simulator, &desk);
    let channel = TwilioVoiceChannel::new(client.clone()).unwrap();
    let sound = channel.fetch(&MediaRef::Id(recordings[0].key.to_string())).await.unwrap();
    assert!(!sound.body.try_collect::<Vec<_>>().await.unwrap().concat().is_empty());
    let of_account: Vec<_> = client.recordings().list(&RecordingFilter::new()).unwrap().try_collect().await.unwrap();
    let of_call: Vec<_> = client.recordings().of_call(&sid).unwrap().try_collect().await.unwrap();
    assert_eq!(of_account[0].sid.as_deref(), Some(recordings[0].key.as_str()));
    assert_eq!((of_account.len(), of_call.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_reaches_the_second_seller() {
    let desk = Desk::open().await;
    let away = Contact::browser("ana").in_calls(Script::refuses(Outcome::NoAnswer));
    let simulator = twilio(&desk, [away, Contact::browser("luis").in_calls(Script::answers(2, 30))]);
    let sid = simulator.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    settled(&simulator).await;
    assert_eq!(
        desk.messages().iter().map(|event| event.account.to_string()).collect::<std::collections::BTreeSet<_>>().len(),
        1
    );
    assert_eq!(desk.outcome(&sid), (Status::CallCompleted, Some(30)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_nobody_answers_leaves_a_message() {
    let desk = Desk::open().await;
    let simulator = twilio(&desk, []);
    let sid = simulator.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    settled(&simulator).await;
    assert_eq!(desk.outcome(&sid), (Status::CallNoAnswer, None));
    let recorded: Vec<_> = desk
        .events()
        .into_iter()
        .filter_map(|event| if let EventKind::Recording(it) = event.kind { it.duration_seconds } else { None })
        .collect();
    // Told by the action and by the recording's own callback, as one event.
    assert_eq!(recorded, [12, 12]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_the_channel_places_rings_a_browser_once_it_is_answered() {
    let desk = Desk::open().await;
    let people = [
        Contact::new(PERSON).in_calls(Script::answers(3, 20)),
        Contact::browser("ana").in_calls(Script::answers(2, 15)),
    ];
    let simulator = twilio(&desk, people);
    let client = client(&simulator, &desk);
    let channel = TwilioVoiceChannel::new(client.clone()).unwrap();
    let message = Outbound::new(
        Address::phone(PERSON, None).unwrap(),
        Content::Call(Call { ring_seconds: Some(30), ..Call::default() }),
    );
    let receipt = channel.send(&message).await.unwrap();
    settled(&simulator).await;

    assert!(desk.messages().is_empty(), "its record is there already");
    let (status, duration) = desk.outcome(&receipt.provider_id);
    assert_eq!(status, Status::CallCompleted);
    assert!(duration.is_some_and(|seconds| seconds >= 15), "{duration:?}");
    for event in desk.events() {
        if let EventKind::Status(update) = event.kind {
            assert_eq!(update.correlation, Some(message.id.to_string()), "{}", event.key);
        }
    }
    // It is over: hanging up finds that so, and it can be looked up and deleted.
    let calls = client.calls();
    channel.calls().unwrap().hang_up(&receipt.provider_id).await.unwrap();
    let placed: Vec<_> = calls.list(&CallFilter::new().to(PERSON)).unwrap().try_collect().await.unwrap();
    assert_eq!(placed[0].sid.as_deref(), Some(receipt.provider_id.as_str()));
    calls.delete(&receipt.provider_id).await.unwrap();
    assert_eq!(calls.fetch(&receipt.provider_id).await.unwrap_err().status(), Some(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_hung_up_while_it_rings() {
    let desk = Desk::open().await;
    let ringing = Script { ring_seconds: None, ..Script::default() };
    let simulator = twilio(&desk, [Contact::new(PERSON).in_calls(ringing)]);
    let channel = TwilioVoiceChannel::new(client(&simulator, &desk)).unwrap();
    let message = Outbound::new(Address::phone(PERSON, None).unwrap(), Content::Call(Call::default()));
    let receipt = channel.send(&message).await.unwrap();
    channel.calls().unwrap().hang_up(&receipt.provider_id).await.unwrap();
    settled(&simulator).await;
    let (status, _) = desk.outcome(&receipt.provider_id);
    assert!(status.rank() > Status::CallInProgress.rank(), "{status:?}");
}

//! Over real HTTP with a double of Twilio that shares no code with this crate: what is sent, reported, received and fetched.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{Address, Channel, Content, Event, EventKind, Inbound, Media, MediaRef, Outbound, Status};
use comms_http::{ErrorKind, WebhookRequest};
use comms_simulator::{
    Simulator,
    twilio::{
        ACCOUNT_SID, AUTH_TOKEN, CONTENT_SID, Contact, Delivery, InboundMessage, NUMBER, SERVICE_SID, TEST_ACCOUNT_SID,
        TEST_AUTH_TOKEN,
    },
};
use futures_util::TryStreamExt;
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use twilio_messaging::{
    Client, Config, NewMessage, TwilioMessagingChannel, TwilioMessagingInbound,
    api::messages::MessageFilter,
    model::{content::NewContent, message::MessageStatus},
    webhook::{EMPTY_RESPONSE, SIGNATURE_HEADER, Verifier},
};

const TO: &str = "+34600000000";
const LIMIT: Duration = Duration::from_secs(20);

fn client(simulator: &Simulator, account: &str, token: &str) -> Client {
    let mut account = twilio_core::Config::new(account, token);
    account.api_base = Some(simulator.url().to_owned());
    let mut config = Config::new(account);
    config.phone_number = Some(NUMBER.to_owned());
    config.whatsapp_number = Some(NUMBER.to_owned());
    Client::new(config).unwrap()
}

/// A server of ours that Twilio calls: it verifies each webhook and keeps its events.
struct Server {
    url: String,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url: format!("{origin}/webhook/sms"), events: Arc::default() };
        let events = server.events.clone();
        let parser = Arc::new(TwilioMessagingInbound::new(Verifier::new(ACCOUNT_SID, AUTH_TOKEN).unwrap()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (events, parser, origin) = (events.clone(), parser.clone(), origin.clone());
                tokio::spawn(async move {
                    serve(stream, &origin, &*parser, &events).await;
                });
            }
        });
        server
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The states that were reported of a message, merged.
    fn state(&self, sid: &str) -> Option<Status> {
        let reported = self.events().into_iter().filter(|event| event.subject == sid);
        let states = reported.filter_map(|event| match event.kind {
            EventKind::Status(update) => update.status,
            _ => None,
        });
        states.reduce(Status::merge)
    }
}

/// Reads one request, keeps its events and answers it.
async fn serve(mut stream: TcpStream, origin: &str, parser: &dyn Inbound, events: &Mutex<Vec<Event>>) {
    let mut bytes = Vec::new();
    let (head, body_at) = loop {
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return;
        }
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&bytes[..at]).into_owned(), at + 4);
        }
    };
    let header = |wanted: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.to_owned()).next()
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < body_at + length {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let path = head.split(' ').nth(1).unwrap();
    let request = WebhookRequest::post(format!("{origin}{path}"), bytes[body_at..].to_vec())
        .header("content-type", &header("content-type").unwrap_or_default())
        .header(SIGNATURE_HEADER, &header(SIGNATURE_HEADER).unwrap_or_default());
    events.lock().unwrap().extend(parser.receive(&request).unwrap().events);
    let length = EMPTY_RESPONSE.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{EMPTY_RESPONSE}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn start() -> (Simulator, Server) {
    let server = Server::start().await;
    let mut settings = comms_simulator::Config::default();
    settings.twilio.set_messaging_url(&server.url);
    (Simulator::start(settings).unwrap(), server)
}

fn text(to: &str, body: &str) -> Outbound {
    Outbound::new(Address::phone(to, None).unwrap(), Content::text(body))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_reported_to_its_end() {
    let (simulator, server) = start().await;
    simulator.twilio().set_contact(Contact::new("+34600000002").reached(Delivery::Undelivered, Some(30_006)));
    let client = client(&simulator, ACCOUNT_SID, AUTH_TOKEN);
    let channel = TwilioMessagingChannel::sms(client.clone()).unwrap().callback(&server.url);
    let message = text(TO, "hola");
    let arrives = channel.send(&message).await.unwrap().provider_id;
    let fails = channel.send(&text("+34600000002", "hola")).await.unwrap().provider_id;
    assert!(simulator.twilio().settled(LIMIT).await);

    assert_eq!((server.state(&arrives), server.state(&fails)), (Some(Status::Delivered), Some(Status::Failed)));
    for event in server.events() {
        assert_eq!(event.account, *channel.account());
        let EventKind::Status(update) = event.kind else { panic!("{event:?}") };
        if event.subject == arrives {
            assert_eq!(update.correlation, Some(message.id.to_string()));
        } else if update.status == Some(Status::Failed) {
            assert_eq!(update.problem.unwrap().code, "30006");
        }
    }
    let fetched = client.messages().fetch(&fails).await.unwrap();
    assert_eq!(fetched.status, Some(MessageStatus::Undelivered));
    assert_eq!(fetched.error_code.unwrap().number(), Some(30_006));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_on_whatsapp() {
    let (simulator, server) = start().await;
    let client = client(&simulator, ACCOUNT_SID, AUTH_TOKEN);
    let channel = TwilioMessagingChannel::whatsapp(client).unwrap().callback(&server.url);
    let hidden = InboundMessage::whatsapp(TO, NUMBER, "¿Sigue en venta?").hidden("ES.13491208655302741918");
    simulator.twilio().inbound_message(hidden).unwrap();
    simulator
        .twilio()
        .inbound_message(InboundMessage::whatsapp(TO, NUMBER, "plano").file("image/png", b"png"))
        .unwrap();
    assert!(simulator.twilio().settled(LIMIT).await);
    let events = server.events();
    let messages: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Message(message) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(messages.len(), 2);
    assert!(events.iter().all(|event| event.account == *channel.account()));
    let said = messages.iter().find(|message| message.content == Content::text("¿Sigue en venta?")).unwrap();
    let writer = said.party.primary().unwrap().clone();
    assert_eq!(writer.value(), "ES.13491208655302741918");

    // The file comes from our own base, by its ids.
    let media = messages.iter().find_map(|message| match &message.content {
        Content::Media(Media { source: source @ MediaRef::Id(_), .. }) => Some(source.clone()),
        _ => None,
    });
    let stream = channel.fetch(&media.unwrap()).await.unwrap();
    assert_eq!(stream.content_type.as_deref(), Some("image/png"));
    let bytes: Vec<_> = stream.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"png");

    let answer = channel.send(&text(TO, "Sí")).await.unwrap().provider_id;
    assert!(simulator.twilio().settled(LIMIT).await);
    assert_eq!(server.state(&answer), Some(Status::Read));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_is_not_written_to_until_they_start() {
    let (simulator, server) = start().await;
    let channel = TwilioMessagingChannel::sms(client(&simulator, ACCOUNT_SID, AUTH_TOKEN)).unwrap();
    let says = |word: &str| simulator.twilio().inbound_message(InboundMessage::sms(TO, NUMBER, word)).unwrap();
    says("Stop");
    assert!(simulator.twilio().settled(LIMIT).await);
    let error = channel.send(&text(TO, "hola")).await.unwrap_err();
    assert_eq!((error.kind(), error.provider_code()), (ErrorKind::OptedOut, Some("21610")));
    says("START");
    assert!(simulator.twilio().settled(LIMIT).await);
    channel.send(&text(TO, "hola")).await.unwrap();
    let opted: Vec<bool> = server
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Opt(opt) => Some(opt.opted_in),
            _ => None,
        })
        .collect();
    assert_eq!(opted, [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_scheduled_cancelled_redacted_and_deleted() {
    let (simulator, _server) = start().await;
    let client = client(&simulator, ACCOUNT_SID, AUTH_TOKEN);
    let messages = client.messages();
    for number in 0..5 {
        messages.create(&NewMessage::text(format!("n. {number}")).to(TO)).await.unwrap();
    }
    assert!(simulator.twilio().settled(LIMIT).await);
    let filter = MessageFilter::new().to(TO).page_size(2);
    let listed: Vec<_> = messages.list(&filter).unwrap().try_collect().await.unwrap();
    assert_eq!(listed.len(), 5);
    let sid = listed[0].sid.clone().unwrap();
    assert_eq!(messages.redact(&sid).await.unwrap().body.as_deref(), Some(""));
    messages.delete(&sid).await.unwrap();
    assert_eq!(messages.fetch(&sid).await.unwrap_err().status(), Some(404));

    let tomorrow = OffsetDateTime::now_utc() + time::Duration::DAY;
    let later = NewMessage::text("mañana").to(TO).messaging_service_sid(SERVICE_SID).send_at(tomorrow);
    let later = messages.create(&later).await.unwrap();
    assert_eq!((later.status, later.from), (Some(MessageStatus::Scheduled), None));
    let canceled = messages.cancel(&later.sid.unwrap()).await.unwrap();
    assert_eq!(canceled.status, Some(MessageStatus::Canceled));
    assert_eq!(simulator.ledger().violations(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_services() {
    let (simulator, _server) = start().await;
    let client = client(&simulator, ACCOUNT_SID, AUTH_TOKEN);
    let form = serde_json::json!({ "body": "Hola {{1}}" });
    let made = client.contents().create(&NewContent::new("es").named("cita").form("twilio/text", form)).await.unwrap();
    let sid = made.sid.unwrap();
    client.contents().submit(&sid, "cita", "UTILITY").await.unwrap();
    let channel = TwilioMessagingChannel::whatsapp(client.clone()).unwrap();
    let names = |templates: Vec<comms_core::TemplateSummary>| -> Vec<String> {
        templates.into_iter().map(|template| template.name).collect()
    };
    assert_eq!(names(channel.templates().await.unwrap()), [CONTENT_SID]);
    simulator.twilio().review_content(&sid, "approved");
    assert_eq!(names(channel.templates().await.unwrap()), [CONTENT_SID, &sid]);
    let services: Vec<_> = client.services().list().unwrap().try_collect().await.unwrap();
    assert_eq!(services[0].sid.as_deref(), Some(SERVICE_SID));
    let numbers: Vec<_> = client.services().numbers(SERVICE_SID).unwrap().try_collect().await.unwrap();
    assert_eq!(numbers[0].phone_number.as_ref().and_then(|number| number.phone()), Some(NUMBER));
}

#[tokio::test(flavor = "multi_thread")]
async fn magic_numbers_are_told_apart_by_their_codes() {
    let (simulator, _server) = start().await;
    let client = client(&simulator, TEST_ACCOUNT_SID, TEST_AUTH_TOKEN);
    let cases = [
        ("+15005550001", "21211", ErrorKind::InvalidRecipient),
        ("+15005550002", "21612", ErrorKind::InvalidRecipient),
        ("+15005550004", "21610", ErrorKind::OptedOut),
        ("+15005550009", "21614", ErrorKind::InvalidRecipient),
    ];
    for (to, code, kind) in cases {
        let error = client.messages().create(&NewMessage::text("hola").to(to)).await.unwrap_err();
        assert_eq!((error.provider_code(), error.kind()), (Some(code), kind), "{to}");
    }
    let from = |from: &str| NewMessage::text("hola").to(TO).from(from);
    for (sender, code) in [("+15005550001", "21212"), ("+15005550007", "21606")] {
        let error = client.messages().create(&from(sender)).await.unwrap_err();
        assert_eq!(error.provider_code(), Some(code));
    }
    client.messages().create(&from(NUMBER)).await.unwrap();
}

//! Over real HTTP with a double of SendGrid that shares no code with this crate: what is sent, told and received.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{AccountId, Address, Channel, Content, Email, Event, EventKind, Inbound, Outbound, Status};
use comms_http::{ErrorKind, WebhookRequest};
use comms_simulator::{
    Simulator,
    sendgrid::{API_KEY, File, Mail as Letter, Outcome, PARSE_DOMAIN, SENDER, WEBHOOK_KEY},
};
use sendgrid_client::{
    Client, Config, Mail, SendgridChannel, SendgridInbound,
    api::batches::Stop,
    model::suppression::SuppressionList,
    webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier},
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::channel_conformance::Store;

const LIMIT: Duration = Duration::from_secs(20);

/// A server of ours that SendGrid calls: it verifies each webhook and keeps its events.
struct Server {
    url: String,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { url: format!("http://{}/webhook", listener.local_addr().unwrap()), events: Arc::default() };
        let events = server.events.clone();
        let parser = SendgridInbound::new(Verifier::new([WEBHOOK_KEY]).unwrap())
            .account(AccountId::from(format!("sendgrid:{SENDER}")))
            .route(PARSE_DOMAIN, AccountId::from(format!("sendgrid:{SENDER}")));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (events, parser) = (events.clone(), parser.clone());
                tokio::spawn(async move { serve(stream, &parser, &events).await });
            }
        });
        server
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The states that were told of a mail, merged, by our own id.
    fn state(&self, message: &Outbound) -> Option<Status> {
        let told = self.events().into_iter().filter_map(|event| match event.kind {
            EventKind::Status(update) if update.correlation.as_deref() == Some(&message.id.to_string()) => {
                update.status
            }
            _ => None,
        });
        told.reduce(Status::merge)
    }
}

async fn serve(mut stream: TcpStream, parser: &SendgridInbound, events: &Mutex<Vec<Event>>) {
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
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let length: usize = header("content-length").parse().unwrap();
    while bytes.len() < body_at + length {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let request = WebhookRequest::post("http://127.0.0.1/webhook", bytes[body_at..].to_vec())
        .header("content-type", &header("content-type"))
        .header(TIMESTAMP_HEADER, &header(TIMESTAMP_HEADER))
        .header(SIGNATURE_HEADER, &header(SIGNATURE_HEADER));
    events.lock().unwrap().extend(parser.receive(&request).unwrap().events);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
}

async fn start(raw: bool) -> (Simulator, Server, SendgridChannel) {
    let server = Server::start().await;
    let mut settings = comms_simulator::Config::default();
    settings.sendgrid.set_event_url(&server.url);
    settings.sendgrid.set_parse_url(PARSE_DOMAIN, &server.url, raw);
    settings.sendgrid.set_recipient("muda@example.com", Outcome::Silent);
    let simulator = Simulator::start(settings).unwrap();
    let mut config = Config::new(API_KEY);
    config.from_email = Some(SENDER.to_owned());
    config.api_base = simulator.url().to_owned();
    let channel = SendgridChannel::new(Client::new(config).unwrap(), Arc::new(Store)).unwrap();
    (simulator, server, channel)
}

fn message(to: &str) -> Outbound {
    let email = Email { subject: "Presupuesto".to_owned(), text: Some("Hola".to_owned()), ..Email::default() };
    Outbound::new(Address::email(to).unwrap(), Content::from(email))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_outcome_reaches_its_state() {
    let (simulator, server, channel) = start(false).await;
    let outcomes = [
        (Outcome::Delivered, Status::Delivered),
        (Outcome::Opened, Status::Read),
        (Outcome::MachineOpened, Status::Delivered),
        (Outcome::Clicked, Status::Read),
        (Outcome::Deferred, Status::Delivered),
        (Outcome::Bounced, Status::Failed),
        (Outcome::Blocked, Status::Failed),
        (Outcome::Invalid, Status::Failed),
        (Outcome::Silent, Status::Accepted),
        (Outcome::SpamReport, Status::Delivered),
    ];
    let mut sent = Vec::new();
    for (at, (outcome, expected)) in outcomes.into_iter().enumerate() {
        let to = format!("a{at}@example.com");
        simulator.sendgrid().set_recipient(&to, outcome);
        let message = message(&to);
        let receipt = channel.send(&message).await.unwrap();
        sent.push((message, receipt, outcome, expected));
    }
    assert!(simulator.sendgrid().settled(LIMIT).await);
    for (message, receipt, outcome, expected) in sent {
        assert_eq!(server.state(&message), Some(expected), "{outcome:?}");
        // A dropped mail's events do not bear its id: ours finds it.
        let told = server.events().into_iter().filter(|event| event.subject == receipt.provider_id).count();
        assert_eq!(told == 0, outcome == Outcome::Invalid, "{outcome:?}");
    }
    assert_eq!(simulator.ledger().violations(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_unsubscribed_is_not_written_to_until_they_are_taken_off_the_list() {
    let (simulator, server, channel) = start(false).await;
    simulator.sendgrid().set_recipient("ana@example.com", Outcome::Unsubscribe);
    channel.send(&message("ana@example.com")).await.unwrap();
    assert!(simulator.sendgrid().settled(LIMIT).await);
    let opted =
        server.events().into_iter().any(|event| matches!(event.kind, EventKind::Opt(change) if !change.opted_in));
    assert!(opted);

    let suppressions = channel.client().suppressions();
    assert_eq!(suppressions.get(SuppressionList::Unsubscribes, "ana@example.com").await.unwrap().len(), 1);
    let refused = message("ana@example.com");
    channel.send(&refused).await.unwrap();
    assert!(simulator.sendgrid().settled(LIMIT).await);
    assert_eq!(server.state(&refused), Some(Status::Failed));

    suppressions.remove(SuppressionList::Unsubscribes, "ana@example.com").await.unwrap();
    simulator.sendgrid().set_recipient("ana@example.com", Outcome::Delivered);
    let again = message("ana@example.com");
    channel.send(&again).await.unwrap();
    assert!(simulator.sendgrid().settled(LIMIT).await);
    assert_eq!(server.state(&again), Some(Status::Delivered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_mail_is_withdrawn() {
    let (simulator, _, channel) = start(false).await;
    let client = channel.client();
    let batch = client.batches().create().await.unwrap();
    let later = OffsetDateTime::now_utc() + Duration::from_secs(3_600);
    let mail = Mail::new(SENDER).to("ana@example.com").subject("a").text("b").send_at(later);
    client.mail().send(&mail.clone().batch(&batch)).await.unwrap();
    client.mail().send(&mail).await.unwrap();
    client.batches().stop(&batch, Stop::Pause).await.unwrap();
    client.batches().stop(&batch, Stop::Cancel).await.unwrap();
    assert_eq!(simulator.sendgrid().release(), 1);
    let far = mail.send_at(later + Duration::from_secs(72 * 3_600));
    assert_eq!(client.mail().send(&far).await.unwrap_err().field_name(), Some("send_at"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_have_their_kinds() {
    let (simulator, _, channel) = start(false).await;
    let mail = Mail::new(SENDER).to("ana@example.com").subject("a").text("b");
    let client = channel.client();
    let stranger = Mail { from: "ventas@example.net".into(), ..mail.clone() };
    assert_eq!(client.mail().send(&stranger).await.unwrap_err().kind(), ErrorKind::Config);
    let unknown = Mail { template_id: Some("d-0".to_owned()), ..mail.clone() };
    assert_eq!(client.mail().send(&unknown).await.unwrap_err().field_name(), Some("template_id"));
    simulator.configure(|config| config.sendgrid.credits = Some(0));
    assert_eq!(client.mail().send(&mail).await.unwrap_err().kind(), ErrorKind::RateLimited);
    assert!(client.mail().send(&mail.clone().sandbox()).await.unwrap().sandbox, "a check costs nothing");
    simulator.configure(|config| config.sendgrid.api_keys.clear());
    assert_eq!(client.mail().send(&mail).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_are_told_with_their_placeholders() {
    let (_simulator, _, channel) = start(false).await;
    let templates = channel.templates().await.unwrap();
    let names: Vec<_> = templates[0].variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["nombre", "pedido"]);
    assert_eq!(
        (templates[0].body.as_str(), templates[0].variables[0].example.as_deref()),
        ("Hola {{nombre}}", Some("Ana"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_reads_the_same_whichever_way_it_is_posted() {
    let letter = Letter {
        from: "Peña <ana@example.com>".to_owned(),
        to: vec![format!("equipo@{PARSE_DOMAIN}")],
        subject: "¿Sigue en venta?".to_owned(),
        text: "Sí, me interesa".to_owned(),
        html: Some("<p>Sí, me interesa <img src=\"cid:a1\"></p>".to_owned()),
        message_id: Some("1@mail.example.com".to_owned()),
        in_reply_to: Some("0@example.org".to_owned()),
        references: vec!["0@example.org".to_owned()],
        files: vec![File {
            name: "plano.png".to_owned(),
            content_type: "image/png".to_owned(),
            content: "iVBORw0KGgo=".to_owned(),
            content_id: Some("a1".to_owned()),
        }],
        ..Letter::default()
    };
    let mut read = Vec::new();
    for (raw, latin1) in [(false, false), (false, true), (true, false)] {
        let (simulator, server, _) = start(raw).await;
        simulator.sendgrid().receive(&Letter { latin1, ..letter.clone() }).unwrap();
        assert!(simulator.sendgrid().settled(LIMIT).await);
        let events = server.events();
        let [Event { account, kind: EventKind::Message(message), .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(account.as_str(), format!("sendgrid:{SENDER}"));
        assert_eq!(message.party.name.as_deref(), Some("Peña"));
        read.push(message.content.clone());
    }
    assert_eq!(read[0], read[1]);
    assert_eq!(read[0], read[2]);
    let Content::Email(email) = &read[0] else { panic!("{:?}", read[0]) };
    assert_eq!((email.text.as_deref(), email.files.len()), (Some("Sí, me interesa"), 1));
}

//! Over real HTTP with a double of ElevenLabs that shares no code with this crate: calls are made, told of, and asked for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use comms_core::{AgentContext, AgentTurn, CallOutcome, CallProgress, TextAgent};
use comms_http::{DownloadLimits, ErrorKind, ExposeSecret, Outcome as Became, RetryPolicy, WebhookRequest, pages};
use comms_simulator::{
    Config as Settings, Fault, FaultRule, Simulator,
    elevenlabs::{AGENT_ID, API_KEY, CLOSED_AGENT_ID, Outcome, PHONE_NUMBER_ID, Person, PhoneCall, WEBHOOK_SECRET},
};
use elevenlabs_client::{
    Client, ClientData, Config, ElevenLabsAgent,
    api::ConversationFilter,
    model::{
        batch::{BatchStatus, NewBatch, NewRecipient, RecipientStatus},
        call::OutboundCall,
        conversation::ConversationStatus,
        whatsapp::WhatsAppMessage,
    },
    webhook::{SIGNATURE_HEADER, Verifier, Webhook},
};
use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const LIMIT: Duration = Duration::from_secs(20);

/// A server of ours that ElevenLabs calls: it verifies each webhook and keeps what it says.
struct Server {
    url: String,
    told: Arc<Mutex<Vec<Webhook>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { url: format!("http://{}/webhook", listener.local_addr().unwrap()), told: Arc::default() };
        let told = server.told.clone();
        let verifier = Verifier::new([WEBHOOK_SECRET.into()]).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (told, verifier) = (told.clone(), verifier.clone());
                tokio::spawn(async move { serve(stream, &verifier, &told).await });
            }
        });
        server
    }

    /// What was told of a conversation, by its type.
    fn of(&self, conversation: &str) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let mut kinds: Vec<_> = told
            .iter()
            .filter(|webhook| webhook.conversation_id() == Some(conversation))
            .map(|webhook| webhook.kind().to_owned())
            .collect();
        kinds.sort();
        kinds
    }
}

async fn serve(mut stream: TcpStream, verifier: &Verifier, told: &Mutex<Vec<Webhook>>) {
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
        .header(SIGNATURE_HEADER, &header(SIGNATURE_HEADER));
    told.lock().unwrap().push(verifier.verify(&request).unwrap().parse());
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
}

async fn start() -> (Simulator, Server, Client) {
    let server = Server::start().await;
    let mut settings = Settings::default();
    settings.elevenlabs.set_webhook_url(&server.url);
    settings.elevenlabs.webhook_audio = true;
    let simulator = Simulator::start(settings).unwrap();
    let client = Client::builder(Config::new(API_KEY)).base_url(simulator.url()).build().unwrap();
    (simulator, server, client)
}

fn call(number: &str) -> OutboundCall {
    let data = ClientData::new().user("cliente-42").variable("client_name", "Ana");
    OutboundCall::new(AGENT_ID, PHONE_NUMBER_ID, number).data(data)
}

const OUTCOMES: [(Outcome, CallProgress, CallOutcome); 6] = [
    (Outcome::Completed, CallProgress::Done, CallOutcome::Talked),
    (Outcome::Voicemail, CallProgress::Done, CallOutcome::Voicemail),
    (Outcome::NoAnswer, CallProgress::Failed, CallOutcome::NoAnswer),
    (Outcome::Busy, CallProgress::Failed, CallOutcome::Busy),
    (Outcome::Failed, CallProgress::Failed, CallOutcome::Failed),
    (Outcome::Broken, CallProgress::Failed, CallOutcome::Failed),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_ends_as_it_ended_and_is_told_of() {
    let (simulator, server, client) = start().await;
    let agent = ElevenLabsAgent::new(client.clone());
    for (at, (outcome, progress, expected)) in OUTCOMES.into_iter().enumerate() {
        let number = format!("+3460000000{at}");
        simulator.elevenlabs().set_person(Person::new(&number, outcome));
        let conversation = client.twilio().call(&call(&number)).await.unwrap().conversation_id.unwrap();
        assert!(simulator.elevenlabs().settled(LIMIT).await);
        let told = agent.call(&conversation).await.unwrap();
        assert_eq!((told.progress, told.outcome), (progress, expected), "{outcome:?}");
        assert_eq!((told.phone.as_deref(), told.agent.as_str()), (Some(number.as_str()), AGENT_ID));
        assert_eq!(told.variables["client_name"], "Ana");
        let talked = expected == CallOutcome::Talked;
        assert!(!talked || told.summary.is_some() && !told.transcript.is_empty());
        let kinds = server.of(&conversation);
        let failed_to_begin = matches!(outcome, Outcome::NoAnswer | Outcome::Busy | Outcome::Failed);
        assert_eq!(kinds.contains(&"call_initiation_failure".to_owned()), failed_to_begin, "{kinds:?}");
        assert_eq!(kinds.contains(&"post_call_transcription".to_owned()), !failed_to_begin, "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_ends_in_every_outcome() {
    let (simulator, _, client) = start().await;
    let mut batch = NewBatch::new("Entregas", AGENT_ID, PHONE_NUMBER_ID).timezone("Europe/Madrid");
    for (at, (outcome, ..)) in OUTCOMES.into_iter().enumerate() {
        let number = format!("+3460000000{at}");
        simulator.elevenlabs().set_person(Person::new(&number, outcome));
        batch = batch.recipient(NewRecipient::phone(number));
    }
    let made = client.batch_calls().submit(&batch).await.unwrap();
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    let ended = client.batch_calls().get(&made.id).await.unwrap();
    assert_eq!((ended.status, ended.total_calls_finished), (BatchStatus::Completed, Some(6)));
    let agent = ElevenLabsAgent::new(client.clone());
    for (recipient, (outcome, _, expected)) in ended.recipients.iter().zip(OUTCOMES) {
        assert!(!matches!(recipient.status, RecipientStatus::Other(_)), "{recipient:?}");
        let told = agent.call(recipient.conversation_id.as_deref().unwrap()).await.unwrap();
        // That nobody was reached is certain; why, only where the words say it.
        assert_eq!(told.outcome, expected, "{outcome:?}");
        let batch = told.batch.unwrap();
        assert_eq!((batch.batch, batch.recipient), (made.id.clone(), Some(recipient.id.clone())));
    }
    assert_eq!(client.batch_calls().page(None).await.unwrap().items[0].id, made.id);
    client.batch_calls().delete(&made.id).await.unwrap();
    assert_eq!(client.batch_calls().get(&made.id).await.unwrap_err().status(), Some(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_waits_is_stopped_and_made_again() {
    let (simulator, _, client) = start().await;
    let later = client.clock().now().unix_timestamp() + 3_600;
    let batch = NewBatch::new("Entregas", AGENT_ID, PHONE_NUMBER_ID).scheduled(later);
    let batch = batch.recipient(NewRecipient::phone("+34600000001"));
    let made = client.batch_calls().submit(&batch).await.unwrap();
    assert_eq!(made.status, BatchStatus::Pending);
    assert_eq!(client.batch_calls().cancel(&made.id).await.unwrap().status, BatchStatus::Cancelled);
    let stopped = client.batch_calls().get(&made.id).await.unwrap();
    assert_eq!(stopped.recipients[0].status, RecipientStatus::Cancelled);

    simulator.elevenlabs().set_person(Person::new("+34600000002", Outcome::NoAnswer));
    let batch = NewBatch::new("Otra vez", AGENT_ID, PHONE_NUMBER_ID).recipient(NewRecipient::phone("+34600000002"));
    let made = client.batch_calls().submit(&batch).await.unwrap();
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    simulator.elevenlabs().set_person(Person::new("+34600000002", Outcome::Completed));
    client.batch_calls().retry(&made.id).await.unwrap();
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    let again = client.batch_calls().get(&made.id).await.unwrap();
    assert_eq!(again.recipients[0].status, RecipientStatus::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_are_listed_heard_and_deleted() {
    let (simulator, server, client) = start().await;
    for at in 0..5 {
        simulator.elevenlabs().call(PhoneCall::to(format!("+3460000000{at}"))).unwrap();
    }
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    let mut filter = ConversationFilter::default().agent(AGENT_ID).spoken().oldest_first();
    filter.page_size = Some(2);
    let all: Vec<_> = pages(|cursor| {
        let (conversations, filter) = (client.conversations(), &filter);
        async move { conversations.page(filter, cursor.as_deref()).await }
    })
    .try_collect()
    .await
    .unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|item| item.status == ConversationStatus::Done));

    let id = &all[0].conversation_id;
    let heard = client.conversations().audio(id, &DownloadLimits::longest(1_000).only("audio/*")).await.unwrap();
    let heard: Vec<Bytes> = heard.body.try_collect().await.unwrap();
    assert!(!heard.concat().is_empty());
    let told = server.told.lock().unwrap().clone();
    let recording = told.iter().find_map(|webhook| match webhook {
        Webhook::Audio(audio) if audio.conversation_id == *id => Some(audio.decode(1_000).unwrap()),
        _ => None,
    });
    assert_eq!(recording.unwrap(), heard.concat());

    let summary = client.conversations().summary(id, Some(50)).await.unwrap();
    assert!(summary.transcript_summary.is_some() && !summary.messages.is_empty());
    assert!(simulator.elevenlabs().delete_transcript(id));
    let kept = ElevenLabsAgent::new(client.clone()).call(id).await.unwrap();
    assert_eq!((kept.outcome, kept.summary), (CallOutcome::Talked, summary.transcript_summary));
    client.conversations().delete(id).await.unwrap();
    assert_eq!(client.conversations().get(id).await.unwrap_err().status(), Some(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_is_found_without_any_webhook() {
    let (simulator, _, client) = start().await;
    let agent = ElevenLabsAgent::new(client);
    simulator.elevenlabs().call(PhoneCall::to("+34600000000")).unwrap();
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    let (before, mut cursor) = agent.ended(None).await.unwrap();
    assert!(before.is_empty(), "from now on");
    let mut made = Vec::new();
    for (at, (outcome, ..)) in OUTCOMES.into_iter().enumerate() {
        let call = PhoneCall::to(format!("+3460000001{at}")).with_outcome(outcome);
        made.push(simulator.elevenlabs().call(call).unwrap());
    }
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    let mut told = Vec::new();
    loop {
        let (calls, next) = agent.ended(Some(cursor.clone())).await.unwrap();
        told.extend(calls.into_iter().map(|call| call.conversation));
        if std::mem::replace(&mut cursor, next.clone()) == next {
            break;
        }
    }
    told.sort();
    made.sort();
    assert_eq!(told, made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_answered_in_writing_and_is_no_call() {
    let (simulator, _, client) = start().await;
    let agent = ElevenLabsAgent::new(client.clone());
    let (_, cursor) = agent.ended(None).await.unwrap();
    let mut turn = AgentTurn::new(AGENT_ID, "thread-1", "¿A qué hora llega?");
    turn.variables.insert("client_name".to_owned(), "Ana".into());
    turn.contexts.push(AgentContext { id: "prior_call".to_owned(), text: "She chose Thursday.".to_owned() });
    let answered = agent.reply(&turn).await.unwrap();
    assert_eq!(answered.texts, ["Recibido: «¿A qué hora llega?». Sé de: prior_call, client_name."]);
    assert_eq!((answered.escalation, answered.ended), (None, false));
    turn.message = "Quiero hablar con un humano".to_owned();
    let escalated = agent.reply(&turn).await.unwrap();
    assert_eq!(escalated.escalation.as_deref(), Some("Quiero hablar con un humano"));
    assert_eq!(escalated.texts.len(), 1);

    assert!(agent.call(answered.session.as_deref().unwrap()).await.unwrap().text_only);
    assert!(simulator.elevenlabs().settled(LIMIT).await);
    assert!(agent.ended(Some(cursor)).await.unwrap().0.is_empty(), "what we held ourselves is no call that ended");

    turn.agent = CLOSED_AGENT_ID.to_owned();
    let refused = agent.reply(&turn).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.outcome(), refused.is_about_account()),
        (ErrorKind::Config, Became::Rejected, false)
    );
    let stranger = Client::builder(Config::new("sk_another")).base_url(simulator.url()).build().unwrap();
    let refused = ElevenLabsAgent::new(stranger).reply(&turn).await.unwrap_err();
    assert_eq!((refused.kind(), refused.outcome()), (ErrorKind::Unauthenticated, Became::NotSent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workspace_is_asked() {
    let (_simulator, _, client) = start().await;
    let agents = client.agents().page(None, None).await.unwrap();
    assert!(agents.items.iter().any(|agent| agent.agent_id == AGENT_ID));
    for (agent, may) in [(AGENT_ID, true), (CLOSED_AGENT_ID, false)] {
        let agent = client.agents().get(agent).await.unwrap();
        assert_eq!(agent.may_override().conversation.text_only, Some(may));
    }
    assert_eq!(client.agents().get("agent_gone").await.unwrap_err().status(), Some(404));
    let url = client.conversations().signed_url(AGENT_ID).await.unwrap();
    assert!(url.expose_secret().contains(AGENT_ID));
    assert_eq!(client.conversations().signed_url("agent_gone").await.unwrap_err().status(), Some(404));
    let made = client.webhooks().create("llamadas", "https://example.org/webhook").await.unwrap();
    assert_eq!(made.webhook_secret.unwrap().expose_secret(), WEBHOOK_SECRET);
    let message = WhatsAppMessage::new(AGENT_ID, "100000000000001", "34600000000", "llamada", "es").body(["Ana"]);
    assert!(client.whatsapp().send(&message).await.unwrap().starts_with("conv_"));
    assert!(client.whatsapp().accounts().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_says_what_became_of_it() {
    let (simulator, _, client) = start().await;
    let stranger = Client::builder(Config::new("sk_another")).base_url(simulator.url()).build().unwrap();
    let error = stranger.agents().page(None, None).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Became::Rejected));
    let error = client.twilio().call(&OutboundCall::new("agent_gone", PHONE_NUMBER_ID, "+34600000000")).await;
    assert_eq!(error.unwrap_err().outcome(), Became::Rejected);

    simulator.inject(FaultRule::new("elevenlabs.calls.create", Fault::Html { status: 502 }).times(1));
    let error = client.twilio().call(&call("+34600000000")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Provider, Became::Unknown));
    let patient = Client::builder(Config::new(API_KEY)).base_url(simulator.url()).retry(RetryPolicy::never());
    simulator.inject(FaultRule::new("elevenlabs.conversations.list", Fault::Html { status: 500 }).times(1));
    let agent = ElevenLabsAgent::new(patient.build().unwrap());
    // The toolkit may ask again: nothing reaches anybody by it.
    assert_eq!(agent.ended(None).await.unwrap_err().outcome(), Became::NotSent);
    assert!(agent.ended(None).await.is_ok());
}

//! Over real HTTP with a double of Google that shares no code with this crate: consent, mailbox, history, push.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use comms_http::{ErrorKind, ExposeSecret, ManualClock, ReqwestTransport, RetryPolicy, WebhookRequest};
use comms_simulator::{
    Config as World, Fault, FaultRule, Simulator,
    google::{
        ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Decision, Letter, MAILBOX, PUSH_ACCOUNT, REFRESH_TOKEN, SECOND_MAILBOX,
        TOPIC, service_account_key,
    },
};
use futures_util::TryStreamExt;
use gmail_client::{
    Client, Config, NewMessage,
    api::{
        Read,
        history::{HistoryFilter, Since},
        messages::{Entry, MessageFilter},
    },
    model::{
        label::{Label, LabelChange},
        mailbox::WatchRequest,
        message::{Format, Message},
    },
    oauth::{Consent, OAuth, ServiceAccount, ServiceAccountKey, StaticToken, TokenProvider, scope},
    webhook::{Keys, Push, Verifier},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const NOW: i64 = 1_795_374_000;
const LIMIT: Duration = Duration::from_secs(20);

struct Mail {
    simulator: Simulator,
    clock: ManualClock,
}

impl Mail {
    fn new(change: impl FnOnce(&mut World)) -> Self {
        let clock = ManualClock::at_unix(NOW);
        let mut config = World { seed: Some(7), ..World::default() };
        change(&mut config);
        let simulator = Simulator::start_with_clock(config, Arc::new(clock.clone())).unwrap();
        Self { simulator, clock }
    }

    fn config(&self) -> Config {
        let mut config = Config::new(CLIENT_ID, CLIENT_SECRET);
        let base = self.simulator.url();
        config.api_base = base.to_owned();
        config.auth_uri = format!("{base}/o/oauth2/v2/auth");
        config.token_uri = format!("{base}/token");
        config.revoke_uri = format!("{base}/revoke");
        config.redirect_uri = Some("https://example.org/back".to_owned());
        config.refresh_token = Some(REFRESH_TOKEN.into());
        config
    }

    /// A client that makes its tokens of the grant that is there from the start.
    fn client(&self) -> Client {
        let builder = Client::builder(self.config()).clock(Arc::new(self.clock.clone()));
        builder.retry(RetryPolicy::never()).build().unwrap()
    }

    fn oauth(&self) -> OAuth {
        let transport = Arc::new(ReqwestTransport::ring().unwrap());
        OAuth::new(&self.config(), transport, Arc::new(self.clock.clone()), RetryPolicy::never()).unwrap()
    }
}

fn message(headers: &str, body: &str) -> NewMessage {
    NewMessage::new(format!("{headers}\n\n{body}").replace('\n', "\r\n"))
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_mailbox_is_connected_read_and_disconnected() {
    let mail = Mail::new(|_| ());
    let oauth = mail.oauth();
    let begun = oauth
        .begin(&Consent::new(&[scope::MODIFY, scope::SEND, scope::OPENID, scope::EMAIL]).login_hint(SECOND_MAILBOX))
        .unwrap();
    let back = mail.simulator.google().consent(begun.url.as_str(), &Decision::default()).unwrap();
    assert_eq!(parameter(&back, "state").as_deref(), Some(begun.state.expose_secret()));
    let grant = oauth.exchange(&parameter(&back, "code").unwrap(), &begun.verifier).await.unwrap();
    assert_eq!(grant.email.as_deref(), Some(SECOND_MAILBOX));
    grant.require(&[scope::MODIFY, scope::SEND, scope::METADATA]).unwrap();
    let token = Arc::new(StaticToken::new(grant.access.token.clone()));
    let profile = mail.client().for_mailbox("me", token.clone()).mailbox().profile().await.unwrap();
    assert_eq!(profile.email_address, SECOND_MAILBOX);

    let refresh = grant.refresh_token.unwrap();
    assert!(oauth.refresh(&refresh).await.unwrap().refresh_token.is_none());
    oauth.revoke(&refresh).await.unwrap();
    oauth.revoke(&refresh).await.unwrap();
    assert_eq!(oauth.refresh(&refresh).await.unwrap_err().provider_code(), Some("invalid_grant"));
    let error = mail.client().for_mailbox("me", token).mailbox().profile().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)));
}

#[tokio::test]
async fn a_box_that_is_unticked_and_a_consent_that_is_denied_are_noticed() {
    let mail = Mail::new(|_| ());
    let (oauth, google) = (mail.oauth(), mail.simulator.google());
    let begun = oauth.begin(&Consent::new(&[scope::MODIFY, scope::SEND])).unwrap();
    let back = google.consent(begun.url.as_str(), &Decision::approve(MAILBOX).without(scope::MODIFY)).unwrap();
    let only = oauth.begin(&Consent::new(&[scope::MODIFY, scope::SEND]).only()).unwrap();
    let less = google.consent(only.url.as_str(), &Decision::approve(MAILBOX).without(scope::MODIFY)).unwrap();
    let grant = oauth.exchange(&parameter(&less, "code").unwrap(), &only.verifier).await.unwrap();
    assert_eq!(grant.require(&[scope::SEND, scope::MODIFY]).unwrap_err().field_name(), Some(scope::MODIFY));
    let earlier = oauth.exchange(&parameter(&back, "code").unwrap(), &begun.verifier).await.unwrap();
    earlier.require(&[scope::MODIFY]).unwrap();
    let denied = google.consent(begun.url.as_str(), &Decision::deny()).unwrap();
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"));
    // A code of somebody else's consent does not fit our verifier.
    let other = google.consent(begun.url.as_str(), &Decision::approve(MAILBOX)).unwrap();
    let error = oauth.exchange(&parameter(&other, "code").unwrap(), &only.verifier).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_service_account_opens_what_was_delegated() {
    let mail = Mail::new(|_| ());
    let key = ServiceAccountKey::parse(&service_account_key(mail.simulator.url()).to_string()).unwrap();
    let transport = Arc::new(ReqwestTransport::ring().unwrap());
    let account = ServiceAccount::new(&key, transport, Arc::new(mail.clock.clone()), RetryPolicy::never()).unwrap();
    let client = mail.client().for_mailbox(SECOND_MAILBOX, Arc::new(account.mailbox(SECOND_MAILBOX, &[scope::MODIFY])));
    assert_eq!(client.mailbox().profile().await.unwrap().email_address, SECOND_MAILBOX);
    let error = account.mailbox(SECOND_MAILBOX, &[scope::READONLY]).token().await.unwrap_err();
    assert_eq!(error.provider_code(), Some("unauthorized_client"));
    assert!(account.mailbox("nobody@example.com", &[scope::MODIFY]).token().await.is_err());
}

#[tokio::test]
async fn a_conversation_is_sent_answered_labelled_and_read() {
    let mail = Mail::new(|_| ());
    let (client, google) = (mail.client(), mail.simulator.google());
    let sent = client
        .messages()
        .send(&message("To: eva@example.org\nSubject: Piso\nMessage-ID: <1@example.com>", "¿Le interesa?"))
        .await
        .unwrap();
    let answer = google
        .write(Letter::new("eva@example.org", MAILBOX, "", "Sí, mucho.").named("Eva Gómez").answering(&sent.id).file(
            "plano.pdf",
            "application/pdf",
            b"%PDF",
        ))
        .unwrap();
    let read = client.messages().get(&answer, &Read::default()).await.unwrap();
    assert_eq!((read.thread_id.as_str(), read.header("Subject")), (sent.thread_id.as_str(), Some("Re: Piso")));
    assert!(read.snippet_text().starts_with("Sí, mucho."));
    let file = read.attachments().next().unwrap();
    let fetched = client.attachments().get(&answer, &file.part_id).await.unwrap();
    assert_eq!((&fetched.bytes[..], fetched.part.filename.as_str()), (&b"%PDF"[..], "plano.pdf"));
    let raw = client.messages().get(&answer, &Read::format(Format::Raw)).await.unwrap();
    assert!(raw.raw_bytes().unwrap().starts_with(b"Date: "));
    let thread = client.threads().get(&sent.thread_id, &Read::headers(&["From"])).await.unwrap();
    assert_eq!(thread.messages.len(), 2);
    let again = message(
        "To: eva@example.org\nSubject: Re: Piso\nIn-Reply-To: <1@example.com>\nReferences: <1@example.com>",
        "¿Mañana?",
    );
    assert_eq!(client.messages().send(&again.in_thread(&sent.thread_id)).await.unwrap().thread_id, sent.thread_id);

    let label = client.labels().create(&Label::named("Clientes")).await.unwrap();
    client.messages().modify(&answer, &LabelChange::add(&label.id).and_remove("UNREAD")).await.unwrap();
    client.messages().batch_modify(&[answer.clone(), "gone".to_owned()], &LabelChange::add("STARRED")).await.unwrap();
    assert_eq!(client.labels().get(&label.id).await.unwrap().messages_total, Some(1));
    assert_eq!(client.labels().list().await.unwrap().len(), 15);
    let found = client.messages().page(&MessageFilter::message_id("<1@example.com>"), None).await.unwrap();
    assert_eq!(found.items[0].id, sent.id);
    client.messages().trash(&answer).await.unwrap();
    assert!(client.messages().page(&MessageFilter::labelled(&label.id), None).await.unwrap().items.is_empty());
    client.messages().untrash(&answer).await.unwrap();
    client.messages().delete(&answer).await.unwrap();
    assert_eq!(client.messages().get(&answer, &Read::default()).await.unwrap_err().status(), Some(404));
    assert_eq!(mail.simulator.ledger().violations(), []);
}

#[tokio::test]
async fn many_calls_go_in_one_request() {
    let mail = Mail::new(|_| ());
    let (client, google) = (mail.client(), mail.simulator.google());
    let ids: Vec<String> = (0..30)
        .map(|at| google.write(Letter::new("eva@example.org", MAILBOX, &format!("asunto {at}"), "x")).unwrap())
        .collect();
    let read = Read::headers(&["Subject"]);
    let batch = ids.iter().fold(client.batch(), |batch, id| batch.message(id, &read));
    let answers = batch.message("gone", &read).modify(&ids[0], &LabelChange::remove("UNREAD")).run().await.unwrap();
    for (at, answer) in answers.iter().take(30).enumerate() {
        let message: Message = answer.as_ref().unwrap().json().unwrap();
        assert_eq!(message.header("Subject"), Some(format!("asunto {at}").as_str()));
    }
    assert_eq!(answers[30].as_ref().unwrap_err().status(), Some(404));
    assert!(!answers[31].as_ref().unwrap().json::<Message>().unwrap().has_label("UNREAD"));
    assert_eq!(mail.simulator.ledger().violations(), []);
}

#[tokio::test]
async fn long_messages_are_uploaded_and_drafts_are_sent() {
    let mail = Mail::new(|_| ());
    let client = mail.client();
    let long = "x".repeat(70) + "\n";
    let sent = client
        .messages()
        .send(&message(&format!("To: {SECOND_MAILBOX}\nSubject: Fotos"), &long.repeat(80_000)))
        .await
        .unwrap();
    let kept = mail.simulator.google().raw(MAILBOX, &sent.id).unwrap();
    assert!(kept.len() > 5_000_000);
    let draft = client.drafts().create(&message("To: eva@example.org\nSubject: b", "uno")).await.unwrap();
    let changed = client.drafts().update(&draft.id, &message("To: eva@example.org\nSubject: b", "dos")).await.unwrap();
    assert_ne!(changed.message.id, draft.message.id);
    client.drafts().send(&draft.id).await.unwrap();
    assert!(client.drafts().page(&MessageFilter::default(), None).await.unwrap().items.is_empty());
    assert_eq!(mail.simulator.google().accepted().len(), 2);
    let old =
        message("From: eva@example.org\nDate: Mon, 1 Jun 2026 10:00:00 +0000\nSubject: vieja", "x").label("INBOX");
    let put = client.messages().import(&old, Entry::default()).await.unwrap();
    let put = client.messages().get(&put.id, &Read::default()).await.unwrap();
    assert_eq!(put.received_at().unwrap().unix_timestamp(), 1_780_308_000);
    assert_eq!(client.send_as().list().await.unwrap().len(), 3);
    assert_eq!(mail.simulator.ledger().violations(), []);
}

#[tokio::test]
async fn limits_tell_when_to_come_again_and_a_token_that_ended_is_replaced() {
    let mail = Mail::new(|config| config.google.quota.sends_per_day = 1);
    let client = mail.client();
    let one = message("To: eva@example.org\nSubject: a", "b");
    client.messages().send(&one).await.unwrap();
    mail.clock.advance(Duration::from_secs(3_600));
    let error = client.messages().send(&one).await.unwrap_err();
    assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(23 * 3_600))));
    mail.simulator.google().expire_tokens(MAILBOX);
    client.mailbox().profile().await.unwrap();
    mail.simulator.google().revoke(MAILBOX);
    let error = client.mailbox().profile().await.unwrap_err();
    assert_eq!(error.provider_code(), Some("invalid_grant"));
    mail.simulator.inject(FaultRule::new("google.profile", Fault::error(503)).times(1));
    let given = client.for_mailbox("me", Arc::new(StaticToken::new(ACCESS_TOKEN)));
    assert_eq!(given.mailbox().profile().await.unwrap_err().kind(), ErrorKind::Provider);
}

/// A server of ours that Pub/Sub calls: it answers 204 and keeps what it was sent.
async fn receiver() -> (String, Arc<Mutex<Vec<WebhookRequest>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/push", listener.local_addr().unwrap());
    let calls: Arc<Mutex<Vec<WebhookRequest>>> = Arc::default();
    let (kept, address) = (calls.clone(), url.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (kept, address) = (kept.clone(), address.clone());
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                let mut piece = [0; 4096];
                let (head, body) = loop {
                    let read = stream.read(&mut piece).await.unwrap();
                    bytes.extend_from_slice(&piece[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| {
                        line.to_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>().unwrap())
                    });
                    if read == 0 || body.len() >= length.unwrap() {
                        break (head.to_owned(), body.to_owned());
                    }
                };
                let token = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("authorization").then(|| value.trim().to_owned())
                });
                kept.lock()
                    .unwrap()
                    .push(WebhookRequest::post(&address, body).header("authorization", &token.unwrap()));
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            });
        }
    });
    (url, calls)
}

#[tokio::test]
async fn a_change_is_pushed_and_the_history_tells_what_it_was() {
    let (url, calls) = receiver().await;
    let mail = Mail::new(|config| {
        config.google.set_push_endpoint(&url);
        config.google.push.copies = 2;
        config.google.push.history_lag_ms = 2_000;
    });
    let (client, google, ledger) = (mail.client(), mail.simulator.google(), mail.simulator.ledger());
    let start = client.mailbox().profile().await.unwrap().history_id.unwrap();
    let watch = client.mailbox().watch(&WatchRequest::new(TOPIC).only(&["INBOX"])).await.unwrap();
    assert_eq!(watch.history_id, Some(start));
    let id = google.write(Letter::new("eva@example.org", MAILBOX, "Hola", "x")).unwrap();
    assert!(ledger.wait_until(LIMIT, |ledger| ledger.totals().acknowledged == 2).await);

    let keys = Keys::default();
    let jwks = ReqwestTransport::ring().unwrap();
    let request = comms_http::Request::new(
        http::Method::GET,
        format!("{}/oauth2/v3/certs", mail.simulator.url()).parse().unwrap(),
    );
    let jwks = comms_http::Transport::execute(&jwks, request).await.unwrap();
    let jwks: Vec<Bytes> = jwks.body.try_collect().await.unwrap();
    keys.replace(std::str::from_utf8(&jwks.concat()).unwrap()).unwrap();
    let verifier = Verifier::new(&url, PUSH_ACCOUNT, keys, Arc::new(mail.clock.clone())).unwrap();
    let pushes: Vec<Push> = calls.lock().unwrap().iter().map(|call| verifier.verify(call).unwrap().parse()).collect();
    assert_eq!(pushes.len(), 2);
    assert_eq!(pushes[0].envelope.message.message_id, pushes[1].envelope.message.message_id);
    assert_eq!(pushes[0].notification.as_ref().unwrap().email_address, MAILBOX);

    let look = async || match client.history().page(start, &HistoryFilter::default(), None).await.unwrap() {
        Since::Changes(changes) => {
            changes.records.iter().flat_map(|record| record.messages_added.clone()).map(|one| one.message.id).collect()
        }
        _ => vec!["expired".to_owned()],
    };
    assert!(look().await.is_empty(), "the push came before the history shows it");
    mail.clock.advance(Duration::from_secs(2));
    assert_eq!(look().await, [id.as_str()]);
    google.expire_history(MAILBOX).unwrap();
    assert_eq!(look().await, ["expired"]);
    client.mailbox().stop().await.unwrap();
    google.write(Letter::new("eva@example.org", MAILBOX, "Hola", "y")).unwrap();
    assert_eq!(ledger.totals().webhooks, 2, "nobody watches any more");
}

#[tokio::test]
async fn pushes_are_lost_thinned_out_and_shuffled() {
    let (url, calls) = receiver().await;
    let mail = Mail::new(|config| {
        config.google.set_push_endpoint(&url);
        config.google.push.interval_ms = 1_000;
        config.google.push.shuffle_ms = 50;
    });
    let (client, google, ledger) = (mail.client(), mail.simulator.google(), mail.simulator.ledger());
    client.mailbox().watch(&WatchRequest::new(TOPIC)).await.unwrap();
    let write = || google.write(Letter::new("eva@example.org", MAILBOX, "Hola", "x")).unwrap();
    for _ in 0..20 {
        write();
        write();
        mail.clock.advance(Duration::from_secs(1));
    }
    assert!(ledger.wait_until(LIMIT, |ledger| ledger.totals().acknowledged == 20).await, "{:?}", ledger.totals());
    let order: Vec<u64> =
        calls.lock().unwrap().iter().map(|call| Push::read(&call.body).notification.unwrap().history_id.0).collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(order.len() == 20 && order != sorted, "{order:?}");
    mail.simulator.configure(|config| config.google.push.lost = 1.0);
    write();
    assert!(ledger.wait_until(LIMIT, |ledger| ledger.totals().dropped == 1).await);
}

//! From the model's terms to SendGrid's and back.

use std::sync::Arc;

use comms_core::{
    AccountId, Address, Channel, Content, Correspondent, Email, Event, EventKind, Inbound, MessageId, Outbound, Status,
    StoredWebhook, WebhookId,
};
use comms_http::{ErrorKind, WebhookRequest};
use sendgrid_client::{SendgridChannel, SendgridInbound, limits::INBOUND_TEXT, webhook::Verifier};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    channel_conformance::{Store, file},
    support::{FORM, Signing, URL, client, inbound, posted, taken},
};

const ACCOUNT: &str = "sendgrid:ventas@example.org";

fn mail() -> Email {
    Email { subject: "Presupuesto".to_owned(), text: Some("Hola".to_owned()), ..Email::default() }
}

async fn sent(email: Email) -> (Outbound, Value) {
    let (client, script) = client([taken()]);
    let channel = SendgridChannel::new(client, Arc::new(Store)).unwrap();
    let message = Outbound::new(Address::email("ana@example.com").unwrap(), Content::from(email));
    let receipt = channel.send(&message).await.unwrap();
    assert_eq!(receipt.provider_id, "Ua9z9lSTSaqYBWJe_Xfc-Q");
    assert_eq!(receipt.extra["message_id"], format!("{}@example.org", message.id));
    (message, posted(&script.only()))
}

fn parser() -> SendgridInbound {
    SendgridInbound::new(Verifier::only_bearer("agreed").unwrap()).account(AccountId::from(ACCOUNT))
}

fn post(content_type: &str, body: impl Into<bytes::Bytes>) -> WebhookRequest {
    WebhookRequest::post(URL, body).header("content-type", content_type).header("authorization", "Bearer agreed")
}

fn events(of: Value) -> Vec<Event> {
    parser().receive(&post("application/json", json!([of]).to_string())).unwrap().events
}

fn status(event: &Event) -> &comms_core::StatusUpdate {
    match &event.kind {
        EventKind::Status(update) => update,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn our_id_is_the_mails_own_and_comes_back() {
    let (message, body) = sent(mail()).await;
    assert_eq!(body["headers"]["Message-ID"], format!("<{}@example.org>", message.id));
    let arguments = &body["personalizations"][0]["custom_args"];
    assert_eq!(arguments, &json!({"comms_message_id": message.id, "comms_account": ACCOUNT}));

    let told = events(
        json!({"event": "delivered", "email": "ana@example.com", "sg_event_id": "e1", "timestamp": 1_700_000_000,
        "sg_message_id": "Ua9z9lSTSaqYBWJe_Xfc-Q.filterdrecv-1.0", "comms_message_id": message.id, "comms_account": ACCOUNT,
        "smtp-id": format!("<{}@example.org>", message.id)}),
    );
    let [event] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (event.account.as_str(), event.subject.as_str(), event.key.as_str()),
        (ACCOUNT, "Ua9z9lSTSaqYBWJe_Xfc-Q", "e1")
    );
    let update = status(event);
    assert_eq!((update.status, update.correlation.clone()), (Some(Status::Delivered), Some(message.id.to_string())));
    assert_eq!(update.extra["message_id"], format!("{}@example.org", message.id));
}

#[tokio::test]
async fn an_answer_names_what_it_answers_and_the_whole_conversation() {
    let references = (0..30).map(|at| format!("{at}@example.com")).collect();
    let (_, body) = sent(Email { in_reply_to: Some("29@example.com".to_owned()), references, ..mail() }).await;
    assert_eq!(body["headers"]["In-Reply-To"], "<29@example.com>");
    let named = body["headers"]["References"].as_str().unwrap();
    assert!(named.starts_with("<0@example.com> <11@example.com>") && named.ends_with("<29@example.com>"), "{named}");
    assert_eq!(named.split(' ').count(), 20);
}

#[tokio::test]
async fn html_is_made_safe_and_said_as_text_too() {
    let html = "<p onclick=\"x()\">Hola <b>Ana</b><script>x()</script></p>";
    let (_, body) = sent(Email { html: Some(html.to_owned()), text: None, ..mail() }).await;
    assert_eq!(
        body["content"],
        json!([{"type": "text/plain", "value": "Hola Ana"}, {"type": "text/html", "value": "<p>Hola <b>Ana</b></p>"}])
    );
}

#[tokio::test]
async fn names_of_files_are_ascii() {
    let (_, body) = sent(Email { files: vec![file("../Presupuesto año №1.pdf")], ..mail() }).await;
    assert_eq!(body["attachments"][0]["filename"], "Presupuesto ano _1.pdf");
}

#[tokio::test]
async fn what_becomes_of_a_copy_is_not_what_became_of_the_mail() {
    let (_, body) = sent(Email { cc: vec![Correspondent::new("luis@example.com")], ..mail() }).await;
    let mut arguments = body["personalizations"][0]["custom_args"].as_object().unwrap().clone();
    assert!(!arguments["comms_recipient"].as_str().unwrap().contains("ana"), "staff of SendGrid can read it");
    for (email, expected) in [("Ana@example.com", Some(Status::Failed)), ("luis@example.com", None)] {
        let mut event =
            json!({"event": "bounce", "email": email, "sg_event_id": email, "reason": "550 5.1.1", "status": "5.1.1"});
        event.as_object_mut().unwrap().append(&mut arguments.clone());
        let told = events(event);
        // The part before the `@` is compared as everybody does: in small letters.
        assert_eq!(status(&told[0]).status, expected, "{email}");
    }
    arguments.clear();
}

#[test]
fn each_event_has_its_meaning() {
    let cases = [
        ("processed", json!({}), Some(Status::Accepted), None),
        ("deferred", json!({"attempt": "1"}), Some(Status::Accepted), None),
        ("delivered", json!({}), Some(Status::Delivered), None),
        ("open", json!({}), Some(Status::Read), None),
        ("open", json!({"sg_machine_open": true}), Some(Status::Delivered), None),
        ("click", json!({"url": "https://example.org"}), Some(Status::Read), None),
        ("bounce", json!({"type": "bounce", "reason": "550"}), Some(Status::Failed), Some(ErrorKind::InvalidRecipient)),
        ("bounce", json!({"type": "blocked", "reason": "421"}), Some(Status::Failed), Some(ErrorKind::Provider)),
        ("dropped", json!({"reason": "Bounced Address"}), Some(Status::Failed), Some(ErrorKind::InvalidRecipient)),
        ("dropped", json!({"reason": "Unsubscribed Address"}), Some(Status::Failed), Some(ErrorKind::OptedOut)),
        ("dropped", json!({"reason": "Spam Reporting Address"}), Some(Status::Failed), Some(ErrorKind::OptedOut)),
        (
            "dropped",
            json!({"reason": "Recipient List over Package Quota"}),
            Some(Status::Failed),
            Some(ErrorKind::Config),
        ),
        ("dropped", json!({"reason": "Invalid SMTPAPI header"}), Some(Status::Failed), Some(ErrorKind::InvalidRequest)),
    ];
    for (word, extra, expected, kind) in cases {
        let mut event = json!({"event": word, "email": "ana@example.com", "sg_message_id": "m", "sg_event_id": "e"});
        event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let told = events(event.clone());
        let update = status(&told[0]);
        assert_eq!((update.status, update.problem.as_ref().map(|problem| problem.kind)), (expected, kind), "{event}");
        assert_eq!(update.recipient.primary().unwrap().value(), "ana@example.com");
    }
}

#[test]
fn who_does_not_want_more_is_told_beside() {
    let cases = [
        ("spamreport", false, "messages"),
        ("unsubscribe", false, "messages"),
        ("group_unsubscribe", false, "marketing_messages"),
        ("group_resubscribe", true, "marketing_messages"),
    ];
    for (word, opted_in, scope) in cases {
        let told = events(json!({"event": word, "email": "ana@example.com", "sg_message_id": "m", "sg_event_id": "e"}));
        let [first, Event { kind: EventKind::Opt(change), .. }] = &told[..] else { panic!("{told:?}") };
        status(first);
        assert_eq!((change.opted_in, change.scope.as_str()), (opted_in, scope));
    }
}

#[test]
fn an_event_belongs_to_who_sent_the_mail_and_else_to_whom_it_names() {
    let account = |event: Value| events(event)[0].account.to_string();
    let base = json!({"event": "open", "email": "ana@example.com", "sg_message_id": "m"});
    let with = |name: &str, value: &str| {
        let mut event = base.clone();
        event[name] = json!(value);
        account(event)
    };
    assert_eq!(account(base.clone()), ACCOUNT);
    assert_eq!(with("comms_account", "sendgrid:otra@example.net"), "sendgrid:otra@example.net");
    assert_eq!(
        with("comms_account", "whatsapp:1"),
        ACCOUNT,
        "another provider's account is not SendGrid's to speak for"
    );
    assert_eq!(with("from_email", "noreply@example.net"), "sendgrid:noreply@example.net", "nobody's: quarantined");
}

#[test]
fn a_domain_is_an_account_too() {
    let parser = SendgridInbound::new(Verifier::only_bearer("agreed").unwrap())
        .account(AccountId::from("sendgrid:example.org"))
        .account(AccountId::from("sendgrid:jefa@example.org"))
        .route("entrada.example.org", AccountId::from("sendgrid:example.org"));
    let of = |to: &str| {
        let body = String::from_utf8(inbound("own_missing_everything").to_vec()).unwrap();
        let envelope = format!(
            "--xYzZY\r\nContent-Disposition: form-data; name=\"envelope\"\r\n\r\n{{\"to\":[\"{to}\"]}}\r\n{body}"
        );
        parser.receive(&post(FORM, envelope)).unwrap().events[0].account.to_string()
    };
    assert_eq!(of("Jefa@Example.org"), "sendgrid:jefa@example.org");
    assert_eq!(of("otro@example.org"), "sendgrid:example.org");
    assert_eq!(of("x@entrada.example.org"), "sendgrid:example.org");
    assert_eq!(of("x@example.net"), "sendgrid:x@example.net");
}

#[test]
fn an_event_that_another_program_passes_on_is_read_and_known_again() {
    let body = json!({"message_id": "test-message-id", "event_type": "delivered", "to_email": "test@example.com",
        "from_email": "ventas@example.org", "subject": "Prueba", "timestamp": 1_672_531_200});
    let read = || parser().receive(&post("application/json", body.to_string())).unwrap().events;
    let told = read();
    assert_eq!((told[0].subject.as_str(), told[0].account.as_str()), ("test-message-id", ACCOUNT));
    assert_eq!(status(&told[0]).status, Some(Status::Delivered));
    assert_eq!(read()[0].key, told[0].key);
}

fn taken_out(stored: &StoredWebhook, id: &str) -> Option<bytes::Bytes> {
    parser().files(stored).into_iter().find_map(|(known, bytes)| (known == id).then_some(bytes))
}

#[test]
fn a_mail_that_came_is_a_message_with_its_files() {
    let request = post(FORM, inbound("own_default_with_attachments"));
    let batch = parser().receive(&request).unwrap();
    let [Event { account, kind: EventKind::Message(message), .. }] = &batch.events[..] else { panic!("{batch:?}") };
    assert_eq!(account.as_str(), "sendgrid:vendas@parse.example.org");
    assert_eq!(message.party.primary().unwrap().value(), "ana@example.com");
    assert_eq!(message.party.name.as_deref(), Some("Ana"));
    let Content::Email(email) = &message.content else { panic!("{message:?}") };
    assert_eq!((email.subject.as_str(), email.text.as_deref()), ("Olá", Some("veja anexo")));
    assert_eq!(email.in_reply_to.as_deref(), Some("Ua9z9lSTSaqYBWJe_Xfc-Q@geopod-ismtpd-1"));
    assert_eq!(email.html.as_deref(), Some("<p>veja <img src=\"cid:ii_1\"></p>"));
    assert_eq!((email.files.len(), email.inline.len(), email.inline[0].file), (3, 1, 0));
    assert_eq!(message.extra["dkim"], "{@example.com : pass}");

    // The bytes are taken out of the webhook later, by what the message calls them.
    let stored =
        StoredWebhook::from_repository(WebhookId::new(), "sendgrid".to_owned(), OffsetDateTime::UNIX_EPOCH, request);
    let comms_core::MediaRef::Id(id) = &email.files[1].source else { panic!("{email:?}") };
    assert_eq!(taken_out(&stored, id).unwrap(), &b"%PDF-1.4\0\xff"[..]);
    for strange in ["webhook/3", "webhook/-1", "webhook/", "7"] {
        assert_eq!(taken_out(&stored, strange), None, "{strange}");
    }
}

#[test]
fn all_of_a_text_that_is_too_long_for_a_message_is_a_file_of_it() {
    let (text, html) = ("ñ".repeat(INBOUND_TEXT), format!("<p>{}</p>", "x".repeat(INBOUND_TEXT)));
    let field = |(name, value): (&str, &str)| {
        format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let raw = format!("From: eva@example.net\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
    type Named<'a> = &'a [(&'a str, &'a str)];
    let forms: [(Named<'_>, Named<'_>); 4] = [
        (&[("text", "corto")], &[]),
        (&[("text", &text)], &[("webhook/text", &text)]),
        (&[("text", "corto"), ("html", &html)], &[("webhook/html", &html)]),
        (&[("email", &raw)], &[("webhook/text", &text)]),
    ];
    for (fields, files) in forms {
        let form = fields.iter().copied().map(field).collect::<String>() + "--xYzZY--\r\n";
        let request = post(FORM, form);
        let batch = parser().receive(&request).unwrap();
        let [Event { kind: EventKind::Message(message), .. }] = &batch.events[..] else { panic!("{batch:?}") };
        let Content::Email(email) = &message.content else { panic!("{message:?}") };
        assert!(email.text.as_ref().unwrap().len() <= INBOUND_TEXT);
        let stored = StoredWebhook::from_repository(
            WebhookId::new(),
            "sendgrid".to_owned(),
            OffsetDateTime::UNIX_EPOCH,
            request,
        );
        assert_eq!(email.files.len(), files.len());
        for (media, (id, whole)) in email.files.iter().zip(files) {
            assert_eq!(media.source, comms_core::MediaRef::Id((*id).to_owned()));
            assert!(taken_out(&stored, id).unwrap() == whole.as_bytes(), "{id} is not whole");
        }
    }
}

#[test]
fn a_mail_to_two_of_us_is_a_message_of_each() {
    let batch = parser().receive(&post(FORM, inbound("own_spam_checked_multi_rcpt"))).unwrap();
    let accounts: Vec<_> = batch.events.iter().map(|event| event.account.as_str()).collect();
    assert_eq!(accounts, ["sendgrid:a@parse.example.org", "sendgrid:b@parse.example.org"]);
}

#[test]
fn a_copy_of_our_own_mail_is_no_second_message() {
    let id = MessageId::new();
    let copy = |from: &str, id: &str| {
        let body = format!(
            "--xYzZY\r\nContent-Disposition: form-data; name=\"headers\"\r\n\r\nFrom: {from}\r\nMessage-ID: <{id}>\r\n\r\n\
             --xYzZY\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHola\r\n--xYzZY--\r\n"
        );
        parser().receive(&post(FORM, body)).unwrap().events.remove(0)
    };
    let own = copy("ventas@example.org", &format!("{id}@example.org"));
    assert_eq!(status(&own).correlation, Some(id.to_string()));
    // Whoever was written to knows our id: what they write under it is theirs.
    let forged = copy("ana@example.com", &format!("{id}@example.org"));
    assert!(matches!(forged.kind, EventKind::Message(_)), "{forged:?}");
    let others = copy("ventas@example.org", "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6@example.org");
    assert!(matches!(others.kind, EventKind::Message(_)), "a UUID that is not ours");
}

/// A mail server's report, as SendGrid posts it whole, and as it takes it apart.
#[test]
fn a_mail_that_comes_back_is_a_state_and_no_message() {
    let ours = MessageId::new();
    let report = "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; ana@example.com\r\nAction: failed\r\n\
        Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n";
    let field = |name: &str, value: &str| {
        format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let envelope = field("envelope", r#"{"to":["ventas@example.org"],"from":""}"#);
    let told = |rest: String| parser().receive(&post(FORM, format!("{envelope}{rest}--xYzZY--\r\n"))).unwrap().events;
    let names = |id: &str| format!("From: postmaster@mx.example.net\r\nReferences: <{id}>\r\n");
    let whole = |id: &str| {
        let mail = format!(
            "{}Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\n\r\nsorry\r\n--B\r\n\
             Content-Type: message/delivery-status\r\n\r\n{report}\r\n--B--\r\n",
            names(id)
        );
        field("email", &mail)
    };
    let apart = |id: &str| {
        let file = format!(
            "--xYzZY\r\nContent-Disposition: form-data; name=\"attachment1\"; filename=\"details.txt\"\r\n\
             Content-Type: message/delivery-status\r\n\r\n{report}\r\n"
        );
        format!("{}{}{file}", field("headers", &names(id)), field("text", "sorry"))
    };
    let id = format!("{ours}@example.org");
    for events in [told(whole(&id)), told(apart(&id))] {
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!((event.account.as_str(), event.subject.as_str()), ("sendgrid:ventas@example.org", ""));
        let update = status(event);
        assert_eq!((update.status, update.correlation.clone()), (Some(Status::Failed), Some(ours.to_string())));
        assert_eq!(update.problem.as_ref().unwrap().code, "5.1.1");
    }
    let strange = told(whole("F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6@example.org")).remove(0);
    assert!(matches!(strange.kind, EventKind::Message(_)), "{strange:?}");
}

#[test]
fn only_what_is_signed_is_read() {
    let key = Signing::generate();
    let parser = SendgridInbound::new(key.verifier());
    parser.receive(&key.post("application/json", "[]")).unwrap();
    let error = parser.receive(&Signing::generate().post("application/json", "[]")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSignature);
}

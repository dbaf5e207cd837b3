//! The sellers' mailboxes: read, answered, told of by push; and nobody else's.

use comms_core::{AccountId, ChannelKind, OrganizationId, Secret, UserId, history::Organization};
use comms_engine::NewCredential;
use comms_server::{auth::Role, config::Settings};
use comms_simulator::{
    Fault, FaultRule,
    google::{
        CLIENT_ID, CLIENT_SECRET, Google, Letter, MAILBOX, PUSH_ACCOUNT, REFRESH_TOKEN, SECOND_MAILBOX,
        SECOND_REFRESH_TOKEN, TOPIC,
    },
};
use serde_json::{Value, json};

use crate::support::{Client, HISTORY, TestServer};

const INBOX: &str = "/api/comunicaciones/email/bandeja";
pub(super) const SEND: &str = "/api/comunicaciones/email/enviar";
pub(super) const PUSH: &str = "/api/comunicaciones/webhook/gmail";
pub(super) const CUSTOMER: &str = "cliente@example.org";

/// A server with Google behind it, pushes included.
async fn server() -> TestServer {
    server_with(|_| {}).await
}

pub async fn server_with(change: impl FnOnce(&mut Settings)) -> TestServer {
    let server = TestServer::start_with(|settings| {
        with_google(settings);
        change(settings);
    })
    .await;
    let endpoint = format!("{}{PUSH}", server.base);
    server.simulator.configure(|config| config.google.set_push_endpoint(&endpoint));
    server
}

pub fn with_google(settings: &mut Settings) {
    let simulator = settings.whatsapp.api_base.clone().unwrap();
    settings.google.client_id = Some(CLIENT_ID.to_owned());
    settings.google.client_secret = Some(Secret::from(CLIENT_SECRET));
    settings.google.api_base = Some(simulator.clone());
    settings.encryption.key = Some(Secret::from("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
    settings.gmail.topic = Some(TOPIC.to_owned());
    settings.gmail.push_account = Some(PUSH_ACCOUNT.to_owned());
    settings.gmail.certs_uri = format!("{simulator}/oauth2/v3/certs").parse().ok();
}

pub(super) fn google(server: &TestServer) -> Google {
    server.simulator.google().clone()
}

/// The user of this id gave permission for this mailbox.
pub async fn connect(server: &TestServer, organization: &str, user: &str, mailbox: &str, refresh: &str) {
    let new = NewCredential {
        organization: OrganizationId::from(organization),
        owner: UserId::from(user),
        provider: "google".to_owned(),
        account: AccountId::of("gmail", mailbox),
        channel: ChannelKind::Email,
        scopes: ["https://www.googleapis.com/auth/gmail.modify".to_owned()].into(),
        secret: Secret::from(refresh),
        access: None,
        ends_at: None,
    };
    server.running.state.credentials.connect(new).await.unwrap();
}

pub(super) async fn connected() -> TestServer {
    let server = server().await;
    connect(&server, "principal", "7", MAILBOX, REFRESH_TOKEN).await;
    server
}

pub(super) fn letter(subject: &str, text: &str) -> Letter {
    Letter::new(CUSTOMER, MAILBOX, subject, text).named("Luis Cliente")
}

async fn inbox(caller: &Client<'_>) -> Vec<Value> {
    caller.get(INBOX).await.data().as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_reads_the_mailbox_as_it_stands() {
    let server = connected().await;
    let seller = server.seller();
    for at in 0..3 {
        google(&server).write(letter(&format!("Consulta {at}"), "Hola,\n\n¿Precio?\n")).unwrap();
    }
    let page = seller.get(&format!("{INBOX}?maxResults=2")).await;
    let rows = page.data();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{}", page.text());
    assert_eq!((&rows[0]["asunto"], &rows[0]["leido"]), (&json!("Consulta 2"), &json!(false)));
    assert_eq!(rows[0]["de"], json!({"nombre": "Luis Cliente", "direccion": CUSTOMER}));
    let cursor = page.json()["siguiente"].as_str().unwrap().to_owned();
    let rest = seller.get(&format!("{INBOX}?maxResults=2&cursor={cursor}")).await.data();
    assert_eq!(rest[0]["asunto"], "Consulta 0");
    let found = seller.get(&format!("{INBOX}?q=subject:Consulta%201")).await.data();
    assert!(found.as_array().unwrap().iter().any(|row| row["asunto"] == "Consulta 1"), "{found}");

    let id = rows[0]["id"].as_str().unwrap();
    let mail = seller.get(&format!("/api/comunicaciones/email/{id}")).await.data();
    assert_eq!(mail["texto"], "Hola,\n\n¿Precio?");
    let read = seller.post(&format!("/api/comunicaciones/email/{id}/leido"), &json!({})).await.data();
    assert_eq!(read["leido"], true);
    assert_eq!(inbox(&seller).await[0]["leido"], true);
    for wrong in ["maxResults=0", "maxResults=101", "maxResults=x", "otro=1"] {
        assert_eq!(seller.get(&format!("{INBOX}?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_downloaded_and_html_is_never_shown() {
    let server = connected().await;
    let html = b"<script>alert(1)</script>";
    let mail = letter("Planos", "Van adjuntos").file("pl\u{e1}no\".html", "text/html", html).file(
        "foto.png",
        "image/png",
        b"PNG",
    );
    let id = google(&server).write(mail).unwrap();
    let seller = server.seller();
    let files = seller.get(&format!("/api/comunicaciones/email/{id}")).await.data()["adjuntos"].clone();
    let page = seller.get(files[0]["url"].as_str().unwrap()).await;
    assert_eq!((page.status.as_u16(), &page.bytes[..]), (200, &html[..]));
    assert_eq!(page.header("content-type"), "application/octet-stream");
    assert!(page.header("content-disposition").starts_with("attachment;"), "{}", page.header("content-disposition"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let photo = seller.get(files[1]["url"].as_str().unwrap()).await;
    assert_eq!((photo.header("content-type"), &photo.bytes[..]), ("image/png", &b"PNG"[..]));
    assert_eq!(seller.get(&format!("/api/comunicaciones/email/{id}/adjuntos/77")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stays_in_its_thread_and_the_customer_s_answer_comes_by_itself() {
    let server = connected().await;
    let google = google(&server);
    google.write(letter("Presupuesto", "¿Cuánto cuesta?")).unwrap();
    let seller = server.seller();
    let asked = inbox(&seller).await[0].clone();
    let body = json!({
        "responder_a": asked["id"], "cuerpo": "Se lo adjunto.", "cc": "jefe@example.org",
        "adjuntos": [{"nombre": "oferta.pdf", "tipo": "application/pdf", "contenido": "JVBERi0xLjc="}], "lead_id": 42,
    });
    let sent = server.seller().with("idempotency-key", "mail-1").post(SEND, &body).await.data();
    assert_eq!((&sent["estado"], &sent["destinatario"]), (&json!("enviado"), &json!(CUSTOMER)));
    let again = server.seller().with("idempotency-key", "mail-1").post(SEND, &body).await.data();
    assert_eq!(again["mensaje_id"], sent["mensaje_id"]);
    assert_eq!(google.accepted().len(), 1);
    let stored = google.stored(MAILBOX).unwrap();
    assert_eq!(stored[0].subject, "Re: Presupuesto");
    assert_eq!(stored[0].thread_id, asked["hilo_id"].as_str().unwrap());

    let id = stored[0].id.clone();
    google.write(letter("Re: Presupuesto", "De acuerdo").answering(&id)).unwrap();
    let answer = server.until(|rows| rows.iter().find(|row| row["direccion"] == "entrante").cloned()).await;
    assert_eq!((&answer["contenido"], &answer["conversacion_id"]), (&json!("De acuerdo"), &sent["conversacion_id"]));
    assert_eq!(answer["lead_id"], 42);
    // Whoever may see the conversation: the mailbox is its owner's.
    let reply = format!("/api/comunicaciones/conversaciones/{}/responder", answer["conversacion_id"].as_str().unwrap());
    let refused = server.admin().post(&reply, &json!({"mensaje": "en su nombre"})).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    let rows = seller.get(HISTORY).await.data();
    assert_eq!(
        rows.as_array().unwrap().iter().filter(|row| row["direccion"] == "saliente").count(),
        1,
        "told once: {rows}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_names_its_field() {
    let server = connected().await;
    let seller = server.seller();
    let refused = [
        (json!({"cuerpo": "hola"}), "destinatario"),
        (json!({"destinatario": "nadie", "cuerpo": "hola"}), "destinatario"),
        (json!({"to": CUSTOMER}), "cuerpo"),
        (json!({"to": CUSTOMER, "text": "hola", "subject": "a\r\nBcc: all@example.com"}), "asunto"),
        (json!({"to": CUSTOMER, "text": "hola", "cc": ["x"]}), "cc"),
        (json!({"to": CUSTOMER, "text": "hola", "adjuntos": [{"nombre": "a", "contenido": "***"}]}), "adjuntos"),
        (json!({"to": CUSTOMER, "text": "hola", "adjuntos": [{"nombre": "a"}]}), "adjuntos"),
    ];
    for (body, field) in refused {
        let answer = seller.post(SEND, &body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["details"]["campo"]),
            (400, &json!(field)),
            "{body} {}",
            answer.text()
        );
    }
    assert!(google(&server).accepted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_opens_or_uses_the_mailbox_of_somebody_else() {
    let server = connected().await;
    let other = OrganizationId::from("otra");
    let organization = Organization { id: other.clone(), name: "Otra".to_owned() };
    server.running.state.repository.put_organization(&organization).await.unwrap();
    connect(&server, "otra", "9", SECOND_MAILBOX, SECOND_REFRESH_TOKEN).await;
    let id = google(&server).write(letter("Privado", "No es suyo")).unwrap();

    let colleague = server.client(&server.token("8", Role::Seller, Some("principal")));
    let chief = server.client(&server.token("1", Role::Admin, Some("principal")));
    let stranger = server.client(&server.token("9", Role::Seller, Some("otra")));
    for (who, caller) in [("colleague", &colleague), ("chief", &chief), ("stranger", &stranger)] {
        for path in [
            format!("{INBOX}?buzon={MAILBOX}"),
            format!("/api/comunicaciones/email/{id}?buzon={MAILBOX}"),
            format!("/api/comunicaciones/email/{id}/adjuntos/0?buzon={MAILBOX}"),
        ] {
            assert_eq!(caller.get(&path).await.status, 404, "{who} {path}");
        }
        let read = caller.post(&format!("/api/comunicaciones/email/{id}/leido?buzon={MAILBOX}"), &json!({})).await;
        assert_eq!(read.status, 404, "{who}");
        let body = json!({"to": CUSTOMER, "text": "en su nombre", "cuenta": format!("gmail:{MAILBOX}")});
        assert_eq!(caller.post(SEND, &body).await.status, 404, "{who}");
    }
    // Without a mailbox of one's own there is none; a stranger has only theirs.
    assert_eq!(colleague.get(INBOX).await.status, 409);
    assert_eq!(colleague.post(SEND, &json!({"to": CUSTOMER, "text": "x"})).await.status, 409);
    assert_eq!(inbox(&stranger).await, Vec::<Value>::new());
    assert_eq!(stranger.get(&format!("/api/comunicaciones/email/{id}")).await.status, 404);
    assert!(google(&server).accepted().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_tries_again_what_a_mailbox_did_not_send() {
    let server = connected().await;
    let refusal =
        Fault::Status { status: 400, body: "{}".to_owned(), content_type: Some("application/json".to_owned()) };
    server.simulator.inject(FaultRule::new("google.messages.send", refusal).times(1));
    let failed = server.seller().post(SEND, &json!({"to": CUSTOMER, "asunto": "Oferta", "text": "hola"})).await;
    let row = match failed.status.as_u16() {
        200 => failed.data(),
        _ => server.until(|rows| rows.first().cloned()).await,
    };
    assert_eq!(row["estado"], "fallido", "{row}");
    let again = format!("/api/comunicaciones/mensajes/{}/reintentar", row["mensaje_id"].as_str().unwrap());
    let refused = server.admin().post(&again, &json!({})).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert!(google(&server).accepted().is_empty());
    assert_eq!(server.seller().post(&again, &json!({})).await.data()["estado"], "enviado");
    assert_eq!(google(&server).accepted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_ended_says_what_to_do_and_works_again_once_it_is_given() {
    let server = connected().await;
    assert_eq!(server.seller().get(INBOX).await.status, 200);
    google(&server).revoke(MAILBOX);
    let answer = server.seller().get(INBOX).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["details"]["reconectar"].clone()),
        (502, json!(true)),
        "{}",
        answer.text()
    );
    assert!(answer.json()["details"]["motivo"].as_str().unwrap().contains("conecte el buzón otra vez"));
    server
        .running
        .state
        .credentials
        .disconnect(&"principal".into(), &"7".into(), &AccountId::of("gmail", MAILBOX))
        .await
        .unwrap();
    let answer = server.seller().get(INBOX).await;
    assert_eq!(answer.json()["details"]["motivo"], "conecte su buzón", "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_proved_or_refused() {
    let server = connected().await;
    let forged =
        server.nobody().with("authorization", "Bearer a.b.c").post(PUSH, &json!({"message": {"data": "e30="}})).await;
    assert_eq!(forged.status, 401, "{}", forged.text());
    assert_eq!(server.nobody().post(PUSH, &json!({})).await.status, 401);
    let other = TestServer::start().await;
    assert_eq!(other.nobody().post(PUSH, &json!({})).await.status, 404, "no pushes are expected");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_people_whom_nobody_knows_is_kept_where_the_settings_say_so() {
    for strangers in [false, true] {
        let server = server_with(|settings| settings.gmail.strangers = strangers).await;
        connect(&server, "principal", "7", MAILBOX, REFRESH_TOKEN).await;
        let google = google(&server);
        google.write(letter("Consulta", "¿Precio?")).unwrap();
        // Whoever answers us is known; a mailbox is read in its order.
        let body = json!({"destinatario": "eva@example.net", "asunto": "Oferta", "cuerpo": "Su oferta."});
        let sent = server.seller().post(SEND, &body).await.data();
        let answer =
            Letter::new("eva@example.net", MAILBOX, "", "Gracias").answering(sent["sid_externo"].as_str().unwrap());
        google.write(answer).unwrap();
        server.until(|rows| rows.iter().find(|row| row["contenido"] == "Gracias").cloned()).await;
        let rows = server.admin().get(&format!("{HISTORY}?canal=email&direccion=entrante")).await.data();
        let strange = rows.as_array().unwrap().iter().any(|row| row["contenido"] == "¿Precio?");
        assert_eq!(strange, strangers, "{rows}");
    }
}

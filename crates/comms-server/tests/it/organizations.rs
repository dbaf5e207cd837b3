//! Two organisations on one server: for every route that lists or gets, nothing of the one is seen by the other.

use comms_core::{AccountId, ChannelKind};
use comms_engine::{HandOff, NewCredential, Trigger};
use comms_server::{
    auth::Role,
    routes::{Access, Kind, ROUTES},
};
use comms_simulator::meta::{Content, Customer, Inbound, MediaKind, PHONE_ID, SECOND_PHONE_ID};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::streams::Stream;
use crate::support::{Client, HISTORY, TestServer, second_account};

const ORGANIZATIONS: [(&str, &str); 2] = [("norte", PHONE_ID), ("sur", SECOND_PHONE_ID)];
/// The word in everything that belongs to an organisation.
const MARK: &str = "de-";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaks() {
    let server = TestServer::start_with(|settings| {
        settings.organization.id = "norte".into();
        settings.accounts.push(second_account("sur"));
        settings.encryption.key = Some(comms_core::Secret::from("5".repeat(64)));
    })
    .await;
    let mut files = Vec::new();
    for (organization, phone) in ORGANIZATIONS {
        files.push(fill(&server, organization, phone).await);
    }
    let mut tested = 0;
    for (at, (own, _)) in ORGANIZATIONS.into_iter().enumerate() {
        let (theirs, _) = ORGANIZATIONS[1 - at];
        for role in [Role::Admin, Role::Seller] {
            let client = server.client(&server.token("7", role, Some(own)));
            tested += lists(&client, own, theirs, role).await;
            tested += gets(&client, &files[at], &files[1 - at], role).await;
        }
    }
    streams(&server).await;
    let routes = ROUTES.iter().filter(|row| matches!(row.kind, Kind::List | Kind::Get)).count();
    assert_eq!(tested, routes * 4, "every route, from both sides, in both roles");
}

/// Everything that every stream has told, from the beginning.
async fn streams(server: &TestServer) {
    for row in ROUTES.iter().filter(|row| row.kind == Kind::Stream) {
        for (at, (own, _)) in ORGANIZATIONS.into_iter().enumerate() {
            let (theirs, _) = ORGANIZATIONS[1 - at];
            for role in [Role::Admin, Role::Seller] {
                let token = server.token("7", role, Some(own));
                let mut stream = Stream::open(server, row.path, "cursor=0", &token).await;
                let told = stream.until_ready().await;
                let text = told.iter().map(Value::to_string).collect::<String>();
                assert!(!text.contains(theirs), "{} as {own} {role:?}: {text}", row.path);
                if role == Role::Admin {
                    assert!(text.contains(own), "{} tells nothing of {own}: the test proves nothing", row.path);
                }
            }
        }
    }
}

/// What an organisation has: a message with a file, a token.
struct Belongings {
    message: Value,
    file: String,
    contact: String,
    hook: String,
    /// With whom an agent of theirs has talked.
    called: String,
}

async fn fill(server: &TestServer, organization: &str, phone: &str) -> Belongings {
    let customer = Customer::new("34600000000").named(format!("{MARK}{organization}"));
    let picture = Content::Media {
        kind: MediaKind::Image,
        data: vec![1, 2, 3].into(),
        mime_type: "image/png".to_owned(),
        caption: Some(format!("{MARK}{organization}")),
        filename: None,
    };
    server.simulator.meta().inbound(Inbound::new(phone, customer, picture)).unwrap();
    let admin = server.client(&server.token("1", Role::Admin, Some(organization)));
    let made =
        admin.post("/api/comunicaciones/admin/tokens", &json!({"nombre": format!("{MARK}{organization}")})).await;
    assert_eq!(made.status, 201);
    let mut news = server.running.state.repository.events_hint();
    let mut pulse = tokio::time::interval(std::time::Duration::from_millis(100));
    let search = async {
        loop {
            let rows = admin.get(HISTORY).await.data();
            if rows[0]["adjuntos"][0]["estado"] == "disponible" {
                return rows[0].clone();
            }
            tokio::select! { _ = news.changed() => {}, _ = pulse.tick() => {} }
        }
    };
    let message = tokio::time::timeout(std::time::Duration::from_secs(20), search).await.unwrap();
    let at = (time::OffsetDateTime::now_utc() + time::Duration::hours(1)).format(&Rfc3339).unwrap();
    let text = format!("{MARK}{organization}");
    let later = json!({"telefono": "+34600000000", "mensaje": text, "programado_para": at});
    let waits = admin.post("/api/comunicaciones/whatsapp/enviar", &later).await;
    assert_eq!(waits.status, 202, "{}", waits.text());
    let file = message["adjuntos"][0]["id"].as_str().unwrap().to_owned();
    let conversations = admin.get("/api/comunicaciones/conversaciones").await.data();
    let contact = conversations[0]["contacto_id"].as_str().unwrap().to_owned();
    let noted = format!("/api/comunicaciones/conversaciones/{}/notas", message["conversacion_id"].as_str().unwrap());
    assert_eq!(admin.post(&noted, &json!({"texto": format!("{MARK}{organization}")})).await.status, 201);
    // Somebody else of theirs is erased, and the record says so.
    let other = Customer::new("34600000001").named("otro");
    server.simulator.meta().inbound(Inbound::new(phone, other, Content::Text { body: "adiós".to_owned() })).unwrap();
    let contacts = "/api/comunicaciones/contactos?texto=34600000001";
    let other = loop {
        if let Some(id) = admin.get(contacts).await.data()[0]["id"].as_str() {
            break id.to_owned();
        }
        tokio::task::yield_now().await;
    };
    let erase = format!("/api/comunicaciones/admin/contactos/{other}?confirmar=borrar&motivo={MARK}{organization}");
    assert_eq!(admin.send(http::Method::DELETE, &erase, None).await.status, 202);
    let hook = json!({"url": "https://example.com/", "descripcion": format!("{MARK}{organization}")});
    let hook = admin.post("/api/comunicaciones/admin/webhooks-salientes", &hook).await.data();
    let hook = hook["id"].as_str().unwrap().to_owned();
    connect(server, organization).await;
    let called = called(server, organization).await;
    Belongings { message, file, contact, hook, called }
}

/// A call of an agent that ended; returns with whom it was.
async fn called(server: &TestServer, organization: &str) -> String {
    let number = if organization == "norte" { "+34600000021" } else { "+34600000022" };
    let call = format!("conv_{MARK}{organization}");
    let mut told = HandOff::new(organization.into(), Trigger::CallCompleted, call, "agent_1");
    told.phone = Some(number.to_owned());
    server.running.state.engine.hand_off(told).await.unwrap();
    number.to_owned()
}

/// A seller's mailbox.
async fn connect(server: &TestServer, organization: &str) {
    let mailbox = NewCredential {
        organization: organization.into(),
        owner: "7".into(),
        provider: "google".to_owned(),
        account: AccountId::of("gmail", &format!("{MARK}{organization}@example.com")),
        channel: ChannelKind::Email,
        scopes: Default::default(),
        secret: "an invented secret".into(),
        access: None,
        ends_at: None,
    };
    server.running.state.credentials.connect(mailbox).await.unwrap();
}

async fn lists(client: &Client<'_>, own: &str, theirs: &str, role: Role) -> usize {
    let rows = ROUTES.iter().filter(|row| row.kind == Kind::List);
    let mut tested = 0;
    for row in rows {
        let answer = client.get(&row.path.replace("{leadId}", "1")).await;
        let text = answer.text();
        assert!(!text.contains(theirs), "{} as {own} {role:?}: {text}", row.path);
        // The history of one lead is empty here, templates are the provider's, sellers do not administer.
        // A mailbox is at Google, and shown by `routes::correo`.
        let elsewhere = row.path.contains("plantillas") || row.path.contains("bandeja");
        let shows = !row.path.contains("{leadId}") && !elsewhere;
        if shows && (role == Role::Admin) {
            assert!(text.contains(own), "{} shows nothing of {own}: the test proves nothing. {text}", row.path);
        }
        tested += 1;
    }
    tested
}

async fn gets(client: &Client<'_>, own: &Belongings, theirs: &Belongings, role: Role) -> usize {
    let rows = ROUTES.iter().filter(|row| row.kind == Kind::Get);
    let mut tested = 0;
    for row in rows {
        tested += 1;
        if row.path.contains("/email/{id}") {
            // What a mailbox holds is at Google: `routes::correo` tries to open it.
            continue;
        }
        if row.path == "/api/stats" {
            // One call of each is counted, and not both.
            assert_eq!(client.get(row.path).await.json()["stats"]["queue"]["waiting"], 1, "{}", row.path);
            continue;
        }
        let ids = |of: &Belongings| {
            if row.path.contains("{phoneNumber}") {
                vec![of.called.clone()]
            } else if row.path.contains("webhooks-salientes") {
                vec![of.hook.clone()]
            } else if row.path.contains("adjuntos") {
                vec![of.file.clone()]
            } else if row.path.contains("contactos") {
                vec![of.contact.clone()]
            } else if row.path.contains("conversaciones") {
                vec![of.message["conversacion_id"].as_str().unwrap().to_owned()]
            } else {
                vec![of.message["mensaje_id"].as_str().unwrap().to_owned(), of.message["id"].to_string()]
            }
        };
        for id in ids(theirs) {
            let answer = client.get(&row.path.replace("{id}", &id).replace("{phoneNumber}", &id)).await;
            // Sellers do not administer.
            let refused = row.access == Access::Admin && role == Role::Seller;
            assert_eq!(answer.status, if refused { 403 } else { 404 }, "{} {id}", row.path);
        }
        if role == Role::Admin {
            for id in ids(own) {
                let path = row.path.replace("{id}", &id).replace("{phoneNumber}", &id);
                assert_eq!(client.get(&path).await.status, 200, "{} {id}", row.path);
            }
        }
    }
    tested
}

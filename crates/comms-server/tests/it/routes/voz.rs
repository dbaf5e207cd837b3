use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_server::auth::Role;
use comms_simulator::twilio::{
    ACCOUNT_SID, API_KEY_SID, APPLICATION_SID, BrowserCall, Contact, InboundCall, NUMBER, Outcome, Script,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{HISTORY, TestServer};

const TOKEN: &str = "/api/comunicaciones/voz/token";
const CALL: &str = "/api/comunicaciones/voz/llamar";
const PHONE: &str = "+34600000000";
const SETTLED: Duration = Duration::from_secs(20);

/// What a token says.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The browser's token of a user.
async fn token(server: &TestServer, user: &str) -> Value {
    let seller = server.client(&server.token(user, Role::Seller, None));
    seller.post(TOKEN, &json!({})).await.data()
}

/// The one call of the history, once nothing is under way.
async fn only_call(server: &TestServer) -> Value {
    assert!(server.simulator.twilio().settled(SETTLED).await);
    let violations = server.simulator.ledger().violations();
    assert!(violations.is_empty(), "{violations:?}");
    let rows = server.admin().get(&format!("{HISTORY}?canal=voz")).await.data();
    assert_eq!(rows.as_array().unwrap().len(), 1, "one call is one record: {rows}");
    rows[0].clone()
}

async fn detail(server: &TestServer, row: &Value) -> Value {
    let path = format!("/api/comunicaciones/mensajes/{}", row["mensaje_id"].as_str().unwrap());
    server.admin().get(&path).await.data()
}

fn browser_rings(server: &TestServer, identity: &str, script: Script) {
    server.simulator.twilio().set_contact(Contact::browser(identity).in_calls(script));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_may_call_and_until_when() {
    let server = TestServer::start().await;
    let made = token(&server, "7").await;
    let claims = claims(made["token"].as_str().unwrap());
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(API_KEY_SID), &json!(ACCOUNT_SID)));
    let voice = json!({"incoming": {"allow": true}, "outgoing": {"application_sid": APPLICATION_SID}});
    assert_eq!(claims["grants"], json!({"identity": made["identity"], "voice": voice}));
    let until = OffsetDateTime::parse(made["expires_at"].as_str().unwrap(), &Rfc3339).unwrap();
    assert_eq!(claims["exp"], until.unix_timestamp());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    let other = token(&server, "8").await;
    assert_ne!(made["identity"], other["identity"], "each user has a name of their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_keys_there_is_no_token() {
    let server = TestServer::start_with(|settings| settings.twilio.twiml_app_sid = None).await;
    let answer = server.seller().post(TOKEN, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "canal_no_configurado"));
    assert_eq!(answer.json()["details"]["faltan"], json!(["TWILIO_TWIML_APP_SID"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_no_call_is_placed() {
    let server = TestServer::start_unreachable().await;
    let answer = server.seller().post(CALL, &json!({"hacia": PHONE})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "canal_no_configurado"));
    assert_eq!(answer.json()["details"]["faltan"], json!(["PUBLIC_BASE_URL"]));
    let health = server.nobody().get("/health").await.json();
    assert_eq!(health["dependencies"]["twilio"], "send_only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_calls_and_it_is_one_record_with_its_duration() {
    let server = TestServer::start_with_leads().await;
    server.simulator.twilio().set_contact(Contact::new(PHONE).in_calls(Script::answers(3, 42)));
    let token = token(&server, "7").await["token"].as_str().unwrap().to_owned();
    let call = BrowserCall::to(&token, PHONE).param("lead_id", "42");
    let sid = server.simulator.twilio().browser_call(&call).unwrap();
    let row = only_call(&server).await;
    assert_eq!((&row["direccion"], &row["estado"]), (&json!("saliente"), &json!("completada")));
    assert_eq!((&row["destinatario"], &row["duracion_seg"]), (&json!(PHONE), &json!(42)));
    assert_eq!((&row["usuario_id"], &row["lead_id"]), (&json!(7), &json!(42)));
    assert_eq!(row["sid_externo"], sid.as_str(), "the parent leg's");
    let detail = detail(&server, &row).await;
    let words: Vec<&str> =
        detail["eventos"].as_array().unwrap().iter().filter_map(|one| one["estado_proveedor"].as_str()).collect();
    for word in ["initiated", "ringing", "in-progress", "completed"] {
        assert!(words.contains(&word), "{word} of the child leg is in {words:?}");
    }
    let found = server.seller().get(&format!("{HISTORY}?sid_externo={sid}")).await.data();
    assert_eq!(found[0]["mensaje_id"], row["mensaje_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_in_any_order_and_twice_are_the_same_record() {
    let server = TestServer::start().await;
    server.simulator.configure(|config| {
        config.twilio.calls.shuffle = true;
        config.twilio.calls.copies = 2;
    });
    server.simulator.twilio().set_contact(Contact::new(PHONE).in_calls(Script::answers(3, 42)));
    let token = token(&server, "7").await["token"].as_str().unwrap().to_owned();
    server.simulator.twilio().browser_call(&BrowserCall::to(&token, PHONE)).unwrap();
    let row = only_call(&server).await;
    assert_eq!((&row["estado"], &row["duracion_seg"]), (&json!("completada"), &json!(42)));
    let detail = detail(&server, &row).await;
    let words: Vec<_> =
        detail["eventos"].as_array().unwrap().iter().map(|one| one["estado_proveedor"].clone()).collect();
    for word in ["initiated", "in-progress"] {
        assert_eq!(words.iter().filter(|one| **one == word).count(), 1, "{word} is told once: {words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_seller_may_show_a_number_of_their_own() {
    let server = TestServer::start_with(|settings| {
        settings.twilio.caller_id = Some("+15005550009".to_owned());
        let own = "channel = \"voice\"\nnumber = \"+34600000001\"\nowner = \"8\"\ncaller_id = \"+34600000008\"\n";
        settings.accounts.push(toml::from_str(own).unwrap());
    })
    .await;
    for (at, (user, shown)) in [("7", "+15005550009"), ("8", "+34600000008")].into_iter().enumerate() {
        let identity = token(&server, user).await["identity"].as_str().unwrap().to_owned();
        let (sid, from) = (format!("CA{at:032}"), format!("client:{identity}"));
        let form = [
            ("AccountSid", ACCOUNT_SID),
            ("CallSid", sid.as_str()),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", from.as_str()),
            ("To", PHONE),
            // What a page asks for has no effect.
            ("callerId", "+34600000099"),
        ];
        let answer = server.twilio(crate::support::VOICE_WEBHOOK, &form).await.text();
        assert!(answer.contains(&format!("callerId=\"{shown}\"")), "{user}: {answer}");
        assert!(answer.contains(&format!(">{PHONE}</Number>")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sellers_lead_is_not_called() {
    let server = TestServer::start_with_leads().await;
    let token = token(&server, "7").await["token"].as_str().unwrap().to_owned();
    let call = BrowserCall::to(&token, "+34600000001").param("lead_id", "43");
    let sid = server.simulator.twilio().browser_call(&call).unwrap();
    let row = only_call(&server).await;
    assert_eq!((&row["estado"], &row["error"]["codigo"]), (&json!("fallida"), &json!("lead_ajeno")));
    assert!(server.simulator.twilio().child_legs(&sid).is_empty(), "nobody was dialled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_our_number_rings_the_leads_owner_then_the_accounts_then_the_voicemail() {
    let server = TestServer::start_with_leads().await;
    let (seven, eight) = (token(&server, "7").await, token(&server, "8").await);
    let [seven, eight] = [&seven, &eight].map(|made| made["identity"].as_str().unwrap());
    browser_rings(&server, seven, Script::refuses(Outcome::NoAnswer));
    browser_rings(&server, eight, Script::refuses(Outcome::Busy));
    // Lead 43 is seller 8's; the number is seller 7's.
    let sid = server.simulator.twilio().inbound_call(InboundCall::new("+34600000001", NUMBER)).unwrap();
    let row = only_call(&server).await;
    let twilio = server.simulator.twilio();
    assert_eq!(twilio.child_legs(&sid).len(), 2, "two browsers rang");
    assert_eq!((&row["direccion"], &row["sid_externo"]), (&json!("entrante"), &json!(sid)));
    assert_eq!((&row["estado"], &row["lead_id"]), (&json!("no_contestada"), &json!(43)), "{row}");
    let stored = server
        .until(|rows| {
            let row = rows.iter().find(|row| row["canal"] == "voz")?;
            (row["adjuntos"][0]["estado"] == "disponible").then(|| row.clone())
        })
        .await;
    let voicemail = server.admin().get(stored["adjuntos"][0]["url"].as_str().unwrap()).await;
    assert_eq!(voicemail.status, 200);
    assert!(voicemail.header("content-type").starts_with("audio/"), "{:?}", voicemail.headers);
    assert!(!voicemail.bytes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_has_its_recording() {
    let server = TestServer::start_with(|settings| settings.voice.record = true).await;
    let token = token(&server, "7").await["token"].as_str().unwrap().to_owned();
    server.simulator.twilio().browser_call(&BrowserCall::to(&token, PHONE)).unwrap();
    let row = only_call(&server).await;
    assert_eq!(row["estado"], "completada");
    let stored = server.until(|rows| (rows[0]["adjuntos"][0]["estado"] == "disponible").then(|| rows[0].clone())).await;
    assert_eq!(stored["adjuntos"].as_array().unwrap().len(), 1);
    let file = server.seller().get(stored["adjuntos"][0]["url"].as_str().unwrap()).await;
    assert!(file.header("content-type").starts_with("audio/") && !file.bytes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_has_the_call() {
    let server = TestServer::start().await;
    let identity = token(&server, "7").await["identity"].as_str().unwrap().to_owned();
    browser_rings(&server, &identity, Script::answers(2, 17));
    server.simulator.twilio().inbound_call(InboundCall::new(PHONE, NUMBER)).unwrap();
    let row = only_call(&server).await;
    assert_eq!((&row["direccion"], &row["estado"]), (&json!("entrante"), &json!("completada")));
    assert_eq!((&row["duracion_seg"], &row["destinatario"]), (&json!(17), &json!(PHONE)));
    assert_eq!((&row["usuario_id"], &row["adjuntos"]), (&json!(7), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_calls_and_then_the_browser_rings() {
    let server = TestServer::start().await;
    let identity = token(&server, "7").await["identity"].as_str().unwrap().to_owned();
    browser_rings(&server, &identity, Script::answers(2, 30));
    let seller = server.seller().with("idempotency-key", "call-1");
    let body = json!({"hacia": PHONE, "desde": NUMBER, "lead_id": 42});
    let placed = seller.post(CALL, &body).await;
    assert_eq!(placed.status, 200, "{}", placed.text());
    let row = placed.data();
    assert_eq!((&row["canal"], &row["direccion"]), (&json!("voz"), &json!("saliente")));
    // Its reports may overtake the answer.
    let states = ["iniciada", "sonando", "en_curso", "completada"];
    assert!(states.contains(&row["estado"].as_str().unwrap()), "{row}");
    let again = seller.post(CALL, &body).await.data();
    assert_eq!(again["mensaje_id"], row["mensaje_id"]);
    let ended = only_call(&server).await;
    assert_eq!((&ended["estado"], &ended["mensaje_id"]), (&json!("completada"), &row["mensaje_id"]));
    assert!(ended["duracion_seg"].as_i64().unwrap() >= 30, "{ended}");
    assert_eq!(server.simulator.ledger().sends().len(), 1, "one call was placed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_hung_up() {
    let server = TestServer::start().await;
    let identity = token(&server, "7").await["identity"].as_str().unwrap().to_owned();
    browser_rings(&server, &identity, Script::holds());
    server.simulator.twilio().set_contact(Contact::new(PHONE).in_calls(Script::holds()));
    let row = server.seller().post(CALL, &json!({"hacia": PHONE})).await.data();
    let id = row["mensaje_id"].as_str().unwrap();
    server.until_state(id, "en_curso").await;
    let path = format!("/api/comunicaciones/voz/{id}/colgar");
    let stranger = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(stranger.post(&path, &json!({})).await.status, 404, "another seller's call");
    let answer = server.seller().post(&path, &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.until_state(id, "completada").await;
    assert_eq!(server.seller().post(&path, &json!({})).await.status, 200, "it has ended: nothing remains to be done");
    let sms = server.seller().post(crate::support::SMS, &json!({"hacia": PHONE, "mensaje": "hola"})).await.data();
    let path = format!("/api/comunicaciones/voz/{}/colgar", sms["mensaje_id"].as_str().unwrap());
    let answer = server.seller().post(&path, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "llamada_no_controlable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_server_may_not_call_is_not_called() {
    let server = TestServer::start_with(|settings| {
        settings.voice.daily_cap = 1.try_into().unwrap();
    })
    .await;
    for (body, status, code, field) in [
        (json!({}), 400, "validacion", "hacia"),
        (json!({"hacia": "nobody"}), 400, "destinatario_invalido", "hacia"),
        (json!({"hacia": "+34803123456"}), 403, "destino_premium", "hacia"),
        (json!({"hacia": "+442079460000"}), 403, "destino_no_permitido", "hacia"),
        (json!({"hacia": PHONE, "desde": "+34600000009"}), 403, "numero_origen_no_permitido", "desde"),
        (json!({"hacia": PHONE, "desde": "nobody"}), 400, "destinatario_invalido", "desde"),
    ] {
        let answer = server.seller().post(CALL, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body} {}", answer.text());
        assert_eq!(answer.json()["details"]["campo"], field, "{body} {}", answer.text());
    }
    assert!(server.simulator.ledger().sends().is_empty());
    assert_eq!(server.seller().post(CALL, &json!({"hacia": PHONE})).await.status, 200);
    let second = server.seller().post(CALL, &json!({"hacia": PHONE})).await;
    assert_eq!((second.status.as_u16(), second.code().as_str()), (429, "limite_diario_llamadas"));
    assert!(!second.header("retry-after").is_empty());
    assert_eq!(server.simulator.ledger().sends().len(), 1);
}

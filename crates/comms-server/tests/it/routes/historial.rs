use comms_server::auth::Role;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{HISTORY, SEND, TestServer};

fn texts(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["contenido"].as_str().unwrap_or("")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_newest_first() {
    let server = TestServer::start().await;
    for number in 1..=5 {
        server.customer_writes(&format!("mensaje {number}")).await;
    }
    let seller = server.seller();
    let (mut seen, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let query = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let answer = seller.get(&format!("{HISTORY}?limit=2{query}")).await;
        let rows = answer.data();
        seen.extend(texts(&rows).into_iter().map(str::to_owned));
        next = answer.json()["siguiente"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["mensaje 5", "mensaje 4", "mensaje 3", "mensaje 2", "mensaje 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters() {
    let server = TestServer::start().await;
    server.customer_writes("¿Cuánto cuesta el ANILLO?").await;
    let seller = server.seller();
    let body = json!({"telefono": "+34600000000", "mensaje": "890 euros", "lead_id": 42, "contrato_id": "c-1"});
    let sent = seller.post(SEND, &body).await.data()["mensaje_id"].as_str().unwrap().to_owned();
    server.until_state(&sent, "leido").await;
    let cases = [
        ("", 2),
        ("?lead_id=42&direccion=saliente", 1),
        ("?lead_id=43", 0),
        ("?contrato_id=c-1&direccion=saliente", 1),
        ("?usuario_id=7", 2),
        ("?usuario_id=8", 0),
        ("?canal=whatsapp", 2),
        ("?canal=sms", 0),
        ("?direccion=entrante", 1),
        ("?estado=leido", 1),
        ("?estado=leido,recibido", 2),
        ("?estado=fallido", 0),
        ("?texto=anillo", 1),
        ("?desde=2020-01-01&hasta=2020-12-31", 0),
        ("?desde=2020-01-01T00:00:00Z", 2),
        ("?sid_externo=wamid.unknown", 0),
    ];
    for (query, count) in cases {
        let rows = seller.get(&format!("{HISTORY}{query}")).await.data();
        assert_eq!(rows.as_array().unwrap().len(), count, "{query}: {:?}", texts(&rows));
    }
    let all = seller.get(HISTORY).await.data();
    for row in all.as_array().unwrap() {
        let query = format!("{HISTORY}?sid_externo={}", row["sid_externo"].as_str().unwrap());
        assert_eq!(seller.get(&query).await.data(), json!([row]));
    }
    let of_lead = seller.get(&format!("{HISTORY}/42?direccion=saliente")).await.data();
    assert_eq!(texts(&of_lead), ["890 euros"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_their_own_and_an_administrator_everything() {
    let server = TestServer::start().await;
    server.customer_writes("de la cuenta del siete").await;
    let other = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(other.get(HISTORY).await.data(), json!([]));
    let row = server.admin().get(HISTORY).await.data()[0].clone();
    let id = row["mensaje_id"].as_str().unwrap();
    assert_eq!(other.get(&format!("/api/comunicaciones/mensajes/{id}")).await.status, 404);
    let read = other.post(&format!("/api/comunicaciones/mensajes/{id}/leido"), &json!({})).await;
    assert_eq!(read.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sellers_lead_is_403() {
    let server = TestServer::start_with_leads().await;
    let seller = server.seller();
    server.customer_writes("hola").await;
    for (lead, status, code) in [(42, 200, ""), (43, 403, "lead_ajeno"), (44, 404, "lead_no_encontrado")] {
        let body = json!({"telefono": "+34600000000", "mensaje": "hola", "lead_id": lead});
        let sent = seller.post(SEND, &body).await;
        assert_eq!((sent.status.as_u16(), sent.code().as_str()), (status, code), "sending on {lead}");
        let listed = seller.get(&format!("{HISTORY}/{lead}")).await;
        assert_eq!((listed.status.as_u16(), listed.code().as_str()), (status, code), "the history of {lead}");
    }
    assert_eq!(server.admin().get(&format!("{HISTORY}/43")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_wrote_is_shown_in_its_own_words() {
    let server = TestServer::start().await;
    let database = Connection::open(server.running.state.settings.database.data_dir.join("comms.sqlite")).unwrap();
    database
        .execute_batch(
            "INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, contenido, estado, duracion_seg)
             VALUES (42, 7, 'voz', 'saliente', '+34600000000', 'llamada', 'completada', 61),
                    (42, 7, 'paloma', 'entrante', '+34600000000', 'nota', 'llegada', NULL);",
        )
        .unwrap();
    let rows = server.admin().get(&format!("{HISTORY}/42")).await.data();
    let words: Vec<_> = rows.as_array().unwrap().iter().map(|row| [&row["canal"], &row["estado"]]).collect();
    assert_eq!(words, [["paloma", "llegada"], ["voz", "completada"]]);
    assert_eq!(rows[1]["duracion_seg"], 61);
}

//! A person's data is handed out as a whole, and erased as a whole.

use std::io::{Cursor, Read};

use comms_simulator::meta::{Content, Customer, Inbound, MediaKind, PHONE_ID};
use http::Method;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::support::{Answer, HISTORY, SEND, TestServer};

const CONTACTS: &str = "/api/comunicaciones/contactos";
const ADMIN: &str = "/api/comunicaciones/admin/contactos";
const ERASED: &str = "/api/comunicaciones/admin/borrados";

/// A customer with a text and a picture that was fetched. Gives the contact.
async fn customer(server: &TestServer) -> String {
    let customer = Customer::new("34600000000").named("Ana Ortega");
    let picture = Content::Media {
        kind: MediaKind::Image,
        data: vec![7; 300_000].into(),
        mime_type: "image/png".to_owned(),
        caption: Some("la foto".to_owned()),
        filename: None,
    };
    server.simulator.meta().inbound(Inbound::new(PHONE_ID, customer, picture)).unwrap();
    server.until(|rows| (rows.first()?["adjuntos"][0]["estado"] == "disponible").then_some(())).await;
    let sent = server.seller().post(SEND, &json!({"telefono": "+34600000000", "mensaje": "para Ana"})).await;
    assert!(sent.status.is_success(), "{}", sent.text());
    server.admin().get(CONTACTS).await.data()[0]["id"].as_str().unwrap().to_owned()
}

async fn erase(server: &TestServer, contact: &str, query: &str) -> Answer {
    server.admin().send(Method::DELETE, &format!("{ADMIN}/{contact}{query}"), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_an_archive_with_rows_and_files() {
    let server = TestServer::start().await;
    let contact = customer(&server).await;
    let answer = server.admin().get(&format!("{ADMIN}/{contact}/exportar")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/zip"));
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"contacto-{contact}.zip\""));
    let mut archive = ZipArchive::new(Cursor::new(answer.bytes.clone())).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let picture = names.iter().find(|name| name.starts_with("archivos/")).unwrap().clone();
    let mut bytes = Vec::new();
    archive.by_name(&picture).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, vec![7; 300_000]);
    for (part, word) in [
        ("contactos.jsonl", "principal"),
        ("identidades.jsonl", "Ana Ortega"),
        ("mensajes.jsonl", "para Ana"),
        ("comunicaciones.jsonl", "la foto"),
        ("webhooks.jsonl", "la foto"),
        ("eventos.jsonl", "message"),
    ] {
        let mut text = String::new();
        archive.by_name(part).unwrap().read_to_string(&mut text).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!rows.is_empty() && text.contains(word), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_when_it_is_said_twice() {
    let server = TestServer::start().await;
    let contact = customer(&server).await;
    for query in ["", "?confirmar=si", "?motivo=7"] {
        let refused = erase(&server, &contact, query).await;
        assert_eq!((refused.status.as_u16(), refused.json()["details"]["campo"].clone()), (400, json!("confirmar")));
    }
    assert_eq!(server.admin().get(HISTORY).await.data().as_array().unwrap().len(), 2);

    let begun = erase(&server, &contact, "?confirmar=borrar&motivo=caso%207").await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let id = begun.data()["id"].clone();
    let again = erase(&server, &contact, "?confirmar=borrar").await;
    assert!(again.status == 404 || again.data()["id"] == id, "{}", again.text());
    let done = server
        .until_on(ERASED, |answer| {
            let row = answer.data()[0].clone();
            (row["estado"] == "hecho").then_some(row)
        })
        .await;
    assert_eq!((&done["id"], &done["contacto_id"], &done["motivo"]), (&id, &Value::Null, &json!("caso 7")));
    assert_eq!((&done["borrado"]["mensajes"], &done["borrado"]["archivos"]), (&json!(2), &json!(1)));

    assert_eq!(erase(&server, &contact, "?confirmar=borrar").await.status, 404);
    assert_eq!(server.admin().get(&format!("{ADMIN}/{contact}/exportar")).await.status, 404);
    let rows = server.admin().get(HISTORY).await;
    assert_eq!(rows.data().as_array().unwrap().len(), 2, "what was sent and came in is counted as before");
    for gone in ["34600000000", "para Ana", "la foto", "Ana Ortega"] {
        assert!(!rows.text().contains(gone), "{gone}: {}", rows.text());
    }
}

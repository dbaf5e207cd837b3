use comms_server::auth::Role;
use serde_json::{Value, json};

use crate::support::{HISTORY, TestServer, masked};

const LIST: &str = "/api/comunicaciones/conversaciones";
const CONTACTS: &str = "/api/comunicaciones/contactos";

async fn conversation(server: &TestServer) -> (Value, String) {
    let row = server.customer_writes("hola").await;
    let path = format!("{LIST}/{}", row["conversacion_id"].as_str().unwrap());
    (row, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_as_it_is_listed() {
    let server = TestServer::start().await;
    conversation(&server).await;
    let listed = server.seller().get(&format!("{LIST}?no_leidas=true&estado=abierta&texto=ana")).await;
    let changing =
        ["id", "contacto_id", "mensaje_id", "fecha_ultimo_mensaje", "fecha_ultimo_entrante", "fecha_creacion"];
    insta::assert_json_snapshot!(masked(listed.json(), &changing), @r#"
    {
      "data": [
        {
          "asignado_a": null,
          "canal": "whatsapp",
          "cerrada_desde": null,
          "contacto_id": "…",
          "cuenta": "whatsapp:106540352242922",
          "estado": "abierta",
          "fecha_creacion": "…",
          "fecha_ultimo_entrante": "…",
          "fecha_ultimo_mensaje": "…",
          "id": "…",
          "no_leidos": 1,
          "nombre": "Ana",
          "pospuesta_hasta": null,
          "ultimo_mensaje": {
            "contenido": "hola",
            "destinatario": "+34600000000",
            "direccion": "entrante",
            "estado": "recibido",
            "mensaje_id": "…"
          }
        }
      ],
      "siguiente": null,
      "success": true
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_reads_for_themselves_and_the_customer_is_told_once() {
    let server = TestServer::start().await;
    let (_, path) = conversation(&server).await;
    let (seller, admin) = (server.seller(), server.admin());
    let first = seller.post(&format!("{path}/leida"), &json!({})).await.data();
    assert_eq!((&first["cambiado"], &first["acuse"]), (&json!(true), &json!("enviado")));
    assert_eq!(seller.get(&path).await.data()["no_leidos"], 0);
    assert_eq!(admin.get(&path).await.data()["no_leidos"], 1);
    let second = admin.post(&format!("{path}/leida"), &json!({})).await.data();
    assert_eq!((&second["cambiado"], &second["acuse"]), (&json!(false), &json!("no_necesario")));
    assert_eq!(admin.get(&path).await.data()["no_leidos"], 0);
    assert_eq!(admin.get(&format!("{LIST}?no_leidas=true")).await.data(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_is_opened_by_the_customer() {
    let server = TestServer::start().await;
    let (_, path) = conversation(&server).await;
    let seller = server.seller();
    let closed = seller.post(&format!("{path}/estado"), &json!({"estado": "cerrada"})).await.data();
    assert_eq!(closed["estado"], "cerrada");
    assert!(closed["cerrada_desde"].is_string());
    assert_eq!(seller.get(&format!("{LIST}?estado=abierta,pendiente")).await.data(), json!([]));
    server.customer_writes("una cosa más").await;
    assert_eq!(seller.get(&path).await.data()["estado"], "abierta");
    let away = json!({"estado": "pospuesta", "hasta": "2100-01-01T00:00:00Z"});
    let away = seller.post(&format!("{path}/estado"), &away).await.data();
    assert_eq!((&away["estado"], &away["pospuesta_hasta"]), (&json!("pospuesta"), &json!("2100-01-01T00:00:00.000Z")));
    for (body, field) in [
        (json!({"estado": "feliz"}), "estado"),
        (json!({"estado": "pospuesta"}), "hasta"),
        (json!({"estado": "pospuesta", "hasta": "2020-01-01T00:00:00Z"}), "hasta"),
        (json!({"estado": "cerrada", "hasta": "2100-01-01T00:00:00Z"}), "hasta"),
    ] {
        let answer = seller.post(&format!("{path}/estado"), &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["details"]["campo"]), (400, &json!(field)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_given_to_another_seller_who_answers_in_it() {
    let server = TestServer::start().await;
    let (_, path) = conversation(&server).await;
    let other = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(other.get(&path).await.status, 404);
    let given = server.seller().post(&format!("{path}/asignar"), &json!({"usuario_id": 8})).await.data();
    assert_eq!(given["asignado_a"], 8);
    assert_eq!(other.get(&path).await.data()["mensajes"][0]["contenido"], "hola");
    assert_eq!(other.get(&format!("{LIST}?asignado_a=8")).await.data().as_array().unwrap().len(), 1);
    let noted = other.post(&format!("{path}/notas"), &json!({"texto": "llamar mañana"})).await;
    assert_eq!(noted.status, 201, "{}", noted.text());
    let notes = server.seller().get(&format!("{path}/notas")).await.data();
    assert_eq!((&notes[0]["texto"], &notes[0]["usuario_id"]), (&json!("llamar mañana"), &json!(8)));
    assert_eq!(other.post(&format!("{path}/notas"), &json!({"texto": " "})).await.status, 400);

    let answer = other
        .clone()
        .with("idempotency-key", "a1")
        .post(&format!("{path}/responder"), &json!({"mensaje": "buenas"}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let row = answer.data();
    assert_eq!((&row["destinatario"], &row["usuario_id"]), (&json!("+34600000000"), &json!(8)));
    assert_eq!(path, format!("{LIST}/{}", row["conversacion_id"].as_str().unwrap()));
    let sends = server.simulator.ledger().sends();
    assert_eq!(sends.len(), 1, "a note is sent to nobody");
    assert_eq!(sends[0].body.as_ref().unwrap()["text"]["body"], "buenas");
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_named_joined_separated_and_linked() {
    let server = TestServer::start().await;
    conversation(&server).await;
    let customer = comms_simulator::meta::Customer::new("34600000001").named("Ana (trabajo)");
    server.simulator.meta().inbound_text(comms_simulator::meta::PHONE_ID, &customer, "soy yo").unwrap();
    server.until(|rows| rows.iter().find(|row| row["contenido"] == "soy yo").cloned()).await;
    let seller = server.seller();
    let all = seller.get(&format!("{CONTACTS}?texto=ana")).await.data();
    let ids: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let [other, first] = ids[..] else { panic!("{all}") };
    let path = format!("{CONTACTS}/{first}");
    let named = seller.post(&path, &json!({"nombre": "Ana Ruiz"})).await.data();
    assert_eq!(named["nombre"], "Ana Ruiz");

    let joined = seller.post(&format!("{path}/unir"), &json!({"con": other})).await.data();
    assert_eq!((&joined["id"], &joined["unidos"][0]["id"]), (&json!(first), &json!(other)));
    let again = seller.post(&format!("{path}/unir"), &json!({"con": other})).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "conflicto"));
    let detail = seller.get(&format!("{CONTACTS}/{other}")).await.data();
    assert_eq!((&detail["id"], detail["conversaciones"].as_array().unwrap().len()), (&json!(first), 2));
    assert_eq!(seller.get(CONTACTS).await.data().as_array().unwrap().len(), 1);

    let linked = seller.post(&format!("{path}/vincular"), &json!({"lead_id": 42})).await.data();
    assert_eq!(linked["identidades"][1]["lead_id"], 42);
    server.customer_writes("otra cosa").await;
    assert_eq!(seller.get(&format!("{HISTORY}?lead_id=42")).await.data().as_array().unwrap().len(), 1);
    let apart = seller.post(&format!("{CONTACTS}/{other}/separar"), &json!({})).await.data();
    assert_eq!((&apart["id"], &apart["nombre"]), (&json!(other), &json!("Ana (trabajo)")));
    assert_eq!(seller.get(CONTACTS).await.data().as_array().unwrap().len(), 2);
    assert_eq!(seller.get(&format!("{CONTACTS}/nada")).await.status, 404);
}

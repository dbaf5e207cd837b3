use comms_simulator::{Fault, FaultRule, faults::ProviderError, meta::SECOND_PHONE_ID};
use serde_json::json;

use crate::support::{HISTORY, SEND, TestServer, masked};

const PHONE: &str = "+34600000000";
const CHANGING: [&str; 6] = ["id", "mensaje_id", "sid_externo", "fecha_creacion", "conversacion_id", "ultimo_mensaje"];

#[tokio::test(flavor = "multi_thread")]
async fn a_text_within_the_window_is_sent_and_answered_with_its_row() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    // Later than the answer, so that its state is always the same.
    server.simulator.configure(|config| {
        config.meta.statuses.delivered_ms = Some(1_500);
        config.meta.statuses.read_ms = Some(1_600);
    });
    let body = json!({"telefono": PHONE, "mensaje": "¿Qué tal?", "lead_id": 42, "cliente_id": "abc"});
    let answer = server.seller().post(SEND, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_json_snapshot!(masked(answer.json(), &CHANGING), @r#"
    {
      "data": {
        "adjuntos": [],
        "canal": "whatsapp",
        "cliente_id": "abc",
        "contenido": "¿Qué tal?",
        "contrato_id": null,
        "conversacion_id": "…",
        "destinatario": "+34600000000",
        "direccion": "saliente",
        "duracion_seg": null,
        "error": null,
        "estado": "enviado",
        "fecha_creacion": "…",
        "id": "…",
        "lead_id": 42,
        "mensaje_id": "…",
        "sid_externo": "…",
        "usuario_id": 7
      },
      "success": true
    }
    "#);
    let id = answer.data()["mensaje_id"].as_str().unwrap().to_owned();
    server.until_state(&id, "leido").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_the_window_the_refusal_names_the_templates() {
    let server = TestServer::start().await;
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "hola"})).await;
    assert_eq!(answer.status, 409);
    insta::assert_json_snapshot!(masked(answer.json(), &CHANGING), @r#"
    {
      "code": "ventana_cerrada",
      "details": {
        "plantillas": [
          "hello_world",
          "order_update",
          "seguimiento",
          "catalogue"
        ],
        "ultimo_mensaje": null
      },
      "error": "Pasaron más de 24 horas desde el último mensaje del cliente: envíe una plantilla",
      "success": false
    }
    "#);
    assert_eq!(server.seller().get(HISTORY).await.data(), json!([]), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_by_either_name_finds_its_language_itself() {
    let server = TestServer::start().await;
    let bodies = [
        json!({"telefono": PHONE, "templateName": "order_update", "params": ["Ana", 1001]}),
        json!({"telefono": "34600000000", "template": "seguimiento", "idioma": "es", "params": {"nombre": "Ana", "producto": "un solitario"}}),
    ];
    for body in bodies {
        let answer = server.seller().post(SEND, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.data()["destinatario"], PHONE);
    }
    let sent: Vec<_> = server.simulator.ledger().sends().into_iter().map(|call| call.body.unwrap()).collect();
    assert_eq!(sent[0]["template"]["language"]["code"], "en_US");
    assert_eq!(sent[0]["template"]["components"][0]["parameters"][1]["text"], "1001");
    assert_eq!(sent[1]["template"]["components"][0]["parameters"][0]["parameter_name"], "nombre");
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_content_and_a_quoted_message() {
    let server = TestServer::start().await;
    let asked = server.customer_writes("¿dónde estáis?").await;
    let place = json!({"type": "location", "latitude": 40.4, "longitude": -3.7, "name": "La tienda"});
    let body = json!({"telefono": PHONE, "contenido": place, "responde_a": asked["mensaje_id"]});
    let answer = server.seller().post(SEND, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.data()["contenido"], "La tienda");
    let sent = server.simulator.ledger().sends()[0].body.clone().unwrap();
    assert_eq!(sent["context"]["message_id"], asked["sid_externo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_under_the_same_key_is_sent_once() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let seller = server.seller().with("idempotency-key", "form-17");
    let body = json!({"telefono": PHONE, "mensaje": "una vez"});
    let first = seller.post(SEND, &body).await;
    let again = seller.post(SEND, &body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200), "{}", again.text());
    assert_eq!(first.data()["mensaje_id"], again.data()["mensaje_id"]);
    assert_eq!(server.simulator.ledger().sends().len(), 1);
    let other = seller.post(SEND, &json!({"telefono": PHONE, "mensaje": "otra"})).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (409, "conflicto"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_meta_refuses_the_message_is_stored_and_says_so() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let error = ProviderError { code: 132_015, ..ProviderError::default() };
    server.simulator.inject(FaultRule::new("meta.messages", Fault::Error(error)).times(1));
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "hola"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (502, "error_del_proveedor"), "{}", answer.text());
    let details = answer.json()["details"].clone();
    assert_eq!((&details["estado"], &details["codigo_proveedor"]), (&json!("fallido"), &json!("132015")));
    let id = details["mensaje_id"].as_str().unwrap();
    let path = format!("/api/comunicaciones/mensajes/{id}");
    let detail = server.seller().get(&path).await.data();
    assert_eq!((&detail["estado"], &detail["error"]["codigo"]), (&json!("fallido"), &json!("132015")));

    let again = server.seller().post(&format!("{path}/reintentar"), &json!({})).await;
    assert_eq!(again.status, 200, "{}", again.text());
    let second = again.data()["mensaje_id"].as_str().unwrap().to_owned();
    let detail = server.seller().get(&format!("/api/comunicaciones/mensajes/{second}")).await.data();
    assert_eq!(detail["reintento_de"], id);
    server.until_state(&second, "leido").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_answer_is_lost_the_state_is_not_known_and_nothing_is_repeated() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    // Meta acted, and no answer came; its statuses are held back too.
    server.simulator.configure(|config| config.meta.statuses.sent_ms = None);
    server.simulator.configure(|config| config.meta.statuses.delivered_ms = None);
    server.simulator.configure(|config| config.meta.statuses.read_ms = None);
    server.simulator.inject(FaultRule::new("meta.messages", Fault::Cut).after().times(1));
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "hola"})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.data()["estado"], "desconocido");
    let id = answer.data()["mensaje_id"].as_str().unwrap().to_owned();
    let again = server.seller().post(&format!("/api/comunicaciones/mensajes/{id}/reintentar"), &json!({})).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "resultado_desconocido"));
    assert_eq!(server.simulator.ledger().sends().len(), 1);
    let forced =
        server.seller().post(&format!("/api/comunicaciones/mensajes/{id}/reintentar?forzar=true"), &json!({})).await;
    assert_eq!(forced.status, 200, "{}", forced.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_the_channel_is_off_and_says_so() {
    let server = TestServer::start_with(|settings| {
        settings.whatsapp = comms_server::config::WhatsAppSettings::default();
        settings.twilio = comms_server::config::TwilioSettings::default();
    })
    .await;
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "hola"})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "canal_no_configurado"));
    let health = server.nobody().get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["dependencies"]["whatsapp"]), (200, &json!("not_configured")));
    let challenge = server.nobody().get("/api/comunicaciones/webhook/whatsapp?hub.mode=subscribe").await;
    assert_eq!(challenge.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usable_templates_with_their_variables() {
    let server = TestServer::start().await;
    let answer = server.seller().get("/api/comunicaciones/whatsapp/plantillas").await;
    let rows = answer.data();
    let names: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["nombre"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"seguimiento") && !names.contains(&"spring_sale"),
        "{names:?}: the pending one is not usable"
    );
    let one = rows.as_array().unwrap().iter().find(|row| row["nombre"] == "seguimiento").unwrap();
    insta::assert_json_snapshot!(one, @r#"
    {
      "categoria": "MARKETING",
      "idioma": "es",
      "nombre": "seguimiento",
      "texto": "Hola {{nombre}}, ¿sigues interesado en {{producto}}?",
      "variables": [
        {
          "componente": "body",
          "ejemplo": "Ana",
          "formato": "text",
          "nombre": "nombre"
        },
        {
          "componente": "body",
          "ejemplo": "un solitario",
          "formato": "text",
          "nombre": "producto"
        }
      ]
    }
    "#);
    let foreign = format!("/api/comunicaciones/whatsapp/plantillas?cuenta=whatsapp:{SECOND_PHONE_ID}");
    let answer = server.seller().get(&foreign).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "cuenta_desconocida"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_stops_the_number_and_loses_no_message() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let error = ProviderError { code: 190, ..ProviderError::default() };
    server.simulator.inject(FaultRule::new("meta.messages", Fault::Error(error)).times(1));
    let answer = server.seller().post(SEND, &json!({"telefono": PHONE, "mensaje": "hola"})).await;
    assert_eq!((answer.status.as_u16(), &answer.data()["estado"]), (202, &json!("en_cola")), "{}", answer.text());
    let message = answer.data()["mensaje_id"].as_str().unwrap().to_owned();

    let health = server.seller().get("/health").await;
    let body = health.json();
    let stopped = &body["stopped_accounts"][0];
    assert_eq!((health.status.as_u16(), &body["status"]), (200, &json!("degraded")));
    assert_eq!(&stopped["reason"], &json!("190"));
    let account = stopped["account"].as_str().unwrap().to_owned();
    let path = format!("/api/comunicaciones/admin/cuentas/{account}");
    let rows = server.admin().get("/api/comunicaciones/admin/cuentas").await.data();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == json!(account)).unwrap().clone();
    assert_eq!((&row["ritmo"]["estado"], &row["ritmo"]["codigo"]), (&json!("detenida"), &json!("190")));

    assert_eq!(server.seller().post(&format!("{path}/reanudar"), &json!({})).await.status, 403);
    let resumed = server.admin().post(&format!("{path}/reanudar"), &json!({})).await;
    assert_eq!((resumed.status.as_u16(), &resumed.data()["cambiado"]), (200, &json!(true)), "{}", resumed.text());
    server.until_state(&message, "enviado").await;
    assert_eq!(server.seller().get("/health").await.json()["status"], json!("ok"));

    let wrong = server.admin().put(&path, &json!({"por_segundo": -1})).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (400, "validacion"));
    assert_eq!(server.admin().put(&path, &json!({"por_segundo": 250})).await.status, 200);
    let rows = server.admin().get("/api/comunicaciones/admin/cuentas").await.data();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == json!(account)).unwrap().clone();
    assert_eq!((&row["ritmo"]["por_segundo"], &row["ritmo"]["propio"]), (&json!(250.0), &json!(true)));
}

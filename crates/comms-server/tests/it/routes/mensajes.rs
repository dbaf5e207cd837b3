use serde_json::json;

use crate::support::{SEND, TestServer, masked};

#[tokio::test(flavor = "multi_thread")]
async fn the_detail_has_every_report() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let body = json!({"telefono": "+34600000000", "mensaje": "hola, Ana"});
    let row = server.seller().post(SEND, &body).await.data();
    let id = row["mensaje_id"].as_str().unwrap();
    server.until_state(id, "leido").await;
    let detail = server.seller().get(&format!("/api/comunicaciones/mensajes/{id}")).await.data();
    let words: Vec<_> =
        detail["eventos"].as_array().unwrap().iter().map(|event| event["estado_proveedor"].as_str().unwrap()).collect();
    for word in ["sent", "delivered", "read"] {
        assert!(words.contains(&word), "{words:?}");
    }
    assert_eq!(detail["contenido_tipado"], json!({"type": "text", "body": "hola, Ana"}));
    let by_row = server.seller().get(&format!("/api/comunicaciones/mensajes/{}", row["id"])).await.data();
    assert_eq!(by_row, detail);
    for (id, status) in
        [("0", 404), ("01920000-0000-7000-8000-000000000000", 404), ("x", 400), ("-1", 404), ("99999999999", 400)]
    {
        let answer = server.seller().get(&format!("/api/comunicaciones/mensajes/{id}")).await;
        assert_eq!(answer.status, status, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_message_tells_the_customer_once() {
    let server = TestServer::start().await;
    let row = server.customer_writes("hola").await;
    let path = format!("/api/comunicaciones/mensajes/{}/leido", row["mensaje_id"].as_str().unwrap());
    let first = server.seller().post(&path, &json!({})).await;
    insta::assert_json_snapshot!(masked(first.json(), &["mensaje_id"]), @r#"
    {
      "data": {
        "acuse": "enviado",
        "cambiado": true,
        "error": null,
        "mensaje_id": "…"
      },
      "success": true
    }
    "#);
    let again = server.seller().post(&path, &json!({})).await.data();
    assert_eq!((&again["cambiado"], &again["acuse"]), (&json!(false), &json!("no_necesario")));
    let told = server
        .simulator
        .ledger()
        .received()
        .into_iter()
        .filter(|call| call.body.as_ref().is_some_and(|body| body["status"] == "read"));
    assert_eq!(told.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_failed_message_is_tried_again() {
    let server = TestServer::start().await;
    let row = server.customer_writes("hola").await;
    let path = format!("/api/comunicaciones/mensajes/{}/reintentar", row["mensaje_id"].as_str().unwrap());
    let answer = server.seller().post(&path, &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "no_reintentable"));
    assert_eq!(answer.json()["details"]["estado"], "recibido");
}

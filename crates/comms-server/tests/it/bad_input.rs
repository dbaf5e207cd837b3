//! Whatever is wrong is answered with its status, its code and the field; nothing breaks.

use comms_core::{Secret, signature};
use comms_simulator::meta::{APP_SECRET, VERIFY_TOKEN};
use http::Method;
use serde_json::json;

use crate::support::{HISTORY, SEND, TestServer, WEBHOOK};

#[tokio::test(flavor = "multi_thread")]
async fn signatures() {
    let server = TestServer::start().await;
    let secret = Secret::from(APP_SECRET);
    let good = signature::hmac_sha256_hex(&secret, b"{}");
    let other = signature::hmac_sha256_hex(&Secret::from("another app secret"), b"{}");
    let refused = [
        ("none", None),
        ("empty", Some(String::new())),
        ("no kind", Some(good.clone())),
        ("another kind", Some(format!("sha1={good}"))),
        ("odd length", Some(format!("sha256={}", &good[1..]))),
        ("too long", Some(format!("sha256={good}00"))),
        ("not hexadecimal", Some(format!("sha256={}", "z".repeat(64)))),
        ("another secret", Some(format!("sha256={other}"))),
    ];
    for body in [&b"{}"[..], b"not json"] {
        for (what, signature) in &refused {
            let mut client = server.nobody();
            if let Some(signature) = signature {
                client = client.with("x-hub-signature-256", signature);
            }
            let answer = client.send(Method::POST, WEBHOOK, Some(body)).await;
            let got = (answer.status.as_u16(), answer.code());
            assert_eq!(got, (401, "firma_invalida".to_owned()), "{what}");
        }
    }
    assert_eq!(server.webhook(b"{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_is_never_refused_for_what_it_says() {
    let server = TestServer::start().await;
    let nul = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {"a": "\u{0}"}}]}]});
    let long = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "x".repeat(100_000), "value": {}}]}]});
    let bodies: [&[u8]; 8] = [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"{\"object\":\"page\",\"entry\":7}",
        nul.to_string().as_bytes().to_vec().leak(),
        long.to_string().as_bytes().to_vec().leak(),
    ];
    for body in bodies {
        let answer = server.webhook(body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text().as_str()),
            (200, "OK"),
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(60)])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes() {
    let server = TestServer::start().await;
    let three_megabytes = vec![b' '; 3 * 1024 * 1024];
    assert_eq!(server.webhook(&three_megabytes).await.status, 200);
    let four_megabytes = vec![b' '; 4 * 1024 * 1024];
    let answer = server.webhook(&four_megabytes).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "demasiado_grande"));
    let answer = server.seller().post(SEND, &json!({"mensaje": "a".repeat(300_000)})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "demasiado_grande"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_the_address() {
    let server = TestServer::start().await;
    let nobody = server.nobody();
    let ask = |query: String| {
        let nobody = nobody.clone();
        async move { nobody.get(&format!("{WEBHOOK}?{query}")).await }
    };
    let good = ask(format!("hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444")).await;
    assert_eq!((good.status.as_u16(), good.text().as_str()), (200, "1158201444"));
    assert!(good.header("content-type").starts_with("text/plain"));
    for query in [
        String::new(),
        "hub.mode=subscribe&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1".to_owned(),
        format!("hub.mode=unsubscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1"),
    ] {
        let answer = ask(query.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "token_de_verificacion"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_a_send() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let phone = "+34600000000";
    let cases = [
        (json!({}), "validacion", "telefono"),
        (json!({"telefono": "", "mensaje": "a"}), "validacion", "telefono"),
        (json!({"telefono": "nobody", "mensaje": "a"}), "destinatario_invalido", "telefono"),
        (json!({"telefono": "12", "mensaje": "a"}), "destinatario_invalido", "telefono"),
        (json!({"telefono": phone}), "validacion", "mensaje"),
        (json!({"telefono": phone, "mensaje": ""}), "texto_vacio", "mensaje"),
        (json!({"telefono": phone, "mensaje": " \n"}), "texto_vacio", "mensaje"),
        (json!({"telefono": phone, "mensaje": "ñ".repeat(4_097)}), "texto_muy_largo", "mensaje"),
        (json!({"telefono": phone, "mensaje": "a", "template": "b"}), "validacion", "mensaje"),
        (json!({"telefono": phone, "template": "b", "params": 7}), "validacion", "params"),
        (json!({"telefono": phone, "template": "b", "params": [{}]}), "validacion", "params"),
        (json!({"telefono": phone, "contenido": {"type": "poem"}}), "validacion", "contenido"),
        (json!({"telefono": phone, "mensaje": "a", "responde_a": "x"}), "validacion", "responde_a"),
        (json!({"telefono": phone, "mensaje": "a", "programado_para": "mañana"}), "validacion", "programado_para"),
        (
            json!({"telefono": phone, "mensaje": "a", "programado_para": "2999-01-01T00:00:00Z"}),
            "valor_invalido",
            "programado_para",
        ),
        (json!({"telefono": phone, "mensaje": "a", "caduca": "pronto"}), "validacion", "caduca"),
        (json!({"telefono": phone, "mensaje": "a", "caduca": "2020-01-01T00:00:00Z"}), "valor_invalido", "caduca"),
        (json!({"telefono": phone, "mensaje": "a", "entrega": "siempre"}), "validacion", "entrega"),
    ];
    for (body, code, field) in cases {
        let answer = server.seller().post(SEND, &body).await;
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (400, code.to_owned()), "{} {}", body.to_string().get(..90).unwrap_or(""), answer.text());
        assert_eq!(answer.json()["details"]["campo"], field, "{}", answer.text());
    }
    let sends = server.simulator.ledger().sends().len();
    assert_eq!(sends, 0, "nothing of this reached Meta");

    let longest = server.seller().post(SEND, &json!({"telefono": phone, "mensaje": "ñ".repeat(4_096)})).await;
    assert_eq!(longest.status, 200, "{}", longest.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json() {
    let server = TestServer::start().await;
    for (media_type, body) in [
        ("application/json", "{"),
        ("application/json", "\"text\""),
        ("text/plain", "telefono=1"),
        ("application/json", "{\"telefono\":[]}"),
    ] {
        let client = server.seller().with("content-type", media_type);
        let answer = client.send(Method::POST, SEND, Some(body.as_bytes())).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "validacion"), "{body}");
        assert_eq!(answer.json()["success"], false);
    }
    let client = server.seller().with("idempotency-key", &"k".repeat(256));
    let answer = client.post(SEND, &json!({})).await;
    assert_eq!(answer.json()["details"]["campo"], "Idempotency-Key");
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_of_the_history() {
    let server = TestServer::start().await;
    for (query, field) in [
        ("canal=fax", "canal"),
        ("direccion=arriba", "direccion"),
        ("estado=enviado,feliz", "estado"),
        ("desde=ayer", "desde"),
        ("hasta=2026-13-01", "hasta"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("cursor=AAAA", "cursor"),
        ("cursor=%00", "cursor"),
    ] {
        let answer = server.seller().get(&format!("{HISTORY}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "validacion"), "{query}");
        assert_eq!(answer.json()["details"]["campo"], field, "{query}");
    }
    let answer = server.seller().get(&format!("{HISTORY}?vendedor=7")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("vendedor"), "{}", answer.text());
    // What looks dangerous and is only text.
    for query in ["texto=%25%27%22--", "lead_id=%00", "texto=%00", "usuario_id=99999999999999999999"] {
        let answer = server.seller().get(&format!("{HISTORY}?{query}")).await;
        assert_eq!(answer.status, 200, "{query} {}", answer.text());
        assert_eq!(answer.data(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods() {
    let server = TestServer::start().await;
    let answer = server.seller().get("/api/comunicaciones/nada").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "ruta_desconocida"));
    let answer = server.seller().send(Method::DELETE, HISTORY, None).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "metodo_no_permitido"));
    let ours = server.nobody().with("x-request-id", "from-express.1").get("/health").await;
    assert_eq!(ours.header("x-request-id"), "from-express.1");
    let strange = server.nobody().with("x-request-id", "a b<c>").get("/health").await;
    assert_eq!(strange.header("x-request-id").len(), 36, "another one is made");
}

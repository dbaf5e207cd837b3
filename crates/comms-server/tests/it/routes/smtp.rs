//! The company's mail over a mail server of its own.

use comms_simulator::smtp::{Sink, Trouble, Verb};
use serde_json::json;

use crate::support::TestServer;

const SEND: &str = "/api/comunicaciones/email/enviar";
const FROM: &str = "Ventas@example.org";

async fn start(sink: &Sink) -> TestServer {
    let url = sink.url();
    TestServer::start_with(|settings| {
        settings.smtp.url = Some(url.into());
        settings.smtp.from = Some(FROM.to_owned());
        settings.smtp.from_name = Some("Ventas".to_owned());
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_out_once_with_its_file_and_our_id() {
    let sink = Sink::start().unwrap();
    let server = start(&sink).await;
    let body = json!({
        "destinatario": "ana@example.com", "asunto": "Su presupuesto", "cuerpo": "Va adjunto.",
        "adjuntos": [{"nombre": "oferta.pdf", "tipo": "application/pdf", "contenido": "JVBERi0xLjc="}],
    });
    let sent = server.seller().post(SEND, &body).await;
    let row = sent.data();
    assert_eq!(row["estado"], "enviado", "{}", sent.text());
    let mails = sink.mails().taken;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("ventas@example.org", &["ana@example.com".to_owned()][..]));
    assert!(mail.header("Message-ID").unwrap().contains(row["mensaje_id"].as_str().unwrap()));
    assert!(mail.text.contains("JVBERi0xLjc="));
    let health = server.nobody().get("/health").await.json();
    assert_eq!(health["dependencies"]["smtp"], "ok", "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_server_refuses_is_a_failed_message_with_its_reason() {
    let sink = Sink::start().unwrap();
    sink.trouble(Trouble::say(Verb::Recipient, "550 5.1.1 no such user"));
    let server = start(&sink).await;
    server.seller().post(SEND, &json!({"to": "nadie@example.com", "asunto": "Hola", "text": "hola"})).await;
    let row = server.until(|rows| rows.first().cloned()).await;
    assert_eq!(row["estado"], "fallido", "{row}");
    assert!(row["error"].to_string().contains("550"), "{row}");
    assert!(sink.mails().taken.is_empty());
}

//! Sends through a `reqwest::Client` of its own and with credentials of its own, and verifies a webhook. No domain model.

use std::sync::Arc;

use comms_http::{ReqwestTransport, Secret, WebhookRequest};
use whatsapp_cloud::{Client, Config, Message, webhook::Verifier};

fn client(mine: reqwest::Client) -> whatsapp_cloud::Result<Client> {
    let config = Config::new("an-invented-token", "106540352242922");
    Client::builder(config)
        .transport(Arc::new(ReqwestTransport::new(mine)))
        .build()
}

async fn greet(client: &Client) -> whatsapp_cloud::Result<String> {
    let message = Message::text("hola").to("+34600000000");
    let sent = client.messages().send(&message).await?;
    Ok(sent.id().to_owned())
}

fn receive(request: &WebhookRequest) -> whatsapp_cloud::Result<usize> {
    let verified = Verifier::new(Secret::from("an-invented-secret"))?.verify(request)?;
    Ok(verified.parse().notifications.len())
}

fn main() {
    let _ = (client, greet, receive);
}

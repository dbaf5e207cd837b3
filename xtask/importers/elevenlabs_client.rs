//! Asks what was said in a call, through a `reqwest::Client` of its own. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use elevenlabs_client::{Client, Config};

fn client(mine: reqwest::Client) -> elevenlabs_client::Result<Client> {
    let transport = Arc::new(ReqwestTransport::new(mine));
    Client::builder(Config::new("sk_an-invented-key")).transport(transport).build()
}

async fn about(client: &Client, conversation: &str) -> elevenlabs_client::Result<Option<String>> {
    Ok(client.conversations().summary(conversation, Some(20)).await?.transcript_summary)
}

fn main() {
    let _ = (client, about);
}

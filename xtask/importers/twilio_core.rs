//! Calls through a `reqwest::Client` of its own and with credentials of its own. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use twilio_core::{Client, Config, Operation};

fn client(mine: reqwest::Client) -> twilio_core::Result<Client> {
    let config = Config::new("AC00000000000000000000000000000001", "an-invented-token");
    Client::builder(config).transport(Arc::new(ReqwestTransport::new(mine))).build()
}

async fn account(client: &Client) -> twilio_core::Result<String> {
    let request = client.request(http::Method::GET, &["Messages.json"])?;
    let page: serde_json::Value = client.json(Operation::repeatable("messages.list"), request).await?;
    Ok(page.to_string())
}

fn main() {
    let _ = (client, account);
}

//! Sends through a `reqwest::Client` of its own. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use sendgrid_client::{Client, Config, Mail};

fn client(mine: reqwest::Client) -> sendgrid_client::Result<Client> {
    let transport = Arc::new(ReqwestTransport::new(mine));
    Client::builder(Config::new("SG.an-invented-key")).transport(transport).build()
}

async fn greet(client: &Client) -> sendgrid_client::Result<String> {
    let mail = Mail::new("ventas@example.org").to("ana@example.com").subject("Hola").text("Hola, Ana");
    Ok(client.mail().send(&mail).await?.message_id)
}

fn main() {
    let _ = (client, greet);
}

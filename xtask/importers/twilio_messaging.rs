//! Sends through a `reqwest::Client` of its own and counts the segments. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use twilio_messaging::{Client, Config, NewMessage, Segments};

fn client(mine: reqwest::Client) -> twilio_messaging::Result<Client> {
    let account = twilio_core::Config::new("AC00000000000000000000000000000001", "an-invented-token");
    Client::builder(Config::new(account)).transport(Arc::new(ReqwestTransport::new(mine))).build()
}

async fn send(client: &Client) -> twilio_messaging::Result<()> {
    let message = NewMessage::text("hola").to("+34600000000").from("+15005550006");
    client.messages().create(&message).await?;
    Ok(())
}

fn main() {
    let _ = (client, send);
    println!("{:?}", Segments::of("mañana a las 10"));
}

//! Places a call through a `reqwest::Client` of its own. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use twilio_voice::{Client, Config, api::calls::NewCall};

fn client(mine: reqwest::Client) -> twilio_voice::Result<Client> {
    let account = twilio_core::Config::new("AC00000000000000000000000000000001", "an-invented-token");
    Client::builder(Config::new(account)).transport(Arc::new(ReqwestTransport::new(mine))).build()
}

async fn call(client: &Client) -> twilio_voice::Result<()> {
    let call = NewCall::new("+34600000000", "+15005550006").twiml("<Response><Say>Hola</Say></Response>");
    client.calls().create(&call).await?;
    Ok(())
}

fn main() {
    let _ = (client, call);
}

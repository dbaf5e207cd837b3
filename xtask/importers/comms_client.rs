//! Listens to a server with nothing but the client.

use std::sync::Arc;

use comms_client::{Event, Events};
use comms_http::{ReqwestTransport, Result};
use futures_util::StreamExt;

pub async fn first(client: reqwest::Client, token: &str) -> Option<Result<Event>> {
    let base = "https://comms.example.com".parse().ok()?;
    let transport = Arc::new(ReqwestTransport::new(client));
    let events = Events::subscribe(base, token.into()).after(Some(0)).transport(transport);
    events.stream().ok()?.next().await
}

fn main() {}

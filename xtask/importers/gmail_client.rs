//! Reads and sends through a `reqwest::Client` of its own and with a token of its own. No domain model.

use std::sync::Arc;

use comms_http::ReqwestTransport;
use gmail_client::{Client, Config, NewMessage, api::messages::MessageFilter, oauth::StaticToken};

fn client(mine: reqwest::Client) -> gmail_client::Result<Client> {
    Client::builder(Config::default())
        .token_provider(Arc::new(StaticToken::new("an-invented-token")))
        .transport(Arc::new(ReqwestTransport::new(mine)))
        .build()
}

async fn answer_unread(client: &Client) -> gmail_client::Result<usize> {
    let unread = client.messages().page(&MessageFilter::matching("is:unread"), None).await?;
    client.messages().send(&NewMessage::new("To: ana@example.org\r\n\r\nhola")).await?;
    Ok(unread.items.len())
}

fn main() {
    let _ = (client, answer_unread);
}

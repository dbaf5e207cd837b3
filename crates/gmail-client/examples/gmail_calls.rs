//! Every call that `gmail-client` can make, each with every parameter that it takes: once through the API as far as the crate knows it.
//!
//! It is made for a judge that knows Google's own description of its API (`cargo xtask e2e gmail`): the ids are invented, so that Google
//! itself would not find them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use comms_http::{ReqwestTransport, RetryPolicy};
use gmail_client::{
    Client, Config, NewMessage,
    api::{
        Read,
        history::HistoryFilter,
        messages::{Entry, MessageFilter},
    },
    limits,
    model::{
        HistoryId,
        history::HistoryType,
        label::{Label, LabelChange, LabelColor, LabelListVisibility, MessageListVisibility},
        mailbox::WatchRequest,
        message::Format,
        send_as::SendAsChange,
    },
    oauth::StaticToken,
};

const ID: &str = "19a0b1c2d3e4f001";

#[tokio::main]
async fn main() -> Result<()> {
    let mut config = Config::new("invented.apps.googleusercontent.com", "an-invented-secret");
    config.api_base =
        std::env::var("GMAIL_API_BASE").context("GMAIL_API_BASE is not set: this is for a judge, not for Google")?;
    let client = Client::builder(config)
        .transport(Arc::new(ReqwestTransport::ring()?))
        .retry(RetryPolicy::never())
        .token_provider(Arc::new(StaticToken::new("an-invented-token")))
        .build()?;
    messages(&client).await?;
    entries(&client).await?;
    threads(&client).await?;
    drafts(&client).await?;
    labels(&client).await?;
    mailbox(&client).await?;
    Ok(())
}

fn filter() -> MessageFilter {
    MessageFilter {
        query: Some("from:ana@example.org is:unread".to_owned()),
        label_ids: vec!["INBOX".to_owned(), "UNREAD".to_owned()],
        include_spam_trash: true,
        page_size: Some(50),
        fields: Some("messages(id,threadId),threads(id,snippet),drafts(id),nextPageToken".to_owned()),
    }
}

fn formats() -> [Read; 5] {
    let of = |format| Read::format(format);
    [
        of(Format::Minimal),
        of(Format::Full),
        of(Format::Raw),
        Read::headers(&["From", "Subject"]),
        Read::default().fields("id,labelIds"),
    ]
}

fn short() -> NewMessage {
    NewMessage::new("To: ana@example.org\r\nSubject: Hola\r\n\r\nHola")
}

/// Too long for JSON.
fn long() -> NewMessage {
    let mut raw = b"To: ana@example.org\r\nSubject: Hola\r\n\r\n".to_vec();
    raw.resize(limits::JSON_MESSAGE_BYTES + 1, b'x');
    NewMessage::new(raw).in_thread(ID)
}

async fn messages(client: &Client) -> Result<()> {
    let messages = client.messages();
    messages.page(&filter(), Some("a-token")).await?;
    messages.page(&MessageFilter::message_id("<a@example.org>"), None).await?;
    for read in formats() {
        messages.get(ID, &read).await?;
    }
    messages.send(&short()).await?;
    messages.send(&short().in_thread(ID)).await?;
    messages.send(&long()).await?;
    messages.modify(ID, &LabelChange::add("STARRED").and_remove("UNREAD")).await?;
    messages.batch_modify(&[ID.to_owned()], &LabelChange::remove("UNREAD")).await?;
    messages.trash(ID).await?;
    messages.untrash(ID).await?;
    messages.delete(ID).await?;
    messages.batch_delete(&[ID.to_owned()]).await?;
    client.attachments().by_id(ID, "ANGjdJ8").await?;
    Ok(())
}

async fn entries(client: &Client) -> Result<()> {
    let every = Entry { date_by_arrival: true, never_mark_spam: true, process_for_calendar: true, deleted: true };
    for message in [short().label("INBOX"), long().label("INBOX")] {
        client.messages().import(&message, every).await?;
        client.messages().import(&message, Entry::default()).await?;
        client.messages().insert(&message, every).await?;
        client.messages().insert(&message, Entry::default()).await?;
    }
    Ok(())
}

async fn threads(client: &Client) -> Result<()> {
    let threads = client.threads();
    threads.page(&filter(), Some("a-token")).await?;
    threads.get(ID, &Read::default()).await?;
    threads.get(ID, &Read::headers(&["From"])).await?;
    threads.modify(ID, &LabelChange::add("STARRED")).await?;
    threads.trash(ID).await?;
    threads.untrash(ID).await?;
    threads.delete(ID).await?;
    Ok(())
}

async fn drafts(client: &Client) -> Result<()> {
    let drafts = client.drafts();
    drafts.page(&filter(), Some("a-token")).await?;
    for read in formats() {
        drafts.get(ID, &read).await?;
    }
    for message in [short(), short().in_thread(ID), long()] {
        drafts.create(&message).await?;
        drafts.update(ID, &message).await?;
    }
    drafts.send(ID).await?;
    drafts.delete(ID).await?;
    Ok(())
}

async fn labels(client: &Client) -> Result<()> {
    let labels = client.labels();
    labels.list().await?;
    labels.get("INBOX").await?;
    let mut label = Label::named("Clientes/2026");
    label.label_list_visibility = Some(LabelListVisibility::ShowIfUnread);
    label.message_list_visibility = Some(MessageListVisibility::Hide);
    label.color = Some(LabelColor { background_color: "#16a766".to_owned(), text_color: "#ffffff".to_owned() });
    labels.create(&label).await?;
    labels.patch("Label_1", &Label::named("Clientes")).await?;
    labels.delete("Label_1").await?;
    Ok(())
}

async fn mailbox(client: &Client) -> Result<()> {
    client.mailbox().profile().await?;
    client.mailbox().watch(&WatchRequest::new("projects/invented/topics/gmail").only(&["INBOX"])).await?;
    client.mailbox().stop().await?;
    let changes = HistoryFilter {
        types: vec![
            HistoryType::MessageAdded,
            HistoryType::MessageDeleted,
            HistoryType::LabelAdded,
            HistoryType::LabelRemoved,
        ],
        label_id: Some("INBOX".to_owned()),
        page_size: Some(500),
    };
    client.history().page(HistoryId(4_178_212), &changes, Some("a-token")).await?;
    client.send_as().list().await?;
    client.send_as().get("ana@example.org").await?;
    let change = SendAsChange {
        display_name: Some("Ana".to_owned()),
        signature: Some("<p>Ana</p>".to_owned()),
        ..SendAsChange::default()
    };
    client.send_as().patch("ana@example.org", &change).await?;
    Ok(())
}

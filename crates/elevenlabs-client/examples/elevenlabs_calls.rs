//! Every request that `elevenlabs-client` can make, each with every parameter that it takes, in the order in which a judge makes them too.
//!
//! It is made for a judge that has ElevenLabs' own SDK (`cargo xtask e2e elevenlabs`): the ids are invented, so that ElevenLabs itself would
//! not find them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use comms_http::{DownloadLimits, ReqwestTransport, RetryPolicy};
use elevenlabs_client::{
    Client, ClientData, Config,
    api::ConversationFilter,
    model::{
        batch::{NewBatch, NewRecipient},
        call::{OutboundCall, RegisterCall},
        conversation::{ConversationStatus, Direction},
        whatsapp::WhatsAppMessage,
    },
};

const AGENT: &str = "agent_0000test0000agent0000000001";
const CONVERSATION: &str = "conv_0000test0000conv0000000001";
const BATCH: &str = "btcal_test1";

#[tokio::main]
async fn main() -> Result<()> {
    let mut config = Config::new("sk_an-invented-key");
    config.api_base = std::env::var("ELEVENLABS_API_BASE")
        .context("ELEVENLABS_API_BASE is not set: this is for a judge, not for ElevenLabs")?;
    let transport = Arc::new(ReqwestTransport::ring()?);
    let client = Client::builder(config).transport(transport).retry(RetryPolicy::never()).build()?;
    conversations(&client).await?;
    calls(&client).await?;
    batches(&client).await?;
    workspace(&client).await
}

async fn conversations(client: &Client) -> Result<()> {
    let mut filter = ConversationFilter::default().agent(AGENT).user("cliente 42").spoken().oldest_first();
    filter = filter.after(1_767_225_600).before(1_767_312_000).variable("client_id", "42").variable("zona", "sur");
    filter.conversation_initiation_source = Some("twilio".to_owned());
    filter.exclude_statuses = vec![ConversationStatus::InProgress, ConversationStatus::Processing];
    filter.with_summaries = true;
    filter.page_size = Some(50);
    let conversations = client.conversations();
    conversations.page(&filter, Some("cur_2")).await?;
    conversations.get(CONVERSATION).await?;
    conversations.summary(CONVERSATION, Some(20)).await?;
    conversations.summary(CONVERSATION, None).await?;
    conversations.audio(CONVERSATION, &DownloadLimits::default()).await?;
    conversations.delete(CONVERSATION).await?;
    conversations.signed_url(AGENT).await?;
    conversations.token(AGENT).await?;
    Ok(())
}

fn data() -> ClientData {
    let mut data = ClientData::new()
        .user("cliente-42")
        .first_message("Hola, Ana")
        .language("es")
        .text_only()
        .variable("client_name", "Ana")
        .variable("llamadas", 2)
        .variable("vip", true)
        .source("python_sdk", "0.1.0");
    data.custom_llm_extra_body.insert("temperatura".to_owned(), 0.5.into());
    data
}

async fn calls(client: &Client) -> Result<()> {
    let call = OutboundCall::new(AGENT, "phnum_test", "+15550001111").data(data()).ringing_timeout(30);
    client.twilio().call(&call).await?;
    let mut register = RegisterCall::new(AGENT, "+15550001111", "+15550002222");
    register.direction = Some(Direction::Inbound);
    register.conversation_initiation_client_data = Some(data());
    client.twilio().register(&register).await?;
    let message = WhatsAppMessage::new(AGENT, "100000000000001", "15550001111", "call_follow_up", "es");
    client.whatsapp().send(&message.body(["Ana"]).data(data())).await?;
    client.whatsapp().accounts().await?;
    Ok(())
}

async fn batches(client: &Client) -> Result<()> {
    let mut batch = NewBatch::new("Entregas", AGENT, "phnum_test").scheduled(1_767_225_600).timezone("Europe/Madrid");
    batch.target_concurrency_limit = Some(5);
    batch = batch.recipient(NewRecipient::phone("+15550001111").id("rcpt_1").data(data()));
    batch = batch.recipient(NewRecipient::phone("+15550003333"));
    let batches = client.batch_calls();
    batches.submit(&batch).await?;
    batches.page(Some("doc_2")).await?;
    batches.get(BATCH).await?;
    batches.cancel(BATCH).await?;
    batches.retry(BATCH).await?;
    batches.delete(BATCH).await?;
    Ok(())
}

async fn workspace(client: &Client) -> Result<()> {
    client.agents().page(Some("ana"), Some("cur_2")).await?;
    client.webhooks().create("llamadas", "https://example.org/webhook/elevenlabs").await?;
    Ok(())
}

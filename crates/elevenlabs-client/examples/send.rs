//! Has an agent call somebody, and says what became of it. The settings come from the environment, so that it runs against a simulator as well:
//!
//! ```sh
//! ELEVENLABS_API_KEY=sk_… cargo run -p elevenlabs-client --features rustls-ring --example elevenlabs-client-send -- \
//!     agent_… phnum_… +34600000000
//! ```

use std::time::Duration;

use anyhow::Context;
use elevenlabs_client::{
    Client, ClientData, Config, ErrorKind,
    model::{call::OutboundCall, conversation::ConversationStatus},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(agent) = arguments.next().or_else(|| std::env::var("ELEVENLABS_AGENT_ID").ok()) else {
        println!("an agent, a number of the workspace, who is called");
        return Ok(());
    };
    let from = arguments.next().or_else(|| std::env::var("ELEVENLABS_PHONE_NUMBER_ID").ok());
    let from = from.context("which number of the workspace calls?")?;
    let to = arguments.next().unwrap_or_else(|| "+34600000000".to_owned());
    let client = Client::builder(Config::from_env()).build()?;

    let data = ClientData::new().user("cliente-42").variable("client_name", "Ana").language("es");
    let placed = match client.twilio().call(&OutboundCall::new(agent, from, to).data(data)).await {
        Ok(placed) => placed,
        // Whoever runs the workspace has to do something: pay, for instance.
        Err(error) if error.kind() == ErrorKind::Config => anyhow::bail!("to be mended at ElevenLabs: {error}"),
        Err(error) => return Err(error.into()),
    };
    let conversation = placed.conversation_id.context("no conversation was begun")?;
    println!("calling: {conversation}");
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let call = client.conversations().get(&conversation).await?;
        if matches!(call.status, ConversationStatus::Done | ConversationStatus::Failed) {
            println!(
                "{} after {:?} s: {}",
                call.status,
                call.metadata.call_duration_secs,
                call.summary().unwrap_or("-")
            );
            return Ok(());
        }
    }
}

//! Asks what became of a call in the toolkit's words.

use comms_core::{CallOutcome, TextAgent};
use elevenlabs_client::{Client, ElevenLabsAgent};

async fn talked(client: &Client, conversation: &str) -> elevenlabs_client::Result<bool> {
    let agent = ElevenLabsAgent::new(client.clone());
    Ok(agent.call(conversation).await?.outcome == CallOutcome::Talked)
}

fn main() {
    let _ = talked;
}

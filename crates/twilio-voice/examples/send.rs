//! Places a call that says a sentence, and follows it to its end. The settings come from the environment, so that it runs against a
//! simulator as well:
//!
//! ```sh
//! TWILIO_API_BASE=http://127.0.0.1:4010 TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=any TWILIO_PHONE_NUMBER=+15005550006 \
//!     cargo run -p twilio-voice --features rustls-ring --example twilio-voice-send -- +34600000000
//! ```

use std::time::Duration;

use anyhow::Context;
use twilio_voice::{
    Client, Config,
    api::calls::NewCall,
    model::call::CallStatus,
    twiml::{Hangup, Say, VoiceResponse},
};

/// How often it is looked, and how many times.
const PAUSE: Duration = Duration::from_millis(500);
const LOOKS: u32 = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "+34600000000".to_owned());
    let client = Client::builder(Config::from_env()).build()?;
    let from = client.config().shown_number().context("TWILIO_PHONE_NUMBER is not set")?.to_owned();

    let words =
        VoiceResponse::new().say(Say::new("Hola, le llamamos de la oficina.").language("es-ES")).hangup(Hangup::new());
    let placed = client.calls().create(&NewCall::new(to, from).twiml(words.to_xml()).timeout(20_u32)).await?;
    let sid = placed.sid.context("the call has no id")?;
    println!("queued as {sid}");

    // A server is told by its status callback; a program without an address looks.
    for _ in 0..LOOKS {
        let call = client.calls().fetch(&sid).await?;
        if call.status.as_ref().is_some_and(CallStatus::is_final) {
            println!("over: {:?} after {} seconds", call.status, call.seconds().unwrap_or_default());
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    println!("still going on: hanging up");
    client.calls().hang_up(&sid).await?;
    Ok(())
}

//! Counts a text's segments, sends it, and looks at what became of it. The settings come from the environment, so that it runs
//! against a simulator as well:
//!
//! ```sh
//! TWILIO_API_BASE=http://127.0.0.1:4010 TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… TWILIO_PHONE_NUMBER=+15005550006 \
//!     cargo run -p twilio-messaging --features rustls-ring --example twilio-messaging-send -- +34600000000
//! ```

use twilio_messaging::{Client, Config, ErrorKind, NewMessage, Segments};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "+34600000000".to_owned());
    let client = Client::builder(Config::from_env()).build()?;

    let text = "Hola, le escribimos de la oficina.";
    let segments = Segments::of(text);
    println!("{} segment(s) of {:?}", segments.count, segments.encoding);

    let sent = match client.messages().create(&NewMessage::text(text).to(&to)).await {
        Ok(sent) => sent,
        // They wrote STOP: nothing may be sent until they write START.
        Err(error) if error.kind() == ErrorKind::OptedOut => {
            println!("the recipient does not want to be written to");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let sid = sent.sid.unwrap_or_default();
    println!("taken as {sid}, {}", sent.status.map(|status| status.to_string()).unwrap_or_default());

    // Whether it arrives comes by webhook; asking works as well.
    let now = client.messages().fetch(&sid).await?;
    println!("now {}", now.status.map(|status| status.to_string()).unwrap_or_default());
    Ok(())
}

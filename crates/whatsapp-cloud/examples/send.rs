//! Sends a text and a template. The settings come from the environment, so that it runs against a simulator as well:
//!
//! ```sh
//! WHATSAPP_API_BASE=http://127.0.0.1:4010 WHATSAPP_ACCESS_TOKEN=any WHATSAPP_PHONE_NUMBER_ID=106540352242922 \
//!     cargo run -p whatsapp-cloud --features rustls-ring --example send -- +34600000000
//! ```

use whatsapp_cloud::{Client, Config, ErrorKind, Message, model::template_message::TemplateMessage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "+34600000000".to_owned());
    let client = Client::builder(Config::from_env()).build()?;

    let text = Message::text("Hola, le escribimos de la oficina.").to(&to);
    match client.messages().send(&text).await {
        Ok(sent) => println!("text accepted as {}", sent.id()),
        // Outside of the 24-hour window only a template may be sent.
        Err(error) if error.kind() == ErrorKind::WindowClosed => println!("the window is closed"),
        Err(error) => return Err(error.into()),
    }

    let template = Message::template(TemplateMessage::new("hello_world", "en_US")).to(&to);
    let sent = client.messages().send(&template).await?;
    println!("template accepted as {}", sent.id());
    Ok(())
}

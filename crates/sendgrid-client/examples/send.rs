//! Sends a mail with text and HTML. The settings come from the environment, so that it runs against a simulator as well:
//!
//! ```sh
//! SENDGRID_API_KEY=SG.… SENDGRID_FROM_EMAIL=ventas@example.org \
//!     cargo run -p sendgrid-client --features rustls-ring --example sendgrid-client-send -- ana@example.com
//! ```

use anyhow::Context;
use sendgrid_client::{Client, Config, ErrorKind, Mail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "ana@example.com".to_owned());
    let client = Client::builder(Config::from_env()).build()?;
    let from = client.sender().context("SENDGRID_FROM_EMAIL is not set")?.clone();

    let mail = Mail::new(from)
        .to(to)
        .subject("Presupuesto")
        .text("Hola, le envío el presupuesto.")
        .html("<p>Hola, le envío el <b>presupuesto</b>.</p>")
        // Comes back with each event.
        .custom_arg("pedido", "A-1001");
    match client.mail().send(&mail).await {
        // Whether it arrives is told by webhook.
        Ok(sent) => println!("taken as {}", sent.message_id),
        // Whoever runs the account has to do something: verify the sender, for instance.
        Err(error) if error.kind() == ErrorKind::Config => println!("to be mended at SendGrid: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

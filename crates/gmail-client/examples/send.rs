//! Sends a message with text and HTML. The settings come from the environment, so that it runs against a double as well:
//!
//! ```sh
//! GOOGLE_CLIENT_ID=… GOOGLE_CLIENT_SECRET=… GMAIL_REFRESH_TOKEN=… \
//!     cargo run -p gmail-client --features rustls-ring --example gmail-client-send -- ana@example.com
//! ```

use gmail_client::{
    Client, Config, ErrorKind, NewMessage,
    mime::{Mailbox, Outgoing},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "ana@example.com".to_owned());
    let client = Client::builder(Config::from_env()).build()?;
    let profile = client.mailbox().profile().await?;
    let domain = profile.email_address.rsplit('@').next().unwrap_or("localhost");

    let mail = Outgoing::new(Mailbox::new(&profile.email_address)?, domain)
        .to(Mailbox::new(&to)?)
        .subject("Presupuesto")
        .html("<p>Hola, le envío el <b>presupuesto</b>.</p>")
        .build(client.clock().now())?;
    match client.messages().send(&NewMessage::new(mail.bytes)).await {
        Ok(sent) => println!("sent as {} in conversation {}", sent.id, sent.thread_id),
        // The owner has ended the grant: only they can give a new one.
        Err(error) if error.kind() == ErrorKind::Unauthenticated => println!("connect the mailbox again: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

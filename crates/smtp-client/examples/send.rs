//! Sends an e-mail over the server that the environment names.
//!
//! ```sh
//! SMTP_URL=smtp://user:password@mail.example.org SMTP_FROM=ventas@example.org cargo run -p smtp-client --example smtp-client-send -- ana@example.com
//! ```

use anyhow::Context;
use smtp_client::{Client, Config, Mail};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let to = std::env::args().nth(1).unwrap_or_else(|| "ana@example.com".to_owned());
    let client = Client::new(Config::from_env())?;
    let from = client.from().context("SMTP_FROM is not set")?.to_owned();
    let written = format!("From: {from}\r\nTo: {to}\r\nSubject: Hola\r\n\r\nHola.\r\n");
    client.send(&Mail::new(from, [to], written)).await?;
    println!("the server has it");
    Ok(())
}

//! `comms-simulator sign`.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use comms_simulator::signing::{Payload, Signer, Webhook};

/// The arguments of `sign`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("body").required(true).args(["form", "json"]))]
#[command(group = ArgGroup::new("key").required(true).args(["app_secret"]))]
pub struct Sign {
    /// Where the webhook goes.
    #[arg(long)]
    url: String,
    /// A field of a form, `name=value`; repeat it for more.
    #[arg(long, value_parser = field)]
    form: Vec<(String, String)>,
    /// A JSON body: a file, `-` for the standard input, or the document itself.
    #[arg(long)]
    json: Option<String>,
    /// Signs as Meta does, with this app secret.
    #[arg(long)]
    app_secret: Option<String>,
}

/// Prints the curl call.
///
/// # Errors
/// Where the body cannot be read.
pub fn run(arguments: &Sign) -> anyhow::Result<()> {
    let payload = match &arguments.json {
        Some(source) => Payload::Json(body(source)?.into()),
        None => Payload::Form(arguments.form.clone()),
    };
    let signer = match &arguments.app_secret {
        Some(secret) => Signer::Meta { app_secret: secret.clone().into() },
        None => Signer::None,
    };
    let webhook = Webhook { url: arguments.url.clone(), payload };
    writeln!(std::io::stdout(), "{}", curl(&webhook, &signer)?)?;
    Ok(())
}

fn curl(webhook: &Webhook, signer: &Signer) -> anyhow::Result<String> {
    let body = webhook.payload.bytes();
    let body = std::str::from_utf8(&body).context("the body is not UTF-8")?;
    let mut call = format!(
        "curl -X POST {} -H {}",
        quoted(&webhook.url),
        quoted(&format!("Content-Type: {}", webhook.payload.content_type()))
    );
    for (name, value) in signer.headers(webhook) {
        call.push_str(" -H ");
        call.push_str(&quoted(&format!("{name}: {value}")));
    }
    // `--data-raw` sends the bytes as they are: no line break is dropped, no `@` is a file.
    call.push_str(" --data-raw ");
    call.push_str(&quoted(body));
    Ok(call)
}

fn body(source: &str) -> anyhow::Result<Vec<u8>> {
    if source == "-" {
        let mut body = Vec::new();
        std::io::stdin().read_to_end(&mut body)?;
        return Ok(body);
    }
    if source.trim_start().starts_with(['{', '[']) {
        return Ok(source.as_bytes().to_vec());
    }
    std::fs::read(source).with_context(|| format!("cannot read {source}"))
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn field(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("{text:?} is not of the form name=value"))
}

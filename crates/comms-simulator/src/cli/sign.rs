//! `comms-simulator sign`.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, ValueEnum};
use comms_simulator::{
    sendgrid::SIGNING_KEY,
    signing::{Payload, Signer, Webhook},
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// The arguments of `sign`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("body").required(true).args(["form", "json"]))]
#[command(group = ArgGroup::new("key").args(["app_secret", "auth_token", "elevenlabs_secret", "sendgrid_key"]))]
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
    /// Signs as Twilio does, with this auth token. A JSON body gets its hash into the address.
    #[arg(long)]
    auth_token: Option<String>,
    /// Signs as ElevenLabs does, with the secret of the webhook.
    #[arg(long)]
    elevenlabs_secret: Option<String>,
    /// Signs as SendGrid does, with this private key (PKCS #8 in base64). `--provider sendgrid` alone takes the simulator's own.
    #[arg(long)]
    sendgrid_key: Option<String>,
    /// The time that is signed, in seconds since 1970 (ElevenLabs, SendGrid); now where absent.
    #[arg(long)]
    time: Option<i64>,
    /// Which provider's form is meant; the key says it, too.
    #[arg(long, value_enum)]
    provider: Option<Provider>,
}

/// The providers whose webhooks can be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Meta, by `--app-secret`.
    Meta,
    /// Twilio, by `--auth-token`.
    Twilio,
    /// ElevenLabs, by `--elevenlabs-secret`.
    Elevenlabs,
    /// SendGrid, by `--sendgrid-key` or the simulator's own key.
    Sendgrid,
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
    let (signer, provider) = signer(arguments)?;
    if arguments.provider.is_some_and(|named| named != provider) {
        bail!(
            "the key is one of another provider: --app-secret is Meta's, --auth-token is Twilio's, \
             --elevenlabs-secret is ElevenLabs', --sendgrid-key is SendGrid's"
        );
    }
    let mut url = arguments.url.clone();
    if let (Provider::Twilio, Payload::Json(body), false) = (provider, &payload, url.contains("bodySHA256=")) {
        let separator = if url.contains('?') { '&' } else { '?' };
        url.push_str(&format!("{separator}bodySHA256={}", hex::encode(Sha256::digest(body))));
    }
    let webhook = Webhook { url, payload };
    writeln!(std::io::stdout(), "{}", curl(&webhook, &signer)?)?;
    Ok(())
}

fn signer(arguments: &Sign) -> anyhow::Result<(Signer, Provider)> {
    let time = arguments.time.unwrap_or_else(|| OffsetDateTime::now_utc().unix_timestamp());
    if let Some(secret) = &arguments.app_secret {
        return Ok((Signer::Meta { app_secret: secret.clone().into() }, Provider::Meta));
    }
    if let Some(token) = &arguments.auth_token {
        return Ok((Signer::Twilio { auth_token: token.clone().into() }, Provider::Twilio));
    }
    if let Some(secret) = &arguments.elevenlabs_secret {
        return Ok((Signer::Elevenlabs { secret: secret.clone().into(), time }, Provider::Elevenlabs));
    }
    let own = (arguments.provider == Some(Provider::Sendgrid)).then_some(SIGNING_KEY);
    match arguments.sendgrid_key.as_deref().or(own) {
        Some(key) => Ok((Signer::Sendgrid { key: key.to_owned().into(), time }, Provider::Sendgrid)),
        None => bail!("no key is given"),
    }
}

fn curl(webhook: &Webhook, signer: &Signer) -> anyhow::Result<String> {
    let body = webhook.payload.bytes();
    let body = std::str::from_utf8(&body).context("the body is not UTF-8")?;
    let mut call = format!(
        "curl -X POST {} -H {}",
        quoted(&webhook.url),
        quoted(&format!("Content-Type: {}", webhook.payload.content_type()))
    );
    let headers = signer.headers(webhook);
    if headers.is_empty() {
        bail!("the key cannot sign");
    }
    for (name, value) in headers {
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

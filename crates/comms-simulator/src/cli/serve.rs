//! `comms-simulator serve`.

use std::{io::Write as _, net::IpAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use comms_simulator::{Config, Simulator, sendgrid::PARSE_DOMAIN, smtp::Sink};

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Where webhooks go, for instance http://127.0.0.1:3000/api/webhooks/whatsapp.
    #[arg(long)]
    callback_url: Option<String>,
    /// The app secret that signs webhooks.
    #[arg(long)]
    app_secret: Option<String>,
    /// The token of the verification call.
    #[arg(long)]
    verify_token: Option<String>,
    /// An access token that may do everything, beside those of the default configuration.
    #[arg(long)]
    access_token: Vec<String>,
    /// Where Twilio asks what to do with calls, for every number and app.
    #[arg(long)]
    twilio_voice_url: Option<String>,
    /// Where Twilio reports the end of calls, for every number and app.
    #[arg(long)]
    twilio_call_status_url: Option<String>,
    /// Where messages through Twilio go, for every number, WhatsApp sender and service.
    #[arg(long)]
    twilio_messaging_url: Option<String>,
    /// The auth token of the first Twilio account, which signs its webhooks.
    #[arg(long)]
    twilio_auth_token: Option<String>,
    /// Where Pub/Sub pushes the changes of mailboxes to.
    #[arg(long)]
    google_push_url: Option<String>,
    /// The audience of its tokens, where it is not that address.
    #[arg(long)]
    google_push_audience: Option<String>,
    /// Where SendGrid posts its events.
    #[arg(long)]
    sendgrid_event_url: Option<String>,
    /// Where SendGrid posts the mail that comes for entrada.example.org, taken apart.
    #[arg(long)]
    sendgrid_parse_url: Option<String>,
    /// Where ElevenLabs tells of calls that have ended.
    #[arg(long)]
    elevenlabs_webhook_url: Option<String>,
    /// Whom ElevenLabs asks before an agent takes a call.
    #[arg(long)]
    elevenlabs_initiation_url: Option<String>,
    /// The header of that question that proves who asks, `name: value`.
    #[arg(long, value_parser = header, requires = "elevenlabs_initiation_url")]
    elevenlabs_initiation_header: Option<(String, String)>,
    /// A mail server on this port as well, which takes every mail and forgets it.
    #[arg(long)]
    smtp_port: Option<u16>,
    /// The base of the links handed out, where it differs from the address listened on.
    #[arg(long)]
    public_url: Option<String>,
    /// Makes ids, probabilities and shuffles repeat from run to run.
    #[arg(long)]
    seed: Option<u64>,
    /// A JSON file with any part of the configuration, as `GET /_simulator/config` shows it.
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Runs the simulator until it is interrupted.
///
/// # Errors
/// Where the configuration cannot be read or the port is taken.
pub fn run(arguments: Serve) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,actix_server=warn".into()),
        )
        .init();
    let _mail_server = arguments.smtp_port.map(Sink::start_on).transpose().context("the mail server cannot start")?;
    let simulator = Simulator::start(configuration(arguments)?).context("cannot start")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {}", simulator.url())?;
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c())?;
    Ok(())
}

fn configuration(arguments: Serve) -> anyhow::Result<Config> {
    let mut config = Config::default();
    if let Some(path) = &arguments.config {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let patch = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        config = config.patched(&patch)?;
    }
    config.host = arguments.host;
    config.port = arguments.port;
    config.seed = arguments.seed.or(config.seed);
    config.public_url = arguments.public_url.or(config.public_url);
    let app = &mut config.meta.app;
    app.callback_url = arguments.callback_url.or(app.callback_url.take());
    if let Some(secret) = arguments.app_secret {
        app.secret = secret;
    }
    if let Some(token) = arguments.verify_token {
        app.verify_token = token;
    }
    for token in arguments.access_token {
        config.meta.allow_token(token);
    }
    if let Some(url) = arguments.google_push_url {
        config.google.set_push_endpoint(&url);
    }
    if let Some(audience) = arguments.google_push_audience {
        config.google.set_push_audience(&audience);
    }
    if let Some(url) = arguments.sendgrid_event_url {
        config.sendgrid.set_event_url(&url);
    }
    if let Some(url) = arguments.sendgrid_parse_url {
        config.sendgrid.set_parse_url(PARSE_DOMAIN, &url, false);
    }
    if let Some(url) = arguments.elevenlabs_webhook_url {
        config.elevenlabs.set_webhook_url(&url);
    }
    config.elevenlabs.initiation_url = arguments.elevenlabs_initiation_url.or(config.elevenlabs.initiation_url);
    config.elevenlabs.initiation_headers.extend(arguments.elevenlabs_initiation_header);
    let twilio = &mut config.twilio;
    if let Some(url) = arguments.twilio_voice_url {
        twilio.set_voice_url(&url);
    }
    if let Some(url) = arguments.twilio_call_status_url {
        twilio.set_call_status_url(&url);
    }
    if let Some(url) = arguments.twilio_messaging_url {
        twilio.set_messaging_url(&url);
    }
    if let (Some(token), Some(account)) = (arguments.twilio_auth_token, twilio.accounts.first_mut()) {
        account.auth_token = token;
    }
    Ok(config)
}

fn header(text: &str) -> Result<(String, String), String> {
    text.split_once(':')
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| format!("{text:?} is not of the form name: value"))
}

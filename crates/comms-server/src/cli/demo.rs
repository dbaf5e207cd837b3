//! `demo`: a business, its customers, Meta, Twilio, Google, SendGrid and ElevenLabs, all on this machine.

mod browser;
mod story;
mod table;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use comms_core::{AccountId, Secret, UserId};
use comms_simulator::{
    Config, Simulator, elevenlabs, google,
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, PHONE_ID, VERIFY_TOKEN, WABA_ID},
    sendgrid::{API_KEY, PARSE_DOMAIN, SENDER, WEBHOOK_KEY},
    twilio::{
        ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, APPLICATION_SID, AUTH_TOKEN, CONTENT_SID, NUMBER, SECOND_NUMBER,
    },
};
use jwt_simple::prelude::HS256Key;
use tempfile::TempDir;

use super::output::say;
use crate::{
    auth::{Identity, Role},
    config::{
        AgentRules, ElevenlabsSettings, GMAIL_PUSH, GmailSettings, GoogleSettings, LogSettings, SendgridSettings,
        Settings, TwilioSettings, WhatsAppSettings,
    },
    registry::{CALLS_WEBHOOK, MAIL_EVENTS_WEBHOOK, MAIL_WEBHOOK, MESSAGING_WEBHOOK, VOICE_WEBHOOK},
    startup::{Running, listen},
};
use browser::Browser;

/// The seller of the demo.
const SELLER: &str = "7";
/// How long the token of the demo lasts.
const TOKEN: Duration = Duration::from_secs(12 * 60 * 60);

/// How to show it.
#[derive(Debug, Default, Args)]
pub(super) struct DemoArgs {
    /// Ends after the story; the exit code tells whether every step happened.
    #[arg(long)]
    once: bool,
    /// Keeps the database and the files in this folder; a temporary one where absent.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The port; a free one where absent.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(super) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    super::start_logging(&LogSettings { filter: "warn".to_owned(), ..LogSettings::default() });
    let simulator = Simulator::start(story::simulation()).context("the simulator does not start")?;
    let temporary = TempDir::new()?;
    let folder = args.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut settings = settings(&simulator, folder.clone());
    settings.http.port = args.port;
    let listener = listen(&settings.http)?;
    settings.http.port = listener.local_addr()?.port();
    let base_url = settings.http.base_url();
    // Twilio signs over our address, so it has to be told.
    settings.http.public_base_url = Some(base_url.parse()?);
    let running = Running::start(settings, super::clock()).await?;
    let server = running.serve(listener, !args.once)?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    simulator.configure(|config| addresses(config, &base_url));

    say!("\n  comms-server     {base_url}   (página: {base_url}/docs)");
    say!("  proveedores      {}   (Meta, Twilio, Google, SendGrid y ElevenLabs, simulados)", simulator.url());
    say!("  SQLite           {}\n", folder.display());
    let token = running.state.tokens.issue(&seller(), TOKEN)?;
    let browser = Browser::new(&base_url, &token)?;
    let told = story::tell(&running, &simulator, &browser).await;
    let code = match &told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say!("\n  ✘ {error:#}");
            ExitCode::FAILURE
        }
    };
    if args.once {
        handle.stop(true).await;
    } else {
        say!("{}", farewell(&base_url, simulator.url(), &token));
    }
    serving.await??;
    running.stop().await;
    Ok(code)
}

fn settings(simulator: &Simulator, folder: PathBuf) -> Settings {
    let mut settings = Settings::default();
    settings.database.data_dir = folder;
    let secret = hex::encode(HS256Key::generate().to_bytes());
    settings.auth.jwt_secret = Some(Secret::from(secret));
    settings.whatsapp = WhatsAppSettings {
        api_base: Some(simulator.url().to_owned()),
        access_token: Some(Secret::from(ACCESS_TOKEN)),
        phone_number_id: Some(PHONE_ID.to_owned()),
        business_account_id: Some(WABA_ID.to_owned()),
        app_id: Some(APP_ID.to_owned()),
        app_secret: Some(Secret::from(APP_SECRET)),
        verify_token: Some(Secret::from(VERIFY_TOKEN)),
        owner: Some(UserId::from(SELLER)),
        ..WhatsAppSettings::default()
    };
    settings.twilio = TwilioSettings {
        api_base: Some(simulator.url().to_owned()),
        account_sid: Some(ACCOUNT_SID.to_owned()),
        auth_token: Some(Secret::from(AUTH_TOKEN)),
        api_key_sid: Some(API_KEY_SID.to_owned()),
        api_key_secret: Some(Secret::from(API_KEY_SECRET)),
        twiml_app_sid: Some(APPLICATION_SID.to_owned()),
        phone_number: Some(SECOND_NUMBER.to_owned()),
        whatsapp_number: Some(NUMBER.to_owned()),
        owner: Some(UserId::from(SELLER)),
        ..TwilioSettings::default()
    };
    settings.sendgrid = SendgridSettings {
        api_base: Some(simulator.url().to_owned()),
        api_key: Some(Secret::from(API_KEY)),
        webhook_key: vec![WEBHOOK_KEY.to_owned()],
        from_email: Some(SENDER.to_owned()),
        inbound_domain: vec![PARSE_DOMAIN.to_owned()],
        owner: Some(UserId::from(SELLER)),
        ..SendgridSettings::default()
    };
    with_mailboxes(&mut settings, simulator.url());
    settings.elevenlabs = agents(simulator.url());
    settings
}

/// Sellers connect their mailboxes, and Google tells what comes in.
fn with_mailboxes(settings: &mut Settings, google: &str) {
    settings.google = GoogleSettings {
        client_id: Some(google::CLIENT_ID.to_owned()),
        client_secret: Some(Secret::from(google::CLIENT_SECRET)),
        api_base: Some(google.to_owned()),
        ..GoogleSettings::default()
    };
    settings.gmail = GmailSettings {
        topic: Some(google::TOPIC.to_owned()),
        push_account: Some(google::PUSH_ACCOUNT.to_owned()),
        certs_uri: format!("{google}/oauth2/v3/certs").parse().ok(),
        ..GmailSettings::default()
    };
    // Permissions are stored encrypted; there is no front end here, and nobody opens the page to which it returns.
    settings.encryption.key = Some(Secret::from(hex::encode(HS256Key::generate().to_bytes())));
    settings.http.frontend_url = "http://localhost:5173/correo".parse().ok();
}

/// An agent that has called goes on by WhatsApp through Twilio.
fn agents(base: &str) -> ElevenlabsSettings {
    ElevenlabsSettings {
        api_base: Some(base.to_owned()),
        api_key: Some(Secret::from(elevenlabs::API_KEY)),
        webhook_secret: Some(Secret::from(elevenlabs::WEBHOOK_SECRET)),
        agent_ids: vec![elevenlabs::AGENT_ID.to_owned()],
        debounce_ms: 1_000,
        rules: AgentRules {
            account: Some(AccountId::of("twilio-whatsapp", NUMBER)),
            template: Some(CONTENT_SID.to_owned()),
            template_variables: Some(vec!["{client_name|cliente}".to_owned(), "{summary|su llamada}".to_owned()]),
            ..AgentRules::default()
        },
        ..ElevenlabsSettings::default()
    }
}

/// The providers call us here.
fn addresses(config: &mut Config, base_url: &str) {
    config.meta.app.callback_url = Some(format!("{base_url}/api/comunicaciones/webhook/whatsapp"));
    config.twilio.set_voice_url(&format!("{base_url}{VOICE_WEBHOOK}"));
    config.twilio.set_call_status_url(&format!("{base_url}{VOICE_WEBHOOK}"));
    config.twilio.set_messaging_url(&format!("{base_url}{MESSAGING_WEBHOOK}"));
    config.elevenlabs.set_webhook_url(&format!("{base_url}{CALLS_WEBHOOK}"));
    config.google.set_push_endpoint(&format!("{base_url}{GMAIL_PUSH}"));
    config.sendgrid.set_event_url(&format!("{base_url}{MAIL_EVENTS_WEBHOOK}"));
    config.sendgrid.set_parse_url(PARSE_DOMAIN, &format!("{base_url}{MAIL_WEBHOOK}"), true);
}

fn seller() -> Identity {
    Identity { user: UserId::from(SELLER), role: Role::Seller, organization: None }
}

/// How to go on by hand.
fn farewell(base_url: &str, simulator: &str, token: &str) -> String {
    format!(
        r#"
  Sigue en marcha. Para seguir a mano (Ctrl-C termina):

  TOKEN={token}

  # escribir a la clienta por WhatsApp: contesta sola
  curl -s {base_url}/api/comunicaciones/whatsapp/enviar -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/json' -d '{{"telefono":"+{customer}","mensaje":"¿Te va bien el martes?"}}'

  # mandarle un SMS
  curl -s {base_url}/api/comunicaciones/sms/enviar -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/json' -d '{{"hacia":"+{customer}","mensaje":"Tu anillo está listo."}}'

  # llamarla: suena su teléfono y, cuando contesta, el navegador del vendedor
  curl -s {base_url}/api/comunicaciones/voz/llamar -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/json' -d '{{"hacia":"+{customer}","lead_id":{lead}}}'

  # que la clienta llame o escriba a los números de Twilio, simulado
  curl -s {simulator}/_simulator/twilio/inbound-call \
    -H 'Content-Type: application/json' -d '{{"from":"+{customer}","to":"{SECOND_NUMBER}"}}'
  curl -s {simulator}/_simulator/twilio/inbound-message \
    -H 'Content-Type: application/json' -d '{{"from":"+{customer}","to":"{SECOND_NUMBER}","body":"¿Puedo pasar hoy?"}}'

  # escribirle un correo desde el buzón del vendedor, y ver la bandeja
  curl -s {base_url}/api/comunicaciones/email/enviar -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/json' -d '{{"destinatario":"{writer}","asunto":"Su anillo","cuerpo":"Ya está listo."}}'
  curl -s {base_url}/api/comunicaciones/email/bandeja -H "Authorization: Bearer $TOKEN"

  # que SendGrid lo entregue y cuente que se abrió: correo de la empresa
  curl -s {base_url}/api/comunicaciones/email/enviar -H "Authorization: Bearer $TOKEN" \
    -H 'Content-Type: application/json' -d '{{"destinatario":"{writer}","asunto":"Su anillo","cuerpo":"Ya está listo.","cuenta":"sendgrid:{SENDER}"}}'

  # que el agente llame a Carla: cuando cuelgan, sigue con ella por WhatsApp; y ver cómo va
  curl -s {simulator}/_simulator/elevenlabs/call -H 'Content-Type: application/json' -d '{{"person":"+{called}"}}'
  curl -s {base_url}/api/conversations/+{called} -H "Authorization: Bearer $TOKEN"

  # el historial
  curl -s {base_url}/api/comunicaciones/historial -H "Authorization: Bearer $TOKEN"

  # las plantillas con sus variables
  curl -s {base_url}/api/comunicaciones/whatsapp/plantillas -H "Authorization: Bearer $TOKEN"
"#,
        customer = story::CUSTOMER,
        lead = story::LEAD,
        writer = story::WRITER,
        called = story::CARLA,
    )
}

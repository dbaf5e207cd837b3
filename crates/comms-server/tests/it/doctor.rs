//! What the doctor says of a configuration, and of what it is connected to.

use std::process::Command;

use comms_simulator::{
    Simulator,
    elevenlabs::{AGENT_ID, API_KEY, CLOSED_AGENT_ID},
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, EXPIRED_TOKEN, PHONE_ID, VERIFY_TOKEN, WABA_ID},
    twilio,
};
use tempfile::TempDir;

fn doctor(environment: &[(&str, &str)]) -> (bool, String) {
    let folder = TempDir::new().unwrap();
    let run = |command: &str| {
        Command::new(env!("CARGO_BIN_EXE_comms-server"))
            .arg(command)
            .current_dir(&folder)
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    };
    run("migrate");
    let output = run("doctor");
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn whole(simulator: &Simulator) -> Vec<(&'static str, String)> {
    [
        ("JWT_SECRET", "an invented secret for tests"),
        ("PUBLIC_BASE_URL", "https://api.example.com"),
        ("WHATSAPP_ACCESS_TOKEN", ACCESS_TOKEN),
        ("WHATSAPP_PHONE_NUMBER_ID", PHONE_ID),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", WABA_ID),
        ("WHATSAPP_VERIFY_TOKEN", VERIFY_TOKEN),
        ("WHATSAPP_APP_SECRET", APP_SECRET),
        ("WHATSAPP_APP_ID", APP_ID),
        ("WHATSAPP_API_BASE", simulator.url()),
        ("TWILIO_ACCOUNT_SID", twilio::ACCOUNT_SID),
        ("TWILIO_AUTH_TOKEN", twilio::AUTH_TOKEN),
        ("TWILIO_API_KEY_SID", twilio::API_KEY_SID),
        ("TWILIO_API_KEY_SECRET", twilio::API_KEY_SECRET),
        ("TWILIO_TWIML_APP_SID", twilio::APPLICATION_SID),
        ("TWILIO_PHONE_NUMBER", twilio::NUMBER),
        ("TWILIO_API_BASE", simulator.url()),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn run(environment: &[(&'static str, String)]) -> (bool, String) {
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    doctor(&environment)
}

#[test]
fn whoever_reads_may_have_enough() {
    let folder = TempDir::new().unwrap();
    for command in ["doctor", "env-example"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_comms-server"))
            .arg(command)
            .current_dir(&folder)
            .env_clear()
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(!told.contains("panicked") && ended.status.code().is_some_and(|code| code < 2), "{command}: {told}");
    }
}

#[test]
fn a_whole_configuration_is_well() {
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    // One of the names that the second seed gave it, and what tells Twilio how often to repeat.
    let voice = "https://api.example.com/api/webhooks/voip/twilio#rc=3";
    simulator.configure(|config| config.twilio.set_voice_url(voice));
    let (well, report) = run(&whole(&simulator));
    assert!(well && !report.contains('✘'), "{report}");
    for line in [
        "✔ configuration",
        "✔ database",
        "✔ schema: 00",
        "✔ queue: 0 messages",
        "✔ WHATSAPP_ACCESS_TOKEN",
        "✔ WhatsApp number",
        "✔ webhook subscription",
        "✔ Twilio, number: A call comes in, Call status changes (POST): https://api.example.com/api/comunicaciones/webhook/voz",
        "✔ Twilio, number and WhatsApp sender: A message comes in (POST): https://api.example.com/api/comunicaciones/webhook/sms",
        "✔ Twilio account AC00000000000000000000000000000001: Simulated shop",
        "✔ Twilio number +15005550006, voice: A call comes in: https://api.example.com/api/webhooks/voip/twilio",
        "· Twilio number +15005550006, sms: A message comes in is set to nothing: set it to https://api.example.com/api/comunicaciones/webhook/sms (POST)",
        "✔ TwiML app AP00000000000000000000000000000001",
    ] {
        assert!(report.contains(line), "no {line:?} in:\n{report}");
    }
}

#[test]
fn what_is_absent_is_named_with_where_to_find_it() {
    let (well, report) = doctor(&[]);
    assert!(!well && report.contains("✘ WHATSAPP_ACCESS_TOKEN: not set"), "{report}");

    let some = [("TWILIO_AUTH_TOKEN", "invented"), ("WHATSAPP_PHONE_NUMBER_ID", PHONE_ID), ("REDIS_URL", "invented")];
    let (well, report) = doctor(&some);
    assert!(!well);
    for line in [
        "✘ JWT_SECRET: not set",
        "✘ WHATSAPP_APP_SECRET: not set: WhatsApp webhooks are refused. Meta: App settings, Basic, App secret",
        "✘ TWILIO_ACCOUNT_SID: not set: calls, SMS and WhatsApp messages cannot be sent through Twilio",
        "✘ PUBLIC_BASE_URL: not set: Twilio signs over it",
        "· TWILIO_API_KEY_SID: not set: browsers cannot call",
        "· REDIS_URL: set, and not used by this version",
    ] {
        assert!(report.contains(line), "no {line:?} in:\n{report}");
    }
}

#[test]
fn who_sends_e_mails_alone_need_not_hear_of_whatsapp() {
    let mut settings = vec![
        ("JWT_SECRET", "an invented secret for tests"),
        ("PUBLIC_BASE_URL", "https://api.example.com"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_FROM", "ventas@example.org"),
        ("GOOGLE_CLIENT_ID", "invented"),
        ("GOOGLE_CLIENT_SECRET", "invented"),
        ("GMAIL_PUBSUB_TOPIC", "projects/invented/topics/gmail"),
    ];
    let (well, report) = doctor(&settings);
    assert!(!well && !report.contains("WHATSAPP"), "{report}");
    for line in [
        "✘ FRONTEND_URL: not set: no mailbox can be connected",
        "✘ COMMS_ENCRYPTION_KEY: not set",
        "✘ GMAIL_PUSH_SERVICE_ACCOUNT: not set: pushes of Gmail are not heard",
        "✔ Google, OAuth client: Authorised redirect URI: https://api.example.com/api/comunicaciones/email/oauth/callback",
        "✔ Google, Pub/Sub: endpoint of the push subscription: https://api.example.com/api/comunicaciones/webhook/gmail",
    ] {
        assert!(report.contains(line), "no {line:?} in:\n{report}");
    }
    settings.extend([
        ("FRONTEND_URL", "https://app.example.com/correo"),
        ("COMMS_ENCRYPTION_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="),
        ("GMAIL_PUSH_SERVICE_ACCOUNT", "gmail-push@invented.iam.gserviceaccount.com"),
    ]);
    let (well, report) = doctor(&settings);
    assert!(well && report.contains("✔ configuration"), "{report}");
}

#[test]
fn an_expired_token_and_an_absent_subscription_are_found() {
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let mut settings = whole(&simulator);
    settings.retain(|(name, _)| *name != "WHATSAPP_ACCESS_TOKEN");
    settings.push(("WHATSAPP_ACCESS_TOKEN", EXPIRED_TOKEN.to_owned()));
    let (well, report) = run(&settings);
    assert!(!well && report.contains("✘ WHATSAPP_ACCESS_TOKEN"), "{report}");
    assert!(!report.contains(EXPIRED_TOKEN) && !report.contains(APP_SECRET), "{report}");
}

#[test]
fn a_number_of_somebody_else_and_a_wrong_token_are_found() {
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let with = |name: &'static str, value: &str| {
        let mut settings = whole(&simulator);
        settings.retain(|(known, _)| *known != name);
        settings.push((name, value.to_owned()));
        run(&settings)
    };
    let (well, report) = with("TWILIO_PHONE_NUMBER", "+15550100099");
    assert!(!well, "{report}");
    assert!(report.contains("✘ Twilio number +15550100099, voice: it is not one of the account's numbers"), "{report}");
    let (well, report) = with("TWILIO_AUTH_TOKEN", "another-token");
    assert!(!well && report.contains("✘ Twilio account"), "{report}");
    assert!(!report.contains("another-token"), "{report}");
}

#[test]
fn a_key_and_agents_of_elevenlabs_are_looked_at() {
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let with = |key: &str, agents: &str| {
        let mut settings = whole(&simulator);
        settings.extend([
            ("ELEVENLABS_API_KEY", key.to_owned()),
            ("ELEVENLABS_API_BASE", simulator.url().to_owned()),
            ("ELEVENLABS_AGENT_ID", agents.to_owned()),
            ("ELEVENLABS_TEMPLATE", "seguimiento".to_owned()),
        ]);
        run(&settings)
    };
    let (well, report) = with(API_KEY, AGENT_ID);
    assert!(well, "{report}");
    for line in [
        "✔ ELEVENLABS_API_KEY: accepted".to_owned(),
        format!("✔ ElevenLabs agent {AGENT_ID}: Ana: may be written with"),
        "· ELEVENLABS_WEBHOOK_SECRET: not set: ElevenLabs' webhooks are refused".to_owned(),
        "✔ ElevenLabs, Post-call webhook (HMAC): https://api.example.com/webhook/elevenlabs".to_owned(),
    ] {
        assert!(report.contains(&line), "no {line:?} in:\n{report}");
    }
    let (well, report) = with(API_KEY, &format!("{CLOSED_AGENT_ID},agent_gone"));
    assert!(!well, "{report}");
    for line in [
        format!(
            "✘ ElevenLabs agent {CLOSED_AGENT_ID}: no chat is possible: permit the override of Text only, First message"
        ),
        "✘ ElevenLabs agent agent_gone: the workspace of ELEVENLABS_API_KEY has no such agent".to_owned(),
    ] {
        assert!(report.contains(&line), "no {line:?} in:\n{report}");
    }
    let (well, report) = with("sk_of_another", AGENT_ID);
    assert!(!well && report.contains("✘ ELEVENLABS_API_KEY: ") && report.contains("the token is wrong"), "{report}");
    assert!(!report.contains("sk_of_another") && !report.contains("ElevenLabs agent"), "{report}");
}

#[test]
fn a_bad_value_is_a_finding_and_no_crash() {
    let (well, report) = doctor(&[("PORT", "many")]);
    assert!(!well && report.contains("✘ configuration: PORT"), "{report}");
}

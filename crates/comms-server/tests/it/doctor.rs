//! What the doctor says of a configuration, and of what it is connected to.

use std::process::Command;

use comms_simulator::{
    Simulator,
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, EXPIRED_TOKEN, PHONE_ID, VERIFY_TOKEN, WABA_ID},
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
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn run(environment: &[(&'static str, String)]) -> (bool, String) {
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    doctor(&environment)
}

#[test]
fn a_whole_configuration_is_well() {
    let simulator = Simulator::start(comms_simulator::Config::default()).unwrap();
    let (well, report) = run(&whole(&simulator));
    assert!(well && !report.contains('✘'), "{report}");
    for line in [
        "✔ configuration",
        "✔ database",
        "✔ schema",
        "✔ WHATSAPP_ACCESS_TOKEN",
        "✔ WhatsApp number",
        "✔ webhook subscription",
    ] {
        assert!(report.contains(line), "no {line:?} in:\n{report}");
    }
}

#[test]
fn what_is_absent_is_named_with_where_to_find_it() {
    let (well, report) = doctor(&[("TWILIO_AUTH_TOKEN", "invented")]);
    assert!(!well);
    for line in [
        "✘ JWT_SECRET: not set",
        "✘ WHATSAPP_APP_SECRET: not set: WhatsApp webhooks are refused. Meta: App settings, Basic, App secret",
        "· TWILIO_AUTH_TOKEN: set, and not used by this version",
    ] {
        assert!(report.contains(line), "no {line:?} in:\n{report}");
    }
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
fn a_bad_value_is_a_finding_and_no_crash() {
    let (well, report) = doctor(&[("PORT", "many")]);
    assert!(!well && report.contains("✘ configuration: PORT"), "{report}");
}

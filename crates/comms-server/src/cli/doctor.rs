//! `doctor`: what works, what does not, and what to do about it.

mod database;
mod google;

use std::process::ExitCode;

use super::{ConfigArgs, output::say};
use crate::{
    config::{Environment, Provider, Settings, VARIABLES},
    registry::{
        CALL_BEGINS_WEBHOOK, CALLS_WEBHOOK, Finding, MAIL_EVENTS_WEBHOOK, MAIL_WEBHOOK, MESSAGING_WEBHOOK,
        META_WEBHOOK, Registry, VOICE_WEBHOOK, Verdict,
    },
};

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process()?;
    let findings = match args.read(&environment) {
        Ok(settings) => examine(&settings, &environment).await,
        Err(problems) => {
            let mend = problems.0.iter().map(|problem| Finding::mend("configuration", problem));
            mend.collect()
        }
    };
    for finding in &findings {
        let sign = match finding.verdict {
            Verdict::Good => "✔",
            Verdict::Notice => "·",
            Verdict::Mend => "✘",
        };
        say!("{sign} {}: {}", finding.subject, finding.text);
    }
    let to_mend = findings.iter().filter(|one| one.verdict == Verdict::Mend).count();
    if to_mend == 0 {
        say!("\nEverything that is configured works.");
        return Ok(ExitCode::SUCCESS);
    }
    say!("\n{to_mend} to be mended.");
    Ok(ExitCode::FAILURE)
}

/// Looks at everything that can be looked at without changing anything.
pub async fn examine(settings: &Settings, environment: &Environment) -> Vec<Finding> {
    let mut findings = configuration(settings, environment);
    findings.extend(database::examine(settings).await);
    findings.extend(database::space(&settings.media_dir()));
    let clock = super::clock();
    match Registry::new(settings, &clock) {
        Ok(registry) => findings.extend(registry.examine(clock.now()).await),
        Err(error) => findings.push(Finding::mend("provider settings", error.to_string())),
    }
    findings
}

fn configuration(settings: &Settings, environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    if settings.auth.jwt_secret.is_none() {
        findings.push(missing("JWT_SECRET", "serve will not start"));
    }
    findings.extend(meta(settings));
    findings.extend(twilio(settings));
    findings.extend(sendgrid(settings));
    findings.extend(google::examine(settings));
    findings.extend(elevenlabs(settings));
    if settings.smtp.is_wanted() {
        findings.extend(settings.smtp.missing().into_iter().map(|name| missing(name, "no e-mail goes out over SMTP")));
    }
    match &settings.http.public_base_url {
        Some(url) if url.scheme() == "https" => {}
        Some(url) => {
            let advice = format!("{url} is not https: providers call https only");
            findings.push(Finding::notice("PUBLIC_BASE_URL", advice));
        }
        None if uses_twilio(settings) => findings.push(Finding::mend(
            "PUBLIC_BASE_URL",
            "not set: Twilio signs over it, so every webhook of Twilio is refused, and neither calls nor states come back",
        )),
        None => findings.push(Finding::notice("PUBLIC_BASE_URL", "not set: needed once providers call this server")),
    }
    let unused = VARIABLES.iter().filter(|one| one.key.is_none() && environment.get(one.name).is_some());
    for variable in unused {
        findings.push(Finding::notice(variable.name, "set, and not used by this version"));
    }
    if findings.iter().all(|one| one.verdict != Verdict::Mend) {
        findings.insert(0, Finding::good("configuration", "complete"));
    }
    findings
}

/// What WhatsApp at Meta lacks, and the address that must be typed there.
fn meta(settings: &Settings) -> Vec<Finding> {
    let whatsapp = &settings.whatsapp;
    if !settings.wants_meta() {
        return Vec::new();
    }
    let unsent = whatsapp.missing_to_send().into_iter().map(|name| missing(name, "WhatsApp messages cannot be sent"));
    let unheard = whatsapp.missing_to_receive().into_iter();
    let mut findings: Vec<Finding> =
        unsent.chain(unheard.map(|name| missing(name, "WhatsApp webhooks are refused"))).collect();
    if settings.http.public_base_url.as_ref().is_some_and(|url| url.scheme() == "https") {
        findings.push(Finding::good("webhook address", format!("{}{META_WEBHOOK}", settings.http.base_url())));
    }
    findings
}

/// Whether anything is to go through Twilio.
fn uses_twilio(settings: &Settings) -> bool {
    settings.twilio.is_wanted() || settings.accounts.iter().any(|account| account.carrier() == Provider::Twilio)
}

/// What Twilio lacks, and the addresses that must be typed there.
fn twilio(settings: &Settings) -> Vec<Finding> {
    let twilio = &settings.twilio;
    if !uses_twilio(settings) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let of_file = || settings.accounts.iter().filter(|account| account.carrier() == Provider::Twilio);
    // Whoever has sub-accounts alone needs none above them.
    if twilio.is_wanted() || of_file().any(|account| account.account_sid.is_none()) {
        for name in twilio.missing_to_send() {
            findings.push(missing(name, "calls, SMS and WhatsApp messages cannot be sent through Twilio"));
        }
        let unheard = twilio.missing_to_receive().into_iter().filter(|name| !twilio.missing_to_send().contains(name));
        findings.extend(unheard.map(|name| missing(name, "Twilio's webhooks are refused")));
        for name in twilio.missing_for_browsers().into_iter().filter(|name| *name != "TWILIO_ACCOUNT_SID") {
            findings.push(Finding::notice(name, not_set(name, "browsers cannot call")));
        }
    }
    if twilio.accounts().is_empty() && of_file().next().is_none() {
        findings.push(missing("TWILIO_PHONE_NUMBER", "Twilio has no number to call or write from"));
    }
    if settings.http.is_reachable() {
        let base = settings.http.base_url();
        let (voice, messages) = (format!("{base}{VOICE_WEBHOOK}"), format!("{base}{MESSAGING_WEBHOOK}"));
        findings.push(Finding::good("Twilio, number: A call comes in, Call status changes (POST)", voice.clone()));
        findings.push(Finding::good("Twilio, TwiML app: Request URL, Status callback (POST)", voice));
        findings.push(Finding::good("Twilio, number and WhatsApp sender: A message comes in (POST)", messages));
    }
    findings
}

/// What SendGrid lacks, and the addresses that must be typed there.
fn sendgrid(settings: &Settings) -> Vec<Finding> {
    let sendgrid = &settings.sendgrid;
    if !sendgrid.is_wanted() {
        return Vec::new();
    }
    let unsent = sendgrid.missing_to_send().into_iter().map(|name| missing(name, "e-mails cannot be sent"));
    let unheard = sendgrid.missing_to_receive().into_iter();
    let mut findings: Vec<Finding> =
        unsent.chain(unheard.map(|name| missing(name, "SendGrid's webhooks are refused"))).collect();
    if settings.http.is_reachable() {
        let base = settings.http.base_url();
        findings.push(Finding::good("SendGrid, Event Webhook (POST)", format!("{base}{MAIL_EVENTS_WEBHOOK}")));
        findings.push(Finding::good("SendGrid, Inbound Parse (POST, raw)", format!("{base}{MAIL_WEBHOOK}")));
    }
    findings
}

/// What ElevenLabs lacks, and the addresses that must be typed there.
fn elevenlabs(settings: &Settings) -> Vec<Finding> {
    let elevenlabs = &settings.elevenlabs;
    if !elevenlabs.is_wanted() {
        return Vec::new();
    }
    let unanswered = elevenlabs.missing().into_iter().map(|name| missing(name, "no call goes on"));
    let mut findings: Vec<Finding> = unanswered.collect();
    let optional = [
        (elevenlabs.webhook_secret.is_some(), "ELEVENLABS_WEBHOOK_SECRET", "ElevenLabs' webhooks are refused"),
        (!elevenlabs.named().is_empty(), "ELEVENLABS_AGENT_ID", "calls are told of by POST /api/call-completed alone"),
        (
            settings.auth.microservice_token.is_some(),
            "MICROSERVICE_TOKEN",
            "a back end needs a token of its own to tell of calls",
        ),
        (elevenlabs.has_template(), "ELEVENLABS_TEMPLATE", "nobody is written to who has not written within 24 hours"),
    ];
    let absent = optional.into_iter().filter(|(set, ..)| !set);
    findings.extend(absent.map(|(_, name, consequence)| Finding::notice(name, not_set(name, consequence))));
    if settings.http.is_reachable() {
        let base = settings.http.base_url();
        findings.push(Finding::good("ElevenLabs, Post-call webhook (HMAC)", format!("{base}{CALLS_WEBHOOK}")));
        findings.push(Finding::good("ElevenLabs, Fetch initiation data", format!("{base}{CALL_BEGINS_WEBHOOK}")));
    }
    findings
}

fn missing(name: &str, consequence: &str) -> Finding {
    Finding::mend(name, not_set(name, consequence))
}

fn not_set(name: &str, consequence: &str) -> String {
    let about = VARIABLES.iter().find(|one| one.name == name).map_or("", |one| one.about);
    format!("not set: {consequence}. {about}")
}

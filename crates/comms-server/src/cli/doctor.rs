//! `doctor`: what works, what does not, and what to do about it.

use std::process::ExitCode;

use comms_core::{
    OrganizationId,
    history::{HistoryFilter, Repository, RepositoryError, Scope},
};

use super::ConfigArgs;
use crate::{
    config::{Environment, Settings, VARIABLES},
    registry::{Finding, Registry, Verdict},
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
        println!("{sign} {}: {}", finding.subject, finding.text);
    }
    let to_mend = findings.iter().filter(|one| one.verdict == Verdict::Mend).count();
    if to_mend == 0 {
        println!("\nEverything that is configured works.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{to_mend} to be mended.");
    Ok(ExitCode::FAILURE)
}

/// Looks at everything that can be looked at without changing anything.
pub async fn examine(settings: &Settings, environment: &Environment) -> Vec<Finding> {
    let mut findings = configuration(settings, environment);
    findings.extend(database(settings).await);
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
    for name in settings.whatsapp.missing_to_send() {
        findings.push(missing(name, "WhatsApp messages cannot be sent"));
    }
    for name in settings.whatsapp.missing_to_receive() {
        findings.push(missing(name, "WhatsApp webhooks are refused"));
    }
    match &settings.http.public_base_url {
        Some(url) if url.scheme() == "https" => findings.push(Finding::good(
            "webhook address",
            format!("{}/api/comunicaciones/webhook/whatsapp", settings.http.base_url()),
        )),
        Some(url) => {
            findings.push(Finding::notice("PUBLIC_BASE_URL", format!("{url} is not https: Meta calls https only")))
        }
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

fn missing(name: &str, consequence: &str) -> Finding {
    let about = VARIABLES.iter().find(|one| one.name == name).map_or("", |one| one.about);
    Finding::mend(name, format!("not set: {consequence}. {about}"))
}

async fn database(settings: &Settings) -> Vec<Finding> {
    const SUBJECT: &str = "database";
    let repository = match super::repository(settings).await {
        Ok(repository) => repository,
        Err(error) => return vec![Finding::mend(SUBJECT, error.to_string())],
    };
    let findings = look(repository.as_ref(), &settings.organization.id).await;
    repository.close().await;
    findings.unwrap_or_else(|error| vec![Finding::mend(SUBJECT, error.to_string())])
}

async fn look(repository: &dyn Repository, organization: &OrganizationId) -> Result<Vec<Finding>, RepositoryError> {
    repository.ping().await?;
    let mut findings = vec![Finding::good("database", "answers")];
    // A page of the history reads our tables and `comunicaciones` together.
    let everything = Scope { organization: organization.clone(), seller: None };
    let one = HistoryFilter { limit: 1, ..HistoryFilter::default() };
    if let Err(error) = repository.history(&everything, &one).await {
        findings.push(Finding::mend("schema", format!("{error}: run `comms-server migrate`")));
        return Ok(findings);
    }
    match repository.stats().await {
        Ok(stats) => {
            findings.push(Finding::good("schema", "up to date"));
            if stats.waiting_for_owner > 0 {
                findings.push(Finding::notice(
                    "messages without an owner",
                    format!("{}: set WHATSAPP_OWNER_ID, or the owner of the account", stats.waiting_for_owner),
                ));
            }
            if stats.quarantined > 0 {
                findings.push(Finding::notice(
                    "webhooks of unregistered accounts",
                    format!("{}: see `comms-server admin quarantine`", stats.quarantined),
                ));
            }
        }
        Err(error) => findings.push(Finding::mend("schema", format!("{error}: run `comms-server migrate`"))),
    }
    Ok(findings)
}

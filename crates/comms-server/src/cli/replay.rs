//! `replay`: stored webhooks are read again.

use std::process::ExitCode;

use clap::Args;
use comms_core::{AccountId, WebhookId, history::WebhookFilter};
use comms_engine::ReplayReport;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ConfigArgs, output::say};
use crate::{registry::Registry, startup};

/// Which webhooks.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// This one only.
    #[arg(long, value_name = "ID", exclusive = true)]
    webhook: Option<WebhookId>,
    /// Of this provider, for instance `whatsapp`.
    #[arg(long)]
    provider: Option<String>,
    /// Arrived at or after this time (2026-11-22T10:00:00Z).
    #[arg(long, value_parser = moment)]
    from: Option<OffsetDateTime>,
    /// Arrived before this time.
    #[arg(long, value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// Only those with a part that could not be read.
    #[arg(long)]
    problems: bool,
    /// Only those that wait for this account to be registered.
    #[arg(long, value_name = "ACCOUNT")]
    quarantined: Option<String>,
}

pub(super) async fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let settings = args.config.load()?;
    let clock = super::clock();
    let registry = Registry::new(&settings, &clock)?;
    let repository = super::repository(&settings).await?;
    let engine = startup::engine(&settings, &registry, repository.clone(), clock)?;
    let mut problems = 0;
    if let Some(id) = args.webhook {
        problems += show(&engine.replay_one(id).await?);
    } else {
        let mut filter = WebhookFilter {
            provider: args.provider,
            from: args.from,
            until: args.until,
            problems_only: args.problems,
            quarantined: args.quarantined.map(AccountId::from),
            ..WebhookFilter::default()
        };
        loop {
            let report = engine.replay(&filter).await?;
            problems += show(&report);
            match report.next {
                Some(next) => filter.after = Some(next),
                None => break,
            }
        }
    }
    repository.close().await;
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a report; returns how many webhooks could not be read.
fn show(report: &ReplayReport) -> usize {
    say!(
        "{} webhooks: {} messages, {} statuses, {} updates new; {} known already; {} of unregistered accounts",
        report.webhooks,
        report.messages,
        report.statuses,
        report.updates,
        report.duplicates,
        report.quarantined
    );
    for (id, problem) in &report.problems {
        say!("  {id}: {problem}");
    }
    report.problems.len()
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())
}

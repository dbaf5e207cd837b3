//! `migrate`: the schema.

use std::process::ExitCode;

use super::output::say;
use crate::config::Settings;

pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let repository = super::repository(&settings).await?;
    let report = repository.migrate().await;
    repository.close().await;
    let report = report?;
    for name in &report.applied {
        say!("applied {name}");
    }
    if report.applied.is_empty() {
        say!("the schema is up to date");
    }
    if report.taken_in > 0 {
        say!("{} rows of comunicaciones were taken in", report.taken_in);
    }
    for notice in &report.notices {
        say!("note: {notice}");
    }
    Ok(ExitCode::SUCCESS)
}

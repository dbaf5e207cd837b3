//! `credentials`: what users gave us for their mailboxes, without HTTP.

use std::{process::ExitCode, sync::Arc};

use anyhow::bail;
use clap::{Args, Subcommand};
use comms_core::history::Repository;

use super::{ConfigArgs, output::say};
use crate::{config::Settings, registry::Registry, startup};

/// What to run.
#[derive(Debug, Args)]
pub(super) struct CredentialsArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: CredentialsCommand,
}

#[derive(Debug, Subcommand)]
enum CredentialsCommand {
    /// Lists the mailboxes that users connected, and how they are.
    List,
    /// Encrypts everything anew under COMMS_ENCRYPTION_KEY: credentials, and keys of outgoing webhooks.
    Rotate,
}

pub(super) async fn run(args: CredentialsArgs) -> anyhow::Result<ExitCode> {
    let settings = args.config.load()?;
    let repository = super::repository(&settings).await?;
    let done = execute(&args.command, &settings, Arc::clone(&repository)).await;
    repository.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(
    command: &CredentialsCommand,
    settings: &Settings,
    repository: Arc<dyn Repository>,
) -> anyhow::Result<()> {
    let clock = super::clock();
    let registry = Registry::new(settings, &clock)?;
    let credentials = startup::credentials(settings, &registry, Arc::clone(&repository), clock);
    match command {
        CredentialsCommand::List => {
            for organization in repository.organizations().await? {
                let mut after = None;
                loop {
                    let page = credentials.list(&organization.id, None, after).await?;
                    for one in &page {
                        let reason = one.reason.as_deref().or(one.failure.as_deref()).unwrap_or("-");
                        let state = one.state.as_str();
                        say!("{}\t{}\tuser {}\t{state}\t{reason}", one.account, one.organization, one.owner);
                    }
                    match page.last() {
                        Some(last) => after = Some(last.id),
                        None => break,
                    }
                }
            }
        }
        CredentialsCommand::Rotate => {
            if !credentials.can_keep() {
                bail!("COMMS_ENCRYPTION_KEY is not set: there is no key to encrypt with");
            }
            let done = credentials.rotate().await?;
            say!("{} credentials and {} outgoing webhooks encrypted anew", done.credentials, done.webhooks);
            if !done.is_complete() {
                bail!(
                    "{} changed meanwhile: run it again; {} cannot be read with either key: keep COMMS_ENCRYPTION_KEY_PREVIOUS \
                     as it was, or have their users connect again",
                    done.busy,
                    done.unreadable
                );
            }
        }
    }
    Ok(())
}

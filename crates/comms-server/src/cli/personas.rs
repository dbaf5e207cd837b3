//! `export` and `erase`: what is stored of one person, handed out or erased.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{bail, ensure};
use clap::Args;
use comms_core::{
    ContactId, OrganizationId, UserId,
    history::{Repository, Scope},
};
use comms_engine::Engine;
use futures_util::StreamExt;
use tokio::{fs::File, io::AsyncWriteExt};

use super::{ConfigArgs, output::say};
use crate::{config::Settings, dossier, registry::Registry, startup};

/// How long something of theirs that is under way is waited for between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Who.
#[derive(Debug, Args)]
struct WhoArgs {
    /// The contact, as `contacto_id` of the API.
    #[arg(long, value_name = "ID")]
    contact: ContactId,
    /// Its organisation; the first where absent.
    #[arg(long)]
    organization: Option<String>,
}

impl WhoArgs {
    fn scope(&self, settings: &Settings) -> Scope {
        let named = self.organization.as_deref().map(OrganizationId::from);
        Scope { organization: named.unwrap_or_else(|| settings.organization.id.clone()), seller: None }
    }
}

/// Whose dossier, and where it goes.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    who: WhoArgs,
    /// The ZIP that is made; `contacto-<id>.zip` where absent.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Who is erased, and that it is meant.
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    who: WhoArgs,
    /// It is meant: it cannot be undone.
    #[arg(long)]
    yes: bool,
    /// By whom, for the record.
    #[arg(long, default_value = "cli")]
    user: String,
    /// Why, for the record: the number of a request, never a name.
    #[arg(long)]
    reason: Option<String>,
}

fn engine(settings: &Settings, repository: Arc<dyn Repository>) -> anyhow::Result<Engine> {
    let clock = super::clock();
    let registry = Registry::new(settings, &clock)?;
    Ok(startup::engine(settings, &registry, repository, clock)?)
}

pub(super) async fn export(args: ExportArgs) -> anyhow::Result<ExitCode> {
    let settings = args.config.load()?;
    let scope = args.who.scope(&settings);
    let repository = super::repository(&settings).await?;
    let engine = engine(&settings, Arc::clone(&repository))?;
    let subject = repository.subject(&scope, args.who.contact).await?;
    let output = args.output.unwrap_or_else(|| PathBuf::from(format!("contacto-{}.zip", args.who.contact)));
    // What is there already is not overwritten.
    let mut file = File::create_new(&output).await?;
    let mut pieces = Box::pin(dossier::archive(engine, scope.organization, subject));
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?).await?;
    }
    file.sync_all().await?;
    repository.close().await;
    say!("{}", output.display());
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn erase(args: EraseArgs) -> anyhow::Result<ExitCode> {
    ensure!(args.yes, "this cannot be undone: say --yes where it is meant");
    let settings = args.config.load()?;
    let scope = args.who.scope(&settings);
    let repository = super::repository(&settings).await?;
    let engine = engine(&settings, Arc::clone(&repository))?;
    let user = UserId::from(args.user);
    let erasure = engine.erase(&scope, args.who.contact, &user, args.reason.as_deref()).await?;
    loop {
        while engine.erase_part(erasure.id).await? {}
        let all = repository.erasures(&scope.organization, None).await?;
        let Some(now) = all.into_iter().find(|one| one.id == erasure.id) else {
            bail!("the erasure is not there any more");
        };
        if now.done_at.is_some() {
            let counts = now.counts;
            say!(
                "{}: {} messages emptied, {} files, {} notes, {} webhooks; {} opt-outs kept as hashes",
                now.id,
                counts.messages,
                counts.files,
                counts.notes,
                counts.webhooks,
                counts.opt_outs
            );
            repository.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        say!("something of theirs is under way: waiting");
        tokio::time::sleep(PAUSE).await;
    }
}

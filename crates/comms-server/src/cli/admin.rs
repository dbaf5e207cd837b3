//! `admin`: accounts, organisations, service tokens, quarantine, without HTTP.

use std::{process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use comms_core::{
    AccountId, OrganizationId, UserId,
    history::{Organization, Repository},
};
use uuid::Uuid;

use super::{ConfigArgs, output::say};
use crate::{
    auth::NewToken,
    config::Settings,
    registry::{Registry, new_account},
    startup,
};

/// What to run.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Lists the organisations.
    Organizations,
    /// Adds or renames an organisation.
    PutOrganization {
        /// Its id, as the tokens of its users name it.
        id: String,
        /// What people call it.
        name: String,
    },
    /// Lists the accounts.
    Accounts,
    /// Adds or changes an account, and reads what waited for it.
    PutAccount(AccountArgs),
    /// Lists the accounts that nobody registered, and what waits for them.
    Quarantine,
    /// Lists the service tokens of an organisation.
    Tokens {
        /// The organisation.
        organization: String,
    },
    /// Makes a service token and prints it, this once.
    CreateToken {
        /// The organisation that it acts for.
        organization: String,
        /// What it is for.
        name: String,
    },
    /// Voids a service token.
    RevokeToken {
        /// The organisation.
        organization: String,
        /// The token's id, as the list of tokens shows it.
        id: Uuid,
    },
}

#[derive(Debug, Args)]
struct AccountArgs {
    /// `whatsapp:<phone number id>`, `twilio-voice:+15005550006`, `twilio-sms:…`, `twilio-whatsapp:…`
    id: String,
    /// Its organisation; the first where absent.
    #[arg(long)]
    organization: Option<String>,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// The account above it: `waba:<id>`, `twilio:<AC…>`.
    #[arg(long)]
    parent: Option<String>,
    /// The user who owns what nobody else does.
    #[arg(long)]
    owner: Option<String>,
    /// Takes it out of use.
    #[arg(long)]
    inactive: bool,
}

pub(super) async fn run(args: AdminArgs) -> anyhow::Result<ExitCode> {
    let settings = args.config.load()?;
    let repository = super::repository(&settings).await?;
    let done = execute(args.command, &settings, Arc::clone(&repository)).await;
    repository.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(command: AdminCommand, settings: &Settings, repository: Arc<dyn Repository>) -> anyhow::Result<()> {
    match command {
        AdminCommand::Organizations => {
            for one in repository.organizations().await? {
                say!("{}\t{}", one.id, one.name);
            }
        }
        AdminCommand::PutOrganization { id, name } => {
            let organization = Organization { id: id.into(), name };
            repository.put_organization(&organization).await?;
        }
        AdminCommand::Accounts => {
            for one in repository.accounts(None).await? {
                let owner = one.owner.as_ref().map_or("-", UserId::as_str);
                let state = if one.active { "active" } else { "inactive" };
                say!("{}\t{}\towner {owner}\t{state}", one.id, one.organization);
            }
        }
        AdminCommand::PutAccount(account) => put_account(account, settings, repository).await?,
        AdminCommand::Quarantine => {
            for one in repository.quarantine().await? {
                say!("{}\t{} webhooks since {}", one.account, one.webhooks, one.since);
            }
        }
        AdminCommand::Tokens { organization } => {
            for one in repository.service_tokens(&organization.into()).await? {
                let state = if one.revoked_at.is_some() { "void" } else { "valid" };
                say!("{}\t{}\t{state}", one.id, one.name);
            }
        }
        AdminCommand::CreateToken { organization, name } => {
            let new = NewToken::generate(organization.into(), name, super::clock().now());
            repository.put_service_token(&new.row, &new.sha256).await?;
            say!("{}", new.text);
        }
        AdminCommand::RevokeToken { organization, id } => {
            let now = super::clock().now();
            repository.revoke_service_token(&organization.into(), id, now).await?;
        }
    }
    Ok(())
}

async fn put_account(args: AccountArgs, settings: &Settings, repository: Arc<dyn Repository>) -> anyhow::Result<()> {
    let id = AccountId::from(args.id);
    let every = repository.accounts(None).await?;
    let known = every.into_iter().find(|account| account.id == id);
    let first = || settings.organization.id.clone();
    let mut account = known.unwrap_or_else(|| {
        let organization = args.organization.clone().map_or_else(first, OrganizationId::from);
        new_account(id, organization)
    });
    account.name = args.name.or(account.name);
    account.parent = args.parent.map(AccountId::from).or(account.parent);
    account.owner = args.owner.map(UserId::from).or(account.owner);
    account.active = !args.inactive;
    let clock = super::clock();
    let registry = Registry::new(settings, &clock)?;
    let engine = startup::engine(settings, &registry, repository, clock)?;
    let assigned = engine.assign_account(account).await?;
    say!(
        "{} webhooks read, {} messages; {} rows of comunicaciones filled in",
        assigned.replay.webhooks,
        assigned.replay.messages,
        assigned.filled
    );
    Ok(())
}

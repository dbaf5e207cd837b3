//! The command line.

mod admin;
mod credentials;
mod demo;
mod doctor;
mod migrate;
mod output;
mod personas;
mod replay;
mod serve;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};
use comms_core::{Clock, SystemClock, history::Repository};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{ConfigError, Environment, LogFormat, LogSettings, Settings, env_example},
    startup, typescript,
};

/// The configuration file that is read where it exists and no other is named.
const CONFIG_FILE: &str = "comms.toml";

/// Messages, calls, e-mails and their history over HTTP. Without a command: a demonstration that needs no account and no network.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::DemoArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves.
    Serve(ConfigArgs),
    /// Shows everything with simulated providers: no account, no network.
    Demo(demo::DemoArgs),
    /// Brings the database up to date.
    Migrate(ConfigArgs),
    /// Reads stored webhooks again.
    Replay(replay::ReplayArgs),
    /// Writes everything that is stored of one person into a ZIP.
    Export(personas::ExportArgs),
    /// Erases one person, for good.
    Erase(personas::EraseArgs),
    /// Checks the configuration, the database and what providers say of it, and says what to mend.
    Doctor(ConfigArgs),
    /// Accounts, organisations, service tokens, quarantine.
    Admin(admin::AdminArgs),
    /// What users gave for their mailboxes: list it, encrypt it anew.
    Credentials(credentials::CredentialsArgs),
    /// Prints the OpenAPI document.
    Openapi {
        /// Prints TypeScript types instead.
        #[arg(long)]
        typescript: bool,
    },
    /// Prints `.env.example`.
    EnvExample,
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file (TOML); `comms.toml` where it exists. The environment and `.env` win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Demo(cli.demo));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run(command)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args.load()?)).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Migrate(args) => migrate::run(args.load()?).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Export(args) => personas::export(args).await,
        Command::Erase(args) => personas::erase(args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Admin(args) => admin::run(args).await,
        Command::Credentials(args) => credentials::run(args).await,
        Command::Openapi { typescript: false } => print(&typescript::openapi_json()),
        Command::Openapi { typescript: true } => print(&typescript::declarations()),
        Command::EnvExample => print(&env_example()),
    }
}

impl ConfigArgs {
    /// The settings, with logging set up as they say.
    fn load(&self) -> Result<Settings, ConfigError> {
        let settings = self.read(&Environment::of_process()?)?;
        start_logging(&settings.log);
        Ok(settings)
    }

    fn read(&self, environment: &Environment) -> Result<Settings, ConfigError> {
        let default = Path::new(CONFIG_FILE);
        let file = self.config.as_deref().or_else(|| default.exists().then_some(default));
        Settings::load(file, environment)
    }
}

/// The database of the settings, for commands that need nothing else.
async fn repository(settings: &Settings) -> Result<Arc<dyn Repository>, startup::StartError> {
    startup::open(settings, clock()).await
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn start_logging(settings: &LogSettings) {
    let filter = EnvFilter::new(&settings.filter);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Logging that was set up already stays as it is.
    let _ = match settings.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    output::text(text);
    Ok(ExitCode::SUCCESS)
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("{error:#}");
    ExitCode::FAILURE
}

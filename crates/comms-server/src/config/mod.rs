//! The configuration: a TOML file and the environment, read once. The environment wins.

mod accounts;
mod auth;
mod database;
mod directory;
mod elevenlabs;
mod gmail;
mod google;
mod http;
mod log;
mod media;
mod outbox;
mod realtime;
mod retention;
mod sendgrid;
mod smtp;
mod table;
mod twilio;
mod variables;
mod voice;
mod webhooks;
mod whatsapp;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use comms_core::{
    ExposeSecret,
    history::{self, RepositoryError},
};
use serde::Deserialize;

pub use accounts::{AccountSettings, OrganizationSettings, Provider};
pub use auth::AuthSettings;
pub use database::DatabaseSettings;
pub use directory::{DirectorySettings, DirectoryTable};
pub use elevenlabs::{AgentRules, AgentSettings, ElevenlabsSettings};
pub use gmail::{GMAIL_PUSH, GmailSettings};
pub use google::{GOOGLE_CALLBACK, GoogleSettings};
pub use http::HttpSettings;
pub use log::{LogFormat, LogSettings};
pub use media::MediaSettings;
pub use outbox::OutboxSettings;
pub use realtime::{RealtimeSettings, SILENT_BEATS};
pub use retention::RetentionSettings;
pub use sendgrid::SendgridSettings;
pub use smtp::SmtpSettings;
pub use table::VARIABLES;
pub use twilio::TwilioSettings;
pub use variables::{Kind, Variable, env_example};
pub use voice::VoiceSettings;
pub use webhooks::{EncryptionSettings, WebhookSettings};
pub use whatsapp::WhatsAppSettings;

/// Everything that an operator can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The port, the public address, proxies, limits.
    pub http: HttpSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// Who may call.
    pub auth: AuthSettings,
    /// Meta's WhatsApp Cloud API.
    pub whatsapp: WhatsAppSettings,
    /// Twilio: calls, SMS, WhatsApp.
    pub twilio: TwilioSettings,
    /// Google: mailboxes of sellers.
    pub google: GoogleSettings,
    /// Gmail: pushes, quota, mailboxes of a domain.
    pub gmail: GmailSettings,
    /// SendGrid: the company's e-mail.
    pub sendgrid: SendgridSettings,
    /// A mail server through which e-mails go out.
    pub smtp: SmtpSettings,
    /// ElevenLabs: agents whose calls go on as chats.
    pub elevenlabs: ElevenlabsSettings,
    /// Whom may be called, and what becomes of a call that comes in.
    pub voice: VoiceSettings,
    /// The organisation of everything that names none.
    pub organization: OrganizationSettings,
    /// Our numbers, beside the one that the variables give.
    pub accounts: Vec<AccountSettings>,
    /// Where leads, clients and contracts are looked up.
    pub directory: DirectorySettings,
    /// Where files are kept.
    pub media: MediaSettings,
    /// The queue of messages.
    pub outbox: OutboxSettings,
    /// Streams of events.
    pub realtime: RealtimeSettings,
    /// How old what is kept may get.
    pub retention: RetentionSettings,
    /// Other systems that are told of events.
    pub webhooks: WebhookSettings,
    /// How stored secrets are encrypted.
    pub encryption: EncryptionSettings,
    /// What is logged and how.
    pub log: LogSettings,
}

impl Settings {
    /// Reads `file`, where there is one, and lays the environment over it.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem that can be seen at once, each under the name that the operator wrote.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| ConfigError::one(&path.display().to_string(), &error))?
            }
            None => String::new(),
        };
        Self::parse(&text, environment)
    }

    /// Reads the text of a configuration file and lays the environment over it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(file: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut table: toml::Table = file.parse().map_err(|error| ConfigError::one("configuration file", &error))?;
        overlay(&mut table, environment)?;
        let settings: Self = serde_path_to_error::deserialize(table).map_err(|error| {
            let path = error.path().to_string();
            let variable = variables::of_key(&path);
            // What the file holds there may be the secret itself.
            let secret = variable.is_some_and(|one| one.kind == Kind::Secret);
            let cause = error.into_inner();
            let cause: &dyn fmt::Display = if secret { &"is not text" } else { &cause.message() };
            ConfigError::one(&variables::spoken(&path), cause)
        })?;
        settings.check()?;
        Ok(settings)
    }

    /// The database, as the repository opens it.
    ///
    /// # Errors
    /// `Config` with what is wrong; the password is never repeated.
    pub fn repository(&self) -> Result<history::DatabaseSettings, RepositoryError> {
        let address = self.database.address();
        let database = history::DatabaseSettings::parse(address.expose_secret())?;
        let mut database = database.with_schema(&self.database.schema)?;
        if let Some(writers) = self.database.writers {
            database.writers = writers.get();
        }
        database.organization = self.organization.id.clone();
        database.directory = self.directory.repository(self.whatsapp.region.as_deref());
        Ok(database)
    }

    /// Whether the database is PostgreSQL, which several processes may use at once.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        let address = self.database.address();
        address.expose_secret().starts_with("postgres")
    }

    /// Whether the start brings the schema up to date.
    #[must_use]
    pub fn migrates_on_start(&self) -> bool {
        let explicit = self.database.migrate_on_start;
        explicit.unwrap_or(!self.is_postgres())
    }

    /// The folder of received files.
    #[must_use]
    pub fn media_dir(&self) -> PathBuf {
        let default = || self.database.data_dir.join("media");
        self.media.dir.clone().unwrap_or_else(default)
    }

    /// Whether WhatsApp is to go through Meta. Where nothing at all is set it is: that is what most begin with.
    #[must_use]
    pub fn wants_meta(&self) -> bool {
        let at_meta = self.accounts.iter().any(|account| account.carrier() == Provider::Meta);
        let mailboxes = self.google.is_wanted() || !self.gmail.delegated.is_empty();
        let others = self.twilio.is_wanted() || self.sendgrid.is_wanted() || self.smtp.is_wanted() || mailboxes;
        self.whatsapp.is_wanted() || at_meta || (self.accounts.is_empty() && !others)
    }

    /// What one field alone cannot show.
    fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        self.http.check(&mut problems);
        let database = self.repository();
        problems.extend(database.err().map(|error| error.to_string()));
        self.auth.check(&mut problems);
        self.whatsapp.check(&mut problems);
        self.twilio.check(&mut problems);
        self.sendgrid.check(&mut problems);
        self.elevenlabs.check(&mut problems);
        self.voice.check(&mut problems);
        self.gmail.check(&mut problems);
        self.google.check(self.auth.microservice_token.is_some(), &mut problems);
        self.webhooks.check(&mut problems);
        self.encryption.check(&mut problems);
        if self.twilio.is_wanted() && self.http.base_host().contains('_') {
            let address = self.http.base_url();
            problems.push(format!(
                "PUBLIC_BASE_URL (http.public_base_url): Twilio calls no host with an underscore: {address}"
            ));
        }
        for (at, account) in self.accounts.iter().enumerate() {
            account.check(at, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
    }
}

/// The names of the settings that are not there.
fn absent(settings: &[(&'static str, bool)]) -> Vec<&'static str> {
    let absent = settings.iter().filter(|(_, present)| !present);
    absent.map(|(name, _)| *name).collect()
}

/// The variables of the process, as a value: nothing else reads them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process, after those of a `.env` file in the folder or above it have been added.
    ///
    /// # Errors
    /// [`ConfigError`] where the `.env` file cannot be read.
    pub fn of_process() -> Result<Self, ConfigError> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        match dotenvy::dotenv_iter() {
            Ok(lines) => {
                for line in lines {
                    let (name, value) = line.map_err(|error| ConfigError::one(".env", &error))?;
                    found.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(ConfigError::one(".env", &error)),
        }
        let process =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        found.extend(process);
        Ok(Self(found))
    }

    /// The value of a variable; an empty one counts as unset.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(n, v)| (n.into(), v.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are other programs' secrets too.
        write!(f, "Environment({} variables)", self.0.len())
    }
}

/// What is wrong with the configuration: each problem names the variable or key that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration cannot be used:\n  - {}", .0.join("\n  - "))]
pub struct ConfigError(pub Vec<String>);

impl ConfigError {
    fn one(name: &str, cause: &dyn fmt::Display) -> Self {
        Self(vec![format!("{name}: {cause}")])
    }
}

/// Puts each variable that is set at the place of its key.
fn overlay(table: &mut toml::Table, environment: &Environment) -> Result<(), ConfigError> {
    let mut problems = Vec::new();
    for variable in VARIABLES {
        let (Some(key), Some(text)) = (variable.key, environment.get(variable.name)) else {
            continue;
        };
        let placed = variable.kind.parse(text).and_then(|value| place(table, key, value));
        if let Err(problem) = placed {
            problems.push(format!("{}: {problem}", variable.name));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
}

fn place(table: &mut toml::Table, key: &str, value: toml::Value) -> Result<(), String> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((section, rest)) => table
            .entry(section)
            .or_insert_with(|| toml::Table::new().into())
            .as_table_mut()
            .ok_or_else(|| format!("[{section}] of the configuration file is not a table"))
            .and_then(|inner| place(inner, rest, value)),
    }
}

//! The server as `cargo xtask soak` runs it: leases and pauses of seconds instead of minutes, so that what a crash leaves behind is
//! settled while somebody watches.
//!
//! ```sh
//! soak_server                       # serves, as `comms-server serve` does
//! soak_server token 7               # a user's token
//! soak_server failpoints            # the places at which it can be made to end
//! soak_server failpoints chats      # those that only calls reach that go on by chat
//! ```
//!
//! `SOAK_MAILBOX=/a/file` is a mailbox that is asked: each line of the file is a mail.
//!
//! `SOAK_DEADLINE_SECONDS=15` is how long a message may be tried, and looked for where its outcome is not known.
//!
//! `SOAK_FAILPOINT=send.accepted:3` ends it when it reaches that place for the third time. `SOAK_CARELESS=1` is a control: a lost
//! answer counts as proof that nothing was sent, so that the message is sent again, and the campaign must notice.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use comms_core::{
    AccountId, Address, Batch, Capabilities, Channel, ChannelDirectory, ChannelKind, Content, Cursor, Error, Event,
    EventKey, EventKind, Found, InboundMessage, MediaRef, MediaStream, Outbound, Outcome, Party, Probe, Rate, Receipt,
    Source, SystemClock, TemplateSummary, failpoint, history::Account,
};
use comms_server::{
    auth::{Identity, Role, Tokens},
    config::{Environment, Settings},
    startup::{Parts, Running, listen},
};

/// How long a token lasts: longer than any run.
const TOKEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[actix_web::main]
async fn main() -> Result<ExitCode> {
    let file = Path::new("comms.toml");
    let settings = Settings::load(file.exists().then_some(file), &Environment::of_process()?)?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => Box::pin(serve(settings)).await?,
        ["token", user] => println!("{}", token(&settings, user)?),
        ["failpoints"] => print_places(false),
        ["failpoints", "chats"] => print_places(true),
        _ => bail!("nothing | token USER | failpoints [chats]"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The places that only calls reach that go on by chat, or the others.
fn print_places(of_chats: bool) {
    let wanted = |place: &&failpoint::Place| failpoint::Place::OF_CONTINUATIONS.contains(place) == of_chats;
    failpoint::Place::ALL.iter().filter(wanted).for_each(|place| println!("{}", place.name()));
}

/// People who send in a circle are faster than one message a second, and what they leave behind would be waited for.
const SMS_PER_SECOND: f64 = 50.0;

async fn serve(settings: Settings) -> Result<()> {
    arm()?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn").init();
    let listener = listen(&settings.http)?;
    let organization = settings.organization.id.clone();
    let running = Running::start_altered(settings, Arc::new(SystemClock), alter).await?;
    let engine = &running.state.engine;
    for account in engine.channels().accounts(ChannelKind::Sms) {
        engine.set_rate(&organization, &account, Rate::of_second(SMS_PER_SECOND)).await?;
    }
    if mailbox().is_some() {
        let account = mailbox_account();
        let own = Account {
            id: account.clone(),
            organization,
            channel: ChannelKind::Email,
            name: None,
            parent: None,
            owner: Some("7".into()),
            caller_id: None,
            active: true,
        };
        running.state.repository.put_account(&own).await?;
        engine.connect_source(&account).await?;
    }
    running.serve(listener, true)?.await?;
    running.stop().await;
    Ok(())
}

fn token(settings: &Settings, user: &str) -> Result<String> {
    let secret = settings.auth.jwt_secret.clone().context("JWT_SECRET is not set")?;
    let identity = Identity { user: user.into(), role: Role::Admin, organization: None };
    let tokens = Tokens::new(&secret, &settings.auth, Arc::new(SystemClock));
    tokens.issue(&identity, TOKEN).map_err(|_| anyhow::anyhow!("no token can be made"))
}

#[cfg(debug_assertions)]
fn arm() -> Result<()> {
    let Ok(wanted) = env::var("SOAK_FAILPOINT") else {
        return Ok(());
    };
    let (name, nth) = wanted.split_once(':').context("SOAK_FAILPOINT is NAME:NTH")?;
    failpoint::arm(failpoint::Place::named(name).with_context(|| format!("no failpoint {name}"))?, nth.parse()?);
    Ok(())
}

#[cfg(not(debug_assertions))]
fn arm() -> Result<()> {
    anyhow::ensure!(env::var("SOAK_FAILPOINT").is_err(), "a release build has no failpoints");
    Ok(())
}

fn alter(parts: &mut Parts) {
    let rules = &mut parts.rules;
    if let Some(deadline) = env::var("SOAK_DEADLINE_SECONDS").ok().and_then(|seconds| seconds.parse().ok()) {
        rules.message_deadline = Duration::from_secs(deadline);
        rules.unknown_for = Duration::from_secs(deadline);
    }
    rules.send_timeout = Duration::from_secs(2);
    rules.lease_margin = Duration::from_secs(1);
    rules.stale_every = Duration::from_millis(500);
    rules.outbox_every = Duration::from_millis(250);
    rules.retry_base = Duration::from_millis(200);
    rules.retry_cap = Duration::from_secs(1);
    rules.hold = Duration::from_secs(2);
    rules.unknown_first = Duration::from_secs(1);
    rules.unknown_every = Duration::from_millis(500);
    let calls = &mut rules.continuation;
    calls.reply_timeout = Duration::from_secs(5);
    calls.call_timeout = Duration::from_secs(1);
    calls.retry_base = Duration::from_millis(200);
    calls.retry_cap = Duration::from_secs(1);
    calls.pause = Duration::from_secs(1);
    // Who is called in a circle is no machine, and what a crash cuts off is no failure of the agent.
    calls.loop_turns = u16::MAX;
    calls.max_failures = u32::MAX;
    rules.media_timeout = Duration::from_secs(2);
    rules.media_every = Duration::from_millis(500);
    rules.media_waits = vec![Duration::from_secs(1); 20];
    rules.retention_every = Duration::from_millis(500);
    rules.erasure_every = Duration::from_millis(500);
    rules.hooks.timeout = Duration::from_secs(2);
    rules.hooks.every = Duration::from_millis(250);
    rules.hooks.waits = vec![Duration::from_millis(200); 100];
    rules.sources.every = Duration::from_millis(250);
    rules.sources.poll = Duration::from_millis(300);
    rules.sources.timeout = Duration::from_secs(2);
    rules.sources.retry_base = Duration::from_millis(500);
    if let Some(file) = mailbox() {
        parts.channels = Arc::new(WithMailbox { inner: Arc::clone(&parts.channels), file });
    }
    if env::var("SOAK_CARELESS").is_ok() {
        parts.channels = Arc::new(Careless(Arc::clone(&parts.channels)));
    }
}

/// The file of the mailbox, where there is one.
fn mailbox() -> Option<PathBuf> {
    env::var_os("SOAK_MAILBOX").map(PathBuf::from)
}

fn mailbox_account() -> AccountId {
    AccountId::of("soak", "mailbox")
}

/// How many mails are read at once.
const MAILS: usize = 10;

/// The channels, and a mailbox beside them.
#[derive(Debug)]
struct WithMailbox {
    inner: Arc<dyn ChannelDirectory>,
    file: PathBuf,
}

#[async_trait]
impl ChannelDirectory for WithMailbox {
    async fn resolve(&self, account: &AccountId) -> comms_core::Result<Arc<dyn Channel>> {
        self.inner.resolve(account).await
    }

    async fn source(&self, account: &AccountId) -> comms_core::Result<Option<Arc<dyn Source>>> {
        if *account == mailbox_account() {
            return Ok(Some(Arc::new(Mailbox(self.file.clone()))));
        }
        self.inner.source(account).await
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        self.inner.accounts(kind)
    }
}

/// A file of which each line is the id of a mail.
#[derive(Debug)]
struct Mailbox(PathBuf);

#[async_trait]
impl Source for Mailbox {
    async fn pull(&self, cursor: Option<Cursor>) -> comms_core::Result<(Batch, Cursor)> {
        let read = cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
        // Where nobody has written yet there is no file; the last line may be half written.
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let new: Vec<&str> = whole.lines().skip(read).take(MAILS).collect();
        let mut batch = Batch::default();
        for (at, id) in new.iter().enumerate() {
            let writer = Address::email(&format!("writer{}@example.org", (read + at) % 10))?;
            let mail = InboundMessage::new(Party::of(writer), Content::text(format!("carta {id}")));
            batch.events.push(Event {
                account: mailbox_account(),
                subject: (*id).to_owned(),
                key: EventKey::new(*id),
                occurred_at: None,
                kind: EventKind::Message(Box::new(mail)),
            });
        }
        Ok((batch, Cursor((read + new.len()).to_string())))
    }
}

/// Every channel, believing that what was not answered was not sent.
#[derive(Debug)]
struct Careless<T: ?Sized>(Arc<T>);

#[async_trait]
impl ChannelDirectory for Careless<dyn ChannelDirectory> {
    async fn resolve(&self, account: &AccountId) -> comms_core::Result<Arc<dyn Channel>> {
        Ok(Arc::new(Careless(self.0.resolve(account).await?)))
    }

    fn accounts(&self, kind: ChannelKind) -> Vec<AccountId> {
        self.0.accounts(kind)
    }
}

#[async_trait]
impl Channel for Careless<dyn Channel> {
    fn account(&self) -> &AccountId {
        self.0.account()
    }

    fn kind(&self) -> ChannelKind {
        self.0.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn send(&self, message: &Outbound) -> comms_core::Result<Receipt> {
        self.0.send(message).await.map_err(|error| match error.outcome() {
            Outcome::Unknown => Error::new(error.kind(), Outcome::NotSent, "no answer, so it was not sent"),
            _ => error,
        })
    }

    async fn find(&self, probe: &Probe) -> comms_core::Result<Found> {
        self.0.find(probe).await
    }

    async fn fetch(&self, media: &MediaRef) -> comms_core::Result<MediaStream> {
        self.0.fetch(media).await
    }

    async fn mark_read(&self, provider_id: &str) -> comms_core::Result<()> {
        self.0.mark_read(provider_id).await
    }

    async fn templates(&self) -> comms_core::Result<Vec<TemplateSummary>> {
        self.0.templates().await
    }
}

//! From the settings to a server that listens.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpServer,
    dev::{Server, ServerHandle},
    web,
};
use comms_core::{
    ChannelDirectory, Clock,
    history::{self, Organization, Repository, RepositoryError},
};
use comms_engine::{BlobError, BlobStore, Credentials, Engine, Workers};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::task::JoinSet;

use crate::{
    app::{State, create_app},
    auth::{Tickets, Tokens},
    config::{HttpSettings, Settings},
    hooks,
    limits::Limits,
    observe,
    registry::Registry,
    sockets,
    stopping::{self, Stopping},
    streams::Streams,
    watches,
};

/// What giving claims and turns back may take, whatever time is left.
const LETTING_GO: Duration = Duration::from_secs(3);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 2_048;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no secret to check users' tokens with.
    #[error(
        "JWT_SECRET is not set: it is the secret with which your back end signs its users' tokens, and nobody could be let in without it"
    )]
    NoSecret,
    /// A setting of a provider cannot be used.
    #[error(transparent)]
    Provider(#[from] comms_core::Error),
    /// The schema is not the one of this version.
    #[error("{0}: run `comms-server migrate`, or set MIGRATE_ON_START=true")]
    Schema(#[source] RepositoryError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] RepositoryError),
    /// The folder of the files cannot be used.
    #[error(transparent)]
    Files(#[from] BlobError),
    /// The port cannot be used, or a folder cannot be made.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
    /// The metrics cannot be recorded.
    #[error("the metrics cannot be recorded: {0}")]
    Metrics(String),
}

/// What the engine is built of: [`Running::start_altered`] lets a program put its own parts in.
pub struct Parts {
    /// Time-outs, bounds and rhythms.
    pub rules: comms_engine::Settings,
    /// The channels.
    pub channels: Arc<dyn ChannelDirectory>,
}

/// Everything that runs beside the HTTP server.
#[derive(Debug)]
pub struct Running {
    /// What the handlers share.
    pub state: web::Data<State>,
    workers: Workers,
    /// What ends with the server, whatever it is doing: it is begun again by the next one.
    tasks: JoinSet<()>,
}

impl Running {
    /// Opens the database, registers what the configuration names, and starts the workers.
    ///
    /// # Errors
    /// [`StartError`] with what to mend.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        // The settings are moved through it: on the heap once, not on the stack of everybody who awaits this.
        Box::pin(Self::start_altered(settings, clock, |_| {})).await
    }

    /// As [`start`](Self::start), with an engine whose parts the caller has altered.
    ///
    /// # Errors
    /// [`StartError`] with what to mend.
    pub async fn start_altered(
        settings: Settings,
        clock: Arc<dyn Clock>,
        alter: impl FnOnce(&mut Parts),
    ) -> Result<Self, StartError> {
        let secret = settings.auth.jwt_secret.clone().ok_or(StartError::NoSecret)?;
        let registry = Registry::new(&settings, &clock)?;
        let metrics = observe::recorder().map_err(StartError::Metrics)?;
        let repository = open(&settings, Arc::clone(&clock)).await?;
        if settings.migrates_on_start() {
            repository.migrate().await?;
        }
        register(repository.as_ref(), &settings, &registry).await.map_err(schema)?;
        let mut parts = parts(&settings, &registry);
        alter(&mut parts);
        let engine = build(&settings, &registry, parts, Arc::clone(&repository), Arc::clone(&clock))?;
        let credentials = credentials(&settings, &registry, Arc::clone(&repository), Arc::clone(&clock));
        if let Some(blobs) = engine.blobs() {
            registry.bind(credentials.clone(), Arc::clone(&repository), Arc::new(blobs.clone()));
        }
        let workers = engine.start().await;
        let state = State {
            engine,
            credentials,
            repository,
            registry,
            tokens: Tokens::new(&secret, &settings.auth, Arc::clone(&clock)),
            tickets: Tickets::new(&secret, Arc::clone(&clock)),
            streams: Streams::new(&settings.realtime),
            limits: Limits::new(&settings.http),
            settings,
            metrics,
            stopping: Stopping::default(),
            started_at: clock.now(),
            clock,
        };
        let state = web::Data::new(state);
        let mut tasks = JoinSet::new();
        if state.settings.google.is_wanted() || state.settings.gmail.service_account_key.is_some() {
            tasks.spawn(watches::follow(state.clone()));
        }
        Ok(Self { state, workers, tasks })
    }

    /// Serves over `listener` until it is asked to stop: by [`stop_serving`](Self::stop_serving), and by a signal where `signals`.
    ///
    /// # Errors
    /// Where the listener cannot be used.
    pub fn serve(&self, listener: TcpListener, signals: bool) -> io::Result<Server> {
        let (state, http) = (self.state.clone(), &self.state.settings.http);
        // Its own signals know no order: streams and claims have to hear of a stop before the connections do.
        let patience = self.state.settings.realtime.patience();
        let mut server = HttpServer::new(move || create_app(state.clone()))
            .on_connect(move |connection, _| sockets::give_up_after(connection, patience))
            .disable_signals()
            .shutdown_timeout(http.shutdown().as_secs());
        if let Some(workers) = http.workers {
            server = server.workers(usize::from(workers.get()));
        }
        let server = server.listen(listener)?.run();
        if signals {
            tokio::spawn(stopping::on_signal(self.state.clone(), server.handle()));
        }
        Ok(server)
    }

    /// Asks the HTTP server to stop, as a signal does, and waits until it has: `/health` says so, event streams are told to come
    /// back, and whatever else is under way is answered.
    pub async fn stop_serving(&self, server: &ServerHandle) {
        stopping::stop(&self.state, server).await;
    }

    /// Lets the workers finish and closes the database. Call it once the server has stopped. What is under way at the end of
    /// `SHUTDOWN_SECONDS` is left to the leases of its claims.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        // Where the requests took all of the time, letting go takes a moment all the same.
        let left = self.state.stopping.left(&self.state.settings.http).max(LETTING_GO);
        if tokio::time::timeout(left, self.workers.stop()).await.is_err() {
            tracing::warn!(
                "attempts under way are left behind: what became of them is found out when their claims end"
            );
        }
        self.state.repository.close().await;
    }
}

/// What a database that was never migrated says is no help to anybody.
fn schema(error: RepositoryError) -> StartError {
    match error {
        RepositoryError::Database(_) => StartError::Schema(error),
        other => StartError::Database(other),
    }
}

/// Opens the database that the settings name.
///
/// # Errors
/// [`StartError`] with what to mend.
pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Repository>, StartError> {
    let database = settings.repository()?;
    for notice in &database.notices {
        tracing::info!(notice, "database");
    }
    if let history::DatabaseTarget::Sqlite(file) = &database.target
        && let Some(folder) = file.parent()
    {
        std::fs::create_dir_all(folder).map_err(|error| StartError::Io(folder.display().to_string(), error))?;
    }
    Ok(history::open(database, clock).await?)
}

/// Writes the organisations and the accounts of the configuration into the database. An organisation that only an account
/// names gets its id as its name, until somebody gives it another.
///
/// # Errors
/// Where an account belongs to another organisation already.
pub async fn register(
    repository: &dyn Repository,
    settings: &Settings,
    registry: &Registry,
) -> Result<(), RepositoryError> {
    let known = repository.organizations().await?;
    let first = &settings.organization;
    let named = registry.accounts().iter().map(|one| &one.organization);
    let all: BTreeSet<_> = named.chain([&first.id]).collect();
    for id in all {
        let given = first.name.as_ref().filter(|_| *id == first.id);
        if given.is_none() && known.iter().any(|one| one.id == *id) {
            continue;
        }
        let organization = Organization { id: id.clone(), name: given.cloned().unwrap_or_else(|| id.to_string()) };
        repository.put_organization(&organization).await?;
    }
    for account in registry.accounts() {
        repository.put_account(account).await?;
    }
    // Where the configuration says nothing, what was set by API stands.
    for (account, rate) in registry.rates() {
        let organization = registry.accounts().iter().find(|one| one.id == *account).map(|one| &one.organization);
        match repository.set_own_rate(organization.unwrap_or(&first.id), account, Some(*rate)).await {
            // Numbers of two organisations below one account share its rate: who was there first says it.
            Err(RepositoryError::NotFound(_)) => {
                tracing::warn!(%account, "its rate is shared with another organisation, and is not set");
            }
            set => set?,
        }
    }
    Ok(())
}

/// The engine over these parts.
///
/// # Errors
/// Where the folder of the files cannot be used, or the platform's trust store.
pub fn engine(
    settings: &Settings,
    registry: &Registry,
    repository: Arc<dyn Repository>,
    clock: Arc<dyn Clock>,
) -> Result<Engine, StartError> {
    build(settings, registry, parts(settings, registry), repository, clock)
}

/// What users gave us for their mailboxes.
#[must_use]
pub fn credentials(
    settings: &Settings,
    registry: &Registry,
    repository: Arc<dyn Repository>,
    clock: Arc<dyn Clock>,
) -> Credentials {
    Credentials::new(repository, settings.encryption.vault(), clock, registry.refreshers())
}

fn parts(settings: &Settings, registry: &Registry) -> Parts {
    let mut rules = comms_engine::Settings::default();
    settings.outbox.apply(&mut rules);
    rules.media_max_bytes = settings.media.max_bytes;
    rules.sole_process = !settings.is_postgres();
    rules.realtime_queue = settings.realtime.queue.get().into();
    rules.first_organization = Some(settings.organization.id.clone());
    rules.retention = settings.retention.rules();
    rules.voice = settings.voice.rules(settings.whatsapp.region.clone());
    rules.hooks = hooks::rules(settings);
    rules.sources.strangers = settings.gmail.strangers;
    rules.continuation = settings.elevenlabs.rules(&settings.organization);
    Parts { rules, channels: registry.channels() }
}

fn build(
    settings: &Settings,
    registry: &Registry,
    parts: Parts,
    repository: Arc<dyn Repository>,
    clock: Arc<dyn Clock>,
) -> Result<Engine, StartError> {
    let builder = Engine::builder(repository, parts.channels)
        .clock(clock)
        .settings(parts.rules)
        .hooks(hooks::hooks(settings)?)
        .blobs(BlobStore::folder(settings.media_dir())?);
    let builder = match registry.agent() {
        Some(agent) => builder.agent(Arc::clone(agent)),
        None => builder,
    };
    Ok(registry.inbounds(builder).build())
}

/// Listens where the settings say: by default on every address, IPv6 and IPv4 on one port.
///
/// # Errors
/// Where the port is taken.
pub fn listen(settings: &HttpSettings) -> Result<TcpListener, StartError> {
    let address = |ip: IpAddr| SocketAddr::new(ip, settings.port);
    let bound = match settings.bind {
        Some(ip) => bind(address(ip)),
        // Some containers have no IPv6 at all.
        None => bind(address(Ipv6Addr::UNSPECIFIED.into())).or_else(|error| {
            let absent = matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::AddrNotAvailable)
                || error.raw_os_error().is_some();
            if absent && error.kind() != io::ErrorKind::AddrInUse {
                bind(address(Ipv4Addr::UNSPECIFIED.into()))
            } else {
                Err(error)
            }
        }),
    };
    bound.map_err(|error| StartError::Io(format!("port {}", settings.port), error))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A server that was stopped a moment ago leaves connections behind that would block its port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

//! A thousand mailboxes at the simulator's Google: how long until all of them were read, how long until what is new is there, and what memory
//! and connections that takes.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use comms_core::{
    AccountId, ChannelKind, OrganizationId, Secret, SystemClock, UserId,
    history::{DatabaseSettings, Organization, open},
};
use comms_engine::{Credentials, NewCredential};
use comms_server::config::{EncryptionSettings, GMAIL_PUSH};
use comms_simulator::{
    Config, Simulator,
    google::{CLIENT_ID, CLIENT_SECRET, GivenGrant, Letter, Mailbox, PUSH_ACCOUNT, TOPIC},
};

use crate::{
    Options,
    database::Target,
    figure, ms,
    process::{Postmaster, Process},
    quantile, server,
};

const MAILBOXES: usize = 1_000;
/// What is in each of them when it is connected.
const LETTERS: usize = 3;
/// How many single mails are timed.
const TIMED: usize = 200;
const PATIENCE: Duration = Duration::from_secs(300);
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const AUDIENCE: &str = "https://bench.example.com/push";

/// Reads them.
pub async fn run(options: &Options) {
    if !options.engines().any(|engine| engine == "postgres") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(target) = Target::create("postgres", folder.path(), "mailboxes").await else {
        return;
    };
    let Target::Postgres(address) = &target else { return };
    connect(address).await;
    let simulator = simulator();
    for number in 0..MAILBOXES * LETTERS {
        write(&simulator, number % MAILBOXES);
    }
    let started = Instant::now();
    let server = start(&target, folder.path(), &simulator);
    let (before, postgres) = (server.cpu(), Postmaster::of(address).await);
    let database_before = postgres.cpu();
    let mut bench = Bench { database: reader(address).await, simulator, server, mails: 0, most_sockets: 0 };
    bench.until(MAILBOXES * LETTERS).await;
    let took = started.elapsed();
    figure("mailboxes.first.seconds", took.as_secs_f64());
    figure("mailboxes.first.mailboxes.per_second", MAILBOXES as f64 / took.as_secs_f64());
    let cpu = (bench.server.cpu() - before) + (postgres.cpu() - database_before);
    figure("mailboxes.first.mail.cpu_ms", ms(cpu) / (MAILBOXES * LETTERS) as f64);
    figure("mailboxes.tokens", bench.calls("google.oauth.token") as f64);

    bench.watched().await;
    let began = Instant::now();
    for number in 0..MAILBOXES {
        write(&bench.simulator, number);
    }
    bench.until(MAILBOXES * (LETTERS + 1)).await;
    figure("mailboxes.all_at_once.seconds", began.elapsed().as_secs_f64());
    let mut latencies = bench.single().await;
    latencies.sort_unstable();
    figure("mailboxes.new.p50_ms", ms(quantile(&latencies, 0.5)));
    figure("mailboxes.new.p99_ms", ms(quantile(&latencies, 0.99)));
    figure("mailboxes.peak_mb", bench.server.peak_memory_mb());
    figure("mailboxes.most_sockets", bench.most_sockets as f64);
}

fn mailbox(number: usize) -> String {
    format!("vendedor{number}@example.com")
}

fn refresh_token(number: usize) -> String {
    format!("1//simulated-{number}")
}

fn simulator() -> Simulator {
    let mut config = Config::default();
    let google = &mut config.google;
    for number in 0..MAILBOXES {
        let account = mailbox(number);
        google.mailboxes.push(Mailbox { address: account.clone(), ..Mailbox::default() });
        google.grants.push(GivenGrant {
            refresh_token: refresh_token(number),
            client_id: CLIENT_ID.to_owned(),
            account,
            scopes: vec![MODIFY.to_owned()],
        });
    }
    google.set_push_audience(AUDIENCE);
    Simulator::start(config).unwrap()
}

fn write(simulator: &Simulator, number: usize) {
    let letter = Letter::new("ana@example.net", &mailbox(number), "Consulta", "¿Sigue en venta?");
    simulator.google().write(letter).unwrap();
}

/// Each seller gave permission for a mailbox. No server has run yet: one that is killed keeps its turns until their leases end.
async fn connect(address: &str) {
    let clock = Arc::new(SystemClock);
    let repository = open(DatabaseSettings::parse(address).unwrap(), clock.clone()).await.unwrap();
    repository.migrate().await.unwrap();
    let organization = OrganizationId::from("principal");
    let own = Organization { id: organization.clone(), name: "Principal".to_owned() };
    repository.put_organization(&own).await.unwrap();
    let encryption = EncryptionSettings { key: Some(Secret::from(KEY)), ..EncryptionSettings::default() };
    let credentials = Credentials::new(Arc::clone(&repository), encryption.vault(), clock, []);
    for number in 0..MAILBOXES {
        let new = NewCredential {
            organization: organization.clone(),
            owner: UserId::from(number.to_string().as_str()),
            provider: "google".to_owned(),
            account: AccountId::of("gmail", &mailbox(number)),
            channel: ChannelKind::Email,
            scopes: [MODIFY.to_owned()].into(),
            secret: Secret::from(refresh_token(number)),
            access: None,
            ends_at: None,
        };
        credentials.connect(new).await.unwrap();
    }
    repository.close().await;
}

fn start(target: &Target, folder: &Path, simulator: &Simulator) -> Process {
    let mut command = server::command(target, folder);
    let certs = format!("{}/oauth2/v3/certs", simulator.url());
    let server = Process::start(command.envs([
        ("GOOGLE_CLIENT_ID", CLIENT_ID),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_API_BASE", simulator.url()),
        ("GOOGLE_CERTS_URI", certs.as_str()),
        ("GMAIL_PUBSUB_TOPIC", TOPIC),
        ("GMAIL_PUSH_SERVICE_ACCOUNT", PUSH_ACCOUNT),
        ("GMAIL_PUSH_AUDIENCE", AUDIENCE),
        ("GMAIL_STRANGERS", "true"),
        ("COMMS_ENCRYPTION_KEY", KEY),
        ("FRONTEND_URL", "https://app.example.com/correo"),
    ]));
    let endpoint = format!("http://127.0.0.1:{}{GMAIL_PUSH}", server.port);
    simulator.configure(|config| config.google.set_push_endpoint(&endpoint));
    server
}

/// A connection that is kept: a new one for each look would cost more than what is measured.
async fn reader(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

struct Bench {
    database: tokio_postgres::Client,
    simulator: Simulator,
    server: Process,
    /// How many mails are in the history.
    mails: usize,
    /// The most connections and other sockets that the server had at any look.
    most_sockets: usize,
}

impl Bench {
    /// Waits until so many mails are in the history.
    async fn until(&mut self, mails: usize) {
        let began = Instant::now();
        while self.mails < mails {
            assert!(began.elapsed() < PATIENCE, "{} of {mails} mails after {PATIENCE:?}", self.mails);
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.look().await;
        }
        assert_eq!(self.mails, mails, "a mail is there twice");
    }

    async fn look(&mut self) {
        let row = self.database.query_one("SELECT count(*) FROM comunicaciones", &[]).await.unwrap();
        self.mails = usize::try_from(row.get::<_, i64>(0)).unwrap();
        self.most_sockets = self.most_sockets.max(sockets(self.server.id()));
    }

    /// Waits until Google tells of what changes in every mailbox.
    async fn watched(&self) {
        let began = Instant::now();
        while self.calls("google.watch") < MAILBOXES {
            assert!(began.elapsed() < PATIENCE, "the mailboxes are not watched");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn calls(&self, endpoint: &str) -> usize {
        let received = self.simulator.ledger().received();
        received.iter().filter(|call| call.endpoint.as_deref() == Some(endpoint)).count()
    }

    /// How long one mail takes, from Google's inbox to the history.
    async fn single(&mut self) -> Vec<Duration> {
        let mut latencies = Vec::new();
        for number in 0..TIMED {
            let wanted = self.mails + 1;
            let began = Instant::now();
            write(&self.simulator, (number * 7) % MAILBOXES);
            self.until(wanted).await;
            latencies.push(began.elapsed());
        }
        latencies
    }
}

/// How many sockets a process has.
fn sockets(pid: u32) -> usize {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return 0 };
    let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

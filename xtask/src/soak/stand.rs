//! The processes of a scenario: the simulator, one or more servers on one database, and how they are killed and come back.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde_json::Value;

pub(super) use super::controls::post;
use super::{controls, fleet::Fleet, scenario::Context, sql::Sql};
use crate::{e2e, service::Service, shell};

/// The server with leases of seconds; what it may be told by its environment is said in its source.
const SERVER: &str = "soak_server";
/// The user in whose name all is done.
const USER: &str = "7";
/// How long a server may take to be well again.
const RECOVERY: Duration = Duration::from_secs(60);

/// What is unlike the usual.
pub(super) struct Setup {
    pub(super) servers: usize,
    /// What the servers are told.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// What is done to the database first: words of the example `soak_database`.
    pub(super) database: &'static [&'static str],
    /// Whether there are [errands](super::errands) as well.
    pub(super) errands: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { servers: 1, environment: &[], database: &[], errands: false }
    }
}

/// What runs, and where.
pub(super) struct Stand<'a> {
    context: &'a Context<'a>,
    fleet: Fleet,
    simulator: Service,
    pub(super) database: String,
    setup: Setup,
    pub(super) token: String,
}

impl<'a> Stand<'a> {
    /// Starts the simulator and the servers on an empty database of PostgreSQL.
    pub(super) fn start(context: &'a Context<'a>, setup: Setup) -> Result<Self> {
        let ports = (0..setup.servers).map(|_| shell::free_port()).collect::<Result<Vec<_>>>()?;
        let fleet = Fleet::on(&ports)?;
        let simulator = simulator(context, fleet.folder.path(), ports[0])?;
        let database = context.database(&format!("soak_{}", ports[0]))?;
        let mut stand = Self { context, fleet, simulator, database, setup, token: String::new() };
        stand.token = shell::output(stand.program(SERVER, 0)?.args(["token", USER]))?.trim().to_owned();
        shell::output(stand.program("comms-server", 0)?.arg("migrate"))?;
        for word in stand.setup.database {
            context.on_database(&[word, &stand.database])?;
        }
        for at in 0..ports.len() {
            stand.start_server(at)?;
        }
        Ok(stand)
    }

    /// Where a server answers.
    pub(super) fn url(&self, at: usize) -> String {
        self.fleet.url(at)
    }

    /// Where all of them do.
    pub(super) fn urls(&self) -> Vec<String> {
        (0..self.fleet.count()).map(|at| self.url(at)).collect()
    }

    /// Where the simulator answers.
    pub(super) fn simulator(&self) -> String {
        self.simulator.url()
    }

    pub(super) fn start_server(&mut self, at: usize) -> Result<()> {
        let mut serve = self.program(SERVER, at)?;
        self.fleet.start(at, &mut serve)
    }

    /// Starts a server that is told something for this life, without waiting for it: it may end before it listens.
    pub(super) fn spawn_told(&mut self, at: usize, told: &[(&str, &str)]) -> Result<()> {
        let mut serve = self.program(SERVER, at)?;
        serve.envs(told.iter().copied());
        self.fleet.spawn(at, &mut serve)
    }

    /// `kill -9`.
    pub(super) fn kill_server(&mut self, at: usize) {
        self.fleet.kill(at);
    }

    /// Whether a server is no more, though nobody killed it.
    pub(super) fn has_ended(&mut self, at: usize) -> Result<bool> {
        self.fleet.has_ended(at)
    }

    /// Sends a signal to a server, by name.
    pub(super) fn signal(&self, at: usize, signal: &str) -> Result<()> {
        self.fleet.signal(at, signal)
    }

    /// The file of the mailbox that the servers read.
    pub(super) fn mailbox(&self) -> PathBuf {
        self.fleet.folder.path().join("mailbox")
    }

    /// The database, for somebody who works beside the scenario.
    pub(super) fn sql(&self) -> Result<Sql> {
        Sql::on(self.context, &self.database)
    }

    /// The names of the places at which a server can be made to end: those of a group, or those of none.
    pub(super) fn failpoints(&self, group: &[&str]) -> Result<Vec<String>> {
        let names = shell::output(self.program(SERVER, 0)?.arg("failpoints").args(group))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Waits until a server says that it is well; how long after `since`.
    pub(super) fn wait_well(&self, at: usize, since: Instant) -> Result<Duration> {
        shell::wait_until("a server's health", RECOVERY, || Ok(self.is_well(at)))?;
        Ok(since.elapsed())
    }

    /// Whether a server says that it is well.
    pub(super) fn is_well(&self, at: usize) -> bool {
        let answer = minreq::get(format!("{}/health", self.url(at))).with_timeout(2).send();
        answer.is_ok_and(|answer| answer.status_code == 200)
    }

    /// Lets something go wrong at the providers, in the simulator's words.
    pub(super) fn inject(&self, rule: &Value) -> Result<()> {
        self.control("faults", rule).map(drop)
    }

    /// Lets nothing go wrong any more.
    pub(super) fn clear_faults(&self) -> Result<()> {
        controls::clear_faults(&self.simulator())
    }

    /// Posts to one of the simulator's controls.
    pub(super) fn control(&self, path: &str, body: &Value) -> Result<Value> {
        controls::tell(&self.simulator(), path, body)
    }

    /// A list of the simulator's ledger, whole.
    pub(super) fn ledger(&self, list: &str) -> Result<Vec<Value>> {
        Ok(controls::ledger(&self.simulator(), list, 0)?.0)
    }

    /// The end of what each server printed in its last life.
    pub(super) fn printed(&self) -> String {
        self.fleet.printed()
    }

    /// One of our programs, set up as this server.
    pub(super) fn program(&self, name: &str, at: usize) -> Result<Command> {
        let mut command = self.context.command(name, self.fleet.folder.path())?;
        command
            .env("PORT", self.fleet.port(at).to_string())
            .env("BIND_ADDRESS", "127.0.0.1")
            .env("PUBLIC_BASE_URL", self.url(0))
            .env("DATABASE_URL", &self.database)
            .env("DATABASE_WRITERS", "2")
            .env("COMMS_DATA_DIR", self.fleet.folder.path().join("data"))
            .env("WHATSAPP_API_BASE", self.simulator.url())
            .env("TWILIO_API_BASE", self.simulator.url())
            .env("ELEVENLABS_API_BASE", self.simulator.url())
            .env("WHATSAPP_OWNER_ID", USER)
            .env("TWILIO_OWNER_ID", USER)
            .env("RATE_LIMIT_PER_MINUTE", "600000")
            .envs(e2e::META.iter().chain(e2e::TWILIO).copied().chain([e2e::JWT_SECRET]))
            .envs(self.setup.environment.iter().copied());
        if self.setup.errands {
            command
                .env("SOAK_MAILBOX", self.mailbox())
                .env("WEBHOOKS_ALLOW", "127.0.0.1")
                .env("COMMS_ENCRYPTION_KEY", format!("{:064x}", self.context.seed))
                .env("RETENTION_WEBHOOKS_DAYS", "1");
        }
        Ok(command)
    }
}

/// Providers whose people answer nothing and whose statuses come soon.
fn simulator(context: &Context<'_>, folder: &Path, server: u16) -> Result<Service> {
    let port = shell::free_port()?;
    let base = format!("http://127.0.0.1:{server}/api/comunicaciones/webhook");
    let mut command = context.command("comms-simulator", folder)?;
    command
        .args(["serve", "--port", &port.to_string(), "--seed", &context.seed.to_string()])
        .args(["--callback-url", &format!("{base}/whatsapp")])
        // Twilio asks again where it is told so.
        .args(["--twilio-messaging-url", &format!("{base}/sms#rc=5&rp=all")]);
    Service::start(&mut command, port, &folder.join("simulator.log"))
}

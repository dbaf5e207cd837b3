//! The processes of a scenario: the simulator, one or more servers on one database, and how they are killed and come back.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::scenario::Context;
use crate::{e2e, service::Service, shell};

/// The server with leases of seconds; what it may be told by its environment is said in its source.
const SERVER: &str = "soak_server";
/// The user in whose name all is done.
const USER: &str = "7";
/// How long a server may take to be well again.
const RECOVERY: Duration = Duration::from_secs(60);
/// How long one call of the simulator's controls may take, in seconds.
const ANSWER: u64 = 30;
/// How many entries one page of its ledger has.
const PAGE: usize = 10_000;
/// How many lines of a server's log are shown where a scenario cannot go on.
const SHOWN: usize = 20;

/// What is unlike the usual.
pub(super) struct Setup {
    pub(super) servers: usize,
    /// What the servers are told.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// What is done to the database first: words of the example `soak_database`.
    pub(super) database: &'static [&'static str],
}

impl Default for Setup {
    fn default() -> Self {
        Self { servers: 1, environment: &[], database: &[] }
    }
}

/// What runs, and where.
pub(super) struct Stand<'a> {
    context: &'a Context<'a>,
    folder: TempDir,
    simulator: Service,
    pub(super) database: String,
    ports: Vec<u16>,
    servers: Vec<Option<Service>>,
    setup: Setup,
    pub(super) token: String,
    lives: u32,
}

impl<'a> Stand<'a> {
    /// Starts the simulator and the servers on an empty database of PostgreSQL.
    pub(super) fn start(context: &'a Context<'a>, setup: Setup) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let ports = (0..setup.servers).map(|_| shell::free_port()).collect::<Result<Vec<_>>>()?;
        let simulator = simulator(context, folder.path(), ports[0])?;
        let database = context.database(&format!("soak_{}", ports[0]))?;
        let mut stand = Self {
            context,
            folder,
            simulator,
            database,
            servers: ports.iter().map(|_| None).collect(),
            ports,
            setup,
            token: String::new(),
            lives: 0,
        };
        stand.token = shell::output(stand.program(SERVER, 0)?.args(["token", USER]))?.trim().to_owned();
        shell::output(stand.program("comms-server", 0)?.arg("migrate"))?;
        for word in stand.setup.database {
            context.on_database(&[word, &stand.database])?;
        }
        for at in 0..stand.ports.len() {
            stand.start_server(at)?;
        }
        Ok(stand)
    }

    /// Where a server answers.
    pub(super) fn url(&self, at: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[at])
    }

    /// Where all of them do.
    pub(super) fn urls(&self) -> Vec<String> {
        (0..self.ports.len()).map(|at| self.url(at)).collect()
    }

    /// Where the simulator answers.
    pub(super) fn simulator(&self) -> String {
        self.simulator.url()
    }

    pub(super) fn start_server(&mut self, at: usize) -> Result<()> {
        let log = self.log();
        self.servers[at] = Some(Service::start(&mut self.program(SERVER, at)?, self.ports[at], &log)?);
        Ok(())
    }

    /// Starts a server that is told something for this life, without waiting for it: it may end before it listens.
    pub(super) fn spawn_told(&mut self, at: usize, told: &[(&str, &str)]) -> Result<()> {
        let log = self.log();
        let mut serve = self.program(SERVER, at)?;
        serve.envs(told.iter().copied());
        self.servers[at] = Some(Service::spawn(&mut serve, self.ports[at], &log)?);
        Ok(())
    }

    /// The names of the places at which a server can be made to end.
    pub(super) fn failpoints(&self) -> Result<Vec<String>> {
        let names = shell::output(self.program(SERVER, 0)?.arg("failpoints"))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Each life of a server has a file for what it prints.
    fn log(&mut self) -> PathBuf {
        self.lives += 1;
        self.folder.path().join(format!("server-{}.log", self.lives))
    }

    /// `kill -9`.
    pub(super) fn kill_server(&mut self, at: usize) {
        // Dropping it sends SIGKILL.
        self.servers[at] = None;
    }

    /// Whether a server is no more, though nobody killed it.
    pub(super) fn has_ended(&mut self, at: usize) -> Result<bool> {
        self.servers[at].as_mut().map_or(Ok(true), Service::has_ended)
    }

    /// Sends a signal to a server, by name.
    pub(super) fn signal(&self, at: usize, signal: &str) -> Result<()> {
        let server = self.servers[at].as_ref().context("the server does not run")?;
        let pid = server.id().to_string();
        shell::output(shell::command("kill", Path::new("/")).args([&format!("-{signal}"), &pid])).map(drop)
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
        let answer = minreq::delete(format!("{}/_simulator/faults", self.simulator.url())).with_timeout(ANSWER).send();
        ensure!(answer?.status_code == 200, "the simulator keeps its faults");
        Ok(())
    }

    /// Posts to one of the simulator's controls.
    pub(super) fn control(&self, path: &str, body: &Value) -> Result<Value> {
        post(&format!("{}/_simulator/{path}", self.simulator.url()), body)
    }

    /// A list of the simulator's ledger, whole.
    pub(super) fn ledger(&self, list: &str) -> Result<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let address = format!("{}/_simulator/ledger?list={list}&after={after}&limit={PAGE}", self.simulator.url());
            let answer = minreq::get(address).with_timeout(ANSWER).send().context("the simulator does not answer")?;
            let mut page: Value = serde_json::from_slice(answer.as_bytes()).context("the simulator's ledger")?;
            let next = page["next"].as_u64().context("a page has a next one")?;
            let Some(entries) = page["entries"].as_array_mut().filter(|entries| !entries.is_empty()) else {
                return Ok(all);
            };
            all.append(entries);
            after = next;
        }
    }

    /// The end of what each server printed in its last life.
    pub(super) fn printed(&self) -> String {
        let mut all = String::new();
        for (at, server) in self.servers.iter().enumerate() {
            let printed = server.as_ref().map(Service::printed).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            all += &format!("server {at} printed last:\n{last}\n");
        }
        all
    }

    /// One of our programs, set up as this server.
    pub(super) fn program(&self, name: &str, at: usize) -> Result<Command> {
        let mut command = self.context.command(name, self.folder.path())?;
        command
            .env("PORT", self.ports[at].to_string())
            .env("BIND_ADDRESS", "127.0.0.1")
            .env("PUBLIC_BASE_URL", self.url(0))
            .env("DATABASE_URL", &self.database)
            .env("DATABASE_WRITERS", "2")
            .env("COMMS_DATA_DIR", self.folder.path().join("data"))
            .env("WHATSAPP_API_BASE", self.simulator.url())
            .env("TWILIO_API_BASE", self.simulator.url())
            .env("WHATSAPP_OWNER_ID", USER)
            .env("TWILIO_OWNER_ID", USER)
            .env("RATE_LIMIT_PER_MINUTE", "600000")
            .envs(e2e::META.iter().chain(e2e::TWILIO).copied().chain([e2e::JWT_SECRET]))
            .envs(self.setup.environment.iter().copied());
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

/// Posts JSON and takes JSON.
pub(super) fn post(url: &str, body: &Value) -> Result<Value> {
    let request =
        minreq::post(url).with_header("Content-Type", "application/json").with_body(serde_json::to_vec(body)?);
    let response = request.with_timeout(ANSWER).send().context("the simulator does not answer")?;
    let text = response.as_str().unwrap_or_default();
    ensure!((200..300).contains(&response.status_code), "{url} answers {}: {text}", response.status_code);
    Ok(serde_json::from_str(text).unwrap_or(json!(null)))
}

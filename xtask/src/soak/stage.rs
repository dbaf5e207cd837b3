//! A simulator, servers on one database, and the gate before them.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use super::{gate::Gate, scenario::Context};
use crate::{e2e, service::Service, shell};

/// How long one call of the simulator's controls may take, in seconds.
const ANSWER: u64 = 60;
/// How many lines of a server's log are shown where a part cannot go on.
const SHOWN: usize = 20;

/// Where a part plays.
pub(super) struct Stage<'a> {
    context: &'a Context<'a>,
    pub(super) folder: TempDir,
    pub(super) database: String,
    pub(super) simulator: Service,
    /// Before all servers; webhooks come through it.
    pub(super) gate: Gate,
    servers: Vec<Server>,
    /// Further variables of the servers.
    variables: Vec<(String, String)>,
    program: &'static str,
    lives: u32,
}

struct Server {
    port: u16,
    /// Absent where it was killed.
    running: Option<Service>,
}

impl<'a> Stage<'a> {
    /// A simulator, an empty database on the campaign's PostgreSQL server with our tables, and so many servers that are not
    /// started yet.
    pub(super) fn set(context: &'a Context<'a>, name: &str, servers: usize) -> Result<Self> {
        let ports = (0..servers).map(|_| shell::free_port()).collect::<Result<Vec<_>>>()?;
        let gate = Gate::before(&ports)?;
        let database = context.database(&format!("{name}_{}", gate.port()))?;
        Self::set_on(context, database, gate, &ports)
    }

    /// The same on a database that is there, behind a gate of one's own.
    pub(super) fn set_on(context: &'a Context<'a>, database: String, gate: Gate, ports: &[u16]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let callback = format!("{}/api/comunicaciones/webhook/whatsapp", gate.url());
        let simulator = e2e::simulator(context.shared.programs, folder.path(), Some(&callback))?;
        let servers = ports.iter().map(|port| Server { port: *port, running: None }).collect();
        let stage = Self {
            context,
            folder,
            database,
            simulator,
            gate,
            servers,
            variables: Vec::new(),
            program: "comms-server",
            lives: 0,
        };
        shell::output(stage.command("comms-server", 0)?.arg("migrate"))?;
        Ok(stage)
    }

    /// Sets a variable of the servers.
    pub(super) fn variable(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Further accounts of the first organisation, by their numbers at Meta.
    pub(super) fn accounts(&self, numbers: &[String]) -> Result<()> {
        let accounts: String = numbers
            .iter()
            .map(|number| format!("[[accounts]]\nchannel = \"whatsapp\"\nnumber = \"{number}\"\nowner = \"7\"\n\n"))
            .collect();
        std::fs::write(self.folder.path().join("comms.toml"), accounts).context("the servers' file")
    }

    /// Lets the servers have the campaign's time-outs: seconds instead of minutes.
    pub(super) fn hurry(&mut self) {
        self.program = "soak_server";
    }

    pub(super) fn start_all(&mut self) -> Result<()> {
        (0..self.servers.len()).try_for_each(|at| self.start(at))
    }

    pub(super) fn start(&mut self, at: usize) -> Result<()> {
        let port = self.servers[at].port;
        let mut serve = self.command(self.program, port)?;
        if self.program == "comms-server" {
            serve.arg("serve");
        }
        self.lives += 1;
        let log = self.folder.path().join(format!("server-{}.log", self.lives));
        self.servers[at].running = Some(Service::start(&mut serve, port, &log)?);
        Ok(())
    }

    /// Sends SIGKILL.
    pub(super) fn kill(&mut self, at: usize) {
        self.servers[at].running = None;
    }

    pub(super) fn kill_all(&mut self) {
        (0..self.servers.len()).for_each(|at| self.kill(at));
    }

    /// The end of what each server printed in its last life.
    pub(super) fn printed(&self) -> String {
        let logs = self.servers.iter().filter_map(|server| server.running.as_ref()).map(|server| {
            let printed = server.printed();
            let lines: Vec<&str> = printed.lines().collect();
            lines[lines.len().saturating_sub(SHOWN)..].join("\n")
        });
        format!("the servers printed last:\n{}", logs.collect::<Vec<_>>().join("\n---\n"))
    }

    /// A user's token.
    pub(super) fn token(&self, user: &str) -> Result<String> {
        Ok(shell::output(self.command("soak_server", 0)?.args(["token", user]))?.trim().to_owned())
    }

    /// One of our programs, set up as a server.
    pub(super) fn command(&self, name: &str, port: u16) -> Result<Command> {
        let mut command = self.context.command(name, self.folder.path())?;
        command
            .env("PORT", port.to_string())
            .env("DATABASE_URL", &self.database)
            .env("WHATSAPP_API_BASE", self.simulator.url())
            .env("WHATSAPP_OWNER_ID", "7")
            .envs(e2e::META.iter().copied().chain([e2e::JWT_SECRET]))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Changes the simulator's configuration.
    pub(super) fn configure(&self, patch: &Value) -> Result<()> {
        self.tell("config", patch).map(|_: Value| ())
    }

    /// Tells the simulator something, by the path below `/_simulator/`.
    pub(super) fn tell<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        tell(&self.simulator.url(), path, body)
    }

    /// Asks the simulator something, in the same way.
    pub(super) fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        answer(minreq::get(format!("{}/_simulator/{path}", self.simulator.url())))
    }

    /// The first column of a query, row by row.
    pub(super) fn query(&self, sql: &str) -> Result<Vec<String>> {
        let printed = self.context.on_database(&["texts", &self.database, sql])?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    /// Removes the database: the disk is not for those of all parts.
    pub(super) fn drop_database(&self) -> Result<()> {
        let (server, name) = self.database.rsplit_once('/').context("an address has a path")?;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        self.context.on_database(&["execute", &format!("{server}/postgres"), &drop]).map(|_| ())
    }

    /// Waits until a condition of the database holds: a query that answers `true`.
    pub(super) fn wait_for(&self, what: &str, limit: Duration, sql: &str) -> Result<()> {
        shell::wait_until(what, limit, || Ok(self.query(sql)? == ["true"]))
    }
}

/// Tells a simulator something, by the path below `/_simulator/`.
pub(super) fn tell<T: DeserializeOwned>(simulator: &str, path: &str, body: &Value) -> Result<T> {
    let request = minreq::post(format!("{simulator}/_simulator/{path}"))
        .with_header("Content-Type", "application/json")
        .with_body(serde_json::to_vec(body)?);
    answer(request)
}

fn answer<T: DeserializeOwned>(request: minreq::Request) -> Result<T> {
    let response = request.with_timeout(ANSWER).send().context("the simulator does not answer")?;
    ensure!(
        (200..300).contains(&response.status_code),
        "the simulator answers {}: {}",
        response.status_code,
        response.as_str().unwrap_or_default()
    );
    serde_json::from_slice(response.as_bytes()).context("the simulator's answer")
}

//! A simulator, servers on one database, and the gate before them.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{controls, fleet::Fleet, gate::Gate, scenario::Context};
use crate::{e2e, service::Service, shell};

/// Where a part plays.
pub(super) struct Stage<'a> {
    context: &'a Context<'a>,
    fleet: Fleet,
    pub(super) database: String,
    pub(super) simulator: Service,
    /// Before all servers; webhooks come through it.
    pub(super) gate: Gate,
    /// Further variables of the servers.
    variables: Vec<(String, String)>,
    program: &'static str,
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
        let fleet = Fleet::on(ports)?;
        let callback = format!("{}/api/comunicaciones/webhook/whatsapp", gate.url());
        let simulator = e2e::simulator(context.shared.programs, fleet.folder.path(), Some(&callback))?;
        let variables = Vec::new();
        let stage = Self { context, fleet, database, simulator, gate, variables, program: "comms-server" };
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
        std::fs::write(self.folder().join("comms.toml"), accounts).context("the servers' file")
    }

    /// Lets the servers have the campaign's time-outs: seconds instead of minutes.
    pub(super) fn hurry(&mut self) {
        self.program = "soak_server";
    }

    /// Where the servers and whoever is beside them keep their files.
    pub(super) fn folder(&self) -> &Path {
        self.fleet.folder.path()
    }

    pub(super) fn start_all(&mut self) -> Result<()> {
        (0..self.fleet.count()).try_for_each(|at| self.start(at))
    }

    pub(super) fn start(&mut self, at: usize) -> Result<()> {
        let mut serve = self.command(self.program, self.fleet.port(at))?;
        if self.program == "comms-server" {
            serve.arg("serve");
        }
        self.fleet.start(at, &mut serve)
    }

    /// Sends SIGKILL.
    pub(super) fn kill(&mut self, at: usize) {
        self.fleet.kill(at);
    }

    pub(super) fn kill_all(&mut self) {
        self.fleet.kill_all();
    }

    /// The end of what each server printed in its last life.
    pub(super) fn printed(&self) -> String {
        self.fleet.printed()
    }

    /// A user's token.
    pub(super) fn token(&self, user: &str) -> Result<String> {
        Ok(shell::output(self.command("soak_server", 0)?.args(["token", user]))?.trim().to_owned())
    }

    /// One of our programs, set up as a server.
    pub(super) fn command(&self, name: &str, port: u16) -> Result<Command> {
        let mut command = self.context.command(name, self.folder())?;
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
        controls::tell(&self.simulator.url(), path, body)
    }

    /// Asks the simulator something, in the same way.
    pub(super) fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        controls::ask(&self.simulator.url(), path)
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

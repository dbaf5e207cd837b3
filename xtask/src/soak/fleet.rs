//! The servers of a scenario: their folder, their ports, and how they are started, killed and started again.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{service::Service, shell};

/// How many lines of a server's log are shown where a scenario cannot go on.
const SHOWN: usize = 20;

/// Servers that share a folder.
pub(super) struct Fleet {
    pub(super) folder: TempDir,
    servers: Vec<Server>,
    lives: u32,
}

struct Server {
    port: u16,
    /// Absent where it was killed.
    running: Option<Service>,
}

impl Fleet {
    /// Servers on these ports, none of which is started.
    pub(super) fn on(ports: &[u16]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let servers = ports.iter().map(|port| Server { port: *port, running: None }).collect();
        Ok(Self { folder, servers, lives: 0 })
    }

    pub(super) fn count(&self) -> usize {
        self.servers.len()
    }

    pub(super) fn port(&self, at: usize) -> u16 {
        self.servers[at].port
    }

    /// Where a server answers.
    pub(super) fn url(&self, at: usize) -> String {
        format!("http://127.0.0.1:{}", self.port(at))
    }

    /// Starts a server and waits until it listens.
    pub(super) fn start(&mut self, at: usize, command: &mut Command) -> Result<()> {
        let log = self.log();
        let server = &mut self.servers[at];
        server.running = Some(Service::start(command, server.port, &log)?);
        Ok(())
    }

    /// Starts a server without waiting for it: it may end before it listens.
    pub(super) fn spawn(&mut self, at: usize, command: &mut Command) -> Result<()> {
        let log = self.log();
        let server = &mut self.servers[at];
        server.running = Some(Service::spawn(command, server.port, &log)?);
        Ok(())
    }

    /// Each life of a server has a file for what it prints.
    fn log(&mut self) -> PathBuf {
        self.lives += 1;
        self.folder.path().join(format!("server-{}.log", self.lives))
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self, at: usize) {
        // Dropping it sends SIGKILL.
        self.servers[at].running = None;
    }

    pub(super) fn kill_all(&mut self) {
        (0..self.servers.len()).for_each(|at| self.kill(at));
    }

    /// Whether a server is no more, though nobody killed it.
    pub(super) fn has_ended(&mut self, at: usize) -> Result<bool> {
        self.servers[at].running.as_mut().map_or(Ok(true), Service::has_ended)
    }

    /// Sends a signal to a server, by name.
    pub(super) fn signal(&self, at: usize, signal: &str) -> Result<()> {
        let server = self.servers[at].running.as_ref().context("the server does not run")?;
        let pid = server.id().to_string();
        shell::output(shell::command("kill", Path::new("/")).args([&format!("-{signal}"), &pid])).map(drop)
    }

    /// The end of what each server printed in its last life.
    pub(super) fn printed(&self) -> String {
        let mut all = String::new();
        for (at, server) in self.servers.iter().enumerate() {
            let printed = server.running.as_ref().map(Service::printed).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            all += &format!("server {at} printed last:\n{last}\n");
        }
        all
    }
}

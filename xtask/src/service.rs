//! A server of ours, started for tests and stopped with them.

use std::{
    fs::File,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::shell;

/// A running server on a port of the loopback address; ended on drop.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Service {
    /// Starts `command`, which is to listen on `port`, and waits until it does. What it prints goes to `log`.
    pub(crate) fn start(command: &mut Command, port: u16, log: &Path) -> Result<Self> {
        let mut service = Self::spawn(command, port, log)?;
        service.wait()?;
        Ok(service)
    }

    /// As [`start`](Self::start), without waiting for anything.
    pub(crate) fn spawn(command: &mut Command, port: u16, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child, port, log: log.to_owned() })
    }

    /// For instance `http://127.0.0.1:4000`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn wait(&mut self) -> Result<()> {
        let (address, printed) = (self.address(), self.log.clone());
        let child = &mut self.child;
        shell::wait_until("a server's start", Duration::from_secs(30), || {
            if let Some(status) = child.try_wait()? {
                let printed = std::fs::read_to_string(&printed).unwrap_or_default();
                bail!("the server ended at once ({status}):\n{printed}");
            }
            Ok(TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
        })
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It fails only where the server has ended already.
        if self.child.kill().is_ok()
            && let Err(error) = self.child.wait()
        {
            eprintln!("a server of the tests: {error}");
        }
    }
}

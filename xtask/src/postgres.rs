//! A private PostgreSQL server: in a folder of its own, on a free port of the loopback address, gone afterwards.

use std::{
    env, fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{shell, tools};

/// The variable that names the server of the tests: each of them creates databases of its own there.
pub(crate) const URL_VARIABLE: &str = "COMMS_TEST_DATABASE_URL";

/// A superuser of the private server; no password, as only this machine reaches it.
const USER: &str = "postgres";

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production; what benches and a crash test need.
    Honest,
    /// Quick, for tests that never pull the plug.
    Fast,
}

/// A running server, stopped and removed on drop, or by a guardian where this program is killed.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    owner: Option<u32>,
    port: u16,
    durability: Durability,
    guardian: Child,
}

impl Postgres {
    /// Creates a cluster and starts it; installs PostgreSQL first where it is missing and may be installed.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let programs = tools::postgres_programs()?;
        // The server refuses to run as root.
        let owner = if tools::is_root()? {
            Some(tools::user_id("postgres").or_else(|_| tools::user_id("nobody"))?)
        } else {
            None
        };
        let folder = tempfile::Builder::new()
            .prefix("comms-postgres-")
            .tempdir()
            .context("no temporary folder")?;
        chown(folder.path(), owner, None)?;
        let server = Self {
            guardian: guardian(folder.path())?,
            programs,
            folder,
            owner,
            port: shell::free_port()?,
            durability,
        };
        shell::output(
            server
                .program("initdb")
                .args([
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--no-sync",
                    "--username",
                    USER,
                ])
                .arg(server.data()),
        )?;
        server.launch()?;
        Ok(server)
    }

    /// The address of its maintenance database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Pulls the plug: no shutdown, no flush.
    pub(crate) fn kill9(&self) -> Result<()> {
        let pid_file = fs::read_to_string(self.data().join("postmaster.pid"))
            .context("the server is not running")?;
        let pid = pid_file
            .lines()
            .next()
            .context("postmaster.pid names no process")?;
        shell::output(shell::command("kill", Path::new("/")).args(["-9", pid]))?;
        shell::wait_until("the end of PostgreSQL", Duration::from_secs(10), || {
            Ok(!self.is_running())
        })
    }

    /// Starts it again, stopping it first where it runs; after [`kill9`](Self::kill9) it recovers from its log.
    pub(crate) fn restart(&self) -> Result<()> {
        if self.is_running() {
            self.stop()?;
        }
        // The children of a killed server let go of its memory one by one.
        shell::wait_until("PostgreSQL's restart", Duration::from_secs(60), || {
            Ok(self.launch().is_ok())
        })
    }

    /// Ends its sessions and shuts it down in order.
    pub(crate) fn stop(&self) -> Result<()> {
        self.control(&["stop", "--wait", "--mode=fast"])
    }

    fn launch(&self) -> Result<()> {
        let mut settings = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' -c max_connections=200",
            self.port
        );
        if self.durability == Durability::Fast {
            settings.push_str(" -c fsync=off -c synchronous_commit=off -c full_page_writes=off");
            // DROP DATABASE waits for a checkpoint under way, and one by the clock is spread over minutes.
            settings.push_str(" -c checkpoint_timeout=1h -c max_wal_size=8GB");
        }
        let log = self.folder.path().join("log");
        let started = self.control(&[
            "start",
            "--wait",
            "--log",
            &log.display().to_string(),
            "--options",
            &settings,
        ]);
        started.with_context(|| fs::read_to_string(&log).unwrap_or_default())
    }

    fn is_running(&self) -> bool {
        self.control(&["status"]).is_ok()
    }

    fn control(&self, arguments: &[&str]) -> Result<()> {
        // The server inherits standard output: a pipe would stay open as long as it runs.
        let status = self
            .program("pg_ctl")
            .arg("--pgdata")
            .arg(self.data())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("pg_ctl does not start")?;
        if !status.success() {
            bail!("pg_ctl {} failed", arguments.first().unwrap_or(&""));
        }
        Ok(())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = shell::command(self.programs.join(name), self.folder.path());
        if let Some(owner) = self.owner {
            command.uid(owner);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.is_running()
            && let Err(error) = self.stop()
        {
            eprintln!("the private PostgreSQL server is left to its guardian: {error:#}");
        }
        // Closing its input lets the guardian go; it removes what is left.
        drop(self.guardian.stdin.take());
        if let Err(error) = self.guardian.wait() {
            eprintln!("the guardian of the private PostgreSQL server: {error}");
        }
    }
}

/// The server of the tests: the one that the environment names, or a private one.
pub(crate) struct TestServer {
    url: String,
    _private: Option<Postgres>,
}

impl TestServer {
    pub(crate) fn find_or_start() -> Result<Self> {
        if let Ok(url) = env::var(URL_VARIABLE) {
            return Ok(Self {
                url,
                _private: None,
            });
        }
        let server = Postgres::start(Durability::Fast)?;
        Ok(Self {
            url: server.url(),
            _private: Some(server),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Waits until we are gone, however we go (its input closes), then ends the server and removes the folder.
/// A process group of its own keeps Ctrl-C away from it.
fn guardian(folder: &Path) -> Result<Child> {
    const SCRIPT: &str = r#"read -r _; pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; rm -rf "$0""#;
    shell::command("sh", Path::new("/"))
        .args(["-c", SCRIPT])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("sh does not start")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speaks to the server as a client would.
    fn query(server: &Postgres, sql: &str) -> Result<String> {
        shell::output(
            shell::command(server.programs.join("psql"), Path::new("/")).args([
                &server.url(),
                "-Atqc",
                sql,
            ]),
        )
    }

    #[test]
    fn what_was_committed_survives_a_killed_server() {
        let server = Postgres::start(Durability::Honest).unwrap();
        query(&server, "create table t (n int); insert into t values (7)").unwrap();
        server.kill9().unwrap();
        assert!(query(&server, "select 1").is_err(), "it still answers");
        server.restart().unwrap();
        assert_eq!(query(&server, "select n from t").unwrap(), "7\n");
    }

    #[test]
    fn nothing_is_left_behind() {
        let server = Postgres::start(Durability::Fast).unwrap();
        let folder = server.folder.path().to_owned();
        assert!(folder.exists());
        drop(server);
        assert!(!folder.exists());
    }
}

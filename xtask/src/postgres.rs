//! A private PostgreSQL server: in a folder of its own, on a free port of the loopback address, gone afterwards.

use std::{
    cell::RefCell,
    env,
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{shell, tools};

/// The variable that names the server of the tests: each of them creates databases of its own there.
pub(crate) const URL_VARIABLE: &str = "COMMS_TEST_DATABASE_URL";

/// A superuser of the private server; no password, as only this machine reaches it.
const USER: &str = "postgres";

/// How long it may take to start, to recover or to stop.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production; what benches and a crash test need.
    Honest,
    /// Quick, for tests that never pull the plug.
    Fast,
}

/// A running server, stopped and (unless it is kept) removed on drop, or by a guardian where this program is killed.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    /// Removes the folder of a server that is not kept.
    _temporary: Option<TempDir>,
    owner: Option<u32>,
    port: u16,
    durability: Durability,
    server: RefCell<Option<Child>>,
    guardian: Child,
}

impl Postgres {
    /// Creates a cluster and starts it; installs PostgreSQL first where it is missing and may be installed.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("comms-postgres-").tempdir().context("no temporary folder")?;
        Self::start_in(folder.path().to_owned(), Some(folder), durability)
    }

    /// Starts the cluster of this folder, which stays; creates it the first time.
    pub(crate) fn keep(folder: &Path, durability: Durability) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Self::start_in(folder.to_owned(), None, durability)
    }

    fn start_in(folder: PathBuf, temporary: Option<TempDir>, durability: Durability) -> Result<Self> {
        let programs = tools::postgres_programs()?;
        // The server refuses to run as root.
        let owner = if tools::is_root()? {
            Some(tools::user_id("postgres").or_else(|_| tools::user_id("nobody"))?)
        } else {
            None
        };
        chown(&folder, owner, None)?;
        let server = Self {
            guardian: guardian(&folder, temporary.is_some())?,
            programs,
            folder,
            _temporary: temporary,
            owner,
            port: shell::free_port()?,
            durability,
            server: RefCell::new(None),
        };
        if !server.data().join("PG_VERSION").exists() {
            shell::output(
                server
                    .program("initdb")
                    .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--username", USER])
                    .arg(server.data()),
            )?;
        }
        server.launch()?;
        Ok(server)
    }

    /// The address of its maintenance database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Pulls the plug: no shutdown, no flush.
    pub(crate) fn kill9(&self) -> Result<()> {
        let mut server = self.server.take().context("the server is not running")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Starts it again, stopping it first where it runs; after [`kill9`](Self::kill9) it recovers from its log.
    pub(crate) fn restart(&self) -> Result<()> {
        self.stop()?;
        let mut problem = String::new();
        // The children of a killed server let go of its memory one by one.
        let restarted = shell::wait_until("PostgreSQL's restart", LIMIT, || {
            let launched = self.launch();
            problem = launched.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
            Ok(launched.is_ok())
        });
        restarted.context(problem)
    }

    /// Ends its sessions and shuts it down in order, where it runs.
    pub(crate) fn stop(&self) -> Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let pid = server.id().to_string();
        shell::output(shell::command("kill", Path::new("/")).args(["-INT", &pid]))?;
        shell::wait_until("the end of PostgreSQL", LIMIT, || Ok(server.try_wait()?.is_some()))
    }

    /// Starts it as our own child and not by pg_ctl: a killed one is gone only once its parent has asked for it, and the
    /// first process of a container often never does.
    fn launch(&self) -> Result<()> {
        let log = self.folder.join("log");
        let output = File::create(&log)?;
        let mut server = self
            .program("postgres")
            .arg("-D")
            .arg(self.data())
            .args(self.settings())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C is for us to handle.
            .process_group(0)
            .spawn()
            .context("postgres does not start")?;
        let ready = shell::wait_until("PostgreSQL's start", LIMIT, || {
            ensure!(server.try_wait()?.is_none(), "PostgreSQL ended at once");
            Ok(self.is_ready(server.id()))
        });
        if let Err(error) = ready {
            server.kill()?;
            server.wait()?;
            return Err(error.context(fs::read_to_string(&log).unwrap_or_default()));
        }
        self.server.replace(Some(server));
        Ok(())
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            "max_connections=200".to_owned(),
        ];
        if self.durability == Durability::Fast {
            let quick = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
            // DROP DATABASE waits for a checkpoint under way, and one by the clock is spread over minutes.
            let rare = ["checkpoint_timeout=1h", "max_wal_size=8GB"];
            settings.extend(quick.iter().chain(&rare).map(ToString::to_string));
        }
        let options = settings.into_iter();
        options.flat_map(|one| ["-c".to_owned(), one]).collect()
    }

    /// Whether its own file says so: the first line names the process, the eighth its state.
    fn is_ready(&self, pid: u32) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = file.lines().map(str::trim);
        lines.next() == Some(&pid.to_string()) && lines.nth(6) == Some("ready")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = shell::command(self.programs.join(name), &self.folder);
        if let Some(owner) = self.owner {
            command.uid(owner);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
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
            return Ok(Self { url, _private: None });
        }
        let server = Postgres::start(Durability::Fast)?;
        Ok(Self { url: server.url(), _private: Some(server) })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Waits until we are gone, however we go (its input closes), then ends the server and, where it is not kept, removes the folder.
/// A process group of its own keeps Ctrl-C away from it.
fn guardian(folder: &Path, removes: bool) -> Result<Child> {
    const KEEPING: &str = r#"read -r _; pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid""#;
    const REMOVING: &str =
        r#"read -r _; pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; rm -rf "$0""#;
    shell::command("sh", Path::new("/"))
        .args(["-c", if removes { REMOVING } else { KEEPING }])
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
        shell::output(shell::command(server.programs.join("psql"), Path::new("/")).args([&server.url(), "-Atqc", sql]))
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
        let folder = server.folder.clone();
        assert!(folder.exists());
        drop(server);
        assert!(!folder.exists());
    }

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::Builder::new().prefix("comms-kept-").tempdir().unwrap();
        let server = Postgres::keep(folder.path(), Durability::Fast).unwrap();
        query(&server, "create table t (n int); insert into t values (7)").unwrap();
        drop(server);
        let server = Postgres::keep(folder.path(), Durability::Fast).unwrap();
        assert_eq!(query(&server, "select n from t").unwrap(), "7\n");
    }
}

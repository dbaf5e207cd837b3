//! PostgreSQL out of reach, slow, out of connections, out of disk: webhooks are answered 503 and never 200, nothing is lost, and the server
//! goes on by itself once the trouble is over.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::load::{Load, Plan};
use crate::{
    shell,
    soak::{
        gate::Gate,
        ledger::Ledger,
        scenario::{Context, Kind, Outcome, Scenario},
        stage::Stage,
    },
    tools,
};

/// How many elements a load has.
const ELEMENTS: u32 = 200;
/// How long a server may take to say 503: it tries for a few seconds first.
const NOTICES: Duration = Duration::from_secs(40);
/// How long a server may take to start.
const STARTS: Duration = Duration::from_secs(30);
/// How long each piece between server and database waits where it is slow.
const SLOW: Duration = Duration::from_millis(20);
/// The size of the disk that is full.
const DISK: &str = "size=48m";
/// The user as whom the server connects: not one for whom connections are kept.
const ROLE: &str = "soak_server";

/// The database fails in every way but one of its own.
pub(super) const DATABASE_FAULTS: Scenario = Scenario {
    name: "database-faults",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 10, 50),
    run: database_faults,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Away,
    Slow,
    NoConnections,
    DiskFull,
}

/// A server and its database, with a gate between them.
struct World<'a> {
    context: &'a Context<'a>,
    stage: Stage<'a>,
    gate: Gate,
    /// The database past the gate, as its owner.
    direct: String,
    disk: Option<Disk>,
    ledger: Ledger,
}

fn database_faults(context: &Context<'_>) -> Result<Outcome> {
    let mut world = World::begin(context)?;
    let mut troubles = vec![Trouble::Away, Trouble::Slow, Trouble::NoConnections];
    if world.disk.is_some() {
        troubles.push(Trouble::DiskFull);
    }
    context.random().shuffle(&mut troubles);
    let mut faults = Vec::new();
    for (at, trouble) in troubles.iter().enumerate() {
        let plan = Plan::new(format!("{trouble:?} {at} of {}", context.seed), ELEMENTS, 2, 3);
        let found = world.suffer(*trouble, &plan);
        faults.extend(found.with_context(|| format!("{trouble:?}: {}", world.stage.printed()))?);
    }
    let tried_all = world.disk.is_some();
    let mut outcome = world.end()?;
    outcome.faults.extend(faults);
    outcome.note(format!("troubles: {troubles:?}"));
    if !tried_all {
        outcome.note("a full disk was not tried: no tmpfs may be mounted here");
    }
    Ok(outcome)
}

impl<'a> World<'a> {
    fn begin(context: &'a Context<'a>) -> Result<Self> {
        let port = shell::free_port()?;
        let server = context.shared.postgres()?.url();
        let (base, _) = server.rsplit_once('/').context("an address has a path")?;
        let database_port = base.rsplit_once(':').context("an address has a port")?.1.parse()?;
        let name = format!("database_faults_{port}");
        let disk = Disk::mount().ok();
        let place = match &disk {
            Some(disk) => {
                execute(context, &server, &format!("CREATE TABLESPACE {name} LOCATION '{}'", disk.data().display()))?;
                format!("TABLESPACE {name}")
            }
            None => String::new(),
        };
        let role = format!("DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        execute(context, &server, &role)?;
        execute(context, &server, &format!("CREATE DATABASE {name} OWNER {ROLE} {place}"))?;
        let gate = Gate::before(&[database_port])?;
        let database = format!("postgres://{ROLE}@127.0.0.1:{}/{name}", gate.port());
        let mut stage = Stage::set_on(context, database, Gate::before(&[port])?, &[port])?;
        stage.start_all()?;
        // It listens before it has its database, and one that never had it does not start.
        let health = format!("http://127.0.0.1:{port}/health");
        let is_up = || Ok(minreq::get(&health).with_timeout(1).send().is_ok_and(|answer| answer.status_code == 200));
        shell::wait_until("the server", STARTS, is_up)?;
        Ok(Self { context, stage, gate, direct: format!("{base}/{name}"), disk, ledger: Ledger::default() })
    }

    /// Sends a load while there is trouble, ends the trouble and waits for the load's end. Returns what was not as it has to be.
    fn suffer(&mut self, trouble: Trouble, plan: &Plan) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let before = self.last_webhook()?;
        self.set(trouble, true)?;
        let load = Load::start(&self.stage.simulator, plan)?;
        if trouble == Trouble::Slow {
            load.wait_for(50)?;
        } else {
            shell::wait_until("a 503", NOTICES, || self.was_refused(before))?;
            let acknowledged = load.report()?.posts_acknowledged;
            // On a full disk a page may have room left. Whatever is acknowledged has to be stored, here as elsewhere.
            if acknowledged > 0 && trouble != Trouble::DiskFull {
                faults
                    .push(format!("{trouble:?}: {acknowledged} POSTs were acknowledged, and nothing could be stored"));
            }
        }
        let middle = load.report()?;
        self.set(trouble, false)?;
        let start = Instant::now();
        if !middle.done {
            load.wait_for_more(&middle)?;
            self.ledger.recovered(start.elapsed());
        }
        load.finish()?.enter(&mut self.ledger);
        Ok(faults)
    }

    fn set(&mut self, trouble: Trouble, begins: bool) -> Result<()> {
        match (trouble, begins) {
            (Trouble::Away, true) => self.gate.shut(),
            (Trouble::Away, false) => self.gate.reopen(),
            (Trouble::Slow, true) => self.gate.slow(SLOW),
            (Trouble::Slow, false) => self.gate.slow(Duration::ZERO),
            (Trouble::NoConnections, true) => {
                self.execute(&format!(
                    "ALTER ROLE {ROLE} CONNECTION LIMIT 0;
                     SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'"
                ))?;
            }
            (Trouble::NoConnections, false) => self.execute(&format!("ALTER ROLE {ROLE} CONNECTION LIMIT -1"))?,
            (Trouble::DiskFull, true) => self.disk.as_ref().context("a disk")?.fill()?,
            (Trouble::DiskFull, false) => self.disk.as_ref().context("a disk")?.clear()?,
        }
        Ok(())
    }

    fn execute(&self, statements: &str) -> Result<()> {
        execute(self.context, &self.direct, statements)
    }

    /// The number of the last POST of the simulator so far.
    fn last_webhook(&self) -> Result<u64> {
        #[derive(Deserialize)]
        struct Page {
            totals: Totals,
        }
        #[derive(Deserialize)]
        struct Totals {
            webhooks: u64,
        }
        Ok(self.stage.ask::<Page>("ledger?list=webhooks&limit=1")?.totals.webhooks)
    }

    /// Whether a POST after this one was answered 503; any other answer is a fault.
    fn was_refused(&self, after: u64) -> Result<bool> {
        #[derive(Deserialize)]
        struct Page {
            entries: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            last_status: Option<u16>,
        }
        let page: Page = self.stage.ask(&format!("ledger?list=webhooks&after={after}"))?;
        let answers: Vec<u16> = page.entries.into_iter().filter_map(|entry| entry.last_status).collect();
        if let Some(other) = answers.iter().find(|status| **status != 503) {
            ensure!(*other < 300, "answered {other} instead of 503");
        }
        Ok(answers.contains(&503))
    }

    /// Stops the server, and compares what was acknowledged with what is stored.
    fn end(mut self) -> Result<Outcome> {
        self.stage.kill_all();
        let stored = self.context.on_database(&["stored", &self.direct])?;
        for line in stored.lines().filter(|line| !line.is_empty()) {
            self.ledger.store(line);
        }
        let outcome = Outcome::of(&self.ledger, self.ledger.is_clean());
        let (server, name) = self.direct.rsplit_once('/').context("an address has a path")?;
        let server = format!("{server}/postgres");
        execute(self.context, &server, &format!("DROP DATABASE {name} WITH (FORCE)"))?;
        if self.disk.is_some() {
            execute(self.context, &server, &format!("DROP TABLESPACE {name}"))?;
        }
        Ok(outcome)
    }
}

fn execute(context: &Context<'_>, address: &str, statements: &str) -> Result<()> {
    context.on_database(&["execute", address, statements]).map(|_| ())
}

/// A small disk of its own, gone on drop.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it; an error where that is not permitted.
    fn mount() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("comms-disk-").tempdir()?.keep();
        let mounted = shell::output(mount("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&folder));
        if let Err(error) = mounted {
            fs::remove_dir(&folder)?;
            return Err(error);
        }
        let disk = Self(folder);
        fs::create_dir(disk.data())?;
        let owner = tools::user_id("postgres").or_else(|_| tools::user_id("nobody"))?;
        chown(disk.data(), Some(owner), None)?;
        chown(&disk.0, Some(owner), None)?;
        Ok(disk)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Writes until nothing more fits.
    fn fill(&self) -> Result<()> {
        let mut filler = fs::File::create(self.filler())?;
        let mut size = 1024 * 1024;
        while size > 0 {
            let piece = vec![b'x'; size];
            match std::io::Write::write(&mut filler, &piece) {
                Ok(written) if written > 0 => {}
                _ => size /= 2,
            }
        }
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        fs::remove_file(self.filler()).context("the filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // PostgreSQL may still close its files: a lazy unmount waits for it.
        let gone = shell::output(mount("umount").arg("-l").arg(&self.0)).and_then(|_| Ok(fs::remove_dir(&self.0)?));
        if let Err(error) = gone {
            eprintln!("{}: {error:#}", self.0.display());
        }
    }
}

fn mount(program: &str) -> std::process::Command {
    shell::command(program, Path::new("/"))
}

//! One scenario from its empty database to its ledger.

use std::{ops::RangeInclusive, path::PathBuf, process::Command, time::Instant};

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use tempfile::TempDir;

use super::{
    Scenario,
    ledger::Ledger,
    load::{Load, Plan},
};
use crate::{build::Programs, e2e, postgres::Postgres, service::Service, shell};

/// How many elements a load has at first.
const ELEMENTS: u32 = 300;
/// How often a larger load is tried where one was over before its kill.
const TRIES: u32 = 8;
/// When to kill, in hundredths of the load.
const MOMENTS: RangeInclusive<u32> = 5..=70;
/// How many elements one POST carries.
const BATCH: RangeInclusive<u32> = 1..=4;
/// How many lines of the server's log are shown where a round cannot go on.
const SHOWN: usize = 20;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Server,
    Database,
}

/// The processes of a round, and what is known so far.
pub(super) struct Round<'a> {
    scenario: &'a Scenario,
    programs: &'a Programs,
    postgres: Option<&'a Postgres>,
    folder: TempDir,
    database: String,
    port: u16,
    simulator: Service,
    server: Option<Service>,
    random: Rng,
    seed: u64,
    loads: u32,
    lives: u32,
    ledger: Ledger,
}

impl<'a> Round<'a> {
    /// Plays a scenario: a load for each kill, then the first load once more, whose elements are all known by then. The
    /// server is killed at the end too, so that only what is in the database by then counts.
    pub(super) fn run(
        scenario: &'a Scenario,
        programs: &'a Programs,
        postgres: Option<&'a Postgres>,
        seed: u64,
    ) -> Result<Ledger> {
        let mut round = Self::prepare(scenario, programs, postgres, seed)?;
        round.play().with_context(|| round.printed())?;
        round.server = None;
        let stored = round.on_database(&["stored", &round.database])?;
        round.ledger.store(stored.lines().filter(|line| !line.is_empty()));
        Ok(round.ledger)
    }

    fn prepare(
        scenario: &'a Scenario,
        programs: &'a Programs,
        postgres: Option<&'a Postgres>,
        seed: u64,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let port = shell::free_port()?;
        let callback = format!("http://127.0.0.1:{port}/api/comunicaciones/webhook/whatsapp");
        let simulator = e2e::simulator(programs, folder.path(), Some(&callback))?;
        let mut round = Self {
            scenario,
            programs,
            postgres,
            database: format!("sqlite://{}", folder.path().join("comms.sqlite").display()),
            folder,
            port,
            simulator,
            server: None,
            random: Rng::with_seed(seed),
            seed,
            loads: 0,
            lives: 0,
            ledger: Ledger::default(),
        };
        if let Some(postgres) = postgres {
            round.database = round.create_database(postgres)?;
        }
        shell::output(round.program("comms-server")?.arg("migrate"))?;
        if scenario.unkeyed {
            round.on_database(&["unkey", &round.database])?;
        }
        round.start_server()?;
        Ok(round)
    }

    /// Each round has one of its own on the common server.
    fn create_database(&self, postgres: &Postgres) -> Result<String> {
        let server = postgres.url();
        let name = format!("campaign_{}", self.port);
        self.on_database(&["create", &server, &name])?;
        let (base, _) = server.rsplit_once('/').context("an address has a path")?;
        Ok(format!("{base}/{name}"))
    }

    fn play(&mut self) -> Result<()> {
        let mut victims = vec![Victim::Server; self.scenario.server_kills];
        victims.extend(vec![Victim::Database; self.scenario.database_kills]);
        self.random.shuffle(&mut victims);
        let first = self.plan(ELEMENTS);
        self.strike(victims[0], first.clone())?;
        for victim in &victims[1..] {
            let plan = self.plan(ELEMENTS);
            self.strike(*victim, plan)?;
        }
        let again = Load::start(&self.simulator, &first)?.finish()?;
        self.ledger.add(&again);
        Ok(())
    }

    /// Kills `victim` while `plan` is under way, and waits for the load's end. Where that came first, a larger load is tried.
    fn strike(&mut self, victim: Victim, mut plan: Plan) -> Result<()> {
        for _ in 0..TRIES {
            let load = Load::start(&self.simulator, &plan)?;
            let moment = self.random.u32(MOMENTS);
            let under_load = !load.wait_for(moment)?.done && self.kill(victim, &load)?;
            self.ledger.add(&load.finish()?);
            if under_load {
                return Ok(());
            }
            plan = self.plan((plan.messages + plan.statuses) * 2);
        }
        bail!("no load lasted until its kill");
    }

    /// Pulls the plug and puts it in again; whether the load was under way all the time.
    fn kill(&mut self, victim: Victim, load: &Load) -> Result<bool> {
        let start = Instant::now();
        let before = match victim {
            Victim::Server => {
                // Dropping it sends SIGKILL.
                self.server = None;
                let before = load.report()?;
                self.start_server()?;
                before
            }
            Victim::Database => {
                let postgres = self.postgres.context("this database has no server")?;
                postgres.kill9()?;
                let before = load.report()?;
                postgres.restart()?;
                before
            }
        };
        if before.done {
            return Ok(false);
        }
        load.wait_for_more(&before)?;
        self.ledger.recovered(start.elapsed());
        Ok(true)
    }

    fn plan(&mut self, elements: u32) -> Plan {
        self.loads += 1;
        let name = format!("load {} of {}", self.loads, self.seed);
        let copies = self.random.u32(self.scenario.copies.clone());
        Plan::new(name, elements, copies, self.random.u32(BATCH))
    }

    fn start_server(&mut self) -> Result<()> {
        let mut serve = if self.scenario.hasty {
            self.program("campaign_hasty")?
        } else {
            let mut serve = self.program("comms-server")?;
            serve.arg("serve");
            serve
        };
        self.lives += 1;
        let log = self.folder.path().join(format!("server-{}.log", self.lives));
        self.server = Some(Service::start(&mut serve, self.port, &log)?);
        Ok(())
    }

    /// The end of what the server printed in its last life.
    fn printed(&self) -> String {
        let printed = self.server.as_ref().map(Service::printed).unwrap_or_default();
        let lines: Vec<&str> = printed.lines().collect();
        let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        format!("the server printed last:\n{last}")
    }

    /// One of our programs, set up as the server.
    fn program(&self, name: &str) -> Result<Command> {
        let program = self
            .programs
            .binary(name)
            .or_else(|error| self.programs.examples.get(name).map(PathBuf::as_path).ok_or(error))?;
        let mut command = shell::command(program, self.folder.path());
        command
            .env("PORT", self.port.to_string())
            .env("DATABASE_URL", &self.database)
            .env("WHATSAPP_API_BASE", self.simulator.url())
            .env("WHATSAPP_OWNER_ID", "7")
            .envs(e2e::META.iter().copied().chain([e2e::JWT_SECRET]));
        Ok(command)
    }

    fn on_database(&self, arguments: &[&str]) -> Result<String> {
        shell::output(self.program("campaign_database")?.args(arguments))
    }
}

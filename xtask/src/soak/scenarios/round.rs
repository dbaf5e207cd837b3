//! One scenario from its empty database to its ledger.

use std::{ops::RangeInclusive, process::Command, time::Instant};

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use tempfile::TempDir;

use super::{
    load::{Load, Plan},
    webhooks::Story,
};
use crate::{
    e2e,
    service::Service,
    shell,
    soak::{ledger::Ledger, scenario::Context as Part},
};

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
    story: &'a Story,
    part: &'a Part<'a>,
    folder: TempDir,
    database: String,
    port: u16,
    simulator: Service,
    server: Option<Service>,
    random: Rng,
    loads: u32,
    lives: u32,
    ledger: Ledger,
}

impl<'a> Round<'a> {
    /// Plays a scenario: a load for each kill, then the first load once more, whose elements are all known by then. The
    /// server is killed at the end too, so that only what is in the database by then counts.
    pub(super) fn run(story: &'a Story, part: &'a Part<'a>) -> Result<Ledger> {
        let mut round = Self::prepare(story, part)?;
        round.play().with_context(|| round.printed())?;
        round.server = None;
        let stored = part.on_database(&["stored", &round.database])?;
        for line in stored.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix("unknown ") {
                Some(unknown) => round.ledger.unknown(unknown),
                None => round.ledger.store(line),
            }
        }
        Ok(round.ledger)
    }

    fn prepare(story: &'a Story, part: &'a Part<'a>) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let port = shell::free_port()?;
        let callback = format!("http://127.0.0.1:{port}/api/comunicaciones/webhook/whatsapp");
        let simulator = e2e::simulator(part.shared.programs, folder.path(), Some(&callback))?;
        let mut round = Self {
            story,
            part,
            database: format!("sqlite://{}", folder.path().join("comms.sqlite").display()),
            folder,
            port,
            simulator,
            server: None,
            random: part.random(),
            loads: 0,
            lives: 0,
            ledger: Ledger::default(),
        };
        if story.on_postgres {
            round.database = part.database(&format!("webhooks_{port}"))?;
        }
        shell::output(round.program("comms-server")?.arg("migrate"))?;
        if story.unkeyed {
            part.on_database(&["unkey", &round.database])?;
        }
        round.start_server()?;
        Ok(round)
    }

    fn play(&mut self) -> Result<()> {
        let mut victims = vec![Victim::Server; self.story.server_kills];
        victims.extend(vec![Victim::Database; self.story.database_kills]);
        self.random.shuffle(&mut victims);
        let first = self.plan(ELEMENTS);
        self.strike(victims[0], first.clone())?;
        for victim in &victims[1..] {
            let plan = self.plan(ELEMENTS);
            self.strike(*victim, plan)?;
        }
        let again = Load::start(&self.simulator, &first)?.finish()?;
        again.enter(&mut self.ledger);
        Ok(())
    }

    /// Kills `victim` while `plan` is under way, and waits for the load's end. Where that came first, a larger load is tried.
    fn strike(&mut self, victim: Victim, mut plan: Plan) -> Result<()> {
        for _ in 0..TRIES {
            let load = Load::start(&self.simulator, &plan)?;
            let moment = self.random.u32(MOMENTS);
            let under_load = !load.wait_for(moment)?.done && self.kill(victim, &load)?;
            load.finish()?.enter(&mut self.ledger);
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
                let postgres = self.part.shared.postgres()?;
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
        let name = format!("load {} of {}", self.loads, self.part.seed);
        let copies = self.random.u32(self.story.copies.clone());
        Plan::new(name, elements, copies, self.random.u32(BATCH))
    }

    fn start_server(&mut self) -> Result<()> {
        let mut serve = if self.story.hasty {
            self.program("soak_hasty")?
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
        let mut command = self.part.command(name, self.folder.path())?;
        command
            .env("PORT", self.port.to_string())
            .env("DATABASE_URL", &self.database)
            .env("WHATSAPP_API_BASE", self.simulator.url())
            .env("WHATSAPP_OWNER_ID", "7")
            .envs(e2e::META.iter().copied().chain([e2e::JWT_SECRET]));
        Ok(command)
    }
}

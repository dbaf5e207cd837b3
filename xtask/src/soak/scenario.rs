//! What a scenario is, and what it is given.

use std::{
    cell::OnceCell,
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use fastrand::Rng;

use super::{
    ledger::{Ledger, Line},
    profile::Profile,
};
use crate::{
    build::Programs,
    postgres::{Durability, Postgres},
    shell,
};

/// One story of the campaign; `scenarios/` has a file for each.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Into how many parts it is cut: each is a case, starts from nothing and is not run again by `--resume`.
    pub(super) parts: fn(Profile) -> u32,
    pub(super) run: fn(&Context<'_>) -> Result<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What has to hold.
    Proof,
    /// Something is broken on purpose, and has to be noticed. Its line is not added up.
    Control,
}

/// What came of a part.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) line: Line,
    /// What is not as it has to be; nothing where the part passed.
    pub(super) faults: Vec<String>,
    /// What is printed all the same.
    pub(super) notes: Vec<String>,
}

impl Outcome {
    /// Passed.
    pub(super) fn passed(line: Line) -> Self {
        Self { line, faults: Vec::new(), notes: Vec::new() }
    }

    /// Passed where `holds`; else the ledger's examples are its faults.
    pub(super) fn of(ledger: &Ledger, holds: bool) -> Self {
        let mut outcome = Self::passed(ledger.line());
        if !holds {
            outcome.faults = ledger.examples();
            outcome.fault_unless(!outcome.faults.is_empty(), || "not as it has to be".to_owned());
        }
        outcome
    }

    /// Adds a fault where something does not hold.
    pub(super) fn fault_unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// What all parts share.
pub(super) struct Shared<'a> {
    pub(super) programs: &'a Programs,
    pub(super) profile: Profile,
    pub(super) seed: u64,
    postgres: OnceCell<Postgres>,
}

/// What a part is given.
pub(super) struct Context<'a> {
    pub(super) shared: &'a Shared<'a>,
    /// Differs for each scenario and part.
    pub(super) seed: u64,
}

impl<'a> Shared<'a> {
    pub(super) fn new(programs: &'a Programs, profile: Profile, seed: u64) -> Self {
        Self { programs, profile, seed, postgres: OnceCell::new() }
    }

    /// The private PostgreSQL server of the campaign, which scenarios kill and find running; started at the first call.
    /// The error is [`Missing`](crate::tools::Missing) where there is none on this machine.
    pub(super) fn postgres(&self) -> Result<&Postgres> {
        if let Some(postgres) = self.postgres.get() {
            return Ok(postgres);
        }
        let postgres = Postgres::start(Durability::Honest)?;
        Ok(self.postgres.get_or_init(|| postgres))
    }

    /// One of our programs or examples.
    pub(super) fn program(&self, name: &str) -> Result<&Path> {
        let example = |error| self.programs.examples.get(name).map(PathBuf::as_path).ok_or(error);
        self.programs.binary(name).or_else(example)
    }
}

impl Context<'_> {
    /// How much is to be done.
    pub(super) fn profile(&self) -> Profile {
        self.shared.profile
    }

    /// The part's own source of chance: the same seed makes the same choices, also where other parts are left out.
    pub(super) fn random(&self) -> Rng {
        Rng::with_seed(self.seed)
    }

    /// Makes an empty database on the campaign's PostgreSQL server; its address.
    pub(super) fn database(&self, name: &str) -> Result<String> {
        let server = self.shared.postgres()?.url();
        self.on_database(&["create", &server, name])?;
        let (base, _) = server.rsplit_once('/').context("an address has a path")?;
        Ok(format!("{base}/{name}"))
    }

    /// Does something with a database, or reads from it: the words of the example `soak_database`. Returns what it prints.
    pub(super) fn on_database(&self, words: &[&str]) -> Result<String> {
        shell::output(self.command("soak_database", &env::temp_dir())?.args(words))
    }

    /// One of our programs or examples, to be started in `folder`.
    pub(super) fn command(&self, name: &str, folder: &Path) -> Result<Command> {
        Ok(shell::command(self.shared.program(name)?, folder))
    }
}

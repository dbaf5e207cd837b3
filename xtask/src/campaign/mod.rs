//! Kills the server and its database under a load of webhooks, then compares what was acknowledged with what is stored:
//! nothing lost, nothing doubled. Servers that are broken on purpose show that the comparison would notice.

mod ledger;
mod load;
mod round;

use std::{
    ops::RangeInclusive,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;

use crate::{
    build::Programs,
    e2e,
    postgres::{Durability, Postgres},
    tally::Tally,
};
use ledger::Ledger;
use round::Round;

/// How the examples are called that serve the campaign alone.
pub(crate) const TOOLS: &str = "campaign_";

/// What to repeat.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Repeats the choices of an earlier run: copies, batches, whom to kill and after how much.
    #[arg(long)]
    seed: Option<u64>,
}

/// One story, and how it has to end.
struct Scenario {
    name: &'static str,
    /// Acknowledges before it has stored.
    hasty: bool,
    /// Its database recognises no copy.
    unkeyed: bool,
    server_kills: usize,
    database_kills: usize,
    /// How often each element is sent.
    copies: RangeInclusive<u32>,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// All is acknowledged, and stored once.
    Nothing,
    /// A control: something acknowledged is not stored. Not everything: a server that stores nothing would show little.
    Lost,
    /// A control: something is stored twice.
    Doubled,
}

const ON_SQLITE: Scenario = Scenario {
    name: "SQLite",
    hasty: false,
    unkeyed: false,
    server_kills: 2,
    database_kills: 0,
    copies: 2..=5,
    expected: Expected::Nothing,
};

const ON_POSTGRES: [Scenario; 3] = [
    Scenario { name: "PostgreSQL", server_kills: 5, database_kills: 2, ..ON_SQLITE },
    Scenario {
        name: "control: acknowledges before it stores",
        hasty: true,
        // A copy that comes after the kill would make good what is lost.
        copies: 1..=1,
        expected: Expected::Lost,
        ..ON_SQLITE
    },
    Scenario {
        name: "control: has no unique key",
        unkeyed: true,
        server_kills: 1,
        copies: 2..=2,
        expected: Expected::Doubled,
        ..ON_SQLITE
    },
];

/// Builds, and runs the whole campaign.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let tally = all(&Programs::build(root)?, options)?;
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

/// Runs the whole campaign; each scenario is a case.
pub(crate) fn all(programs: &Programs, options: &Options) -> Result<Tally> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let mut tally = case(&ON_SQLITE, programs, None, seed);
    tally += e2e::or_skipped("the campaign on PostgreSQL", on_postgres(programs, seed))?;
    Ok(tally)
}

fn on_postgres(programs: &Programs, seed: u64) -> Result<Tally> {
    let postgres = Postgres::start(Durability::Honest)?;
    let mut tally = Tally::default();
    for scenario in &ON_POSTGRES {
        tally += case(scenario, programs, Some(&postgres), seed);
    }
    Ok(tally)
}

fn case(scenario: &Scenario, programs: &Programs, postgres: Option<&Postgres>, seed: u64) -> Tally {
    let start = Instant::now();
    let passed = match Round::run(scenario, programs, postgres, seed) {
        Ok(ledger) => judge(scenario, &ledger, seed, start.elapsed()),
        Err(error) => {
            println!("campaign {} ... FAILED, seed={seed}: {error:#}", scenario.name);
            false
        }
    };
    Tally::single(passed)
}

/// Prints the ledger, and whether it is as it has to be.
fn judge(scenario: &Scenario, ledger: &Ledger, seed: u64, took: Duration) -> bool {
    let passed = scenario.expected.is_met(ledger);
    let verdict = match (scenario.expected, passed) {
        (Expected::Nothing, true) => "ok",
        (Expected::Nothing, false) => "FAILED",
        (_, true) => "caught",
        (_, false) => "FAILED: not caught",
    };
    println!(
        "campaign {} ({} × kill -9 of the server, {} of the database, {:.0} s) ... {verdict}",
        scenario.name,
        scenario.server_kills,
        scenario.database_kills,
        took.as_secs_f64()
    );
    println!("    {ledger} seed={seed}");
    if !passed {
        for example in ledger.examples() {
            println!("    {example}");
        }
    }
    passed
}

impl Expected {
    fn is_met(self, ledger: &Ledger) -> bool {
        match self {
            Self::Nothing => ledger.is_clean(),
            Self::Lost => (1..ledger.acknowledged()).contains(&ledger.lost()),
            Self::Doubled => ledger.duplicated() > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_control_asks_for_its_own_fault() {
        let clean = Ledger::of(&["a"], &["a"], &["a"]);
        let lost = Ledger::of(&["a", "b"], &["a", "b"], &["a"]);
        let doubled = Ledger::of(&["a"], &["a"], &["a", "a"]);
        for (expected, [on_clean, on_lost, on_doubled]) in [
            (Expected::Nothing, [true, false, false]),
            (Expected::Lost, [false, true, false]),
            (Expected::Doubled, [false, false, true]),
        ] {
            assert_eq!(expected.is_met(&clean), on_clean, "{expected:?}");
            assert_eq!(expected.is_met(&lost), on_lost, "{expected:?}");
            assert_eq!(expected.is_met(&doubled), on_doubled, "{expected:?}");
        }
    }
}

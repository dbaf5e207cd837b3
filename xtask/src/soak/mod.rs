//! The crash campaign: processes are killed, stopped and starved under load, then what people were told is compared with
//! what is stored: nothing lost, nothing doubled. Programs that are broken on purpose show that the comparison would notice.

mod callers;
mod compare;
mod controls;
mod errands;
mod fleet;
mod gate;
mod ledger;
mod listener;
mod people;
mod profile;
mod scenario;
mod scenarios;
mod sql;
mod stage;
mod stand;
mod state;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{build::Programs, shell, tally::Tally, tools};
use ledger::Line;
use profile::Profile;
use scenario::{Context, Kind, Outcome, Scenario, Shared};
use scenarios::SCENARIOS;
use state::{Done, State};

/// How the examples are called that serve the campaign alone.
pub(crate) const TOOLS: &str = "soak_";

/// The packages whose programs and examples the scenarios start.
const PACKAGES: &[&str] = &["comms-server", "comms-simulator", "comms-conformance"];

/// What to run.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// How much: smoke takes minutes, nightly hours, release a day.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Repeats the choices of an earlier run.
    #[arg(long)]
    seed: Option<u64>,
    /// Goes on with the latest run of this profile (or of this seed): what has passed is not run again.
    #[arg(long)]
    resume: bool,
    /// Only the scenarios whose name begins with this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Prints the names of the scenarios and runs none.
    #[arg(long)]
    list: bool,
}

/// Builds what the scenarios start, and runs them.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    if options.list {
        for scenario in SCENARIOS {
            println!("{} ({})", scenario.name, (scenario.parts)(options.profile));
        }
        return Ok(true);
    }
    let tally = all(root, &Programs::of(root, PACKAGES)?, options)?;
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

/// Runs the scenarios; each part is a case.
pub(crate) fn all(root: &Path, programs: &Programs, options: &Options) -> Result<Tally> {
    let mut state = begin(root, options)?;
    let shared = Shared::new(programs, options.profile, state.seed);
    let (mut tally, mut sum, mut chosen) = (Tally::default(), Line::default(), 0);
    println!("soak profile={} seed={} commit={}", options.profile, state.seed, state.commit);
    for scenario in SCENARIOS {
        if options.only.as_ref().is_some_and(|only| !scenario.name.starts_with(only)) {
            continue;
        }
        chosen += 1;
        for part in 0..(scenario.parts)(options.profile) {
            let (line, cases) = case(scenario, part, &shared, &mut state)?;
            tally += cases;
            if scenario.kind == Kind::Proof {
                sum += line;
            }
        }
    }
    ensure!(chosen > 0, "no scenario of this name; --list shows them");
    println!("soak sum {sum} profile={} seed={} commit={}", options.profile, state.seed, state.commit);
    Ok(tally)
}

/// The run to go on with, or a new one.
fn begin(root: &Path, options: &Options) -> Result<State> {
    let folder = shell::cache_folder(root).join("soak");
    if options.resume {
        let found = State::find(&folder, options.seed, options.profile)?;
        return found.context("there is no run to go on with");
    }
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    Ok(State::new(&folder, seed, options.profile, commit(root)))
}

/// What is tried: the commit, with a star where files differ from it.
fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| shell::output(shell::command("git", root).args(arguments));
    let Ok(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_ok_and(|files| !files.trim().is_empty());
    format!("{}{}", commit.trim(), if changed { "*" } else { "" })
}

/// Runs one part, unless it passed before.
fn case(scenario: &Scenario, part: u32, shared: &Shared<'_>, state: &mut State) -> Result<(Line, Tally)> {
    let name = format!("{}/{part}", scenario.name);
    if let Some(done) = state.passed(&name) {
        println!("soak {name} ... passed before");
        return Ok((done.line, Tally::single(true)));
    }
    let start = Instant::now();
    let context = Context { shared, seed: seed_of(shared.seed, &name) };
    let outcome = (scenario.run)(&context);
    let seconds = start.elapsed().as_secs();
    let done = match outcome {
        Ok(outcome) => {
            print(scenario, &name, seconds, &outcome);
            Done { passed: outcome.faults.is_empty(), line: outcome.line, seconds }
        }
        Err(error) if error.is::<tools::Missing>() && !shell::is_ci() => {
            println!("notice: soak {name} not run: {error:#}");
            return Ok((Line::default(), Tally::skipped()));
        }
        Err(error) => {
            println!("soak {name} ({seconds} s) ... FAILED: {error:#}");
            Done { passed: false, line: Line::default(), seconds }
        }
    };
    state.note(&name, done)?;
    Ok((done.line, Tally::single(done.passed)))
}

/// Says what came of a part: its ledger line, and what is wrong.
fn print(scenario: &Scenario, name: &str, seconds: u64, outcome: &Outcome) {
    let verdict = match (scenario.kind, outcome.faults.is_empty()) {
        (Kind::Proof, true) => "ok",
        (Kind::Proof, false) => "FAILED",
        (Kind::Control, true) => "caught",
        (Kind::Control, false) => "FAILED: not caught",
    };
    println!("soak {name} ({seconds} s) ... {verdict}");
    println!("    {}", outcome.line);
    for note in &outcome.notes {
        println!("    {note}");
    }
    for fault in &outcome.faults {
        println!("    FAULT {fault}");
    }
}

/// Each part has a seed of its own, whichever others run.
fn seed_of(seed: u64, part: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, part).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_scenarios_have_one_name_and_each_has_a_part() {
        let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        for scenario in SCENARIOS {
            assert!((scenario.parts)(Profile::Smoke) > 0, "{}", scenario.name);
        }
    }

    #[test]
    fn parts_choose_differently_and_a_run_can_be_repeated() {
        assert_eq!(seed_of(1, "a/0"), seed_of(1, "a/0"));
        assert_ne!(seed_of(1, "a/0"), seed_of(1, "a/1"));
        assert_ne!(seed_of(1, "a/0"), seed_of(2, "a/0"));
    }
}

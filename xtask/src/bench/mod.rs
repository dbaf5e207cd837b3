//! What the server takes, gives and needs, one measurement at a time, beside targets. A missed target is said and is no failure: a
//! busy machine misses them all.

mod continuation;
mod figures;
mod footprint;
mod hostile;
mod ingest;
mod machine;
mod mailboxes;
mod outbox;
mod pacing;
mod pages;
mod programs;
mod realtime;
mod replicas;
mod steady;

use std::{path::Path, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::{
    postgres::{Durability, Postgres, URL_VARIABLE},
    shell,
};
use figures::{Figure, Target};
use machine::Machine;
use programs::Programs;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these, separated by commas; all where absent.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Only this engine, where both are measured.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    engine: Option<String>,
    /// How long `steady` holds its rate.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// How many messages the histories of `pages` have. They are kept, so that only the first run makes them.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    rows: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Webhooks over HTTP, straight into the store, and rows that are written by hand.
    Ingest,
    /// 500 webhooks a second for minutes: how long until each is acknowledged.
    Steady,
    /// The queue against the simulator: sends a second.
    Outbox,
    /// How exactly the rate of a number is kept.
    Pacing,
    /// Pages of long histories.
    Pages,
    /// 2,000 WebSocket clients of one server.
    Realtime,
    /// Start, memory, size of the program.
    Footprint,
    /// Two servers on one database beside one.
    Replicas,
    /// What others notice of mails that want to be too much.
    Hostile,
    /// A thousand mailboxes at Google: how fast they are read, and what that takes.
    Mailboxes,
    /// 200 conversations of an agent at once.
    Continuation,
}

/// How a measurement is run and judged.
struct Plan {
    /// How the program that measures calls it.
    name: &'static str,
    /// What is wanted of the figures.
    targets: &'static [Target],
}

impl Measurement {
    fn plan(self) -> Plan {
        match self {
            Self::Ingest => ingest::PLAN,
            Self::Steady => steady::PLAN,
            Self::Outbox => outbox::PLAN,
            Self::Pacing => pacing::PLAN,
            Self::Pages => pages::PLAN,
            Self::Realtime => realtime::PLAN,
            Self::Footprint => footprint::PLAN,
            Self::Replicas => replicas::PLAN,
            Self::Hostile => hostile::PLAN,
            Self::Mailboxes => mailboxes::PLAN,
            Self::Continuation => continuation::PLAN,
        }
    }
}

/// What every measurement needs.
struct Bench<'a> {
    root: &'a Path,
    programs: &'a Programs,
    options: &'a Options,
    /// Where results are kept, and the databases of long histories.
    folder: PathBuf,
}

/// Builds what is needed, measures, prints and keeps the figures.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let wanted = if options.only.is_empty() { Measurement::value_variants() } else { &options.only };
    let programs = Programs::build(root, wanted.contains(&Measurement::Ingest))?;
    let folder = shell::cache_folder(root).join("bench");
    std::fs::create_dir_all(&folder)?;
    let context = Bench { root, programs: &programs, options, folder };
    for measurement in wanted {
        let plan = measurement.plan();
        let before = Machine::look()?;
        println!("\n{}: {before}", plan.name);
        let figures = match measurement {
            Measurement::Ingest => ingest::measure(&context)?,
            Measurement::Pages => pages::measure(&context)?,
            _ => measure(&context, plan.name)?,
        };
        let judged = figures::judge(figures, plan.targets);
        print!("\n{}", figures::table(&judged));
        let after = Machine::look()?;
        println!("{after}");
        figures::keep(&context.folder, plan.name, &judged, &before, &after)?;
    }
    Ok(true)
}

/// Runs a measurement on a PostgreSQL of its own, with its real durability.
fn measure(context: &Bench<'_>, name: &str) -> Result<Vec<Figure>> {
    let database = Postgres::start(Durability::Honest)?;
    let mut figures = Vec::new();
    context.watch("server", name, &database, &[], |line| figures.extend(Figure::read(line)))?;
    Ok(figures)
}

impl Bench<'_> {
    /// Runs the program and hands on each line that it prints.
    fn watch(
        &self,
        program: &str,
        name: &str,
        database: &Postgres,
        arguments: &[&str],
        mut line: impl FnMut(&str),
    ) -> Result<()> {
        let mut bench = shell::command(self.programs.find(program)?, self.root);
        bench.args((!name.is_empty()).then_some(name)).args(arguments);
        if !name.is_empty() {
            bench.args(["--seconds", &self.options.seconds.to_string()]);
            bench.args(self.options.engine.iter().flat_map(|engine| ["--engine", engine]));
        }
        let mut child = bench
            .env(URL_VARIABLE, database.url())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        shell::lines(child.stdout.take().context("the output is piped")?, |printed| {
            println!("{printed}");
            line(printed);
        })?;
        ensure!(child.wait()?.success(), "the bench {program} {name} failed");
        Ok(())
    }
}

//! The chores of the workspace: `cargo xtask --help`.

mod bench;
mod build;
mod ci;
mod e2e;
mod examples;
mod fuzz;
mod postgres;
mod release;
mod service;
mod shell;
mod soak;
mod tally;
mod test;
mod tidy;
mod tools;
mod vectors;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The chores of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Every test: units, integration, documentation, PostgreSQL, vectors, examples, the crash campaign, foreign clients.
    Test(test::Options),
    /// What must hold at every landing: format, tidy, clippy, documentation, packages, then every test.
    Ci,
    /// Checks what no compiler checks: direction of dependencies, file sets, sizes, links, secrets.
    Tidy,
    /// Runs the providers' vectors and prints how many cases passed.
    Vectors,
    /// Runs the foreign clients (pywa, Prisma, an Express proxy) against the simulator and the server.
    E2e(e2e::Options),
    /// Measures what the server takes, beside floors measured in the same run.
    Bench(bench::Options),
    /// The crash campaign: kills, stops and starves processes under load, and compares what was told with what is stored.
    Soak(soak::Options),
    /// Feeds every webhook parser with what nobody would write, for longer than the tests do.
    Fuzz(fuzz::Options),
    /// Packages each published crate, and builds projects that import one of them alone.
    ReleaseCheck,
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was well; what was not has been printed by then.
fn run(chore: Chore) -> Result<bool> {
    let root = shell::workspace_root()?;
    match chore {
        Chore::Test(options) => test::run(&root, &options),
        Chore::Ci => ci::run(&root),
        Chore::Tidy => tidy::run(&root),
        Chore::Vectors => vectors::run(&root),
        Chore::E2e(options) => e2e::run(&root, &options),
        Chore::Bench(options) => bench::run(&root, &options),
        Chore::Soak(options) => soak::run(&root, &options),
        Chore::Fuzz(options) => fuzz::run(&root, &options),
        Chore::ReleaseCheck => release::run(&root),
    }
}

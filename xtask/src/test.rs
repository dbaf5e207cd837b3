//! Every test there is, in one command.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{
    build::Programs,
    e2e, examples,
    postgres::{TestServer, URL_VARIABLE},
    shell, soak,
    tally::Tally,
    vectors,
};

/// What to leave out while one part is being worked on.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Leave the foreign clients (Node.js, Python) out.
    #[arg(long)]
    no_e2e: bool,
}

/// Runs every test, and ends with how many cases passed and failed, alone on a line.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let tally = all(root, options).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        Tally::single(false)
    });
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

/// Runs every test and counts.
pub(crate) fn all(root: &Path, options: &Options) -> Result<Tally> {
    let programs = Programs::build(root)?;
    let database = TestServer::find_or_start()?;
    let mut tally = workspace_tests(root, &database)?;
    if !vectors::report(root)? {
        tally += Tally::single(false);
    }
    tally += examples::run(root, &programs)?;
    tally += soak::all(root, &programs, &soak::Options::default())?;
    if !options.no_e2e {
        tally += e2e::all(root, &programs, &database)?;
    }
    Ok(tally)
}

/// One feature set for units, integration tests and documentation: features only add, and the server asks for all.
fn workspace_tests(root: &Path, database: &TestServer) -> Result<Tally> {
    let mut test = shell::cargo(root);
    test.args(["test", "--workspace", "--no-fail-fast"]).env(URL_VARIABLE, database.url()).env("RUST_BACKTRACE", "1");
    if let Some(vectors) = vectors::folder(root) {
        test.env(vectors::VARIABLE, vectors);
    }
    Tally::of(&mut test)
}

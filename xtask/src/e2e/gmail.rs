//! Google's own client and its own description of Gmail, as judges.

use std::path::Path;

use anyhow::{Context, Result};

use super::{packages, simulator};
use crate::{build::Programs, shell, tally::Tally};

/// What the calls of our client are made by: `crates/gmail-client/examples/gmail_calls.rs`.
pub(super) const GMAIL_CALLS: &str = "gmail_calls";

/// Google's client takes the simulator for Google, and every call of our client is as Google describes it.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let tests = root.join("e2e/python");
    let mut client = shell::command(&python, &tests);
    client.args(["-B", "test_gmail.py"]).env("SIMULATOR_URL", simulator.url());
    let mut tally = Tally::of(&mut client)?;
    let calls =
        programs.examples.get(GMAIL_CALLS).with_context(|| format!("the workspace has no example {GMAIL_CALLS}"))?;
    let mut specification = shell::command(&python, &tests);
    specification.args(["-B", "test_gmail_specification.py"]).env("GMAIL_CALLS", calls);
    tally += Tally::of(&mut specification)?;
    Ok(tally)
}

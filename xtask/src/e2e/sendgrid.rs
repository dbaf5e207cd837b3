//! SendGrid's own client for Python and its own description of its API, as judges.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    packages::{self, NodeProject},
    simulator,
};
use crate::{build::Programs, shell, tally::Tally};

/// What the calls of our client are made by: `crates/sendgrid-client/examples/sendgrid_calls.rs`.
pub(super) const SENDGRID_CALLS: &str = "sendgrid_calls";

/// SendGrid's client takes the simulator for SendGrid, and every call of our client is as SendGrid describes it.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let mut client = shell::command(python, &root.join("e2e/python"));
    client.args(["-B", "test_sendgrid.py"]).env("SIMULATOR_URL", simulator.url());
    let mut tally = Tally::of(&mut client)?;
    let calls = programs
        .examples
        .get(SENDGRID_CALLS)
        .with_context(|| format!("the workspace has no example {SENDGRID_CALLS}"))?;
    let mut specification = NodeProject::prepare(root)?.node();
    specification
        .args(["--test", "--test-reporter=tap", "test/sendgrid.test.mjs"])
        .env("SENDGRID_SPECIFICATION", root.join("e2e/specs/sendgrid.json"))
        .env("SENDGRID_CALLS", calls);
    tally += Tally::of(&mut specification)?;
    Ok(tally)
}

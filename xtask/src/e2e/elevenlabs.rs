//! ElevenLabs' own SDK, as a judge.

use std::path::Path;

use anyhow::{Context, Result};

use super::{ELEVENLABS, packages, simulator};
use crate::{build::Programs, shell, tally::Tally};

/// What the calls of our client are made by: `crates/elevenlabs-client/examples/elevenlabs_calls.rs`.
pub(super) const ELEVENLABS_CALLS: &str = "elevenlabs_calls";

/// The SDK takes the simulator for ElevenLabs and verifies its webhooks, and makes the very requests of our client.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let calls = programs.examples.get(ELEVENLABS_CALLS);
    let calls = calls.with_context(|| format!("the workspace has no example {ELEVENLABS_CALLS}"))?;
    let mut test = shell::command(&python, &root.join("e2e/python"));
    test.args(["-B", "test_elevenlabs.py"])
        .env("SIMULATOR_URL", simulator.url())
        .env("ELEVENLABS_CALLS", calls)
        .envs(ELEVENLABS.iter().copied());
    Tally::of(&mut test)
}

//! Mail of strangers in a headless browser.

use std::path::Path;

use anyhow::{Context, Result};

use super::packages::NodeProject;
use crate::{build::Programs, tally::Tally, tools};

/// What makes mail of the payloads and reads it: `crates/comms-mime/examples/hostile_mail.rs`.
pub(super) const HOSTILE_MAIL: &str = "hostile_mail";

/// What our reading and cleaning leaves of each payload is shown, and nothing of it may run or leave the page.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let chromium = tools::chromium()?;
    let project = NodeProject::prepare(root)?;
    let program =
        programs.examples.get(HOSTILE_MAIL).with_context(|| format!("the workspace has no example {HOSTILE_MAIL}"))?;
    let mut test = project.node();
    test.args(["--test", "--test-reporter=tap", "test/hostile.test.mjs"])
        .env("CHROMIUM", chromium)
        .env("HOSTILE_MAIL", program)
        .env("HOSTILE_PAYLOADS", root.join("e2e/hostile/payloads.jsonl"));
    Tally::of(&mut test)
}

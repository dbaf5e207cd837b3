//! Twilio's own SDKs and its own description of its API, as judges.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    JWT_SECRET, META, TWILIO,
    packages::{self, NodeProject},
    simulator,
};
use crate::{build::Programs, service::Service, shell, tally::Tally};

/// What the calls of our clients are made by: `examples/twilio_calls.rs`.
pub(super) const SPECIFICATION_CALLS: &str = "twilio_calls";

/// The SDKs take the simulator for Twilio, and are Twilio to a server.
pub(super) fn sdks(root: &Path, programs: &Programs) -> Result<Tally> {
    let project = NodeProject::prepare(root)?;
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let port = shell::free_port()?;
    let mut serve = shell::command(programs.binary("comms-server")?, folder.path());
    serve
        .arg("serve")
        .env("PORT", port.to_string())
        .env("PUBLIC_BASE_URL", format!("http://127.0.0.1:{port}"))
        .env("TWILIO_API_BASE", simulator.url())
        // Who owns what arrives for nobody else: the seller whom the tests look as.
        .env("TWILIO_OWNER_ID", "7")
        .envs(TWILIO.iter().copied().chain([JWT_SECRET]));
    let server = Service::start(&mut serve, port, &folder.path().join("server.log"))?;
    let mut tally = Tally::default();
    let mut javascript = project.node();
    javascript.args(["--test", "--test-reporter=tap", "test/twilio.test.mjs"]);
    let mut other = shell::command(python, &root.join("e2e/python"));
    other.args(["-B", "test_twilio.py"]);
    for test in [&mut javascript, &mut other] {
        test.env("SIMULATOR_URL", simulator.url())
            .env("COMMS_SERVER_URL", server.url())
            .envs(META.iter().chain(TWILIO).copied().chain([JWT_SECRET]));
        tally += Tally::of(test)?;
    }
    if tally.failed > 0 {
        println!("what the server printed:\n{}", server.printed());
    }
    Ok(tally)
}

/// Every call of our clients is made before a mock that refuses what Twilio does not describe.
pub(super) fn specification(root: &Path, programs: &Programs) -> Result<Tally> {
    let project = NodeProject::prepare(root)?;
    let calls = programs
        .examples
        .get(SPECIFICATION_CALLS)
        .with_context(|| format!("the workspace has no example {SPECIFICATION_CALLS}"))?;
    let mut test = project.node();
    test.args(["--test", "--test-reporter=tap", "test/specification.test.mjs"])
        .env("TWILIO_SPECIFICATION", root.join("e2e/specs/twilio.json"))
        .env("TWILIO_CALLS", calls);
    Tally::of(&mut test)
}

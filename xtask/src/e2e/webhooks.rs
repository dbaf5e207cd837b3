//! The package of Standard Webhooks as the receiver of what the server sends.

use std::path::Path;

use anyhow::{Context, Result};

use super::{ENCRYPTION_KEY, JWT_SECRET, META, packages::NodeProject, simulator};
use crate::{build::Programs, service::Service, shell, tally::Tally};

/// People write to the simulator, and a receiver beside the server is told.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let project = NodeProject::prepare(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let port = shell::free_port()?;
    let callback = format!("http://127.0.0.1:{port}/api/comunicaciones/webhook/whatsapp");
    let simulator = simulator(programs, folder.path(), Some(&callback))?;
    let mut serve = shell::command(programs.binary("comms-server")?, folder.path());
    serve
        .arg("serve")
        .env("PORT", port.to_string())
        .env("WHATSAPP_API_BASE", simulator.url())
        .env("WHATSAPP_OWNER_ID", "7")
        .env("WEBHOOKS_ALLOW", "127.0.0.1")
        .envs(META.iter().copied().chain([JWT_SECRET, ENCRYPTION_KEY]));
    let server = Service::start(&mut serve, port, &folder.path().join("server.log"))?;
    let mut test = project.node();
    test.args(["--test", "--test-reporter=tap", "test/webhooks.test.mjs"])
        .env("COMMS_SERVER_URL", server.url())
        .env("SIMULATOR_URL", simulator.url())
        .envs(META.iter().copied().chain([JWT_SECRET]));
    let tally = Tally::of(&mut test)?;
    if tally.failed > 0 {
        println!("what the server printed:\n{}", server.printed());
    }
    Ok(tally)
}

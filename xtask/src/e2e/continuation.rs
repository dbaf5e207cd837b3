//! A back end as S4 prints it, which tells the server of calls that have ended.

use std::path::Path;

use anyhow::{Context, Result};

use super::{ELEVENLABS, ENCRYPTION_KEY, JWT_SECRET, META, TWILIO, packages::NodeProject, simulator_with};
use crate::{build::Programs, service::Service, shell, tally::Tally};

/// What both back ends know.
const SERVICE: (&str, &str) = ("MICROSERVICE_TOKEN", "an-invented-token-of-two-back-ends");

/// The simulator's own template at Twilio.
const TEMPLATE: (&str, &str) = ("ELEVENLABS_TEMPLATE", "HX00000000000000000000000000000001");

/// Calls end at the simulator, the back end tells of them, people answer.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let project = NodeProject::prepare(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let port = shell::free_port()?;
    let messages = format!("http://127.0.0.1:{port}/webhook/twilio/incoming");
    let simulator = simulator_with(programs, folder.path(), &["--twilio-messaging-url", &messages])?;
    let mut serve = shell::command(programs.binary("comms-server")?, folder.path());
    serve
        .arg("serve")
        .env("PORT", port.to_string())
        .env("PUBLIC_BASE_URL", format!("http://127.0.0.1:{port}"))
        .env("TWILIO_API_BASE", simulator.url())
        .env("TWILIO_OWNER_ID", "7")
        .env("ELEVENLABS_API_BASE", simulator.url())
        .env("ELEVENLABS_TEMPLATE_VARIABLES", "{client_name},{summary}")
        .envs(TWILIO.iter().chain(ELEVENLABS).copied().chain([SERVICE, TEMPLATE, JWT_SECRET, ENCRYPTION_KEY]));
    let server = Service::start(&mut serve, port, &folder.path().join("server.log"))?;
    let mut test = project.node();
    test.args(["--test", "--test-reporter=tap", "test/continuation.test.mjs"])
        .env("COMMS_SERVER_URL", server.url())
        .env("SIMULATOR_URL", simulator.url())
        .envs(META.iter().chain(TWILIO).chain(ELEVENLABS).copied().chain([SERVICE, JWT_SECRET]));
    let tally = Tally::of(&mut test)?;
    if tally.failed > 0 {
        println!("what the server printed:\n{}", server.printed());
    }
    Ok(tally)
}

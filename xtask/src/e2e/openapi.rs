//! Schemathesis: the server's own description, as a promise of every answer.

use std::path::Path;

use anyhow::{Context, Result};

use super::{ENCRYPTION_KEY, JWT_SECRET, META, TWILIO, packages, simulator};
use crate::{build::Programs, service::Service, shell, tally::Tally};

/// Every route is asked for what its description permits and for what it does not, before simulated providers.
pub(super) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let port = shell::free_port()?;
    let mut serve = shell::command(programs.binary("comms-server")?, folder.path());
    serve
        .arg("serve")
        .env("PORT", port.to_string())
        .env("PUBLIC_BASE_URL", format!("http://127.0.0.1:{port}"))
        .env("WHATSAPP_API_BASE", simulator.url())
        .env("TWILIO_API_BASE", simulator.url())
        .env("RATE_LIMIT_PER_MINUTE", "1000000")
        .env("GOOGLE_API_BASE", simulator.url())
        .env("GOOGLE_CLIENT_ID", "1234-abcd.apps.googleusercontent.com")
        .env("GOOGLE_CLIENT_SECRET", "an-invented-client-secret")
        .env("FRONTEND_URL", "https://app.example.com/correo")
        .envs(META.iter().chain(TWILIO).copied().chain([JWT_SECRET, ENCRYPTION_KEY]));
    let server = Service::start(&mut serve, port, &folder.path().join("server.log"))?;
    let mut test = shell::command(python, &root.join("e2e/python"));
    test.args(["-B", "test_openapi.py"]).env("COMMS_SERVER_URL", server.url()).envs([JWT_SECRET]);
    let tally = Tally::of(&mut test)?;
    if tally.failed > 0 {
        println!("what the server printed:\n{}", server.printed());
    }
    Ok(tally)
}

//! Clients that are not ours, against the simulator and the server: see `e2e/README.md`.

mod beside;
mod continuation;
mod elevenlabs;
mod gmail;
mod hostile;
mod openapi;
mod packages;
mod sendgrid;
mod twilio;
mod webhooks;

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::{build::Programs, postgres::TestServer, service::Service, shell, tally::Tally, tools};

/// Examples that are tools of suites.
pub(crate) const TOOLS: [&str; 5] = [
    twilio::SPECIFICATION_CALLS,
    gmail::GMAIL_CALLS,
    sendgrid::SENDGRID_CALLS,
    elevenlabs::ELEVENLABS_CALLS,
    hostile::HOSTILE_MAIL,
];

/// Which clients to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this one.
    suite: Option<Suite>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// A Python client of the WhatsApp Cloud API, against the simulator.
    Pywa,
    /// Prisma on the server's database.
    Prisma,
    /// An Express 5 proxy before the server.
    Proxy,
    /// Twilio's SDKs for Node.js and Python, against the simulator and the server.
    Twilio,
    /// The package of Standard Webhooks, as a receiver of what the server sends.
    Webhooks,
    /// A back end as S4 prints it, which tells of calls that have ended.
    Continuation,
    /// Each request of our Twilio clients, against Twilio's own description.
    Specification,
    /// Google's own client for Python and its own description of Gmail, against the simulator and our client.
    Gmail,
    /// SendGrid's own client for Python and its own description of its API, against the simulator and our client.
    Sendgrid,
    /// ElevenLabs' own SDK for Python, against the simulator and our client.
    Elevenlabs,
    /// Mail of strangers in a headless Chromium.
    Hostile,
    /// Schemathesis, against the server's own description.
    Openapi,
}

/// The simulator's own app, number and token: the defaults of `comms-simulator`.
pub(crate) const META: &[(&str, &str)] = &[
    ("WHATSAPP_APP_ID", "670843887433847"),
    ("WHATSAPP_APP_SECRET", "simulated-app-secret"),
    ("WHATSAPP_VERIFY_TOKEN", "simulated-verify-token"),
    ("WHATSAPP_ACCESS_TOKEN", "EAASimulatedValid"),
    ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
    ("WHATSAPP_BUSINESS_ACCOUNT_ID", "102290129340398"),
];

/// The simulator's own Twilio account, in the same way.
pub(crate) const TWILIO: &[(&str, &str)] = &[
    ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    ("TWILIO_AUTH_TOKEN", "simulated-auth-token"),
    ("TWILIO_PHONE_NUMBER", "+15005550006"),
    ("TWILIO_WHATSAPP_NUMBER", "whatsapp:+15005550006"),
    ("TWILIO_API_KEY_SID", "SK00000000000000000000000000000001"),
    ("TWILIO_API_KEY_SECRET", "simulated-api-key-secret-0123456"),
    ("TWILIO_TWIML_APP_SID", "AP00000000000000000000000000000001"),
];

/// The simulator's own workspace at ElevenLabs, in the same way.
pub(crate) const ELEVENLABS: &[(&str, &str)] = &[
    ("ELEVENLABS_API_KEY", "sk_simulated_elevenlabs_key"),
    ("ELEVENLABS_AGENT_ID", "agent_0000sim00000000000000000001"),
    ("ELEVENLABS_PHONE_NUMBER_ID", "phnum_0000sim000000000000000000001"),
];

pub(crate) const JWT_SECRET: (&str, &str) = ("JWT_SECRET", "an-invented-secret-of-the-tests!");

/// What the server encrypts stored secrets with, invented: 32 bytes.
pub(crate) const ENCRYPTION_KEY: (&str, &str) =
    ("COMMS_ENCRYPTION_KEY", "0101010101010101010101010101010101010101010101010101010101010101");

/// Builds, and runs one suite or all.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let programs = Programs::build(root)?;
    let tally = match options.suite {
        Some(Suite::Pywa) => pywa(root, &programs)?,
        Some(Suite::Twilio) => twilio::sdks(root, &programs)?,
        Some(Suite::Webhooks) => webhooks::run(root, &programs)?,
        Some(Suite::Continuation) => continuation::run(root, &programs)?,
        Some(Suite::Specification) => twilio::specification(root, &programs)?,
        Some(Suite::Gmail) => gmail::run(root, &programs)?,
        Some(Suite::Sendgrid) => sendgrid::run(root, &programs)?,
        Some(Suite::Elevenlabs) => elevenlabs::run(root, &programs)?,
        Some(Suite::Hostile) => hostile::run(root, &programs)?,
        Some(Suite::Openapi) => openapi::run(root, &programs)?,
        Some(suite) => beside::run(root, &programs, &TestServer::find_or_start()?, &[suite])?,
        None => all(root, &programs, &TestServer::find_or_start()?)?,
    };
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

/// Runs every suite. Where its language is missing a suite is skipped with a notice, in CI it is a failure.
pub(crate) fn all(root: &Path, programs: &Programs, database: &TestServer) -> Result<Tally> {
    let mut tally = or_skipped("pywa", pywa(root, programs))?;
    tally += or_skipped("Twilio's SDKs", twilio::sdks(root, programs))?;
    tally += or_skipped("Standard Webhooks", webhooks::run(root, programs))?;
    tally += or_skipped("the back end of S4", continuation::run(root, programs))?;
    tally += or_skipped("Twilio's description", twilio::specification(root, programs))?;
    tally += or_skipped("Google's client and description", gmail::run(root, programs))?;
    tally += or_skipped("SendGrid's client and description", sendgrid::run(root, programs))?;
    tally += or_skipped("ElevenLabs' SDK", elevenlabs::run(root, programs))?;
    tally += or_skipped("hostile mail in a browser", hostile::run(root, programs))?;
    tally += or_skipped("Schemathesis", openapi::run(root, programs))?;
    tally += or_skipped("Prisma and Express", beside::run(root, programs, database, &[Suite::Prisma, Suite::Proxy]))?;
    Ok(tally)
}

/// Where something is missing that we may not install, a notice instead; in CI a failure all the same.
pub(crate) fn or_skipped(what: &str, outcome: Result<Tally>) -> Result<Tally> {
    match outcome {
        Err(error) if error.is::<tools::Missing>() && !shell::is_ci() => {
            println!("notice: {what} not run: {error:#}");
            Ok(Tally::skipped())
        }
        outcome => outcome,
    }
}

fn pywa(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = packages::python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let mut test = shell::command(python, &root.join("e2e/python"));
    test.args(["-B", "test_pywa.py"]).env("SIMULATOR_URL", simulator.url()).envs(META.iter().copied());
    Tally::of(&mut test)
}

/// The offline double of the providers; webhooks go to `callback`.
pub(crate) fn simulator(programs: &Programs, folder: &Path, callback: Option<&str>) -> Result<Service> {
    simulator_with(programs, folder, &callback.map_or_else(Vec::new, |callback| vec!["--callback-url", callback]))
}

/// The same with arguments of one's own.
pub(crate) fn simulator_with(programs: &Programs, folder: &Path, arguments: &[&str]) -> Result<Service> {
    let port = shell::free_port()?;
    let mut command = shell::command(programs.binary("comms-simulator")?, folder);
    command.args(["serve", "--port", &port.to_string()]).args(arguments);
    Service::start(&mut command, port, &folder.join("simulator.log"))
}

//! Every example runs to its end against the simulator.

use std::{path::Path, process::Child, time::Duration};

use anyhow::{Context, Result};

use crate::{build::Programs, e2e, shell, soak, tally::Tally};

/// The simulator's own account at SendGrid, and its verified sender.
const SENDGRID_KEY: &str = "SG.simulated-api-key";
const SENDER: &str = "ventas@example.org";

/// How long an example may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the examples one after the other; each is a case of its own.
pub(crate) fn run(root: &Path, programs: &Programs) -> Result<Tally> {
    let mut tally = Tally::default();
    if programs.examples.is_empty() {
        return Ok(tally);
    }
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let mail_port = shell::free_port()?.to_string();
    let simulator = e2e::simulator_with(programs, folder.path(), &["--smtp-port", &mail_port])?;
    // Some are tools of other suites.
    let examples = programs.examples.iter();
    for (name, program) in
        examples.filter(|(name, _)| !name.starts_with(soak::TOOLS) && !e2e::TOOLS.contains(&name.as_str()))
    {
        let mut example = shell::command(program, root);
        example
            .env("WHATSAPP_API_BASE", simulator.url())
            .env("SIMULATOR_URL", simulator.url())
            .env("TWILIO_API_BASE", simulator.url())
            .env("SENDGRID_API_BASE", simulator.url())
            .env("SENDGRID_API_KEY", SENDGRID_KEY)
            .env("SENDGRID_FROM_EMAIL", SENDER)
            .env("ELEVENLABS_API_BASE", simulator.url())
            .env("SMTP_URL", format!("smtp+plain://127.0.0.1:{mail_port}"))
            .env("SMTP_FROM", SENDER)
            .envs(e2e::META.iter().chain(e2e::TWILIO).chain(e2e::ELEVENLABS).copied());
        let child = example.spawn().with_context(|| format!("{name} does not start"))?;
        let passed = ends_well(child)?;
        println!("example {name} ... {}", if passed { "ok" } else { "FAILED" });
        tally += Tally::single(passed);
    }
    Ok(tally)
}

fn ends_well(mut child: Child) -> Result<bool> {
    let ended = shell::wait_until("the example's end", LIMIT, || Ok(child.try_wait()?.is_some()));
    if let Err(error) = ended {
        eprintln!("{error:#}");
        child.kill()?;
    }
    Ok(child.wait()?.success())
}

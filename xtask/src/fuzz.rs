//! Feeds every webhook parser with what nobody would write, for longer than the tests do.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{shell, tally::Tally};

/// The crates whose parsers are fed, and the test that does it.
const CRATES: [&str; 6] =
    ["whatsapp-cloud", "twilio-voice", "twilio-messaging", "sendgrid-client", "gmail-client", "elevenlabs-client"];
const TEST: &str = "webhooks_that_nobody_would_write_are_read";

/// How long, and with which choices.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// For how many seconds, each parser.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Repeats the choices of an earlier run.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this crate's parser.
    #[arg(long, value_parser = CRATES)]
    only: Option<String>,
}

/// Feeds one parser after the other. What is found is printed with the webhook and the seed.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    println!("fuzz: seed={seed}");
    let mut tally = Tally::default();
    for name in CRATES {
        if options.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let mut test = shell::cargo(root);
        test.args(["test", "--package", name, "--all-features", "--test", "it", "--", "--nocapture", TEST])
            .env("COMMS_FUZZ_SECONDS", options.seconds.to_string())
            .env("COMMS_FUZZ_SEED", seed.to_string());
        tally += Tally::of(&mut test)?;
    }
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

//! The simulator as a program: `serve` runs it, `sign` writes a signed webhook call for a shell.

mod cli;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    match cli::Cli::parse().command {
        cli::Command::Serve(arguments) => cli::serve::run(*arguments),
        cli::Command::Sign(arguments) => cli::sign::run(&arguments),
    }
}

//! The command line.

pub mod serve;
pub mod sign;

use clap::{Parser, Subcommand};

/// Offline doubles of the providers over real HTTP.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the simulator until it is interrupted.
    Serve(Box<serve::Serve>),
    /// Prints the curl call that carries a webhook with the right signature.
    Sign(sign::Sign),
}

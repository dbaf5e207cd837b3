//! The server of the comms toolkit. Without a subcommand: the demo.

use std::process::ExitCode;

fn main() -> ExitCode {
    comms_server::cli::main()
}

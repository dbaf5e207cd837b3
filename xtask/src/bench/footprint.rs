//! What a process needs: the time until it answers, memory before and under load, the size of the program.

use std::fs;

use anyhow::Result;

use super::{
    Bench, Plan,
    figures::{Bound::AtMost, Figure, Target},
};
use crate::shell;

pub(super) const PLAN: Plan = Plan {
    name: "footprint",
    targets: &[
        Target { figure: "footprint.*.start_ms", bound: AtMost(1_000.0) },
        Target { figure: "footprint.*.first_start_ms", bound: AtMost(1_000.0) },
        Target { figure: "footprint.*.idle_mb", bound: AtMost(40.0) },
        Target { figure: "footprint.*.loaded_mb", bound: AtMost(200.0) },
        Target { figure: "footprint.release_binary_mb", bound: AtMost(40.0) },
        Target { figure: "footprint.bench_binary_mb", bound: AtMost(40.0) },
    ],
};

/// The size of the released program is told where there is one: building it takes longer than everything else.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let mut figures = super::measure(bench, "footprint")?;
    let program = shell::target_folder(bench.root).join("release/comms-server");
    match fs::metadata(program) {
        Ok(file) => figures.push(Figure::new("footprint.release_binary_mb", file.len() as f64 / f64::from(1 << 20))),
        Err(_) => println!("not built: cargo build --release --package comms-server"),
    }
    Ok(figures)
}

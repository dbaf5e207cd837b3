//! The machine that figures belong to.

use std::{fmt, fs, thread};

use anyhow::Result;
use serde::Serialize;

/// What it is, and how busy.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    cores: usize,
    processor: String,
    memory_gb: u64,
    system: String,
    kernel: String,
    /// Of 1, 5 and 15 minutes: what else kept it busy belongs to the figures.
    load_average: String,
}

impl Machine {
    /// As it is now.
    pub(super) fn look() -> Result<Self> {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let memory = value("/proc/meminfo", "MemTotal").unwrap_or_default();
        let kilobytes: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            processor: value("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned()),
            memory_gb: (kilobytes + (1 << 19)) >> 20,
            system: release().unwrap_or_else(|| "an unknown system".to_owned()),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load_average: load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, processor, memory_gb, system, kernel, load_average } = self;
        write!(f, "{cores} cores ({processor}), {memory_gb} GiB, {system}, Linux {kernel}; load average {load_average}")
    }
}

/// What stands behind a key and a colon, the first time.
fn value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn release() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

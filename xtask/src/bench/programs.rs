//! The programs that measure.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// By name.
pub(super) struct Programs(BTreeMap<String, PathBuf>);

impl Programs {
    /// Builds them without running them; with that of the store, where it is needed.
    pub(super) fn build(root: &Path, store: bool) -> Result<Self> {
        // Both in one build: each alone would choose features of its own and compile the heavy crates again.
        let mut build = shell::cargo(root);
        build.args(["bench", "--no-run", "--features", "comms-core/sqlite,comms-core/postgres"]);
        build.args([
            "--message-format=json-render-diagnostics",
            "--package",
            "comms-core",
            "--package",
            "comms-server",
        ]);
        build.args(["--bench", "server"]);
        if store {
            build.args(["--bench", "store"]);
        }
        let printed = shell::output(build.stderr(Stdio::inherit()))?;
        let mut programs = BTreeMap::new();
        for line in printed.lines() {
            let message: Value = serde_json::from_str(line).context("cargo's messages are JSON")?;
            if message["target"]["kind"][0] == "bench"
                && let (Some(name), Some(program)) =
                    (message["target"]["name"].as_str(), message["executable"].as_str())
            {
                programs.insert(name.to_owned(), program.into());
            }
        }
        Ok(Self(programs))
    }

    /// The program of this name.
    pub(super) fn find(&self, name: &str) -> Result<&Path> {
        self.0.get(name).map(PathBuf::as_path).with_context(|| format!("the workspace has no bench {name}"))
    }
}

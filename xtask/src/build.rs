//! One build of everything, so that all later steps find what they run without building it again.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell;

/// The programs that a build made.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    binaries: BTreeMap<String, PathBuf>,
    pub(crate) examples: BTreeMap<String, PathBuf>,
}

impl Programs {
    /// Builds the workspace with the features that `cargo test --workspace` uses, so that nothing heavy is compiled twice.
    pub(crate) fn build(root: &Path) -> Result<Self> {
        Self::made_by(root, &["--workspace", "--lib", "--bins", "--tests", "--examples"])
    }

    /// Builds only the programs and examples of these packages.
    pub(crate) fn of(root: &Path, packages: &[&str]) -> Result<Self> {
        let named = packages.iter().flat_map(|package| ["--package", package]);
        Self::made_by(root, &["--bins", "--examples"].into_iter().chain(named).collect::<Vec<_>>())
    }

    fn made_by(root: &Path, arguments: &[&str]) -> Result<Self> {
        let mut build = shell::cargo(root);
        build.arg("build").args(arguments);
        build.arg("--message-format=json-render-diagnostics");
        let mut child = build.stdout(Stdio::piped()).spawn().context("cargo does not start")?;
        let messages = child.stdout.take().context("the output is piped")?;
        let mut programs = Self::default();
        for line in BufReader::new(messages).lines() {
            programs.note(&serde_json::from_str(&line?).context("cargo's messages are JSON")?);
        }
        ensure!(child.wait()?.success(), "the workspace does not compile");
        Ok(programs)
    }

    /// The program of a `[[bin]]`.
    pub(crate) fn binary(&self, name: &str) -> Result<&Path> {
        self.binaries.get(name).map(PathBuf::as_path).with_context(|| format!("the workspace has no program {name}"))
    }

    fn note(&mut self, message: &Value) {
        let (Some(executable), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str())
        else {
            return;
        };
        // The test harness of a program has the same name.
        if message["profile"]["test"] == true {
            return;
        }
        let programs = match message["target"]["kind"][0].as_str() {
            Some("bin") => &mut self.binaries,
            Some("example") => &mut self.examples,
            _ => return,
        };
        programs.insert(name.to_owned(), executable.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_programs_to_run_are_noted() {
        let message = |kind: &str, test: bool, executable: Value| {
            json!({"reason": "compiler-artifact", "executable": executable, "profile": {"test": test},
                   "target": {"name": "tool", "kind": [kind]}})
        };
        let mut programs = Programs::default();
        programs.note(&message("bin", true, json!("/t/deps/tool-1")));
        programs.note(&message("lib", false, Value::Null));
        programs.note(&json!({"reason": "build-finished", "success": true}));
        assert!(programs.binary("tool").is_err());

        programs.note(&message("bin", false, json!("/t/tool")));
        programs.note(&message("example", false, json!("/t/examples/tool")));
        assert_eq!(programs.binary("tool").unwrap(), Path::new("/t/tool"));
        assert_eq!(programs.examples["tool"], Path::new("/t/examples/tool"));
    }
}

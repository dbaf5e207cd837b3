//! What must hold at every landing.

use std::{path::Path, time::Instant};

use anyhow::Result;

use crate::{release, shell, tally::Tally, test, tidy};

/// Runs every check, also after one has failed, and ends with how long each took and the count of all.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let mut steps = Steps::default();
    steps.check("format", || shell::succeeds(shell::cargo(root).args(["fmt", "--all", "--check"])));
    steps.check("tidy", || tidy::run(root));
    steps.check("clippy", || {
        let mut clippy = shell::cargo(root);
        shell::succeeds(clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    steps.check("documentation", || {
        let mut doc = shell::cargo(root);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        shell::succeeds(doc.args(["doc", "--workspace", "--no-deps"]))
    });
    steps.check("packages", || release::run(root));
    steps.step("tests", || test::all(root, &test::Options::default()));
    Ok(steps.summary())
}

/// The steps taken so far: name, seconds, and what came of it.
#[derive(Debug, Default)]
struct Steps(Vec<(&'static str, u64, Tally)>);

impl Steps {
    /// A step that counts only where it fails: the closing line is about tests.
    fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<bool>) {
        self.step(name, || {
            let passed = check()?;
            Ok(if passed { Tally::default() } else { Tally::single(false) })
        });
    }

    fn step(&mut self, name: &'static str, step: impl FnOnce() -> Result<Tally>) {
        println!("\n== {name}");
        let start = Instant::now();
        let tally = step().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally::single(false)
        });
        self.0.push((name, start.elapsed().as_secs(), tally));
    }

    /// Prints the times, what failed, and the count of all alone on the last line. Whether nothing failed.
    fn summary(&self) -> bool {
        println!();
        let mut all = Tally::default();
        for (name, seconds, tally) in &self.0 {
            let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
            println!("{name:<14} {seconds:>5} s  {verdict}");
            all += *tally;
        }
        println!("\n{all}");
        all.failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_check_fails_the_whole() {
        let mut steps = Steps::default();
        steps.step("tests", || Ok(Tally::single(true)));
        steps.check("good", || Ok(true));
        assert!(steps.summary());
        steps.check("bad", || Ok(false));
        assert!(!steps.summary());
    }

    #[test]
    fn a_step_that_cannot_run_is_a_failure() {
        let mut steps = Steps::default();
        steps.check("broken", || anyhow::bail!("no such program"));
        assert!(!steps.summary());
    }
}

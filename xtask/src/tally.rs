//! Counts what passed and failed, whichever runner says so.

use std::{
    fmt,
    io::{BufRead, BufReader},
    ops::AddAssign,
    process::{Command, Stdio},
    sync::LazyLock,
};

use anyhow::{Context, Result};
use regex::Regex;

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// One case of its own, for a step without a runner.
    pub(crate) fn single(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), skipped: 0 }
    }

    /// A part that could not run.
    pub(crate) fn skipped() -> Self {
        Self { skipped: 1, ..Self::default() }
    }

    /// Runs `command`, passes its output on, and counts by the summaries of the runners in it.
    /// A program that fails without naming a failed case, or succeeds without any case, counts as a failure.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let output = child.stdout.take().context("the output is piped")?;
        let mut tally = Self::default();
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally += Self::in_line(&line);
        }
        let succeeded = child.wait()?.success();
        if (!succeeded && tally.failed == 0) || (succeeded && tally == Self::default()) {
            tally.failed += 1;
        }
        Ok(tally)
    }

    /// What the summary line of cargo test, node's TAP reporter or Python's unittest says.
    fn in_line(line: &str) -> Self {
        static CARGO: LazyLock<Regex> =
            LazyLock::new(|| pattern(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored"));
        static NODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^# (pass|fail|cancelled|skipped) (\d+)$"));
        static PLAIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$"));
        let line = line.trim_end();
        let number = |found: &regex::Captures<'_>, index: usize| {
            found.get(index).map_or(0, |digits| digits.as_str().parse().unwrap_or(0))
        };
        if let Some(found) = CARGO.captures(line).or_else(|| PLAIN.captures(line)) {
            return Self { passed: number(&found, 1), failed: number(&found, 2), skipped: number(&found, 3) };
        }
        let Some(found) = NODE.captures(line) else {
            return Self::default();
        };
        let mut tally = Self::default();
        match &found[1] {
            "pass" => tally.passed = number(&found, 2),
            "skipped" => tally.skipped = number(&found, 2),
            _ => tally.failed = number(&found, 2),
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally { passed, failed, skipped }
    }

    fn of_script(script: &str) -> Tally {
        Tally::of(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn every_runner_is_understood() {
        let cargo =
            "test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.02s";
        assert_eq!(Tally::in_line(cargo), tally(12, 1, 2));
        assert_eq!(Tally::in_line("# pass 3"), tally(3, 0, 0));
        assert_eq!(Tally::in_line("# fail 1"), tally(0, 1, 0));
        assert_eq!(Tally::in_line("# cancelled 2"), tally(0, 2, 0));
        assert_eq!(Tally::in_line("4 passed, 0 failed, 1 skipped"), tally(4, 0, 1));
        assert_eq!(Tally::in_line("vectors meta: 4 passed"), tally(0, 0, 0));
    }

    #[test]
    fn the_summaries_of_many_programs_add_up() {
        assert_eq!(of_script("echo 2 passed, 0 failed; echo 3 passed, 1 failed; exit 1"), tally(5, 1, 0));
    }

    #[test]
    fn a_crash_is_a_failure_even_without_a_summary() {
        assert_eq!(of_script("echo 2 passed, 0 failed; kill -9 $$"), tally(2, 1, 0));
    }

    #[test]
    fn a_run_without_any_case_is_a_failure() {
        assert_eq!(of_script("echo nothing to do"), tally(0, 1, 0));
    }
}

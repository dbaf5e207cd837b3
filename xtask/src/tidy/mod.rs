//! What no compiler checks. Each rule is a file of its own and has a test with a bad sample that it must catch.

mod dependencies;
mod docs;
mod file_set;
mod licences;
mod manifests;
mod mentions;
mod secrets;
mod shape;
mod workspace;

use std::{collections::BTreeMap, fmt, path::Path};

use anyhow::Result;

pub(crate) use workspace::{Package, Workspace};

/// A rule looks at the whole workspace and says what it found.
type Rule = fn(&Workspace) -> Vec<Finding>;

/// Every rule by its name.
const RULES: &[(&str, Rule)] = &[
    ("dependencies", dependencies::check),
    ("file-set", file_set::check),
    ("mentions", mentions::check),
    ("shape", shape::check),
    ("manifests", manifests::check),
    ("licences", licences::check),
    ("docs", docs::check),
    ("secrets", secrets::check),
];

/// Checks the workspace and prints what to mend.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let workspace = Workspace::load(root)?;
    let mut counts = BTreeMap::from([(Severity::Error, 0), (Severity::Warning, 0)]);
    for (name, rule) in RULES {
        for finding in rule(&workspace) {
            *counts.entry(finding.severity).or_insert(0) += 1;
            println!("{finding} [{name}]");
        }
    }
    let (errors, warnings) = (counts[&Severity::Error], counts[&Severity::Warning]);
    println!("tidy: {} files, {errors} errors, {warnings} warnings", workspace.paths.len());
    Ok(errors == 0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Warning,
    Error,
}

/// Something to mend.
#[derive(Debug)]
struct Finding {
    severity: Severity,
    path: String,
    /// Counted from 1.
    line: usize,
    /// What is wrong, and what to do about it.
    message: String,
}

impl Finding {
    fn error(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), line, message: message.into() }
    }

    fn warning(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{}:{}: {word}: {}", self.path, self.line, self.message)
    }
}

#[cfg(test)]
mod testing {
    use super::{Finding, Rule, Workspace};

    /// What `rule` says about a workspace of these files.
    pub(super) fn findings(rule: Rule, files: &[(&str, &str)]) -> Vec<Finding> {
        rule(&Workspace::sample(files))
    }

    /// Asserts that `rule` finds exactly this, as `path:line`, in this order.
    #[track_caller]
    pub(super) fn assert_found(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
        let found = findings(rule, files);
        let places: Vec<_> = found.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect();
        assert_eq!(places, expected, "{found:#?}");
    }
}

//! The same files in every provider crate: who knows one provider knows all.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Finding, Package, Workspace};

/// What each provider crate has. A name with `/*` asks for at least one file in that folder.
const FILES: [&str; 16] = [
    "README.md",
    "CHANGELOG.md",
    "src/lib.rs",
    "src/config.rs",
    "src/auth.rs",
    "src/client.rs",
    "src/api/*",
    "src/model/*",
    "src/webhook.rs",
    "src/limits.rs",
    "src/error.rs",
    "src/channel.rs",
    "tests/it/main.rs",
    "examples/send.rs",
    "examples/receive.rs",
    "Cargo.toml",
];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.is_provider()) {
        check_package(workspace, package, &mut findings);
    }
    findings.extend(example_names(workspace));
    findings
}

fn check_package(workspace: &Workspace, package: &Package, findings: &mut Vec<Finding>) {
    let mut error = |message| findings.push(Finding::error(package.manifest(), 1, message));
    let exempt = exemptions(package);
    for (file, reason) in &exempt {
        if !FILES.contains(&file.as_str()) {
            error(format!("`exempt` names {file}, which no provider crate needs"));
        } else if reason.trim().is_empty() {
            error(format!("`exempt` gives no reason for {file}"));
        } else if is_there(workspace, package, file) {
            error(format!("`exempt` names {file}, which is there: remove the exemption"));
        }
    }
    for file in FILES {
        if !exempt.contains_key(file) && !is_there(workspace, package, file) {
            error(format!(
                "{} lacks {file}: add it, or give the reason in [package.metadata.comms.exempt]",
                package.name
            ));
        }
    }
}

/// `[package.metadata.comms.exempt]`: file → reason.
fn exemptions(package: &Package) -> BTreeMap<String, String> {
    package
        .metadata
        .pointer("/comms/exempt")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(file, reason)| {
            let reason = reason.as_str().unwrap_or_default();
            (file.clone(), reason.to_owned())
        })
        .collect()
}

/// A module may be a file or a folder with a `mod.rs`.
fn is_there(workspace: &Workspace, package: &Package, file: &str) -> bool {
    if let Some(folder) = file.strip_suffix('*') {
        let folder = package.file(folder);
        return workspace.paths.iter().any(|path| path.starts_with(&folder) && path.ends_with(".rs"));
    }
    workspace.has(&package.file(file))
        || file.strip_suffix(".rs").is_some_and(|module| workspace.has(&package.file(&format!("{module}/mod.rs"))))
}

/// Cargo puts all examples into one folder, so that two of one name overwrite each other.
fn example_names(workspace: &Workspace) -> Vec<Finding> {
    let mut owners: BTreeMap<&str, &Package> = BTreeMap::new();
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let examples = package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "example"));
        for example in examples {
            if let Some(other) = owners.insert(&example.name, package) {
                findings.push(Finding::error(
                    package.manifest(),
                    1,
                    format!(
                        "the example `{0}` is called as one of {1}: name it in [[example]], for instance {2}-{0}",
                        example.name, other.name, package.name
                    ),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::{assert_found, findings};

    const MANIFEST: &str = "[package]\nname = 'some-client'\n";

    /// A whole crate with this manifest and without the files that start with `without`.
    fn crate_without<'a>(manifest: &'a str, without: &str) -> Vec<(String, &'a str)> {
        FILES
            .iter()
            .filter(|file| !file.starts_with(without))
            .map(|file| {
                let path = format!("crates/some-client/{}", file.replace('*', "messages.rs"));
                let text = if *file == "Cargo.toml" { manifest } else { "" };
                (path, text)
            })
            .collect()
    }

    fn messages(files: &[(String, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        findings(check, &files).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_whole_crate_passes() {
        assert_eq!(messages(&crate_without(MANIFEST, "none")), [""; 0]);
    }

    #[test]
    fn each_missing_file_is_named() {
        for file in FILES.iter().filter(|file| **file != "Cargo.toml") {
            let found = messages(&crate_without(MANIFEST, file));
            assert_eq!(found.len(), 1, "{file}: {found:?}");
            assert!(found[0].contains(&format!("lacks {file}")), "{found:?}");
        }
    }

    #[test]
    fn an_exemption_needs_a_reason_and_an_absent_file() {
        let exempt = |line: &str| format!("{MANIFEST}[package.metadata.comms.exempt]\n{line}\n");

        let with_reason = exempt("'src/auth.rs' = 'one token in a header'");
        assert_eq!(messages(&crate_without(&with_reason, "src/auth.rs")), [""; 0]);

        let without_reason = exempt("'src/auth.rs' = ''");
        assert!(messages(&crate_without(&without_reason, "src/auth.rs"))[0].contains("no reason"));

        assert!(messages(&crate_without(&with_reason, "none"))[0].contains("which is there"));

        let unknown = exempt("'src/other.rs' = 'because'");
        assert!(messages(&crate_without(&unknown, "none"))[0].contains("no provider crate needs"));
    }

    #[test]
    fn two_examples_of_one_name_collide() {
        let example = "[[example]]\nname = 'send'\n";
        let one = format!("[package]\nname = 'comms-one'\n{example}");
        let two = format!("[package]\nname = 'comms-two'\n{example}");
        assert_found(
            check,
            &[("crates/comms-one/Cargo.toml", &one), ("crates/comms-two/Cargo.toml", &two)],
            &["crates/comms-two/Cargo.toml:1"],
        );
    }
}

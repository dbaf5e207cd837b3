//! What every manifest says and every crate carries.

use super::{Finding, Package, Workspace};

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace
        .packages
        .iter()
        .flat_map(|package| {
            let manifest = package.manifest();
            problems(workspace, package).into_iter().map(move |problem| Finding::error(&manifest, 1, problem))
        })
        .collect()
}

fn problems(workspace: &Workspace, package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    if !inherits_lints(workspace, package) {
        problems.push("add `[lints] workspace = true`".to_owned());
    }
    let mut wanted = vec![("license", package.license.is_some()), ("description", package.description.is_some())];
    if package.is_published() {
        wanted.push(("repository", package.repository.is_some()));
    }
    problems.extend(
        wanted.into_iter().filter(|(_, present)| !present).map(|(field, _)| format!("add the field `{field}`")),
    );
    problems.extend(
        wanted_files(package)
            .into_iter()
            .filter(|file| !workspace.has(&package.file(file)))
            .map(|file| format!("{} lacks {file}", package.name)),
    );
    problems
}

/// The licence texts may be links to those of the workspace: cargo packages what they point to.
fn wanted_files(package: &Package) -> Vec<&'static str> {
    if package.is_published() {
        vec!["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]
    } else if package.folder.starts_with("crates/") {
        vec!["README.md"]
    } else {
        Vec::new()
    }
}

fn inherits_lints(workspace: &Workspace, package: &Package) -> bool {
    workspace
        .texts
        .get(&package.manifest())
        .and_then(|text| text.parse::<toml::Table>().ok())
        .and_then(|manifest| manifest.get("lints")?.get("workspace")?.as_bool())
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::findings;

    const WHOLE: &str = "[package]\nname = 'some-client'\nlicense = 'MIT'\ndescription = 'A client'\n\
                         repository = 'https://example.org'\n[lints]\nworkspace = true\n";

    fn messages(manifest: &str, without: &str) -> Vec<String> {
        let files = ["Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
        let paths: Vec<_> = files
            .iter()
            .filter(|file| **file != without)
            .map(|file| (format!("crates/some-client/{file}"), if *file == "Cargo.toml" { manifest } else { "" }))
            .collect();
        let files: Vec<_> = paths.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        findings(check, &files).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_whole_crate_passes() {
        assert_eq!(messages(WHOLE, ""), [""; 0]);
    }

    #[test]
    fn each_missing_field_is_named() {
        for field in ["license", "description", "repository"] {
            let manifest: String =
                WHOLE.lines().filter(|line| !line.starts_with(field)).map(|line| format!("{line}\n")).collect();
            assert_eq!(messages(&manifest, ""), [format!("add the field `{field}`")]);
        }
    }

    #[test]
    fn lints_of_its_own_are_not_those_of_the_workspace() {
        for manifest in [WHOLE.replace("workspace = true", ""), WHOLE.replace("true", "false")] {
            assert_eq!(messages(&manifest, ""), ["add `[lints] workspace = true`"]);
        }
    }

    #[test]
    fn each_missing_file_is_named() {
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(messages(WHOLE, file), [format!("some-client lacks {file}")]);
        }
    }
}

//! Dependencies between our crates point one way.

use super::{Finding, Package, Workspace, workspace::Dependency};

/// What a crate of ours may build on, besides itself. Development dependencies are looked at apart.
fn allowed(package: &Package) -> Option<&'static [&'static str]> {
    Some(match package.name.as_str() {
        "comms-http" => &[],
        "comms-client" | "comms-core" | "comms-simulator" => &["comms-http"],
        "comms-mime" => &["comms-core", "comms-http"],
        "comms-engine" => &["comms-core", "comms-http", "comms-mime"],
        "comms-conformance" => &["comms-core", "comms-http", "comms-simulator"],
        "twilio-core" => &["comms-http"],
        "twilio-voice" | "twilio-messaging" => &["comms-core", "comms-http", "twilio-core"],
        "gmail-client" | "sendgrid-client" | "smtp-client" => &["comms-core", "comms-http", "comms-mime"],
        _ if package.is_provider() => &["comms-core", "comms-http"],
        _ => return None,
    })
}

/// Crates that serve tests and the demo, and are never published.
const TEST_ONLY: [&str; 2] = ["comms-conformance", "comms-simulator"];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            if dependency.path.is_some()
                && let Some(problem) = problem(package, dependency)
            {
                findings.push(at(workspace, package, &dependency.name, problem));
            }
        }
        if package.is_provider()
            && let Some(problem) = channel_problem(package)
        {
            findings.push(at(workspace, package, "channel", problem));
        }
    }
    findings
}

fn problem(package: &Package, dependency: &Dependency) -> Option<String> {
    let (name, on) = (&package.name, dependency.name.as_str());
    if on == "comms-server" {
        return Some(format!("{name} depends on comms-server: nothing may, move what is shared down"));
    }
    if dependency.kind.as_deref() == Some("dev") {
        let strippable = dependency.req == "*" || !package.is_published();
        return (TEST_ONLY.contains(&on) && !strippable).then(|| {
            format!("{on} must be a path-only development dependency (no version): cargo strips it from the package")
        });
    }
    if TEST_ONLY.contains(&on) && package.is_published() {
        return Some(format!("{name} is published and {on} is not: make it a development dependency"));
    }
    if let Some(allowed) = allowed(package)
        && !allowed.contains(&on)
    {
        return Some(format!("{name} may not depend on {on}; allowed: {}", allowed.join(", ")));
    }
    // Mail is read by programs without the model, too.
    let optional = package.is_provider() || name == "comms-mime";
    (optional && on == "comms-core" && !dependency.optional)
        .then(|| format!("{name} must depend on comms-core behind a feature only: optional = true"))
}

/// The domain model is reached through the feature `channel`, and only on request.
fn channel_problem(package: &Package) -> Option<String> {
    let enablers: Vec<_> = package
        .features
        .iter()
        .filter(|(_, enables)| enables.iter().any(|what| what.contains("comms-core")))
        .map(|(feature, _)| feature.as_str())
        .filter(|feature| *feature != "channel")
        .collect();
    if !enablers.is_empty() {
        return Some(format!("only the feature `channel` may bring comms-core in, not {}", enablers.join(", ")));
    }
    package
        .features
        .get("default")
        .is_some_and(|enables| enables.iter().any(|feature| feature == "channel"))
        .then(|| "the feature `channel` must be off by default".to_owned())
}

/// The line of the manifest that names `word`, so that an editor can jump to it.
fn at(workspace: &Workspace, package: &Package, word: &str, message: String) -> Finding {
    let manifest = package.manifest();
    let line = workspace
        .texts
        .get(&manifest)
        .and_then(|text| text.lines().position(|line| line.trim_start().starts_with(word)))
        .map_or(1, |index| index + 1);
    Finding::error(manifest, line, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::assert_found;

    #[test]
    fn nothing_depends_on_the_server() {
        let manifest = "[package]\nname = 'examples'\npublish = false\n[dependencies]\n\
                        comms-server = { path = '../crates/comms-server' }";
        assert_found(check, &[("examples/Cargo.toml", manifest)], &["examples/Cargo.toml:5"]);
    }

    #[test]
    fn the_ground_floor_builds_on_nothing_of_ours() {
        let manifest = "[package]\nname = 'comms-http'\n[dependencies]\ncomms-core = { path = '../comms-core' }";
        assert_found(check, &[("crates/comms-http/Cargo.toml", manifest)], &["crates/comms-http/Cargo.toml:4"]);
    }

    #[test]
    fn a_provider_takes_the_domain_model_only_behind_channel() {
        let always = "[package]\nname = 'some-client'\n[dependencies]\ncomms-core = { path = '../comms-core' }";
        assert_found(check, &[("crates/some-client/Cargo.toml", always)], &["crates/some-client/Cargo.toml:4"]);

        let mail = "[package]\nname = 'comms-mime'\n[dependencies]\ncomms-core = { path = '../comms-core' }";
        assert_found(check, &[("crates/comms-mime/Cargo.toml", mail)], &["crates/comms-mime/Cargo.toml:4"]);

        let other_feature = "[package]\nname = 'some-client'\n[features]\nchannel = ['dep:comms-core']\n\
                             extra = ['dep:comms-core']\n[dependencies]\n\
                             comms-core = { path = '../comms-core', optional = true }";
        assert_found(check, &[("crates/some-client/Cargo.toml", other_feature)], &["crates/some-client/Cargo.toml:4"]);

        let by_default = "[package]\nname = 'some-client'\n[features]\ndefault = ['channel']\n\
                          channel = ['dep:comms-core']\n[dependencies]\n\
                          comms-core = { path = '../comms-core', optional = true }";
        assert_found(check, &[("crates/some-client/Cargo.toml", by_default)], &["crates/some-client/Cargo.toml:5"]);

        let right = by_default.replace("default = ['channel']", "default = []");
        assert_found(check, &[("crates/some-client/Cargo.toml", &right)], &[]);
    }

    #[test]
    fn test_crates_of_a_published_crate_are_development_dependencies_without_version() {
        let with_version = "[package]\nname = 'some-client'\n[dev-dependencies]\n\
                            comms-simulator = { path = '../comms-simulator', version = '0.1' }";
        assert_found(check, &[("crates/some-client/Cargo.toml", with_version)], &["crates/some-client/Cargo.toml:4"]);

        let path_only = with_version.replace(", version = '0.1'", "");
        assert_found(check, &[("crates/some-client/Cargo.toml", &path_only)], &[]);

        let normal = path_only.replace("dev-dependencies", "dependencies");
        assert_found(check, &[("crates/some-client/Cargo.toml", &normal)], &["crates/some-client/Cargo.toml:4"]);
    }
}

//! Nothing that belongs to one machine or one account is committed.

use std::sync::LazyLock;

use regex::Regex;

use super::{Finding, Workspace};

/// What looks like a live credential: provider, and a pattern whose last group is the random part.
static SECRETS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("a Twilio SID", r"\b(?:AC|SK)([0-9a-f]{32})\b"),
        ("a Meta access token", r"\bEAA([A-Za-z0-9]{40,})"),
        ("a SendGrid key", r"\bSG\.([A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})"),
        ("an ElevenLabs key", r"\bsk_([0-9a-f]{48})\b"),
        ("a Google key", r"\bAIza([0-9A-Za-z_-]{35})"),
        ("a Google client secret", r"\bGOCSPX-([0-9A-Za-z_-]{28})"),
        ("a Google access token", r"\bya29\.([0-9A-Za-z_-]{60,})"),
        ("an AWS key", r"\bAKIA([0-9A-Z]{16})\b"),
    ]
    .map(|(what, pattern)| (what, Regex::new(pattern).expect("the pattern is valid")))
    .into()
});

/// A home folder, written out.
static HOME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\w.-])(/home/[a-z_][a-z0-9_-]*|/Users/[A-Za-z][A-Za-z0-9._-]*|/root)/")
        .expect("the pattern is valid")
});

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &workspace.texts {
        for (index, line) in text.lines().enumerate() {
            let problems = secrets_in(line).chain(machine_in(line, &workspace.root));
            findings.extend(problems.map(|problem| Finding::error(path, index + 1, problem)));
        }
        findings.extend(mirrors_in(path, text));
    }
    findings
}

fn secrets_in(line: &str) -> impl Iterator<Item = String> {
    SECRETS.iter().flat_map(move |(what, pattern)| {
        pattern
            .captures_iter(line)
            .filter(|found| !looks_invented(&found[1]))
            .map(move |_| format!("looks like {what}: if it is invented, write one that shows it (0123456789…)"))
    })
}

/// Counting upwards, or made of few characters: no random key is.
fn looks_invented(random: &str) -> bool {
    let mut distinct: Vec<char> = random.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < 8
        || ["0123456789", "abcdefgh", "ABCDEFGH"].iter().any(|run| random.contains(run))
        || ["example", "invented", "fake", "test"].iter().any(|word| random.to_lowercase().contains(word))
}

fn machine_in(line: &str, root: &str) -> Option<String> {
    let home = HOME.captures(line).map(|found| found[1].to_owned());
    let here = (!root.is_empty() && line.contains(root)).then(|| root.to_owned());
    home.or(here)
        .map(|path| format!("{path} is a path of one machine: make it relative, or take it from the environment"))
}

/// A lock file of npm that names where packages were fetched ties every user to that registry.
fn mirrors_in(path: &str, text: &str) -> Option<Finding> {
    if !path.ends_with("package-lock.json") {
        return None;
    }
    let line = text.lines().position(|line| line.trim_start().starts_with("\"resolved\": \"http"))?;
    Some(Finding::error(
        path,
        line + 1,
        "names the registry it was made with: npm install --omit-lockfile-registry-resolved",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::assert_found;

    /// Random characters made here, so that this file itself holds nothing that looks live.
    fn random(length: usize, alphabet: &str) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|index| alphabet[(index * index * 7 + index * 3 + 5) % alphabet.len()]).collect()
    }

    #[test]
    fn each_kind_of_secret_is_caught() {
        let hex = "0f1e8d7c3b5a9264";
        let letters = "qWzXeRvTyUpAsDfGhJkL5mNb7";
        let samples = [
            format!("AC{}", random(32, hex)),
            format!("SK{}", random(32, hex)),
            format!("EAA{}", random(80, letters)),
            format!("SG.{}.{}", random(22, letters), random(43, letters)),
            format!("sk_{}", random(48, hex)),
            format!("AIza{}", random(35, letters)),
            format!("GOCSPX-{}", random(28, letters)),
            format!("ya29.{}", random(80, letters)),
            format!("AKIA{}", random(16, &letters.to_uppercase())),
        ];
        for sample in samples {
            let text = format!("first line\nkey = \"{sample}\"\n");
            assert_found(check, &[("docs/setup.md", &text)], &["docs/setup.md:2"]);
        }
    }

    #[test]
    fn what_is_plainly_invented_passes() {
        let text = format!("AC{} SK{}", "0".repeat(32), "0123456789abcdef".repeat(2));
        assert_found(check, &[("docs/setup.md", &text)], &[]);
    }

    #[test]
    fn a_path_of_one_machine_is_caught() {
        for folder in ["home/ana", "Users/ana", "root"] {
            let text = format!("run it\nin /{folder}/project");
            assert_found(check, &[("README.md", &text)], &["README.md:2"]);
        }
        assert_found(check, &[("README.md", "GET /api/root/x and ./home/x")], &[]);
    }

    #[test]
    fn the_folder_of_the_workspace_itself_is_caught() {
        let mut workspace = Workspace::sample(&[("README.md", "cd /srv/checkout/toolkit")]);
        workspace.root = "/srv/checkout/toolkit".to_owned();
        assert_eq!(check(&workspace).len(), 1);
    }

    #[test]
    fn a_lock_file_that_names_a_registry_is_caught() {
        let text = "{\n  \"resolved\": \"https://registry.example.org/x.tgz\"\n}";
        assert_found(check, &[("e2e/node/package-lock.json", text)], &["e2e/node/package-lock.json:2"]);
    }
}

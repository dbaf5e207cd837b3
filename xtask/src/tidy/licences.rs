//! What is built from this workspace may be used in closed programs: every library has a permissive licence.

use std::collections::{BTreeMap, BTreeSet};

use spdx::{Expression, ParseMode};

use super::{Finding, Workspace};

/// The list of licences that `cargo deny` reads too.
const LIST: &str = "deny.toml";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let Some(allowed) = allowed(workspace) else {
        return vec![Finding::error(LIST, 1, "lacks [licenses] allow = […]")];
    };
    let exceptions = exceptions(workspace);
    let nothing = BTreeSet::new();
    let libraries = workspace.libraries.iter();
    libraries
        .filter(|library| {
            let licence = library.license.as_deref().unwrap_or_default();
            let own = exceptions.get(&library.name).unwrap_or(&nothing);
            !is_allowed(licence, &allowed) && !is_allowed(licence, own)
        })
        .map(|library| {
            let licence = library.license.as_deref().unwrap_or("no licence");
            let message = format!(
                "{} has {licence}, which is not in the list: do without it, or add a licence that is permissive",
                library.full_name()
            );
            Finding::error(LIST, 1, message)
        })
        .collect()
}

fn allowed(workspace: &Workspace) -> Option<BTreeSet<String>> {
    let list: toml::Table = workspace.texts.get(LIST)?.parse().ok()?;
    let names = list.get("licenses")?.get("allow")?.as_array()?;
    names.iter().map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// What single libraries may have beside the list: `exceptions = [{ crate = "…", allow = ["…"] }]`.
fn exceptions(workspace: &Workspace) -> BTreeMap<String, BTreeSet<String>> {
    let list: Option<toml::Table> = workspace.texts.get(LIST).and_then(|text| text.parse().ok());
    let all = list.as_ref().and_then(|list| list.get("licenses")?.get("exceptions")?.as_array()).into_iter().flatten();
    all.filter_map(|one| {
        let names = one.get("allow")?.as_array()?.iter().filter_map(|name| Some(name.as_str()?.to_owned()));
        Some((one.get("crate")?.as_str()?.to_owned(), names.collect()))
    })
    .collect()
}

/// Old manifests write `MIT/Apache-2.0`, which the lax mode takes for OR.
fn is_allowed(licence: &str, allowed: &BTreeSet<String>) -> bool {
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|requirement| requirement.license.id().is_some_and(|id| allowed.contains(id.name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::{assert_found, findings};

    const ALLOW: (&str, &str) = (LIST, "[licenses]\nallow = ['MIT', 'Apache-2.0']");

    fn with(licence: &str) -> Vec<String> {
        let library = format!("[package]\nname = 'library'\nlicense = '{licence}'");
        let found = findings(check, &[ALLOW, ("registry/library", &library)]);
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_permissive_licence_passes_however_it_is_written() {
        for licence in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "MIT AND Apache-2.0"] {
            assert_eq!(with(licence), [""; 0], "{licence}");
        }
    }

    #[test]
    fn every_other_one_is_caught() {
        for licence in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "none of these", ""] {
            assert_eq!(with(licence).len(), 1, "{licence}");
        }
        let library = ("registry/library", "[package]\nname = 'library'");
        assert_found(check, &[ALLOW, library], &["deny.toml:1"]);
    }

    #[test]
    fn an_exception_is_for_one_library_and_one_licence() {
        let list = "[licenses]\nallow = ['MIT']\nexceptions = [{ crate = 'library', allow = ['MPL-2.0'] }]";
        let found = |name: &str, licence: &str| {
            let library = format!("[package]\nname = '{name}'\nlicense = '{licence}'");
            findings(check, &[(LIST, list), ("registry/library", &library)]).len()
        };
        assert_eq!(found("library", "MPL-2.0"), 0);
        assert_eq!(found("library", "MIT"), 0);
        assert_eq!(found("other", "MPL-2.0"), 1);
        assert_eq!(found("library", "GPL-3.0-only"), 1);
    }

    #[test]
    fn without_a_list_nothing_is_allowed() {
        assert_found(check, &[], &["deny.toml:1"]);
    }
}

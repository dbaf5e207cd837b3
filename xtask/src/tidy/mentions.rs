//! Who may speak of which library: the rest reaches it through our own types.

use proc_macro2::{TokenStream, TokenTree};

use super::{Finding, Package, Workspace, workspace::RustFile};

/// A library and where its name may stand.
struct Reserved {
    /// The crates as code names them; the first gives the rule its name.
    crates: &'static [&'static str],
    may: fn(&Place<'_>) -> bool,
    mend: &'static str,
}

/// A file as a rule judges it.
struct Place<'a> {
    package: &'a Package,
    /// From the package's folder.
    file: &'a str,
}

const RESERVED: [Reserved; 4] = [
    Reserved {
        crates: &["diesel", "diesel_async", "diesel_migrations", "libsqlite3_sys", "tokio_postgres"],
        may: |place| {
            // The conformance suites make and drop the databases that they test on; the floors of benches go past the repository.
            place.package.name == "comms-conformance"
                || place.file.starts_with("benches/")
                || place.package.name == "comms-core" && (place.file.starts_with("src/history/") || place.is_test())
        },
        mend: "only comms-core's src/history speaks to the database: add a method to the repository",
    },
    Reserved {
        crates: &["actix_web", "actix_http", "actix_multipart", "actix_rt", "actix_ws"],
        may: |place| ["comms-server", "comms-simulator"].contains(&place.package.name.as_str()),
        mend: "only comms-server and comms-simulator speak HTTP as servers",
    },
    Reserved {
        crates: &["reqwest"],
        may: |place| ["comms-http", "comms-simulator"].contains(&place.package.name.as_str()) || place.is_test(),
        mend: "only comms-http wraps it: take a comms_http::Transport",
    },
    Reserved {
        crates: &["comms_core"],
        may: |place| {
            !place.package.is_provider()
                || place.is_test()
                || place.file == "src/channel.rs"
                || place.file.starts_with("src/channel/")
        },
        mend: "in a provider crate only src/channel.rs maps to the domain model",
    },
];

impl Place<'_> {
    fn is_test(&self) -> bool {
        ["tests/", "examples/", "benches/", "importers/"].iter().any(|folder| self.file.starts_with(folder))
    }
}

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &workspace.rust {
        let Some(package) = workspace.package_of(&file.path) else {
            continue;
        };
        let place = Place { package, file: file.path[package.folder.len()..].trim_start_matches('/') };
        for reserved in RESERVED.iter().filter(|reserved| !(reserved.may)(&place)) {
            findings.extend(mentions(file, reserved));
        }
    }
    findings
}

fn mentions(file: &RustFile, reserved: &Reserved) -> Vec<Finding> {
    let mut found = Vec::new();
    collect(file.tokens.clone(), reserved.crates, &mut found);
    found.dedup();
    found
        .into_iter()
        .map(|(line, name)| {
            let message = format!("`{name}` may not be mentioned here: {}", reserved.mend);
            Finding::error(&file.path, line, message)
        })
        .collect()
}

/// Where one of these names stands as an identifier; a word in a comment or in a text is none.
fn collect(tokens: TokenStream, names: &[&'static str], found: &mut Vec<(usize, &'static str)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names, found),
            TokenTree::Ident(ident) => {
                if let Some(name) = names.iter().find(|name| ident == name) {
                    found.push((ident.span().start().line, name));
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::assert_found;

    const CORE: (&str, &str) = ("crates/comms-core/Cargo.toml", "[package]\nname = 'comms-core'");
    const ENGINE: (&str, &str) = ("crates/comms-engine/Cargo.toml", "[package]\nname = 'comms-engine'");
    const CLIENT: (&str, &str) = ("crates/some-client/Cargo.toml", "[package]\nname = 'some-client'");

    #[test]
    fn diesel_stays_in_the_history() {
        let code = "//! Not diesel: a comment.\nuse diesel::prelude::*;\nconst NOTE: &str = \"diesel\";";
        assert_found(check, &[CORE, ("crates/comms-core/src/history/query.rs", code)], &[]);
        assert_found(check, &[CORE, ("crates/comms-core/src/event.rs", code)], &["crates/comms-core/src/event.rs:2"]);
        assert_found(
            check,
            &[ENGINE, ("crates/comms-engine/src/inbox.rs", "fn f() { diesel_async::run(); }")],
            &["crates/comms-engine/src/inbox.rs:1"],
        );
    }

    #[test]
    fn only_servers_speak_actix() {
        let code = "use actix_web::web;";
        assert_found(check, &[ENGINE, ("crates/comms-engine/src/lib.rs", code)], &["crates/comms-engine/src/lib.rs:1"]);
    }

    #[test]
    fn a_provider_does_not_bypass_the_transport() {
        let code = "\nfn f(client: reqwest::Client) {}";
        assert_found(
            check,
            &[CLIENT, ("crates/some-client/src/client.rs", code)],
            &["crates/some-client/src/client.rs:2"],
        );
        assert_found(check, &[CLIENT, ("crates/some-client/tests/it/main.rs", code)], &[]);
    }

    #[test]
    fn a_provider_maps_to_the_model_in_one_file() {
        let code = "use comms_core::Channel;";
        assert_found(check, &[CLIENT, ("crates/some-client/src/channel.rs", code)], &[]);
        assert_found(
            check,
            &[CLIENT, ("crates/some-client/src/client.rs", code)],
            &["crates/some-client/src/client.rs:1"],
        );
    }
}

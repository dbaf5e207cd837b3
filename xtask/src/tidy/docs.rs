//! Every relative link of a page leads somewhere. (That every route and setting is documented will be checked here too,
//! once the server prints both.)

use std::path::{Component, Path};

use pulldown_cmark::{Event, Parser, Tag};

use super::{Finding, Workspace};

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace
        .texts
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .flat_map(|(path, text)| broken_links(workspace, path, text))
        .collect()
}

fn broken_links(workspace: &Workspace, page: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let (Event::Start(Tag::Link { dest_url, .. }) | Event::Start(Tag::Image { dest_url, .. })) = event else {
            continue;
        };
        if !is_relative(&dest_url) {
            continue;
        }
        let target = dest_url.split(['#', '?']).next().unwrap_or_default();
        if !leads_somewhere(workspace, page, target) {
            let line = text[..range.start].lines().count().max(1);
            findings.push(Finding::error(page, line, format!("the link to {dest_url} leads nowhere")));
        }
    }
    findings
}

/// Not an address, not an anchor on the page, not a path of Rust (`crate::Client`).
fn is_relative(target: &str) -> bool {
    let scheme = ["http:", "https:", "mailto:", "tel:"];
    !(target.is_empty()
        || target.starts_with('#')
        || target.contains("::")
        || scheme.iter().any(|scheme| target.starts_with(scheme)))
}

fn leads_somewhere(workspace: &Workspace, page: &str, target: &str) -> bool {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let Some(path) = normal(&folder.join(target)) else {
        return false;
    };
    let inside = format!("{path}/");
    workspace.has(&path) || path.is_empty() || workspace.paths.iter().any(|file| file.starts_with(&inside))
}

/// The path without `.` and `..`; `None` where it is absolute or leaves the workspace.
fn normal(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::assert_found;

    #[test]
    fn a_link_that_leads_nowhere_is_caught() {
        let page = "# Guide\n\nSee [here](missing.md) and [there](other.md#part).\n";
        assert_found(check, &[("docs/guide.md", page), ("docs/other.md", "")], &["docs/guide.md:3"]);
    }

    #[test]
    fn links_may_go_up_but_not_out() {
        assert_found(
            check,
            &[("docs/guide.md", "[a](../README.md) [b](../crates)"), ("README.md", ""), ("crates/x/a.rs", "")],
            &[],
        );
        assert_found(check, &[("docs/guide.md", "[a](../../elsewhere.md)")], &["docs/guide.md:1"]);
        assert_found(check, &[("docs/guide.md", "![a](/absolute.png)")], &["docs/guide.md:1"]);
    }

    #[test]
    fn addresses_paths_of_rust_and_code_are_no_links_of_ours() {
        let page =
            "[a](https://example.org/x) [b](crate::Client) [c](#part) `[d](gone.md)`\n\n```\n[e](gone.md)\n```\n";
        assert_found(check, &[("README.md", page)], &[]);
    }
}

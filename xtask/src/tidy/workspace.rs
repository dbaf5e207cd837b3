//! The workspace as the rules see it: packages and the text of every file that is, or would be, committed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell;

/// Everything the rules look at.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Absolute; empty in samples.
    pub(crate) root: String,
    pub(crate) packages: Vec<Package>,
    /// What they are built with, from the registry.
    pub(crate) libraries: Vec<Package>,
    /// Every file by its path from the root, with `/`.
    pub(crate) paths: BTreeSet<String>,
    /// The files that are text.
    pub(crate) texts: BTreeMap<String, String>,
    /// The files of Rust that parse. One that does not parse fails to compile, which says it better.
    pub(crate) rust: Vec<RustFile>,
}

/// A parsed source file.
pub(crate) struct RustFile {
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) tokens: proc_macro2::TokenStream,
    pub(crate) syntax: syn::File,
}

/// A member of the workspace, from `cargo metadata`.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    version: String,
    /// `None` for members of the workspace.
    source: Option<String>,
    manifest_path: String,
    /// The folder from the root.
    #[serde(skip)]
    pub(crate) folder: String,
    /// `None` = may be published anywhere.
    publish: Option<Vec<String>>,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// `[package.metadata]`.
    #[serde(default)]
    pub(crate) metadata: serde_json::Value,
    pub(crate) targets: Vec<Target>,
}

/// A dependency as the manifest writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) req: String,
    /// `None` = normal.
    pub(crate) kind: Option<String>,
    pub(crate) optional: bool,
    /// Present for members of this workspace.
    pub(crate) path: Option<String>,
}

/// A library, program, example or test.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Workspace {
    /// Reads the workspace at `root`: what git tracks and what it would take in.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let metadata = shell::output(shell::cargo(root).args([
            "metadata",
            "--format-version=1",
            // Without this cargo downloads what other systems need.
            &format!("--filter-platform={}", host(root)?),
        ]))?;
        let metadata: Metadata = serde_json::from_str(&metadata).context("cargo metadata is not as expected")?;
        let listed = shell::output(shell::command("git", root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut workspace = Self { root: root.display().to_string(), ..Self::default() };
        for path in listed.split_terminator('\0') {
            let absolute = root.join(path);
            // A link's target is checked under its own name; a deleted file is still listed.
            if !absolute.is_file() {
                continue;
            }
            workspace.paths.insert(path.to_owned());
            if let Ok(text) = fs::read_to_string(&absolute) {
                workspace.add_text(path, text);
            }
        }
        let (libraries, members): (Vec<_>, Vec<_>) =
            metadata.packages.into_iter().partition(|package| package.source.is_some());
        workspace.libraries = libraries;
        for mut package in members {
            package.folder = Path::new(&package.manifest_path)
                .parent()
                .and_then(|folder| folder.strip_prefix(root).ok())
                .with_context(|| format!("{} lies outside of the workspace", package.name))?
                .display()
                .to_string();
            workspace.packages.push(package);
        }
        Ok(workspace)
    }

    /// The published crates, in the order of `cargo metadata`.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_published())
    }

    /// The member whose folder holds `path`.
    pub(crate) fn package_of(&self, path: &str) -> Option<&Package> {
        self.packages
            .iter()
            .find(|package| path.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/')))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    fn add_text(&mut self, path: &str, text: String) {
        if path.ends_with(".rs")
            && let Ok(tokens) = text.parse::<proc_macro2::TokenStream>()
            && let Ok(syntax) = syn::parse_file(&text)
        {
            self.rust.push(RustFile { path: path.to_owned(), lines: text.lines().count(), tokens, syntax });
        }
        self.texts.insert(path.to_owned(), text);
    }
}

/// The triple of this machine.
fn host(root: &Path) -> Result<String> {
    let version = shell::output(shell::command("rustc", root).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

impl Package {
    /// Whether cargo may publish it.
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|places| !places.is_empty())
    }

    /// Whether it is the client of a provider: published, and none of our own `comms-` crates.
    pub(crate) fn is_provider(&self) -> bool {
        self.is_published() && !self.name.starts_with("comms-")
    }

    /// Its name and version, as its archive is called.
    pub(crate) fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The path of its manifest from the root.
    pub(crate) fn manifest(&self) -> String {
        self.file("Cargo.toml")
    }

    /// The path from the root of one of its files.
    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

#[cfg(test)]
impl Workspace {
    /// A workspace of these files. A `Cargo.toml` is read as cargo would, as far as the rules need it.
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let mut workspace = Self::default();
        for (path, text) in files {
            workspace.paths.insert((*path).to_owned());
            workspace.add_text(path, (*text).to_owned());
            if path.starts_with("registry/") {
                workspace.libraries.push(sample::package(path, text));
            } else if let Some(folder) = path.strip_suffix("/Cargo.toml") {
                workspace.packages.push(sample::package(folder, text));
            }
        }
        workspace
    }
}

#[cfg(test)]
mod sample {
    use super::{Dependency, Package, Target};

    pub(super) fn package(folder: &str, manifest: &str) -> Package {
        let manifest: toml::Table = manifest.parse().expect("the sample's manifest is TOML");
        let package = &manifest["package"];
        let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
        Package {
            name: text("name").expect("the sample has a name"),
            version: "0.0.0".to_owned(),
            source: None,
            manifest_path: String::new(),
            folder: folder.to_owned(),
            publish: package.get("publish").map(|_| Vec::new()),
            license: text("license"),
            description: text("description"),
            repository: text("repository"),
            dependencies: [(None, "dependencies"), (Some("dev"), "dev-dependencies")]
                .into_iter()
                .flat_map(|(kind, section)| dependencies(&manifest, kind, section))
                .collect(),
            features: manifest
                .get("features")
                .map(|features| features.clone().try_into().expect("features are lists"))
                .unwrap_or_default(),
            metadata: package
                .get("metadata")
                .map(|value| serde_json::to_value(value).expect("TOML is JSON"))
                .unwrap_or_default(),
            targets: manifest
                .get("example")
                .and_then(toml::Value::as_array)
                .into_iter()
                .flatten()
                .map(|example| Target {
                    name: example["name"].as_str().unwrap_or_default().to_owned(),
                    kind: vec!["example".to_owned()],
                })
                .collect(),
        }
    }

    fn dependencies(manifest: &toml::Table, kind: Option<&str>, section: &str) -> Vec<Dependency> {
        let Some(section) = manifest.get(section).and_then(toml::Value::as_table) else {
            return Vec::new();
        };
        section
            .iter()
            .map(|(name, value)| Dependency {
                name: name.clone(),
                req: value.get("version").and_then(toml::Value::as_str).unwrap_or("*").to_owned(),
                kind: kind.map(str::to_owned),
                optional: value.get("optional").is_some_and(|optional| optional.as_bool() == Some(true)),
                path: value.get("path").and_then(toml::Value::as_str).map(str::to_owned),
            })
            .collect()
    }
}

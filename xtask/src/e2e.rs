//! Clients that are not ours, against the simulator and the server: see `e2e/README.md`.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::{
    build::Programs,
    postgres::{TestServer, URL_VARIABLE},
    service::Service,
    shell,
    tally::Tally,
    tools,
};

/// Which clients to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this one.
    suite: Option<Suite>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// A Python client of the WhatsApp Cloud API, against the simulator.
    Pywa,
    /// Prisma on the server's database.
    Prisma,
    /// An Express 5 proxy before the server.
    Proxy,
}

/// The simulator's own app, number and token: the defaults of `comms-simulator`.
pub(crate) const META: &[(&str, &str)] = &[
    ("WHATSAPP_APP_ID", "670843887433847"),
    ("WHATSAPP_APP_SECRET", "simulated-app-secret"),
    ("WHATSAPP_VERIFY_TOKEN", "simulated-verify-token"),
    ("WHATSAPP_ACCESS_TOKEN", "EAASimulatedValid"),
    ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
    ("WHATSAPP_BUSINESS_ACCOUNT_ID", "102290129340398"),
];

pub(crate) const JWT_SECRET: (&str, &str) = ("JWT_SECRET", "an-invented-secret-of-the-tests!");

/// Builds, and runs one suite or all.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    let programs = Programs::build(root)?;
    let tally = match options.suite {
        Some(Suite::Pywa) => pywa(root, &programs)?,
        Some(suite) => node(root, &programs, &TestServer::find_or_start()?, &[suite])?,
        None => all(root, &programs, &TestServer::find_or_start()?)?,
    };
    println!("\n{tally}");
    Ok(tally.failed == 0)
}

/// Runs every suite. Where its language is missing a suite is skipped with a notice, in CI it is a failure.
pub(crate) fn all(root: &Path, programs: &Programs, database: &TestServer) -> Result<Tally> {
    let mut tally = or_skipped("pywa", pywa(root, programs))?;
    tally += or_skipped("Prisma and Express", node(root, programs, database, &[Suite::Prisma, Suite::Proxy]))?;
    Ok(tally)
}

/// Where something is missing that we may not install, a notice instead; in CI a failure all the same.
pub(crate) fn or_skipped(what: &str, outcome: Result<Tally>) -> Result<Tally> {
    match outcome {
        Err(error) if error.is::<tools::Missing>() && !shell::is_ci() => {
            println!("notice: {what} not run: {error:#}");
            Ok(Tally::skipped())
        }
        outcome => outcome,
    }
}

fn pywa(root: &Path, programs: &Programs) -> Result<Tally> {
    let python = python(root)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let simulator = simulator(programs, folder.path(), None)?;
    let mut test = shell::command(python, &root.join("e2e/python"));
    test.args(["-B", "test_pywa.py"]).env("SIMULATOR_URL", simulator.url()).envs(META.iter().copied());
    Tally::of(&mut test)
}

fn node(root: &Path, programs: &Programs, database: &TestServer, suites: &[Suite]) -> Result<Tally> {
    let project = NodeProject::prepare(root)?;
    let mut tally = Tally::default();
    for suite in suites {
        tally += suite_of_node(root, &project, programs, database, *suite)?;
    }
    Ok(tally)
}

/// Each suite has a database of its own, made as Prisma makes it, and a server on that.
fn suite_of_node(
    root: &Path,
    project: &NodeProject,
    programs: &Programs,
    database: &TestServer,
    suite: Suite,
) -> Result<Tally> {
    let script = |arguments: &[&str]| {
        let mut script = project.node();
        script.arg("database.mjs").args(arguments).env(URL_VARIABLE, database.url());
        shell::output(&mut script)
    };
    let url = script(&["create"])?.trim().to_owned();
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let port = shell::free_port()?;
    let callback = format!("http://127.0.0.1:{port}/api/comunicaciones/webhook/whatsapp");
    let simulator = simulator(programs, folder.path(), Some(&callback))?;
    let mut serve = shell::command(programs.binary("comms-server")?, folder.path());
    serve
        .args(["serve", "--config"])
        .arg(root.join("e2e/server.toml"))
        .env("PORT", port.to_string())
        .env("DATABASE_URL", &url)
        .env("MIGRATE_ON_START", "true")
        .env("WHATSAPP_API_BASE", simulator.url())
        .envs(META.iter().copied().chain([JWT_SECRET]));
    let server = Service::start(&mut serve, port, &folder.path().join("server.log"))?;
    let name = if suite == Suite::Prisma { "prisma" } else { "proxy" };
    let mut test = project.node();
    test.args(["--test", "--test-reporter=tap"])
        .arg(format!("test/{name}.test.mjs"))
        .env("COMMS_SERVER_URL", server.url())
        .env("SIMULATOR_URL", simulator.url())
        .env("DATABASE_URL", &url)
        .envs(META.iter().copied().chain([JWT_SECRET]));
    let tally = Tally::of(&mut test)?;
    if tally.failed > 0 {
        println!("what the server printed:\n{}", server.printed());
    }
    drop(server);
    script(&["drop", &url])?;
    Ok(tally)
}

/// The offline double of the providers; webhooks go to `callback`.
pub(crate) fn simulator(programs: &Programs, folder: &Path, callback: Option<&str>) -> Result<Service> {
    let port = shell::free_port()?;
    let mut command = shell::command(programs.binary("comms-simulator")?, folder);
    command.args(["serve", "--port", &port.to_string()]);
    if let Some(callback) = callback {
        command.args(["--callback-url", callback]);
    }
    Service::start(&mut command, port, &folder.join("simulator.log"))
}

/// The Python of a virtual environment with the pinned packages, made once for each list of them.
fn python(root: &Path) -> Result<PathBuf> {
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
struct NodeProject {
    folder: PathBuf,
    node: PathBuf,
}

impl NodeProject {
    fn prepare(root: &Path) -> Result<Self> {
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

    fn node(&self) -> Command {
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

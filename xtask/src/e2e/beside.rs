//! Programs beside the server, on one database with it or before it.

use std::path::Path;

use anyhow::{Context, Result};

use super::{JWT_SECRET, META, Suite, packages::NodeProject, simulator};
use crate::{
    build::Programs,
    postgres::{TestServer, URL_VARIABLE},
    service::Service,
    shell,
    tally::Tally,
};

pub(super) fn run(root: &Path, programs: &Programs, database: &TestServer, suites: &[Suite]) -> Result<Tally> {
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

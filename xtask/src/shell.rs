//! Running other programs.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// The root of the workspace that this program belongs to, also where the clone has moved since it was built.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask …`: cargo says where the workspace is")?;
    let root = Path::new(&manifest).parent().context("xtask lies in the workspace")?;
    Ok(root.to_owned())
}

/// Whether a missing part is a failure instead of a notice.
pub(crate) fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !["", "0", "false"].contains(&value.as_str()))
}

/// Where cargo builds.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target))
}

/// Where installed packages of other languages are kept, outside of the clone as what cargo builds.
pub(crate) fn cache_folder(root: &Path) -> PathBuf {
    target_folder(root).join("xtask")
}

/// A program that starts in `folder`, without standard input.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// The cargo that started us.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root);
    // It told us about our own package. Build scripts that watch these variables, such as ring's, would run again, and half
    // of the libraries with them, each time that a plain cargo and this one take turns.
    for (name, _) in env::vars_os() {
        let ours =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if ours {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs to the end and shows what is printed; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    Ok(status.success())
}

/// As [`succeeds`], for a step without which nothing further makes sense.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    ensure!(succeeds(command)?, "failed: {}", shown(command));
    Ok(())
}

/// Runs to the end and takes what is printed on standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("failed: {}\n{}", shown(command), String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("not text: {}", shown(command)))
}

/// Hands on each line as it comes.
pub(crate) fn lines(output: impl Read, mut each: impl FnMut(&str)) -> Result<()> {
    for line in BufReader::new(output).lines() {
        each(&line?);
    }
    Ok(())
}

/// Calls `ready` until it holds or the time is over.
pub(crate) fn wait_until(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !ready()? {
        ensure!(start.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// A TCP port of the loopback address that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

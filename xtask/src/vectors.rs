//! The providers' vectors: what they really send and answer, too large for the crates' own test data.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::shell;

/// Names the folder of the vectors to the tests, absolute.
pub(crate) const VARIABLE: &str = "COMMS_VECTORS";

/// What a test prints at the start of a line that is to be shown.
const MARK: &str = "vectors ";

/// Runs the tests of the vectors, and fails where they are absent.
pub(crate) fn run(root: &Path) -> Result<bool> {
    folder(root).with_context(|| format!("no vectors beside the clone; name their folder in {VARIABLE}"))?;
    report(root)
}

/// Prints what each crate says of its vectors; a notice where they are absent. Whether all passed.
pub(crate) fn report(root: &Path) -> Result<bool> {
    let Some(folder) = folder(root) else {
        println!("notice: the vectors are not here ({VARIABLE} names their folder): not run");
        return Ok(true);
    };
    // All members, as in the main run: naming one package would choose other features and build the heavy crates again.
    let output = shell::cargo(root)
        .args([
            "test",
            "--quiet",
            "--workspace",
            "--test",
            "it",
            "--no-fail-fast",
            "--",
            "--nocapture",
            "--test-threads=1",
            "vectors",
        ])
        .env(VARIABLE, folder)
        .output()
        .context("cargo does not start")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    // The harness writes its own words at the start of the line where it does not capture.
    let mut lines = 0;
    for line in printed.lines().filter_map(|line| Some(&line[line.find(MARK)?..])) {
        println!("{line}");
        lines += 1;
    }
    if !output.status.success() {
        print!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    } else if lines == 0 {
        println!("error: the vectors are here, and no test says that it has read them");
    }
    Ok(output.status.success() && lines > 0)
}

/// Where the vectors are: what the environment names, else beside the clone.
pub(crate) fn folder(root: &Path) -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root.join("../shared/vectors"));
    folder.canonicalize().ok().filter(|folder| folder.is_dir())
}

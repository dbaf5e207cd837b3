//! What the folder that `COMMS_VECTORS` names holds of Twilio: a judge from outside of the crate.

use std::{env, fs, path::PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

mod rest;
mod token;
mod twiml;
mod webhooks;

/// A file of vectors; `None` where there is no folder, which is said.
fn file<T: DeserializeOwned>(name: &str) -> Option<T> {
    let Some(root) = env::var_os("COMMS_VECTORS") else {
        println!("vectors twilio {name}: skipped, COMMS_VECTORS is not set");
        return None;
    };
    let bytes = fs::read(PathBuf::from(root).join("twilio").join(name)).unwrap();
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// The cases of a file with their names.
fn cases(vectors: &Value) -> impl Iterator<Item = (&str, &Value)> {
    vectors["cases"].as_array().unwrap().iter().map(|case| (case["name"].as_str().unwrap(), case))
}

/// Checks each case; prints one line, and fails with all that failed.
fn report<'a, C>(what: &str, cases: impl IntoIterator<Item = (&'a str, C)>, check: impl Fn(C) -> Result<(), String>) {
    let (mut total, mut failed) = (0, Vec::new());
    for (name, case) in cases {
        total += 1;
        if let Err(reason) = check(case) {
            failed.push(format!("{name}: {reason}"));
        }
    }
    println!("vectors twilio {what}: {}/{total}", total - failed.len());
    assert!(total > 0 && failed.is_empty(), "{}", failed.join("\n"));
}

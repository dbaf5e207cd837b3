//! The simulator's controls, over HTTP.

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long one call may take, in seconds.
const ANSWER: u64 = 60;
/// How many entries one page of the ledger has.
const PAGE: usize = 10_000;

/// Tells a simulator something, by the path below `/_simulator/`.
pub(super) fn tell<T: DeserializeOwned>(simulator: &str, path: &str, body: &Value) -> Result<T> {
    Ok(serde_json::from_value(post(&format!("{simulator}/_simulator/{path}"), body)?)?)
}

/// Posts JSON to any of its addresses.
pub(super) fn post(url: &str, body: &Value) -> Result<Value> {
    answer(minreq::post(url).with_header("Content-Type", "application/json").with_body(serde_json::to_vec(body)?))
}

/// Asks a simulator something, in the same way.
pub(super) fn ask<T: DeserializeOwned>(simulator: &str, path: &str) -> Result<T> {
    answer(minreq::get(format!("{simulator}/_simulator/{path}")))
}

/// Lets nothing go wrong any more.
pub(super) fn clear_faults(simulator: &str) -> Result<()> {
    answer::<Value>(minreq::delete(format!("{simulator}/_simulator/faults"))).map(drop)
}

/// A list of a simulator's ledger from an entry on, and the entry after the last.
pub(super) fn ledger(simulator: &str, list: &str, mut after: u64) -> Result<(Vec<Value>, u64)> {
    let mut all = Vec::new();
    loop {
        let mut page: Value = ask(simulator, &format!("ledger?list={list}&after={after}&limit={PAGE}"))?;
        let next = page["next"].as_u64().context("a page has a next one")?;
        let Some(entries) = page["entries"].as_array_mut().filter(|entries| !entries.is_empty()) else {
            return Ok((all, after));
        };
        all.append(entries);
        after = next;
    }
}

fn answer<T: DeserializeOwned>(request: minreq::Request) -> Result<T> {
    let response = request.with_timeout(ANSWER).send().context("the simulator does not answer")?;
    let text = response.as_str().unwrap_or_default();
    ensure!((200..300).contains(&response.status_code), "the simulator answers {}: {text}", response.status_code);
    serde_json::from_slice(response.as_bytes()).context("the simulator's answer")
}

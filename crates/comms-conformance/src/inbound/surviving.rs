//! Signed, and yet not what was promised: never a refusal, never a panic.

use bytes::Bytes;

use super::{InboundHarness, accepted, signed};
use crate::{Verdict, suite::ensure};

/// Beyond every recursion limit.
const DEEP: usize = 100_000;

/// As long as the longest webhook that providers announce.
const LONG: usize = 3 * 1024 * 1024;

pub(super) async fn signed_garbage_is_accepted_and_told(harness: &dyn InboundHarness) -> Verdict {
    for (what, body) in garbage(harness) {
        let batch = accepted(harness, &signed(harness, body))?;
        ensure!(
            batch.problem.is_some() || !batch.events.is_empty(),
            "{what} vanishes: no problem is told and no event is kept"
        );
    }
    Ok(())
}

pub(super) async fn a_webhook_of_three_megabytes_is_accepted(harness: &dyn InboundHarness) -> Verdict {
    let long = "ñ".repeat(LONG / 2);
    let batch = accepted(harness, &signed(harness, harness.texts(&[&long])))?;
    ensure!(super::said(harness, &batch) == [long], "a text of three megabytes is not read as it was written");
    Ok(())
}

pub(super) async fn nothing_that_is_signed_panics(harness: &dyn InboundHarness) -> Verdict {
    let body = harness.texts(&["¿qué tal? 👍"]);
    for at in 0..body.len() {
        // Cut at every byte, and each byte replaced by ones that matter to some format.
        accepted(harness, &signed(harness, body.slice(..at)))?;
        for byte in [0, b'"', b'{', b'9', 0xff] {
            let mut changed = body.to_vec();
            changed[at] = byte;
            accepted(harness, &signed(harness, changed))?;
        }
    }
    Ok(())
}

/// Bodies that say nothing, by what they are.
fn garbage(harness: &dyn InboundHarness) -> Vec<(&'static str, Bytes)> {
    let whole = harness.texts(&["hola"]);
    vec![
        ("an empty body", Bytes::new()),
        ("a sentence", Bytes::from_static(b"this is not JSON")),
        ("a cut body", whole.slice(..whole.len() / 2)),
        ("null", Bytes::from_static(b"null")),
        ("a number", Bytes::from_static(b"5")),
        ("an empty object", Bytes::from_static(b"{}")),
        ("a wrong object", Bytes::from_static(br#"{"entry": {"changes": 7}}"#)),
        ("a list of numbers", Bytes::from_static(b"[1, 2]")),
        ("an endless list", Bytes::from("[".repeat(DEEP))),
        ("a deep object", Bytes::from(r#"{"a":"#.repeat(DEEP))),
        ("NUL bytes", Bytes::from_static(&[0; 64])),
        ("an escaped NUL", Bytes::from_static(br#"{"text": "a\u0000b"}"#)),
        ("bytes that are no text", Bytes::from_static(&[0xff, 0xfe, 0xc3, 0x28])),
        ("three megabytes of nothing", Bytes::from(vec![b' '; LONG])),
    ]
}

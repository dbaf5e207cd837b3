//! What it says: every element once, nothing dropped.

use std::collections::HashSet;

use comms_core::{Batch, Event, StoredWebhook, WebhookId, WebhookRequest};
use time::OffsetDateTime;

use super::{InboundHarness, Strange, accepted, said, signed, some_texts};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

/// A word that no parser knows.
const MARKER: &str = "zxmarkerq";

pub(super) async fn every_message_is_read_in_its_order(harness: &dyn InboundHarness) -> Verdict {
    let texts = some_texts(harness);
    let batch = accepted(harness, &signed(harness, harness.texts(&texts)))?;
    ensure_eq!(said(harness, &batch), texts, "the messages");
    Ok(())
}

pub(super) async fn the_same_webhook_gives_the_same_keys(harness: &dyn InboundHarness) -> Verdict {
    let texts = some_texts(harness);
    for body in [harness.texts(&texts), strange(harness, Strange::UnknownType), strange(harness, Strange::Misshapen)] {
        let request = signed(harness, body);
        let first = accepted(harness, &request)?;
        let second = accepted(harness, &request)?;
        ensure_eq!(keys(&second), keys(&first), "the keys at the second time");
    }
    Ok(())
}

pub(super) async fn keys_are_distinct_within_a_batch(harness: &dyn InboundHarness) -> Verdict {
    // Equal words are not the same message.
    let texts = vec!["hola"; harness.longest_batch().min(5)];
    let mut found = Vec::new();
    for body in [harness.texts(&texts), harness.texts(&["hola"])] {
        let mut batch = accepted(harness, &signed(harness, body))?;
        // What else is told beside a message has keys of its own kind.
        batch.events.retain(|event| harness.told(event).is_some());
        found.extend(keys(&batch));
    }
    let distinct: HashSet<_> = found.iter().collect();
    ensure_eq!(distinct.len(), texts.len() + 1, "distinct keys of messages with the same words");
    Ok(())
}

pub(super) async fn a_replay_reads_what_the_receipt_read(harness: &dyn InboundHarness) -> Verdict {
    for body in [
        harness.texts(&some_texts(harness)),
        strange(harness, Strange::UnknownType),
        strange(harness, Strange::Misshapen),
        "neither this nor that".into(),
    ] {
        let request = signed(harness, body);
        let received = accepted(harness, &request)?;
        let replayed = harness.inbound().reparse(&stored(harness, request));
        ensure_eq!(replayed, received, "the replay");
    }
    Ok(())
}

pub(super) async fn a_type_from_the_future_is_kept(harness: &dyn InboundHarness) -> Verdict {
    kept(harness, Strange::UnknownType)
}

pub(super) async fn a_misshapen_element_is_kept(harness: &dyn InboundHarness) -> Verdict {
    kept(harness, Strange::Misshapen)
}

pub(super) async fn a_strange_element_does_not_lose_its_neighbours(harness: &dyn InboundHarness) -> Verdict {
    let texts = neighbours(harness);
    for kind in [Strange::UnknownType, Strange::Misshapen] {
        let batch = accepted(harness, &signed(harness, strange(harness, kind)))?;
        ensure_eq!(said(harness, &batch), texts, "the messages around an element that is {kind:?}");
    }
    Ok(())
}

fn kept(harness: &dyn InboundHarness, kind: Strange) -> Verdict {
    let batch = accepted(harness, &signed(harness, strange(harness, kind)))?;
    let mut holding = 0;
    for event in &batch.events {
        holding += usize::from(serde_json::to_string(&event.kind)?.contains(MARKER));
    }
    ensure!(holding == 1, "{holding} events hold what an element that is {kind:?} says");
    Ok(())
}

/// A body with a strange element between its neighbours.
fn strange(harness: &dyn InboundHarness, kind: Strange) -> bytes::Bytes {
    harness.with_strange_element(kind, MARKER, &neighbours(harness))
}

/// The texts that fit beside one more element.
fn neighbours(harness: &dyn InboundHarness) -> Vec<&'static str> {
    let mut texts = some_texts(harness);
    texts.truncate(harness.longest_batch().saturating_sub(1));
    texts
}

/// What identifies each event.
fn keys(batch: &Batch) -> Vec<(String, &'static str, String)> {
    let key = |event: &Event| (event.account.to_string(), event.kind.name(), event.key.to_string());
    batch.events.iter().map(key).collect()
}

/// The webhook as a repository gives it back: without its signature.
pub(super) fn stored(harness: &dyn InboundHarness, mut request: WebhookRequest) -> StoredWebhook {
    request.headers.remove(harness.signature_header());
    StoredWebhook::from_repository(WebhookId::new(), "provider".to_owned(), OffsetDateTime::UNIX_EPOCH, request)
}

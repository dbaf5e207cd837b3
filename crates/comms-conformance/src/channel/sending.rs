//! Sends that succeed.

use std::collections::HashSet;

use comms_core::{Content, ContentKind, Outbound};
use futures_util::future::try_join_all;

use super::{ChannelHarness, claimed, plainest, renewed};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

/// Enough to overlap, few enough for a double.
const AT_ONCE: usize = 24;

pub(super) async fn account_and_kind_never_change(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    let before = (bench.channel.account().clone(), bench.channel.kind());
    ensure!(!before.0.provider().is_empty(), "account {} does not begin with its provider", before.0);
    bench.channel.send(&plainest(harness)?).await?;
    let after = (bench.channel.account().clone(), bench.channel.kind());
    ensure_eq!(after, before, "account and kind after a send");
    Ok(())
}

pub(super) async fn every_claimed_content_and_address_is_sent_once(harness: &dyn ChannelHarness) -> Verdict {
    let claimed = claimed(harness).await;
    let samples = harness.samples();
    for kind in &claimed.contents {
        ensure!(
            samples.iter().any(|s| ContentKind::of(&s.content) == Some(*kind)),
            "{kind:?} is claimed and the harness has no sample of it"
        );
    }
    for kind in &claimed.addresses {
        ensure!(
            samples.iter().any(|s| s.to.kind() == *kind),
            "addresses {kind:?} are claimed and the harness has no sample to one"
        );
    }
    for sample in samples {
        let what = format!("{} to {:?}", sample.content.kind(), sample.to.kind());
        let bench = harness.open().await;
        bench.channel.send(&sample).await?;
        let sent = bench.wire.ledger().await.sent;
        ensure_eq!(sent.len(), 1, "times the provider acted on {what}");
    }
    Ok(())
}

pub(super) async fn the_longest_text_is_still_sent(harness: &dyn ChannelHarness) -> Verdict {
    let claimed = claimed(harness).await;
    let written = |s: &Outbound| matches!(s.content, Content::Text { .. } | Content::Email(_));
    let Some(mut message) = harness.samples().into_iter().find(written) else {
        return Ok(());
    };
    // Two bytes each: a limit in characters is not one in bytes.
    match &mut message.content {
        Content::Email(mail) if claimed.max_subject > 0 => mail.subject = "ñ".repeat(claimed.max_subject),
        Content::Text { body, .. } if claimed.max_text > 0 => *body = "ñ".repeat(claimed.max_text),
        _ => return Ok(()),
    }
    let bench = harness.open().await;
    bench.channel.send(&message).await?;
    let sent = bench.wire.ledger().await.sent;
    ensure_eq!(sent.len(), 1, "times the provider acted on the longest text");
    Ok(())
}

pub(super) async fn the_receipt_names_what_the_provider_stored(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    for sample in harness.samples() {
        let receipt = bench.channel.send(&sample).await?;
        let stored = bench.wire.ledger().await.sent.pop().map(|s| s.provider_id);
        ensure_eq!(Some(receipt.provider_id), stored, "the id in the receipt of {}", sample.content.kind());
    }
    Ok(())
}

pub(super) async fn our_id_travels_with_the_message(harness: &dyn ChannelHarness) -> Verdict {
    if !harness.carries_our_id() {
        return Ok(());
    }
    let bench = harness.open().await;
    for sample in harness.samples() {
        bench.channel.send(&sample).await?;
        let carried = bench.wire.ledger().await.sent.pop().and_then(|s| s.our_id);
        ensure_eq!(carried, Some(sample.id), "our id beside a sent {}", sample.content.kind());
    }
    Ok(())
}

pub(super) async fn concurrent_sends_are_all_distinct(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    let sample = plainest(harness)?;
    let messages: Vec<Outbound> = (0..AT_ONCE).map(|_| renewed(sample.clone())).collect();
    let receipts = try_join_all(messages.iter().map(|m| bench.channel.send(m))).await?;
    let ids: HashSet<String> = receipts.into_iter().map(|r| r.provider_id).collect();
    ensure_eq!(ids.len(), AT_ONCE, "distinct ids in the receipts");
    let stored = bench.wire.ledger().await.sent;
    ensure_eq!(stored.len(), AT_ONCE, "messages at the provider");
    let stored: HashSet<String> = stored.into_iter().map(|s| s.provider_id).collect();
    ensure_eq!(stored, ids, "ids at the provider");
    Ok(())
}

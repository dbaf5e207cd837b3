//! Looking for a message of unknown outcome: a wrong `NotFound` would send it twice.

use comms_core::{Found, Outbound, Probe};
use time::OffsetDateTime;

use super::{ChannelHarness, Fault, claimed, plainest, strike};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn what_was_sent_is_never_said_to_be_missing(harness: &dyn ChannelHarness) -> Verdict {
    let struck = strike(harness, Fault::CutAfterActing).await?;
    let found = struck.bench.channel.find(&probe(&struck.message)).await?;
    ensure!(found != Found::NotFound, "a message that the provider has is said to be missing");
    if let Found::Found(receipt) = found {
        let stored = struck.ledger.sent.first().map(|s| s.provider_id.clone());
        ensure_eq!(Some(receipt.provider_id), stored, "the id that was found");
    }
    Ok(())
}

pub(super) async fn what_was_never_sent_is_never_found(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    // A neighbour, so that finding just anything shows.
    bench.channel.send(&plainest(harness)?).await?;
    let found = bench.channel.find(&probe(&plainest(harness)?)).await?;
    ensure!(!matches!(found, Found::Found(_)), "a message that was never sent is found");
    Ok(())
}

pub(super) async fn a_channel_that_claims_to_find_gives_proof(harness: &dyn ChannelHarness) -> Verdict {
    let claims = claimed(harness).await.find;
    let struck = strike(harness, Fault::CutAfterActing).await?;
    let channel = &struck.bench.channel;
    let sent = channel.find(&probe(&struck.message)).await?;
    let unsent = channel.find(&probe(&plainest(harness)?)).await?;
    let proves = sent != Found::CannotTell || unsent != Found::CannotTell;
    ensure_eq!(proves, claims, "whether a look-up proves anything");
    Ok(())
}

fn probe(message: &Outbound) -> Probe {
    Probe { id: message.id, provider_id: None, to: message.to.clone(), attempted_at: OffsetDateTime::now_utc() }
}

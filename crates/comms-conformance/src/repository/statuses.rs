//! States only move forward, in whatever order they are told (P5).

use comms_core::{EventKind, Status};

use super::{
    RepositoryHarness,
    world::{World, ana, luis, unique},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

const TOLD: [Status; 4] = [Status::Sent, Status::Delivered, Status::Read, Status::Failed];

pub(super) async fn every_order_of_statuses_ends_alike_and_never_goes_back(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for order in orders() {
        let (message, provider_id) = world.sent(&ana(), "hola").await?;
        let mut highest = Status::Accepted;
        for status in order {
            world.ingest(vec![world.status(&provider_id, status)]).await?;
            highest = highest.merge(status);
            let found = world.message(message).await?.entry.status;
            ensure_eq!(found, highest, "the state after {status:?} in {order:?}");
        }
        let events = world.message(message).await?.events;
        for status in TOLD {
            let kept = events.iter().filter(|e| e.status == Some(status)).count();
            ensure_eq!(kept, 1, "events of {status:?} kept of {order:?}");
        }
    }
    Ok(())
}

pub(super) async fn statuses_in_one_batch_merge(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for order in orders() {
        let (message, provider_id) = world.sent(&luis(), "hola").await?;
        let events = order.map(|status| world.status(&provider_id, status));
        let told = world.ingest(events.to_vec()).await?;
        ensure_eq!(told.statuses, 4, "statuses of a batch with {order:?}");
        let found = world.message(message).await?.entry.status;
        ensure_eq!(found, Status::Read, "the state after {order:?} at once");
    }
    Ok(())
}

pub(super) async fn a_status_before_its_message_is_not_lost(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    // The provider is quicker with its webhook than with its answer.
    let message = world.accept(world.outbound(&ana(), "hola")).await?;
    let provider_id = unique("wamid");
    world.ingest(vec![world.status(&provider_id, Status::Delivered)]).await?;
    world.conclude(message, Status::Accepted, Some(&provider_id)).await?;
    let detail = world.message(message).await?;
    ensure_eq!(detail.entry.status, Status::Delivered, "the state");
    ensure!(
        detail.events.iter().any(|e| e.provider_status == "delivered"),
        "the event that came first is not among those of the message"
    );
    Ok(())
}

pub(super) async fn an_echo_and_its_status_meet_in_either_order(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for status_first in [false, true] {
        let provider_id = unique("wamid");
        let echo = world.echo(&provider_id, &ana(), &provider_id);
        let status = world.status(&provider_id, Status::Read);
        let mut events = vec![echo, status];
        if status_first {
            events.reverse();
        }
        for event in events {
            world.ingest(vec![event]).await?;
        }
        let entry = world.saying(&provider_id).await?;
        ensure_eq!(entry.status, Status::Read, "the state, status first: {status_first}");
        ensure_eq!(entry.direction, comms_core::Direction::Outbound, "the direction of an echo");
    }
    ensure_eq!(world.history().await?.len(), 2, "messages in the history");
    Ok(())
}

pub(super) async fn a_word_that_is_not_understood_is_kept_and_changes_nothing(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    let (message, provider_id) = world.sent(&ana(), "hola").await?;
    let mut event = world.word(&provider_id, None, "teleported");
    if let EventKind::Status(update) = &mut event.kind {
        update.extra = serde_json::json!({"to": "moon"});
    }
    world.ingest(vec![event]).await?;
    let detail = world.message(message).await?;
    ensure_eq!(detail.entry.status, Status::Accepted, "the state");
    let kept = detail.events.iter().find(|e| e.provider_status == "teleported");
    let kept = kept.map(|event| (event.status, event.extra.clone()));
    let wanted = Some((None, Some(serde_json::json!({"to": "moon"}))));
    ensure_eq!(kept, wanted, "what is kept of the word");
    Ok(())
}

/// All 24 orders of [`TOLD`]: each number from 0 names one by what is taken first, second …
fn orders() -> impl Iterator<Item = [Status; 4]> {
    (0..24).map(|mut number| {
        let mut left = TOLD.to_vec();
        std::array::from_fn(|_| {
            let choices = left.len();
            let taken = left.remove(number % choices);
            number /= choices;
            taken
        })
    })
}

//! What a person at the desk needs: read marks, owners, counts.

use comms_core::history::{ClaimToken, RepositoryStats};
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{Found, World, ana, luis, tick, unique, user},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn reading_a_message_reads_those_before_it(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for body in ["uno", "dos", "tres"] {
        world.ingest(vec![world.text(&ana(), body)]).await?;
    }
    world.ingest(vec![world.text(&luis(), "otro")]).await?;
    for (body, changes) in [("dos", true), ("dos", false), ("uno", false), ("tres", true), ("otro", true)] {
        let message = world.saying(body).await?.message;
        let changed = world.store.mark_read(&world.scope(), &user(1), message, tick()).await?;
        ensure_eq!(changed, changes, "whether reading {body:?} changes anything");
    }
    Ok(())
}

pub(super) async fn what_has_no_owner_waits_for_one(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut unowned = world.account_row();
    unowned.owner = None;
    world.store.put_account(&unowned).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let entry = world.only().await?;
    ensure_eq!((entry.user, entry.id), (None, None), "owner and row of comunicaciones");
    ensure_eq!(stats(&world).await?.waiting_for_owner, 1, "what waits for an owner");

    world.store.fill_waiting().await?;
    ensure_eq!(stats(&world).await?.waiting_for_owner, 1, "what still waits for an owner");
    world.store.put_account(&world.account_row()).await?;
    world.store.fill_waiting().await?;
    let entry = world.only().await?;
    ensure!(entry.id.is_some(), "there is no row of comunicaciones after all");
    ensure_eq!(entry.user, world.account_row().owner, "the owner");
    ensure_eq!(stats(&world).await?.waiting_for_owner, 0, "what waits after all");
    let row = entry.id.unwrap_or_default();
    let found = world.store.message_by_row(&world.scope(), row).await?;
    ensure_eq!(found, entry.message, "the message behind the row");
    Ok(())
}

pub(super) async fn the_counts_of_what_waits_are_right(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.store.ping().await?;
    world.accept(world.outbound(&ana(), "hola")).await?;
    let due_at = three_wait(&world).await?;
    let mut stranger = world.text(&ana(), "¿hay alguien?");
    stranger.account = unique("whatsapp:").into();
    world.ingest(vec![world.photo(&ana(), "4711"), stranger]).await?;
    let wanted = RepositoryStats {
        waiting_for_owner: 0,
        quarantined: 1,
        media_pending: 1,
        sending: 1,
        outbox_queued: 1,
        outbox_scheduled: 1,
        outbox_unknown: 1,
        outbox_oldest_due_at: Some(due_at),
        queued: 0,
        writers_alive: true,
    };
    ensure_eq!(stats(&world).await?, wanted, "the counts");
    Ok(())
}

async fn stats(world: &World) -> Found<RepositoryStats> {
    Ok(world.store.stats().await?)
}

/// One that waits to be tried again since the time that is given back, one for its hour, one to be looked for.
async fn three_wait(world: &World) -> Found<OffsetDateTime> {
    // The repository's own clock says what could have been sent by now: it may be behind ours.
    let mut before = world.queued(&ana(), "otra vez");
    before.now -= Duration::minutes(30);
    let tried = world.accept(before).await?;
    let due_at = world.put_back(tried, ClaimToken::FIRST, tick() - Duration::minutes(20)).await?;
    let mut later = world.queued(&luis(), "luego");
    later.queue.scheduled_for = Some(later.now + Duration::minutes(30));
    world.store.accept(later).await?;
    let lost = world.accept(world.outbound(&luis(), "¿llegó?")).await?;
    world.lose(lost, ClaimToken::FIRST, tick() + Duration::hours(1)).await?;
    Ok(due_at)
}

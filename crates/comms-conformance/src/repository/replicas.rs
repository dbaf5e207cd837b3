//! What several processes share out: leases, and claims that are given back.

use comms_core::{Status, history::ClaimToken};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    RepositoryHarness,
    world::{LEASE, World, ana, at_once, tick, unique},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// Processes that want one lease at once.
const PROCESSES: usize = 16;

const LENGTH: Duration = Duration::seconds(30);
const MOMENT: Duration = Duration::seconds(1);

pub(super) async fn one_at_a_time_holds_a_lease(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (name, start) = (unique("lease"), tick());
    let mut last = None;
    // The first time nobody ever held it; then each lease has ended.
    for turn in 0..3 {
        let now = start + LENGTH * turn;
        let taken = at_once(PROCESSES, |_| take(world.clone(), name.clone(), Uuid::now_v7(), now)).await?;
        let holders: Vec<_> = taken.into_iter().flatten().collect();
        ensure_eq!(holders.len(), 1, "holders of one lease in turn {turn}");
        ensure!(holders.first().copied() > last, "the token of a new holder is no greater one");
        last = holders.first().copied();
    }
    let holder = Uuid::now_v7();
    let now = start + LENGTH * 3;
    let first = take(world.clone(), name.clone(), holder, now).await?;
    let longer = take(world.clone(), name.clone(), holder, now + LENGTH - MOMENT).await?;
    ensure!(first.is_some() && first == longer, "who prolongs loses the lease, or its token");
    let other = take(world.clone(), name.clone(), Uuid::now_v7(), now + LENGTH + MOMENT).await?;
    ensure!(other.is_none(), "a lease that was prolonged is taken by another");
    let elsewhere = take(world.clone(), unique("lease"), Uuid::now_v7(), now).await?;
    ensure!(elsewhere.is_some(), "one lease stands in the way of another");
    Ok(())
}

pub(super) async fn who_lost_a_lease_gives_nothing_back(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (name, start) = (unique("lease"), tick());
    let held = |token: Option<_>| token.ok_or_else(|| Violation::new("a free lease is not taken"));
    let first = held(take(world.clone(), name.clone(), Uuid::now_v7(), start).await?)?;
    // Stopped for longer than its lease, the first one wakes up after another took it.
    let now = start + LENGTH + MOMENT;
    let second = held(take(world.clone(), name.clone(), Uuid::now_v7(), now).await?)?;
    let late = world.store.give_lease_back(&name, first, now + MOMENT).await?;
    ensure!(!late, "an older token ends the lease of another");
    let third = take(world.clone(), name.clone(), Uuid::now_v7(), now + MOMENT).await?;
    ensure!(third.is_none(), "two hold one lease");
    ensure!(world.store.give_lease_back(&name, second, now + MOMENT).await?, "the holder gives nothing back");
    ensure!(!world.store.give_lease_back(&name, second, now + MOMENT).await?, "a lease is given back twice");
    let third = take(world.clone(), name.clone(), Uuid::now_v7(), now + MOMENT).await?;
    ensure!(third > Some(second), "a lease that was given back is not free at once");
    Ok(())
}

pub(super) async fn what_was_not_begun_waits_as_before(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let message = world.accept(world.queued(&ana(), "hola")).await?;
    let now = world.put_back(message, ClaimToken::FIRST, tick()).await?;
    let jobs = world.store.claim_due(now, LEASE, 10).await?;
    let [job] = jobs.as_slice() else {
        return Err(Violation::new("the message that waits is not due"));
    };
    let before = world.log(0).await?.len();
    let old = world.store.hand_back(&[(message, ClaimToken::FIRST)], tick()).await?;
    ensure_eq!(old, 0, "claims given back by an old one");
    ensure_eq!(world.message(message).await?.entry.status, Status::Sending, "the state after an old claim's word");
    ensure_eq!(world.store.hand_back(&[(message, job.token)], tick()).await?, 1, "claims given back");
    ensure_eq!(world.message(message).await?.entry.status, Status::Queued, "the state of what waits again");
    ensure_eq!(world.log(0).await?.len(), before + 1, "events of the log");
    // At once, not when the lease ends; and as the attempt that it would have been.
    let again = world.store.claim_due(now, LEASE, 10).await?;
    let [next] = again.as_slice() else {
        return Err(Violation::new("what was given back waits for its lease"));
    };
    ensure_eq!((next.message.id, next.attempts), (message, job.attempts), "the next attempt");
    ensure!(next.token > job.token, "the next claim has no later number");
    for status in [Status::Failed, Status::Queued, Status::Unknown] {
        ensure!(!world.ended(message, job.token, status, tick()).await?, "who gave a claim back has a word still");
    }
    ensure!(world.ended(message, next.token, Status::Failed, tick()).await?, "the word of the claim does not count");
    ensure_eq!(world.store.hand_back(&[(message, next.token)], tick()).await?, 0, "claims on a message that is over");
    Ok(())
}

async fn take(
    world: World,
    name: String,
    holder: Uuid,
    now: OffsetDateTime,
) -> super::world::Found<Option<comms_core::history::LeaseToken>> {
    Ok(world.store.take_lease(&name, holder, now, LENGTH).await?)
}

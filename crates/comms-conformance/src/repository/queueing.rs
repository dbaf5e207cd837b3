//! What waits to be sent: whose turn it is, who may speak for it, and how it ends (P3, P4, P5).

use std::collections::HashSet;

use comms_core::{
    EventKind, MessageId, Status,
    history::{ClaimToken, DeliveryMode, HistoryFilter, RepositoryError},
};
use time::Duration;

use super::{
    RepositoryHarness,
    world::{Found, LEASE, World, ana, at_once, luis, tick, unique},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

const FIRST: ClaimToken = ClaimToken::FIRST;

/// How many claim at once.
const CLAIMERS: usize = 16;

/// How much waits for them.
const WAITING: usize = 40;

pub(super) async fn a_message_that_waits_is_claimed_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for at in 0..WAITING {
        let id = world.accept(world.queued(&someone(at), "hola")).await?;
        world.put_back(id, FIRST, tick()).await?;
    }
    let now = tick();
    let claimed = at_once(CLAIMERS, |_| {
        let world = world.clone();
        async move {
            let mut mine = Vec::new();
            loop {
                let jobs = world.store.claim_due(now, LEASE, 3).await?;
                if jobs.is_empty() {
                    return Ok(mine);
                }
                mine.extend(jobs.into_iter().map(|job| job.message.id));
            }
        }
    })
    .await?;
    let all: Vec<MessageId> = claimed.into_iter().flatten().collect();
    ensure_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "claimed once each");
    // Whoever claimed at the same time as another may have found nothing; what is left is due still.
    let rest = world.due(now).await?.len();
    ensure_eq!(all.len() + rest, WAITING, "claimed in all");
    Ok(())
}

pub(super) async fn who_lost_the_claim_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let message = world.accept(world.queued(&ana(), "hola")).await?;
    world.put_back(message, FIRST, tick()).await?;
    ensure!(!world.ended(message, FIRST, Status::Failed, tick()).await?, "who gave the claim back still has it");
    let claimed = world.due(tick()).await?;
    let token = match claimed.as_slice() {
        [(id, token)] if *id == message => *token,
        _ => return Err(crate::Violation::new("the message that waits is not due")),
    };
    ensure!(token > FIRST, "the claim has no later number than the one before");
    for status in [Status::Failed, Status::Queued, Status::Unknown] {
        ensure!(!world.ended(message, FIRST, status, tick()).await?, "the word of an old claim counts");
        ensure_eq!(state(&world, message).await?, Status::Sending, "the state after an old claim's word");
    }
    ensure!(world.ended(message, token, Status::Failed, tick()).await?, "the word of the claim does not count");
    ensure_eq!(state(&world, message).await?, Status::Failed, "the state after the claim's word");
    Ok(())
}

pub(super) async fn a_conversation_goes_in_its_order(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (first, second, third) = three(&world, &ana()).await?;
    let (apart, _) = world.sent(&luis(), "a otro").await?;
    ensure_eq!(state(&world, apart).await?, Status::Accepted, "the state of another conversation's");
    let now = tick();
    let mut order = Vec::new();
    for _ in 0..3 {
        let claimed = world.due(now).await?;
        let [(id, token)] = claimed.as_slice() else {
            return Err(crate::Violation::new(format!("{} of a conversation are due at once", claimed.len())));
        };
        ensure_eq!(world.due(now).await?, [], "due while one is being sent");
        world.ended(*id, *token, Status::Failed, tick()).await?;
        order.push(*id);
    }
    ensure_eq!(order, [first, second, third], "the order");
    Ok(())
}

pub(super) async fn nobody_waits_longer_than_the_hold(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (first, second, _) = three(&world, &ana()).await?;
    let (id, token) = one(world.due(tick()).await?)?;
    ensure_eq!(id, first, "the first");
    world.put_back(id, token, tick() + Duration::minutes(30)).await?;
    let now = tick();
    ensure_eq!(world.due(now + Duration::seconds(50)).await?, [], "due within the hold");
    let (next, _) = one(world.due(now + Duration::seconds(70)).await?)?;
    ensure_eq!(next, second, "the next after the hold");
    let mut fresh = world.queued(&ana(), "otra");
    fresh.now = now + Duration::seconds(71);
    let (_, status) = world.waits(fresh).await?;
    ensure_eq!(status, Status::Queued, "the state of one behind them");
    Ok(())
}

pub(super) async fn an_unknown_outcome_holds_nobody(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (first, second, _) = three(&world, &ana()).await?;
    let (id, token) = one(world.due(tick()).await?)?;
    world.lose(id, token, tick()).await?;
    ensure_eq!(state(&world, first).await?, Status::Unknown, "the state of the first");
    let (next, _) = one(world.due(tick()).await?)?;
    ensure_eq!(next, second, "the next");
    Ok(())
}

pub(super) async fn what_is_scheduled_goes_at_its_time(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut later = world.queued(&ana(), "a las nueve");
    let at = later.now + Duration::days(3);
    (later.queue.scheduled_for, later.queue.expires_at) = (Some(at), Some(at + Duration::hours(1)));
    let content = later.message.content.clone();
    let (scheduled, status) = world.waits(later).await?;
    ensure_eq!(status, Status::Scheduled, "the state in which it waits");
    let entry = world.message(scheduled).await?.entry;
    ensure_eq!(entry.status, Status::Scheduled, "the stored state");
    ensure_eq!(entry.delivery.map(|delivery| delivery.due_at), Some(at), "its time");
    // What has its time in three days holds back nobody who goes today.
    world.accept(world.queued(&ana(), "hoy")).await?;
    ensure_eq!(world.due(at - Duration::seconds(1)).await?, [], "due before its time");
    let jobs = world.store.claim_due(at, LEASE, 10).await?;
    let job = jobs.first().ok_or_else(|| crate::Violation::new("it is not due at its time"))?;
    ensure_eq!(job.message.id, scheduled, "what is due");
    ensure_eq!(job.message.to, ana(), "the recipient");
    ensure_eq!(job.message.content, content, "the content");
    ensure_eq!(job.account, world.account, "the account");
    ensure_eq!(job.attempts, 1, "the attempts");
    Ok(())
}

pub(super) async fn what_waits_can_be_withdrawn(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let elsewhere = world.neighbour().await?;
    let (first, second, _) = three(&world, &ana()).await?;
    ensure!(
        matches!(world.store.cancel(&elsewhere.scope(), second, tick()).await, Err(RepositoryError::NotFound(_))),
        "another organisation may withdraw it"
    );
    let scope = world.scope();
    let cancel = |id| world.store.cancel(&scope, id, tick());
    ensure_eq!(cancel(second).await?, Status::Canceled, "the state of the withdrawn");
    ensure_eq!(cancel(second).await?, Status::Canceled, "the state of the withdrawn twice");
    let (id, _) = one(world.due(tick()).await?)?;
    ensure_eq!(id, first, "what is due");
    ensure_eq!(cancel(first).await?, Status::Sending, "the state of what is being sent");
    ensure_eq!(state(&world, first).await?, Status::Sending, "its stored state");
    ensure_eq!(state(&world, second).await?, Status::Canceled, "the stored state of the withdrawn");
    Ok(())
}

pub(super) async fn what_is_late_expires_with_its_reason(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let new = world.queued(&ana(), "hola");
    let deadline = new.queue.expires_at.unwrap_or(new.now);
    let message = world.accept(new).await?;
    world.put_back(message, FIRST, deadline + Duration::hours(1)).await?;
    let detail = world.message(message).await?;
    ensure_eq!(detail.entry.status, Status::Queued, "the state before");
    ensure_eq!(detail.entry.problem.map(|problem| problem.code), Some("429".to_owned()), "why it waits");
    ensure_eq!(world.store.expire_due(deadline - Duration::seconds(1)).await?, [], "expired before the deadline");
    ensure_eq!(world.store.expire_due(deadline).await?, [message], "expired at the deadline");
    ensure_eq!(world.store.expire_due(deadline).await?, [], "expired twice");
    let detail = world.message(message).await?;
    ensure_eq!(detail.entry.status, Status::Expired, "the state");
    let reason = detail.entry.problem.map(|problem| problem.message).unwrap_or_default();
    ensure!(reason.contains("too many"), "the reason does not tell of the last attempt: {reason}");
    let steps: Vec<Status> = detail.events.iter().filter_map(|event| event.status).collect();
    ensure_eq!(steps, [Status::Sending, Status::Queued, Status::Expired], "the steps");
    ensure_eq!(world.due(deadline + Duration::hours(2)).await?, [], "due after its deadline");
    Ok(())
}

pub(super) async fn what_is_unknown_is_looked_for_until_it_is_settled(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let message = world.accept(world.queued(&ana(), "¿llegó?")).await?;
    let at = tick();
    world.lose(message, FIRST, at + Duration::seconds(30)).await?;
    let look = |now| world.store.claim_unknown(now, LEASE, 10);
    ensure_eq!(look(at).await?.len(), 0, "looked for before the time");
    let now = at + Duration::minutes(1);
    let jobs = look(now).await?;
    let job = jobs.first().ok_or_else(|| crate::Violation::new("an unknown message is not looked for"))?;
    ensure_eq!((job.probe.id, job.probe.to.clone()), (message, ana()), "what is looked for");
    ensure_eq!(look(now).await?.len(), 0, "looked for twice at once");
    world.lose(message, job.token, now + Duration::minutes(2)).await?;
    let jobs = look(now + Duration::minutes(3)).await?;
    let job = jobs.first().ok_or_else(|| crate::Violation::new("it is not looked for again"))?;
    // The provider proves that it has none: it is sent again.
    world.put_back(message, job.token, tick()).await?;
    ensure_eq!(state(&world, message).await?, Status::Queued, "the state of one proved not sent");
    ensure!(!world.ended(message, FIRST, Status::Unknown, tick()).await?, "who gave the claim back still has it");
    let (_, token) = one(world.due(tick()).await?)?;
    world.lose(message, token, tick()).await?;
    let jobs = look(tick()).await?;
    let job = jobs.first().ok_or_else(|| crate::Violation::new("it is not looked for after its second attempt"))?;
    let last = comms_core::history::Conclusion {
        message,
        claim: Some(job.token),
        status: Status::Unknown,
        receipt: None,
        problem: None,
        due_at: None,
        now: tick(),
    };
    ensure!(world.store.conclude(last).await?, "the last look does not count");
    ensure_eq!(look(now + Duration::days(9)).await?.len(), 0, "looked for after the end");
    ensure_eq!(state(&world, message).await?, Status::Unknown, "the state at the end");
    Ok(())
}

pub(super) async fn a_report_ends_the_waiting(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let waiting = world.accept(world.queued(&ana(), "uno")).await?;
    world.put_back(waiting, FIRST, tick()).await?;
    let sought = world.accept(world.queued(&luis(), "dos")).await?;
    world.lose(sought, FIRST, tick()).await?;
    let tried = world.accept(world.queued(&someone(3), "tres")).await?;
    for message in [waiting, sought, tried] {
        let mut event = world.status(&unique("wamid"), Status::Delivered);
        if let EventKind::Status(update) = &mut event.kind {
            update.correlation = Some(message.to_string());
        }
        world.ingest(vec![event]).await?;
    }
    world.put_back(tried, FIRST, tick()).await?;
    ensure_eq!(world.due(tick()).await?, [], "due although the provider has it");
    ensure_eq!(world.store.claim_unknown(tick(), LEASE, 10).await?.len(), 0, "looked for although the provider has it");
    for message in [waiting, sought, tried] {
        ensure_eq!(state(&world, message).await?, Status::Delivered, "the state");
    }
    Ok(())
}

pub(super) async fn what_may_arrive_twice_is_sent_again_after_a_crash(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut new = world.queued(&ana(), "hola");
    new.queue.mode = DeliveryMode::AtLeastOnce;
    let message = world.accept(new).await?;
    let once = world.accept(world.queued(&luis(), "una vez")).await?;
    let over = tick() + LEASE + Duration::seconds(1);
    let released: HashSet<MessageId> = world.store.release_stale(over, false).await?.into_iter().collect();
    ensure_eq!(released, HashSet::from([message, once]), "the cut off");
    ensure_eq!(state(&world, message).await?, Status::Queued, "the state of what may arrive twice");
    ensure_eq!(state(&world, once).await?, Status::Unknown, "the state of what may not");
    let jobs = world.store.claim_due(over, LEASE, 10).await?;
    ensure_eq!(jobs.len(), 1, "sent again");
    ensure_eq!(jobs.first().map(|job| (job.message.id, job.attempts)), Some((message, 2)), "what is sent again");
    ensure!(!world.ended(message, FIRST, Status::Failed, over).await?, "the cut off attempt still counts");
    Ok(())
}

pub(super) async fn a_start_loses_nothing_that_waits(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (first, second, _) = three(&world, &ana()).await?;
    ensure_eq!(world.store.release_stale(tick(), true).await?, [], "cut off at the start");
    ensure_eq!(state(&world, second).await?, Status::Queued, "the state of what waits");
    let (id, _) = one(world.due(tick()).await?)?;
    ensure_eq!(id, first, "what is due after the start");
    Ok(())
}

pub(super) async fn a_message_tried_again_is_neither_shown_nor_sent(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let lost = world.accept(world.queued(&ana(), "¿llegó?")).await?;
    world.lose(lost, FIRST, tick()).await?;
    ensure_eq!(undiscarded(&world, Status::Unknown).await?, [lost], "the lost");
    let mut again = world.queued(&ana(), "¿llegó?");
    again.retry_of = Some(lost);
    world.accept(again).await?;
    ensure_eq!(undiscarded(&world, Status::Unknown).await?, [], "the lost after it was tried again");
    ensure_eq!(world.store.claim_unknown(tick(), LEASE, 10).await?.len(), 0, "looked for although it was tried again");
    Ok(())
}

pub(super) async fn what_did_not_arrive_is_listed_until_it_is_discarded(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let elsewhere = world.neighbour().await?;
    let failed = world.accept(world.outbound(&ana(), "hola")).await?;
    world.conclude(failed, Status::Failed, None).await?;
    let (arrived, _) = world.sent(&ana(), "llegó").await?;
    ensure_eq!(undiscarded(&world, Status::Failed).await?, [failed], "the failed");
    ensure!(
        matches!(world.store.discard(&elsewhere.scope(), failed, tick()).await, Err(RepositoryError::NotFound(_))),
        "another organisation may discard it"
    );
    let scope = world.scope();
    ensure!(!world.store.discard(&scope, arrived, tick()).await?, "what was sent is discarded");
    ensure!(world.store.discard(&scope, failed, tick()).await?, "it is not discarded");
    ensure!(!world.store.discard(&scope, failed, tick()).await?, "it is discarded twice");
    ensure_eq!(undiscarded(&world, Status::Failed).await?, [], "the failed after it was discarded");
    ensure_eq!(state(&world, failed).await?, Status::Failed, "its state");
    Ok(())
}

/// Three messages of one conversation that wait: the first was tried in vain and is due at once.
async fn three(world: &World, to: &comms_core::Address) -> Found<(MessageId, MessageId, MessageId)> {
    let first = world.accept(world.queued(to, "uno")).await?;
    world.put_back(first, FIRST, tick()).await?;
    let (second, status) = world.waits(world.queued(to, "dos")).await?;
    ensure_eq!(status, Status::Queued, "the state of one behind another");
    let (third, _) = world.waits(world.queued(to, "tres")).await?;
    Ok((first, second, third))
}

async fn undiscarded(world: &World, status: Status) -> Found<Vec<MessageId>> {
    let filter = HistoryFilter { statuses: vec![status], undiscarded: true, ..HistoryFilter::default() };
    Ok(world.select(filter).await?.into_iter().map(|entry| entry.message).collect())
}

fn one(claimed: Vec<(MessageId, ClaimToken)>) -> Found<(MessageId, ClaimToken)> {
    match claimed.as_slice() {
        [one] => Ok(*one),
        _ => Err(crate::Violation::new(format!("{} are due instead of one", claimed.len()))),
    }
}

async fn state(world: &World, message: MessageId) -> Found<Status> {
    Ok(world.message(message).await?.entry.status)
}

fn someone(at: usize) -> comms_core::Address {
    comms_core::Address::verbatim(comms_core::AddressKind::Phone, format!("+346000001{at:02}"))
}

//! Outgoing webhooks: each event once for each endpoint, claims that end, failures that end.

use std::collections::HashSet;

use comms_core::{
    HookDeliveryId, HookId,
    history::{
        HookChange, HookConcluded, HookConclusion, HookDelivery, HookDeliveryFilter, HookDeliveryState, HookEndpoint,
        HookFilter, HookJob, HookOutcome, HookPlan, HookReason, HookRedrive, HookState, RepositoryError,
        RepositoryResult,
    },
};
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{AT_ONCE, Found, LEASE, World, at_once, tick},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// How long an endpoint may fail.
const PATIENCE: Duration = Duration::days(5);

pub(super) async fn an_endpoint_is_kept_as_it_was_made_and_changed(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut made = endpoint(&world);
    made.description = Some("ERP ñ".to_owned());
    made.filter.kinds = ["message".to_owned(), "status".to_owned()].into();
    made.filter.channels = [world.channel].into();
    world.store.add_hook(&made).await?;
    ensure_eq!(world.store.hooks(&world.organization).await?, vec![made.clone()], "the endpoints");
    let url = "https://other.example.com/".to_owned();
    let edit = HookChange::Edit { url: url.clone(), description: None, filter: HookFilter::default() };
    let edited = HookEndpoint { url, description: None, filter: HookFilter::default(), ..made };
    ensure_eq!(change(&world, edited.id, edit).await?, edited, "the endpoint after an edit");
    let until = tick();
    let rotate = HookChange::Secret { secret: "new".to_owned(), previous_until: until };
    let rotated = change(&world, edited.id, rotate).await?;
    let wanted = ("new".to_owned(), Some((edited.secret, until)));
    ensure_eq!((rotated.secret, rotated.previous), wanted, "the keys after a change");
    ensure_eq!(change(&world, edited.id, HookChange::Pause).await?.state, HookState::Paused, "the state");
    let skip = HookChange::Enable { skip_to: Some(7_000_000) };
    let enabled = change(&world, edited.id, skip).await?;
    ensure_eq!((enabled.state, enabled.cursor), (HookState::Active, 7_000_000), "state and place");
    let back = change(&world, edited.id, HookChange::Enable { skip_to: Some(1) }).await?;
    ensure_eq!(back.cursor, 7_000_000, "a place that never goes back");
    world.store.remove_hook(&world.organization, edited.id).await?;
    ensure!(world.store.hooks(&world.organization).await?.is_empty(), "it is still there");
    missing(world.store.remove_hook(&world.organization, edited.id).await)
}

pub(super) async fn an_endpoint_has_each_event_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = added(&world).await?;
    let behind = world.store.hooks_behind(hook.cursor + 1, 100).await?;
    ensure!(behind.iter().any(|one| one.id == hook.id), "it is not behind");
    let planned = plan(&hook, 3);
    let all = at_once(AT_ONCE, |_| {
        let (store, plan) = (world.store.clone(), planned.clone());
        async move { Ok(store.plan_hook(plan).await?) }
    });
    let moved = all.await?.into_iter().filter(|moved| *moved).count();
    ensure_eq!(moved, 1, "how many of those that plan from one place move on");
    let again = HookPlan { from: planned.to, to: planned.to + 1, ..planned.clone() };
    ensure!(world.store.plan_hook(again).await?, "it does not stand where it moved to");
    ensure_eq!(deliveries(&world, hook.id).await?.len(), 3, "deliveries of three events, planned twice");
    let behind = world.store.hooks_behind(planned.to + 1, 100).await?;
    ensure!(behind.iter().all(|one| one.id != hook.id), "it is behind after it moved on");
    change(&world, hook.id, HookChange::Pause).await?;
    let paused = HookPlan { from: planned.to + 1, to: planned.to + 2, ..planned };
    ensure!(!world.store.plan_hook(paused).await?, "one that is at rest moves on");
    Ok(())
}

pub(super) async fn a_delivery_is_claimed_until_its_lease_ends(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = planned(&world, 40).await?;
    let now = tick();
    ensure!(is_due(&world, hook.id, now).await?, "it is not due");
    let all = at_once(8, |_| {
        let store = world.store.clone();
        async move { Ok(store.claim_hook(hook.id, now, LEASE, 5).await?) }
    });
    let claimed: Vec<_> = all.await?.into_iter().flatten().map(|job| job.delivery.id).collect();
    let different: HashSet<_> = claimed.iter().collect();
    ensure_eq!(different.len(), claimed.len(), "claims by several at once, and the deliveries that they are of");
    let rest = world.store.claim_hook(hook.id, now, LEASE, 100).await?;
    ensure_eq!(rest.len() + claimed.len(), 40, "claims in all");
    ensure!(!is_due(&world, hook.id, now + LEASE - Duration::seconds(1)).await?, "it is due while it is claimed");
    let again = world.store.claim_hook(hook.id, now + LEASE, LEASE, 100).await?;
    ensure_eq!(again.len(), 40, "claims after the lease of those before ended");
    ensure!(again.iter().all(|job| job.delivery.attempts == 2), "an attempt is not counted");
    change(&world, hook.id, HookChange::Pause).await?;
    let later = now + LEASE * 3;
    ensure!(!is_due(&world, hook.id, later).await?, "one that is at rest is due");
    ensure!(world.store.claim_hook(hook.id, later, LEASE, 100).await?.is_empty(), "one that is at rest is claimed");
    Ok(())
}

pub(super) async fn who_lost_a_delivery_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = planned(&world, 1).await?;
    let now = tick();
    let first = claimed(&world, hook.id, now).await?;
    let second = claimed(&world, hook.id, now + LEASE).await?;
    let late = end(&world, &first, HookOutcome::Failed, now + LEASE).await?;
    ensure_eq!(late, HookConcluded::default(), "the word of who lost the claim");
    let right = end(&world, &second, HookOutcome::Delivered, now + LEASE).await?;
    ensure!(right.counted, "the word of who holds the claim does not count");
    let twice = end(&world, &second, HookOutcome::Failed, now + LEASE).await?;
    ensure!(!twice.counted, "what has ended ends again");
    let [done] = &deliveries(&world, hook.id).await?[..] else {
        return Err(Violation::new("there is not one delivery"));
    };
    ensure_eq!(done.state, HookDeliveryState::Delivered, "the state");
    ensure_eq!((done.status, done.response.as_deref()), (Some(200), Some("OK\u{fffd}")), "what the other side said");
    Ok(())
}

pub(super) async fn an_endpoint_that_only_fails_is_given_up(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = planned(&world, 1).await?;
    let start = tick();
    // A success in between begins the series anew.
    for (day, outcome) in [(0, false), (3, true), (4, false), (8, false)] {
        let now = start + Duration::days(day);
        let job = claimed(&world, hook.id, now).await?;
        let ended = if outcome { HookOutcome::Delivered } else { HookOutcome::Again(now) };
        ensure_eq!(end(&world, &job, ended, now).await?.disabled, None, "given up on day {day}");
        if outcome {
            ensure_eq!(current(&world, hook.id).await?.failing_since, None, "since when it fails, after a success");
            let which = HookRedrive::One(job.delivery.id);
            world.store.redrive_hook(&world.organization, hook.id, which, now).await?;
        }
    }
    // A failure of ours is none of theirs.
    let now = start + Duration::days(9);
    let job = claimed(&world, hook.id, now).await?;
    let ours = HookConclusion { theirs: false, ..conclusion(&job, HookOutcome::Again(now), now) };
    ensure_eq!(world.store.conclude_hook(ours).await?.disabled, None, "given up for a failure of ours");
    let before = world.log(0).await?.len();
    let job = claimed(&world, hook.id, now).await?;
    let ended = end(&world, &job, HookOutcome::Again(now), now).await?;
    ensure_eq!(ended.disabled, Some(HookReason::Failing), "after five days of failures");
    let given_up = current(&world, hook.id).await?;
    ensure_eq!(
        (given_up.state, given_up.reason, given_up.failing_since),
        (HookState::Disabled, Some(HookReason::Failing), Some(start + Duration::days(4))),
        "the endpoint"
    );
    let log = world.log(0).await?;
    ensure_eq!(log.len(), before + 1, "events of the log");
    ensure!(log.last().is_some_and(|event| event.kind == "webhook"), "the log does not tell of it");
    ensure!(world.store.claim_hook(hook.id, now, LEASE, 1).await?.is_empty(), "one that was given up is called");
    ensure_eq!(world.store.hook_stats().await?.disabled, 1, "endpoints that were given up");
    Ok(())
}

pub(super) async fn an_endpoint_that_is_gone_is_given_up_at_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = planned(&world, 1).await?;
    let now = tick();
    let job = claimed(&world, hook.id, now).await?;
    let ended = end(&world, &job, HookOutcome::Gone, now).await?;
    ensure_eq!(ended.disabled, Some(HookReason::Gone), "why it was given up");
    let enabled = change(&world, hook.id, HookChange::Enable { skip_to: None }).await?;
    ensure_eq!((enabled.reason, enabled.failing_since), (None, None), "what is held against it once it is enabled");
    ensure_eq!(claimed(&world, hook.id, now).await?.delivery.id, job.delivery.id, "what waited for it");
    Ok(())
}

pub(super) async fn what_was_given_up_is_told_again(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let hook = planned(&world, 3).await?;
    let now = tick();
    let jobs = world.store.claim_hook(hook.id, now, LEASE, 3).await?;
    let [taken, failed, waits] = &jobs[..] else { return Err(Violation::new("there are not three")) };
    end(&world, taken, HookOutcome::Delivered, now).await?;
    end(&world, failed, HookOutcome::Failed, now).await?;
    end(&world, waits, HookOutcome::Again(now + Duration::hours(1)), now).await?;
    let redrive = async |which| world.store.redrive_hook(&world.organization, hook.id, which, now).await;
    let later = failed.delivery.created_at + Duration::seconds(1);
    ensure_eq!(redrive(HookRedrive::FailedSince(later)).await?, 0, "put back of a later time");
    ensure_eq!(redrive(HookRedrive::FailedSince(failed.delivery.created_at)).await?, 1, "put back of its own time");
    ensure_eq!(redrive(HookRedrive::One(waits.delivery.id)).await?, 0, "put back of what waits");
    let again = claimed(&world, hook.id, now).await?;
    ensure_eq!((again.delivery.id, again.delivery.attempts), (failed.delivery.id, 1), "what is told again");
    ensure!(again.token > failed.token, "an old claim would count");
    ensure_eq!(redrive(HookRedrive::One(taken.delivery.id)).await?, 1, "put back of what was taken");
    ensure_eq!(claimed(&world, hook.id, now).await?.delivery.id, taken.delivery.id, "what is told again");
    missing(redrive(HookRedrive::One(HookDeliveryId::new())).await.map(drop))
}

pub(super) async fn deliveries_are_paged_and_forgotten_in_their_time(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    // All of one instant, so that only their ids tell them apart.
    let hook = planned(&world, 7).await?;
    let mut walked = Vec::new();
    let mut filter = HookDeliveryFilter { limit: 3, ..HookDeliveryFilter::default() };
    loop {
        let page = world.store.hook_deliveries(&world.organization, hook.id, &filter).await?;
        ensure!(page.entries.len() <= 3, "a page is longer than asked");
        walked.extend(page.entries.into_iter().map(|one| one.id));
        filter.after = page.next;
        ensure!(walked.len() <= 7, "the pages repeat");
        if page.next.is_none() {
            break;
        }
    }
    ensure_eq!(walked.iter().collect::<HashSet<_>>().len(), 7, "deliveries on all pages");
    let now = tick();
    let jobs = world.store.claim_hook(hook.id, now, LEASE, 2).await?;
    let [old, new] = &jobs[..] else { return Err(Violation::new("there are not two")) };
    end(&world, old, HookOutcome::Delivered, now).await?;
    end(&world, new, HookOutcome::Failed, now + Duration::days(1)).await?;
    let failed = HookDeliveryFilter { state: Some(HookDeliveryState::Failed), after: None, limit: 9 };
    let failed = world.store.hook_deliveries(&world.organization, hook.id, &failed).await?.entries;
    ensure_eq!(ids(&failed), vec![new.delivery.id], "what failed");
    ensure_eq!(world.store.hook_stats().await?.pending, 5, "what waits");
    ensure_eq!(world.store.prune_hooks(now + Duration::hours(1)).await?, 1, "what is forgotten");
    let left = ids(&deliveries(&world, hook.id).await?);
    ensure!(left.len() == 6 && !left.contains(&old.delivery.id), "not what ended first is forgotten");
    Ok(())
}

pub(super) async fn endpoints_stay_in_their_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (hook, other) = (planned(&world, 1).await?, world.neighbour().await?);
    let job = claimed(&world, hook.id, tick()).await?;
    end(&world, &job, HookOutcome::Failed, tick()).await?;
    let (store, org, now) = (&world.store, &other.organization, tick());
    ensure!(store.hooks(org).await?.is_empty(), "another organisation lists it");
    missing(store.hook(org, hook.id).await.map(drop))?;
    missing(store.change_hook(org, hook.id, &HookChange::Pause, now).await.map(drop))?;
    missing(store.hook_deliveries(org, hook.id, &HookDeliveryFilter::default()).await.map(drop))?;
    for which in [HookRedrive::One(job.delivery.id), HookRedrive::FailedSince(OffsetDateTime::UNIX_EPOCH)] {
        missing(store.redrive_hook(org, hook.id, which, now).await.map(drop))?;
    }
    let theirs = added(&other).await?;
    missing(store.redrive_hook(org, theirs.id, HookRedrive::One(job.delivery.id), now).await.map(drop))?;
    missing(store.remove_hook(org, hook.id).await)?;
    ensure_eq!(current(&world, hook.id).await?.state, HookState::Active, "the state after all that");
    Ok(())
}

fn endpoint(world: &World) -> HookEndpoint {
    HookEndpoint {
        id: HookId::new(),
        organization: world.organization.clone(),
        url: "https://erp.example.com/in".to_owned(),
        description: None,
        filter: HookFilter::default(),
        secret: "sealed".to_owned(),
        previous: None,
        state: HookState::Active,
        reason: None,
        disabled_at: None,
        failing_since: None,
        // Far from where the log is.
        cursor: 5_000_000,
        created_at: tick(),
    }
}

async fn added(world: &World) -> Found<HookEndpoint> {
    let hook = endpoint(world);
    world.store.add_hook(&hook).await?;
    Ok(hook)
}

/// An endpoint that is to be told this many things.
async fn planned(world: &World, count: i64) -> Found<HookEndpoint> {
    let hook = added(world).await?;
    world.store.plan_hook(plan(&hook, count)).await?;
    Ok(hook)
}

fn plan(hook: &HookEndpoint, count: i64) -> HookPlan {
    let events = (1..=count).map(|at| (hook.cursor + at, "message".to_owned())).collect();
    HookPlan { hook: hook.id, from: hook.cursor, to: hook.cursor + count, events, now: tick() }
}

async fn change(world: &World, id: HookId, change: HookChange) -> Found<HookEndpoint> {
    Ok(world.store.change_hook(&world.organization, id, &change, tick()).await?)
}

async fn current(world: &World, id: HookId) -> Found<HookEndpoint> {
    Ok(world.store.hook(&world.organization, id).await?)
}

async fn deliveries(world: &World, id: HookId) -> Found<Vec<HookDelivery>> {
    let filter = HookDeliveryFilter { limit: 200, ..HookDeliveryFilter::default() };
    Ok(world.store.hook_deliveries(&world.organization, id, &filter).await?.entries)
}

fn ids(rows: &[HookDelivery]) -> Vec<HookDeliveryId> {
    rows.iter().map(|row| row.id).collect()
}

async fn is_due(world: &World, id: HookId, now: OffsetDateTime) -> Found<bool> {
    Ok(world.store.hooks_due(now, 1_000).await?.iter().any(|one| one.id == id))
}

/// The one that is due.
async fn claimed(world: &World, id: HookId, now: OffsetDateTime) -> Found<HookJob> {
    let job = world.store.claim_hook(id, now, LEASE, 1).await?.pop();
    job.ok_or_else(|| Violation::new("nothing is due"))
}

async fn end(world: &World, job: &HookJob, outcome: HookOutcome, now: OffsetDateTime) -> Found<HookConcluded> {
    Ok(world.store.conclude_hook(conclusion(job, outcome, now)).await?)
}

fn conclusion(job: &HookJob, outcome: HookOutcome, now: OffsetDateTime) -> HookConclusion {
    let taken = outcome == HookOutcome::Delivered;
    HookConclusion {
        delivery: job.delivery.id,
        token: job.token,
        outcome,
        theirs: true,
        status: Some(if taken { 200 } else { 500 }),
        error: (!taken).then(|| "HTTP 500".to_owned()),
        response: Some("OK\0".to_owned()),
        now,
        patience: PATIENCE,
    }
}

fn missing(result: RepositoryResult<()>) -> Verdict {
    match result {
        Err(RepositoryError::NotFound(_)) => Ok(()),
        other => Err(Violation::new(format!("{other:?} instead of not found"))),
    }
}

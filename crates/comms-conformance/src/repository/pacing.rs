//! How fast an account is sent on, who is let through, and who is stopped (shared by all processes).

use std::time::{Duration, Instant};

use comms_core::{
    AccountId, ErrorKind, MessageId, Pace, Problem, Rate, Status,
    history::{ClaimToken, Claiming, Hold, Pauses, RepositoryError, Reservation, SLICE, Stop, Turn},
};

use super::{
    RepositoryHarness,
    world::{AT_ONCE, Found, LEASE, World, ana, at_once, luis, tick, unique},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

const HOUR: Duration = Duration::from_secs(3600);
const NEVER_MIND: Pauses = Pauses { first: HOUR, longest: HOUR };

/// An interval that a test can wait for, and that fits into a slice several times.
const SHORT: Duration = Duration::from_millis(20);

pub(super) async fn many_who_ask_at_once_get_no_more_than_the_rate(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    paced(&world, Some(Rate::one_in(HOUR).with_burst(10)), None).await?;
    let got = at_once(AT_ONCE, |n| {
        let world = world.clone();
        async move {
            let want = u16::try_from(n % 3 + 1).unwrap_or(1);
            let got = reserved(&world, want).await?.len();
            ensure!(got <= usize::from(want), "more than was asked for");
            Ok(got)
        }
    })
    .await?;
    ensure_eq!(got.iter().sum::<usize>(), 10, "the places that were given");
    match world.store.reserve(&world.account, None, 1).await? {
        Reservation::Held(Hold::Pace, wait) => ensure!(wait > HOUR / 2 && wait <= HOUR, "asked to wait for {wait:?}"),
        other => return Err(Violation::new(format!("beyond the rate: {other:?}"))),
    }
    Ok(())
}

pub(super) async fn places_come_back_at_their_rate(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    paced(&world, Some(Rate::one_in(SHORT)), None).await?;
    let (begun, mut given) = (Instant::now(), 0);
    for _ in 0..5 {
        let turns = match world.store.reserve(&world.account, None, 100).await? {
            Reservation::Turns(turns) => turns,
            Reservation::Held(_, wait) => {
                ensure!(wait <= SHORT + SLICE, "asked to wait for {wait:?}");
                tokio::time::sleep(wait).await;
                continue;
            }
        };
        ensure!(turns.len() <= 1 + millis(SLICE) / millis(SHORT), "{} places at once", turns.len());
        ensure!(turns.iter().all(|turn| turn.after <= SLICE), "a place further ahead than a slice");
        let apart = turns.windows(2).all(|two| two[1].after - two[0].after == SHORT);
        ensure!(apart, "places that are not an interval apart: {turns:?}");
        given += turns.len();
        // The last of them is used, and the slice is over.
        tokio::time::sleep(SLICE + SHORT).await;
    }
    let most = 1 + (millis(begun.elapsed()) + millis(SLICE)) / millis(SHORT);
    ensure!(given <= most, "{given} places in {:?}", begun.elapsed());
    ensure!(given >= 5, "{given} places only");
    Ok(())
}

pub(super) async fn a_claim_takes_no_more_than_the_pace(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let all = waiting(&world, 10).await?;
    paced(&world, Some(Rate::one_in(HOUR).with_burst(3)), None).await?;
    let now = tick();
    let first: Vec<MessageId> = world.due(now).await?.into_iter().map(|(id, _)| id).collect();
    ensure_eq!(first.len(), 3, "claimed");
    ensure!(first.iter().all(|id| all[..3].contains(id)), "not those that wait longest");
    ensure_eq!(world.due(now).await?, [], "claimed beyond the pace");
    let wait = world.store.next_turn(now).await?;
    ensure!(wait.is_some_and(|wait| wait > HOUR / 2 && wait <= HOUR), "the next turn is in {wait:?}");
    paced(&world, None, None).await?;
    ensure_eq!(world.due(now).await?.len(), 7, "claimed without a pace");
    Ok(())
}

pub(super) async fn the_pace_of_a_person_holds_for_who_waits_and_who_does_not(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    // Whoever is known by their first message has the same pace as before it.
    paced(&world, None, Some(Rate::one_in(HOUR).with_burst(3))).await?;
    for _ in 0..2 {
        let reserved = world.store.reserve(&world.account, Some(&ana()), 1).await?;
        ensure!(matches!(reserved, Reservation::Turns(_)), "within the pace: {reserved:?}");
    }
    let mut held = world.queued(&ana(), "la tercera");
    held.queue.held_until = Some(held.now);
    let (third, status) = world.waits(held).await?;
    ensure_eq!(status, Status::Queued, "the state of who is held");
    let claimed: Vec<MessageId> = world.due(tick()).await?.into_iter().map(|(id, _)| id).collect();
    ensure_eq!(claimed, [third], "claimed within the pace");
    world.ended(third, FIRST, Status::Failed, tick()).await?;
    match world.store.reserve(&world.account, Some(&ana()), 1).await? {
        Reservation::Held(Hold::Pair, wait) => ensure!(wait > HOUR / 2 && wait <= HOUR, "asked to wait for {wait:?}"),
        other => return Err(Violation::new(format!("beyond the pace: {other:?}"))),
    }
    let other = world.store.reserve(&world.account, Some(&luis()), 1).await?;
    ensure!(matches!(other, Reservation::Turns(_)), "somebody else: {other:?}");
    let mut held = world.queued(&ana(), "la cuarta");
    held.queue.held_until = Some(held.now);
    let now = tick();
    let (fourth, _) = world.waits(held).await?;
    ensure_eq!(world.due(now).await?, [], "claimed beyond the pace");
    let due_at = world.message(fourth).await?.entry.delivery.map(|delivery| delivery.due_at);
    ensure!(due_at.is_some_and(|at| at > now + HOUR / 2), "it is due at {due_at:?}");
    Ok(())
}

pub(super) async fn nothing_is_sent_before_a_pause_ends(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let neighbour = world.neighbour().await?;
    waiting(&world, 2).await?;
    waiting(&neighbour, 2).await?;
    let reason = problem("429", ErrorKind::RateLimited);
    world.store.pause_account(&world.account, HOUR, &reason).await?;
    // What is shorter does not end it.
    world.store.pause_account(&world.account, Duration::ZERO, &reason).await?;
    match world.store.reserve(&world.account, None, 1).await? {
        Reservation::Held(Hold::Paused, wait) => ensure!(wait > HOUR / 2 && wait <= HOUR, "a pause of {wait:?}"),
        other => return Err(Violation::new(format!("in the pause: {other:?}"))),
    }
    let jobs = world.store.claim_due(tick(), LEASE, 10).await?;
    ensure!(jobs.iter().all(|job| job.account != world.account), "claimed in the pause");
    ensure_eq!(jobs.len(), 2, "claimed of another account");
    let state = standing(&world).await?;
    ensure!(state.paused_until.is_some(), "the end of the pause is not told");
    ensure_eq!(state.reason, Some(reason), "the reason");
    ensure!(!world.store.resume_account(&world.organization, &world.account).await?, "a pause is no stop");
    ensure!(standing(&world).await?.paused_until.is_some(), "an operator ended the provider's pause");
    Ok(())
}

pub(super) async fn a_stopped_account_is_tried_by_one(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let all = waiting(&world, 5).await?;
    let reason = problem("190", ErrorKind::Unauthenticated);
    let now_and_then = Pauses { first: Duration::ZERO, longest: Duration::ZERO };
    let stopped = world.store.stop_account(&world.account, Stop::AtOnce, now_and_then, &reason).await?;
    let again = world.store.stop_account(&world.account, Stop::AtOnce, now_and_then, &reason).await?;
    ensure!(stopped && !again, "who stopped it is told otherwise");
    match world.store.reserve(&world.account, None, 1).await? {
        Reservation::Held(Hold::Stopped(why), _) => ensure_eq!(why, Some(reason.clone()), "the reason"),
        other => return Err(Violation::new(format!("while stopped: {other:?}"))),
    }
    let claims = at_once(8, |_| {
        let world = world.clone();
        async move { Ok(world.store.claim_due(tick(), LEASE, 10).await?) }
    })
    .await?;
    let mut claimed = claims.into_iter().flatten();
    let first = claimed.next().ok_or_else(|| Violation::new("nobody tries whether it works again"))?;
    ensure!(claimed.next().is_none(), "more than one tries");
    ensure!(first.turn.probe, "who tries does not know it");
    let asked = at_once(8, |_| {
        let world = world.clone();
        async move { Ok(world.store.reserve_probe(&world.account, HOUR).await?) }
    })
    .await?;
    ensure_eq!(asked.into_iter().flatten().count(), 0, "others who try");
    // In vain: the next one tries after the pause.
    world.put_back(first.message.id, first.token, tick()).await?;
    world.store.stop_account(&world.account, Stop::Probe, NEVER_MIND, &reason).await?;
    ensure_eq!(world.due(tick()).await?, [], "claimed before the next try");
    ensure!(standing(&world).await?.probe_at.is_some(), "the time of the next try is not told");
    ensure!(world.store.recover_account(&world.account, true).await?, "it was not stopped");
    ensure!(standing(&world).await?.stopped_at.is_none(), "it is stopped still");
    ensure_eq!(world.due(tick()).await?.len(), all.len(), "claimed when it works again");
    Ok(())
}

pub(super) async fn failures_in_a_row_stop_an_account(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let fails = || async {
        let reason = problem("503", ErrorKind::Provider);
        world.store.stop_account(&world.account, Stop::After(3), NEVER_MIND, &reason).await
    };
    ensure!(!fails().await? && !fails().await?, "stopped too early");
    ensure!(reserved(&world, 1).await?.iter().all(|turn| turn.shaky), "who is sent next does not know of the failures");
    ensure!(!world.store.recover_account(&world.account, false).await?, "it was not stopped");
    ensure!(!fails().await? && !fails().await?, "failures of before a success count");
    ensure!(fails().await?, "not stopped");
    ensure!(!fails().await?, "stopped twice");
    ensure!(standing(&world).await?.stopped_at.is_some(), "that it is stopped is not told");
    ensure!(!world.store.recover_account(&world.account, false).await?, "whoever was sent before ends it");
    ensure!(world.store.resume_account(&world.organization, &world.account).await?, "the operator does not");
    ensure_eq!(reserved(&world, 1).await?.len(), 1, "the places after it");
    Ok(())
}

pub(super) async fn an_operators_rate_stands_in_their_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let neighbour = world.neighbour().await?;
    let store = &world.store;
    store.set_own_rate(&world.organization, &world.account, Some(Rate::one_in(HOUR))).await?;
    paced(&world, Some(Rate::per_second(1_000)), None).await?;
    ensure_eq!(reserved(&world, 5).await?.len(), 1, "places at the operator's rate");
    ensure_eq!(standing(&world).await?.own_interval, Some(HOUR), "the operator's rate as it is told");
    let reason = problem("190", ErrorKind::Unauthenticated);
    store.stop_account(&world.account, Stop::AtOnce, NEVER_MIND, &reason).await?;
    let refused = store.set_own_rate(&neighbour.organization, &world.account, None).await;
    ensure!(matches!(refused, Err(RepositoryError::NotFound(_))), "another organisation sets the rate: {refused:?}");
    let refused = store.resume_account(&neighbour.organization, &world.account).await;
    ensure!(matches!(refused, Err(RepositoryError::NotFound(_))), "another organisation resumes it: {refused:?}");
    let theirs = store.pacing(Some(&neighbour.organization)).await?;
    ensure!(theirs.iter().all(|one| one.organization == neighbour.organization), "another organisation sees it");
    ensure_eq!(store.pacing(None).await?.len(), 2, "the accounts of all");
    store.resume_account(&world.organization, &world.account).await?;
    store.set_own_rate(&world.organization, &world.account, None).await?;
    ensure!(reserved(&world, 5).await?.len() > 1, "the channel's rate does not come back");
    Ok(())
}

pub(super) async fn no_account_starves_another(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let other = world.neighbour().await?;
    waiting(&world, 20).await?;
    let last = waiting(&other, 1).await?;
    let claiming = |under_way| Claiming { now: tick(), lease: LEASE, limit: 12, at_once: 12, under_way };
    let jobs = world.store.claim_shares(&claiming(vec![(world.account.clone(), 4)])).await?;
    let ids: Vec<MessageId> = jobs.iter().map(|job| job.message.id).collect();
    ensure_eq!(ids, last, "claimed beside an account that has its share");
    let jobs = world.store.claim_shares(&claiming(Vec::new())).await?;
    ensure_eq!(jobs.len(), 6, "claimed by one that leaves a share for another");
    Ok(())
}

pub(super) async fn accounts_that_share_a_rate_have_it_once(harness: &dyn RepositoryHarness) -> Verdict {
    let (world, shared) = (World::open(harness).await?, AccountId::of("memory", &unique("above")));
    let other = world.neighbour().await?;
    let both = [world.clone(), other.clone()];
    for one in &both {
        let pace = Pace::new(Some(Rate::one_in(HOUR).with_burst(10)), None);
        one.store.set_pace(&one.account, Some(&shared), &pace).await?;
    }
    let got = at_once(AT_ONCE, |n| {
        let one = both[n % 2].clone();
        async move { Ok(reserved(&one, 1).await?.len()) }
    })
    .await?;
    ensure_eq!(got.iter().sum::<usize>(), 10, "the places of two accounts at one rate");
    match other.store.reserve(&other.account, None, 1).await? {
        Reservation::Held(Hold::Pace, wait) => ensure!(wait > HOUR / 2 && wait <= HOUR, "asked to wait for {wait:?}"),
        refused => return Err(Violation::new(format!("beyond the rate: {refused:?}"))),
    }
    ensure_eq!(standing(&other).await?.interval, Some(HOUR), "the rate of one of them as it is told");
    // What waits is claimed at the same rate.
    waiting(&world, 3).await?;
    waiting(&other, 3).await?;
    ensure_eq!(world.due(tick()).await?, [], "claimed beyond the rate");
    // What is set for one is set for all; who came later, of another organisation, sets nothing.
    let fast = Rate::one_in(Duration::from_micros(10));
    world.store.set_own_rate(&world.organization, &world.account, Some(fast)).await?;
    let refused = other.store.set_own_rate(&other.organization, &other.account, None).await;
    ensure!(matches!(refused, Err(RepositoryError::NotFound(_))), "another organisation sets the rate: {refused:?}");
    ensure_eq!(world.due(tick()).await?.len(), 6, "claimed at the operator's rate");
    ensure_eq!(reserved(&other, 5).await?.len(), 5, "places at the operator's rate");
    world.store.pause_account(&world.account, HOUR, &problem("429", ErrorKind::RateLimited)).await?;
    for one in &both {
        let held = one.store.reserve(&one.account, None, 1).await?;
        ensure!(matches!(held, Reservation::Held(Hold::Paused, _)), "in a silence that is for all: {held:?}");
    }
    // One by itself again.
    other.store.set_pace(&other.account, None, &Pace::default()).await?;
    ensure_eq!(reserved(&other, 5).await?.len(), 5, "places of one that shares no more");
    Ok(())
}

const FIRST: ClaimToken = ClaimToken::FIRST;

async fn paced(world: &World, account: Option<Rate>, pair: Option<Rate>) -> Found<()> {
    Ok(world.store.set_pace(&world.account, None, &Pace::new(account, pair)).await?)
}

/// The places that there are now.
async fn reserved(world: &World, want: u16) -> Found<Vec<Turn>> {
    Ok(match world.store.reserve(&world.account, None, want).await? {
        Reservation::Turns(turns) => turns,
        Reservation::Held(..) => Vec::new(),
    })
}

/// Messages to as many people that are due, in the order of their turn.
async fn waiting(world: &World, count: usize) -> Found<Vec<MessageId>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let someone = comms_core::Address::verbatim(comms_core::AddressKind::Other, unique("someone"));
        let mut message = world.queued(&someone, "hola");
        message.queue.held_until = Some(message.now);
        all.push(world.waits(message).await?.0);
    }
    Ok(all)
}

async fn standing(world: &World) -> Found<comms_core::history::AccountPacing> {
    let all = world.store.pacing(Some(&world.organization)).await?;
    let own = all.into_iter().find(|one| one.account == world.account);
    own.ok_or_else(|| Violation::new("the account is not told of"))
}

fn problem(code: &str, kind: ErrorKind) -> Problem {
    Problem { code: code.to_owned(), message: "so it is".to_owned(), kind }
}

fn millis(length: Duration) -> usize {
    usize::try_from(length.as_millis()).unwrap_or(usize::MAX)
}

//! Sources: who reads them, how far, and why not.

use comms_core::{
    Address, AddressKind, Cursor, ErrorKind, Problem,
    history::{SourceConclusion, SourceJob, SourceState},
};
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{Found, LEASE, World, at_once, tick},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// How many processes look for something to read at once.
const PROCESSES: usize = 16;
const MOMENT: Duration = Duration::seconds(1);

/// A mailbox that is read from now on.
async fn connected(harness: &dyn RepositoryHarness) -> Found<World> {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    ensure!(mailbox.store.put_source(&mailbox.account, tick()).await?, "a mailbox is not taken as a source");
    Ok(mailbox)
}

/// The claim on the mailbox, where there is one to be had.
async fn claimed(world: &World, now: OffsetDateTime) -> Found<Option<SourceJob>> {
    let mut jobs = world.store.claim_sources(now, LEASE, 100).await?;
    jobs.retain(|job| job.account == world.account);
    Ok(jobs.pop())
}

async fn claim(world: &World, now: OffsetDateTime) -> Found<SourceJob> {
    claimed(world, now).await?.ok_or_else(|| Violation::new("what is due is not claimed"))
}

fn went_well(job: SourceJob, cursor: &str, next_at: OffsetDateTime) -> SourceConclusion {
    SourceConclusion {
        job,
        cursor: Some(Cursor(cursor.to_owned())),
        state: Some(SourceState::Works),
        problem: None,
        next_at,
        looks: 0,
        now: tick(),
    }
}

pub(super) async fn a_source_is_claimed_once_until_its_lease_ends(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let now = tick();
    let world = mailbox.clone();
    let all = at_once(PROCESSES, move |_| {
        let world = world.clone();
        async move { claimed(&world, now).await }
    })
    .await?;
    let mut held: Vec<SourceJob> = all.into_iter().flatten().collect();
    ensure_eq!(held.len(), 1, "claims on one source at once");
    let Some(job) = held.pop() else {
        return Err(Violation::new("no claim"));
    };
    ensure_eq!(job.cursor, None, "the cursor of what was never read");
    ensure!(claimed(&mailbox, now + MOMENT).await?.is_none(), "a claimed source is claimed again");
    let again = claim(&mailbox, now + LEASE + MOMENT).await?;
    ensure!(again.token > job.token, "the number of a later claim is no greater one");
    let next = now + LEASE + Duration::minutes(5);
    ensure!(mailbox.store.conclude_source(went_well(again, "7", next)).await?, "the holder's word does not count");
    ensure!(claimed(&mailbox, next - MOMENT).await?.is_none(), "a source is read before its time");
    let later = claim(&mailbox, next + MOMENT).await?;
    ensure_eq!(later.cursor, Some(Cursor("7".to_owned())), "where reading goes on");
    Ok(())
}

pub(super) async fn who_lost_a_source_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let now = tick();
    let first = claim(&mailbox, now).await?;
    let second = claim(&mailbox, now + LEASE + MOMENT).await?;
    let late = mailbox.store.conclude_source(went_well(first, "old", now)).await?;
    ensure!(!late, "the word of an older claim counts");
    let next = now + LEASE * 2;
    ensure!(mailbox.store.conclude_source(went_well(second, "new", next)).await?, "the holder's word does not count");
    let third = claim(&mailbox, next + MOMENT).await?;
    ensure_eq!(third.cursor, Some(Cursor("new".to_owned())), "where reading goes on");
    // Who did not begin leaves it as it was.
    let back = SourceConclusion { cursor: None, state: None, ..went_well(third, "", next) };
    mailbox.store.conclude_source(back).await?;
    let fourth = claim(&mailbox, next + MOMENT).await?;
    ensure_eq!(fourth.cursor, Some(Cursor("new".to_owned())), "where reading goes on after it was given back");
    Ok(())
}

pub(super) async fn a_hint_is_not_lost(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let now = tick();
    let far = now + Duration::hours(1);
    let job = claim(&mailbox, now).await?;
    mailbox.store.conclude_source(went_well(job, "1", far)).await?;
    ensure!(mailbox.store.hint_source(&mailbox.account, 3, tick()).await?, "a source is not known");
    let job = claim(&mailbox, tick() + MOMENT).await?;
    ensure_eq!(job.looks, 3, "how often it is looked at soon");
    // While it is read there comes another one: what was read may be older than what it tells of.
    mailbox.store.hint_source(&mailbox.account, 3, tick()).await?;
    mailbox.store.conclude_source(went_well(job, "2", far)).await?;
    let again = claimed(&mailbox, tick() + MOMENT).await?;
    let again = again.ok_or_else(|| Violation::new("a hint that comes while a source is read is lost"))?;
    mailbox.store.conclude_source(went_well(again, "3", far)).await?;
    ensure!(claimed(&mailbox, tick() + MOMENT).await?.is_none(), "without a hint a source is read before its time");
    let stranger = comms_core::AccountId::of("gmail", "nobody@example.com");
    ensure!(!mailbox.store.hint_source(&stranger, 3, tick()).await?, "a mailbox that nobody connected is a source");
    Ok(())
}

pub(super) async fn a_source_says_why_it_stands_still(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let (store, now) = (&mailbox.store, tick());
    let problem = Problem {
        code: "invalid_grant".to_owned(),
        message: "the mailbox has to be connected again".to_owned(),
        kind: ErrorKind::Unauthenticated,
    };
    let job = claim(&mailbox, now).await?;
    let first = went_well(job, "5", now);
    store.conclude_source(first).await?;
    let job = claim(&mailbox, now + MOMENT).await?;
    let until = now + Duration::hours(1);
    let stopped = SourceConclusion {
        cursor: None,
        state: Some(SourceState::Stopped),
        problem: Some(problem.clone()),
        ..went_well(job, "", until)
    };
    store.conclude_source(stopped).await?;
    let shown = store.sources(Some(&mailbox.organization)).await?;
    let [source] = shown.as_slice() else {
        return Err(Violation::new(format!("{} sources instead of one", shown.len())));
    };
    ensure_eq!((source.state, &source.problem), (SourceState::Stopped, &Some(problem)), "what is shown of it");
    ensure!(source.failures == 1 && source.read_at.is_some(), "how often, and since when, it is not read");
    // A hint does not wake what stands still, and a time that the provider gave is kept.
    store.hint_source(&mailbox.account, 3, tick()).await?;
    ensure!(claimed(&mailbox, now + Duration::minutes(30)).await?.is_none(), "a hint wakes what stands still");
    ensure!(store.put_source(&mailbox.account, tick()).await?, "connecting it again changes nothing");
    let job = claim(&mailbox, tick() + MOMENT).await?;
    ensure_eq!(job.cursor, Some(Cursor("5".to_owned())), "where a mended source goes on");
    ensure!(!store.put_source(&mailbox.account, tick()).await?, "connecting what works changes it");
    store.remove_source(&mailbox.account).await?;
    ensure!(store.sources(Some(&mailbox.organization)).await?.is_empty(), "a source that was removed is shown");
    Ok(())
}

/// What the log tells of how the mailbox is.
async fn told(mailbox: &World, after: i64) -> Found<Vec<(String, Option<String>)>> {
    let events = mailbox.log(after).await?.into_iter().filter(|event| event.kind == "changed");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let own = events.filter(|event| event.account.as_ref() == Some(&mailbox.account));
    Ok(own.map(|event| (text(&event.payload["change"]).unwrap_or_default(), text(&event.payload["code"]))).collect())
}

pub(super) async fn the_log_tells_when_a_source_stops_and_when_it_is_read_again(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let mailbox = connected(harness).await?;
    let (store, now) = (&mailbox.store, tick());
    let log = store.log_end().await?;
    let problem = |code: &str| {
        Some(Problem { code: code.to_owned(), message: "no".to_owned(), kind: ErrorKind::Unauthenticated })
    };
    let ends = |job: SourceJob, state: SourceState, code: &str| SourceConclusion {
        cursor: None,
        state: Some(state),
        problem: problem(code),
        ..went_well(job, "", now)
    };
    // What passes by itself is nobody's news.
    let job = claim(&mailbox, now).await?;
    store.conclude_source(ends(job, SourceState::Waits, "busy")).await?;
    let job = claim(&mailbox, now + MOMENT).await?;
    store.conclude_source(went_well(job, "1", now)).await?;
    ensure_eq!(told(&mailbox, log).await?, Vec::new(), "what the log tells of a failure that passes");
    let old = claim(&mailbox, now + MOMENT).await?;
    let job = claim(&mailbox, now + LEASE + MOMENT * 2).await?;
    store.conclude_source(ends(old, SourceState::Stopped, "old")).await?;
    store.conclude_source(ends(job, SourceState::Stopped, "invalid_grant")).await?;
    // Tried again, and still not.
    let job = claim(&mailbox, now + LEASE + MOMENT * 3).await?;
    store.conclude_source(ends(job, SourceState::Stopped, "invalid_grant")).await?;
    let stopped = ("stopped".to_owned(), Some("invalid_grant".to_owned()));
    ensure_eq!(told(&mailbox, log).await?, vec![stopped.clone()], "what the log tells of a source that stands still");
    let job = claim(&mailbox, now + LEASE + MOMENT * 4).await?;
    store.conclude_source(went_well(job, "2", now)).await?;
    let resumed = ("resumed".to_owned(), None);
    let both = vec![stopped.clone(), resumed.clone()];
    ensure_eq!(told(&mailbox, log).await?, both, "what the log tells of a source that is read again");
    let job = claim(&mailbox, now + LEASE + MOMENT * 5).await?;
    store.conclude_source(ends(job, SourceState::Stopped, "invalid_grant")).await?;
    store.put_source(&mailbox.account, tick()).await?;
    store.put_source(&mailbox.account, tick()).await?;
    let all = vec![stopped.clone(), resumed.clone(), stopped, resumed];
    ensure_eq!(told(&mailbox, log).await?, all, "what the log tells of one that was connected again");
    Ok(())
}

pub(super) async fn what_was_received_is_found_by_its_providers_id(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let other = mailbox.with_mailbox().await?;
    let ana = Address::verbatim(AddressKind::Email, "ana@example.com");
    let (first, second) = (mailbox.text(&ana, "hola"), mailbox.text(&ana, "¿sigue ahí?"));
    let ids = [first.subject.clone(), second.subject.clone(), "nobody's".to_owned()];
    mailbox.ingest(vec![first, second]).await?;
    let found = mailbox.store.received(&mailbox.account, &ids).await?;
    ensure_eq!(found.len(), 2, "messages by their provider's ids");
    let one = mailbox.store.received(&mailbox.account, &ids[..1]).await?;
    ensure!(one.len() == 1 && found.contains(&one[0]), "another message is found");
    ensure!(mailbox.store.received(&other.account, &ids).await?.is_empty(), "a message of another account is found");
    ensure!(mailbox.store.received(&mailbox.account, &[]).await?.is_empty(), "messages without an id are found");
    Ok(())
}

pub(super) async fn sources_and_who_is_known_stay_in_their_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = connected(harness).await?;
    let other = mailbox.neighbour().await?.with_mailbox().await?;
    other.store.put_source(&other.account, tick()).await?;
    let own = mailbox.store.sources(Some(&mailbox.organization)).await?;
    ensure!(own.iter().all(|source| source.organization == mailbox.organization), "another organisation's source");
    ensure_eq!(own.len(), 1, "sources of one organisation");
    let everybody = mailbox.store.sources(None).await?;
    ensure!(everybody.len() >= 2, "the sources of all organisations");
    let ana = Address::verbatim(AddressKind::Email, "ana@example.com");
    let loud = Address::verbatim(AddressKind::Email, "ANA@example.com");
    let luis = Address::verbatim(AddressKind::Email, "luis@example.com");
    // Whoever one account of the organisation knows is known.
    let desk = mailbox.with_mailbox().await?;
    desk.ingest(vec![desk.text(&ana, "hola")]).await?;
    let all = [loud.clone(), luis];
    let known = mailbox.store.known_addresses(&mailbox.organization, &all).await?;
    ensure_eq!(known, [loud], "whom the organisation knows");
    let known = other.store.known_addresses(&other.organization, &all).await?;
    ensure!(known.is_empty(), "another organisation knows them");
    Ok(())
}

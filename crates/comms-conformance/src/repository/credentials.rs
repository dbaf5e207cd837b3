//! Credentials of users: one for an account, one refresh at a time, states that work once.

use std::collections::BTreeSet;

use comms_core::{
    AccountId, UserId,
    history::{
        Credential, CredentialState, HookEndpoint, HookFilter, HookState, OauthState, PutCredential, RefreshClaim,
        RefreshOutcome, RepositoryError, SealedHook, SealedSecret,
    },
};
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{Found, LEASE, World, at_once, tick, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// Processes that want the same at once.
const PROCESSES: usize = 16;

pub(super) async fn a_credential_is_kept_as_it_was_given(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let given = put(&world, 1, "first");
    let kept = world.store.put_credential(given.clone()).await?;
    ensure_eq!(kept.state, CredentialState::Active, "the state of a new one");
    ensure_eq!((&kept.owner, &kept.scopes, &kept.sealed), (&given.owner, &given.scopes, &given.sealed), "what is kept");
    ensure_eq!(kept.ends_at.map(second), given.ends_at.map(second), "when it ends");
    ensure_eq!(world.store.credential(&world.organization, &given.account).await?, kept, "the one that is read");
    let renewed = world.store.put_credential(put(&world, 1, "second")).await?;
    ensure_eq!((renewed.id, renewed.sealed.secret.as_str()), (kept.id, "second"), "the one after it was given again");
    ensure!(renewed.version > kept.version, "a change that no version tells of");
    let mut other = put(&world, 1, "other");
    other.account = AccountId::of("gmail", &unique("luis"));
    let other = world.store.put_credential(other).await?;
    let all = world.store.credentials(&world.organization, Some(&user(1)), None, 10).await?;
    ensure_eq!(all, vec![renewed.clone(), other.clone()], "those of the user");
    let page = world.store.credentials(&world.organization, None, Some(kept.id), 1).await?;
    ensure_eq!(page, vec![other], "the page after the first");
    ensure!(world.store.credentials(&world.organization, Some(&user(2)), None, 10).await?.is_empty(), "another's");
    missing(world.store.remove_credential(&world.organization, &user(2), &given.account).await)?;
    world.store.remove_credential(&world.organization, &user(1), &given.account).await?;
    missing(world.store.credential(&world.organization, &given.account).await.map(drop))
}

pub(super) async fn an_account_that_works_stays_with_its_user(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let kept = world.store.put_credential(put(&world, 1, "mine")).await?;
    match world.store.put_credential(put(&world, 2, "theirs")).await {
        Err(RepositoryError::Conflict(_)) => {}
        other => return Err(Violation::new(format!("another user took the account: {other:?}"))),
    }
    let read = world.store.credential(&world.organization, &kept.account).await?;
    ensure_eq!(read, kept, "the credential after that");
    ensure!(world.store.end_credential(kept.id, kept.version, ended(), tick()).await?, "it does not end");
    let taken = world.store.put_credential(put(&world, 2, "theirs")).await?;
    ensure_eq!(
        (taken.owner.clone(), taken.state),
        (user(2), CredentialState::Active),
        "one that another may take over"
    );
    ensure_eq!((taken.reason, taken.detail), (None, None), "why it does not work, once it does");
    let copies = at_once(PROCESSES, |_| {
        let (store, mut new) = (world.store.clone(), put(&world, 3, "new"));
        new.account = AccountId::of("gmail", "at-once@example.com");
        async move { Ok(store.put_credential(new).await?.id) }
    });
    let ids: BTreeSet<_> = copies.await?.into_iter().collect();
    ensure_eq!(ids.len(), 1, "credentials for one account that many gave at once");
    Ok(())
}

pub(super) async fn one_at_a_time_refreshes(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let kept = world.store.put_credential(put(&world, 1, "secret")).await?;
    let now = tick();
    let first = claim_by_one(&world, &kept, now).await?;
    ensure!(claim(&world, &kept, now + LEASE / 2).await?.is_none(), "two refresh at once");
    let second = claim_by_one(&world, &kept, now + LEASE).await?;
    ensure!(second.token > first.token, "the lease of a new holder is no greater one");
    let late = world.store.conclude_refresh(&first, fresh("late"), now + LEASE).await?;
    ensure!(!late, "the word of who lost the lease counts");
    ensure!(world.store.conclude_refresh(&second, fresh("right"), now + LEASE).await?, "that of who holds it does not");
    let read = world.store.credential(&world.organization, &kept.account).await?;
    ensure_eq!(read.sealed.secret, "right", "the secret after the refresh");
    ensure!(read.version > kept.version, "a refresh that no version tells of");
    let again = world.store.conclude_refresh(&second, fresh("twice"), now + LEASE).await?;
    ensure!(!again, "one refresh ends twice");
    ensure!(claim(&world, &kept, now + LEASE * 3).await?.is_none(), "who read what was before refreshes once more");
    ensure!(claim(&world, &read, now + LEASE).await?.is_some(), "who read what is now may not refresh");
    Ok(())
}

pub(super) async fn a_refresh_does_not_overtake_a_new_credential(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let kept = world.store.put_credential(put(&world, 1, "old")).await?;
    let now = tick();
    let held = |claim: Option<RefreshClaim>| claim.ok_or_else(|| Violation::new("it cannot be refreshed"));
    let under_way = held(claim(&world, &kept, now).await?)?;
    let renewed = world.store.put_credential(put(&world, 1, "new")).await?;
    for outcome in [fresh("old, refreshed"), ended()] {
        let counted = world.store.conclude_refresh(&under_way, outcome.clone(), now).await?;
        ensure!(!counted, "a refresh of what was before counts: {outcome:?}");
        let counted = world.store.end_credential(kept.id, kept.version, outcome, now).await?;
        ensure!(!counted, "what was said of the one before counts");
    }
    let read = world.store.credential(&world.organization, &kept.account).await?;
    ensure_eq!(read, renewed, "the new one");
    held(claim(&world, &renewed, now).await?)?;
    Ok(())
}

pub(super) async fn a_credential_ends_with_its_reason(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let kept = world.store.put_credential(put(&world, 1, "secret")).await?;
    let before = world.store.credential_health(200).await?;
    let since = tick();
    let failed = RefreshOutcome::Failed { since, failure: "the provider does not answer\0".to_owned() };
    let failing = conclude(&world, &kept, failed).await?;
    ensure_eq!(failing.state, CredentialState::Active, "the state while it may work later");
    ensure_eq!(failing.failing_since.map(second), Some(second(since)), "since when it fails");
    ensure!(failing.failure.is_some_and(|why| why.starts_with("the provider")), "why it fails");
    let health = world.store.credential_health(200).await?;
    ensure_eq!((health.active, health.failing), (before.active, before.failing + 1), "how all are while it fails");
    let kept = world.store.credential(&world.organization, &kept.account).await?;
    let working = conclude(&world, &kept, fresh("secret")).await?;
    ensure_eq!((working.failing_since, working.failure.clone()), (None, None), "failures of one that works again");
    ensure!(working.refreshed_at.is_some() && working.sealed.access.is_some(), "a refresh that left nothing");
    let done = conclude(&world, &working, ended()).await?;
    ensure_eq!(done.state, CredentialState::Revoked, "the state of one that ended");
    ensure_eq!(done.reason.as_deref(), Some("invalid_grant"), "why, for programs");
    ensure_eq!(done.detail.as_deref(), Some("it was taken back"), "why, in words");
    ensure_eq!(done.sealed.access, None, "an access token of one that ended");
    ensure!(claim(&world, &done, tick() + LEASE * 9).await?.is_none(), "one that ended is refreshed");
    let health = world.store.credential_health(200).await?;
    ensure_eq!((health.active, health.ended), (before.active - 1, before.ended + 1), "how all are then");
    ensure!(health.still.iter().any(|one| one.id == done.id), "it is not among those that stand still");
    Ok(())
}

pub(super) async fn secrets_are_encrypted_anew_by_one(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let kept = world.store.put_credential(put(&world, 1, "under the old key")).await?;
    let others = world.store.sealed_otherwise("key-2", None, 200).await?;
    ensure!(others.contains(&kept), "one under another key is not found");
    ensure!(world.store.sealed_otherwise("key-1", None, 200).await?.iter().all(|one| one.id != kept.id), "its own key");
    let after = world.store.sealed_otherwise("key-2", Some(kept.id), 200).await?;
    ensure!(after.iter().all(|one| one.id != kept.id), "a page repeats what it ended with");
    let (anew, now) = (SealedSecret { key: "key-2".to_owned(), ..sealed("under the new key") }, tick());
    let refreshed = claim(&world, &kept, now).await?.ok_or_else(|| Violation::new("it cannot be refreshed"))?;
    let leased = world.store.reseal_credential(kept.id, kept.version, anew.clone(), now).await?;
    ensure!(!leased, "what is being refreshed is changed");
    ensure!(world.store.conclude_refresh(&refreshed, fresh("refreshed"), now).await?, "the refresh does not count");
    ensure!(!world.store.reseal_credential(kept.id, kept.version, anew.clone(), now).await?, "an older version counts");
    let read = world.store.credential(&world.organization, &kept.account).await?;
    ensure!(world.store.reseal_credential(read.id, read.version, anew.clone(), now).await?, "nothing is changed");
    let read = world.store.credential(&world.organization, &kept.account).await?;
    ensure_eq!(read.sealed, anew, "the secrets");
    hooks_too(&world).await
}

async fn hooks_too(world: &World) -> Verdict {
    let hook = endpoint(world);
    world.store.add_hook(&hook).await?;
    let previous = hook.previous.as_ref().map(|(secret, _)| secret.clone());
    let from =
        SealedHook { id: hook.id, organization: hook.organization.clone(), secret: hook.secret.clone(), previous };
    let to = SealedHook { secret: "anew".to_owned(), previous: Some("before, anew".to_owned()), ..from.clone() };
    ensure!(world.store.reseal_hook(&from, &to).await?, "the keys of an outgoing webhook stay");
    ensure!(!world.store.reseal_hook(&from, &to).await?, "what is not there any more is replaced");
    let read = world.store.hook(&world.organization, hook.id).await?;
    ensure_eq!(read.secret, "anew", "the key");
    ensure_eq!(read.previous.map(|(secret, _)| secret), to.previous, "the key before it");
    Ok(())
}

pub(super) async fn a_consent_is_concluded_once_and_in_time(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let now = tick();
    let (begun, late) = (state(&world, now), state(&world, now));
    world.store.begin_oauth(&begun).await?;
    world.store.begin_oauth(&late).await?;
    ensure_eq!(world.store.take_oauth("other", &begun.hash, now).await?, None, "the consent of another provider");
    let taken = at_once(PROCESSES, |_| {
        let (store, hash) = (world.store.clone(), begun.hash.clone());
        async move { Ok(store.take_oauth("google", &hash, now).await?) }
    });
    let taken: Vec<_> = taken.await?.into_iter().flatten().collect();
    ensure_eq!(taken.len(), 1, "how many of those who bring one state conclude it");
    ensure!(
        taken
            .iter()
            .all(|one| (&one.owner, &one.organization, &one.secret)
                == (&begun.owner, &begun.organization, &begun.secret)),
        "whose it is, and what it keeps"
    );
    ensure_eq!(world.store.take_oauth("google", &begun.hash, now).await?, None, "a state that was used");
    ensure_eq!(
        world.store.take_oauth("google", &late.hash, late.expires_at).await?,
        None,
        "a state whose time is over"
    );
    ensure_eq!(world.store.take_oauth("google", &unique("state"), now).await?, None, "a state that nobody began");
    Ok(())
}

pub(super) async fn credentials_stay_in_their_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let other = world.neighbour().await?;
    let kept = world.store.put_credential(put(&world, 1, "ours")).await?;
    missing(world.store.credential(&other.organization, &kept.account).await.map(drop))?;
    ensure!(world.store.credentials(&other.organization, None, None, 10).await?.is_empty(), "theirs, with ours in it");
    missing(world.store.remove_credential(&other.organization, &user(1), &kept.account).await)?;
    let same = PutCredential { organization: other.organization.clone(), ..put(&world, 1, "theirs") };
    let theirs = world.store.put_credential(same).await?;
    ensure!(theirs.id != kept.id, "one credential of two organisations");
    ensure_eq!(world.store.credential(&world.organization, &kept.account).await?, kept, "ours after that");
    Ok(())
}

fn put(world: &World, owner: u32, secret: &str) -> PutCredential {
    PutCredential {
        organization: world.organization.clone(),
        owner: user(owner),
        provider: "google".to_owned(),
        account: AccountId::of("gmail", "ana@example.com"),
        scopes: ["mail.read".to_owned(), "mail.send".to_owned()].into(),
        sealed: sealed(secret),
        ends_at: Some(whole(tick() + Duration::days(7))),
        now: tick(),
    }
}

/// Both engines keep microseconds; whole seconds are told apart by neither.
fn whole(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}

fn second(at: OffsetDateTime) -> i64 {
    at.unix_timestamp()
}

fn sealed(secret: &str) -> SealedSecret {
    let until = whole(tick() + Duration::hours(1));
    SealedSecret {
        key: "key-1".to_owned(),
        secret: secret.to_owned(),
        access: Some((format!("access of {secret}"), until)),
    }
}

fn fresh(secret: &str) -> RefreshOutcome {
    RefreshOutcome::Fresh { sealed: sealed(secret), scopes: None, ends_at: None }
}

fn ended() -> RefreshOutcome {
    RefreshOutcome::Ended {
        state: CredentialState::Revoked,
        reason: "invalid_grant".to_owned(),
        detail: "it was taken back".to_owned(),
    }
}

fn state(world: &World, now: OffsetDateTime) -> OauthState {
    OauthState {
        hash: unique("hash"),
        organization: world.organization.clone(),
        owner: UserId::new("7"),
        provider: "google".to_owned(),
        secret: "verifier".to_owned(),
        created_at: now,
        expires_at: now + Duration::minutes(10),
    }
}

fn endpoint(world: &World) -> HookEndpoint {
    HookEndpoint {
        id: comms_core::HookId::new(),
        organization: world.organization.clone(),
        url: "https://erp.example.com/in".to_owned(),
        description: None,
        filter: HookFilter::default(),
        secret: "sealed".to_owned(),
        previous: Some(("sealed before".to_owned(), whole(tick()))),
        state: HookState::Active,
        reason: None,
        disabled_at: None,
        failing_since: None,
        cursor: 5_000_000,
        created_at: tick(),
    }
}

async fn claim(world: &World, read: &Credential, now: OffsetDateTime) -> Found<Option<RefreshClaim>> {
    Ok(world.store.claim_refresh(read.id, read.version, now, LEASE).await?)
}

/// Many want it at once, and one has it.
async fn claim_by_one(world: &World, read: &Credential, now: OffsetDateTime) -> Found<RefreshClaim> {
    let claims = at_once(PROCESSES, |_| {
        let (world, read) = (world.clone(), read.clone());
        async move { claim(&world, &read, now).await }
    });
    let mut claims: Vec<_> = claims.await?.into_iter().flatten().collect();
    ensure_eq!(claims.len(), 1, "how many may refresh at once");
    claims.pop().ok_or_else(|| Violation::new("nobody may refresh"))
}

/// The credential after a refresh that ended like this.
async fn conclude(world: &World, read: &Credential, outcome: RefreshOutcome) -> Found<Credential> {
    let now = tick();
    let claim = claim(world, read, now).await?.ok_or_else(|| Violation::new("it cannot be refreshed"))?;
    ensure!(world.store.conclude_refresh(&claim, outcome, now).await?, "the end of a refresh does not count");
    Ok(world.store.credential(&world.organization, &read.account).await?)
}

fn missing(result: Result<(), RepositoryError>) -> Verdict {
    match result {
        Err(RepositoryError::NotFound(_)) => Ok(()),
        other => Err(Violation::new(format!("not refused: {other:?}"))),
    }
}

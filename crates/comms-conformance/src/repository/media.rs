//! The files of inbound messages: claimed, fetched, settled.

use std::collections::HashSet;

use comms_core::{
    Content, Files, IN_WEBHOOK, Media, MediaKind, MediaRef,
    history::{Attachment, AttachmentState, MediaJob, MediaOutcome},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, at_once, tick, webhook},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

const LEASE: Duration = Duration::minutes(5);

pub(super) async fn every_file_of_a_message_is_kept_in_its_order(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let names: Vec<String> = (0..10).map(|at| format!("{at}.jpg")).collect();
    let file = |name: &String| Media {
        kind: MediaKind::Image,
        source: MediaRef::Id(name.clone()),
        caption: None,
        filename: Some(name.clone()),
        mime_type: Some("image/jpeg".to_owned()),
        sha256: None,
    };
    let files = Files { body: Some("fotos".to_owned()), files: names.iter().map(file).collect() };
    let event = world.says(&ana(), Content::Files(files));
    for _ in 0..3 {
        world.ingest(vec![event.clone()]).await?;
    }
    let found = world.saying("fotos").await?.attachments;
    let found: Vec<String> = found.into_iter().filter_map(|file| file.filename).collect();
    ensure_eq!(found, names, "the files of the message");
    let jobs = claim(&world, later(), 100).await?;
    ensure_eq!(jobs.len(), names.len(), "files to be fetched");
    Ok(())
}

pub(super) async fn a_file_is_claimed_until_its_lease_ends(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.photo(&ana(), "4711")]).await?;
    let now = later();
    let jobs = claim(&world, now, 10).await?;
    let [job] = jobs.as_slice() else {
        return Err(Violation::new(format!("one photo makes {} jobs", jobs.len())));
    };
    ensure_eq!(job.source, MediaRef::Id("4711".to_owned()), "the source");
    ensure_eq!(job.organization, world.organization, "the organisation");
    ensure_eq!(job.account, world.account, "the account");
    ensure_eq!(job.mime_type.as_deref(), Some("image/jpeg"), "the media type");
    ensure_eq!(job.attempts, 1, "the attempts");
    let within = claim(&world, now + LEASE - Duration::seconds(1), 10).await?;
    ensure_eq!(within.len(), 0, "jobs while the lease lasts");
    let after = claim(&world, now + LEASE + Duration::seconds(1), 10).await?;
    let after: Vec<_> = after.iter().map(|j| (j.id, j.attempts)).collect();
    ensure_eq!(after, [(job.id, 2)], "jobs after the lease ended");
    Ok(())
}

pub(super) async fn a_file_that_came_with_its_webhook_names_it(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let inside = format!("{IN_WEBHOOK}0");
    let told = webhook(vec![world.photo(&ana(), &inside)]);
    let id = told.id;
    world.store.ingest(told).await?;
    world.ingest(vec![world.photo(&ana(), "4711")]).await?;
    let mut found: Vec<_> =
        claim(&world, later(), 10).await?.into_iter().map(|job| (job.source, job.webhook)).collect();
    found.sort_by_key(|(_, webhook)| *webhook);
    let expected = [(MediaRef::Id("4711".to_owned()), None), (MediaRef::Id(inside), Some(id))];
    ensure_eq!(found, expected, "where the files are");
    Ok(())
}

pub(super) async fn a_file_is_never_claimed_twice_at_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let photos = (0..30).map(|at| world.photo(&ana(), &at.to_string()));
    world.ingest(photos.collect()).await?;
    let now = later();
    let claimed = at_once(16, |_| {
        let world = world.clone();
        async move { claim(&world, now, 3).await }
    })
    .await?;
    for jobs in &claimed {
        ensure!(jobs.len() <= 3, "{} files are claimed where 3 were asked for", jobs.len());
    }
    let claimed: Vec<Uuid> = claimed.into_iter().flatten().map(|job| job.id).collect();
    let distinct: HashSet<&Uuid> = claimed.iter().collect();
    ensure_eq!(distinct.len(), claimed.len(), "distinct files among the claimed");
    // A claimer may step back where another is at work, but none is lost.
    let rest = claim(&world, now, 100).await?;
    ensure_eq!(claimed.len() + rest.len(), 30, "files claimed in all");
    Ok(())
}

pub(super) async fn a_file_ends_stored_or_failed_with_its_reason(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.photo(&ana(), "fine"), world.photo(&ana(), "gone")]).await?;
    let now = later();
    let jobs = claim(&world, now, 10).await?;
    let job = |id: &str| {
        let source = MediaRef::Id(id.to_owned());
        let job = jobs.iter().find(|job| job.source == source);
        job.map(|job| job.id).ok_or_else(|| Violation::new(format!("{id} is not claimed")))
    };
    let (fine, gone) = (job("fine")?, job("gone")?);
    let at = now + Duration::hours(2);
    let retry = MediaOutcome::Retry { at, error: "the link is slow".to_owned() };
    world.store.conclude_media(fine, 1, retry).await?;
    let failed = MediaOutcome::Failed { error: "the link is dead".to_owned() };
    world.store.conclude_media(gone, 1, failed).await?;
    let early = claim(&world, at - Duration::seconds(1), 10).await?;
    ensure_eq!(early.len(), 0, "jobs before the next try is due");
    let due = claim(&world, at + Duration::seconds(1), 10).await?;
    ensure_eq!(due.iter().map(|j| j.id).collect::<Vec<_>>(), [fine], "due jobs");
    let stored = MediaOutcome::Stored {
        blob_key: "org/photo".to_owned(),
        size: 12,
        mime_type: Some("image/png".to_owned()),
        sha256: "ab".repeat(32),
    };
    world.store.conclude_media(fine, 2, stored).await?;
    let left = claim(&world, at + Duration::days(30), 10).await?;
    ensure_eq!(left.len(), 0, "jobs after all have ended");

    let file = attachment(&world, fine).await?;
    ensure_eq!(file.state, AttachmentState::Stored, "the state of the fetched");
    ensure_eq!((file.size, file.blob_key.as_deref()), (Some(12), Some("org/photo")), "the file");
    ensure_eq!(file.mime_type.as_deref(), Some("image/png"), "its media type");
    let file = attachment(&world, gone).await?;
    ensure_eq!(file.state, AttachmentState::Failed, "the state of the lost");
    ensure_eq!(file.error.as_deref(), Some("the link is dead"), "its reason");
    Ok(())
}

pub(super) async fn who_lost_a_file_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.photo(&ana(), "4711")]).await?;
    let now = later();
    let first = claim(&world, now, 10).await?;
    let second = claim(&world, now + LEASE + Duration::seconds(1), 10).await?;
    let ([first], [second]) = (first.as_slice(), second.as_slice()) else {
        return Err(Violation::new("the file is not claimed again after its lease"));
    };
    // Stopped for longer than its lease, the first one wakes up.
    let failed = || MediaOutcome::Failed { error: "it did not arrive in time".to_owned() };
    world.store.conclude_media(first.id, first.attempts, failed()).await?;
    let retry = MediaOutcome::Retry { at: now, error: "it did not arrive in time".to_owned() };
    world.store.conclude_media(first.id, first.attempts, retry).await?;
    ensure_eq!(claim(&world, now + LEASE, 10).await?.len(), 0, "files to be fetched after the late word");
    let before = world.log(0).await?.len();
    world.store.conclude_media(second.id, second.attempts, failed()).await?;
    let file = attachment(&world, first.id).await?;
    ensure_eq!(file.state, AttachmentState::Failed, "the state after the word of the claim");
    let log = world.log(0).await?;
    let told: Vec<_> = log[before..].iter().map(|event| (event.kind.as_str(), event.message)).collect();
    ensure_eq!(told, [("file", Some(file.message))], "what the log tells of it");
    Ok(())
}

pub(super) async fn claim(world: &World, now: OffsetDateTime, limit: u16) -> Found<Vec<MediaJob>> {
    Ok(world.store.claim_media(now, LEASE, limit).await?)
}

async fn attachment(world: &World, id: Uuid) -> Found<Attachment> {
    Ok(world.store.attachment(&world.scope(), id).await?)
}

/// After all that was stored, by whichever clock.
pub(super) fn later() -> OffsetDateTime {
    tick().max(OffsetDateTime::now_utc()) + Duration::hours(1)
}

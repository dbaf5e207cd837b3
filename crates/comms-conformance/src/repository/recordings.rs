//! Recordings of calls are files of the call's record, once each.

use comms_core::{EventKind, MediaRef, MessageOrigin, Status, history::AttachmentState};

use super::{
    RepositoryHarness,
    media::{claim, later},
    world::{Found, World, unique},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn a_recording_belongs_to_its_call_whichever_comes_first(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    for recording_first in [false, true] {
        for together in [false, true] {
            let (call, id) = (unique("CA"), unique("RE"));
            let mut events = vec![
                world.call(&call, MessageOrigin::Counterpart, Status::CallRinging),
                world.recording(&call, &id),
                world.recording(&call, &id),
            ];
            if recording_first {
                events.reverse();
            }
            let batches = if together { vec![events] } else { events.into_iter().map(|e| vec![e]).collect() };
            for batch in batches {
                world.ingest(batch).await?;
            }
            let files = files(&world, &call).await?;
            let how = format!("recording first: {recording_first}, together: {together}");
            ensure_eq!(files, [("audio".to_owned(), AttachmentState::Pending)], "the files of the call ({how})");
        }
    }
    let (call, id) = (unique("CA"), unique("RE"));
    world.ingest(vec![world.call(&call, MessageOrigin::Counterpart, Status::CallRinging)]).await?;
    let message = world.history().await?[0].message;
    let before = world.log(0).await?.last().map_or(0, |event| event.cursor);
    world.ingest(vec![world.recording(&call, &id)]).await?;
    let log = world.log(before).await?;
    let log: Vec<_> = log.iter().map(|event| (event.kind.as_str(), event.message)).collect();
    ensure_eq!(log, [("recording", Some(message))], "what the log tells of a recording");
    Ok(())
}

pub(super) async fn a_recording_waits_until_its_call_is_named(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    // By the provider's answer.
    let (call, id) = (unique("CA"), unique("RE"));
    let message = world.accept(world.dial()).await?;
    let told = world.ingest(vec![world.recording(&call, &id)]).await?;
    ensure_eq!((told.updates, told.duplicates), (1, 0), "updates and duplicates");
    world.conclude(message, Status::CallInitiated, Some(&call)).await?;
    ensure_eq!(files(&world, &call).await?.len(), 1, "files of the call that was concluded");
    // By a webhook that carries our own id.
    let (call, id) = (unique("CA"), unique("RE"));
    let message = world.accept(world.dial()).await?;
    world.ingest(vec![world.recording(&call, &id), world.status(&call, Status::CallRinging)]).await?;
    let mut named = world.status(&call, Status::CallInitiated);
    if let EventKind::Status(update) = &mut named.kind {
        update.correlation = Some(message.to_string());
    }
    world.ingest(vec![named]).await?;
    ensure_eq!(files(&world, &call).await?.len(), 1, "files of the call that was named");
    let found = world.message(message).await?.entry.status;
    ensure_eq!(found, Status::CallRinging, "the state that was told before");
    Ok(())
}

pub(super) async fn a_recording_is_fetched_like_any_file(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let (call, id) = (unique("CA"), unique("RE"));
    world.ingest(vec![world.recording(&call, &id)]).await?;
    ensure_eq!(claim(&world, later(), 10).await?.len(), 0, "recordings of calls that are not known");
    world.ingest(vec![world.call(&call, MessageOrigin::Echo, Status::CallInitiated)]).await?;
    let jobs = claim(&world, later(), 10).await?;
    let found: Vec<_> = jobs.iter().map(|job| (&job.source, &job.account, &job.organization)).collect();
    let source = MediaRef::Id(id);
    ensure_eq!(found, [(&source, &world.account, &world.organization)], "recordings to be fetched");
    let theirs = world.neighbour().await?;
    let hidden = theirs.store.attachment(&theirs.scope(), jobs[0].id).await.is_err();
    ensure!(hidden, "a recording is seen by another organisation");
    Ok(())
}

/// The files of a call: their kinds and states.
async fn files(world: &World, call: &str) -> Found<Vec<(String, AttachmentState)>> {
    let all = world.history().await?;
    let of_call = all.into_iter().filter(|entry| entry.provider_id.as_deref() == Some(call));
    Ok(of_call.flat_map(|entry| entry.attachments).map(|file| (file.kind, file.state)).collect())
}

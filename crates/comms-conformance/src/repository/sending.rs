//! What goes out: stored first, sent once, settled at last (P3, P4, P5).

use std::collections::HashSet;

use comms_core::{
    Direction, ErrorKind, EventKind, MessageId, Problem, Status,
    history::{Accepted, Conclusion, NewOutbound, RepositoryError},
};
use time::Duration;

use super::{
    RepositoryHarness,
    world::{AT_ONCE, LEASE, World, ana, at_once, of_lead, tick, unique, user},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn an_attempt_is_stored_before_it_is_made(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (earlier, _) = world.sent(&ana(), "antes").await?;
    let mut new = world.outbound(&ana(), "hola");
    new.links = of_lead(7);
    new.retry_of = Some(earlier);
    new.message.reply_to = Some("wamid.asked".to_owned());
    let message = world.accept(new.clone()).await?;
    ensure_eq!(message, new.message.id, "the id of the accepted message");

    let detail = world.message(message).await?;
    let entry = &detail.entry;
    ensure_eq!(entry.status, Status::Sending, "the state before the attempt");
    ensure_eq!(entry.direction, Direction::Outbound, "the direction");
    ensure_eq!(entry.content, Some(new.message.content), "the content");
    ensure_eq!(entry.links, new.links, "the links");
    ensure_eq!(entry.user, Some(user(1)), "the sender");
    ensure_eq!(entry.account.as_ref(), Some(&world.account), "the account");
    ensure_eq!(detail.address, ana(), "the address");
    ensure_eq!(detail.reply_to, new.message.reply_to, "the quoted message");
    ensure_eq!(detail.retry_of, Some(earlier), "the message tried again");

    let provider_id = unique("wamid");
    world.conclude(message, Status::Accepted, Some(&provider_id)).await?;
    let entry = world.message(message).await?.entry;
    ensure_eq!(entry.status, Status::Accepted, "the state after the attempt");
    ensure_eq!(entry.provider_id, Some(provider_id), "the provider's id");
    Ok(())
}

pub(super) async fn a_conclusion_never_goes_back(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let refused = world.accept(world.outbound(&ana(), "hola")).await?;
    let problem =
        Problem { code: "131026".to_owned(), message: "not on WhatsApp".to_owned(), kind: ErrorKind::InvalidRecipient };
    let conclusion = Conclusion {
        message: refused,
        claim: None,
        status: Status::Failed,
        receipt: None,
        problem: Some(problem.clone()),
        due_at: None,
        now: tick(),
    };
    world.store.conclude(conclusion).await?;
    world.conclude(refused, Status::Unknown, None).await?;
    let entry = world.message(refused).await?.entry;
    ensure_eq!(entry.status, Status::Failed, "the state of a refused message");
    ensure_eq!(entry.problem, Some(problem), "the reason");

    let (arrived, provider_id) = world.sent(&ana(), "hola").await?;
    world.ingest(vec![world.status(&provider_id, Status::Delivered)]).await?;
    world.conclude(arrived, Status::Failed, None).await?;
    let entry = world.message(arrived).await?.entry;
    ensure_eq!(entry.status, Status::Delivered, "the state of one that arrived");
    Ok(())
}

pub(super) async fn a_key_gives_its_message_again(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let keyed = |body| keyed(&world, body);
    let first = world.accept(keyed("hola")).await?;
    for _ in 0..3 {
        match world.store.accept(keyed("hola")).await? {
            Accepted::Repeated(id) => ensure_eq!(id, first, "the message of the key"),
            Accepted::New(_) | Accepted::Queued(..) => return Err(crate::Violation::new("a repetition is accepted")),
        }
    }
    ensure!(
        matches!(world.store.accept(keyed("adiós")).await, Err(RepositoryError::Conflict(_))),
        "another request under the same key is no conflict"
    );
    let asker = user(1);
    let before = |hash| world.store.accepted_before(&world.organization, &asker, "key", hash);
    ensure_eq!(before("hola").await?, Some(first), "what the key was used for");
    ensure!(
        matches!(before("adiós").await, Err(RepositoryError::Conflict(_))),
        "another request under the same key is no conflict when asked before"
    );
    let mut of_another_user = keyed("hola");
    of_another_user.user = user(2);
    world.accept(of_another_user).await?;
    let mut later = keyed("adiós");
    later.now += Duration::hours(49);
    world.accept(later).await?;
    ensure_eq!(world.history().await?.len(), 3, "messages in the history");
    Ok(())
}

pub(super) async fn sixty_four_requests_with_one_key_are_one(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let told = at_once(AT_ONCE, |_| {
        let world = world.clone();
        async move { Ok(world.store.accept(keyed(&world, "hola")).await?) }
    })
    .await?;
    let new = told.iter().filter(|t| matches!(t, Accepted::New(_))).count();
    ensure_eq!(new, 1, "requests that may send");
    let id = |(Accepted::New(id) | Accepted::Queued(id, _) | Accepted::Repeated(id))| id;
    let ids: HashSet<MessageId> = told.into_iter().map(id).collect();
    ensure_eq!(ids.len(), 1, "messages that they were told of");
    world.only().await?;
    Ok(())
}

pub(super) async fn a_cut_off_attempt_becomes_unknown_and_a_late_status_corrects_it(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    let (settled, _) = world.sent(&ana(), "llegó").await?;
    let new = world.outbound(&ana(), "¿llegó?");
    let lease_ends = new.now + LEASE;
    let message = world.accept(new).await?;
    let release = |now| world.store.release_stale(now, false);
    let early = release(lease_ends - Duration::seconds(1)).await?;
    ensure_eq!(early, [], "released before the lease ended");
    let late = release(lease_ends + Duration::seconds(1)).await?;
    ensure_eq!(late, [message], "released after the lease ended");
    let again = release(lease_ends + Duration::hours(1)).await?;
    ensure_eq!(again, [], "released a second time");
    let state = |id| {
        let world = world.clone();
        async move { Ok::<_, crate::Violation>(world.message(id).await?.entry.status) }
    };
    ensure_eq!(state(message).await?, Status::Unknown, "the state of the cut off");
    ensure_eq!(state(settled).await?, Status::Accepted, "the state of the settled");

    // The provider's id was never learnt; our own comes back with the status.
    let provider_id = unique("wamid");
    let mut event = world.status(&provider_id, Status::Delivered);
    if let EventKind::Status(update) = &mut event.kind {
        update.correlation = Some(message.to_string());
    }
    world.ingest(vec![event]).await?;
    ensure_eq!(state(message).await?, Status::Delivered, "the state after all");
    world.ingest(vec![world.status(&provider_id, Status::Read)]).await?;
    ensure_eq!(state(message).await?, Status::Read, "the state by the id just learnt");
    Ok(())
}

pub(super) async fn a_look_up_corrects_an_unknown_outcome(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let message = world.accept(world.outbound(&ana(), "hola")).await?;
    world.conclude(message, Status::Unknown, None).await?;
    let entry = world.message(message).await?.entry;
    ensure_eq!(entry.status, Status::Unknown, "the state after a lost answer");
    let provider_id = unique("wamid");
    world.conclude(message, Status::Accepted, Some(&provider_id)).await?;
    let entry = world.message(message).await?.entry;
    ensure_eq!(entry.status, Status::Accepted, "the state after it was found");
    ensure_eq!(entry.provider_id, Some(provider_id), "the provider's id");
    Ok(())
}

pub(super) async fn all_attempts_are_released_at_the_start_of_the_only_process(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    world.sent(&ana(), "llegó").await?;
    let mut cut_off = HashSet::new();
    for _ in 0..3 {
        cut_off.insert(world.accept(world.outbound(&ana(), "hola")).await?);
    }
    let released = world.store.release_stale(tick(), true).await?;
    ensure_eq!(released.len(), 3, "released messages");
    let released: HashSet<MessageId> = released.into_iter().collect();
    ensure_eq!(released, cut_off, "the released");
    for message in cut_off {
        let status = world.message(message).await?.entry.status;
        ensure_eq!(status, Status::Unknown, "the state of a released one");
    }
    Ok(())
}

/// A request of user 1 under the key `key`.
fn keyed(world: &World, body: &str) -> NewOutbound {
    let mut new = world.outbound(&ana(), body);
    new.idempotency_key = Some("key".to_owned());
    new
}

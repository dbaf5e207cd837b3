//! The event log: what realtime clients read.

use std::{collections::HashSet, time::Duration};

use comms_core::{Address, AddressKind, Status, history::LogEvent};

use super::{
    RepositoryHarness,
    world::{World, ana, at_once},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// Writers, each with a person of its own: what concerns one person may well be written in turn.
const WRITERS: usize = 16;

/// Messages in and messages out of each writer.
const EACH: usize = 20;

/// How long a hint may take.
const SOON: Duration = Duration::from_secs(10);

pub(super) async fn a_reader_misses_nothing_while_many_write(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    let writer = world.clone();
    let writing = tokio::spawn(async move {
        at_once(WRITERS, |at| {
            let world = writer.clone();
            let person = Address::verbatim(AddressKind::Other, format!("person {at}"));
            async move {
                for _ in 0..EACH {
                    world.ingest(vec![world.text(&person, "hola")]).await?;
                    world.sent(&person, "¿qué tal?").await?;
                }
                Ok(())
            }
        })
        .await
    });
    let mut seen: Vec<LogEvent> = Vec::new();
    let mut after = 0;
    // The last look comes after the last write.
    loop {
        let finished = writing.is_finished();
        let part = world.log(after).await?;
        after = part.last().map_or(after, |event| event.cursor);
        seen.extend(part);
        if finished {
            break;
        }
    }
    writing.await??;

    let cursors: Vec<i64> = seen.iter().map(|event| event.cursor).collect();
    ensure!(
        cursors.windows(2).all(|pair| pair[0] < pair[1]),
        "cursors do not only grow"
    );
    let whole = world.log(0).await?;
    ensure_eq!(
        seen.len(),
        whole.len(),
        "events seen while they were written"
    );
    let messages = whole.iter().filter(|event| event.kind == "message");
    let messages: HashSet<_> = messages.map(|event| event.message).collect();
    ensure_eq!(messages.len(), 2 * WRITERS * EACH, "messages that the log tells of");
    Ok(())
}

pub(super) async fn the_log_tells_what_happened_to_which_message(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    let (sent, provider_id) = world.sent(&ana(), "hola").await?;
    world.ingest(vec![world.text(&ana(), "¿sí?")]).await?;
    world
        .ingest(vec![world.status(&provider_id, Status::Read)])
        .await?;
    let received = world.saying("¿sí?").await?;
    let log = world.log(0).await?;
    let message = log.iter().find(|e| e.message == Some(received.message));
    let message = message.ok_or_else(|| Violation::new("the message is not in the log"))?;
    ensure_eq!(message.kind, "message", "the kind of a message's event");
    ensure_eq!(
        message.conversation,
        received.conversation,
        "its conversation"
    );
    ensure_eq!(
        message.account.as_ref(),
        Some(&world.account),
        "its account"
    );
    ensure!(
        log.iter()
            .any(|e| e.kind == "status" && e.message == Some(sent)),
        "the status is not in the log"
    );
    let first = log.first().map_or(0, |event| event.cursor);
    ensure_eq!(
        world.log(first).await?.len(),
        log.len() - 1,
        "events after the first"
    );
    let part = world.store.events(None, 0, 1).await?;
    ensure_eq!(part.len(), 1, "events where one was asked for");

    // A repetition tells nobody anything.
    world
        .ingest(vec![world.status(&provider_id, Status::Read)])
        .await?;
    ensure_eq!(
        world.log(0).await?.len(),
        log.len(),
        "events after a repetition"
    );
    Ok(())
}

pub(super) async fn a_hint_comes_with_every_write(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut hints = world.store.events_hint();
    for _ in 0..3 {
        world.ingest(vec![world.text(&ana(), "hola")]).await?;
        let last = world.log(0).await?.last().map_or(0, |event| event.cursor);
        let hint = hints.wait_for(|hint| *hint >= last);
        match tokio::time::timeout(SOON, hint).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return Err(Violation::new("the hints end")),
            Err(_) => return Err(Violation::new(format!("no hint of event {last}"))),
        }
    }
    Ok(())
}

//! The event log: what realtime clients read.

use std::{collections::HashSet, time::Duration};

use comms_core::{Address, AddressKind, Status};
use tokio::sync::watch;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, at_once},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// Writers, each with a person of its own: what concerns one person may well be written in turn.
const WRITERS: usize = 16;

/// How often each writer writes.
const TIMES: usize = 20;

/// Messages in a webhook: the more, the longer its transaction is under way.
const BATCH: usize = 10;

/// Readers, each of which must see all.
const READERS: usize = 4;

/// How long a hint may take.
const SOON: Duration = Duration::from_secs(10);

pub(super) async fn a_reader_misses_nothing_while_many_write(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (finish, finished) = watch::channel(false);
    let reader = world.clone();
    let reading = tokio::spawn(at_once(READERS, move |_| read_on(reader.clone(), finished.clone())));
    at_once(WRITERS, |at| write_much(world.clone(), at)).await?;
    finish.send_replace(true);
    let seen = reading.await??;

    let whole = world.log(0).await?;
    for cursors in seen {
        ensure!(cursors.windows(2).all(|pair| pair[0] < pair[1]), "cursors do not only grow");
        ensure_eq!(cursors.len(), whole.len(), "events seen while they were written");
    }
    let messages = whole.iter().filter(|event| event.kind == "message");
    let messages: HashSet<_> = messages.map(|event| event.message).collect();
    ensure_eq!(messages.len(), WRITERS * TIMES * (BATCH + 1), "messages that the log tells of");
    Ok(())
}

async fn write_much(world: World, at: usize) -> Found<()> {
    let person = Address::verbatim(AddressKind::Other, format!("person {at}"));
    for _ in 0..TIMES {
        let events = (0..BATCH).map(|_| world.text(&person, "hola"));
        world.ingest(events.collect()).await?;
        world.sent(&person, "¿qué tal?").await?;
    }
    Ok(())
}

/// The cursors that a reader meets who goes on from the last it saw, until all is written.
async fn read_on(world: World, finished: watch::Receiver<bool>) -> Found<Vec<i64>> {
    let mut seen = Vec::new();
    loop {
        // The last look comes after the last write.
        let last = *finished.borrow();
        let after = seen.last().copied().unwrap_or_default();
        let part = world.log(after).await?;
        seen.extend(part.iter().map(|event| event.cursor));
        if last {
            return Ok(seen);
        }
    }
}

pub(super) async fn the_log_tells_what_happened_to_which_message(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (sent, provider_id) = world.sent(&ana(), "hola").await?;
    world.ingest(vec![world.text(&ana(), "¿sí?")]).await?;
    world.ingest(vec![world.status(&provider_id, Status::Read)]).await?;
    let received = world.saying("¿sí?").await?;
    let log = world.log(0).await?;
    let message = log.iter().find(|e| e.message == Some(received.message));
    let message = message.ok_or_else(|| Violation::new("the message is not in the log"))?;
    ensure_eq!(message.kind, "message", "the kind of a message's event");
    ensure_eq!(message.conversation, received.conversation, "its conversation");
    ensure_eq!(message.account.as_ref(), Some(&world.account), "its account");
    ensure!(log.iter().any(|e| e.kind == "status" && e.message == Some(sent)), "the status is not in the log");
    let first = log.first().map_or(0, |event| event.cursor);
    ensure_eq!(world.log(first).await?.len(), log.len() - 1, "events after the first");
    let part = world.store.events(None, 0, 1).await?;
    ensure_eq!(part.len(), 1, "events where one was asked for");

    // A repetition tells nobody anything.
    world.ingest(vec![world.status(&provider_id, Status::Read)]).await?;
    ensure_eq!(world.log(0).await?.len(), log.len(), "events after a repetition");
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

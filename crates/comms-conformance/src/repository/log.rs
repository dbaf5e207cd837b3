//! The event log: what realtime clients read.

use std::{collections::HashSet, time::Duration};

use comms_core::{Address, AddressKind, Status, UserId, history::HistoryFilter};
use tokio::sync::watch;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, at_once, luis, tick, user},
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

pub(super) async fn the_feed_tells_what_the_log_and_the_history_tell(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    ensure_eq!(ours.store.log_end().await?, 0, "the end of an empty log");
    for world in [&ours, &theirs] {
        let (_, provider_id) = world.sent(&ana(), "hola").await?;
        world.ingest(vec![world.photo(&ana(), "foto"), world.status(&provider_id, Status::Read)]).await?;
    }
    let log = ours.log(0).await?;
    let feed = ours.store.feed(Some(&ours.organization), 0, 1_000).await?;
    let told: Vec<_> = feed.iter().map(|one| one.event.clone()).collect();
    ensure_eq!(told, log, "the events of the feed");
    for one in &feed {
        let Some(message) = one.event.message else {
            ensure!(one.message.is_none(), "a message where the event names none");
            continue;
        };
        let entry = ours.message(message).await?.entry;
        ensure_eq!(one.message.as_ref(), Some(&entry), "the message of event {}", one.event.cursor);
    }
    let rest = ours.store.feed(Some(&ours.organization), log[0].cursor, 1).await?;
    let rest: Vec<i64> = rest.iter().map(|one| one.event.cursor).collect();
    ensure_eq!(rest, [log[1].cursor], "one event after the first");
    let whole = ours.store.feed(None, 0, 1_000).await?;
    ensure!(whole.len() > log.len(), "the feed of all organisations tells of one only");
    let end = whole.last().map_or(0, |one| one.event.cursor);
    ensure_eq!(ours.store.log_end().await?, end, "the end of the log");
    Ok(())
}

pub(super) async fn the_feed_names_the_sellers_who_see_a_message(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for seller in [2, 3] {
        let mut new = world.outbound(&ana(), &format!("de {seller}"));
        new.user = user(seller);
        world.accept(new).await?;
    }
    // To the account of user 1, and a call that user 3 placed from a browser.
    world.ingest(vec![world.text(&luis(), "hola")]).await?;
    let phone = world.with_phone().await?;
    let mut call = phone.call("CA1", comms_core::MessageOrigin::Echo, Status::CallInitiated);
    if let comms_core::EventKind::Message(message) = &mut call.kind {
        message.author = Some(user(3));
    }
    world.ingest(vec![call]).await?;
    let feed = world.store.feed(Some(&world.organization), 0, 1_000).await?;
    for seller in [1, 2, 3] {
        let seen = world.walk(&world.seller(seller), HistoryFilter::default(), 50).await?;
        let seen: HashSet<_> = seen.iter().map(|entry| entry.message).collect();
        let told = feed.iter().filter(|one| one.sellers.contains(&user(seller)));
        let told: HashSet<_> = told.filter_map(|one| one.event.message).collect();
        ensure_eq!(told, seen, "what seller {seller} is told of");
    }
    let nobody = UserId::new("4");
    ensure!(feed.iter().all(|one| !one.sellers.contains(&nobody)), "a stranger is told of something");
    let calls = feed.iter().filter(|one| one.sellers == [user(3)] && one.message.as_ref().is_some_and(is_call));
    ensure_eq!(calls.count(), 1, "calls that only user 3 is told of");
    Ok(())
}

pub(super) async fn the_feed_names_those_who_have_a_conversation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    world.ingest(vec![world.text(&luis(), "otra cosa")]).await?;
    let told = world.saying("hola").await?;
    let conversation = told.conversation.ok_or_else(|| Violation::new("the message is of no conversation"))?;
    let contact = world.store.conversation(&world.scope(), None, conversation).await?.contact;
    world.store.assign(&world.scope(), &user(1), conversation, Some(&user(2)), tick()).await?;
    world.store.rename_contact(&world.scope(), &user(1), contact, Some("Ana"), tick()).await?;
    let feed = world.store.feed(Some(&world.organization), 0, 1_000).await?;
    // The account is user 1's; user 2 has one conversation, and so knows one contact.
    let of = |seller: u32, kind: &str| {
        let heard = feed.iter().filter(|one| one.event.kind == kind && one.sellers.contains(&user(seller)));
        heard.count()
    };
    for (seller, kind, count) in [
        (1, "message", 2),
        (1, "conversation", 1),
        (1, "contact", 3),
        (2, "message", 1),
        (2, "conversation", 1),
        (2, "contact", 2),
        (3, "message", 0),
        (3, "conversation", 0),
        (3, "contact", 0),
    ] {
        ensure_eq!(of(seller, kind), count, "events of kind {kind} that seller {seller} is told of");
    }
    let others = feed.iter().filter(|one| one.sellers.contains(&user(2)));
    let others: HashSet<_> = others.filter_map(|one| one.event.conversation).collect();
    ensure_eq!(others, HashSet::from([conversation]), "the conversations that seller 2 is told of");
    Ok(())
}

fn is_call(entry: &comms_core::history::HistoryEntry) -> bool {
    entry.channel == comms_core::ChannelKind::Voice.as_str()
}

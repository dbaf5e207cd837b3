//! Conversations as people work with them: unread, put away, closed, given to somebody, noted.

use std::collections::HashSet;

use comms_core::{
    ConversationId, LeadId, MessageOrigin, Status,
    history::{Conversation, ConversationFilter, ConversationPage, ConversationState, DeskKey, RepositoryError},
};
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{AT_ONCE, Found, World, ana, at_once, luis, of_lead, tick, unique, user, webhook},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn each_user_has_unread_messages_of_their_own(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for body in ["uno", "dos", "tres"] {
        let event = world.text(&ana(), body);
        world.ingest(vec![event.clone()]).await?;
        world.ingest(vec![event]).await?;
    }
    let id = conversation(&world, "uno").await?;
    let second = world.saying("dos").await?.message;
    world.store.mark_read(&world.scope(), &user(2), second, tick()).await?;
    ensure_eq!(unread(&world, id).await?, [3, 1, 3], "unread after user 2 read two of three");
    let third = world.saying("tres").await?.message;
    world.store.mark_read(&world.scope(), &user(3), third, tick()).await?;
    // Who reads what others read before them has read it all the same; nobody unreads.
    world.store.mark_read(&world.scope(), &user(3), second, tick()).await?;
    ensure_eq!(unread(&world, id).await?, [3, 1, 0], "unread after user 3 read all");
    world.ingest(vec![world.text(&ana(), "cuatro")]).await?;
    ensure_eq!(unread(&world, id).await?, [4, 2, 1], "unread after another one");
    let anybody = world.store.conversation(&world.scope(), None, id).await?.unread;
    ensure_eq!(anybody, 1, "what nobody has read");
    for (reader, count) in [(2, 1), (4, 1)] {
        let filter = ConversationFilter { unread: true, limit: 10, ..ConversationFilter::default() };
        let page = world.store.conversations(&world.scope(), Some(&user(reader)), &filter).await?;
        ensure_eq!(page.entries.len(), count, "conversations with something that user {reader} has not read");
    }
    Ok(())
}

pub(super) async fn reading_at_once_counts_nothing_twice(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for body in ["uno", "dos"] {
        world.ingest(vec![world.text(&ana(), body)]).await?;
    }
    let (id, message) = (conversation(&world, "uno").await?, world.saying("dos").await?.message);
    let changed = at_once(AT_ONCE, |at| {
        let world = world.clone();
        async move {
            let reader = user(u32::try_from(at % 2)? + 1);
            Ok(world.store.mark_read(&world.scope(), &reader, message, tick()).await?)
        }
    })
    .await?;
    ensure_eq!(changed.iter().filter(|changed| **changed).count(), 1, "readers who were the first");
    ensure_eq!(unread(&world, id).await?, [0, 0, 2], "unread");
    world.ingest(vec![world.text(&ana(), "tres")]).await?;
    ensure_eq!(unread(&world, id).await?, [1, 1, 3], "unread after another one");
    ensure_eq!(world.store.conversation(&world.scope(), None, id).await?.unread, 1, "what nobody has read");
    Ok(())
}

pub(super) async fn a_message_opens_a_closed_conversation_whichever_is_first(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    for state in [ConversationState::Closed, ConversationState::Snoozed] {
        for decided_first in [true, false] {
            let world = World::open(harness).await?;
            world.ingest(vec![world.text(&ana(), "antes")]).await?;
            let id = conversation(&world, "antes").await?;
            let (decided_at, later) = (tick(), webhook(vec![world.text(&ana(), "después")]));
            let until = Some(decided_at + Duration::days(1));
            let (scope, by) = (world.scope(), user(1));
            let decide = || world.store.decide(&scope, &by, id, state, until, decided_at);
            if decided_first {
                ensure_eq!(decide().await?, state, "the state that was decided");
                world.store.ingest(later).await?;
            } else {
                world.store.ingest(later).await?;
                decide().await?;
            }
            let found = world.store.conversation(&world.scope(), None, id).await?;
            let wanted = (ConversationState::Open, None, None);
            ensure_eq!((found.state, found.snoozed_until, found.closed_at), wanted, "{state:?}, {decided_first}");
            // What is decided of it afterwards stands; what was decided before comes too late.
            let pending = ConversationState::Pending;
            world.store.decide(&world.scope(), &by, id, pending, None, tick()).await?;
            ensure_eq!(decide().await?, pending, "of two decisions the later");
            world.ingest(vec![world.text(&ana(), "otra vez")]).await?;
            let found = world.store.conversation(&world.scope(), None, id).await?.state;
            ensure_eq!(found, pending, "what waits, after a message");
        }
    }
    Ok(())
}

pub(super) async fn a_repetition_opens_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let first = world.text(&ana(), "hola");
    world.ingest(vec![first.clone()]).await?;
    let id = conversation(&world, "hola").await?;
    let closed = ConversationState::Closed;
    world.store.decide(&world.scope(), &user(1), id, closed, None, tick()).await?;
    world.ingest(vec![first]).await?;
    let sent = world.accept(world.outbound(&ana(), "¿algo más?")).await?;
    world.conclude(sent, Status::Accepted, Some(&unique("wamid"))).await?;
    let found = world.store.conversation(&world.scope(), Some(&user(1)), id).await?;
    ensure_eq!((found.state, found.unread), (closed, 1), "state and unread after a repetition and a message of ours");
    ensure!(found.closed_at.is_some(), "it is not said since when it is closed");
    // What an import brings is where it belongs: before the decision, and read.
    let mut old = world.text(&ana(), "de antes");
    old.occurred_at = Some(tick() - Duration::days(30));
    if let comms_core::EventKind::Message(message) = &mut old.kind {
        message.origin = MessageOrigin::History;
    }
    world.ingest(vec![old]).await?;
    let found = world.store.conversation(&world.scope(), Some(&user(1)), id).await?;
    ensure_eq!((found.state, found.unread), (closed, 1), "state and unread after an import");
    Ok(())
}

pub(super) async fn what_is_put_away_comes_back(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let id = conversation(&world, "hola").await?;
    let until = OffsetDateTime::now_utc() + Duration::hours(1);
    let snoozed = ConversationState::Snoozed;
    world.store.decide(&world.scope(), &user(1), id, snoozed, Some(until), tick()).await?;
    let found = world.store.conversation(&world.scope(), None, id).await?;
    ensure_eq!(found.state, snoozed, "before its time");
    ensure!(found.snoozed_until.is_some(), "it is not said until when");
    let organization = Some(&world.organization);
    ensure_eq!(world.store.wake(organization, until - Duration::SECOND).await?, 0, "woken before their time");
    let neighbour = world.neighbour().await?;
    ensure_eq!(neighbour.store.wake(Some(&neighbour.organization), until).await?, 0, "woken of another one");
    ensure_eq!(world.store.wake(organization, until).await?, 1, "woken");
    ensure_eq!(world.store.wake(organization, until).await?, 0, "woken again");
    let found = world.store.conversation(&world.scope(), None, id).await?;
    ensure_eq!((found.state, found.snoozed_until), (ConversationState::Open, None), "after its time");
    let told = world.log(0).await?.into_iter().filter(|event| event.kind == "conversation").count();
    ensure_eq!(told, 2, "what the log tells of it");
    Ok(())
}

pub(super) async fn a_conversation_is_given_to_somebody(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let id = conversation(&world, "hola").await?;
    let of = |number| world.seller(number);
    hidden("a conversation of user 1", world.store.conversation(&of(2), None, id).await)?;
    world.store.assign(&world.scope(), &user(1), id, Some(&user(2)), tick()).await?;
    let found = world.store.conversation(&of(2), None, id).await?;
    ensure_eq!(found.assignee, Some(user(2)), "whose it is now");
    ensure!(found.last_message.is_some(), "they do not see its last message");
    let page = world.store.conversation_messages(&of(2), id, None, 10).await?;
    ensure_eq!(page.entries.len(), 1, "messages that they see");
    let message = page.entries[0].message;
    ensure!(world.store.mark_read(&of(2), &user(2), message, tick()).await?, "they cannot read it");
    hidden("it", world.store.conversation(&of(3), None, id).await)?;
    world.store.assign(&world.scope(), &user(1), id, None, tick()).await?;
    hidden("what is nobody's", world.store.conversation(&of(2), None, id).await)
}

pub(super) async fn notes_stay_inside(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let id = conversation(&world, "hola").await?;
    for number in 1..=3 {
        let body = format!("nota {number}");
        world.store.add_note(&world.scope(), &user(number), id, &body, tick()).await?;
    }
    let first = world.store.notes(&world.scope(), id, None, 2).await?;
    let rest = world.store.notes(&world.scope(), id, first.next, 2).await?;
    let all: Vec<_> = first.entries.iter().chain(&rest.entries).map(|n| (n.author.clone(), n.body.as_str())).collect();
    ensure_eq!(all, [(user(3), "nota 3"), (user(2), "nota 2"), (user(1), "nota 1")], "the notes, newest first");
    ensure!(rest.next.is_none(), "there are more");
    ensure_eq!(world.history().await?.len(), 1, "messages in the history");
    Ok(())
}

pub(super) async fn each_filter_of_conversations_gives_what_it_names(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut asked = world.outbound(&ana(), "para Ana");
    asked.links = of_lead(7);
    world.accept(asked).await?;
    world.ingest(vec![world.text(&ana(), "de Ana"), world.text(&luis(), "de Luis")]).await?;
    let (with_ana, with_luis) = (conversation(&world, "de Ana").await?, conversation(&world, "de Luis").await?);
    world.store.assign(&world.scope(), &user(1), with_ana, Some(&user(2)), tick()).await?;
    world.store.decide(&world.scope(), &user(1), with_luis, ConversationState::Closed, None, tick()).await?;
    let named = world.store.conversation(&world.scope(), None, with_luis).await?.contact;
    world.store.rename_contact(&world.scope(), &user(1), named, Some("Luís Peña"), tick()).await?;
    let none = ConversationFilter::default;
    for (filter, wanted) in [
        (ConversationFilter { states: vec![ConversationState::Open], ..none() }, vec![with_ana]),
        (ConversationFilter { states: vec![ConversationState::Closed], ..none() }, vec![with_luis]),
        (ConversationFilter { assignee: Some(Some(user(2))), ..none() }, vec![with_ana]),
        (ConversationFilter { assignee: Some(None), ..none() }, vec![with_luis]),
        (ConversationFilter { lead: Some(LeadId::new("7")), ..none() }, vec![with_ana]),
        (ConversationFilter { channel: Some(comms_core::ChannelKind::Sms), ..none() }, vec![]),
        (ConversationFilter { contact: Some(named), ..none() }, vec![with_luis]),
        (ConversationFilter { text: Some("luis pena".to_owned()), ..none() }, vec![with_luis]),
        (ConversationFilter { text: Some("600000000".to_owned()), ..none() }, vec![with_ana]),
    ] {
        let described = format!("{filter:?}");
        let filter = ConversationFilter { limit: 10, ..filter };
        let page = world.store.conversations(&world.scope(), Some(&user(1)), &filter).await?;
        let found: Vec<ConversationId> = page.entries.iter().map(|one| one.id).collect();
        ensure_eq!(found, wanted, "{described}");
    }
    Ok(())
}

pub(super) async fn a_walk_meets_every_conversation_once_while_others_write(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let world = World::open(harness).await?;
    for number in 0..25 {
        world.ingest(vec![world.text(&somebody(number), "hola")]).await?;
    }
    let (mut seen, mut after, mut number) = (Vec::new(), None, 25);
    loop {
        let page = page(&world, after).await?;
        ensure!(page.entries.len() <= 4, "{} rows where four were asked for", page.entries.len());
        seen.extend(page.entries.iter().map(|one| one.id));
        // Others write meanwhile: somebody new, and somebody who was met already.
        world.ingest(vec![world.text(&somebody(number), "hola"), world.text(&somebody(24), "otra")]).await?;
        number += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
        ensure!(seen.len() < 1_000, "the pages have no end");
    }
    let distinct: HashSet<_> = seen.iter().collect();
    ensure_eq!((seen.len(), distinct.len()), (25, 25), "conversations that were met, and how many they are");
    Ok(())
}

pub(super) async fn conversations_and_contacts_stay_in_their_scope(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    for world in [&ours, &theirs] {
        world.ingest(vec![world.text(&ana(), "hola")]).await?;
    }
    let id = conversation(&ours, "hola").await?;
    let contact = ours.store.conversation(&ours.scope(), None, id).await?.contact;
    let own = theirs.store.contacts(&theirs.scope(), &all_contacts()).await?.entries;
    ensure_eq!(own.len(), 1, "contacts of the other organisation");
    for scope in [theirs.scope(), ours.seller(2)] {
        let store = &ours.store;
        let by = user(2);
        hidden("a conversation", store.conversation(&scope, None, id).await)?;
        hidden("its messages", store.conversation_messages(&scope, id, None, 10).await)?;
        hidden("its state", store.decide(&scope, &by, id, ConversationState::Closed, None, tick()).await)?;
        hidden("its assignee", store.assign(&scope, &by, id, None, tick()).await)?;
        hidden("a note", store.add_note(&scope, &by, id, "no", tick()).await)?;
        hidden("its notes", store.notes(&scope, id, None, 10).await)?;
        hidden("where an answer goes", store.answer_to(&scope, id).await)?;
        hidden("a contact", store.contact(&scope, contact).await)?;
        hidden("its name", store.rename_contact(&scope, &by, contact, None, tick()).await)?;
        hidden("its links", store.link_contact(&scope, &by, contact, &of_lead(1), None, tick()).await)?;
        hidden("joining it", store.join_contacts(&scope, &by, own[0].id, contact, tick()).await)?;
        let listed = store.conversations(&scope, None, &ConversationFilter { limit: 10, ..Default::default() }).await?;
        ensure!(listed.entries.iter().all(|one| one.id != id), "the list shows it");
        let listed = store.contacts(&scope, &all_contacts()).await?;
        ensure!(listed.entries.iter().all(|one| one.id != contact), "the list of contacts shows it");
    }
    let seller = ours.store.conversation(&ours.seller(1), None, id).await?;
    ensure_eq!(seller.id, id, "what its owner sees");
    Ok(())
}

fn all_contacts() -> comms_core::history::ContactFilter {
    comms_core::history::ContactFilter { limit: 10, ..Default::default() }
}

fn somebody(number: usize) -> comms_core::Address {
    comms_core::Address::verbatim(comms_core::AddressKind::Phone, format!("+3460000{number:04}"))
}

async fn page(world: &World, after: Option<DeskKey>) -> Found<ConversationPage> {
    let filter = ConversationFilter { after, limit: 4, ..ConversationFilter::default() };
    Ok(world.store.conversations(&world.scope(), Some(&user(1)), &filter).await?)
}

/// The conversation of the message with these words.
pub(super) async fn conversation(world: &World, body: &str) -> Found<ConversationId> {
    let entry = world.saying(body).await?;
    entry.conversation.ok_or_else(|| crate::Violation::new(format!("{body:?} has no conversation")))
}

/// What users 1 (who reads nothing), 2 and 3 have not read.
async fn unread(world: &World, id: ConversationId) -> Found<[i32; 3]> {
    let mut all = [0; 3];
    for (at, unread) in all.iter_mut().enumerate() {
        let reader = user(u32::try_from(at)? + 1);
        let found: Conversation = world.store.conversation(&world.scope(), Some(&reader), id).await?;
        *unread = found.unread;
    }
    Ok(all)
}

/// Whether it is as if it did not exist.
fn hidden<T>(what: &str, found: Result<T, RepositoryError>) -> Verdict {
    ensure!(matches!(found, Err(RepositoryError::NotFound(_))), "{what} is to be seen");
    Ok(())
}

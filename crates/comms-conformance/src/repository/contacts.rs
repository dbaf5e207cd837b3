//! Contacts as people work with them: joined, separated, named, linked.

use std::collections::HashSet;

use comms_core::{
    Address, ContactId,
    history::{Contact, RepositoryError},
};

use super::{
    RepositoryHarness,
    conversations::conversation,
    world::{Found, World, ana, at_once, luis, of_lead, tick, user},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn an_answer_goes_to_the_address_that_wrote_last(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "de Ana")]).await?;
    world.ingest(vec![world.text(&luis(), "de Luis")]).await?;
    let (first, second) = (contact(&world, "de Ana").await?, contact(&world, "de Luis").await?);
    world.store.join_contacts(&world.scope(), &user(1), first, second, tick()).await?;
    for (body, address) in [("de Ana", ana()), ("de Luis", luis())] {
        let id = conversation(&world, body).await?;
        let answer = world.store.answer_to(&world.scope(), id).await?;
        let answer = answer.map(|answer| (answer.account, answer.address));
        ensure_eq!(answer, Some((world.account.clone(), address)), "where an answer to {body:?} goes");
    }
    Ok(())
}

pub(super) async fn joined_contacts_are_one_person_whatever_comes_in(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let phone = world.with_phone().await?;
    world.ingest(vec![world.text(&ana(), "por WhatsApp")]).await?;
    let mut asked = phone.dial();
    asked.links = of_lead(7);
    asked.user = user(2);
    phone.accept(asked).await?;
    world.ingest(vec![world.text(&luis(), "otro número")]).await?;
    let (a, b) = (contact(&world, "por WhatsApp").await?, contact(&world, "otro número").await?);
    let all = world.store.contacts(&world.scope(), &everybody()).await?.entries;
    let call = all.iter().map(|one| one.id).find(|id| ![a, b].contains(id));
    let call = call.ok_or_else(|| crate::Violation::new("the call has no contact"))?;
    let before = [person(&world, a).await?, person(&world, b).await?, person(&world, call).await?];

    let (scope, by) = (world.scope(), user(1));
    let join = |id, other| world.store.join_contacts(&scope, &by, id, other, tick());
    ensure_eq!(join(a, call).await?, a, "who stands for both");
    ensure_eq!(join(b, call).await?, b, "who stands for all three");
    ensure!(matches!(join(a, b).await, Err(RepositoryError::Conflict(_))), "what is one is joined again");
    for id in [a, b, call] {
        let found = person(&world, id).await?;
        ensure_eq!(found.id, b, "who stands for {id}");
        ensure_eq!(found.identities.len(), 3, "their addresses");
        ensure_eq!(found.merged.len(), 2, "who was joined");
    }
    ensure_eq!(world.store.contacts(&world.scope(), &everybody()).await?.entries.len(), 1, "people");
    // What comes in for one of them is theirs, under its own address, and belongs to what they belong to.
    world.ingest(vec![world.text(&ana(), "otra vez")]).await?;
    let later = world.saying("otra vez").await?;
    ensure_eq!((later.links, later.user), (of_lead(7), Some(user(2))), "what a message of theirs belongs to");
    ensure_eq!(contact(&world, "otra vez").await?, b, "whose a message is");
    ensure_eq!(conversation(&world, "otra vez").await?, conversation(&world, "por WhatsApp").await?, "its thread");

    // Taken back in the order in which they were made.
    world.store.separate_contact(&world.scope(), &user(1), call, tick()).await?;
    ensure_eq!(person(&world, call).await?, before[2], "the first that was separated");
    world.store.separate_contact(&world.scope(), &user(1), a, tick()).await?;
    for (id, before) in [(a, &before[0]), (b, &before[1]), (call, &before[2])] {
        ensure_eq!(&person(&world, id).await?, before, "what was before all of it");
    }
    let again = world.store.separate_contact(&world.scope(), &user(1), a, tick()).await;
    ensure!(matches!(again, Err(RepositoryError::Conflict(_))), "what stands for itself is separated");
    Ok(())
}

pub(super) async fn what_is_joined_while_messages_come_in_is_one_person(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let people: Vec<Address> = (0..8).map(numbered).collect();
    for address in &people {
        world.ingest(vec![world.text(address, address.value())]).await?;
    }
    let mut contacts = Vec::new();
    for address in &people {
        contacts.push(contact(&world, address.value()).await?);
    }
    at_once(48, |at| {
        let (world, contacts) = (world.clone(), contacts.clone());
        let from = people[at % 8].clone();
        async move {
            match at % 3 {
                // Several at once, some of them in a circle: each is one step, or none.
                0 => match world
                    .store
                    .join_contacts(&world.scope(), &user(1), contacts[at % 8], contacts[(at + 1) % 8], tick())
                    .await
                {
                    Ok(_) | Err(RepositoryError::Conflict(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                },
                _ => world.ingest(vec![world.text(&from, &format!("mensaje {at}"))]).await.map(|_| ()),
            }
        }
    })
    .await?;
    for at in 0..7 {
        match world.store.join_contacts(&world.scope(), &user(1), contacts[0], contacts[at + 1], tick()).await {
            Ok(_) | Err(RepositoryError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let standing = person(&world, contacts[0]).await?;
    ensure_eq!(standing.identities.len(), 8, "their addresses");
    ensure_eq!(standing.merged.len(), 7, "who was joined: each once");
    for id in &contacts {
        ensure_eq!(person(&world, *id).await?.id, standing.id, "who stands for {id}");
    }
    let threads: HashSet<_> = world.history().await?.into_iter().map(|entry| entry.conversation).collect();
    ensure_eq!(threads.len(), 8, "threads, one for each address");
    for thread in threads.into_iter().flatten() {
        let found = world.store.conversation(&world.scope(), None, thread).await?;
        ensure_eq!(found.contact, standing.id, "whose thread it is");
    }
    Ok(())
}

pub(super) async fn a_person_says_who_a_contact_is(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "¿me recuerda?")]).await?;
    let id = contact(&world, "¿me recuerda?").await?;
    world.store.rename_contact(&world.scope(), &user(1), id, Some("Ana Ruiz"), tick()).await?;
    world.store.link_contact(&world.scope(), &user(1), id, &of_lead(7), Some(&user(2)), tick()).await?;
    world.ingest(vec![world.text(&ana(), "ahora sí")]).await?;
    let later = world.saying("ahora sí").await?;
    ensure_eq!((later.links, later.user), (of_lead(7), Some(user(2))), "what the next message belongs to");
    let found = person(&world, id).await?;
    ensure_eq!(found.name.as_deref(), Some("Ana Ruiz"), "the name");
    let told: Vec<String> = world
        .log(0)
        .await?
        .into_iter()
        .filter(|event| event.kind == "contact")
        .map(|e| e.payload["change"].to_string())
        .collect();
    ensure_eq!(told, ["\"created\"", "\"named\"", "\"linked\""], "what the log tells of it");
    Ok(())
}

fn everybody() -> comms_core::history::ContactFilter {
    comms_core::history::ContactFilter { limit: 200, ..Default::default() }
}

fn numbered(number: usize) -> Address {
    Address::verbatim(comms_core::AddressKind::Phone, format!("+3460000{number:04}"))
}

/// The contact that stands for whoever wrote these words.
async fn contact(world: &World, body: &str) -> Found<ContactId> {
    let id = conversation(world, body).await?;
    Ok(world.store.conversation(&world.scope(), None, id).await?.contact)
}

async fn person(world: &World, id: ContactId) -> Found<Contact> {
    Ok(world.store.contact(&world.scope(), id).await?)
}

//! Who somebody is, and what they belong to.

use std::collections::HashSet;

use comms_core::{
    Address, AddressKind, EventKind, IdentityChange, OptChange, Party,
    history::{Links, RecipientState},
};
use serde_json::Value;
use time::Duration;

use super::{
    RepositoryHarness,
    world::{AT_ONCE, Found, World, ana, at_once, luis, of_lead, unique, user},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn an_unknown_person_becomes_a_contact_without_lead(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    ensure_eq!(recipient(&world, &ana()).await?, RecipientState::default(), "what is known of a stranger");
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let entry = world.only().await?;
    ensure_eq!(entry.links, Links::default(), "what the message belongs to");
    ensure_eq!(entry.user, Some(user(1)), "whose it is: the account's owner's");
    ensure!(entry.conversation.is_some(), "it has no conversation");
    let known = recipient(&world, &ana()).await?;
    ensure!(known.contact.is_some(), "its writer is no contact");
    Ok(())
}

pub(super) async fn an_answer_belongs_to_what_the_message_belonged_to(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut asked = world.outbound(&ana(), "¿le interesa?");
    asked.links = of_lead(7);
    asked.user = user(2);
    world.accept(asked).await?;
    world.ingest(vec![world.text(&ana(), "sí"), world.text(&luis(), "¿quién?")]).await?;
    let answer = world.saying("sí").await?;
    ensure_eq!(answer.links, of_lead(7), "what the answer belongs to");
    ensure_eq!(answer.user, Some(user(2)), "whose the answer is");
    let question = world.saying("¿le interesa?").await?;
    ensure_eq!(answer.conversation, question.conversation, "the conversation");
    let other = world.saying("¿quién?").await?;
    ensure_eq!(other.links, Links::default(), "what a stranger's belongs to");
    Ok(())
}

pub(super) async fn the_last_message_with_links_decides(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for (links, seller) in [(of_lead(7), 2), (of_lead(8), 3), (Links::default(), 1)] {
        let mut asked = world.outbound(&ana(), "¿le interesa?");
        asked.links = links;
        asked.user = user(seller);
        world.accept(asked).await?;
    }
    world.ingest(vec![world.text(&ana(), "sí")]).await?;
    let answer = world.saying("sí").await?;
    ensure_eq!(answer.links, of_lead(8), "what the answer belongs to");
    ensure_eq!(answer.user, Some(user(3)), "whose the answer is");
    Ok(())
}

pub(super) async fn sixty_four_first_messages_make_one_conversation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    at_once(AT_ONCE, |at| {
        let world = world.clone();
        async move {
            let event = world.text(&ana(), &format!("mensaje {at}"));
            world.ingest(vec![event]).await
        }
    })
    .await?;
    let all = world.history().await?;
    ensure_eq!(all.len(), AT_ONCE, "messages in the history");
    one_conversation(&world).await
}

pub(super) async fn the_addresses_of_one_party_are_one_person(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let both = Party { addresses: vec![user_id(), ana()], ..Party::default() };
    world.ingest(vec![world.text(&ana(), "por teléfono")]).await?;
    let mut event = world.text(&ana(), "por ambos");
    if let EventKind::Message(message) = &mut event.kind {
        message.party = both;
    }
    world.ingest(vec![event]).await?;
    world.ingest(vec![world.text(&user_id(), "por nombre")]).await?;
    one_conversation(&world).await?;
    let by_phone = recipient(&world, &ana()).await?.contact;
    let by_id = recipient(&world, &user_id()).await?.contact;
    ensure_eq!(by_id, by_phone, "the contact behind both addresses");
    Ok(())
}

pub(super) async fn the_spellings_of_a_number_are_one_person(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for (written, answered) in
        [("+525512345678", "+5215512345678"), ("+5511987654321", "+551187654321"), ("+541123456789", "+5491123456789")]
    {
        let written = Address::verbatim(AddressKind::Phone, written);
        let answered = Address::verbatim(AddressKind::Phone, answered);
        let mut asked = world.outbound(&written, written.value());
        asked.links = of_lead(7);
        world.accept(asked).await?;
        world.ingest(vec![world.text(&answered, answered.value())]).await?;
        let asked = world.saying(written.value()).await?;
        let answer = world.saying(answered.value()).await?;
        ensure_eq!(answer.links, of_lead(7), "what {answered:?} belongs to");
        ensure_eq!(answer.conversation, asked.conversation, "its conversation");
    }
    Ok(())
}

pub(super) async fn a_changed_address_is_the_same_person(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.ingest(vec![world.text(&ana(), "número viejo")]).await?;
    let change = IdentityChange {
        previous: Some(ana()),
        previous_aliases: Vec::new(),
        current: Party::of(luis()),
        reason: "user_changed_number".to_owned(),
        raw: Value::Null,
    };
    let told = world.ingest(vec![world.event(&unique("change"), EventKind::Identity(change))]).await?;
    ensure_eq!(told.updates, 1, "updates");
    world.ingest(vec![world.text(&luis(), "número nuevo")]).await?;
    one_conversation(&world).await
}

pub(super) async fn the_window_opens_with_the_last_message_in(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    world.sent(&ana(), "hola").await?;
    let before = recipient(&world, &ana()).await?.last_inbound_at;
    ensure_eq!(before, None, "the last message in, before there was one");
    let older = world.text(&ana(), "primero");
    let newer = world.text(&ana(), "segundo");
    let last = newer.occurred_at;
    for event in [newer, older] {
        world.ingest(vec![event]).await?;
    }
    let found = recipient(&world, &ana()).await?.last_inbound_at;
    ensure!(
        found >= last && found < last.map(|at| at + Duration::minutes(1)),
        "the last message in came at {last:?}, not at {found:?}"
    );
    let other = recipient(&world, &luis()).await?.last_inbound_at;
    ensure_eq!(other, None, "the last message of somebody else");
    Ok(())
}

pub(super) async fn an_opt_out_holds_until_it_is_taken_back(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for (opted_in, wanted) in [(false, vec!["marketing".to_owned()]), (true, Vec::new())] {
        let change = OptChange { party: Party::of(ana()), opted_in, scope: "marketing".to_owned(), raw: Value::Null };
        let event = world.event(&unique("opt"), EventKind::Opt(change));
        world.ingest(vec![event]).await?;
        let found = recipient(&world, &ana()).await?.opted_out;
        ensure_eq!(found, wanted, "opt-outs after opted_in = {opted_in}");
    }
    Ok(())
}

pub(super) async fn a_person_is_whose_who_wrote_to_them_last(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for (lead, seller) in [(7, 2), (8, 3)] {
        let mut asked = world.outbound(&ana(), "¿le interesa?");
        asked.links = of_lead(lead);
        asked.user = user(seller);
        world.accept(asked).await?;
        let known = recipient(&world, &ana()).await?;
        ensure_eq!((known.links, known.owner), (of_lead(lead), Some(user(seller))), "what is known of them");
    }
    // A stranger is nobody's, not even the account's owner's: whoever asks decides that.
    ensure_eq!(recipient(&world, &luis()).await?.owner, None, "whose a stranger is");
    let neighbour = world.neighbour().await?;
    ensure_eq!(recipient(&neighbour, &ana()).await?, RecipientState::default(), "what others know of them");
    Ok(())
}

fn user_id() -> Address {
    Address::verbatim(AddressKind::WhatsAppUser, "ES.1349120865530274")
}

async fn recipient(world: &World, address: &Address) -> Found<RecipientState> {
    Ok(world.store.recipient(&world.account, address).await?)
}

/// Whether all messages are of one conversation.
async fn one_conversation(world: &World) -> Verdict {
    let all = world.history().await?;
    let conversations: HashSet<_> = all.iter().map(|entry| entry.conversation).collect();
    ensure!(
        conversations.len() == 1 && !conversations.contains(&None),
        "{} messages of one person are in {} conversations",
        all.len(),
        conversations.len()
    );
    Ok(())
}

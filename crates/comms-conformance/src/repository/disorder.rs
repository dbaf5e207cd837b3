//! Where a later word takes the place of an earlier one, the time at which it was said decides, not the time at which it came.

use comms_core::{
    Event, EventKind,
    history::{ContactFilter, ConversationFilter},
};
use time::Duration;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, tick},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

/// Every order of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

pub(super) async fn what_was_said_last_is_last_in_any_order(harness: &dyn RepositoryHarness) -> Verdict {
    let mut endings = Vec::new();
    for order in ORDERS {
        for together in [false, true] {
            let world = World::open(harness).await?;
            deliver(&world, story(&world), order, together).await?;
            let (text, _) = ending(&world).await?;
            endings.push(text);
        }
    }
    // Two were said at one moment: either is the last, but always the same.
    ensure_eq!(endings, vec![endings[0].clone(); endings.len()], "the last message");
    ensure!(endings[0].as_deref() != Some("primero"), "the first message is the last");
    Ok(())
}

pub(super) async fn the_name_given_last_is_the_name_in_any_order(harness: &dyn RepositoryHarness) -> Verdict {
    for order in ORDERS {
        for together in [false, true] {
            let world = World::open(harness).await?;
            deliver(&world, story(&world), order, together).await?;
            let (_, names) = ending(&world).await?;
            ensure_eq!(names, ["Ana María", "anamaria"], "names after {order:?}, together: {together}");
        }
    }
    Ok(())
}

/// Three messages of one person, the last two of one moment, who changes the name twice and takes a user name in the middle.
fn story(world: &World) -> [Event; 3] {
    let moment = tick() - Duration::hours(1);
    let [first, second, third] = [("primero", 0), ("segundo", 1), ("tercero", 1)].map(|(body, seconds)| {
        let mut event = world.text(&ana(), body);
        event.occurred_at = Some(moment + Duration::seconds(seconds));
        // The same in every world, as a provider's ids are.
        event.subject = format!("wamid.{body}");
        event.key = comms_core::EventKey::new(&event.subject);
        event
    });
    [named(first, "Ana", None), named(second, "Ana", Some("anamaria")), named(third, "Ana María", None)]
}

fn named(mut event: Event, name: &str, username: Option<&str>) -> Event {
    if let EventKind::Message(message) = &mut event.kind {
        message.party.name = Some(name.to_owned());
        message.party.username = username.map(str::to_owned);
    }
    event
}

async fn deliver(world: &World, story: [Event; 3], order: [usize; 3], together: bool) -> Found<()> {
    let events: Vec<Event> = order.iter().map(|at| story[*at].clone()).collect();
    if together {
        world.ingest(events).await?;
        return Ok(());
    }
    for event in events {
        world.ingest(vec![event]).await?;
    }
    Ok(())
}

/// The text of the last message, and the names of the person.
async fn ending(world: &World) -> Found<(Option<String>, Vec<String>)> {
    let filter = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    let page = world.store.conversations(&world.scope(), None, &filter).await?;
    let text = page.entries.first().and_then(|one| one.last_message.clone()).and_then(|last| last.text);
    let filter = ContactFilter { limit: 10, ..ContactFilter::default() };
    let contacts = world.store.contacts(&world.scope(), &filter).await?;
    let contact = contacts.entries.into_iter().next();
    let username = contact.iter().flat_map(|contact| &contact.identities).find_map(|one| one.username.clone());
    Ok((text, contact.into_iter().filter_map(|contact| contact.name).chain(username).collect()))
}

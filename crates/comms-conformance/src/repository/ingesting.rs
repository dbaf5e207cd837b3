//! What comes in is kept, once (P1, P2, P6).

use comms_core::{Address, AddressKind, Change, Content, EventKind, Status, history::Ingested};
use serde_json::json;

use super::{
    RepositoryHarness,
    world::{AT_ONCE, World, ana, at_once, luis, unique, webhook},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

const ONE_MESSAGE: Ingested =
    Ingested { messages: 1, statuses: 0, updates: 0, duplicates: 0, quarantined: 0, foreign: 0 };

const ONE_DUPLICATE: Ingested = Ingested { messages: 0, duplicates: 1, ..ONE_MESSAGE };

pub(super) async fn a_webhook_is_stored_once_however_often_it_comes(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let event = world.text(&ana(), "hola");
    for time in 1..=5 {
        let found = world.ingest(vec![event.clone()]).await?;
        let wanted = if time == 1 { ONE_MESSAGE } else { ONE_DUPLICATE };
        ensure_eq!(found, wanted, "what came of the webhook at time {time}");
        // What was acknowledged is there for the next who asks.
        let entry = world.only().await?;
        ensure_eq!(entry.text.as_deref(), Some("hola"), "its text");
        ensure_eq!(entry.status, Status::Received, "its state");
        ensure_eq!(entry.counterpart, ana().value(), "the other party");
    }
    Ok(())
}

pub(super) async fn sixty_four_copies_at_once_are_one(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let event = world.text(&ana(), "hola");
    let told = at_once(AT_ONCE, |_| {
        let (world, event) = (world.clone(), event.clone());
        async move { world.ingest(vec![event]).await }
    })
    .await?;
    let new: u32 = told.iter().map(|told| told.messages).sum();
    let known: u32 = told.iter().map(|told| told.duplicates).sum();
    ensure_eq!((new, known), (1, 63), "new ones and duplicates");
    world.only().await?;
    Ok(())
}

pub(super) async fn a_batch_that_repeats_itself_is_stored_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let event = world.text(&ana(), "hola");
    let told = world.ingest(vec![event.clone(), event.clone(), event]).await?;
    ensure_eq!((told.messages, told.duplicates), (1, 2), "new ones and duplicates");
    world.only().await?;
    Ok(())
}

pub(super) async fn the_counts_tell_what_is_new(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (_, provider_id) = world.sent(&ana(), "hola").await?;
    let known = world.text(&ana(), "uno");
    world.ingest(vec![known.clone()]).await?;
    let change = EventKind::Changed(Change {
        field: "phone_number_quality_update".to_owned(),
        value: json!({"event": "FLAGGED"}),
    });
    let mut stranger = world.text(&ana(), "extraño");
    stranger.account = unique("whatsapp:").into();
    let told = world
        .ingest(vec![
            known,
            world.text(&ana(), "dos"),
            world.text(&luis(), "tres"),
            world.status(&provider_id, Status::Delivered),
            world.event(&unique("quality"), change),
            stranger,
        ])
        .await?;
    let wanted = Ingested { messages: 2, statuses: 1, updates: 1, duplicates: 1, quarantined: 1, foreign: 0 };
    ensure_eq!(told, wanted, "the counts");
    Ok(())
}

pub(super) async fn a_poison_event_keeps_its_neighbours(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut poison = world.text(&ana(), "ven\0eno");
    poison.subject = format!("{}\0{}", unique("wamid"), "x".repeat(3_000));
    poison.occurred_at = Some(time::macros::datetime!(9999-12-31 23:59:59 UTC));
    let told = world.ingest(vec![world.text(&ana(), "antes"), poison, world.text(&ana(), "después")]).await?;
    ensure!(told.messages >= 2, "of three messages {} were stored", told.messages);
    world.saying("antes").await?;
    world.saying("después").await?;
    Ok(())
}

pub(super) async fn nul_is_replaced_and_overlong_values_are_kept_whole(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    // Longer than the columns of `comunicaciones`: 100 and 255.
    let provider_id = format!("wamid.{}", "A".repeat(400));
    let address = format!("{}@example.com", "a".repeat(400));
    let body = format!("antes\0después {}", "ñ".repeat(70_000));
    let mut event = world.text(&Address::verbatim(AddressKind::Email, &address), &body);
    event.subject.clone_from(&provider_id);
    event.key = comms_core::EventKey::new(&provider_id);
    ensure_eq!(world.ingest(vec![event]).await?, ONE_MESSAGE, "the counts");

    let entry = world.only().await?;
    ensure_eq!(entry.provider_id, Some(provider_id), "the provider's id");
    ensure_eq!(entry.counterpart, address, "the address");
    ensure!(entry.id.is_some(), "the row of comunicaciones is missing");
    let Some(Content::Text { body: stored, .. }) = entry.content else {
        return Err(crate::Violation::new("the content is no text any more"));
    };
    ensure_eq!(stored.chars().count(), body.chars().count(), "characters");
    ensure!(
        stored.starts_with("antes") && stored.ends_with('ñ') && stored.contains("después"),
        "the text is not what it was"
    );
    Ok(())
}

pub(super) async fn what_is_not_understood_is_kept(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let unknown = EventKind::Unknown { name: "hologram".to_owned(), raw: json!({"shape": "cube"}) };
    let other = Content::Other { kind: "hologram".to_owned(), raw: json!({"shape": "sphere"}) };
    let batch = webhook(vec![world.event(&unique("hologram"), unknown), world.says(&ana(), other.clone())]);
    let told = world.store.ingest(batch).await?;
    ensure_eq!((told.messages, told.updates), (1, 1), "messages and updates");
    ensure_eq!(world.only().await?.content, Some(other), "the unknown content");
    let kinds: Vec<String> = world.log(0).await?.into_iter().map(|e| e.kind).collect();
    ensure!(kinds.iter().any(|kind| kind == "unknown"), "the log knows only {kinds:?}");
    Ok(())
}

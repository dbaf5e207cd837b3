//! The raw webhooks: kept, found, read again (P1, P6).

use comms_core::{
    Batch, WebhookId,
    history::{Account, Ingested, NewWebhook, RepositoryError, WebhookFilter},
};

use super::{
    RepositoryHarness,
    world::{Found, World, ana, unique, webhook},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn a_webhook_is_kept_as_it_came(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut new = webhook(vec![world.text(&ana(), "hola")]);
    let mut request = new.request.clone().ok_or_else(missing)?;
    request.url = "https://example.com/webhooks/whatsapp?a=%20b".to_owned();
    request.body = vec![b'{', 0, 0xff, b' ', b'\n'].into();
    new.request = Some(request.clone());
    let (id, received_at) = (new.id, new.received_at);
    world.store.ingest(new).await?;

    let stored = world.store.webhook(id).await?;
    ensure_eq!(stored.id(), id, "the id");
    ensure_eq!(stored.provider(), "whatsapp", "the provider");
    ensure_eq!(stored.received_at(), received_at, "the time");
    ensure_eq!(stored.request().body, request.body, "the bytes");
    ensure_eq!(stored.request().url, request.url, "the address");
    ensure_eq!(stored.request().method, request.method, "the method");
    ensure_eq!(stored.request().header_str("content-type"), Some("application/json"), "the content type");
    let other = world.store.webhook(WebhookId::new()).await;
    ensure!(matches!(other, Err(RepositoryError::NotFound(_))), "a webhook that there is not is found");
    Ok(())
}

pub(super) async fn a_replay_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let new = webhook(vec![world.text(&ana(), "hola")]);
    world.store.ingest(new.clone()).await?;
    let before = (world.history().await?, all(&world).await?);
    let told = world.store.ingest(replay(&new)).await?;
    ensure_eq!((told.messages, told.duplicates), (0, 1), "new ones and duplicates");
    let after = (world.history().await?, all(&world).await?);
    ensure_eq!(after, before, "history and stored webhooks after the replay");
    Ok(())
}

pub(super) async fn stored_webhooks_are_found_by_each_filter(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let plain = webhook(vec![world.text(&ana(), "uno")]);
    let mut broken = webhook(Vec::new());
    broken.batch = Batch { events: Vec::new(), problem: Some("not JSON".to_owned()), ..Batch::default() };
    let mut other = webhook(Vec::new());
    other.provider = "twilio".to_owned();
    let (first, second, third) = (plain.id, broken.id, other.id);
    let between = broken.received_at;
    for new in [plain, broken, other] {
        world.store.ingest(new).await?;
    }
    let by = |change: fn(&mut WebhookFilter)| {
        let mut filter = every();
        change(&mut filter);
        filter
    };
    let expected = [
        (every(), vec![first, second, third]),
        (by(|f| f.provider = Some("twilio".to_owned())), vec![third]),
        (by(|f| f.problems_only = true), vec![second]),
        (by(|f| f.limit = 2), vec![first, second]),
        (WebhookFilter { from: Some(between), ..every() }, vec![second, third]),
        (WebhookFilter { until: Some(between), ..every() }, vec![first]),
        (WebhookFilter { after: Some(first), ..every() }, vec![second, third]),
    ];
    for (filter, wanted) in expected {
        let found = world.store.webhooks(&filter).await?;
        ensure_eq!(found, wanted, "webhooks for {filter:?}");
    }
    Ok(())
}

pub(super) async fn strangers_wait_until_their_account_is_registered(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut late = world.clone();
    late.account = unique("whatsapp:").into();
    let new = webhook(vec![late.text(&ana(), "¿hay alguien?")]);
    let told = world.store.ingest(new.clone()).await?;
    let wanted = Ingested { quarantined: 1, ..Ingested::default() };
    ensure_eq!(told, wanted, "what came of a webhook for a stranger");
    ensure_eq!(world.history().await?.len(), 0, "messages in the history");

    let waiting = world.store.quarantine().await?;
    let waiting: Vec<_> = waiting.iter().map(|q| (&q.account, q.webhooks)).collect();
    ensure_eq!(waiting, [(&late.account, 1)], "what waits");
    let filter = WebhookFilter { quarantined: Some(late.account.clone()), ..every() };
    ensure_eq!(world.store.webhooks(&filter).await?, [new.id], "webhooks that wait");

    world.store.put_account(&late.account_row()).await?;
    let told = world.store.ingest(replay(&new)).await?;
    ensure_eq!(told.messages, 1, "messages after the account was registered");
    ensure_eq!(world.only().await?.account, Some(late.account), "its account");
    ensure_eq!(world.store.quarantine().await?, [], "what still waits");
    Ok(())
}

pub(super) async fn who_holds_another_accounts_key_is_not_believed(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let below = |parent: &str| Account { parent: Some(parent.into()), ..world.account_row() };
    world.store.put_account(&below("twilio:AC1")).await?;
    let spoken = |speaker: &str, text: &str| {
        let mut new = webhook(vec![world.text(&ana(), text)]);
        new.batch.speaker = Some(speaker.into());
        new
    };
    let told = world.store.ingest(spoken("twilio:AC2", "falso")).await?;
    ensure_eq!(told, Ingested { foreign: 1, ..Ingested::default() }, "what came of a stranger's word");
    ensure_eq!(world.history().await?.len(), 0, "messages in the history");
    ensure_eq!(world.store.quarantine().await?, [], "what waits");
    let problems = WebhookFilter { problems_only: true, ..every() };
    ensure_eq!(world.store.webhooks(&problems).await?.len(), 1, "webhooks that are kept with a problem");

    world.store.ingest(spoken("twilio:AC1", "cierto")).await?;
    ensure_eq!(world.only().await?.text.as_deref(), Some("cierto"), "what the right account says");
    Ok(())
}

/// A stored webhook as it is read again.
fn replay(new: &NewWebhook) -> NewWebhook {
    NewWebhook { request: None, ..new.clone() }
}

fn every() -> WebhookFilter {
    WebhookFilter { limit: 100, ..WebhookFilter::default() }
}

async fn all(world: &World) -> Found<Vec<WebhookId>> {
    Ok(world.store.webhooks(&every()).await?)
}

fn missing() -> crate::Violation {
    crate::Violation::new("the webhook has no request")
}

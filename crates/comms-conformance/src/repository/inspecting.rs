//! What waits and since when, and what a database says of itself.

use comms_core::{AccountId, Status};
use time::Duration;

use super::{
    RepositoryHarness,
    world::{World, ana, unique, webhook},
};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn what_waits_is_told_by_channel_and_since_when(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let empty = world.store.waiting().await?;
    ensure!(empty.channels.is_empty() && empty.lost == 0, "something waits in an empty store: {empty:?}");
    ensure!(empty.quarantined_since.is_none() && empty.media_since.is_none(), "an age of nothing: {empty:?}");
    let mut later = world.queued(&ana(), "luego");
    later.queue.scheduled_for = Some(later.now + Duration::days(1));
    later.queue.expires_at = Some(later.now + Duration::days(2));
    let due_at = later.queue.scheduled_for;
    world.waits(later).await?;
    world.accept(world.outbound(&ana(), "ahora")).await?;
    let phone = world.with_phone().await?;
    phone.accept(phone.dial()).await?;
    let lost = world.accept(world.outbound(&ana(), "perdido")).await?;
    world.conclude(lost, Status::Failed, None).await?;
    world.ingest(vec![world.photo(&ana(), "4711")]).await?;
    let mut stranger = world.text(&ana(), "hola");
    stranger.account = AccountId::of("whatsapp", &unique("stranger"));
    world.store.ingest(webhook(vec![stranger])).await?;

    let told = world.store.waiting().await?;
    let channels: Vec<_> = told.channels.iter().map(|one| (one.channel.as_str(), one.state, one.count)).collect();
    let expected = [("voice", "sending", 1), ("whatsapp", "waiting", 1), ("whatsapp", "sending", 1)];
    ensure_eq!(channels, expected, "the queue by channel");
    ensure_eq!(told.channels[1].first_due_at, due_at, "when the first is due");
    ensure!(told.media_since.is_some() && told.quarantined_since.is_some(), "no age: {told:?}");
    ensure_eq!((told.lost, told.unknown_since), (1, None), "what did not arrive");
    Ok(())
}

pub(super) async fn a_database_says_what_it_is(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let facts = world.store.facts().await?;
    ensure!(!facts.version.is_empty(), "no version");
    ensure!(facts.schema.0.is_some() && facts.schema.0 == facts.schema.1, "the schema is {:?}", facts.schema);
    for table in &facts.tables {
        ensure_eq!(table.found.as_ref(), Some(&table.wanted), "the schema of {}", table.name);
    }
    let pool = world.store.pool();
    ensure!(pool.most > 0 && pool.open <= pool.most && pool.idle <= pool.open, "the pool is {pool:?}");
    Ok(())
}

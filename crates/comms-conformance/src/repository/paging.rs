//! The history, page by page.

use std::collections::HashSet;

use comms_core::{
    AccountId, ChannelKind, ClientId, ContractId, Direction, MessageId, Status,
    history::{HistoryEntry, HistoryFilter, Links},
};

use super::{
    RepositoryHarness,
    world::{Found, World, ana, at_once, luis, of_lead, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// Rows that a walk goes over.
const ROWS: usize = 60;

pub(super) async fn a_walk_meets_every_row_once_while_others_write(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for at in 0..ROWS {
        let event = world.text(&ana(), &format!("fila {at}"));
        world.ingest(vec![event]).await?;
    }
    let before = ids(&world.history().await?);
    ensure_eq!(before.len(), ROWS, "rows before the walk");

    let writer = world.clone();
    let writing = tokio::spawn(async move {
        at_once(ROWS, |_| {
            let world = writer.clone();
            async move { world.ingest(vec![world.text(&luis(), "nueva")]).await }
        })
        .await
    });
    let walked = world.walk(&world.scope(), HistoryFilter::default(), 7).await?;
    writing.await??;

    in_order(&walked)?;
    let old: Vec<MessageId> = ids(&walked).into_iter().filter(|id| before.contains(id)).collect();
    ensure_eq!(old, before, "the rows that were there before");
    Ok(())
}

pub(super) async fn rows_of_one_instant_are_paged_without_loss(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    // One webhook, one time.
    let events = (0..20).map(|at| world.text(&ana(), &format!("fila {at}")));
    world.ingest(events.collect()).await?;
    let new = world.outbound(&ana(), "salida");
    for _ in 0..20 {
        let mut new = new.clone();
        new.message.id = MessageId::new();
        world.accept(new).await?;
    }
    let walked = world.walk(&world.scope(), HistoryFilter::default(), 3).await?;
    ensure_eq!(walked.len(), 40, "rows in pages of three");
    in_order(&walked)
}

pub(super) async fn each_filter_gives_what_it_names(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    fill(&world).await?;
    let all = world.history().await?;
    for (what, filter, keep) in filters(&all)? {
        let found = ids(&world.select(filter).await?);
        let wanted: Vec<HistoryEntry> = all.iter().filter(|e| keep(e)).cloned().collect();
        ensure!(!wanted.is_empty() && wanted.len() < all.len(), "the rows do not tell {what} apart");
        ensure_eq!(found, ids(&wanted), "rows by {what}");
    }
    Ok(())
}

pub(super) async fn text_is_found_without_regard_to_case_and_accents(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for body in ["El Camión de Ñuñoa", "Descuento del 50% hoy", "50 camas", "a_b", "axb"] {
        world.ingest(vec![world.text(&ana(), body)]).await?;
    }
    let truck = "El Camión de Ñuñoa";
    for (asked, wanted) in [
        ("camion", vec![truck]),
        ("CAMIÓN", vec![truck]),
        ("nunoa", vec![truck]),
        ("camión de ñ", vec![truck]),
        ("50%", vec!["Descuento del 50% hoy"]),
        ("a_b", vec!["a_b"]),
        ("avión", vec![]),
    ] {
        let filter = HistoryFilter { text: Some(asked.to_owned()), ..HistoryFilter::default() };
        let found = world.select(filter).await?;
        let found: Vec<&str> = found.iter().filter_map(|e| e.text.as_deref()).collect();
        ensure_eq!(found, wanted, "texts with {asked:?}");
    }
    Ok(())
}

pub(super) async fn a_page_is_never_longer_than_asked(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let events = (0..230).map(|at| world.text(&ana(), &format!("fila {at}")));
    world.ingest(events.collect()).await?;
    // 200 is the most that a page holds.
    for (limit, longest) in [(1, 1), (50, 50), (200, 200), (u16::MAX, 200)] {
        let filter = HistoryFilter { limit, ..HistoryFilter::default() };
        let page = world.store.history(&world.scope(), &filter).await?;
        ensure_eq!(page.entries.len(), longest, "rows in a page of {limit}");
        let last = page.entries.last().map(|e| (e.created_at, e.message));
        let next = page.next.map(|key| (key.created_at, key.id));
        ensure_eq!(next, last, "where a page of {limit} ended");
    }
    Ok(())
}

/// Rows that differ in everything that can be filtered by.
async fn fill(world: &World) -> Found<()> {
    let mut sms = world.account_row();
    sms.id = AccountId::of("twilio", &unique("sms"));
    sms.channel = ChannelKind::Sms;
    world.store.put_account(&sms).await?;
    let links = [
        of_lead(7),
        of_lead(8),
        Links { client: Some(ClientId::new("5")), ..Links::default() },
        Links { contract: Some(ContractId::new("6")), ..Links::default() },
    ];
    for (at, links) in (0_u32..).zip(links) {
        let to = if at % 2 == 0 { ana() } else { luis() };
        let mut new = world.outbound(&to, &format!("salida {at}"));
        new.links = links;
        new.user = user(1 + at % 3);
        if at == 3 {
            new.account = sms.id.clone();
            new.channel = ChannelKind::Sms;
        }
        let message = world.accept(new).await?;
        let status = if at == 0 { Status::Failed } else { Status::Accepted };
        world.conclude(message, status, None).await?;
        world.ingest(vec![world.text(&to, &format!("entrada {at}"))]).await?;
    }
    Ok(())
}

type Keep = Box<dyn Fn(&HistoryEntry) -> bool + Send + Sync>;

/// Each filter beside the condition that it stands for.
fn filters(all: &[HistoryEntry]) -> Found<Vec<(&'static str, HistoryFilter, Keep)>> {
    let any = HistoryFilter::default;
    let middle = all.get(all.len() / 2).ok_or_else(|| Violation::new("there are no rows"))?;
    let (at, conversation) = (middle.created_at, middle.conversation);
    let seven = of_lead(7).lead;
    let (five, six) = (Some(ClientId::new("5")), Some(ContractId::new("6")));
    let settled = vec![Status::Failed, Status::Received];
    let known = all.iter().find(|entry| entry.provider_id.is_some());
    let known = known.ok_or_else(|| Violation::new("no row has an id at the provider"))?;
    let (account, provider_id) = (known.account.clone(), known.provider_id.clone());
    let accounts: Vec<AccountId> = account.iter().cloned().collect();
    Ok(vec![
        ("account", HistoryFilter { accounts: accounts.clone(), ..any() }, Box::new(move |e| e.account == account)),
        (
            "id at the provider",
            HistoryFilter { accounts, provider_id: provider_id.clone(), ..any() },
            Box::new(move |e| e.provider_id == provider_id),
        ),
        ("lead", HistoryFilter { lead: seven.clone(), ..any() }, Box::new(move |e| e.links.lead == seven)),
        ("client", HistoryFilter { client: five.clone(), ..any() }, Box::new(move |e| e.links.client == five)),
        ("contract", HistoryFilter { contract: six.clone(), ..any() }, Box::new(move |e| e.links.contract == six)),
        ("user", HistoryFilter { user: Some(user(2)), ..any() }, Box::new(|e| e.user == Some(user(2)))),
        ("conversation", HistoryFilter { conversation, ..any() }, Box::new(move |e| e.conversation == conversation)),
        ("channel", HistoryFilter { channel: Some(ChannelKind::Sms), ..any() }, Box::new(|e| e.channel == "sms")),
        (
            "direction",
            HistoryFilter { direction: Some(Direction::Inbound), ..any() },
            Box::new(|e| e.direction == Direction::Inbound),
        ),
        (
            "states",
            HistoryFilter { statuses: settled.clone(), ..any() },
            Box::new(move |e| settled.contains(&e.status)),
        ),
        ("from", HistoryFilter { from: Some(at), ..any() }, Box::new(move |e| e.created_at >= at)),
        ("until", HistoryFilter { until: Some(at), ..any() }, Box::new(move |e| e.created_at < at)),
        (
            "user and direction",
            HistoryFilter { user: Some(user(1)), direction: Some(Direction::Outbound), ..any() },
            Box::new(|e| e.user == Some(user(1)) && e.direction == Direction::Outbound),
        ),
    ])
}

fn ids(entries: &[HistoryEntry]) -> Vec<MessageId> {
    entries.iter().map(|entry| entry.message).collect()
}

/// Newest first, and none twice.
fn in_order(entries: &[HistoryEntry]) -> Verdict {
    for pair in entries.windows(2) {
        let [newer, older] = pair else { continue };
        ensure!(
            (newer.created_at, newer.message) > (older.created_at, older.message),
            "{} at {} stands before {} at {}",
            newer.message,
            newer.created_at,
            older.message,
            older.created_at
        );
    }
    let distinct: HashSet<MessageId> = ids(entries).into_iter().collect();
    ensure_eq!(distinct.len(), entries.len(), "distinct rows");
    Ok(())
}

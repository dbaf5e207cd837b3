//! What is claimed and recorded many at a time: each as it would be alone (P3, P4).

use comms_core::{
    Address, AddressKind, EventKind, MessageId, OptChange, Party, Status,
    history::{Account, ClaimToken, OutboxJob, Standing},
};
use serde_json::Value;
use time::Duration;

use super::{
    RepositoryHarness,
    world::{Found, LEASE, World, ana, at_once, luis, tick, unique},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// How many attempts end at once.
const ENDED: usize = 40;

pub(super) async fn a_claim_tells_what_the_rules_look_at(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let other = world.neighbour().await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let change =
        OptChange { party: Party::of(ana()), opted_in: false, scope: "marketing".to_owned(), raw: Value::Null };
    world.ingest(vec![world.event(&unique("opt"), EventKind::Opt(change))]).await?;
    let to_ana = waiting(&world, &ana()).await?;
    let to_luis = waiting(&world, &luis()).await?;
    let elsewhere = waiting(&other, &ana()).await?;
    let jobs = world.store.claim_due(tick(), LEASE, 10).await?;
    for job in &jobs {
        let known = world.store.recipient(&job.account, &job.message.to).await?;
        let told =
            Standing { account_usable: true, last_inbound_at: known.last_inbound_at, opted_out: known.opted_out };
        ensure_eq!(job.standing, told, "what a claim tells, beside what is known of the recipient");
    }
    let standing = |id| standing(&jobs, id);
    ensure!(standing(to_ana)?.last_inbound_at.is_some(), "that she wrote is not told");
    ensure_eq!(standing(to_ana)?.opted_out, ["marketing"], "of what she opted out");
    let nothing = Standing { account_usable: true, ..Standing::default() };
    ensure_eq!(standing(to_luis)?, nothing, "what is told of somebody else");
    ensure_eq!(standing(elsewhere)?, nothing, "what another organisation is told of her");
    world.store.put_account(&Account { active: false, ..world.account_row() }).await?;
    let late = waiting(&world, &luis()).await?;
    world.conclude(to_luis, Status::Accepted, None).await?;
    let jobs = world.store.claim_due(tick(), LEASE, 10).await?;
    let job = jobs.iter().find(|job| job.message.id == late);
    ensure!(job.is_some_and(|job| !job.standing.account_usable), "an account that is out of use may send");
    Ok(())
}

pub(super) async fn attempts_that_end_at_once_end_as_each_would_alone(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut attempts = Vec::new();
    for n in 0..ENDED {
        let someone = Address::verbatim(AddressKind::Other, format!("persona-{n}"));
        let message = world.accept(world.queued(&someone, "hola")).await?;
        let name = unique("wamid");
        if n % 4 == 0 {
            // The provider was faster than its own answer.
            world.ingest(vec![world.status(&name, Status::Delivered)]).await?;
        }
        attempts.push((message, name));
    }
    let again_at = tick() + Duration::minutes(10);
    at_once(ENDED, |n| {
        let (world, (message, name)) = (world.clone(), attempts[n].clone());
        async move {
            match n % 4 {
                0 | 1 => world.conclude(message, Status::Accepted, Some(&name)).await?,
                2 => ensure!(
                    world.ended(message, ClaimToken::FIRST, Status::Failed, again_at).await?,
                    "it did not count"
                ),
                _ => drop(world.put_back(message, ClaimToken::FIRST, again_at).await?),
            }
            Ok(())
        }
    })
    .await?;
    for (n, (message, name)) in attempts.into_iter().enumerate() {
        let detail = world.message(message).await?;
        let told = (detail.entry.status, detail.entry.provider_id.clone());
        let due_at = detail.entry.delivery.as_ref().map(|delivery| delivery.due_at);
        let problem = detail.entry.problem.as_ref().map(|problem| problem.code.as_str());
        match n % 4 {
            0 => ensure_eq!(told, (Status::Delivered, Some(name)), "one that was told of before"),
            1 => ensure_eq!(told, (Status::Accepted, Some(name)), "one that was accepted"),
            2 => ensure_eq!((told, problem), ((Status::Failed, None), Some("429")), "one that failed"),
            _ => ensure_eq!((told, due_at), ((Status::Queued, None), Some(again_at)), "one that waits again"),
        }
        let steps: Vec<Status> = detail.events.iter().filter_map(|event| event.status).collect();
        ensure!(steps.contains(&Status::Sending) && steps.len() > 1, "the steps of one: {steps:?}");
    }
    Ok(())
}

/// A message that is due now.
async fn waiting(world: &World, to: &Address) -> Found<MessageId> {
    let mut new = world.queued(to, "hola");
    new.queue.held_until = Some(new.now);
    Ok(world.waits(new).await?.0)
}

fn standing(jobs: &[OutboxJob], id: MessageId) -> Found<Standing> {
    let job = jobs.iter().find(|job| job.message.id == id);
    job.map(|job| job.standing.clone()).ok_or_else(|| Violation::new("a message that is due is not claimed"))
}

//! A call is one record, whichever of its legs and webhooks tells of it, in whatever order.

use comms_core::{
    AccountId, ChannelKind, Direction, ErrorKind, Event, EventKind, InboundMessage, MessageOrigin, Problem, Status,
    history::{Account, Conclusion, Links},
};
use serde_json::json;
use time::Duration;

use super::{
    RepositoryHarness,
    world::{Found, LEASE, World, ana, luis, of_lead, tick, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// What both legs of a call tell, in the order of Twilio: the other party's leg, then our own.
const TOLD: [Status; 5] =
    [Status::CallInitiated, Status::CallRinging, Status::CallInProgress, Status::CallCompleted, Status::CallEnded];

pub(super) async fn a_call_ends_alike_in_every_order_of_its_reports(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    for turn in 0..TOLD.len() {
        for backwards in [false, true] {
            let mut order = TOLD;
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            let (message, call) = world.dialled().await?;
            let mut highest = Status::CallInitiated;
            for status in order {
                world.ingest(vec![world.status(&call, status)]).await?;
                highest = highest.merge(status);
                let found = world.message(message).await?.entry.status;
                ensure_eq!(found, highest, "the state after {status:?} in {order:?}");
            }
            let kept = world.message(message).await?.events;
            for status in TOLD {
                ensure!(kept.iter().any(|event| event.status == Some(status)), "{status:?} is not among its events");
            }
        }
    }
    Ok(())
}

pub(super) async fn the_longest_call_and_the_greatest_answer_stand(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let (message, call) = world.dialled().await?;
        // Two reports of the end differ by a second; a report without a state tells who answered.
        let reports = [
            told(world.word(&call, Some(Status::CallCompleted), "completed"), Some(42), Some("human")),
            told(world.word(&call, Some(Status::CallCompleted), "dial:completed"), Some(43), None),
            told(world.word(&call, None, "amd"), None, Some("machine_start")),
        ];
        for at in order {
            world.ingest(vec![reports[at].clone()]).await?;
        }
        let detail = world.message(message).await?;
        let found = (detail.entry.status, detail.entry.duration_seconds, detail.entry.answered_by.as_deref());
        ensure_eq!(found, (Status::CallCompleted, Some(43), Some("machine_start")), "the call after {order:?}");
        let kept = detail.events.iter().filter(|event| event.duration_seconds.is_some()).count();
        ensure_eq!(kept, 2, "events with a duration");
    }
    Ok(())
}

pub(super) async fn what_an_early_report_of_a_call_told_is_not_lost(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let report = |call: &str| told(world.status(call, Status::CallCompleted), Some(42), Some("human"));
    let placed = world.accept(world.dial()).await?;
    let call = unique("CA");
    world.ingest(vec![report(&call)]).await?;
    world.conclude(placed, Status::CallInitiated, Some(&call)).await?;
    let mut calls = vec![world.message(placed).await?.entry];
    for origin in [MessageOrigin::Counterpart, MessageOrigin::Echo] {
        let call = unique("CA");
        world.ingest(vec![report(&call)]).await?;
        world.ingest(vec![world.call(&call, origin, Status::CallRinging)]).await?;
        let all = world.history().await?;
        calls.extend(all.into_iter().filter(|entry| entry.provider_id.as_ref() == Some(&call)));
    }
    ensure_eq!(calls.len(), 3, "calls");
    for entry in calls {
        let found = (entry.status, entry.duration_seconds, entry.answered_by.as_deref());
        ensure_eq!(found, (Status::CallCompleted, Some(42), Some("human")), "a call whose end came first");
    }
    Ok(())
}

pub(super) async fn a_call_begins_where_its_webhook_says(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let problem = Problem {
        code: "destination".to_owned(),
        message: "premium number".to_owned(),
        kind: ErrorKind::InvalidRequest,
    };
    let mut refused = world.call(&unique("CA"), MessageOrigin::Echo, Status::CallFailed);
    said(&mut refused, |message| message.problem = Some(problem.clone()));
    world.ingest(vec![refused]).await?;
    let entry = world.only().await?;
    ensure_eq!((entry.status, entry.problem), (Status::CallFailed, Some(problem)), "a call that was refused");
    ensure_eq!(entry.direction, Direction::Outbound, "its direction");
    world.ingest(vec![world.call(&unique("CA"), MessageOrigin::Counterpart, Status::CallRinging)]).await?;
    let states: Vec<Status> = world.history().await?.iter().map(|entry| entry.status).collect();
    ensure_eq!(states, [Status::CallRinging, Status::CallFailed], "the states");
    Ok(())
}

pub(super) async fn several_webhooks_tell_of_one_call(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    for together in [false, true] {
        for backwards in [false, true] {
            let call = unique("CA");
            let mut asked = world.call(&call, MessageOrigin::Echo, Status::CallInitiated);
            said(&mut asked, |message| {
                message.author = Some(user(2));
                message.links = of_lead(7);
                message.extra = json!({"city": "Sevilla"});
            });
            let begun = asked.occurred_at;
            let mut ended = world.call(&call, MessageOrigin::Echo, Status::CallEnded);
            said(&mut ended, |message| message.party.addresses.clear());
            let mut webhooks = vec![asked, ended];
            if backwards {
                webhooks.reverse();
            }
            let batches = if together { vec![webhooks] } else { webhooks.into_iter().map(|e| vec![e]).collect() };
            for batch in batches {
                world.ingest(batch).await?;
            }
            let all = world.history().await?;
            let mut of_call = all.iter().filter(|entry| entry.provider_id.as_ref() == Some(&call));
            let (Some(entry), None) = (of_call.next(), of_call.next()) else {
                return Err(Violation::new("a call is not one record"));
            };
            let detail = world.message(entry.message).await?;
            let how = format!("together: {together}, backwards: {backwards}");
            ensure_eq!(entry.status, Status::CallEnded, "the state ({how})");
            ensure_eq!((entry.user.as_ref(), &entry.links), (Some(&user(2)), &of_lead(7)), "whose it is ({how})");
            ensure_eq!(entry.counterpart, ana().value(), "the other party ({how})");
            ensure!(entry.conversation.is_some(), "it has no conversation ({how})");
            ensure_eq!(detail.extra, Some(json!({"city": "Sevilla"})), "what else was told ({how})");
            ensure_eq!(detail.occurred_at, begun, "when it began ({how})");
        }
    }
    Ok(())
}

pub(super) async fn who_calls_says_whose_the_call_is(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let mut asked = world.outbound(&ana(), "¿le interesa?");
    asked.links = of_lead(7);
    asked.user = user(3);
    world.accept(asked).await?;
    let mut call = world.call(&unique("CA"), MessageOrigin::Echo, Status::CallInitiated);
    said(&mut call, |message| {
        message.author = Some(user(2));
        message.links = of_lead(8);
    });
    let told = call.clone();
    world.ingest(vec![call]).await?;
    let entry = world.history().await?.into_iter().next().ok_or_else(|| Violation::new("the call is missing"))?;
    ensure_eq!((entry.user, entry.links), (Some(user(2)), of_lead(8)), "whose the call is");

    // As after a send: whoever calls back belongs to the same, and is theirs.
    let known = world.store.recipient(&world.account, &ana()).await?;
    ensure_eq!((known.owner, known.links), (Some(user(2)), of_lead(8)), "what was learnt of the other party");
    let mut later = world.outbound(&ana(), "¿y ahora?");
    later.links = of_lead(9);
    world.accept(later).await?;
    world.ingest(vec![told]).await?;
    let known = world.store.recipient(&world.account, &ana()).await?.links;
    ensure_eq!(known, of_lead(9), "what is known after the old webhook came again");
    let mut plain = world.call(&unique("CA"), MessageOrigin::Echo, Status::CallInitiated);
    said(&mut plain, |message| message.author = Some(user(3)));
    world.ingest(vec![plain]).await?;
    let entry = world.history().await?.into_iter().next().ok_or_else(|| Violation::new("the call is missing"))?;
    ensure_eq!((entry.user, entry.links), (Some(user(3)), of_lead(9)), "a call without links");
    Ok(())
}

pub(super) async fn a_late_report_corrects_a_call_that_was_cut_off(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let new = world.dial();
    let ended = new.now + LEASE + Duration::seconds(1);
    let message = world.accept(new).await?;
    ensure_eq!(world.store.release_stale(ended, false).await?, [message], "the cut off call");
    ensure_eq!(world.message(message).await?.entry.status, Status::Unknown, "its state");
    let call = unique("CA");
    // A report of this word has no state, and names the call all the same.
    let mut first = world.word(&call, None, "in-progress");
    if let EventKind::Status(update) = &mut first.kind {
        update.correlation = Some(message.to_string());
    }
    world.ingest(vec![world.status(&call, Status::CallRinging)]).await?;
    world.ingest(vec![first]).await?;
    let entry = world.message(message).await?.entry;
    ensure_eq!((entry.status, entry.provider_id), (Status::CallRinging, Some(call)), "the call that was named");

    let refused = world.accept(world.dial()).await?;
    let problem =
        Problem { code: "21211".to_owned(), message: "no number".to_owned(), kind: ErrorKind::InvalidRecipient };
    let conclusion = Conclusion {
        message: refused,
        claim: None,
        status: Status::CallFailed,
        receipt: None,
        problem: Some(problem.clone()),
        due_at: None,
        now: tick(),
    };
    world.store.conclude(conclusion).await?;
    let entry = world.message(refused).await?.entry;
    ensure_eq!((entry.status, entry.problem), (Status::CallFailed, Some(problem)), "the call that was refused");
    Ok(())
}

pub(super) async fn a_call_is_not_read(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let call = unique("CA");
    world.ingest(vec![world.call(&call, MessageOrigin::Counterpart, Status::Received)]).await?;
    let message = world.only().await?.message;
    let changed = world.store.mark_read(&world.scope(), &user(1), message, tick()).await?;
    ensure!(!changed, "a call was marked as read");
    ensure_eq!(world.only().await?.status, Status::Received, "its state");
    Ok(())
}

pub(super) async fn what_a_user_placed_is_counted(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let neighbour = world.neighbour().await?.with_phone().await?;
    let start = tick();
    for desk in [&world, &neighbour] {
        desk.dialled().await?;
        let refused = desk.accept(desk.dial()).await?;
        desk.conclude(refused, Status::CallFailed, None).await?;
        let mut of_another = desk.dial();
        of_another.user = user(2);
        desk.accept(of_another).await?;
        desk.ingest(vec![desk.call(&unique("CA"), MessageOrigin::Counterpart, Status::CallRinging)]).await?;
    }
    let mut from_the_browser = world.call(&unique("CA"), MessageOrigin::Echo, Status::CallInitiated);
    said(&mut from_the_browser, |message| message.author = Some(user(1)));
    world.ingest(vec![from_the_browser]).await?;
    let voice = ChannelKind::Voice;
    let placed = |seller, channel, since| {
        let (world, seller) = (world.clone(), user(seller));
        async move {
            let placed = world.store.placed_since(&world.organization, &seller, channel, since);
            Ok::<_, Violation>(placed.await?)
        }
    };
    ensure_eq!(placed(1, voice, start).await?, 2, "calls of user 1");
    ensure_eq!(placed(2, voice, start).await?, 1, "calls of user 2");
    ensure_eq!(placed(3, voice, start).await?, 0, "calls of user 3");
    ensure_eq!(placed(1, ChannelKind::Sms, start).await?, 0, "messages of user 1");
    ensure_eq!(placed(1, voice, tick() + Duration::hours(1)).await?, 0, "calls after the last");
    Ok(())
}

pub(super) async fn an_account_above_concerns_those_below_it(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open_phone(harness).await?;
    let above = AccountId::of("twilio", &unique("AC"));
    let (message, call) = world.dialled().await?;
    let of_above = |mut event: Event| {
        event.account = above.clone();
        event
    };
    let ended = of_above(told(world.status(&call, Status::CallCompleted), Some(42), None));
    let recorded = of_above(world.recording(&call, &unique("RE")));
    let webhook = super::world::webhook(vec![ended, recorded]);
    let told = world.store.ingest(webhook.clone()).await?;
    ensure_eq!(told.quarantined, 2, "events of an account that nobody registered");
    let waiting = world.store.quarantine().await?;
    ensure!(waiting.iter().any(|one| one.account == above), "the account above is not in quarantine");

    // Another number of the same organisation comes first in the order of ids.
    let below = |account: Account| Account { parent: Some(above.clone()), ..account };
    let first = AccountId::of("a", &unique("first"));
    world.store.put_account(&below(Account { id: first, ..world.account_row() })).await?;
    world.store.put_account(&below(world.account_row())).await?;
    world.store.webhook(webhook.id).await?;
    let again = comms_core::history::NewWebhook { request: None, ..webhook };
    let told = world.store.ingest(again).await?;
    ensure_eq!((told.statuses, told.updates, told.quarantined), (1, 1, 0), "statuses and updates of the replay");
    let waiting = world.store.quarantine().await?;
    ensure!(waiting.iter().all(|one| one.account != above), "the account above is still in quarantine");
    let entry = world.message(message).await?.entry;
    let found = (entry.status, entry.duration_seconds, entry.attachments.len());
    ensure_eq!(found, (Status::CallCompleted, Some(42), 1), "the call after the replay");

    // Before its message as well as after.
    let call = unique("CA");
    world.ingest(vec![of_above(world.status(&call, Status::CallCompleted))]).await?;
    world.ingest(vec![of_above(world.recording(&call, &unique("RE")))]).await?;
    world.ingest(vec![world.call(&call, MessageOrigin::Counterpart, Status::CallRinging)]).await?;
    let newest = world.history().await?.into_iter().next();
    let found = newest.map(|entry| (entry.status, entry.attachments.len()));
    ensure_eq!(found, Some((Status::CallCompleted, 1)), "the call after its reports");
    Ok(())
}

pub(super) async fn nothing_of_a_call_crosses_organisations(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open_phone(harness).await?;
    let theirs = ours.neighbour().await?.with_phone().await?;
    let (message, call) = ours.dialled().await?;
    let mut named = told(theirs.status(&call, Status::CallCompleted), Some(42), Some("human"));
    if let EventKind::Status(update) = &mut named.kind {
        update.correlation = Some(message.to_string());
    }
    theirs.ingest(vec![named, theirs.recording(&call, &unique("RE"))]).await?;
    untouched(&ours, message).await?;

    // An account above both tells of nobody's call: it waits until somebody says whose it is.
    let above = AccountId::of("twilio", &unique("AC"));
    for world in [&ours, &theirs] {
        world.store.put_account(&Account { parent: Some(above.clone()), ..world.account_row() }).await?;
    }
    let mut event = theirs.status(&call, Status::CallCompleted);
    event.account = above.clone();
    let told = ours.store.ingest(super::world::webhook(vec![event])).await?;
    ensure_eq!(told.quarantined, 1, "events of an account above two organisations");
    untouched(&ours, message).await?;

    // Reports that came early are adopted within their organisation alone.
    let early = unique("CA");
    theirs.ingest(vec![theirs.status(&early, Status::CallCompleted)]).await?;
    theirs.ingest(vec![theirs.recording(&early, &unique("RE"))]).await?;
    let placed = ours.accept(ours.dial()).await?;
    ours.conclude(placed, Status::CallInitiated, Some(&early)).await?;
    untouched(&ours, placed).await?;
    let known = theirs.store.recipient(&theirs.account, &luis()).await?;
    ensure_eq!((known.links, known.owner), (Links::default(), None), "what they know of our people");
    Ok(())
}

async fn untouched(world: &World, message: comms_core::MessageId) -> Found<()> {
    let entry = world.message(message).await?.entry;
    let found = (entry.status, entry.duration_seconds, entry.answered_by, entry.attachments.len());
    ensure_eq!(found, (Status::CallInitiated, None, None, 0), "our call after their reports");
    Ok(())
}

/// The report, with what else it tells.
fn told(mut event: Event, duration: Option<u32>, answered_by: Option<&str>) -> Event {
    if let EventKind::Status(update) = &mut event.kind {
        update.duration_seconds = duration;
        update.answered_by = answered_by.map(str::to_owned);
    }
    event
}

fn said(event: &mut Event, change: impl FnOnce(&mut InboundMessage)) {
    if let EventKind::Message(message) = &mut event.kind {
        change(message);
    }
}

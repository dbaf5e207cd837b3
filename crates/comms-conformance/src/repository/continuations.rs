//! Calls that go on by chat: handed off once, claimed by one, answered burst by burst.

use comms_core::{
    CallOutcome, CallProgress, CallReport, Content, ContinuationId, ConversationId, Cursor, MessageId, Speaker,
    Template, Utterance,
    history::{
        AgentAnswer, AgentPart, Continuation, ContinuationClaim, ContinuationConclusion, ContinuationFilter,
        ContinuationJob, ContinuationState, ContinuationStep, ConversationFilter, ConversationState, NewContinuation,
        NotePage,
    },
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    world::{AT_ONCE, Found, LEASE, World, ana, at_once, tick, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

const AGENT: &str = "agent_1";
pub(super) const DEBOUNCE: Duration = Duration::seconds(2);
pub(super) const MOMENT: Duration = Duration::seconds(1);

pub(super) fn call(world: &World, call: &str) -> NewContinuation {
    NewContinuation {
        organization: world.organization.clone(),
        provider: "elevenlabs".to_owned(),
        call: call.to_owned(),
        agent: AGENT.to_owned(),
        agent_name: None,
        batch: Some("btcal_1".to_owned()),
        recipient: None,
        told_by: "call_completed".to_owned(),
        phone: Some("+34600000000".to_owned()),
        client_name: Some("Ana".to_owned()),
        metadata: json!({"group_id": 5}).as_object().cloned().unwrap_or_default(),
        outcome: Some(CallOutcome::Talked),
        report: None,
        now: tick(),
    }
}

fn wanted(id: Option<ContinuationId>, now: OffsetDateTime) -> ContinuationClaim {
    ContinuationClaim { now, lease: LEASE, limit: 100, debounce: DEBOUNCE, patience: DEBOUNCE * 3, only: id }
}

pub(super) async fn claimed(world: &World, id: ContinuationId, now: OffsetDateTime) -> Found<Option<ContinuationJob>> {
    let (mut jobs, _) = world.store.claim_continuations(&wanted(Some(id), now)).await?;
    jobs.retain(|job| job.continuation.id == id);
    Ok(jobs.pop())
}

pub(super) async fn claim(world: &World, id: ContinuationId, now: OffsetDateTime) -> Found<ContinuationJob> {
    claimed(world, id, now).await?.ok_or_else(|| Violation::new("what is due is not claimed"))
}

pub(super) async fn conclude(world: &World, job: &ContinuationJob, step: ContinuationStep) -> Found<bool> {
    let conclusion = ContinuationConclusion { id: job.continuation.id, token: job.token, step, now: tick() };
    Ok(world.store.conclude_continuation(conclusion).await?)
}

/// A continuation whose first message is on its way.
pub(super) async fn opened(world: &World) -> Found<(ContinuationId, ConversationId)> {
    let (new, _) = world.store.hand_off(call(world, &unique("conv"))).await?;
    let job = claim(world, new.id, tick()).await?;
    let opening = world.outbound(&ana(), &unique("hola Ana"));
    let decided = ContinuationStep::Decided {
        account: world.account.clone(),
        message: opening.message.id,
        content: opening.message.content.clone(),
    };
    ensure!(conclude(world, &job, decided).await?, "what the first message says is not kept");
    let message = world.accept(opening).await?;
    let conversation = world.message(message).await?.entry.conversation;
    let conversation = conversation.ok_or_else(|| Violation::new("a message without conversation"))?;
    ensure!(conclude(world, &job, ContinuationStep::Opened(conversation)).await?, "the first message is not recorded");
    Ok((new.id, conversation))
}

pub(super) fn answer(text: &str) -> AgentAnswer {
    let part = AgentPart { message: MessageId::new(), text: text.to_owned() };
    AgentAnswer { parts: vec![part], session: Some("conv_text".to_owned()), ..AgentAnswer::default() }
}

/// A call of an agent with Ana that went on by chat, with one answer.
pub(super) async fn answered(world: &World) -> Found<()> {
    let (id, _) = opened(world).await?;
    world.ingest(vec![world.text(&ana(), "hola de Ana al agente")]).await?;
    let job = claim(world, id, tick() + DEBOUNCE * 3 + MOMENT).await?;
    conclude(world, &job, ContinuationStep::Answered(answer("a Ana"))).await?;
    conclude(world, &job, ContinuationStep::Said).await?;
    Ok(())
}

fn escalated() -> ContinuationStep {
    ContinuationStep::Ended {
        state: ContinuationState::Escalated,
        reason: "keyword".to_owned(),
        problem: None,
        note: Some((user(1), "quiere hablar con una persona".to_owned())),
    }
}

pub(super) async fn a_call_is_handed_off_once(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, shared) = (unique("conv"), world.clone());
    let all = at_once(AT_ONCE, move |_| {
        let (world, id) = (shared.clone(), id.clone());
        async move { Ok(world.store.hand_off(call(&world, &id)).await?) }
    })
    .await?;
    ensure_eq!(all.iter().filter(|(_, new)| *new).count(), 1, "who told of the call first");
    let first = all[0].0.id;
    ensure!(all.iter().all(|(one, _)| one.id == first), "one call is several continuations");
    let all_of = ContinuationFilter { limit: 200, ..ContinuationFilter::default() };
    let listed = world.store.continuations(&world.organization, &all_of).await?;
    ensure_eq!(listed.len(), 1, "continuations of one call");
    Ok(())
}

pub(super) async fn who_tells_of_a_call_again_adds_what_was_not_known(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let id = unique("conv");
    let bare = NewContinuation {
        told_by: "webhook".to_owned(),
        phone: None,
        client_name: None,
        batch: None,
        metadata: json!({"group_id": 7}).as_object().cloned().unwrap_or_default(),
        outcome: None,
        ..call(&world, &id)
    };
    world.store.hand_off(bare).await?;
    let (again, new) = world.store.hand_off(call(&world, &id)).await?;
    ensure!(!new, "a call is new twice");
    ensure_eq!(
        (again.phone.as_deref(), again.client_name.as_deref(), again.batch.as_deref(), again.outcome),
        (Some("+34600000000"), Some("Ana"), Some("btcal_1"), Some(CallOutcome::Talked)),
        "what was not known before"
    );
    ensure_eq!(again.metadata.get("group_id"), Some(&json!(7)), "what was known before");
    ensure_eq!(again.told_by.as_str(), "webhook", "who told of it first");
    let mut report = CallReport::new(&id, AGENT, CallProgress::Done);
    report.summary = Some("quiere el jueves".to_owned());
    report.duration_secs = Some(27);
    report.outcome = CallOutcome::Talked;
    report.transcript = vec![Utterance { speaker: Speaker::Person, text: "el jueves".to_owned() }];
    let told = NewContinuation { report: Some(report.clone()), ..call(&world, &id) };
    let (known, _) = world.store.hand_off(told).await?;
    ensure_eq!((known.summary.as_deref(), known.duration_secs), (Some("quiere el jueves"), Some(27)), "what was said");
    ensure_eq!(known.transcript, report.transcript, "what was said word for word");
    ensure!(known.facts_at.is_some(), "a call that is over has facts to come");
    report.summary = Some("otra cosa".to_owned());
    let late = NewContinuation { report: Some(report), ..call(&world, &id) };
    let (known, _) = world.store.hand_off(late).await?;
    ensure_eq!(known.summary.as_deref(), Some("quiere el jueves"), "final facts that change");
    Ok(())
}

pub(super) async fn a_continuation_is_claimed_once_until_its_lease_ends(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (new, _) = world.store.hand_off(call(&world, &unique("conv"))).await?;
    let (now, shared) = (tick(), world.clone());
    let all = at_once(16, move |_| {
        let world = shared.clone();
        async move { claimed(&world, new.id, now).await }
    })
    .await?;
    ensure_eq!(all.into_iter().flatten().count(), 1, "claims on one continuation at once");
    ensure!(claimed(&world, new.id, now + MOMENT).await?.is_none(), "a claimed continuation is claimed again");
    let again = claim(&world, new.id, now + LEASE + MOMENT).await?;
    ensure_eq!(again.continuation.attempts, 2, "how often it was tried");
    let due_at = now + LEASE * 3;
    conclude(&world, &again, ContinuationStep::Later { due_at, problem: None }).await?;
    ensure!(claimed(&world, new.id, due_at - MOMENT).await?.is_none(), "what waits is claimed before its time");
    let back = claim(&world, new.id, due_at + MOMENT).await?;
    ensure!(conclude(&world, &back, ContinuationStep::GivenBack).await?, "what was not begun is not given back");
    ensure!(claimed(&world, new.id, due_at + MOMENT).await?.is_some(), "what was given back is not due");
    Ok(())
}

pub(super) async fn who_lost_a_continuation_changes_nothing(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (new, _) = world.store.hand_off(call(&world, &unique("conv"))).await?;
    let now = tick();
    let first = claim(&world, new.id, now).await?;
    let second = claim(&world, new.id, now + LEASE + MOMENT).await?;
    ensure!(second.token > first.token, "the number of a later claim is no greater one");
    let skipped = |reason: &str| ContinuationStep::Ended {
        state: ContinuationState::Skipped,
        reason: reason.to_owned(),
        problem: None,
        note: None,
    };
    ensure!(!conclude(&world, &first, skipped("old")).await?, "the word of an older claim counts");
    ensure!(conclude(&world, &second, skipped("voicemail")).await?, "the holder's word does not count");
    let one = world.store.continuation(&world.organization, new.id).await?;
    ensure_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some("voicemail")), "how it ended");
    ensure!(claimed(&world, new.id, now + LEASE * 3).await?.is_none(), "what has ended is claimed");
    Ok(())
}

pub(super) async fn a_burst_waits_until_nothing_follows(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    ensure!(claimed(&world, id, tick() + MOMENT).await?.is_none(), "there is a burst where nobody wrote");
    world.ingest(vec![world.text(&ana(), "uno")]).await?;
    let first = tick();
    ensure!(claimed(&world, id, first + MOMENT).await?.is_none(), "a message is answered before its neighbours come");
    world.ingest(vec![world.text(&ana(), "dos"), world.text(&ana(), "tres")]).await?;
    let job = claim(&world, id, tick() + DEBOUNCE + MOMENT).await?;
    let burst = job.burst.ok_or_else(|| Violation::new("no burst"))?;
    ensure_eq!((burst.number, burst.messages.len()), (1, 3), "messages of one burst");
    let said = world.message(burst.messages[0]).await?.entry.text;
    ensure_eq!(said.as_deref(), Some("uno"), "what was said first");
    Ok(())
}

pub(super) async fn a_burst_is_the_same_after_a_crash(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    world.ingest(vec![world.text(&ana(), "uno"), world.text(&ana(), "dos")]).await?;
    let now = tick() + DEBOUNCE + MOMENT;
    let job = claim(&world, id, now).await?;
    let first = job.burst.clone().ok_or_else(|| Violation::new("no burst"))?;
    // The process ends, and something more comes in.
    world.ingest(vec![world.text(&ana(), "tres")]).await?;
    let later = now + LEASE + MOMENT;
    let job = claim(&world, id, later).await?;
    let again = job.burst.clone().ok_or_else(|| Violation::new("the burst is lost"))?;
    ensure_eq!((again.number, &again.messages), (first.number, &first.messages), "the burst after a crash");
    ensure_eq!(again.messages.len(), 2, "its messages");
    let said = answer("el jueves");
    ensure!(conclude(&world, &job, ContinuationStep::Answered(said.clone())).await?, "an answer is not kept");
    let job = claim(&world, id, later + LEASE + MOMENT).await?;
    let kept = job.burst.clone().and_then(|burst| burst.reply);
    ensure_eq!(kept, Some(said), "what was said before the crash");
    ensure!(conclude(&world, &job, ContinuationStep::Said).await?, "the end of a burst does not count");
    let next = claim(&world, id, later + LEASE + MOMENT * 2).await?;
    let next = next.burst.ok_or_else(|| Violation::new("what came in meanwhile is lost"))?;
    ensure_eq!((next.number, next.messages.len()), (2, 1), "what came in meanwhile");
    ensure_eq!(world.store.turns_since(&world.account, OffsetDateTime::UNIX_EPOCH).await?, 2, "bursts of the account");
    Ok(())
}

pub(super) async fn the_newest_of_an_agent_goes_on_alone(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (old, conversation) = opened(&world).await?;
    let (new, same) = opened(&world).await?;
    ensure_eq!(same, conversation, "the conversation of one person");
    let old = world.store.continuation(&world.organization, old).await?;
    ensure_eq!((old.state, old.reason.as_deref()), (ContinuationState::Closed, Some("superseded")), "the older one");
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let now = tick() + DEBOUNCE + MOMENT;
    ensure!(claimed(&world, old.id, now).await?.is_none(), "one that is over hears");
    ensure!(claim(&world, new, now).await?.burst.is_some(), "the newest does not hear");
    let filter = ContinuationFilter { states: vec![ContinuationState::Active], limit: 10, ..Default::default() };
    let active = world.store.continuations(&world.organization, &filter).await?;
    let ids: Vec<ContinuationId> = active.iter().map(|one| one.id).collect();
    ensure_eq!(ids, [new], "those that are active");
    Ok(())
}

pub(super) async fn an_escalation_raises_the_conversation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, conversation) = opened(&world).await?;
    world.ingest(vec![world.text(&ana(), "quiero una persona")]).await?;
    let scope = world.scope();
    world.store.decide(&scope, &user(1), conversation, ConversationState::Closed, None, tick()).await?;
    let job = claim(&world, id, tick() + DEBOUNCE + MOMENT).await?;
    let before = world.store.log_end().await?;
    ensure!(conclude(&world, &job, escalated()).await?, "an escalation does not count");
    let one = world.store.continuation(&world.organization, id).await?;
    ensure_eq!((one.state, one.reason.as_deref()), (ContinuationState::Escalated, Some("keyword")), "how it stands");
    let filter = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    let talks = world.store.conversations(&scope, None, &filter).await?.entries;
    ensure!(
        talks.iter().any(|talk| talk.id == conversation && talk.state == ConversationState::Open),
        "the conversation is not open"
    );
    let NotePage { entries, .. } = world.store.notes(&scope, conversation, None, 10).await?;
    ensure_eq!(entries.len(), 1, "notes for those who take over");
    let told = world.log(before).await?;
    ensure!(told.iter().any(|event| event.payload["change"] == "escalated"), "the log does not tell of it");
    world.ingest(vec![world.text(&ana(), "¿hola?")]).await?;
    let now = tick() + DEBOUNCE + MOMENT;
    ensure!(claimed(&world, id, now).await?.is_none(), "an agent answers what a person is to answer");
    let (resumed, changed) = world.store.resume_continuation(&world.organization, id, tick()).await?;
    ensure!(changed && resumed.state == ContinuationState::Active, "it is not given back");
    ensure!(claimed(&world, id, now).await?.is_none(), "what was written meanwhile is answered");
    world.ingest(vec![world.text(&ana(), "gracias")]).await?;
    ensure!(
        claimed(&world, id, tick() + DEBOUNCE + MOMENT).await?.is_some(),
        "what is written afterwards is not answered"
    );
    Ok(())
}

pub(super) async fn a_person_who_answers_is_told_from_the_agent(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    ensure_eq!(world.store.human_answer(id).await?, None, "who answered");
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let job = claim(&world, id, tick() + DEBOUNCE + MOMENT).await?;
    let said = answer("buenas");
    let mut message = world.outbound(&ana(), "buenas");
    message.message.id = said.parts[0].message;
    conclude(&world, &job, ContinuationStep::Answered(said)).await?;
    world.accept(message).await?;
    conclude(&world, &job, ContinuationStep::Said).await?;
    let mut template = world.outbound(&ana(), "");
    template.message.content = Content::Template(Template {
        name: "oferta".to_owned(),
        language: "es".to_owned(),
        parameters: Vec::new(),
        header: Vec::new(),
        components: None,
        rendered: None,
    });
    world.accept(template).await?;
    ensure_eq!(world.store.human_answer(id).await?, None, "who answered where the agent did");
    let own = world.accept(world.outbound(&ana(), "soy Luis, le atiendo yo")).await?;
    ensure_eq!(world.store.human_answer(id).await?, Some(own), "who answered where a person did");
    Ok(())
}

pub(super) async fn an_idle_continuation_is_closed(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    world.store.close_idle_continuations(tick() - Duration::hours(1), tick()).await?;
    let one = world.store.continuation(&world.organization, id).await?;
    ensure_eq!(one.state, ContinuationState::Active, "one in which something was said just now");
    world.store.close_idle_continuations(tick() + Duration::hours(1), tick()).await?;
    let one = world.store.continuation(&world.organization, id).await?;
    ensure_eq!((one.state, one.reason.as_deref()), (ContinuationState::Closed, Some("idle")), "an idle one");
    Ok(())
}

pub(super) async fn what_agents_did_is_counted(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let since = tick() - Duration::hours(1);
    let (id, _) = opened(&world).await?;
    world.store.hand_off(call(&world, &unique("conv"))).await?;
    world.ingest(vec![world.text(&ana(), "hola")]).await?;
    let job = claim(&world, id, tick() + DEBOUNCE + MOMENT).await?;
    let said = answer("buenas");
    let mut message = world.outbound(&ana(), "buenas");
    message.message.id = said.parts[0].message;
    conclude(&world, &job, ContinuationStep::Answered(said)).await?;
    world.accept(message).await?;
    conclude(&world, &job, ContinuationStep::Said).await?;
    let stats = world.store.continuation_stats(Some(&world.organization), since, tick()).await?;
    ensure_eq!((stats.active, stats.opened, stats.responded), (1, 1, 1), "continuations");
    ensure_eq!((stats.sent, stats.received, stats.answered), (2, 1, 1), "messages");
    ensure!(stats.response_seconds.is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "how fast it was");
    ensure_eq!((stats.waiting, stats.under_way, stats.completed, stats.failed), (1, 0, 2, 0), "steps");
    let tomorrow =
        world.store.continuation_stats(Some(&world.organization), tick() + Duration::days(1), tick()).await?;
    ensure_eq!((tomorrow.active, tomorrow.opened, tomorrow.sent, tomorrow.completed), (1, 0, 0, 0), "another day");
    Ok(())
}

pub(super) async fn continuations_stay_in_their_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let other = world.neighbour().await?;
    let id = unique("conv");
    let (own, _) = world.store.hand_off(call(&world, &id)).await?;
    let (theirs, new) = other.store.hand_off(call(&other, &id)).await?;
    ensure!(new && theirs.id != own.id, "one call of two organisations is one continuation");
    let foreign: Result<Continuation, _> = world.store.continuation(&world.organization, theirs.id).await;
    ensure!(foreign.is_err(), "another organisation's continuation is shown");
    let ended = world.store.end_continuation(&world.organization, theirs.id, escalated(), tick()).await;
    ensure!(ended.is_err(), "another organisation's continuation is ended");
    let listed = ContinuationFilter { phone: Some("+34600000000".to_owned()), limit: 10, ..Default::default() };
    let listed = world.store.continuations(&world.organization, &listed).await?;
    ensure_eq!(listed.len(), 1, "continuations of one organisation");
    let unknown = ContinuationFilter { phone: Some("+34600000009".to_owned()), limit: 10, ..Default::default() };
    ensure!(world.store.continuations(&world.organization, &unknown).await?.is_empty(), "another person's");
    let stats = world.store.continuation_stats(Some(&world.organization), tick() - Duration::hours(1), tick()).await?;
    ensure_eq!(stats.waiting, 1, "what waits in one organisation");
    Ok(())
}

pub(super) async fn how_far_calls_were_read_is_kept(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let name = unique("agents");
    ensure_eq!(world.store.agent_cursor(&name).await?, None, "how far nobody has read");
    for place in ["1", "2"] {
        world.store.put_agent_cursor(&name, &Cursor(place.to_owned()), tick()).await?;
    }
    ensure_eq!(world.store.agent_cursor(&name).await?, Some(Cursor("2".to_owned())), "how far it was read");
    Ok(())
}

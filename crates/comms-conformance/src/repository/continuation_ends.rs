//! Calls that go on by chat, at their end: what is kept of them, and those whose first message did not arrive.

use comms_core::{
    CallProgress, CallReport, ContinuationId, Speaker, Status, Utterance,
    history::{Continuation, ContinuationState, ContinuationStep, DossierPart, NewContinuation, Retained},
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{
    RepositoryHarness,
    continuations::{DEBOUNCE, MOMENT, answer, call, claim, conclude, opened},
    world::{Found, World, ana, tick, unique},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

pub(super) async fn old_words_of_calls_go_and_the_calls_stay(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let over = told(&world, opened(&world).await?.0).await?;
    world.ingest(vec![world.text(&ana(), "hola de Ana al agente")]).await?;
    let job = claim(&world, over.id, tick() + DEBOUNCE * 3 + MOMENT).await?;
    conclude(&world, &job, ContinuationStep::Answered(answer("a Ana"))).await?;
    conclude(&world, &job, ContinuationStep::Said).await?;
    // Of one agent the newest alone goes on.
    let goes_on = told(&world, opened(&world).await?.0).await?;
    let later = OffsetDateTime::now_utc() + Duration::hours(1);
    ensure_eq!(world.store.prune(Retained::Calls, later - Duration::hours(2), 100).await?, 0, "young words");
    ensure_eq!(replies(&world).await?, 1, "answers before their time");
    ensure_eq!(world.store.prune(Retained::Calls, later, 100).await?, 2, "a call and an answer");
    let left = world.store.continuation(&world.organization, over.id).await?;
    ensure_eq!(words(&left), (None, 0, true, 0), "what was said in a call that is over");
    let known = |one: &Continuation| (one.call.clone(), one.phone.clone(), one.opening_message, one.turns);
    ensure_eq!(
        (left.state, known(&left)),
        (ContinuationState::Closed, known(&Continuation { turns: 1, ..over })),
        "what stays of it"
    );
    ensure_eq!(left.client_name.as_deref(), Some("Ana"), "whose call it was");
    ensure_eq!(replies(&world).await?, 0, "what an agent answered");
    let same = world.store.continuation(&world.organization, goes_on.id).await?;
    ensure_eq!(words(&same), words(&goes_on), "what was said in a call that goes on");
    ensure_eq!(world.store.prune(Retained::Calls, later, 100).await?, 0, "words that are gone");
    // Who tells of it again brings nothing back, and it is not continued a second time.
    let again = NewContinuation { report: Some(report(&left.call)), ..call(&world, &left.call) };
    let (again, new) = world.store.hand_off(again).await?;
    ensure!(!new && again.state == ContinuationState::Closed, "a call that is told of again begins anew");
    ensure_eq!((again.summary, again.transcript.len()), (None, 0), "what was said, told again");
    Ok(())
}

pub(super) async fn one_whose_first_message_was_lost_begins_again(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    let provider_id = on_its_way(&world, id).await?;
    ensure_eq!(world.store.restart_undelivered_continuations(tick()).await?, 0, "first messages that are on their way");
    world.ingest(vec![world.status(&provider_id, Status::Failed)]).await?;
    ensure_eq!(world.store.restart_undelivered_continuations(tick()).await?, 1, "first messages that were lost");
    let one = world.store.continuation(&world.organization, id).await?;
    ensure_eq!((one.state, one.opened_at), (ContinuationState::Pending, None), "how it stands");
    ensure!(one.opening_message.is_some() && one.conversation.is_some(), "what was tried is forgotten");
    ensure_eq!(world.store.restart_undelivered_continuations(tick()).await?, 0, "one that has begun again");
    let job = claim(&world, id, tick() + MOMENT).await?;
    ensure_eq!((&job.burst, job.continuation.attempts), (&None, 1), "what is to be done for it");
    let failed = ContinuationStep::Ended {
        state: ContinuationState::Failed,
        reason: "not_sent".to_owned(),
        problem: None,
        note: None,
    };
    let before = world.store.log_end().await?;
    ensure!(conclude(&world, &job, failed).await?, "its end does not count");
    let told = world.log(before).await?;
    ensure!(told.iter().any(|event| event.payload["reason"] == "not_sent"), "the log does not tell of it");
    Ok(())
}

pub(super) async fn who_writes_before_the_loss_is_known_is_answered(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let (id, _) = opened(&world).await?;
    let provider_id = on_its_way(&world, id).await?;
    world.ingest(vec![world.text(&ana(), "¿sí?"), world.text(&ana(), "¿quién es?")]).await?;
    world.ingest(vec![world.status(&provider_id, Status::Failed)]).await?;
    ensure_eq!(world.store.restart_undelivered_continuations(tick()).await?, 0, "one in which the person writes");
    let job = claim(&world, id, tick() + DEBOUNCE + MOMENT).await?;
    let heard = job.burst.as_ref().map_or(0, |burst| burst.messages.len());
    ensure_eq!(heard, 2, "what the agent hears");
    conclude(&world, &job, ContinuationStep::Answered(answer("somos nosotros"))).await?;
    conclude(&world, &job, ContinuationStep::Said).await?;
    ensure_eq!(world.store.restart_undelivered_continuations(tick()).await?, 0, "one that was answered");
    Ok(())
}

/// The provider took the first message. Its id there.
async fn on_its_way(world: &World, id: ContinuationId) -> Found<String> {
    let one = world.store.continuation(&world.organization, id).await?;
    let message = one.opening_message.ok_or_else(|| Violation::new("no first message"))?;
    let provider_id = unique("wamid");
    world.conclude(message, Status::Accepted, Some(&provider_id)).await?;
    Ok(provider_id)
}

/// The same, with what was said in the call.
async fn told(world: &World, id: ContinuationId) -> Found<Continuation> {
    let one = world.store.continuation(&world.organization, id).await?;
    let said = NewContinuation { report: Some(report(&one.call)), ..call(world, &one.call) };
    Ok(world.store.hand_off(said).await?.0)
}

fn report(call: &str) -> CallReport {
    let mut report = CallReport::new(call, "agent_1", CallProgress::Done);
    report.summary = Some("quiere el jueves".to_owned());
    report.transcript = vec![Utterance { speaker: Speaker::Person, text: "el jueves".to_owned() }];
    report
}

/// What there is of words: the summary, the transcript, whether the first message is gone, what was told besides.
fn words(one: &Continuation) -> (Option<&str>, usize, bool, usize) {
    (one.summary.as_deref(), one.transcript.len(), one.opening.is_none(), one.metadata.len())
}

/// How many answers of agents there are with their words.
async fn replies(world: &World) -> Found<usize> {
    let rows = world.dossier_of(&ana()).await?;
    let turns = rows.iter().filter(|(part, _)| *part == DossierPart::AgentTurns);
    let with_words = turns.filter(|(_, row)| !matches!(row.get("reply"), None | Some(Value::Null)));
    Ok(with_words.count())
}

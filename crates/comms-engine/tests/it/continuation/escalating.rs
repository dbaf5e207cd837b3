//! When the agent is to say no more: somebody asks for a person, or answers, or it does not work.

use comms_core::{
    Direction,
    history::{ContinuationState, ConversationFilter, ConversationState},
};
use comms_engine::SendRequest;

use super::*;
use crate::scene::{admin, user};

impl Office {
    async fn is(&self, id: ContinuationId, state: ContinuationState, reason: &str) {
        let one = self.one(id).await;
        assert_eq!((one.state, one.reason.as_deref()), (state, Some(reason)));
    }

    /// A person of ours writes.
    async fn answers(&self, body: &str) {
        let request = SendRequest::new(admin(), user(), ChannelKind::WebChat, person(), Content::text(body));
        self.engine.send(request).await.unwrap();
    }
}

const ESCALATED: ContinuationState = ContinuationState::Escalated;

#[tokio::test]
async fn who_asks_for_a_person_has_one() {
    let office = office().await;
    let id = office.opened().await;
    office.hears("m1", "Quiero hablar con un ASESOR").await;
    office.later(2).await;
    office.is(id, ESCALATED, "keyword").await;
    assert_eq!(office.sent()[1..], ["Le responde una persona."]);
    assert!(office.agent.asked().is_empty(), "the agent is not asked");
    let conversation = office.one(id).await.conversation.unwrap();
    let notes = office.store.notes(&admin(), conversation, None, 10).await.unwrap().entries;
    assert_eq!(notes.len(), 1);
    let filter = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    let talks = office.store.conversations(&admin(), None, &filter).await.unwrap().entries;
    assert_eq!(talks[0].state, ConversationState::Open);
    office.hears("m2", "¿hola?").await;
    office.later(60).await;
    assert_eq!(office.sent().len(), 2, "the agent says no more");
}

#[tokio::test]
async fn an_agent_may_ask_for_a_person_and_still_be_heard() {
    let office = office().await;
    let id = office.opened().await;
    let texts = vec!["Le paso con un compañero.".to_owned()];
    let escalation = Some("quiere cancelar".to_owned());
    office.agent.replies(Ok(AgentReply { texts, escalation, ..AgentReply::default() }));
    office.hears("m1", "quiero cancelar").await;
    office.later(2).await;
    office.is(id, ESCALATED, "agent").await;
    assert_eq!(office.sent()[1..], ["Le paso con un compañero."]);
    let conversation = office.one(id).await.conversation.unwrap();
    let notes = office.store.notes(&admin(), conversation, None, 10).await.unwrap().entries;
    assert!(notes[0].body.contains("quiere cancelar"), "{notes:?}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let office = office().await;
    let id = office.opened().await;
    office.agent.replies(Err(trouble(ErrorKind::Provider, Outcome::NotSent)));
    office.agent.replies(Err(trouble(ErrorKind::Transport, Outcome::Unknown)));
    office.agent.says("aquí estoy");
    office.hears("m1", "hola").await;
    office.later(2).await;
    assert_eq!(office.one(id).await.problem.unwrap().code, "some_code");
    office.later(2).await;
    office.later(4).await;
    assert_eq!(office.sent()[1..], ["aquí estoy"]);
    assert_eq!(office.agent.asked().len(), 3);
    let one = office.one(id).await;
    assert_eq!((one.state, one.problem), (ContinuationState::Active, None));
}

pub(super) async fn an_agent_that_fails_again_and_again_gives_way_to_a_person(office: Office) {
    let id = office.opened().await;
    for _ in 0..5 {
        office.agent.replies(Err(trouble(ErrorKind::Provider, Outcome::NotSent)));
    }
    office.hears("m1", "hola").await;
    for _ in 0..30 {
        office.later(2).await;
    }
    office.is(id, ESCALATED, "failures").await;
    assert_eq!(office.agent.asked().len(), 3);
    assert_eq!(office.sent()[1..], ["Le responde una persona."]);
    let one = office.one(id).await;
    assert_eq!(one.problem.unwrap().code, "some_code");
    assert_eq!(office.engine.continuation_figures(&"north".into(), one.created_at).await.unwrap().queue.failed, 1);
}

#[tokio::test]
async fn what_only_an_operator_mends_is_not_repeated_and_says_why() {
    let office = office().await;
    let id = office.opened().await;
    let refused = trouble(ErrorKind::Config, Outcome::Rejected).code("override_error");
    office.agent.replies(Err(refused));
    office.hears("m1", "hola").await;
    office.later(2).await;
    office.is(id, ESCALATED, "failures").await;
    assert_eq!(office.agent.asked().len(), 1);
    let health = office.engine.agent_health().unwrap();
    assert_eq!((health.problem.unwrap().code.as_str(), health.paused_until), ("override_error", None));
}

#[tokio::test]
async fn a_refused_key_keeps_the_conversation_until_it_is_mended() {
    let office = office().await;
    let id = office.opened().await;
    for _ in 0..4 {
        office.agent.replies(Err(trouble(ErrorKind::Unauthenticated, Outcome::NotSent)));
    }
    office.hears("m1", "hola").await;
    for _ in 0..6 {
        office.later(61).await;
    }
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
    assert_eq!(office.sent()[1..], ["eco: hola"], "it was mended, and the burst is answered");
    assert!(office.engine.agent_health().unwrap().is_ok());
}

#[tokio::test]
async fn a_refused_key_that_nobody_mends_gives_way_to_a_person() {
    let office = office().await;
    let id = office.opened().await;
    for _ in 0..100 {
        office.agent.replies(Err(trouble(ErrorKind::Unauthenticated, Outcome::NotSent)));
    }
    office.hears("m1", "hola").await;
    for _ in 0..35 {
        office.later(61).await;
    }
    office.is(id, ESCALATED, "failures").await;
}

#[tokio::test]
async fn where_one_of_us_answers_the_agent_says_no_more_until_it_is_given_back() {
    let office = office().await;
    let id = office.opened().await;
    office.clock.advance(Duration::from_secs(1));
    office.answers("soy Luis, le atiendo yo").await;
    office.hears("m1", "gracias Luis").await;
    office.later(2).await;
    office.is(id, ESCALATED, "human").await;
    assert!(office.agent.asked().is_empty());
    office.later(60).await;
    let (one, changed) = office.engine.resume_continuation(&"north".into(), id).await.unwrap();
    assert!(changed && one.state == ContinuationState::Active);
    office.clock.advance(Duration::from_secs(1));
    office.hears("m2", "¿y el precio?").await;
    office.later(2).await;
    assert_eq!(office.sent().last().unwrap(), "eco: ¿y el precio?");
}

#[tokio::test]
async fn where_one_of_us_answers_while_the_agent_thinks_its_answer_is_not_sent() {
    let office = office().await;
    let id = office.opened().await;
    office.agent.gate.forget_permits(Semaphore::MAX_PERMITS);
    office.hears("m1", "hola").await;
    office.clock.advance(Duration::from_secs(2));
    let engine = office.engine.clone();
    let step = tokio::spawn(async move { engine.continue_due().await });
    while office.agent.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    office.answers("soy Luis").await;
    office.agent.gate.add_permits(1);
    step.await.unwrap().unwrap();
    office.is(id, ESCALATED, "human").await;
    assert_eq!(office.sent()[1..], ["soy Luis"]);
}

#[tokio::test]
async fn two_machines_do_not_talk_without_end() {
    let office = office().await;
    let id = office.opened().await;
    for number in 0..40 {
        office.hears(&format!("m{number}"), &format!("Respuesta automática {number}")).await;
        office.later(2).await;
    }
    office.is(id, ESCALATED, "loop").await;
    assert!(office.sent().len() <= 13, "{} messages", office.sent().len());
}

#[tokio::test]
async fn the_same_words_over_and_over_are_a_machines() {
    let office = office().await;
    let id = office.opened().await;
    for number in 0..10 {
        office.hears(&format!("m{number}"), "Estamos fuera de la oficina.").await;
        office.later(600).await;
    }
    office.is(id, ESCALATED, "loop").await;
    assert_eq!(office.sent().len(), 4);
}

#[tokio::test]
async fn what_may_be_spent_is_bounded() {
    let office = office_with(|settings| settings.continuation.turns_each = 2).await;
    let id = office.opened().await;
    for number in 0..4 {
        office.hears(&format!("m{number}"), &format!("pregunta {number}")).await;
        office.later(600).await;
    }
    office.is(id, ESCALATED, "turn_cap").await;
    assert_eq!(office.agent.asked().len(), 2);
}

#[tokio::test]
async fn a_conversation_in_which_nobody_writes_is_closed() {
    let office = office().await;
    let id = office.opened().await;
    office.later(71 * 3_600).await;
    assert_eq!(office.engine.keep_continuations().await.unwrap(), 0);
    office.later(2 * 3_600).await;
    assert_eq!(office.engine.keep_continuations().await.unwrap(), 1);
    office.is(id, ContinuationState::Closed, "idle").await;
    office.hears("m1", "hola").await;
    office.later(2).await;
    assert!(office.agent.asked().is_empty(), "what is over is over");
}

#[tokio::test]
async fn one_is_closed_and_given_away_by_word() {
    let office = office().await;
    let id = office.opened().await;
    let north = "north".into();
    let (one, changed) = office.engine.escalate_continuation(&north, id, &user(), "supervisor").await.unwrap();
    assert!(changed && one.state == ESCALATED);
    let (one, changed) = office.engine.close_continuation(&north, id, "api").await.unwrap();
    assert!(changed && one.state == ContinuationState::Closed);
    let (_, changed) = office.engine.close_continuation(&north, id, "api").await.unwrap();
    assert!(!changed, "what has ended stays as it is");
    assert!(office.engine.close_continuation(&"south".into(), id, "api").await.is_err());
    office.hears("m1", "hola").await;
    office.later(2).await;
    assert_eq!(office.sent().len(), 1);
    let history = comms_core::history::HistoryFilter { limit: 10, ..Default::default() };
    let entries = office.store.history(&admin(), &history).await.unwrap().entries;
    assert!(entries.iter().any(|entry| entry.direction == Direction::Inbound), "the message itself is in the history");
}

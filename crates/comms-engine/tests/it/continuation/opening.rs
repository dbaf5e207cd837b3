//! The first message: to whom, what, when, and once.

use comms_core::{
    CallOutcome, CallProgress, CallReport, ErrorKind, OptChange, Outcome, Status,
    history::{ContinuationFilter, ContinuationState},
};
use comms_engine::{Code, QuietHours, Zone, outcome_of_status};
use futures_util::future::join_all;
use time::macros::time;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

pub(super) async fn who_spoke_with_an_agent_is_written_to_once(office: Office) {
    let first = office.engine.hand_off_within(call("conv_1"), Duration::from_secs(8)).await.unwrap();
    assert_eq!((first.continuation.state, first.repeated), (ContinuationState::Active, false));
    let message = first.message.clone().unwrap();
    assert_eq!((message.status, message.provider_id.is_some()), (Status::Accepted, true));
    assert_eq!(office.sent(), ["Hola Ana, gracias por la llamada."]);
    let one = office.one(first.continuation.id).await;
    assert_eq!((one.summary.as_deref(), one.duration_secs), (Some("Ana eligió el jueves."), Some(27)));

    let again = office.engine.hand_off_within(call("conv_1"), Duration::from_secs(8)).await.unwrap();
    assert_eq!((again.continuation.id, again.repeated), (first.continuation.id, true));
    assert_eq!(again.message, first.message);
    office.later(3_600).await;
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn a_template_goes_first_where_the_window_is_closed() {
    let office = office().await;
    office.desk.set(|desk| desk.window = Some(DAY));
    office.opened().await;
    assert_eq!(office.sent(), ["[tras_llamada] Ana · Ana eligió el jueves."]);
}

#[tokio::test]
async fn free_text_goes_first_where_the_window_is_open() {
    let office = office().await;
    office.desk.set(|desk| desk.window = Some(DAY));
    office.hears("m0", "buenas").await;
    office.clock.advance(Duration::from_secs(60));
    office.opened().await;
    assert_eq!(office.sent(), ["Hola Ana, gracias por la llamada."]);
}

#[tokio::test]
async fn without_a_template_a_closed_window_is_a_failure_that_says_so() {
    let office = office_with(|settings| {
        settings.continuation.agents.get_mut(AGENT).unwrap().template = None;
    })
    .await;
    office.desk.set(|desk| desk.window = Some(DAY));
    let handed = office.call_ends().await;
    office.works().await;
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Failed, Some("no_template")));
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn who_spoke_with_nobody_is_not_thanked_for_the_call() {
    for outcome in CallOutcome::ALL.into_iter().filter(|outcome| *outcome != CallOutcome::Talked) {
        let office = office().await;
        office.agent.call_is([Ok(ended_as(outcome))]);
        let told = HandOff { outcome: None, ..call("conv_1") };
        let handed = office.engine.hand_off(told).await.unwrap();
        office.works().await;
        let one = office.one(handed.continuation.id).await;
        assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some(outcome.as_str())));
        assert!(office.sent().is_empty(), "{outcome:?}");
    }
}

#[tokio::test]
async fn who_tells_that_nobody_spoke_is_believed() {
    for outcome in [CallOutcome::NoAnswer, CallOutcome::Voicemail, CallOutcome::Busy, CallOutcome::Failed] {
        let office = office().await;
        let told = HandOff { outcome: Some(outcome), ..call("conv_1") };
        let handed = office.engine.hand_off(told).await.unwrap();
        office.works().await;
        let one = office.one(handed.continuation.id).await;
        assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some(outcome.as_str())));
        assert_eq!(office.agent.looks(), 0, "the provider may be away: {outcome:?}");
    }
}

#[tokio::test]
async fn a_voicemail_of_which_the_back_end_does_not_know_is_none_of_ours() {
    let office = office().await;
    office.agent.call_is([Ok(ended_as(CallOutcome::Voicemail))]);
    let handed = office.call_ends().await;
    office.works().await;
    assert_eq!(office.one(handed.continuation.id).await.reason.as_deref(), Some("voicemail"));
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn a_call_that_is_not_summed_up_yet_is_asked_for_again() {
    let office = office().await;
    let processing = CallReport::new("conv_1", AGENT, CallProgress::Processing);
    office.agent.call_is([Ok(processing.clone()), Ok(processing), Ok(talked("conv_1"))]);
    let handed = office.call_ends().await;
    office.works().await;
    assert!(office.sent().is_empty(), "nobody is written to before it is known what was said");
    office.later(2).await;
    office.later(4).await;
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.summary.is_some()), (ContinuationState::Active, true));
    assert_eq!((office.sent().len(), office.agent.looks()), (1, 3));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_never_loses_a_call() {
    let errors = [
        (trouble(ErrorKind::Provider, Outcome::NotSent), false),
        (trouble(ErrorKind::Unauthenticated, Outcome::NotSent), false),
        (trouble(ErrorKind::RateLimited, Outcome::NotSent).retry_after(Duration::from_secs(20)), false),
        (trouble(ErrorKind::InvalidRequest, Outcome::Rejected), true),
    ];
    for (error, at_once) in errors {
        let office = office().await;
        office.agent.call_is([Err(error.clone())]);
        let handed = office.call_ends().await;
        office.works().await;
        assert_eq!(!office.sent().is_empty(), at_once, "{error}");
        let health = office.engine.agent_health().unwrap();
        assert_eq!(health.problem.unwrap().kind, error.kind());
        for _ in 0..130 {
            office.later(1).await;
        }
        let one = office.one(handed.continuation.id).await;
        assert_eq!((one.state, one.summary), (ContinuationState::Active, None), "{error}");
        assert_eq!(office.sent().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_refused_key_is_not_tried_by_everybody() {
    let office = office().await;
    let refused = trouble(ErrorKind::Unauthenticated, Outcome::NotSent);
    for conversation in ["conv_1", "conv_2", "conv_3"] {
        office.agent.calls.lock().unwrap().insert(conversation.to_owned(), VecDeque::from([Err(refused.clone())]));
    }
    office.call_ends().await;
    office.works().await;
    for conversation in ["conv_2", "conv_3"] {
        office.engine.hand_off(call(conversation)).await.unwrap();
    }
    office.works().await;
    assert_eq!(office.agent.looks(), 1, "whoever comes after a refused key waits");
    assert!(office.engine.agent_health().unwrap().paused_until.is_some());
}

#[tokio::test]
async fn who_opted_out_is_not_written_to() {
    let office = office().await;
    office.hears("m0", "hola").await;
    let change = OptChange {
        party: Party::of(person()),
        opted_in: false,
        scope: "messages".to_owned(),
        raw: serde_json::Value::Null,
    };
    office
        .receive(Event {
            account: office.desk.account().clone(),
            subject: "opt".to_owned(),
            key: EventKey::new("opt"),
            occurred_at: Some(comms_core::Clock::now(&office.clock)),
            kind: EventKind::Opt(change),
        })
        .await;
    let handed = office.call_ends().await;
    office.works().await;
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some("opted_out")));
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn nobody_is_written_to_first_in_the_quiet_hours() {
    // 1,700,000,000 is 22:13:20 UTC.
    let office = office_with(|settings| {
        let zone = Zone::fixed(time::UtcOffset::UTC);
        settings.continuation.quiet = Some(QuietHours { from: time!(21:00), until: time!(08:00), zone });
    })
    .await;
    office.call_ends().await;
    office.later(9 * 3_600).await;
    assert!(office.sent().is_empty());
    office.later(3_600).await;
    assert_eq!(office.sent().len(), 1, "at eight it goes out");
}

#[tokio::test]
async fn all_who_tell_of_a_call_tell_of_one() {
    let office = office().await;
    let webhook = HandOff::of_report("north".into(), Trigger::Webhook, talked("conv_1"));
    office.agent.ended.lock().unwrap().push(talked("conv_1"));
    let mut text_only = talked("conv_text");
    text_only.text_only = true;
    office.agent.ended.lock().unwrap().push(text_only);
    office.engine.hand_off(webhook.clone()).await.unwrap();
    office.works().await;
    office.call_ends().await;
    assert_eq!(office.engine.poll_calls().await.unwrap(), 2);
    assert_eq!(office.engine.poll_calls().await.unwrap(), 0, "how far was read is kept");
    office.engine.hand_off(webhook).await.unwrap();
    office.later(60).await;
    assert_eq!(office.sent().len(), 1);
    let all = ContinuationFilter { limit: 10, ..ContinuationFilter::default() };
    assert_eq!(office.store.continuations(&"north".into(), &all).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_webhook_alone_is_enough() {
    let office = office().await;
    let mut report = talked("conv_1");
    report.variables.insert("client_name".to_owned(), "Marta Ruiz".into());
    report.variables.insert("system__call_duration_secs".to_owned(), 27.into());
    let webhook = HandOff::of_report("north".into(), Trigger::Webhook, report);
    let handed = office.engine.hand_off(webhook).await.unwrap();
    office.works().await;
    assert_eq!(office.sent(), ["Hola Marta Ruiz, gracias por la llamada."]);
    assert_eq!(office.agent.looks(), 0, "what was told is not asked for");
    assert!(!office.one(handed.continuation.id).await.metadata.keys().any(|name| name.starts_with("system__")));
}

pub(super) async fn sixty_four_who_tell_at_once_are_one(office: Office) {
    let others: Vec<Engine> = (0..4).map(|_| office.beside()).collect();
    let all = (0..64).map(|at| {
        let engine = others[at % 4].clone();
        tokio::spawn(async move { engine.hand_off_within(call("conv_1"), Duration::from_secs(8)).await.unwrap() })
    });
    let all: Vec<HandedOff> = join_all(all).await.into_iter().map(std::result::Result::unwrap).collect();
    assert_eq!(all.iter().filter(|one| !one.repeated).count(), 1);
    assert!(all.iter().all(|one| one.continuation.id == all[0].continuation.id));
    assert!(all.iter().all(|one| one.message.is_some()), "each hears of the one message");
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn agents_that_nobody_set_up_write_to_nobody() {
    let office = office().await;
    let handed = office.engine.hand_off(HandOff { agent: "agent_x".to_owned(), ..call("conv_1") }).await.unwrap();
    office.works().await;
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some("agent_not_configured")));
}

#[tokio::test]
async fn what_is_no_call_is_refused_and_says_which_field() {
    let office = office().await;
    for (wrong, field) in [
        (HandOff { call: " ".to_owned(), ..call("conv_1") }, "conversation_id"),
        (HandOff { agent: String::new(), ..call("conv_1") }, "agent_id"),
        (HandOff { phone: Some("no es un número".to_owned()), ..call("conv_1") }, "phone_number"),
    ] {
        let error = office.engine.hand_off(wrong).await.unwrap_err();
        assert_eq!(error.field(), Some(field));
        assert_ne!(error.code(), Code::Internal);
    }
    assert_eq!(outcome_of_status("completed").unwrap(), Some(CallOutcome::Talked));
    assert_eq!(outcome_of_status("in_progress").unwrap(), None);
    assert_eq!(outcome_of_status("bailando").unwrap_err().field_name(), Some("recipient.status"));
}

#[tokio::test]
async fn a_refused_message_is_a_failure_with_its_reason() {
    let office = office().await;
    office.desk.inner.fail_next(trouble(ErrorKind::InvalidRecipient, Outcome::Rejected));
    let handed = office.engine.hand_off_within(call("conv_1"), Duration::from_secs(8)).await.unwrap();
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Failed, Some("not_sent")));
    assert_eq!(one.problem.unwrap().code, "some_code");
    assert_eq!(office.engine.continuation_figures(&"north".into(), one.created_at).await.unwrap().queue.failed, 1);
}

#[tokio::test]
async fn an_account_that_is_missing_is_waited_for() {
    let office = office().await;
    let own = account(office.desk.account().clone());
    office.store.put_account(&comms_core::history::Account { active: false, ..own.clone() }).await.unwrap();
    let handed = office.call_ends().await;
    office.works().await;
    let one = office.one(handed.continuation.id).await;
    assert_eq!((one.state, one.problem.is_some()), (ContinuationState::Pending, true));
    office.store.put_account(&own).await.unwrap();
    office.later(60).await;
    assert_eq!(office.sent().len(), 1);
    assert_eq!(office.one(handed.continuation.id).await.problem, None);
}

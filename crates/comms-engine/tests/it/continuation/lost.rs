//! First messages that the provider took, and that did not arrive.

use comms_core::{
    Direction, OptChange, Problem, Status, StatusUpdate,
    history::{ContinuationState, ConversationFilter, ConversationState, HistoryFilter},
};

use super::*;
use crate::scene::{admin, user};

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Office {
    /// The provider says that the last message that was sent did not arrive.
    async fn fails_later(&self, kind: ErrorKind) {
        let filter = HistoryFilter { limit: 50, ..HistoryFilter::default() };
        let all = self.store.history(&admin(), &filter).await.unwrap().entries;
        let last = all.into_iter().find(|entry| entry.direction == Direction::Outbound).unwrap();
        let subject = last.provider_id.unwrap();
        let problem = Problem { code: "63016".to_owned(), message: "outside of the window".to_owned(), kind };
        let update = StatusUpdate {
            problem: Some(problem),
            recipient: Party::of(person()),
            ..StatusUpdate::new(Some(Status::Failed), "undelivered")
        };
        self.receive(Event {
            account: self.desk.account().clone(),
            key: EventKey::new(format!("{subject} failed")),
            subject,
            occurred_at: Some(comms_core::Clock::now(&self.clock)),
            kind: EventKind::Status(Box::new(update)),
        })
        .await;
    }

    /// A round of the worker that looks after continuations, and what follows of it.
    async fn is_looked_after(&self) {
        self.engine.keep_continuations().await.unwrap();
        self.works().await;
    }
}

pub(super) async fn a_first_message_that_fails_later_ends_it_with_its_reason(office: Office) {
    let id = office.opened().await;
    let end = office.store.log_end().await.unwrap();
    office.is_looked_after().await;
    assert_eq!(office.one(id).await.state, ContinuationState::Active, "it is on its way");
    office.fails_later(ErrorKind::InvalidRecipient).await;
    office.is_looked_after().await;
    let one = office.one(id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Failed, Some("not_sent")));
    assert_eq!(one.problem.map(|problem| problem.code).as_deref(), Some("63016"), "the provider's reason");
    let figures = office.engine.continuation_figures(&"north".into(), one.created_at).await.unwrap();
    assert_eq!((figures.active_conversations, figures.total_conversations_today, figures.queue.failed), (0, 0, 1));
    let told = office.store.events(None, end, 50).await.unwrap();
    let told: Vec<_> = told.iter().filter(|event| event.payload["change"] == "continuation_ended").collect();
    assert_eq!((told.len(), told[0].payload["reason"].as_str()), (1, Some("not_sent")));
    let again = office.call_ends().await;
    assert_eq!((again.repeated, again.continuation.state), (true, ContinuationState::Failed));
    office.is_looked_after().await;
    assert_eq!(office.sent().len(), 1, "nothing is sent twice");

    // Who writes now is a person's, as anybody who writes by themselves.
    office.hears("m1", "¿me llamaron?").await;
    office.later(60).await;
    assert!(office.agent.asked().is_empty());
    let filter = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    let talks = office.store.conversations(&admin(), Some(&user()), &filter).await.unwrap().entries;
    assert_eq!((talks[0].state, talks[0].unread), (ConversationState::Open, 1));
}

pub(super) async fn a_text_that_is_refused_later_is_followed_by_the_template(office: Office) {
    office.desk.set(|desk| desk.window = Some(DAY));
    office.hears("m0", "buenas").await;
    office.clock.advance(Duration::from_secs(60));
    let id = office.opened().await;
    office.fails_later(ErrorKind::WindowClosed).await;
    office.is_looked_after().await;
    let template = "[tras_llamada] Ana · Ana eligió el jueves.";
    assert_eq!(office.sent(), ["Hola Ana, gracias por la llamada.", template]);
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
    office.clock.advance(Duration::from_millis(1));
    office.fails_later(ErrorKind::WindowClosed).await;
    office.is_looked_after().await;
    office.is_looked_after().await;
    let one = office.one(id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Failed, Some("window_closed")));
    assert_eq!(office.sent().len(), 2, "one template");
}

#[tokio::test]
async fn a_text_that_is_refused_at_once_is_followed_by_the_template() {
    let office = office().await;
    office.desk.inner.fail_next(trouble(ErrorKind::WindowClosed, Outcome::Rejected));
    let id = office.opened().await;
    assert_eq!(office.sent(), ["[tras_llamada] Ana · Ana eligió el jueves."]);
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
}

#[tokio::test]
async fn without_a_template_a_text_that_is_refused_later_says_so() {
    let office = office_with(|settings| {
        settings.continuation.agents.get_mut(AGENT).unwrap().template = None;
    })
    .await;
    let id = office.opened().await;
    office.fails_later(ErrorKind::WindowClosed).await;
    office.is_looked_after().await;
    assert_eq!(office.one(id).await.reason.as_deref(), Some("window_closed"));
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn who_writes_nevertheless_is_answered() {
    let office = office().await;
    let id = office.opened().await;
    office.fails_later(ErrorKind::InvalidRecipient).await;
    office.hears("m1", "¿me llamaron?").await;
    office.is_looked_after().await;
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
    office.later(2).await;
    office.is_looked_after().await;
    assert_eq!(office.sent()[1..], ["eco: ¿me llamaron?"]);
    assert_eq!(office.one(id).await.state, ContinuationState::Active, "a message of long ago says nothing any more");
}

#[tokio::test]
async fn who_writes_in_the_moment_of_the_look_is_answered() {
    let office = office().await;
    let id = office.opened().await;
    office.fails_later(ErrorKind::InvalidRecipient).await;
    office.engine.keep_continuations().await.unwrap();
    assert_eq!(office.one(id).await.state, ContinuationState::Pending);
    office.hears("m1", "¿me llamaron?").await;
    office.works().await;
    office.later(2).await;
    assert_eq!(office.sent()[1..], ["eco: ¿me llamaron?"]);
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
}

#[tokio::test]
async fn who_opted_out_meanwhile_has_no_template_after_it() {
    let office = office().await;
    let id = office.opened().await;
    let party = Party::of(person());
    let change = OptChange { party, opted_in: false, scope: "messages".to_owned(), raw: serde_json::Value::Null };
    office
        .receive(Event {
            account: office.desk.account().clone(),
            subject: "opt".to_owned(),
            key: EventKey::new("opt"),
            occurred_at: Some(comms_core::Clock::now(&office.clock)),
            kind: EventKind::Opt(change),
        })
        .await;
    office.fails_later(ErrorKind::WindowClosed).await;
    office.is_looked_after().await;
    let one = office.one(id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Skipped, Some("opted_out")));
    assert_eq!(office.sent().len(), 1);
}

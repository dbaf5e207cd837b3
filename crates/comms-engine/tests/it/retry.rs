use std::time::Duration;

use comms_core::{Error, ErrorKind, Found, MessageId, Outcome, Status};
use comms_engine::{Code, Sent};

use crate::scene::{Scene, admin, scene, text, user};

impl Scene {
    async fn sent_with(&self, outcome: Outcome) -> Sent {
        let error = Error::new(ErrorKind::Provider, outcome, "no");
        self.desk.inner.fail_next(error);
        self.engine.send(text("hola")).await.unwrap()
    }

    async fn retry(&self, message: MessageId, force: bool) -> Result<Sent, Code> {
        let sent = self.engine.retry(&admin(), &user(), message, force).await;
        sent.map_err(|error| error.code())
    }
}

#[tokio::test]
async fn a_failed_message_is_sent_again_as_a_new_one_that_names_it() {
    let scene = scene();
    let failed = scene.sent_with(Outcome::Rejected).await;
    let again = scene.retry(failed.message, false).await.unwrap();
    assert_eq!((again.status, again.repeated), (Status::Accepted, false));
    assert_ne!(again.message, failed.message);
    let detail = scene.store.state().messages[&again.message].detail.clone();
    assert_eq!(detail.retry_of, Some(failed.message));
    assert_eq!(detail.entry.text.as_deref(), Some("hola"));
    assert_eq!(scene.store.status(failed.message), Status::Failed, "the old one stays as it was");
}

#[tokio::test]
async fn asking_twice_sends_once() {
    let scene = scene();
    let failed = scene.sent_with(Outcome::Rejected).await;
    let (one, other) = tokio::join!(scene.retry(failed.message, false), scene.retry(failed.message, false));
    let later = scene.retry(failed.message, false).await.unwrap();
    assert_eq!(one.unwrap().message, other.unwrap().message);
    assert!(later.repeated);
    assert_eq!(scene.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn where_the_second_attempt_failed_as_well_it_is_that_one_which_is_tried_again() {
    let scene = scene();
    let first = scene.sent_with(Outcome::Rejected).await;
    let no = Error::new(ErrorKind::Provider, Outcome::Rejected, "no");
    scene.desk.inner.fail_next(no);
    let second = scene.retry(first.message, false).await.unwrap();
    assert_eq!(second.status, Status::Failed);
    let third = scene.retry(first.message, false).await.unwrap();
    assert_eq!(third.status, Status::Accepted);
    let detail = scene.store.state().messages[&third.message].detail.clone();
    assert_eq!(detail.retry_of, Some(second.message));
}

#[tokio::test]
async fn what_arrived_or_came_in_is_not_sent_again() {
    let scene = scene();
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(scene.retry(sent.message, true).await, Err(Code::NotRetryable));
    let inbound = scene.received("m1").await;
    assert_eq!(scene.retry(inbound, true).await, Err(Code::NotRetryable));
    assert_eq!(scene.retry(MessageId::new(), true).await, Err(Code::NotFound));
    assert_eq!(scene.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_that_the_provider_can_tell_is_settled_and_not_sent() {
    let scene = scene();
    let unknown = scene.sent_with(Outcome::Unknown).await;
    let settled = scene.retry(unknown.message, true).await.unwrap();
    assert_eq!((settled.message, settled.status), (unknown.message, Status::Accepted));
    assert_eq!(scene.store.status(unknown.message), Status::Accepted);
    assert_eq!(scene.desk.inner.sent().len(), 1, "it had arrived");
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_again_on_proof_or_by_force_only() {
    let scene = scene();
    let unknown = scene.sent_with(Outcome::Unknown).await;
    scene.desk.set(|behaviour| behaviour.found = Some(Found::CannotTell));
    assert_eq!(scene.retry(unknown.message, false).await, Err(Code::OutcomeUnknown));
    assert_eq!(scene.desk.inner.sent().len(), 1);
    let forced = scene.retry(unknown.message, true).await.unwrap();
    assert_eq!(forced.status, Status::Accepted);
    assert_eq!(scene.desk.inner.sent().len(), 2);

    let unknown = scene.sent_with(Outcome::Unknown).await;
    scene.desk.set(|behaviour| behaviour.found = Some(Found::NotFound));
    let proved = scene.retry(unknown.message, false).await.unwrap();
    assert_eq!(proved.status, Status::Accepted);
}

#[tokio::test]
async fn the_rules_of_a_first_send_hold_for_a_retry() {
    let scene = scene();
    let failed = scene.sent_with(Outcome::Rejected).await;
    scene.desk.set(|behaviour| behaviour.window = Some(Duration::from_secs(86_400)));
    assert_eq!(scene.retry(failed.message, false).await, Err(Code::WindowClosed));
}

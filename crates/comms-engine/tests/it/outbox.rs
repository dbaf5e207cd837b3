//! The queue, on the real store: what is tried again, when, in which order, and how it ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use comms_core::{
    Address, Channel, Content, Error, ErrorKind, Found, ManualClock, MessageId, Outcome, Receipt, Status,
    history::{DatabaseSettings, DeliveryMode, MessageDetail, Organization, Repository, open},
};
use comms_engine::{Code, Engine, EngineError, SendRequest, Settings};
use tempfile::TempDir;

use crate::{
    fake_channel::{Desk, Directory},
    scene::{account, admin, text},
};

/// One organisation whose waits are as long as they may be: the jitter is 1.
pub struct Queue {
    pub engine: Engine,
    pub store: Arc<dyn Repository>,
    pub desk: Arc<Desk>,
    pub clock: ManualClock,
    _folder: TempDir,
}

pub async fn queue() -> Queue {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    let desk = Arc::new(Desk::new("desk", Arc::new(Mutex::new(Vec::new()))));
    store.put_account(&account(desk.account().clone())).await.unwrap();
    let channels = HashMap::from([(desk.account().clone(), Arc::clone(&desk))]);
    let engine = Engine::builder(Arc::clone(&store), Arc::new(Directory(channels)))
        .clock(Arc::new(clock.clone()))
        .jitter(|| 1.0)
        .settings(Settings::default())
        .build();
    Queue { engine, store, desk, clock, _folder: folder }
}

impl Queue {
    pub fn fails(&self, outcome: Outcome) {
        self.desk.inner.fail_next(Error::new(ErrorKind::Provider, outcome, "busy"));
    }

    pub async fn send(&self, request: SendRequest) -> MessageId {
        self.engine.send(request).await.unwrap().message
    }

    pub async fn status(&self, message: MessageId) -> Status {
        self.detail(message).await.entry.status
    }

    async fn detail(&self, message: MessageId) -> MessageDetail {
        self.store.message(&admin(), message).await.unwrap()
    }

    /// A round after this time. How many attempts were made.
    pub async fn after(&self, wait: Duration) -> usize {
        self.clock.advance(wait);
        self.engine.send_due().await.unwrap()
    }

    fn bodies(&self) -> Vec<String> {
        self.desk.inner.sent().iter().map(|message| message.content.summary()).collect()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_was_certainly_not_sent_is_sent_by_itself() {
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    let sent = queue.engine.send(text("hola")).await.unwrap();
    assert_eq!((sent.status, sent.problem.unwrap().message.as_str()), (Status::Queued, "busy"));
    assert_eq!(queue.after(SECOND).await, 0, "the first wait is 2 s");
    queue.fails(Outcome::NotSent);
    assert_eq!(queue.after(SECOND).await, 1);
    assert_eq!(queue.status(sent.message).await, Status::Queued);
    assert_eq!(queue.after(3 * SECOND).await, 0, "the second wait is 4 s");
    assert_eq!(queue.after(SECOND).await, 1);
    let detail = queue.detail(sent.message).await;
    assert_eq!(detail.entry.status, Status::Accepted);
    assert_eq!(detail.entry.problem, None);
    let steps: Vec<Status> = detail.events.iter().filter_map(|event| event.status).collect();
    let tried = [Status::Sending, Status::Queued];
    assert_eq!(steps, [&tried[..], &tried, &[Status::Sending, Status::Accepted]].concat());
    assert_eq!(queue.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn never_before_the_time_that_the_provider_asks_for() {
    let queue = queue().await;
    let wait = Duration::from_secs(90);
    let slow = Error::new(ErrorKind::RateLimited, Outcome::NotSent, "too many").retry_after(wait);
    queue.desk.inner.fail_next(slow);
    let message = queue.send(text("hola")).await;
    let due = queue.detail(message).await.entry.delivery.unwrap();
    assert!(due.due_at - queue.engine_now() >= time::Duration::try_from(wait).unwrap());
    assert_eq!(queue.after(wait - SECOND).await, 0);
    assert_eq!(queue.after(3 * SECOND).await, 1);
    assert_eq!(queue.status(message).await, Status::Accepted);
}

#[tokio::test]
async fn at_its_deadline_a_message_expires_with_the_last_reason() {
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    let message = queue.send(text("hola")).await;
    for _ in 0..40 {
        queue.fails(Outcome::NotSent);
        queue.after(Duration::from_secs(120)).await;
    }
    let entry = queue.detail(message).await.entry;
    assert_eq!(entry.status, Status::Expired);
    assert!(entry.problem.unwrap().message.contains("busy"));
    assert_eq!(queue.after(Duration::from_secs(3_600)).await, 0);
    assert!(queue.desk.inner.sent().is_empty());
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_expires_at_once() {
    let queue = queue().await;
    let slow =
        Error::new(ErrorKind::RateLimited, Outcome::NotSent, "tomorrow").retry_after(Duration::from_secs(86_400));
    queue.desk.inner.fail_next(slow);
    let sent = queue.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Expired);
    assert_eq!(queue.status(sent.message).await, Status::Expired);
}

#[tokio::test]
async fn a_deadline_of_its_own_is_when_a_message_expires() {
    let queue = queue().await;
    for _ in 0..8 {
        queue.fails(Outcome::NotSent);
    }
    let mut request = text("hola");
    let deadline = queue.engine_now() + time::Duration::seconds(30);
    request.expires_at = Some(deadline);
    let message = queue.send(request).await;
    let delivery = queue.detail(message).await.entry.delivery.unwrap();
    assert_eq!(delivery.expires_at, Some(deadline));
    queue.after(Duration::from_secs(20)).await;
    assert_eq!(queue.status(message).await, Status::Queued);
    queue.after(Duration::from_secs(20)).await;
    assert_eq!(queue.status(message).await, Status::Expired);
}

#[tokio::test]
async fn a_deadline_that_cannot_be_is_refused_before_anything_is_stored() {
    let queue = queue().await;
    let now = queue.engine_now();
    let day = time::Duration::DAY;
    for (scheduled_for, expires_at) in [(None, now), (Some(now + day), now + day), (None, now + 8 * day)] {
        let mut request = text("hola");
        (request.scheduled_for, request.expires_at) = (scheduled_for, Some(expires_at));
        let refused = queue.engine.send(request).await.unwrap_err();
        assert!(
            matches!(&refused, EngineError::Refused(error) if error.field_name() == Some("expires_at")),
            "{refused}"
        );
    }
    assert!(queue.desk.inner.sent().is_empty());
}

#[tokio::test]
async fn what_an_operator_must_mend_for_one_message_fails_now() {
    let queue = queue().await;
    queue.desk.inner.fail_next(Error::new(ErrorKind::Config, Outcome::NotSent, "the template is paused"));
    let sent = queue.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Failed);
    assert_eq!(queue.after(Duration::from_secs(600)).await, 0);
}

#[tokio::test]
async fn an_unknown_outcome_is_repeated_only_where_it_may_arrive_twice() {
    for (mode, attempts) in [(DeliveryMode::AtMostOnce, 0), (DeliveryMode::AtLeastOnce, 1)] {
        let queue = queue().await;
        queue.fails(Outcome::Unknown);
        let mut request = text("hola");
        request.mode = mode;
        let message = queue.send(request).await;
        assert_eq!(queue.after(Duration::from_secs(60)).await, attempts, "{mode:?}");
        let expected = if attempts == 0 { Status::Unknown } else { Status::Accepted };
        assert_eq!(queue.status(message).await, expected);
    }
}

#[tokio::test]
async fn those_behind_wait_for_one_that_is_tried_again_and_go_in_order() {
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    queue.send(text("uno")).await;
    let second = queue.engine.send(text("dos")).await.unwrap();
    assert_eq!(second.status, Status::Queued);
    queue.send(text("tres")).await;
    let mut elsewhere = text("a otra");
    elsewhere.to = Address::phone("+34600000001", None).unwrap();
    assert_eq!(queue.engine.send(elsewhere).await.unwrap().status, Status::Accepted);
    for _ in 0..4 {
        queue.after(2 * SECOND).await;
    }
    assert_eq!(queue.bodies(), ["a otra", "uno", "dos", "tres"]);
}

#[tokio::test]
async fn those_behind_wait_a_minute_at_most() {
    let queue = queue().await;
    let slow = Error::new(ErrorKind::RateLimited, Outcome::NotSent, "later").about_account(false);
    let slow = slow.retry_after(Duration::from_secs(600));
    queue.desk.inner.fail_next(slow);
    let first = queue.send(text("uno")).await;
    let second = queue.send(text("dos")).await;
    assert_eq!(queue.after(59 * SECOND).await, 0);
    assert_eq!(queue.after(2 * SECOND).await, 1);
    assert_eq!((queue.status(first).await, queue.status(second).await), (Status::Queued, Status::Accepted));
}

#[tokio::test]
async fn an_unknown_outcome_releases_at_once() {
    let queue = queue().await;
    queue.fails(Outcome::Unknown);
    queue.send(text("uno")).await;
    assert_eq!(queue.engine.send(text("dos")).await.unwrap().status, Status::Accepted);
}

#[tokio::test]
async fn a_scheduled_message_goes_at_its_time_and_the_rules_are_looked_at_again() {
    let queue = queue().await;
    let hours = |hours: i64| queue.engine_now() + time::Duration::hours(hours);
    let mut request = text("mañana");
    request.scheduled_for = Some(hours(24));
    let sent = queue.engine.send(request.clone()).await.unwrap();
    assert_eq!(sent.status, Status::Scheduled);
    request.content = Content::text("fuera de ventana");
    request.scheduled_for = Some(hours(48));
    let late = queue.send(request).await;
    assert_eq!(queue.after(Duration::from_secs(86_399)).await, 0);
    assert_eq!(queue.after(SECOND).await, 1);
    assert_eq!(queue.status(sent.message).await, Status::Accepted);

    queue.desk.set(|behaviour| behaviour.window = Some(Duration::from_secs(3_600)));
    queue.after(Duration::from_secs(86_400)).await;
    let entry = queue.detail(late).await.entry;
    assert_eq!((entry.status, entry.problem.unwrap().code.as_str()), (Status::Failed, "ventana_cerrada"));
    assert_eq!(queue.bodies(), ["mañana"]);
}

#[tokio::test]
async fn a_message_is_not_scheduled_further_ahead_than_a_year() {
    let queue = queue().await;
    let mut request = text("algún día");
    request.scheduled_for = Some(queue.engine_now() + time::Duration::days(400));
    let error = queue.engine.send(request).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::InvalidValue, Some("scheduled_for")));
}

#[tokio::test]
async fn what_waits_is_withdrawn_and_what_went_is_not() {
    let queue = queue().await;
    let mut request = text("mañana");
    request.scheduled_for = Some(queue.engine_now() + time::Duration::hours(1));
    let message = queue.send(request).await;
    queue.engine.cancel(&admin(), message).await.unwrap();
    queue.engine.cancel(&admin(), message).await.unwrap();
    assert_eq!(queue.after(Duration::from_secs(7_200)).await, 0);
    assert_eq!(queue.status(message).await, Status::Canceled);
    let gone = queue.send(text("ya")).await;
    let error = queue.engine.cancel(&admin(), gone).await.unwrap_err();
    assert_eq!(error.code(), Code::NotCancelable);
}

#[tokio::test]
async fn an_unknown_message_is_looked_for_until_the_provider_knows() {
    let queue = queue().await;
    queue.fails(Outcome::Unknown);
    let message = queue.send(text("hola")).await;
    queue.desk.set(|behaviour| behaviour.found = Some(Found::CannotTell));
    assert_eq!(queue.engine.look_for_unknown().await.unwrap(), 0, "not before 30 s");
    queue.clock.advance(31 * SECOND);
    assert_eq!(queue.engine.look_for_unknown().await.unwrap(), 1);
    assert_eq!(queue.engine.look_for_unknown().await.unwrap(), 0, "the pauses grow");
    let receipt = Receipt {
        provider_id: "found".to_owned(),
        status: Status::Sent,
        recipient: Vec::new(),
        extra: serde_json::Value::Null,
    };
    queue.desk.set(|behaviour| behaviour.found = Some(Found::Found(receipt)));
    queue.clock.advance(60 * SECOND);
    assert_eq!(queue.engine.look_for_unknown().await.unwrap(), 1);
    let entry = queue.detail(message).await.entry;
    assert_eq!((entry.status, entry.provider_id.as_deref()), (Status::Sent, Some("found")));
}

#[tokio::test]
async fn what_the_provider_proves_not_to_have_is_sent_again() {
    let queue = queue().await;
    queue.fails(Outcome::Unknown);
    let message = queue.send(text("hola")).await;
    queue.desk.set(|behaviour| behaviour.found = Some(Found::NotFound));
    queue.clock.advance(31 * SECOND);
    queue.engine.look_for_unknown().await.unwrap();
    assert_eq!(queue.status(message).await, Status::Queued);
    assert_eq!(queue.after(SECOND).await, 1);
    assert_eq!(queue.status(message).await, Status::Accepted);
    assert_eq!(queue.desk.inner.requests(), 2);
}

#[tokio::test]
async fn after_a_day_an_unknown_message_stays_unknown() {
    let queue = queue().await;
    queue.fails(Outcome::Unknown);
    let message = queue.send(text("hola")).await;
    queue.desk.set(|behaviour| behaviour.found = Some(Found::CannotTell));
    let mut looks = 0;
    for _ in 0..(26 * 60) {
        queue.clock.advance(60 * SECOND);
        looks += queue.engine.look_for_unknown().await.unwrap();
    }
    assert!((8..40).contains(&looks), "{looks} looks");
    assert_eq!(queue.status(message).await, Status::Unknown);
    assert_eq!(queue.store.stats().await.unwrap().outbox_unknown, 0);
}

#[tokio::test]
async fn a_key_stands_for_the_same_queued_message() {
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    let mut request = text("hola");
    request.idempotency_key = Some("k".to_owned());
    let first = queue.send(request.clone()).await;
    let again = queue.engine.send(request.clone()).await.unwrap();
    assert_eq!((again.message, again.status, again.repeated), (first, Status::Queued, true));
    request.mode = DeliveryMode::AtLeastOnce;
    assert_eq!(queue.engine.send(request).await.unwrap_err().code(), Code::Conflict);
}

impl Queue {
    fn engine_now(&self) -> time::OffsetDateTime {
        comms_core::Clock::now(&self.clock)
    }
}

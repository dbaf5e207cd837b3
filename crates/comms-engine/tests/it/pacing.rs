//! The pace of an account, its silences and its stops, on the real store.

use std::{collections::HashMap, sync::Arc, time::Duration};

use comms_core::{
    Address, Channel, Error, ErrorKind, Outcome, Pace, Rate, Status,
    history::{DatabaseSettings, Hold, Organization, Repository, Reservation, open},
};
use comms_engine::{Code, Engine, EngineError, SendRequest};

use crate::{
    fake_channel::{Desk, Directory},
    outbox::{Queue, queue},
    scene::{account, text},
    voice::place::call,
};

const MINUTE: Duration = Duration::from_secs(60);

fn to(number: u32, body: &str) -> SendRequest {
    let mut request = text(body);
    request.to = Address::phone(&format!("+3460000{number:04}"), None).unwrap();
    request
}

fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, "the token has expired").code("190")
}

impl Queue {
    fn paced(&self, account: Option<Rate>, pair: Option<Rate>) {
        self.desk.set(|desk| desk.pace = Pace::new(account, pair));
    }

    fn sent(&self) -> usize {
        self.desk.inner.sent().len()
    }

    async fn sends(&self, number: u32) -> Status {
        self.engine.send(to(number, "hola")).await.unwrap().status
    }
}

#[tokio::test]
async fn what_is_beyond_the_pace_waits_and_goes_at_its_time() {
    let queue = queue().await;
    queue.paced(Some(Rate::one_in(MINUTE).with_burst(2)), None);
    let states = [queue.sends(1).await, queue.sends(2).await, queue.sends(3).await, queue.sends(4).await];
    assert_eq!(states, [Status::Accepted, Status::Accepted, Status::Queued, Status::Queued]);
    assert_eq!(queue.after(Duration::from_secs(30)).await, 0);
    assert_eq!(queue.after(Duration::from_secs(30)).await, 1);
    assert_eq!(queue.after(Duration::ZERO).await, 0, "one a minute");
    assert_eq!(queue.after(MINUTE).await, 1);
    assert_eq!(queue.sent(), 4);
}

#[tokio::test]
async fn one_person_is_not_written_to_faster_than_their_pace() {
    let queue = queue().await;
    queue.paced(None, Some(Rate::one_in(MINUTE)));
    assert_eq!([queue.sends(1).await, queue.sends(1).await], [Status::Accepted, Status::Queued]);
    assert_eq!(queue.sends(2).await, Status::Accepted, "others are");
    assert_eq!(queue.after(Duration::from_secs(59)).await, 0);
    assert_eq!(queue.after(Duration::from_secs(2)).await, 1);
}

#[tokio::test]
async fn nothing_leaves_before_the_provider_allows_it() {
    let queue = queue().await;
    let slow = Error::new(ErrorKind::RateLimited, Outcome::NotSent, "slow down").retry_after(10 * MINUTE);
    queue.desk.inner.fail_next(slow);
    assert_eq!([queue.sends(1).await, queue.sends(2).await], [Status::Queued, Status::Queued]);
    assert_eq!(queue.after(10 * MINUTE - Duration::from_secs(1)).await, 0);
    assert_eq!(queue.sent(), 0);
    assert!(queue.after(Duration::from_secs(5)).await > 0);
    let pair = Error::new(ErrorKind::RateLimited, Outcome::NotSent, "this person").about_account(false);
    queue.desk.inner.fail_next(pair.retry_after(MINUTE));
    assert_eq!([queue.sends(3).await, queue.sends(4).await], [Status::Queued, Status::Accepted], "of one person only");
}

#[tokio::test]
async fn an_expired_token_loses_no_message() {
    let queue = queue().await;
    queue.desk.inner.fail_next(refused());
    assert_eq!([queue.sends(1).await, queue.sends(2).await], [Status::Queued, Status::Queued]);
    let stopped = queue.engine.health().await.stopped;
    let reason = stopped[0].reason.clone().unwrap();
    assert_eq!((stopped.len(), reason.code.as_str(), &stopped[0].account), (1, "190", queue.desk.account()));
    assert_eq!(queue.after(Duration::from_secs(9)).await, 0, "the first try is after 10 s");
    queue.desk.inner.fail_next(refused());
    assert_eq!(queue.after(Duration::from_secs(2)).await, 1, "one of them tries");
    assert_eq!(queue.after(Duration::from_secs(15)).await, 0, "the next wait is longer");
    assert_eq!(queue.after(Duration::from_secs(6)).await, 1);
    assert_eq!(queue.after(Duration::ZERO).await, 1, "it works again, and the rest goes");
    assert_eq!(queue.engine.health().await.stopped, []);
    assert_eq!(queue.sends(3).await, Status::Accepted);
}

#[tokio::test]
async fn an_operator_ends_the_wait() {
    let queue = queue().await;
    queue.desk.inner.fail_next(refused());
    queue.sends(1).await;
    let north = "north".into();
    assert!(queue.engine.resume_account(&north, queue.desk.account()).await.unwrap());
    assert!(!queue.engine.resume_account(&north, queue.desk.account()).await.unwrap(), "it goes already");
    let elsewhere = queue.engine.resume_account(&"south".into(), queue.desk.account()).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::NotFound);
    // What was given out before the stop is not used for a moment.
    assert_eq!(queue.after(Duration::from_secs(1)).await, 1);
    assert_eq!(queue.sent(), 1);
}

#[tokio::test]
async fn failures_in_a_row_stop_and_one_success_between_them_does_not() {
    let queue = queue().await;
    for number in 0..4 {
        queue.fails(Outcome::Unknown);
        assert_eq!(queue.sends(number).await, Status::Unknown);
    }
    assert_eq!(queue.sends(10).await, Status::Accepted);
    for number in 20..25 {
        queue.fails(Outcome::Unknown);
        assert_eq!(queue.sends(number).await, Status::Unknown);
    }
    assert_eq!(queue.sends(30).await, Status::Queued, "after five in a row");
    assert_eq!(queue.after(Duration::from_secs(11)).await, 1);
    assert_eq!(queue.sends(31).await, Status::Accepted);
}

#[tokio::test]
async fn a_message_waits_for_the_account_until_its_deadline_only() {
    let queue = queue().await;
    queue.desk.inner.fail_next(refused());
    let message = queue.send(to(1, "hola")).await;
    for _ in 0..20 {
        queue.desk.inner.fail_next(refused());
        queue.after(5 * MINUTE).await;
    }
    assert_eq!(queue.status(message).await, Status::Expired);
}

#[tokio::test]
async fn a_call_beyond_the_pace_is_refused_and_one_shows_whether_a_stopped_account_works() {
    let queue = queue().await;
    let store: &Arc<dyn Repository> = &queue.store;
    let phone = Arc::new(Desk::phone("+34600000009", Arc::default()));
    let mut own = account(phone.account().clone());
    own.channel = comms_core::ChannelKind::Voice;
    store.put_account(&own).await.unwrap();
    phone.set(|desk| desk.pace = Pace::new(Some(Rate::one_in(MINUTE)), None));
    let channels = HashMap::from([(phone.account().clone(), Arc::clone(&phone))]);
    let engine =
        Engine::builder(Arc::clone(store), Arc::new(Directory(channels))).clock(Arc::new(queue.clock.clone())).build();
    let places = || async {
        let mut request = call("+34600000001");
        request.account = Some(phone.account().clone());
        engine.send(request).await
    };
    assert_eq!(places().await.unwrap().status, Status::CallInitiated);
    let error = places().await.unwrap_err();
    assert_eq!(error.code(), Code::TooFast);
    assert!(error.retry_after().is_some_and(|wait| wait > MINUTE / 2 && wait <= MINUTE), "{error:?}");
    queue.clock.advance(MINUTE);
    phone.inner.fail_next(refused());
    assert_eq!(places().await.unwrap().status, Status::CallFailed, "a call does not wait");
    queue.clock.advance(Duration::from_secs(5));
    let error = places().await.unwrap_err();
    assert!(matches!(error, EngineError::AccountStopped { .. }), "{error:?}");
    queue.clock.advance(MINUTE);
    assert_eq!(places().await.unwrap().status, Status::CallInitiated);
    let reserved = store.reserve(phone.account(), None, 1).await.unwrap();
    assert!(!matches!(reserved, Reservation::Held(Hold::Stopped(_), _)), "{reserved:?}");
}

#[tokio::test]
async fn numbers_that_share_a_rate_call_at_that_rate_together() {
    let queue = queue().await;
    let mut channels = HashMap::new();
    for number in ["+34600000008", "+34600000009"] {
        let phone = Arc::new(Desk::phone(number, Arc::default()));
        let mut own = account(phone.account().clone());
        own.channel = comms_core::ChannelKind::Voice;
        queue.store.put_account(&own).await.unwrap();
        phone.set(|desk| {
            desk.pace = Pace::new(Some(Rate::one_in(MINUTE).with_burst(2)), None);
            desk.pace_shared = Some("carrier:AC1".into());
        });
        channels.insert(phone.account().clone(), phone);
    }
    let numbers: Vec<_> = channels.keys().cloned().collect();
    let engine = Engine::builder(Arc::clone(&queue.store), Arc::new(Directory(channels)))
        .clock(Arc::new(queue.clock.clone()))
        .build();
    let places = |at: usize| {
        let mut request = call("+34600000001");
        request.account = Some(numbers[at].clone());
        engine.send(request)
    };
    assert_eq!(places(0).await.unwrap().status, Status::CallInitiated);
    assert_eq!(places(1).await.unwrap().status, Status::CallInitiated);
    for at in [0, 1] {
        let error = places(at).await.unwrap_err();
        assert_eq!(error.code(), Code::TooFast, "number {at}: both have made a call, and two are the burst");
        assert!(error.retry_after().is_some_and(|wait| wait > MINUTE / 2 && wait <= MINUTE), "{error:?}");
    }
    queue.clock.advance(MINUTE);
    assert_eq!(places(1).await.unwrap().status, Status::CallInitiated);
    assert_eq!(places(0).await.unwrap_err().code(), Code::TooFast);
    // The operator's rate of one is that of both.
    engine.set_rate(&"north".into(), &numbers[0], Some(Rate::one_in(Duration::from_millis(10)))).await.unwrap();
    assert_eq!(places(1).await.unwrap().status, Status::CallInitiated);
    assert_eq!(places(0).await.unwrap().status, Status::CallInitiated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_account_sends_at_once_leaves_room_for_another() {
    let queue = queue().await;
    let mut channels = HashMap::new();
    for name in ["bulk", "quiet"] {
        let desk = Arc::new(Desk::new(name, Arc::default()));
        queue.store.put_account(&account(desk.account().clone())).await.unwrap();
        channels.insert(name, desk);
    }
    let (bulk, quiet) = (Arc::clone(&channels["bulk"]), Arc::clone(&channels["quiet"]));
    let mut settings = comms_engine::Settings::default();
    settings.sends_at_once = 8;
    let directory = Directory(channels.into_values().map(|desk| (desk.account().clone(), desk)).collect());
    let engine = Engine::builder(Arc::clone(&queue.store), Arc::new(directory))
        .clock(Arc::new(queue.clock.clone()))
        .settings(settings)
        .build();
    // The provider of one of them answers nothing.
    bulk.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let sends = |desk: &Desk, number: u32| {
        let mut request = to(number, "hola");
        request.account = Some(desk.account().clone());
        let engine = engine.clone();
        tokio::spawn(async move { engine.send(request).await })
    };
    let mut under_way: Vec<_> = (0..4).map(|number| sends(&bulk, number)).collect();
    let begun = || bulk.journal.lock().unwrap().iter().filter(|what| *what == "send").count();
    while begun() < 4 {
        tokio::task::yield_now().await;
    }
    for number in 4..20 {
        let sent = sends(&bulk, number).await.unwrap().unwrap();
        assert_eq!(sent.status, Status::Queued, "beyond its share it has its turn in the queue");
    }
    let sent = sends(&quiet, 1).await.unwrap().unwrap();
    assert_eq!(sent.status, Status::Accepted, "another account is sent on at once");
    bulk.gate.add_permits(1_000);
    for first in under_way.drain(..) {
        assert_eq!(first.await.unwrap().unwrap().status, Status::Accepted);
    }
    while engine.send_due().await.unwrap() > 0 {}
    assert_eq!((bulk.inner.sent().len(), quiet.inner.sent().len()), (20, 1), "nothing was lost");
}

#[tokio::test]
async fn an_account_without_a_channel_keeps_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let queue = queue().await;
    queue.fails(Outcome::NotSent);
    let message = queue.send(to(1, "hola")).await;
    let bare = Engine::builder(Arc::clone(&queue.store), Arc::new(Directory(HashMap::new())))
        .clock(Arc::new(queue.clock.clone()))
        .build();
    queue.clock.advance(MINUTE);
    bare.send_due().await.unwrap();
    assert_eq!(queue.status(message).await, Status::Queued);
    assert_eq!(bare.health().await.stopped.len(), 1);
    // Another store, in which nobody is stopped.
    let settings = DatabaseSettings::sqlite(folder.path().join("other.db"));
    let other = open(settings, Arc::new(queue.clock.clone())).await.unwrap();
    other.migrate().await.unwrap();
    other.put_organization(&Organization { id: "south".into(), name: "South".to_owned() }).await.unwrap();
    assert_eq!(other.pacing(None).await.unwrap(), []);
}

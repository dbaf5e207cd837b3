//! Pages of the log take their time, and many want one at once: after a restart everybody comes back together.

use std::time::Duration;

use comms_engine::realtime::{Delivery, EventFilter, Subscription};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    realtime::log_event,
    scene::{Scene, admin, scene},
};

/// How long a page of the log takes here.
const PAGE_TAKES: Duration = Duration::from_millis(2_500);
/// How often whoever waits for a page looks away.
const BEAT: Duration = Duration::from_secs(1);

/// A log of three events whose pages take their time.
fn slow_log() -> Scene {
    let scene = scene();
    let mut state = scene.store.state();
    state.log = (1..=3).map(log_event).collect();
    state.feed_takes = PAGE_TAKES;
    drop(state);
    scene
}

async fn from_the_beginning(scene: &Scene) -> Subscription {
    scene.engine.subscribe(admin(), EventFilter::default(), Some(0)).await.unwrap()
}

/// Looks away at every beat, as a stream does that has to say that it is there.
async fn caught_up(mut subscription: Subscription) -> Vec<i64> {
    let mut heard = Vec::new();
    loop {
        match timeout(BEAT, subscription.next()).await {
            Err(_) => {}
            Ok(Ok(Delivery::Event(told))) => heard.push(told.event.cursor),
            Ok(Ok(Delivery::CaughtUp)) => return heard,
            Ok(other) => panic!("instead: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_takes_longer_than_a_heartbeat_is_read_once() {
    let scene = slow_log();
    let begun = Instant::now();
    let hearing = caught_up(from_the_beginning(&scene).await);
    let heard = timeout(10 * PAGE_TAKES, hearing).await.expect("it is read in the end");
    assert_eq!(heard, [1, 2, 3]);
    assert_eq!(begun.elapsed(), PAGE_TAKES);
    assert_eq!(scene.calls().iter().filter(|call| *call == "feed").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_with_everybody_waits_in_turn() {
    let scene = slow_log();
    let mut all = JoinSet::new();
    for _ in 0..20 {
        all.spawn(caught_up(from_the_beginning(&scene).await));
    }
    for heard in all.join_all().await {
        assert_eq!(heard, [1, 2, 3]);
    }
    assert_eq!(scene.store.state().feeding, (0, 4), "four at once, and none that never ends");
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_a_page_is_read_leaves_its_turn() {
    let scene = slow_log();
    let mut gone = Vec::new();
    for _ in 0..4 {
        let mut subscription = from_the_beginning(&scene).await;
        assert!(timeout(BEAT, subscription.next()).await.is_err());
        gone.push(subscription);
    }
    let begun = Instant::now();
    drop(gone);
    assert_eq!(caught_up(from_the_beginning(&scene).await).await, [1, 2, 3]);
    assert_eq!(begun.elapsed(), PAGE_TAKES, "nobody was waited for");
}

//! Who listens to the log gets each event once, whatever happens to them, and only what they may see.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use comms_core::{
    Address, AddressKind, Batch, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage, Outbound, Party,
    SystemClock, UserId, WebhookId, WebhookRequest,
    history::{
        Accepted, Account, DatabaseSettings, FeedEvent, Links, LogEvent, NewOutbound, NewWebhook, Organization,
        Repository, RepositoryError, Retained, Scope, open,
    },
};
use comms_engine::{
    Engine, EngineError, Settings, Workers,
    realtime::{Delivery, Ending, EventFilter, Subscription},
};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::{
    fake_channel::Directory,
    scene::{account, admin, scene, seller},
};

const PATIENCE: Duration = Duration::from_secs(30);

struct Hall {
    engine: Engine,
    store: Arc<dyn Repository>,
    workers: Workers,
    _folder: TempDir,
}

/// Two organisations on SQLite, with the workers running.
async fn hall(queue: usize) -> Hall {
    let folder = tempfile::tempdir().unwrap();
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(SystemClock)).await.unwrap();
    store.migrate().await.unwrap();
    for name in ["north", "south"] {
        let organization = Organization { id: name.into(), name: name.to_owned() };
        store.put_organization(&organization).await.unwrap();
        let own = Account { organization: name.into(), ..account(format!("memory:{name}").as_str().into()) };
        store.put_account(&own).await.unwrap();
    }
    let mut settings = Settings::default();
    settings.realtime_queue = queue;
    let engine = Engine::builder(Arc::clone(&store), Arc::new(Directory(HashMap::new()))).settings(settings).build();
    let workers = engine.start().await;
    Hall { engine, store, workers, _folder: folder }
}

impl Hall {
    /// Somebody writes to an organisation, to its user 1.
    async fn hears(&self, organization: &str, person: usize, key: &str) {
        hears(&self.store, organization, person, key).await;
    }

    /// A user of `north` is about to send.
    async fn sends(&self, user: &str) {
        sends(&self.store, user).await;
    }

    async fn subscribe(&self, scope: Scope, after: Option<i64>) -> Subscription {
        self.engine.subscribe(scope, EventFilter::default(), after).await.unwrap()
    }

    /// What somebody with this scope is to hear in all.
    async fn expected(&self, scope: &Scope) -> Vec<i64> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = self.store.feed(Some(&scope.organization), after, 1_000).await.unwrap();
            let Some(last) = page.last() else { return all };
            after = last.event.cursor;
            let heard = page.iter().filter(|one| scope.seller.as_ref().is_none_or(|id| one.sellers.contains(id)));
            all.extend(heard.map(|one| one.event.cursor));
        }
    }
}

async fn hears(store: &Arc<dyn Repository>, organization: &str, person: usize, key: &str) {
    let party = Party::of(Address::verbatim(AddressKind::Other, format!("person {person}")));
    let event = Event {
        account: format!("memory:{organization}").as_str().into(),
        subject: key.to_owned(),
        key: EventKey::new(key),
        occurred_at: None,
        kind: EventKind::Message(Box::new(InboundMessage::new(party, Content::text(key)))),
    };
    let webhook = NewWebhook {
        id: WebhookId::new(),
        provider: "memory".to_owned(),
        request: Some(WebhookRequest::post("https://example.com/", key.to_owned())),
        received_at: OffsetDateTime::now_utc(),
        batch: Batch { events: vec![event], ..Batch::default() },
    };
    assert_eq!(store.ingest(webhook).await.unwrap().messages, 1);
}

async fn sends(store: &Arc<dyn Repository>, user: &str) {
    let to = Address::verbatim(AddressKind::Other, format!("friend of {user}"));
    let message = NewOutbound {
        organization: "north".into(),
        account: "memory:north".into(),
        channel: ChannelKind::WebChat,
        user: user.into(),
        links: Links::default(),
        message: Outbound::new(to, Content::text("hola")),
        idempotency_key: None,
        request_hash: String::new(),
        retry_of: None,
        now: OffsetDateTime::now_utc(),
        lease: time::Duration::minutes(1),
        queue: comms_core::history::Queueing::default(),
    };
    assert!(matches!(store.accept(message).await.unwrap(), Accepted::New(_)));
}

/// The next thing; a test that waits for ever is no test.
async fn next(subscription: &mut Subscription) -> Delivery {
    tokio::time::timeout(PATIENCE, subscription.next()).await.expect("nothing comes").unwrap()
}

/// The cursors of everything up to the moment of catching up.
async fn until_caught_up(subscription: &mut Subscription) -> Vec<i64> {
    let mut heard = Vec::new();
    loop {
        match next(subscription).await {
            Delivery::Event(told) => heard.push(told.event.cursor),
            Delivery::CaughtUp => return heard,
            other => panic!("instead: {other:?}"),
        }
    }
}

async fn event(subscription: &mut Subscription) -> Arc<FeedEvent> {
    match next(subscription).await {
        Delivery::Event(told) => told,
        other => panic!("no event: {other:?}"),
    }
}

/// A little generator, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_clients_that_are_cut_off_miss_nothing_and_hear_nothing_twice() {
    // Short queues: some are dropped as slow, and come back like the others.
    let hall = Arc::new(hall(16).await);
    let scopes = [admin(), seller("1"), seller("2"), Scope { organization: "south".into(), seller: None }];
    let (finish, finished) = watch::channel(None);
    let mut clients = tokio::task::JoinSet::new();
    for at in 0..50 {
        let (hall, finished, scope) = (Arc::clone(&hall), finished.clone(), scopes[at % 4].clone());
        clients.spawn(async move { (at, listen_and_be_cut_off(&hall, finished, at, scope).await) });
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let store = Arc::clone(&hall.store);
        writers.spawn(async move {
            for number in 0..60 {
                let organization = if number % 3 == 0 { "south" } else { "north" };
                hears(&store, organization, writer, &format!("{writer}-{number}")).await;
                sends(&store, if number % 2 == 0 { "1" } else { "2" }).await;
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let mut expected = Vec::new();
    for scope in &scopes {
        expected.push(hall.expected(scope).await);
    }
    let totals: Vec<usize> = expected.iter().map(Vec::len).collect();
    // Messages, and the contacts that are met with them.
    assert_eq!(totals, [406, 285, 121, 84]);
    finish.send_replace(Some(totals));
    while let Some(done) = clients.join_next().await {
        let (at, heard) = done.unwrap();
        assert_eq!(heard, expected[at % 4], "client {at}");
    }
}

/// Listens from the beginning in pieces of random length, until there is no more to come.
async fn listen_and_be_cut_off(
    hall: &Hall,
    mut finished: watch::Receiver<Option<Vec<usize>>>,
    at: usize,
    scope: Scope,
) -> Vec<i64> {
    let mut dice = Dice(at as u64);
    let (mut heard, mut cursor) = (Vec::new(), 0);
    loop {
        let mut subscription = hall.subscribe(scope.clone(), Some(cursor)).await;
        for _ in 0..=dice.roll(40) {
            let done = |heard: &Vec<i64>, totals: &Option<Vec<usize>>| {
                totals.as_ref().is_some_and(|totals| heard.len() >= totals[at % 4])
            };
            if done(&heard, &finished.borrow()) {
                return heard;
            }
            let delivery = tokio::select! {
                delivery = next(&mut subscription) => delivery,
                Ok(()) = finished.changed() => continue,
            };
            match delivery {
                Delivery::Event(told) => {
                    cursor = told.event.cursor;
                    heard.push(cursor);
                }
                Delivery::CaughtUp => {}
                Delivery::Cut(_) => panic!("nothing was cut off"),
                Delivery::Ended(ending) => {
                    assert_eq!(ending, Ending::Slow);
                    break;
                }
            }
            if dice.roll(8) == 0 {
                tokio::task::yield_now().await;
            }
        }
        // What it is told to go on from serves as well as the last event.
        if dice.roll(2) == 0 {
            assert!(subscription.position() >= cursor);
            cursor = subscription.position();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_dropped_and_goes_on_from_its_cursor() {
    let hall = hall(4).await;
    hall.hears("north", 1, "before").await;
    let mut slow = hall.subscribe(admin(), Some(0)).await;
    let mut taken = until_caught_up(&mut slow).await;
    let before = taken.len();
    let mut quick = hall.subscribe(admin(), Some(0)).await;
    let mut heard = until_caught_up(&mut quick).await;
    for number in 0..20 {
        hall.hears("north", 1, &format!("m{number}")).await;
        heard.push(event(&mut quick).await.event.cursor);
    }
    assert_eq!(heard, hall.expected(&admin()).await, "the other one is not hurt");

    let ending = loop {
        match next(&mut slow).await {
            Delivery::Event(told) => taken.push(told.event.cursor),
            Delivery::Ended(ending) => break ending,
            other => panic!("instead: {other:?}"),
        }
    };
    assert_eq!((ending, taken.len() - before), (Ending::Slow, 4));
    assert!(matches!(next(&mut slow).await, Delivery::Ended(Ending::Slow)));
    let mut again = hall.subscribe(admin(), Some(slow.position())).await;
    taken.extend(until_caught_up(&mut again).await);
    assert_eq!(taken, heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_hears_of_their_own_only() {
    let hall = hall(64).await;
    hall.sends("1").await;
    hall.sends("2").await;
    let mut second = hall.subscribe(seller("2"), Some(0)).await;
    let mut nobody = hall.subscribe(seller("2' OR '1'='1"), Some(0)).await;
    assert_eq!(until_caught_up(&mut second).await.len(), 2, "the message, and a contact that is new");
    assert!(until_caught_up(&mut nobody).await.is_empty());
    hall.hears("north", 1, "to user 1").await;
    hall.hears("south", 1, "to another organisation").await;
    hall.sends("2").await;
    let told = event(&mut second).await;
    assert_eq!(told.message.as_ref().unwrap().user, Some(UserId::from("2")));
    // What it did not hear of is behind it all the same.
    let position = second.position();
    assert_eq!(position, hall.store.log_end().await.unwrap());
    assert_eq!(nobody.position(), position);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_no_cursor_hears_from_now_on() {
    let hall = hall(64).await;
    hall.hears("north", 1, "before").await;
    let mut new = hall.subscribe(admin(), None).await;
    hall.hears("north", 1, "between").await;
    let mut texts = Vec::new();
    while texts.len() < 2 {
        match next(&mut new).await {
            Delivery::Event(told) => texts.extend(told.message.as_ref().unwrap().text.clone()),
            Delivery::CaughtUp => hall.hears("north", 1, "after").await,
            other => panic!("instead: {other:?}"),
        }
    }
    assert_eq!(texts, ["between", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_takes_what_it_names() {
    let hall = hall(64).await;
    hall.hears("north", 1, "one").await;
    hall.hears("north", 2, "two").await;
    let all = hall.store.feed(None, 0, 10).await.unwrap();
    let conversation = all[0].event.conversation;
    assert!(conversation.is_some());
    let narrowed = |narrow: fn(&mut EventFilter)| {
        let mut filter = EventFilter::default();
        narrow(&mut filter);
        all.iter().filter(|one| filter.takes(one)).count()
    };
    assert_eq!(narrowed(|_| {}), 4);
    assert_eq!(narrowed(|filter| filter.channels = BTreeSet::from([ChannelKind::WebChat, ChannelKind::Sms])), 2);
    assert_eq!(narrowed(|filter| filter.channels = BTreeSet::from([ChannelKind::Voice])), 0);
    assert_eq!(narrowed(|filter| filter.kinds = BTreeSet::from(["status".to_owned()])), 0);
    assert_eq!(narrowed(|filter| filter.lead = Some("1".into())), 0);
    let mut filter = EventFilter::default();
    filter.conversation = conversation;
    let mut one = hall.engine.subscribe(admin(), filter, Some(0)).await.unwrap();
    assert_eq!(until_caught_up(&mut one).await, [all[0].event.cursor]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_while_it_stops_is_told_to_come_back() {
    let hall = hall(64).await;
    let mut live = hall.subscribe(admin(), None).await;
    until_caught_up(&mut live).await;
    let mut late = hall.subscribe(admin(), None).await;
    // Workers pause for as much as an hour, and some are in the middle of a round.
    tokio::time::timeout(PATIENCE, hall.workers.stop()).await.unwrap();
    for subscription in [&mut live, &mut late] {
        let mut last = next(subscription).await;
        if let Delivery::CaughtUp = last {
            last = next(subscription).await;
        }
        assert!(matches!(last, Delivery::Ended(Ending::Stopping)), "{last:?}");
    }
    let refused = hall.engine.subscribe(admin(), EventFilter::default(), None).await;
    assert!(matches!(refused, Err(EngineError::Busy)));
}

pub fn log_event(cursor: i64) -> FeedEvent {
    let event = LogEvent {
        cursor,
        organization: "north".into(),
        kind: "changed".to_owned(),
        account: None,
        message: None,
        conversation: None,
        payload: serde_json::Value::Null,
        created_at: OffsetDateTime::UNIX_EPOCH,
    };
    FeedEvent { event, message: None, sellers: Vec::new() }
}

#[tokio::test(start_paused = true)]
async fn what_another_process_wrote_is_told_with_the_next_pulse() {
    let scene = scene();
    let workers = scene.engine.start().await;
    let mut listener = scene.engine.subscribe(admin(), EventFilter::default(), None).await.unwrap();
    assert!(until_caught_up(&mut listener).await.is_empty());
    // Nothing hints at it.
    scene.store.state().log.push(log_event(1));
    let before = tokio::time::Instant::now();
    assert_eq!(event(&mut listener).await.event.cursor, 1);
    assert!(before.elapsed() <= Duration::from_secs(1));
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_nobody_an_event() {
    let scene = scene();
    let workers = scene.engine.start().await;
    let mut listener = scene.engine.subscribe(admin(), EventFilter::default(), None).await.unwrap();
    assert!(until_caught_up(&mut listener).await.is_empty());
    let away = || RepositoryError::Unavailable("gone".to_owned());
    scene.store.state().failures.insert("feed", [away(), away()].into());
    scene.store.state().log.extend([log_event(1), log_event(2)]);
    let heard = [event(&mut listener).await.event.cursor, event(&mut listener).await.event.cursor];
    assert_eq!(heard, [1, 2]);

    // Catching up fails, and goes on where it was.
    let mut again = scene.engine.subscribe(admin(), EventFilter::default(), Some(0)).await.unwrap();
    scene.store.state().failures.insert("feed", [away()].into());
    assert!(again.next().await.is_err());
    assert_eq!(until_caught_up(&mut again).await, [1, 2]);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_listeners_cost_one_reader() {
    let scene = scene();
    let workers = scene.engine.start().await;
    let mut listeners = Vec::new();
    for _ in 0..1_000 {
        let mut one = scene.engine.subscribe(admin(), EventFilter::default(), None).await.unwrap();
        assert!(until_caught_up(&mut one).await.is_empty());
        listeners.push(one);
    }
    let _ = scene.calls();
    scene.store.state().log.push(log_event(1));
    for one in &mut listeners {
        assert_eq!(event(one).await.event.cursor, 1);
    }
    let reads: Vec<String> = scene.calls().into_iter().filter(|call| call == "feed").collect();
    assert!(reads.len() <= 2, "a look for the first of them, one for the event: {}", reads.len());
    drop(listeners);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_to_a_log_that_was_cut_off_is_told_so() {
    let hall = hall(64).await;
    for number in 0..6 {
        hall.hears("north", 1, &format!("m{number}")).await;
    }
    let whole = hall.expected(&admin()).await;
    let before = OffsetDateTime::now_utc() + time::Duration::hours(1);
    assert_eq!(hall.store.prune(Retained::Events, before, 4).await.unwrap(), 4);
    let start = hall.store.log_start().await.unwrap();

    let mut late = hall.subscribe(admin(), Some(whole[0])).await;
    let first = next(&mut late).await;
    assert!(matches!(first, Delivery::Cut(cursor) if cursor == start), "{first:?}");
    assert_eq!(late.position(), start);
    let left: Vec<i64> = whole.iter().copied().filter(|cursor| *cursor > start).collect();
    assert_eq!(until_caught_up(&mut late).await, left);

    // Who has seen all that was cut off has missed nothing, and neither has who begins at the beginning.
    for cursor in [start, 0] {
        let mut subscription = hall.subscribe(admin(), Some(cursor)).await;
        assert_eq!(until_caught_up(&mut subscription).await, left);
    }
}

//! Outgoing webhooks, over the real store and an endpoint in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use comms_core::{
    ManualClock, OrganizationId, Secret,
    history::{
        DatabaseSettings, HookDelivery, HookDeliveryFilter, HookDeliveryState, HookEndpoint, HookFilter, HookReason,
        HookRedrive, HookState, Organization, Repository, open,
    },
};
use comms_engine::{Code, Engine, HookEdit, Hooks, NewHook, Settings, Told, Vault};
use comms_http::{
    AllowList,
    standard_webhooks::{SigningKey, verify},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::{
    fake_channel::{Desk, Directory},
    receivers::{Answer, Got, Receivers},
    scene::{account, text_event},
};

const URL: &str = "https://erp.example.com/in";
const HOUR: Duration = Duration::from_secs(3_600);

struct World {
    engine: Engine,
    store: Arc<dyn Repository>,
    desk: Arc<Desk>,
    clock: ManualClock,
    receivers: Arc<Receivers>,
    north: OrganizationId,
    _folder: TempDir,
}

async fn world() -> World {
    world_with(|_| {}).await
}

async fn world_with(change: impl FnOnce(&mut Settings)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    let desk = Arc::new(Desk::new("desk", Arc::default()));
    store.put_account(&account("memory:desk".into())).await.unwrap();
    let receivers = Arc::new(Receivers::default());
    let mut settings = Settings::default();
    change(&mut settings);
    let engine = engine(&store, &desk, &clock, &receivers, settings, Some(vault()));
    let world = World { engine, store, desk, clock, receivers, north: "north".into(), _folder: folder };
    // Who writes for the first time is an event as well: here everybody is known.
    world.happens("first of all").await;
    world
}

fn vault() -> Vault {
    Vault::new(&Secret::from("7".repeat(64)), None).unwrap()
}

fn engine(
    store: &Arc<dyn Repository>,
    desk: &Arc<Desk>,
    clock: &ManualClock,
    receivers: &Arc<Receivers>,
    settings: Settings,
    vault: Option<Vault>,
) -> Engine {
    let tell = |told: &comms_core::history::FeedEvent| Told {
        kind: told.event.kind.clone(),
        data: json!({"cursor": told.event.cursor, "text": told.message.as_ref().and_then(|m| m.text.clone())}),
    };
    let hooks = Hooks::new(receivers.clone(), AllowList::default(), vault, Arc::new(tell));
    let channels = HashMap::from([("memory:desk".into(), Arc::clone(desk))]);
    Engine::builder(Arc::clone(store), Arc::new(Directory(channels)))
        .inbound("memory", Arc::new(comms_core::InMemoryChannel::new("desk")))
        .clock(Arc::new(clock.clone()))
        .jitter(|| 0.0)
        .settings(settings)
        .hooks(hooks)
        .build()
}

impl World {
    async fn add(&self, url: &str) -> (HookEndpoint, SigningKey) {
        self.add_filtered(url, HookFilter::default()).await
    }

    async fn add_filtered(&self, url: &str, filter: HookFilter) -> (HookEndpoint, SigningKey) {
        let new = NewHook { url: url.to_owned(), description: None, filter };
        let (hook, secret) = self.engine.add_hook(&self.north, new).await.unwrap();
        (hook, SigningKey::parse(&secret).unwrap())
    }

    async fn happens(&self, name: &str) {
        let webhook = self.desk.inner.webhook(&[text_event("memory:desk", name)]).unwrap();
        self.engine.receive("memory", webhook).await.unwrap();
    }

    async fn deliveries(&self, hook: &HookEndpoint) -> Vec<HookDelivery> {
        let filter = HookDeliveryFilter { limit: 200, ..HookDeliveryFilter::default() };
        self.store.hook_deliveries(&self.north, hook.id, &filter).await.unwrap().entries
    }

    async fn reread(&self, hook: &HookEndpoint) -> HookEndpoint {
        self.store.hook(&self.north, hook.id).await.unwrap()
    }

    fn verified(&self, keys: &[SigningKey], got: &Got) -> bool {
        verify(keys, &got.headers, &got.body, comms_core::Clock::now(&self.clock)).is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_of_everything_once_signed() {
    let world = world().await;
    world.happens("before").await;
    let (hook, key) = world.add(URL).await;
    world.happens("one").await;
    world.happens("two").await;
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 2);
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 0, "nothing is told again");
    let got = world.receivers.got();
    let keys = [key];
    assert!(got.iter().all(|one| world.verified(&keys, one)), "{got:?}");
    let ids: HashSet<_> = got.iter().map(Got::id).collect();
    assert_eq!((got.len(), ids.len()), (2, 2));
    let told = got[0].json();
    assert_eq!((&told["type"], &told["data"]["text"]), (&json!("message"), &json!("hola")));
    assert_eq!(told["timestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(got[0].headers["content-type"], "application/json");
    let done = world.deliveries(&hook).await;
    assert!(done.iter().all(|one| one.state == HookDeliveryState::Delivered && one.status == Some(204)), "{done:?}");
    // Of an answer the first bytes are kept, and no half character breaks them.
    assert!(done.iter().all(|one| one.response.as_ref().is_some_and(|text| (900..1_100).contains(&text.len()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_organisations_are_kept_apart() {
    let world = world().await;
    let kinds = |kind: &str| HookFilter { kinds: [kind.to_owned()].into(), ..HookFilter::default() };
    let calls = HookFilter { channels: [comms_core::ChannelKind::Voice].into(), ..HookFilter::default() };
    world.add_filtered("https://messages.example.com/", kinds("message")).await;
    world.add_filtered("https://states.example.com/", kinds("status")).await;
    world.add_filtered("https://calls.example.com/", calls).await;
    world.store.put_organization(&Organization { id: "south".into(), name: "South".to_owned() }).await.unwrap();
    let other = NewHook { url: "https://south.example.com/".to_owned(), ..NewHook::default() };
    world.engine.add_hook(&"south".into(), other).await.unwrap();
    world.happens("one").await;
    world.engine.tell_hooks().await.unwrap();
    let hosts: Vec<_> = world.receivers.got().into_iter().map(|got| got.host).collect();
    assert_eq!(hosts, ["messages.example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_over_days_with_one_id_and_then_given_up() {
    let world = world().await;
    let (hook, key) = world.add(URL).await;
    world.receivers.always("erp.example.com", Answer::Status(500));
    world.happens("one").await;
    let waits = world.engine.settings().hooks.waits.clone();
    for (tried, wait) in waits.iter().enumerate() {
        assert_eq!(world.engine.tell_hooks().await.unwrap(), 1, "attempt {}", tried + 1);
        world.clock.advance(*wait - Duration::from_millis(1));
        assert_eq!(world.engine.tell_hooks().await.unwrap(), 0, "before the wait of {wait:?} is over");
        world.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 1);
    let [done] = &world.deliveries(&hook).await[..] else { panic!("one delivery") };
    assert_eq!((done.state, done.attempts, done.status), (HookDeliveryState::Failed, 10, Some(500)));
    assert_eq!(done.error.as_deref(), Some("HTTP 500"));
    let got = world.receivers.got();
    assert_eq!(got.iter().map(Got::id).collect::<HashSet<_>>().len(), 1, "the id stays");
    assert!(world.verified(&[key], got.last().unwrap()), "each attempt is signed anew");

    // Given up is not lost: it is told again, under the same id.
    world.receivers.always("erp.example.com", Answer::Status(200));
    let since = comms_core::Clock::now(&world.clock) - time::Duration::days(10);
    let again = HookRedrive::FailedSince(since);
    let now = comms_core::Clock::now(&world.clock);
    assert_eq!(world.store.redrive_hook(&world.north, hook.id, again, now).await.unwrap(), 1);
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 1);
    assert_eq!(world.receivers.got().last().unwrap().id(), got[0].id());
    assert_eq!(world.reread(&hook).await.failing_since, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_asks_to_wait_is_waited() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    world.receivers.next("erp.example.com", Answer::Wait(429, "90"));
    world.happens("one").await;
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 1);
    world.clock.advance(Duration::from_secs(89));
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 0);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 1);
    assert_eq!(world.deliveries(&hook).await[0].state, HookDeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_only_fails_for_days_is_given_up_and_comes_back_without_loss() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    world.receivers.always("erp.example.com", Answer::Nothing);
    let mut days = 0;
    while world.reread(&hook).await.state == HookState::Active {
        world.happens(&format!("day {days}")).await;
        world.engine.tell_hooks().await.unwrap();
        world.clock.advance(24 * HOUR);
        days += 1;
        assert!(days < 20, "it is never given up");
    }
    assert_eq!(days, 6, "five days after the first failure");
    let given_up = world.reread(&hook).await;
    assert_eq!((given_up.state, given_up.reason), (HookState::Disabled, Some(HookReason::Failing)));
    let log = world.store.events(Some(&world.north), 0, 1_000).await.unwrap();
    let told: Vec<_> = log.iter().filter(|event| event.kind == "webhook").collect();
    assert_eq!(told.len(), 1, "the log tells of it");
    assert_eq!(told[0].payload["reason"], "failing");
    let health = world.engine.health().await;
    assert!(health.hooks.unwrap().disabled == 1 && health.workers.is_empty());
    let tried = world.receivers.got().len();
    world.happens("while it is given up").await;
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 0);
    assert_eq!(world.receivers.got().len(), tried, "nobody calls it");

    world.receivers.always("erp.example.com", Answer::Status(204));
    world.engine.enable_hook(&world.north, hook.id, false).await.unwrap();
    world.engine.tell_hooks().await.unwrap();
    world.clock.advance(24 * HOUR);
    world.engine.tell_hooks().await.unwrap();
    let all = world.deliveries(&hook).await;
    let messages = all.iter().filter(|one| one.kind == "message");
    assert_eq!(messages.count(), 7, "what happened meanwhile is told");
    let left: Vec<_> = all.iter().filter(|one| one.state == HookDeliveryState::Pending).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_success_ends_the_series_of_failures() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    for day in 0..12 {
        world.receivers.next("erp.example.com", Answer::Status(if day % 4 == 3 { 204 } else { 500 }));
        world.happens(&format!("day {day}")).await;
        world.engine.tell_hooks().await.unwrap();
        world.clock.advance(24 * HOUR);
    }
    assert_eq!(world.reread(&hook).await.state, HookState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_given_up_at_once() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    world.receivers.next("erp.example.com", Answer::Status(410));
    world.happens("one").await;
    world.engine.tell_hooks().await.unwrap();
    let gone = world.reread(&hook).await;
    assert_eq!((gone.state, gone.reason), (HookState::Disabled, Some(HookReason::Gone)));
    // From now on only.
    world.happens("two").await;
    world.engine.enable_hook(&world.north, hook.id, true).await.unwrap();
    world.engine.tell_hooks().await.unwrap();
    let told: Vec<_> = world.deliveries(&hook).await.into_iter().filter(|one| one.kind == "message").collect();
    assert_eq!(told.len(), 1, "what was to be told when it went, and nothing of meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nobody_concludes_is_made_again_after_its_lease() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    world.happens("one").await;
    world.receivers.always("erp.example.com", Answer::Nothing);
    // The first attempt makes the delivery; its claim is then taken by a process that dies.
    world.engine.tell_hooks().await.unwrap();
    world.clock.advance(Duration::from_secs(5));
    let now = comms_core::Clock::now(&world.clock);
    let lease = time::Duration::seconds(35);
    let lost = world.store.claim_hook(hook.id, now, lease, 10).await.unwrap();
    assert_eq!(lost.len(), 1);
    world.receivers.always("erp.example.com", Answer::Status(204));
    let next = engine(&world.store, &world.desk, &world.clock, &world.receivers, Settings::default(), Some(vault()));
    world.clock.advance(Duration::from_secs(34));
    assert_eq!(next.tell_hooks().await.unwrap(), 0, "the claim is another's");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(next.tell_hooks().await.unwrap(), 1);
    assert_eq!(world.deliveries(&hook).await[0].state, HookDeliveryState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_endpoint_has_its_places_and_others_theirs() {
    let world = world_with(|settings| settings.hooks.at_once = 8).await;
    world.add("https://slow.example.com/").await;
    world.add("https://quick.example.com/").await;
    let hold = Arc::new(Semaphore::new(0));
    world.receivers.state().hold.insert("slow.example.com".to_owned(), Arc::clone(&hold));
    for at in 0..20 {
        world.happens(&format!("event {at}")).await;
    }
    let engine = world.engine.clone();
    let telling = tokio::spawn(async move { engine.tell_hooks().await.unwrap() });
    let quick = async {
        loop {
            let got = world.receivers.got();
            if got.iter().filter(|one| one.host == "quick.example.com").count() == 20 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), quick).await.expect("the quick one waits for the slow one");
    assert_eq!(world.receivers.state().most["slow.example.com"], 4);
    hold.add_permits(20);
    assert_eq!(telling.await.unwrap(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_signs_beside_the_one_before_for_a_day() {
    let world = world().await;
    let (hook, old) = world.add(URL).await;
    let new = world.engine.rotate_hook(&world.north, hook.id).await.unwrap();
    let (old, new) = ([old], [SigningKey::parse(&new).unwrap()]);
    world.happens("one").await;
    world.engine.tell_hooks().await.unwrap();
    let got = world.receivers.got().pop().unwrap();
    assert!(world.verified(&old, &got) && world.verified(&new, &got));
    world.clock.advance(24 * HOUR);
    world.happens("two").await;
    world.engine.tell_hooks().await.unwrap();
    let got = world.receivers.got().pop().unwrap();
    assert!(!world.verified(&old, &got) && world.verified(&new, &got));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_how_the_endpoint_answers_and_counts_for_nothing() {
    let world = world().await;
    let (hook, key) = world.add(URL).await;
    let pinged = world.engine.ping_hook(&world.north, hook.id).await.unwrap();
    assert!(pinged.taken && pinged.status == Some(204), "{pinged:?}");
    assert_eq!(world.receivers.got()[0].json()["type"], "prueba");
    assert!(world.verified(&[key], &world.receivers.got()[0]));
    for (answer, error) in [(Answer::Status(302), "HTTP 302"), (Answer::Nothing, "no connection")] {
        world.receivers.next("erp.example.com", answer);
        let pinged = world.engine.ping_hook(&world.north, hook.id).await.unwrap();
        assert_eq!((pinged.taken, pinged.error.as_deref()), (false, Some(error)));
    }
    assert!(world.deliveries(&hook).await.is_empty());
    assert_eq!(world.reread(&hook).await.failing_since, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_needs_an_address_that_may_be_called_and_a_key_to_be_kept_with() {
    let world = world().await;
    for url in ["", "erp", "http://erp.example.com/", "https://127.0.0.1/", "https://169.254.169.254/", "ftp://a.b/"] {
        let new = NewHook { url: url.to_owned(), ..NewHook::default() };
        let error = world.engine.add_hook(&world.north, new).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::HookRefused, Some("url")), "{url:?}");
    }
    let (hook, _) = world.add(URL).await;
    let edit = HookEdit { url: Some("https://[::1]/".to_owned()), ..HookEdit::default() };
    assert_eq!(world.engine.edit_hook(&world.north, hook.id, edit).await.unwrap_err().code(), Code::HookRefused);
    let edit = HookEdit { description: Some("ñ".repeat(501)), ..HookEdit::default() };
    assert_eq!(world.engine.edit_hook(&world.north, hook.id, edit).await.unwrap_err().code(), Code::InvalidValue);
    let other: OrganizationId = "south".into();
    assert_eq!(world.engine.ping_hook(&other, hook.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.engine.rotate_hook(&other, hook.id).await.unwrap_err().code(), Code::NotFound);

    let keyless = engine(&world.store, &world.desk, &world.clock, &world.receivers, Settings::default(), None);
    let new = NewHook { url: URL.to_owned(), ..NewHook::default() };
    assert_eq!(keyless.add_hook(&world.north, new).await.unwrap_err().code(), Code::EncryptionKeyMissing);
    // Without the key nothing can be signed: it waits, and the endpoint is not blamed.
    world.happens("one").await;
    keyless.tell_hooks().await.unwrap();
    assert!(world.receivers.got().is_empty());
    assert_eq!(world.reread(&hook).await.failing_since, None);
    world.clock.advance(HOUR);
    assert_eq!(world.engine.tell_hooks().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_as_many_endpoints_as_it_may() {
    let world = world_with(|settings| settings.hooks.endpoints = 2).await;
    world.add(URL).await;
    world.add(URL).await;
    let new = NewHook { url: URL.to_owned(), ..NewHook::default() };
    assert_eq!(world.engine.add_hook(&world.north, new).await.unwrap_err().code(), Code::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_tells_by_itself_and_stops_in_good_order() {
    let world = world().await;
    let (hook, _) = world.add(URL).await;
    let hold = Arc::new(Semaphore::new(0));
    world.receivers.state().hold.insert("erp.example.com".to_owned(), Arc::clone(&hold));
    let workers = world.engine.start().await;
    world.happens("one").await;
    let arrived = async {
        while world.receivers.got().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap();
    let stopping = tokio::spawn(workers.stop());
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished(), "an attempt is under way");
    hold.add_permits(1);
    tokio::time::timeout(Duration::from_secs(20), stopping).await.unwrap().unwrap();
    assert_eq!(world.deliveries(&hook).await[0].state, HookDeliveryState::Delivered);
}

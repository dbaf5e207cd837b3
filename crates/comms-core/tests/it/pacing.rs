//! The places that an account has, for any requests at any times: never more than its rate, and never less where they are asked for.

use std::{sync::Arc, time::Duration};

use comms_core::{
    AccountId, ChannelKind, Clock, ManualClock, OrganizationId, Pace, Rate,
    history::{Account, DatabaseSettings, Organization, Repository, Reservation, SLICE, open},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tempfile::TempDir;

struct Store {
    clock: ManualClock,
    store: Arc<dyn Repository>,
    _folder: TempDir,
}

async fn store() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("comms.db"));
    let store = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    Store { clock, store, _folder: folder }
}

impl Store {
    /// A new account with this rate.
    async fn account(&self, rate: Rate) -> AccountId {
        let id = AccountId::of("memory", &comms_core::MessageId::new().to_string());
        let organization = OrganizationId::new("north");
        let account = Account {
            id: id.clone(),
            organization,
            channel: ChannelKind::WebChat,
            name: None,
            parent: None,
            owner: None,
            caller_id: None,
            active: true,
        };
        self.store.put_account(&account).await.unwrap();
        self.store.set_pace(&id, None, &Pace::new(Some(rate), None)).await.unwrap();
        id
    }

    /// The times of the places that are given now, in microseconds; and how long to wait where there are none.
    async fn ask(&self, account: &AccountId, want: u16) -> (Vec<i128>, Duration) {
        let now = self.clock.now().unix_timestamp_nanos() / 1_000;
        match self.store.reserve(account, None, want).await.unwrap() {
            Reservation::Turns(turns) => {
                let at = |after: Duration| now + i128::try_from(after.as_micros()).unwrap();
                (turns.iter().map(|turn| at(turn.after)).collect(), Duration::ZERO)
            }
            Reservation::Held(_, wait) => (Vec::new(), wait),
        }
    }
}

#[test]
fn in_no_stretch_of_time_are_there_more_places_than_the_rate_has() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(store());
    let asked = prop::collection::vec((0_u64..400_000, 1_u16..20), 1..30);
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&(1_u64..250_000, 1_u32..12, asked), |(interval, burst, asked)| {
            let rate = Rate::one_in(Duration::from_micros(interval)).with_burst(burst);
            let times = runtime.block_on(async {
                let account = store.account(rate).await;
                let mut times = Vec::new();
                for (later, want) in asked {
                    store.clock.advance(Duration::from_micros(later));
                    times.extend(store.ask(&account, want).await.0);
                }
                times
            });
            for (at, from) in times.iter().enumerate() {
                for (to_at, to) in times.iter().enumerate().skip(at) {
                    let allowed = i128::from(burst) + (to - from) / i128::from(interval);
                    let count = i128::try_from(to_at - at + 1).unwrap();
                    prop_assert!(count <= allowed, "{count} places in {} µs", to - from);
                }
            }
            prop_assert!(times.is_sorted(), "a later place before an earlier one");
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn whoever_always_asks_has_the_whole_rate() {
    let store = store().await;
    let account = store.account(Rate::per_second(80)).await;
    let begun = store.clock.now();
    let mut count = 0;
    while store.clock.now() - begun < Duration::from_secs(30) {
        // Looks come late at times, as long as they come within a slice.
        let (times, wait) = store.ask(&account, 100).await;
        count += times.len();
        store.clock.advance(wait + Duration::from_millis(7 + u64::try_from(count % 5).unwrap() * 9));
    }
    let exact = 80 * 30;
    assert!((exact..=exact + 10).contains(&count), "{count} places in 30 s");
}

#[tokio::test]
async fn what_a_pair_refuses_takes_no_place_of_the_account() {
    let store = store().await;
    let account = store.account(Rate::one_in(Duration::from_secs(60)).with_burst(5)).await;
    let minute = Rate::one_in(Duration::from_secs(60));
    store.store.set_pace(&account, None, &Pace::new(Some(minute.with_burst(5)), Some(minute))).await.unwrap();
    let to = comms_core::Address::phone("+34600000000", None).unwrap();
    let mut let_through = 0;
    for _ in 0..5 {
        let reserved = store.store.reserve(&account, Some(&to), 1).await.unwrap();
        let_through += usize::from(matches!(reserved, Reservation::Turns(_)));
    }
    assert_eq!(let_through, 1);
    assert_eq!(store.ask(&account, 9).await.0.len(), 4, "what the pair refused is there still");
    store.clock.advance(Duration::from_secs(61));
    assert_eq!(store.store.prune_pairs().await.unwrap(), 1, "a pair that limits nothing is forgotten");
    assert!(SLICE < Duration::from_secs(1));
}

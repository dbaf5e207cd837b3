//! Ten thousand callbacks, repeated and shuffled, end as they do in order.

mod dump;
mod subject;

use std::{collections::BTreeMap, time::Duration};

use comms_core::{
    ChannelKind, Event, MessageId,
    history::{Account, HistoryFilter, Scope},
};
use futures_util::{StreamExt, future::join_all, stream};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use self::{
    dump::dump,
    subject::{Began, End, Subject, phone_account, sms_account},
};
use crate::contract_world::{Desk, Place, organization, webhook};

/// Callbacks that are delivered.
const DELIVERED: usize = 10_000;

/// Calls and messages that they are about.
const SUBJECTS: usize = 300;

/// Webhooks that arrive at once.
const AT_ONCE: usize = 48;

/// What happens, and how it is delivered.
#[derive(Clone, Debug)]
struct Story {
    subjects: Vec<Subject>,
    /// Numbers that pick a callback each, beyond one of each.
    repeated: Vec<usize>,
    order: Vec<usize>,
    batches: Vec<usize>,
}

#[test]
fn ten_thousand_shuffled_callbacks_end_as_in_order_on_sqlite() {
    hold(2, || async { Some(Place::sqlite().await) });
}

#[test]
fn ten_thousand_shuffled_callbacks_end_as_in_order_on_postgres() {
    hold(1, Place::prisma);
}

fn hold<F: Future<Output = Option<Place>>>(cases: u32, place: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let told = TestRunner::new(config).run(&story(), |story| {
        runtime.block_on(async {
            let (Some(ordered), Some(shuffled)) = (place().await, place().await) else {
                return Ok(());
            };
            let wanted = in_order(&ordered, &story).await;
            let found = in_disorder(&shuffled, &story).await;
            for (wanted, found) in wanted.iter().zip(&found) {
                prop_assert_eq!(wanted, found);
            }
            prop_assert_eq!(wanted.len(), found.len());
            Ok(())
        })
    });
    told.unwrap();
}

fn story() -> impl Strategy<Value = Story> {
    let began = prop::sample::select(vec![Began::Placed, Began::Browser, Began::Inbound, Began::Sent]);
    let end = prop::sample::select(vec![End::Good, End::Good, End::Busy, End::NoAnswer, End::Failed, End::Open]);
    let subjects = prop::collection::vec((began, end, 0..4_000_u32, any::<bool>()), SUBJECTS);
    let repeated = prop::collection::vec(any::<usize>(), DELIVERED);
    let order = Just((0..DELIVERED).collect::<Vec<_>>()).prop_shuffle();
    let batches = prop::collection::vec(1..40_usize, DELIVERED);
    (subjects, repeated, order, batches).prop_map(|(subjects, repeated, order, batches)| Story {
        subjects: subjects
            .into_iter()
            .enumerate()
            .map(|(number, (began, end, seconds, recorded))| Subject {
                number,
                id: MessageId::new(),
                began,
                end,
                seconds,
                recorded,
            })
            .collect(),
        repeated,
        order,
        batches,
    })
}

/// Each callback once, those of one subject in their order.
async fn in_order(place: &Place, story: &Story) -> Vec<String> {
    let desk = open(place).await;
    join_all(story.subjects.iter().map(async |subject| {
        subject.place(&desk).await;
        subject.conclude(&desk).await;
        for event in subject.told() {
            desk.ingest(vec![event]).await;
        }
    }))
    .await;
    settle(&desk, place, story).await
}

/// All callbacks many times, in any order and in batches of any size; the provider's answer to a request may come last.
async fn in_disorder(place: &Place, story: &Story) -> Vec<String> {
    let desk = open(place).await;
    let (soon, late): (Vec<_>, Vec<_>) = story.subjects.iter().partition(|subject| subject.number % 2 == 0);
    for subject in &story.subjects {
        subject.place(&desk).await;
    }
    join_all(soon.iter().map(|subject| subject.conclude(&desk))).await;
    let told: Vec<Event> = story.subjects.iter().flat_map(Subject::told).collect();
    let again = story.repeated.iter().map(|pick| pick % told.len());
    let all: Vec<usize> = (0..told.len()).chain(again).take(DELIVERED).collect();
    assert!(told.len() < DELIVERED / 3, "most are repetitions: {}", told.len());
    let mut shuffled = story.order.iter().map(|at| told[all[*at]].clone());
    let mut batches = Vec::new();
    for size in &story.batches {
        let batch: Vec<Event> = shuffled.by_ref().take(*size).collect();
        if batch.is_empty() {
            break;
        }
        batches.push(batch);
    }
    let deliveries = stream::iter(batches).map(|batch| desk.ingest(batch)).buffer_unordered(AT_ONCE);
    let conclusions = join_all(late.iter().map(|subject| subject.conclude(&desk)));
    let (told, _) = tokio::join!(deliveries.collect::<Vec<_>>(), conclusions);
    let delivered: u32 = told.iter().map(|t| t.messages + t.statuses + t.updates + t.duplicates).sum();
    assert_eq!(usize::try_from(delivered).unwrap(), DELIVERED, "every callback is accounted for");
    // Where something else held up `comunicaciones` for long, a round went without its rows: a worker brings them.
    while desk.store.fill_waiting().await.unwrap() > 0 {}
    settle(&desk, place, story).await
}

async fn open(place: &Place) -> Desk {
    let desk = place
        .open_with(|settings| {
            settings.writers = 2;
            // All ask at once for few connections, perhaps of a busy server: how long that takes is not what is tried here.
            settings.pool_timeout = Duration::from_secs(120);
        })
        .await;
    for (id, channel) in [(phone_account(), ChannelKind::Voice), (sms_account(), ChannelKind::Sms)] {
        let account = Account {
            id,
            organization: organization(),
            channel,
            name: None,
            parent: None,
            owner: Some("1".into()),
            caller_id: None,
            active: true,
        };
        desk.store.put_account(&account).await.unwrap();
    }
    desk
}

/// Checks each record against what was told of it, and dumps what is stored.
async fn settle(desk: &Desk, place: &Place, story: &Story) -> Vec<String> {
    let scope = Scope { organization: organization(), seller: None };
    let (mut found, mut filter) = (BTreeMap::new(), HistoryFilter { limit: 200, ..HistoryFilter::default() });
    loop {
        let page = desk.store.history(&scope, &filter).await.unwrap();
        for entry in page.entries {
            let told = (entry.status, entry.duration_seconds, entry.answered_by, entry.attachments.len());
            assert!(found.insert(entry.provider_id.unwrap(), told).is_none(), "a subject has two records");
        }
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    let wanted: BTreeMap<_, _> = story.subjects.iter().map(|subject| (subject.sid(), subject.outcome())).collect();
    assert_eq!(found, wanted);
    desk.store.close().await;
    dump(place).await
}

/// The dump would show what it is there to show.
#[tokio::test]
async fn the_dump_sees_every_difference() {
    let place = Place::sqlite().await;
    let desk = open(&place).await;
    let call =
        Subject { number: 1, id: MessageId::new(), began: Began::Browser, end: End::Good, seconds: 42, recorded: true };
    for event in call.told() {
        desk.store.ingest(webhook(vec![event])).await.unwrap();
    }
    desk.store.close().await;
    let mut before = dump(&place).await;
    for change in [
        "UPDATE comms_messages SET status = 225",
        "UPDATE comms_messages SET duration_seconds = 42",
        "UPDATE comms_messages SET answered_by = 'fax'",
        "UPDATE comms_messages SET extra = NULL",
        "UPDATE comms_status_events SET message_id = NULL",
        "UPDATE comms_attachments SET message_id = x'00'",
        "DELETE FROM comms_updates",
        "UPDATE comunicaciones SET duracion_seg = 1",
        "UPDATE comunicaciones SET estado = 'en_curso'",
        "UPDATE comms_identities SET user_id = '9'",
    ] {
        place.run(change).await;
        let after = dump(&place).await;
        assert_ne!(after, before, "{change}");
        before = after;
    }
}

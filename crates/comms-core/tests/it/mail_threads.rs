//! Whatever mails name each other, and in whatever order and batches they come: what has a name in common is one conversation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use comms_core::{
    AccountId, Address, Batch, ChannelKind, Email, Event, EventKey, EventKind, InboundMessage, Party, SystemClock,
    WebhookId,
    history::{
        Account, ConversationFilter, DatabaseSettings, HistoryFilter, NewWebhook, Organization, Repository, Scope, open,
    },
};
use proptest::prelude::*;
use time::OffsetDateTime;

/// A mail: whether it has an id, which it answers, which led to it, the provider's thread, its subject, and whether that answers.
#[derive(Clone, Debug)]
struct Told {
    named: bool,
    answers: Option<usize>,
    chain: Vec<usize>,
    thread: Option<u8>,
    subject: u8,
    re: bool,
}

const MOST: usize = 9;

fn told() -> impl Strategy<Value = Told> {
    let index = || 0..MOST;
    (
        prop::bool::weighted(0.9),
        prop::option::weighted(0.5, index()),
        prop::collection::vec(index(), 0..3),
        prop::option::weighted(0.3, 0_u8..2),
        0_u8..4,
        any::<bool>(),
    )
        .prop_map(|(named, answers, chain, thread, subject, re)| Told {
            named,
            answers,
            chain,
            thread,
            subject,
            re,
        })
}

fn id(number: usize) -> String {
    format!("{number}@example.com")
}

/// What the rule says are its names.
fn names(number: usize, told: &Told) -> BTreeSet<String> {
    let ids = told.chain.iter().chain(&told.answers).copied().chain(told.named.then_some(number)).map(id);
    let mut names: BTreeSet<String> = ids.collect();
    names.extend(told.thread.map(|thread| format!("thread {thread}")));
    if told.chain.is_empty() && told.answers.is_none() && told.thread.is_none() {
        names.insert(format!("asunto {}", told.subject));
    }
    names
}

/// What has a name in common, and what has one in common with that.
fn model(story: &[Told]) -> BTreeSet<BTreeSet<usize>> {
    let mut groups: Vec<(BTreeSet<String>, BTreeSet<usize>)> = Vec::new();
    for (number, told) in story.iter().enumerate() {
        let mut whole = (names(number, told), BTreeSet::from([number]));
        groups.retain(|group| {
            let apart = group.0.is_disjoint(&whole.0);
            if !apart {
                whole.0.extend(group.0.iter().cloned());
                whole.1.extend(&group.1);
            }
            apart
        });
        groups.push(whole);
    }
    groups.into_iter().map(|(_, numbers)| numbers).collect()
}

fn event(number: usize, told: &Told) -> Event {
    let mail = Email {
        subject: format!("{}asunto {}", if told.re { "Re: " } else { "" }, told.subject),
        text: Some(number.to_string()),
        message_id: told.named.then(|| id(number)),
        in_reply_to: told.answers.map(id),
        references: told.chain.iter().copied().map(id).collect(),
        thread: told.thread.map(|thread| thread.to_string()),
        ..Email::default()
    };
    let ana = Party::of(Address::email("ana@example.com").unwrap());
    Event {
        account: AccountId::of("gmail", "ventas@example.com"),
        subject: format!("gm{number}"),
        key: EventKey::new(format!("gm{number}")),
        occurred_at: None,
        kind: EventKind::Message(Box::new(InboundMessage::new(ana, mail.into()))),
    }
}

async fn mailbox() -> (Arc<dyn Repository>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(SystemClock)).await.unwrap();
    store.migrate().await.unwrap();
    store.put_organization(&Organization { id: "north".into(), name: "North".to_owned() }).await.unwrap();
    let account = Account {
        id: AccountId::of("gmail", "ventas@example.com"),
        organization: "north".into(),
        channel: ChannelKind::Email,
        name: None,
        parent: None,
        owner: None,
        caller_id: None,
        active: true,
    };
    store.put_account(&account).await.unwrap();
    (store, folder)
}

async fn ingest(store: &Arc<dyn Repository>, events: Vec<Event>) {
    let read = NewWebhook {
        id: WebhookId::new(),
        provider: "gmail".to_owned(),
        request: None,
        received_at: OffsetDateTime::now_utc(),
        batch: Batch { events, ..Batch::default() },
    };
    store.ingest(read).await.unwrap();
}

async fn found(story: &[Told], order: &[usize], at_once: usize) -> BTreeSet<BTreeSet<usize>> {
    let (store, _folder) = mailbox().await;
    for some in order.chunks(at_once) {
        ingest(&store, some.iter().map(|number| event(*number, &story[*number])).collect()).await;
    }
    let scope = Scope { organization: "north".into(), seller: None };
    let filter = HistoryFilter { limit: 200, ..HistoryFilter::default() };
    let mut groups: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for entry in store.history(&scope, &filter).await.unwrap().entries {
        groups.entry(entry.conversation.unwrap()).or_default().insert(entry.text.unwrap().parse().unwrap());
    }
    // The list shows each with what came in, and no empty one.
    let filter = ConversationFilter { limit: 200, ..ConversationFilter::default() };
    let shown = store.conversations(&scope, None, &filter).await.unwrap().entries;
    let counted: BTreeMap<_, usize> = shown.iter().map(|one| (one.id, usize::try_from(one.unread).unwrap())).collect();
    assert_eq!(counted, groups.iter().map(|(id, group)| (*id, group.len())).collect::<BTreeMap<_, _>>());
    groups.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_has_a_name_in_common_is_one_conversation_in_any_order(
        story in prop::collection::vec(told(), 1..MOST),
        seed in prop::collection::vec(any::<u32>(), MOST),
        at_once in 1_usize..5,
    ) {
        let mut order: Vec<usize> = (0..story.len()).collect();
        order.sort_by_key(|number| seed[*number]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        prop_assert_eq!(runtime.block_on(found(&story, &order, at_once)), model(&story));
    }
}

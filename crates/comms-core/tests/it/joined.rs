//! Joining, separating and what comes in between, in any order, against a model of who belongs together.

use std::collections::{BTreeMap, BTreeSet};

use comms_core::{
    ContactId, UserId,
    history::{ContactFilter, ConversationFilter, RepositoryError, Scope},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use time::OffsetDateTime;

use crate::contract_world::{Desk, Place, organization};

/// How many people there are.
const PEOPLE: usize = 6;

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The first is joined by the second.
    Join(usize, usize),
    /// Is taken back.
    Separate(usize),
    /// Somebody writes.
    Write(usize),
}

#[test]
fn whoever_is_joined_and_separated_in_any_order_is_who_the_joinings_that_stand_say() {
    hold(24, 40, || async { Some(Place::sqlite().await) });
}

#[test]
fn the_same_on_postgres() {
    hold(3, 40, Place::postgres);
}

fn hold<F: Future<Output = Option<Place>>>(cases: u32, steps: usize, place: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let step = prop_oneof![
        (0..PEOPLE, 0..PEOPLE).prop_map(|(a, b)| Step::Join(a, b)),
        (0..PEOPLE).prop_map(Step::Separate),
        (0..PEOPLE).prop_map(Step::Write),
    ];
    let told = TestRunner::new(config).run(&prop::collection::vec(step, 1..steps), |steps| {
        runtime.block_on(async {
            if let Some(place) = place().await {
                follow(&place, &steps).await;
            }
            Ok(())
        })
    });
    told.unwrap();
}

/// Who was joined to whom, and how many messages each has.
#[derive(Default)]
struct Model {
    into: BTreeMap<usize, usize>,
    messages: [usize; PEOPLE],
}

impl Model {
    async fn hears(&mut self, desk: &Desk, who: usize) {
        // Other words each time: they are the message's id here.
        desk.hears(&phone(who), &format!("{who}: {}", self.messages[who])).await;
        self.messages[who] += 1;
    }

    fn standing(&self, mut who: usize) -> usize {
        while let Some(into) = self.into.get(&who) {
            who = *into;
        }
        who
    }
}

fn phone(who: usize) -> String {
    format!("+3460000000{who}")
}

async fn follow(place: &Place, steps: &[Step]) {
    let desk = place.open().await;
    let (scope, user) = (Scope { organization: organization(), seller: None }, UserId::from("1"));
    let mut model = Model::default();
    for who in 0..PEOPLE {
        model.hears(&desk, who).await;
    }
    let ids = contacts(&desk, &scope).await;
    for step in steps {
        let now = OffsetDateTime::now_utc();
        match *step {
            Step::Write(who) => model.hears(&desk, who).await,
            Step::Join(a, b) => {
                let joined = desk.store.join_contacts(&scope, &user, ids[a], ids[b], now).await;
                let (a, b) = (model.standing(a), model.standing(b));
                match joined {
                    Ok(standing) => assert_eq!((standing, a == b), (ids[a], false)),
                    Err(error) => assert!(matches!(error, RepositoryError::Conflict(_)) && a == b, "{error}"),
                }
                if a != b {
                    model.into.insert(b, a);
                }
            }
            Step::Separate(who) => {
                let separated = desk.store.separate_contact(&scope, &user, ids[who], now).await;
                match model.into.remove(&who) {
                    Some(_) => separated.unwrap(),
                    None => assert!(matches!(separated, Err(RepositoryError::Conflict(_)))),
                }
            }
        }
        compare(&desk, &scope, &ids, &model).await;
    }
    desk.store.close().await;
}

/// The contacts of everybody, in their order.
async fn contacts(desk: &Desk, scope: &Scope) -> Vec<ContactId> {
    let filter = ContactFilter { limit: 200, ..ContactFilter::default() };
    let all = desk.store.contacts(scope, &filter).await.unwrap().entries;
    let of = |who: usize| all.iter().find(|one| one.identities[0].address.value() == phone(who)).unwrap().id;
    (0..PEOPLE).map(of).collect()
}

async fn compare(desk: &Desk, scope: &Scope, ids: &[ContactId], model: &Model) {
    let filter = ContactFilter { limit: 200, ..ContactFilter::default() };
    let listed = desk.store.contacts(scope, &filter).await.unwrap().entries;
    let listed: BTreeMap<ContactId, BTreeSet<String>> = listed
        .into_iter()
        .map(|one| (one.id, one.identities.iter().map(|identity| identity.address.value().to_owned()).collect()))
        .collect();
    let mut wanted: BTreeMap<ContactId, BTreeSet<String>> = BTreeMap::new();
    for who in 0..PEOPLE {
        wanted.entry(ids[model.standing(who)]).or_default().insert(phone(who));
    }
    assert_eq!(listed, wanted);
    let filter = ConversationFilter { limit: 200, ..ConversationFilter::default() };
    let threads = desk.store.conversations(scope, None, &filter).await.unwrap().entries;
    assert_eq!(threads.len(), PEOPLE, "a thread for each address");
    for thread in threads {
        let address = thread.last_message.unwrap().counterpart;
        let who = (0..PEOPLE).find(|who| phone(*who) == address).unwrap();
        assert_eq!(thread.contact, ids[model.standing(who)]);
        let messages = desk.store.conversation_messages(scope, thread.id, None, 200).await.unwrap();
        assert_eq!(messages.entries.len(), model.messages[who]);
    }
}

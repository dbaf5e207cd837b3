//! What is read of a mailbox: nothing lost, nothing doubled, whatever happens, and the seller sees why it stands still.

use std::time::Duration;

use comms_core::{
    Change, Content, Email, Error, ErrorKind, Outcome, Source, Status, WebhookId,
    history::{NewWebhook, SourceState},
};
use proptest::prelude::*;

use super::{ana, mail, office, office_with, stranger, *};

const POLL: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_secs(1);
/// Far below the time-out of a reading.
const PATIENCE: Duration = Duration::from_secs(20);

fn revoked() -> Error {
    Error::new(ErrorKind::Unauthenticated, Outcome::NotSent, "the grant was revoked").code("invalid_grant")
}

fn away() -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, "no connection")
}

fn throttled(wait: Duration) -> Error {
    Error::new(ErrorKind::RateLimited, Outcome::NotSent, "User-rate limit exceeded").retry_after(wait)
}

fn ids(numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids: Vec<String> = numbers.map(|number| format!("gm{number:02}")).collect();
    ids.sort_unstable();
    ids
}

async fn filled(office: &Office, numbers: std::ops::Range<usize>) {
    for id in ids(numbers) {
        office.arrives(&id, ana());
    }
}

#[tokio::test]
async fn a_mailbox_is_read_to_its_end_page_after_page() {
    let office = office().await;
    filled(&office, 0..8).await;
    office.connect().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..8));
    let pulls = office.source.pulls();
    office.read().await;
    assert_eq!(office.source.pulls(), pulls, "it is not its time");
    office.pass(POLL);
    filled(&office, 8..9).await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..9));
    let status = office.status().await;
    assert_eq!((status.state, status.problem, status.failures), (SourceState::Works, None, 0));
}

#[tokio::test]
async fn what_was_stored_before_a_crash_is_not_doubled_and_what_was_not_is_not_lost() {
    let office = office().await;
    filled(&office, 0..5).await;
    office.connect().await;
    // A process that read, stored and was gone before it noted how far.
    let jobs = office.store.claim_sources(office.clock.now(), time::Duration::minutes(2), 1).await.unwrap();
    let (batch, _) = office.source.pull(jobs[0].cursor.clone()).await.unwrap();
    let stored = NewWebhook {
        id: WebhookId::new(),
        provider: "memory".to_owned(),
        request: None,
        received_at: office.clock.now(),
        batch,
    };
    office.store.ingest(stored).await.unwrap();
    assert_eq!(office.read_ids().await, ids(0..3));
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..3), "its claim holds");
    office.pass(Duration::from_secs(121));
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..5));
}

#[tokio::test]
async fn a_push_that_is_lost_early_or_repeated_changes_nothing_but_the_time() {
    let office = office().await;
    office.connect().await;
    office.read().await;
    // Lost: the poll finds it.
    filled(&office, 0..1).await;
    office.pass(POLL);
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..1));
    // In time: it is read before the next poll.
    filled(&office, 1..2).await;
    office.poke().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..2));
    // Repeated, and about what was read already.
    for _ in 0..5 {
        office.poke().await;
        office.read().await;
    }
    assert_eq!(office.read_ids().await, ids(0..2));
    // Early: it tells of what is not shown yet; it is looked for again, soon.
    let event = mail("gm02", ana(), Email { subject: "Tarde".to_owned(), ..Email::default() });
    office.source.arrives(event, office.clock.now() + Duration::from_secs(3));
    office.poke().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..2), "it is not there yet");
    for _ in 0..7 {
        office.pass(MOMENT);
        office.read().await;
    }
    assert_eq!(office.read_ids().await, ids(0..3), "it waited for the next poll");
}

#[tokio::test]
async fn a_mailbox_whose_access_was_revoked_says_so_and_goes_on_where_it_was() {
    let office = office().await;
    filled(&office, 0..7).await;
    office.source.then([None, Some(revoked())]);
    office.connect().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..3), "what was read before");
    let status = office.status().await;
    let problem = status.problem.unwrap();
    assert_eq!((status.state, problem.code.as_str()), (SourceState::Stopped, "invalid_grant"));
    assert!(problem.message.contains("revoked"), "{}", problem.message);
    let pulls = office.source.pulls();
    office.poke().await;
    office.pass(POLL);
    office.read().await;
    assert_eq!(office.source.pulls(), pulls, "what stands still is not asked at every push");
    // Connected again by its seller.
    office.connect().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..7));
    assert_eq!(office.status().await.state, SourceState::Works);
}

#[tokio::test]
async fn what_the_provider_asks_to_wait_is_waited_and_nothing_is_lost() {
    let office = office().await;
    filled(&office, 0..4).await;
    office.source.then([None, Some(throttled(Duration::from_secs(300)))]);
    office.connect().await;
    office.read().await;
    let status = office.status().await;
    assert_eq!(status.state, SourceState::Waits);
    assert_eq!(status.next_at, office.clock.now() + Duration::from_secs(300));
    let pulls = office.source.pulls();
    for _ in 0..4 {
        office.poke().await;
        office.pass(Duration::from_secs(74));
        office.read().await;
    }
    assert_eq!(office.source.pulls(), pulls, "nobody asks before the time that the provider gave");
    office.pass(Duration::from_secs(5));
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..4));
}

#[tokio::test]
async fn who_fails_waits_longer_each_time() {
    let office = office().await;
    office.connect().await;
    office.source.then(std::iter::repeat_n(Some(away()), 12));
    let mut waits = Vec::new();
    for _ in 0..9 {
        office.read().await;
        let wait = office.status().await.next_at - office.clock.now();
        waits.push(wait.whole_seconds());
        office.pass(wait.unsigned_abs());
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
}

#[tokio::test]
async fn a_mailbox_that_does_not_answer_holds_up_no_other() {
    let office = office_with(|settings| settings.sources.at_once = 2).await;
    office.connect_too(slow()).await;
    office.connect().await;
    let workers = office.engine.start().await;
    for number in 0..3 {
        filled(&office, number..number + 1).await;
        office.poke().await;
        let read = async {
            while office.read_ids().await != ids(0..number + 1) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("it waits for the silent one");
    }
    // Who stops does not wait for it either.
    tokio::time::timeout(PATIENCE, workers.stop()).await.expect("stopping waits for the silent one");
}

#[tokio::test]
async fn what_is_told_of_is_read_before_what_waited_longer() {
    let office = office_with(|settings| settings.sources.at_once = 1).await;
    office.connect().await;
    office.read().await;
    for number in 0..5 {
        office.connect_too(AccountId::of("memory", &format!("otra{number}@example.com"))).await;
    }
    office.pass(MOMENT);
    let before = office.source.pulls();
    office.poke().await;
    office.engine.read_sources().await.unwrap();
    assert_eq!(office.source.pulls(), before + 1);
}

#[tokio::test]
async fn where_the_history_is_expired_all_is_read_again_and_nothing_twice() {
    let office = office().await;
    filled(&office, 0..8).await;
    office.connect().await;
    office.read().await;
    filled(&office, 8..9).await;
    office.source.forget_before(10);
    office.pass(POLL);
    // It begins anew, page after page.
    assert!(office.engine.read_sources().await.unwrap());
    assert_eq!(office.read_ids().await, ids(0..8));
    office.source.forget_before(0);
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..9));
}

#[tokio::test]
async fn what_strangers_write_stays_in_the_mailbox_unless_it_answers_us() {
    let office = office().await;
    let sent = office.engine.send(office.to_ana(Content::text("hola"))).await.unwrap();
    office.arrives("gm00", stranger());
    office.arrives("gm01", ana());
    let answer = Email {
        subject: "Re: Hola".to_owned(),
        text: Some("desde otra dirección".to_owned()),
        in_reply_to: Some(Email::id_of(sent.message, "example.com")),
        ..Email::default()
    };
    office.source.arrives(mail("gm02", stranger(), answer), office.clock.now());
    // It names a message that is not ours.
    let pretended =
        Email { references: vec![Email::id_of(comms_core::MessageId::new(), "example.com")], ..Email::default() };
    office.source.arrives(mail("gm03", Address::email("x@example.net").unwrap(), pretended), office.clock.now());
    office.connect().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ["gm01", "gm02"]);

    let open = office_with(|settings| settings.sources.strangers = true).await;
    open.arrives("gm00", stranger());
    open.connect().await;
    open.read().await;
    assert_eq!(open.read_ids().await, ["gm00"]);
}

/// The owner has read this message in the mailbox itself.
fn read_there(id: &str) -> Event {
    let change = Change { field: "mailbox".to_owned(), value: serde_json::json!({ "read": true }) };
    Event {
        key: EventKey::new(format!("{id}:read")),
        kind: EventKind::Changed(change),
        ..mail(id, ana(), Email::default())
    }
}

#[tokio::test]
async fn what_is_read_in_the_mailbox_is_read_here() {
    let office = office().await;
    office.connect().await;
    filled(&office, 0..1).await;
    office.read().await;
    office.pass(MOMENT);
    filled(&office, 1..2).await;
    for gone in ["gm00", "nobodys"] {
        office.source.arrives(read_there(gone), office.clock.now());
    }
    office.poke().await;
    office.read().await;
    let states = || async {
        let mut states: Vec<_> =
            office.history().await.into_iter().map(|entry| (entry.provider_id, entry.status)).collect();
        states.retain(|(id, _)| id.as_ref().is_some_and(|id| id.starts_with("gm")));
        states.sort_by(|a, b| a.0.cmp(&b.0));
        states.into_iter().map(|(_, status)| status).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [Status::Read, Status::Received], "what came later is unread");
    // Told with the message itself, and once more.
    office.source.arrives(read_there("gm01"), office.clock.now());
    office.source.arrives(read_there("gm01"), office.clock.now());
    office.poke().await;
    office.read().await;
    assert_eq!(states().await, [Status::Read, Status::Read]);
}

#[tokio::test]
async fn mailboxes_are_found_by_themselves_and_one_that_was_stopped_is_not_woken() {
    let office = office().await;
    filled(&office, 0..1).await;
    office.engine.discover_sources().await.unwrap();
    office.source.then([Some(revoked())]);
    office.read().await;
    assert_eq!(office.status().await.state, SourceState::Stopped);
    office.engine.discover_sources().await.unwrap();
    office.read().await;
    assert_eq!(office.status().await.state, SourceState::Stopped);
    // It is tried now and then all the same: what was revoked may have been granted elsewhere.
    office.pass(Duration::from_secs(15 * 60));
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..1));
}

/// What happens to a mailbox.
#[derive(Clone, Debug)]
enum Step {
    Arrives(u8),
    Poke,
    Pass(u16),
    Read,
    Fails(u8),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..10).prop_map(Step::Arrives),
        2 => Just(Step::Poke),
        3 => (1_u16..200).prop_map(Step::Pass),
        4 => Just(Step::Read),
        2 => (0_u8..3).prop_map(Step::Fails),
        1 => Just(Step::Crash),
    ]
}

async fn story(steps: Vec<Step>) {
    let office = office().await;
    office.connect().await;
    let mut count = 0;
    for step in steps {
        match step {
            Step::Arrives(late) => {
                let mail =
                    mail(&format!("gm{count:02}"), ana(), Email { subject: format!("{count}"), ..Email::default() });
                office.source.arrives(mail, office.clock.now() + Duration::from_secs(late.into()));
                count += 1;
            }
            Step::Poke => office.poke().await,
            Step::Pass(seconds) => office.pass(Duration::from_secs(seconds.into())),
            Step::Read => office.read().await,
            Step::Fails(0) => office.source.then([Some(away())]),
            Step::Fails(1) => office.source.then([Some(throttled(Duration::from_secs(90)))]),
            Step::Fails(_) => office.source.then([Some(revoked())]),
            Step::Crash => {
                let lease = time::Duration::minutes(2);
                for job in office.store.claim_sources(office.clock.now(), lease, 1).await.unwrap() {
                    let Ok((batch, _)) = office.source.pull(job.cursor.clone()).await else { continue };
                    let stored = NewWebhook {
                        id: WebhookId::new(),
                        provider: "memory".to_owned(),
                        request: None,
                        received_at: office.clock.now(),
                        batch,
                    };
                    office.store.ingest(stored).await.unwrap();
                }
            }
        }
    }
    office.source.faults.lock().unwrap().clear();
    office.pass(Duration::from_secs(20 * 60));
    office.read().await;
    office.connect().await;
    office.read().await;
    assert_eq!(office.read_ids().await, ids(0..count));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_mail_is_there_once(steps in proptest::collection::vec(step(), 1..30)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story(steps));
    }
}

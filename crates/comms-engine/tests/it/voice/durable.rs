//! Calls on the real store.

use std::sync::{Arc, Mutex};

use comms_core::{
    DECISION_HEADER, Decision, Direction, Event, EventKey, EventKind, ManualClock, Media, MediaKind, MediaRef, Party,
    Question, Recording, Status, StatusUpdate,
    history::{
        AttachmentState, DatabaseSettings, HistoryEntry, HistoryFilter, Organization, Repository, WebhookFilter, open,
    },
};
use comms_engine::Engine;
use tempfile::TempDir;

use super::{ABOVE, Exchange, FIRST, OWN, SHOWN, browser_call, engine, incoming_call, line, phone, phones, refusal};
use crate::scene::admin;

struct Durable {
    engine: Engine,
    store: Arc<dyn Repository>,
    exchange: Arc<Exchange>,
    _folder: TempDir,
}

async fn durable() -> Durable {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store: Arc<dyn Repository> = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    let organization = Organization { id: "north".into(), name: "North".to_owned() };
    store.put_organization(&organization).await.unwrap();
    for line in [line(FIRST, "1", None), line(OWN, "7", Some(SHOWN))] {
        store.put_account(&line).await.unwrap();
    }
    let exchange = Arc::new(Exchange::default());
    let phones = phones(&Arc::new(Mutex::new(Vec::new())));
    let engine = engine(Arc::clone(&store), &exchange, &phones, &clock, |settings| settings.voice.daily_cap = 2);
    Durable { engine, store, exchange, _folder: folder }
}

impl Durable {
    async fn ask(&self, (question, events): (Question, Vec<Event>)) -> Decision {
        self.receive(Some(question), events).await;
        self.exchange.answered.lock().unwrap().last().unwrap().1.clone()
    }

    async fn receive(&self, question: Option<Question>, events: Vec<Event>) {
        let webhook = self.exchange.webhook(question, events);
        self.engine.receive("voice", webhook).await.unwrap();
    }

    async fn history(&self) -> Vec<HistoryEntry> {
        let filter = HistoryFilter { limit: 50, ..HistoryFilter::default() };
        self.store.history(&admin(), &filter).await.unwrap().entries
    }
}

/// Something that a later webhook of this call says.
fn later(account: &str, call: &str, key: &str, kind: EventKind) -> Event {
    Event { account: account.into(), subject: call.to_owned(), key: EventKey::new(key), occurred_at: None, kind }
}

fn completed(seconds: u32) -> EventKind {
    let update =
        StatusUpdate { duration_seconds: Some(seconds), ..StatusUpdate::new(Some(Status::CallCompleted), "completed") };
    EventKind::Status(Box::new(update))
}

fn recording() -> EventKind {
    let media = Media {
        kind: MediaKind::Audio,
        source: MediaRef::Id("RE1".to_owned()),
        caption: None,
        filename: None,
        mime_type: Some("audio/mpeg".to_owned()),
        sha256: None,
    };
    EventKind::Recording(Box::new(Recording { media, duration_seconds: Some(9), extra: serde_json::Value::Null }))
}

#[tokio::test]
async fn a_browsers_call_is_one_record_from_the_question_to_the_recording() {
    let scene = durable().await;
    let account = format!("memory:{OWN}");
    assert!(matches!(scene.ask(browser_call("CA1", "7", "+34600000000", &[])).await, Decision::Dial { .. }));
    let record = scene.history().await.remove(0);
    assert_eq!((record.status, record.direction), (Status::CallInitiated, Direction::Outbound));
    assert_eq!((record.user.clone(), record.counterpart.as_str()), (Some("7".into()), "+34600000000"));

    // What Twilio tells of the app as a whole names no line.
    let ended = StatusUpdate::new(Some(Status::CallEnded), "completed");
    scene.receive(None, vec![later(ABOVE, "CA1", "CA1:completed", EventKind::Status(Box::new(ended)))]).await;
    scene.receive(None, vec![later(&account, "CA1", "CA2:completed:3", completed(12))]).await;
    scene.receive(None, vec![later(&account, "CA1", "RE1", recording())]).await;
    assert_eq!(scene.engine.fetch_media().await.unwrap(), 1);

    let history = scene.history().await;
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].status, history[0].duration_seconds), (Status::CallCompleted, Some(12)));
    assert_eq!(history[0].attachments[0].state, AttachmentState::Stored);
    assert_eq!(history[0].attachments[0].kind, "audio");
}

#[tokio::test]
async fn a_refused_call_stays_refused_whatever_is_told_of_its_browser() {
    let scene = durable().await;
    assert!(matches!(scene.ask(browser_call("CA1", "7", "+34803123456", &[])).await, Decision::Say { .. }));
    let ended = StatusUpdate::new(Some(Status::CallEnded), "completed");
    scene.receive(None, vec![later(ABOVE, "CA1", "CA1:completed", EventKind::Status(Box::new(ended)))]).await;
    let history = scene.history().await;
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].status, refusal(&history[0])), (Status::CallFailed, Some("destino_premium")));
}

#[tokio::test]
async fn what_was_decided_stands_beside_the_raw_webhook_and_a_replay_finds_the_record() {
    let scene = durable().await;
    scene.ask(browser_call("CA1", "7", "+34600000000", &[])).await;
    let id = scene.store.webhooks(&WebhookFilter { limit: 1, ..WebhookFilter::default() }).await.unwrap()[0];
    let stored = scene.store.webhook(id).await.unwrap();
    let kept = stored.request().header_str(DECISION_HEADER).unwrap();
    assert!(kept.contains(OWN), "{kept}");

    // The user has no line any more.
    let mut given_away = line(OWN, "8", None);
    given_away.active = false;
    scene.store.put_account(&given_away).await.unwrap();
    let report = scene.engine.replay(&WebhookFilter::default()).await.unwrap();
    assert_eq!((report.messages, report.problems.len()), (0, 0));
    assert_eq!(scene.history().await.len(), 1);
}

#[tokio::test]
async fn refused_calls_leave_room_below_the_daily_cap() {
    let scene = durable().await;
    let mut dialled = Vec::new();
    for (call, to) in [
        ("CA1", "+34803123456"),
        ("CA2", "+34600000000"),
        ("CA3", "+12025550123"),
        ("CA4", "+34600000000"),
        ("CA5", "+34600000000"),
    ] {
        dialled.push(matches!(scene.ask(browser_call(call, "7", to, &[])).await, Decision::Dial { .. }));
    }
    assert_eq!(dialled, [false, true, false, true, false]);
    let newest = scene.history().await.remove(0);
    assert_eq!(refusal(&newest), Some("limite_diario_llamadas"));
}

#[tokio::test]
async fn whoever_called_last_about_a_lead_is_rung_when_it_calls_back() {
    let scene = durable().await;
    scene.ask(browser_call("CA1", "8", "+34600000000", &[("lead_id", "5")])).await;
    for (call, to, rung) in [("CA2", FIRST, "8"), ("CA3", OWN, "7")] {
        let back = incoming_call(call, to, &Party::of(phone("+34600000000")), 0);
        let Decision::Ring { clients, .. } = scene.ask(back).await else {
            panic!("nobody was rung");
        };
        assert_eq!(clients, [super::browser(rung)], "what is known of a caller is known on that line");
        let record = scene.history().await.remove(0);
        assert_eq!((record.direction, record.provider_id.as_deref()), (Direction::Inbound, Some(call)));
    }
}

#[tokio::test]
async fn a_call_for_which_nobody_can_be_rung_is_a_missed_one() {
    let scene = durable().await;
    let mut nobodys = line(FIRST, "1", None);
    nobodys.owner = None;
    scene.store.put_account(&nobodys).await.unwrap();
    let caller = Party::of(phone("+34600000000"));
    let ended = StatusUpdate::new(Some(Status::CallEnded), "completed");
    for repetition in 0..2 {
        let decision = scene.ask(incoming_call("CA1", FIRST, &caller, 0)).await;
        assert!(matches!(decision, Decision::Voicemail { .. }), "{decision:?}");
        assert_eq!(scene.history().await[0].status, Status::CallNoAnswer, "{repetition}");
    }
    let over = EventKind::Status(Box::new(ended));
    scene.receive(None, vec![later(&format!("memory:{FIRST}"), "CA1", "CA1:completed", over)]).await;
    let history = scene.history().await;
    assert_eq!((history.len(), history[0].status), (1, Status::CallNoAnswer), "whether or not a message was left");
}

#[tokio::test]
async fn a_call_that_rings_may_still_be_answered() {
    let scene = durable().await;
    let caller = Party::of(phone("+34600000000"));
    assert!(matches!(scene.ask(incoming_call("CA1", FIRST, &caller, 0)).await, Decision::Ring { .. }));
    assert_eq!(scene.history().await[0].status, Status::CallInitiated);
    let account = format!("memory:{FIRST}");
    assert!(matches!(scene.ask(incoming_call("CA1", FIRST, &caller, 1)).await, Decision::Voicemail { .. }));
    scene.receive(None, vec![later(&account, "CA1", "CA1:dial:completed", completed(12))]).await;
    assert_eq!(scene.history().await[0].status, Status::CallCompleted, "the report that somebody talked wins");
}

//! Calls in the table that every program reads: one row for a call, in Spanish words, with its seconds.

use comms_core::{
    AccountId, Call, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage, MessageOrigin, Party, Status,
    StatusUpdate,
    history::{Account, HistoryFilter, Links, vocabulary},
};

use crate::contract_world::{Desk, Place, lead, now, organization, phone};

const COLUMNS: [&str; 7] =
    ["direccion", "destinatario", "usuario_id", "lead_id", "estado", "sid_externo", "duracion_seg"];

async fn open(place: &Place) -> Desk {
    let desk = place.open().await;
    let account = Account {
        id: account(),
        organization: organization(),
        channel: ChannelKind::Voice,
        name: None,
        parent: None,
        owner: Some("1".into()),
        caller_id: None,
        active: true,
    };
    desk.store.put_account(&account).await.unwrap();
    desk
}

fn account() -> AccountId {
    AccountId::of("twilio-voice", "+15005550006")
}

fn event(sid: &str, key: &str, kind: EventKind) -> Event {
    Event { account: account(), subject: sid.to_owned(), key: EventKey::new(key), occurred_at: Some(now()), kind }
}

fn call(sid: &str, origin: MessageOrigin, status: Status) -> InboundCall {
    let message = InboundMessage::new(Party::of(phone("+34600000000")), Content::Call(Call::default()));
    InboundCall(sid.to_owned(), InboundMessage { origin, status: Some(status), ..message })
}

/// A call that a webhook tells of, before it is an event.
struct InboundCall(String, InboundMessage);

impl InboundCall {
    fn by(mut self, author: &str, links: Links) -> Self {
        (self.1.author, self.1.links) = (Some(author.into()), links);
        self
    }

    fn event(self) -> Event {
        event(&self.0, &self.0, EventKind::Message(Box::new(self.1)))
    }
}

fn report(sid: &str, word: &str, status: Option<Status>, seconds: Option<u32>) -> Event {
    let update = StatusUpdate { duration_seconds: seconds, ..StatusUpdate::new(status, word) };
    event(sid, &format!("{sid}:{word}"), EventKind::Status(Box::new(update)))
}

#[tokio::test]
async fn a_call_goes_through_its_words_and_keeps_the_longest_duration() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let asked = call("CA1", MessageOrigin::Echo, Status::CallInitiated).by("2", lead("1"));
        desk.ingest(vec![asked.event()]).await;
        let row = |estado: &str, seconds: &str| [format!("saliente|+34600000000|2|1|{estado}|CA1|{seconds}")];
        assert_eq!(place.rows(&COLUMNS).await, row("iniciada", "-"));
        for (word, status, seconds, estado, shown) in [
            ("ringing", Some(Status::CallRinging), None, "sonando", "-"),
            ("child:in-progress", Some(Status::CallInProgress), None, "en_curso", "-"),
            ("parent:in-progress", None, None, "en_curso", "-"),
            ("parent:completed", Some(Status::CallEnded), None, "completada", "-"),
            ("child:completed", Some(Status::CallCompleted), Some(42), "completada", "42"),
            ("dial:completed", Some(Status::CallCompleted), Some(43), "completada", "43"),
            ("dial:again", Some(Status::CallCompleted), Some(41), "completada", "43"),
            ("late", Some(Status::CallBusy), Some(0), "completada", "43"),
        ] {
            desk.ingest(vec![report("CA1", word, status, seconds)]).await;
            assert_eq!(place.rows(&COLUMNS).await, row(estado, shown), "{word}");
        }
        desk.store.take_in().await.unwrap();
        let entry = &desk.history().await[0];
        assert_eq!((entry.status, entry.duration_seconds), (Status::CallCompleted, Some(43)));
        assert_eq!(entry.foreign_status, None, "our own words are no other program's");
    }
}

#[tokio::test]
async fn each_end_of_a_call_has_its_word() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let ends = [
            (Status::CallCanceled, "cancelada"),
            (Status::CallBusy, "ocupada"),
            (Status::CallNoAnswer, "no_contestada"),
            (Status::CallFailed, "fallida"),
            (Status::CallEnded, "completada"),
            (Status::CallCompleted, "completada"),
        ];
        for (at, (status, _)) in ends.iter().enumerate() {
            let sid = format!("CA{at}");
            // The end comes first: the row is written by it.
            desk.ingest(vec![report(&sid, "end", Some(*status), None)]).await;
            desk.ingest(vec![call(&sid, MessageOrigin::Counterpart, Status::CallRinging).event()]).await;
        }
        let words = ends.map(|(_, word)| format!("entrante|{word}"));
        assert_eq!(place.rows(&["direccion", "estado"]).await, words);
        for (word, count) in [("completada", 2), ("ocupada", 1), ("sonando", 0)] {
            let filter = HistoryFilter { statuses: vocabulary::statuses(word), ..HistoryFilter::default() };
            assert_eq!(desk.find(filter).await.len(), count, "{word}");
        }
    }
}

#[test]
fn a_completed_call_is_one_that_ended_or_was_talked() {
    assert_eq!(vocabulary::statuses("completada"), [Status::CallEnded, Status::CallCompleted]);
    for status in Status::ALL {
        assert!(vocabulary::statuses(vocabulary::estado(status)).contains(&status), "{status:?}");
    }
}

#[tokio::test]
async fn the_caller_takes_a_row_that_another_webhook_wrote_before() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let mut ended = call("CA1", MessageOrigin::Echo, Status::CallEnded);
        ended.1.party = Party::default();
        desk.ingest(vec![ended.event()]).await;
        assert_eq!(place.rows(&COLUMNS).await, ["saliente||1|-|completada|CA1|-"]);
        let asked = || call("CA1", MessageOrigin::Echo, Status::CallInitiated).by("2", lead("1"));
        desk.ingest(vec![asked().event()]).await;
        assert_eq!(place.rows(&COLUMNS).await, ["saliente|+34600000000|2|1|completada|CA1|-"]);

        // What a person decided since holds, whatever comes again.
        place.run("UPDATE comunicaciones SET usuario_id = 3, lead_id = 2").await;
        desk.store.take_in().await.unwrap();
        desk.ingest(vec![asked().event()]).await;
        desk.store.take_in().await.unwrap();
        assert_eq!(place.rows(&COLUMNS).await, ["saliente|+34600000000|3|2|completada|CA1|-"]);
        let entry = &desk.history().await[0];
        assert_eq!((entry.user.clone(), entry.links.clone()), (Some("3".into()), lead("2")));
    }
}

/// A token of a user who is gone, or never was: the call took place all the same.
#[tokio::test]
async fn a_call_of_nobody_is_kept_and_waits_for_its_row() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = open(&place).await;
    let asked = call("CA1", MessageOrigin::Echo, Status::CallInitiated).by("404", Links::default());
    desk.ingest(vec![asked.event()]).await;
    desk.ingest(vec![report("CA1", "end", Some(Status::CallCompleted), Some(42))]).await;
    assert!(place.rows(&COLUMNS).await.is_empty());
    let entry = &desk.history().await[0];
    assert_eq!((entry.user.clone(), entry.id, entry.duration_seconds), (Some("404".into()), None, Some(42)));
    place.run("INSERT INTO usuarios (id, nombre) VALUES (404, 'Dora')").await;
    assert_eq!(desk.store.fill_waiting().await.unwrap(), 1);
    assert_eq!(place.rows(&COLUMNS).await, ["saliente|+34600000000|404|-|completada|CA1|42"]);
}

/// An author whose id is a text has no place in the table, and the call is theirs.
#[tokio::test]
async fn an_author_who_is_no_number_owns_the_call() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let asked = call("CA1", MessageOrigin::Echo, Status::CallInitiated).by("ada", lead("1"));
        desk.ingest(vec![asked.event()]).await;
        assert!(place.rows(&COLUMNS).await.is_empty());
        let found = desk.find_as(Some("ada"), HistoryFilter::default()).await;
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn a_duration_that_another_program_wrote_is_not_made_shorter() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        desk.ingest(vec![call("CA1", MessageOrigin::Echo, Status::CallInitiated).event()]).await;
        place.run("UPDATE comunicaciones SET duracion_seg = 60").await;
        desk.ingest(vec![report("CA1", "end", Some(Status::CallCompleted), Some(42))]).await;
        assert_eq!(place.rows(&["duracion_seg"]).await, ["60"]);
        assert_eq!(desk.history().await[0].duration_seconds, Some(60));
        desk.ingest(vec![report("CA1", "later", Some(Status::CallCompleted), Some(61))]).await;
        assert_eq!(place.rows(&["duracion_seg"]).await, ["61"]);
    }
}

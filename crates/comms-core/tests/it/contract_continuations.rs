//! Calls that go on by chat in the shape of the tables that other programs read: views, and what was in such tables before us.

use comms_core::{
    CallOutcome, Status,
    history::{
        ContinuationClaim, ContinuationConclusion, ContinuationFilter, ContinuationState, ContinuationStep,
        NewContinuation, Retained, Scope,
    },
};
use serde_json::json;
use time::Duration;

use crate::contract_world::{Desk, Place, now, organization, status};

/// The tables as the program of before made them.
const TABLES: &str = "
    CREATE TABLE conversation_state (
        id SERIAL PRIMARY KEY, phone_number VARCHAR(50) UNIQUE NOT NULL, client_name VARCHAR(255),
        elevenlabs_conversation_id VARCHAR(255) NOT NULL, agent_id VARCHAR(255) NOT NULL, batch_id VARCHAR(255),
        recipient_id VARCHAR(255), status VARCHAR(50) DEFAULT 'active', call_summary TEXT, call_duration_secs INTEGER,
        started_at TIMESTAMP DEFAULT NOW(), last_message_at TIMESTAMP DEFAULT NOW(), closed_at TIMESTAMP,
        message_count INTEGER DEFAULT 0, metadata JSONB DEFAULT '{}'
    );
    CREATE TABLE conversation_messages (
        id SERIAL PRIMARY KEY, conversation_id INTEGER REFERENCES conversation_state(id) ON DELETE CASCADE,
        direction VARCHAR(20) NOT NULL CHECK (direction IN ('inbound', 'outbound')), content TEXT NOT NULL,
        twilio_message_id VARCHAR(255), elevenlabs_response JSONB, sent_at TIMESTAMP DEFAULT NOW(),
        delivered_at TIMESTAMP, read_at TIMESTAMP, metadata JSONB DEFAULT '{}'
    );
    INSERT INTO conversation_state (phone_number, client_name, elevenlabs_conversation_id, agent_id, status, call_summary, started_at)
        VALUES ('+573005550155', 'Ana García', 'conv_a', 'agent_1', 'active', 'quiere el jueves', '2025-10-28 10:34:34'),
               ('+573005550156', NULL, 'conv_b', 'agent_1', 'closed', NULL, '2025-10-27 10:00:00');
    INSERT INTO conversation_messages (conversation_id, direction, content, twilio_message_id, elevenlabs_response)
        VALUES (1, 'outbound', 'Hola Ana', 'SM1', NULL), (1, 'inbound', '¿el precio?', 'SM2', NULL),
               (1, 'outbound', '99', 'SM3', '{\"text\": \"99\"}');";

fn views(place: &Place) -> (&'static str, &'static str) {
    match place {
        Place::Postgres(_) => ("comms.conversation_state", "comms.conversation_messages"),
        Place::Sqlite(_) => ("comms_conversation_state", "comms_conversation_messages"),
    }
}

/// A call whose first message is on its way.
async fn opened(desk: &Desk, call: &str, phone: &str, words: &str) {
    let new = NewContinuation {
        organization: organization(),
        provider: "elevenlabs".to_owned(),
        call: call.to_owned(),
        agent: "agent_1".to_owned(),
        agent_name: None,
        batch: Some("btcal_1".to_owned()),
        recipient: Some("rcpt_1".to_owned()),
        told_by: "call_completed".to_owned(),
        phone: Some(phone.to_owned()),
        client_name: Some("Ana García".to_owned()),
        metadata: json!({"group_name": "Octubre"}).as_object().cloned().unwrap(),
        outcome: Some(CallOutcome::Talked),
        report: None,
        now: now(),
    };
    let id = desk.store.hand_off(new).await.unwrap().0.id;
    let claim = ContinuationClaim {
        now: now() + Duration::days(1),
        lease: Duration::ZERO,
        limit: 1,
        debounce: Duration::ZERO,
        patience: Duration::ZERO,
        only: Some(id),
    };
    let job = desk.store.claim_continuations(&claim).await.unwrap().0.remove(0);
    let message = desk.sends(phone, words, comms_core::Links::default()).await;
    let whole = Scope { organization: organization(), seller: None };
    let conversation = desk.store.message(&whole, message).await.unwrap().entry.conversation.unwrap();
    let step = ContinuationStep::Opened(conversation);
    let ended = ContinuationConclusion { id, token: job.token, step, now: now() };
    assert!(desk.store.conclude_continuation(ended).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_read_calls_as_they_did() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        opened(&desk, "conv_1", "+34600000000", "hola, la primera").await;
        opened(&desk, "conv_2", "+34600000000", "hola, la segunda").await;
        desk.hears("+34600000000", "¿qué tal?").await;
        desk.ingest(vec![status("hola, la segunda", Status::Delivered), status("hola, la segunda", Status::Read)])
            .await;
        let (state, messages) = views(&place);
        let columns = "phone_number || '|' || client_name || '|' || elevenlabs_conversation_id || '|' || agent_id || '|' || \
             batch_id || '|' || recipient_id || '|' || status";
        let rows = place.texts(&format!("SELECT {columns} AS text FROM {state}")).await;
        assert_eq!(
            rows,
            ["+34600000000|Ana García|conv_2|agent_1|btcal_1|rcpt_1|active"],
            "one row a phone: its newest"
        );
        let said =
            place.texts(&format!("SELECT direction || ' ' || content AS text FROM {messages} ORDER BY content")).await;
        assert!(
            said.contains(&"inbound ¿qué tal?".to_owned()) && said.contains(&"outbound hola, la segunda".to_owned())
        );
        let read = place
            .texts(&format!(
                "SELECT m.content AS text FROM {messages} m JOIN {state} s ON s.id = m.conversation_id \
                 WHERE m.read_at IS NOT NULL AND m.delivered_at IS NOT NULL AND m.twilio_message_id IS NOT NULL"
            ))
            .await;
        assert_eq!(read, ["hola, la segunda"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_such_tables_is_taken_over_once_and_left_as_it_is() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    place.run(TABLES).await;
    let desk = place.open().await;
    let rows =
        place.texts("SELECT phone_number || ' ' || status AS text FROM comms.conversation_state ORDER BY 1").await;
    assert_eq!(rows, ["+573005550155 active", "+573005550156 closed"]);
    let said = "SELECT id || ' ' || direction || ' ' || content AS text FROM comms.conversation_messages ORDER BY id";
    assert_eq!(place.texts(said).await, ["1 outbound Hola Ana", "2 inbound ¿el precio?", "3 outbound 99"]);
    let counted =
        place.texts("SELECT message_count::text AS text FROM comms.conversation_state ORDER BY phone_number").await;
    assert_eq!(counted, ["3", "0"]);
    desk.store.migrate().await.unwrap();
    assert_eq!(place.texts(said).await.len(), 3, "once");
    assert_eq!(place.texts("SELECT count(*)::text AS text FROM public.conversation_state").await, ["2"]);

    // Who was spoken with before writes to us now: the agent goes on.
    desk.hears("+573005550155", "¿sigue ahí?").await;
    desk.store.close_idle_continuations(now() - Duration::days(1_000), now()).await.unwrap();
    let filter =
        ContinuationFilter { phone: Some("+573005550155".to_owned()), limit: 1, ..ContinuationFilter::default() };
    let one = desk.store.continuations(&organization(), &filter).await.unwrap().remove(0);
    assert_eq!((one.state, one.conversation.is_some()), (ContinuationState::Active, true));
    assert_eq!((one.summary.as_deref(), one.client_name.as_deref()), (Some("quiere el jueves"), Some("Ana García")));

    // By their age the words go, and are not taken over again; what was written since is a message like others.
    let later = now() + Duration::days(36_500);
    assert_eq!(desk.store.prune(Retained::Calls, later, 10).await.unwrap(), 3);
    desk.store.migrate().await.unwrap();
    assert_eq!(place.texts(said).await, ["1 inbound ¿sigue ahí?", "1 outbound ", "2 inbound ", "3 outbound "]);
}

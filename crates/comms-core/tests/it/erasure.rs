//! Who is erased is found nowhere: every column of every table of the schema is looked through, whatever it is called.

use comms_core::{
    CallProgress, CallReport, Content, Email, Event, EventKind, InboundMessage, Media, MediaKind, MediaRef, MessageId,
    OptChange, Party, Speaker, Status, UserId, Utterance,
    history::{
        AgentAnswer, AgentPart, ContactFilter, ContinuationClaim, ContinuationConclusion, ContinuationStep,
        ConversationFilter, Erasure, ErasureStep, MediaOutcome, NewContinuation, Scope,
    },
};
use serde_json::{Value, json};
use time::Duration;

use crate::contract_world::{Desk, Place, lead, now, organization, phone, says, status};

/// By what the two are known: number, name, words, mail address, name of a file.
const ANA: [&str; 7] =
    ["34600000000", "Ana Ortega", "secreto de Ana", "para Ana", "apunte sobre ella", "ana.jpg", "carta de Ana"];
const LUIS: [&str; 7] =
    ["34600000001", "Luis Prado", "secreto de Luis", "para Luis", "apunte sobre aquel", "luis.jpg", "carta de Luis"];

/// Every table of ours. A new one fails this test: say in `docs/operations.md` what an erasure makes of it, and let the two have
/// something in it here.
const TABLES: [&str; 35] = [
    "accounts",
    "agent_cursors",
    "agent_messages",
    "agent_turns",
    "attachments",
    "contacts",
    "continuations",
    "conversation_notes",
    "conversation_reads",
    "conversations",
    "credentials",
    "discards",
    "erasure_keys",
    "erasures",
    "events",
    "hook_deliveries",
    "hook_endpoints",
    "identities",
    "imported_messages",
    "leases",
    "mail_threads",
    "marks",
    "messages",
    "oauth_states",
    "opt_outs",
    "organizations",
    "outbox",
    "pacing",
    "pacing_pairs",
    "quarantine",
    "service_tokens",
    "sources",
    "status_events",
    "updates",
    "webhooks",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_person_is_left_in_any_column() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        populate(&place, &desk).await;
        let columns = columns(&place).await;
        for theirs in ANA.iter().chain(&LUIS) {
            assert!(
                !found(&place, &columns, theirs).await.is_empty(),
                "{theirs:?} is nowhere: the test proves nothing"
            );
        }
        let others = counts(&place, &columns, &LUIS).await;
        let messages = place.texts("SELECT CAST(count(*) AS text) AS text FROM comunicaciones").await;

        let ana = contact_of(&desk, "34600000000").await;
        let begun = desk.store.begin_erasure(&whole(), ana, &UserId::new("9"), None, now(), Duration::ZERO).await;
        let done = erase(&desk, begun.unwrap()).await;

        for theirs in ANA {
            let left = found(&place, &columns, theirs).await;
            assert!(left.is_empty(), "{theirs:?} is left in {left:?}");
        }
        assert_eq!(counts(&place, &columns, &LUIS).await, others, "what is known of somebody else");
        let after = place.texts("SELECT CAST(count(*) AS text) AS text FROM comunicaciones").await;
        assert_eq!(after, messages, "no row of the shared table is deleted");
        assert_eq!((done.contact, done.counts.canceled, done.counts.files), (None, 1, 1), "{done:?}");
        // Whoever looks takes nothing of it back.
        desk.store.take_in().await.unwrap();
        for theirs in ANA {
            assert!(found(&place, &columns, theirs).await.is_empty(), "{theirs:?} came back");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_thought_of() {
    for place in Place::everywhere().await {
        let _desk = place.open().await;
        let mut tables: Vec<String> = columns(&place).await.into_iter().map(|(table, _)| table).collect();
        tables.dedup();
        let names = tables.iter().map(|table| table.rsplit(['.']).next().unwrap_or(table));
        let mut names: Vec<&str> = names.map(|name| name.strip_prefix("comms_").unwrap_or(name)).collect();
        names.retain(|name| *name != "comunicaciones");
        names.sort_unstable();
        assert_eq!(names, TABLES, "tables of which the erasure test does not know");
    }
}

fn whole() -> Scope {
    Scope { organization: organization(), seller: None }
}

/// The two of them, each with something in every table that holds people.
async fn populate(place: &Place, desk: &Desk) {
    desk.owned_by(Some("1")).await;
    let people = [("+34600000000", "Ana Ortega", "Ana", "ella"), ("+34600000001", "Luis Prado", "Luis", "aquel")];
    let hello = people.map(|(number, name, short, _)| {
        let party = Party { name: Some(name.to_owned()), ..Party::of(phone(number)) };
        crate::contract_world::party_says(party, &format!("secreto de {short}"))
    });
    desk.ingest(hello.to_vec()).await;
    // The provider repeats itself: no message refers to this one.
    desk.ingest(hello.to_vec()).await;
    for (number, name, short, pronoun) in people {
        let told = format!("para {short}");
        let message = desk.sends(number, &told, lead("1")).await;
        desk.ingest(vec![status(&told, Status::Delivered), status(&format!("nunca {short}"), Status::Read)]).await;
        let lost = desk.sends(number, &format!("perdido para {short}"), lead("1")).await;
        desk.ingest(vec![status(&format!("perdido para {short}"), Status::Failed)]).await;
        assert!(desk.store.discard(&whole(), lost, now()).await.unwrap());
        photo(desk, number, short).await;
        letters(desk, number, short).await;
        desk.ingest(vec![opt(number), unknown(number, name)]).await;
        waiting(desk, number, short).await;
        continued(desk, number, name, short).await;
        imported(place, number, short).await;
        let contact = contact_of(desk, number.trim_start_matches('+')).await;
        let filter = ConversationFilter { contact: Some(contact), limit: 10, ..ConversationFilter::default() };
        let talk = desk.store.conversations(&whole(), None, &filter).await.unwrap().entries.remove(0);
        let note = format!("apunte sobre {pronoun}");
        desk.store.add_note(&whole(), &UserId::new("2"), talk.id, &note, now()).await.unwrap();
        desk.store.rename_contact(&whole(), &UserId::new("2"), contact, Some(name), now()).await.unwrap();
        let first = desk.saying(&format!("secreto de {short}")).await.message;
        desk.store.mark_read(&whole(), &UserId::new("2"), first, now()).await.unwrap();
        assert!(desk.store.message(&whole(), message).await.is_ok());
        let at = match place {
            Place::Postgres(_) => "now()".to_owned(),
            Place::Sqlite(_) => now().unix_timestamp().to_string(),
        };
        place
            .run(&format!(
                "INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, contenido, estado, \
                 fecha_creacion) VALUES (1, 1, 'sms', 'saliente', '{number}', 'de otro programa para {short}', 'enviado', {at});"
            ))
            .await;
    }
    desk.store.take_in().await.unwrap();
}

/// Two mails without anything in common, and a third that says that they are one thread.
async fn letters(desk: &Desk, number: &str, short: &str) {
    for (id, answers) in
        [("1", None), ("3", None), ("2", Some("1")), ("4", Some("3")), ("5", Some("2")), ("6", Some("4"))]
    {
        let named = |id: &str| format!("{id}.{short}@example.com");
        let mail = Email {
            subject: format!("carta de {short}"),
            text: Some(format!("carta de {short} ({id})")),
            message_id: Some(named(id)),
            in_reply_to: answers.map(named),
            references: if id == "6" { vec![named("5")] } else { Vec::new() },
            thread: Some(id.to_owned()).filter(|_| answers.is_none()),
            ..Email::default()
        };
        let mut event = says(phone(number), &format!("carta {id} de {short}"));
        event.kind = EventKind::Message(Box::new(InboundMessage::new(Party::of(phone(number)), mail.into())));
        desk.ingest(vec![event]).await;
    }
}

async fn photo(desk: &Desk, number: &str, short: &str) {
    let photo = Media {
        kind: MediaKind::Image,
        source: MediaRef::Id(format!("medio {short}")),
        caption: None,
        filename: Some(format!("{}.jpg", short.to_lowercase())),
        mime_type: None,
        sha256: None,
    };
    let mut event = says(phone(number), &format!("foto {short}"));
    event.kind = EventKind::Message(Box::new(InboundMessage::new(Party::of(phone(number)), Content::Media(photo))));
    desk.ingest(vec![event]).await;
    for job in desk.store.claim_media(now() + Duration::days(1), Duration::minutes(1), 10).await.unwrap() {
        let stored = MediaOutcome::Stored {
            blob_key: format!("default/2026/02/{}", job.id),
            size: 1,
            mime_type: None,
            sha256: "00".to_owned(),
        };
        desk.store.conclude_media(job.id, job.attempts, stored).await.unwrap();
    }
}

fn opt(number: &str) -> Event {
    let party = Party::of(phone(number));
    let change = OptChange { party, opted_in: false, scope: "marketing".to_owned(), raw: json!({"wa_id": number}) };
    with_kind(&format!("opt {number}"), EventKind::Opt(change))
}

fn unknown(number: &str, name: &str) -> Event {
    let raw: Value = json!({"from": number.trim_start_matches('+'), "profile": {"name": name}});
    with_kind(&format!("unknown {name}"), EventKind::Unknown { name: "fax".to_owned(), raw })
}

fn with_kind(words: &str, kind: EventKind) -> Event {
    Event { kind, ..says(phone("+34999999999"), words) }
}

/// A message that waits for its time.
async fn waiting(desk: &Desk, number: &str, short: &str) {
    let mut message = desk.outbound(number, &format!("luego para {short}"));
    message.queue.scheduled_for = Some(message.now + Duration::days(300));
    message.queue.expires_at = Some(message.now + Duration::days(301));
    desk.store.accept(message).await.unwrap();
}

/// A call of an agent that goes on by chat, with an answer.
async fn continued(desk: &Desk, number: &str, name: &str, short: &str) {
    let mut report = CallReport::new(format!("conv {short}"), "agent_1", CallProgress::Done);
    report.summary = Some(format!("secreto de {short}"));
    report.transcript = vec![Utterance { speaker: Speaker::Person, text: format!("secreto de {short}") }];
    let new = NewContinuation {
        organization: organization(),
        provider: "elevenlabs".to_owned(),
        call: report.conversation.clone(),
        agent: report.agent.clone(),
        agent_name: None,
        batch: None,
        recipient: None,
        told_by: "webhook".to_owned(),
        phone: Some(number.to_owned()),
        client_name: Some(name.to_owned()),
        metadata: serde_json::Map::from_iter([("client_name".to_owned(), json!(name))]),
        outcome: None,
        report: Some(report),
        now: now(),
    };
    let (one, _) = desk.store.hand_off(new).await.unwrap();
    let opening = desk.outbound(number, &format!("para {short}, después de la llamada"));
    let (account, content) = (opening.account.clone(), opening.message.content.clone());
    step(desk, one.id, ContinuationStep::Decided { account, message: opening.message.id, content }).await;
    let message = opening.message.id;
    desk.store.accept(opening).await.unwrap();
    let talk = desk.store.message(&whole(), message).await.unwrap().entry.conversation.unwrap();
    step(desk, one.id, ContinuationStep::Opened(talk)).await;
    desk.ingest(vec![says(phone(number), &format!("secreto de {short}, otra vez"))]).await;
    let part = AgentPart { message: MessageId::new(), text: format!("para {short}") };
    let answer = AgentAnswer { parts: vec![part], ..AgentAnswer::default() };
    step(desk, one.id, ContinuationStep::Answered(answer)).await;
    step(desk, one.id, ContinuationStep::Said).await;
}

/// A message of theirs that another program had before us.
async fn imported(place: &Place, number: &str, short: &str) {
    let (id, tables, at) = match place {
        Place::Postgres(_) => ("gen_random_uuid()", "comms.", "now()"),
        Place::Sqlite(_) => ("randomblob(16)", "comms_", "1"),
    };
    place
        .run(&format!(
            "INSERT INTO {tables}imported_messages (id, organization_id, continuation_id, number, direction, content, sent_at) \
             SELECT {id}, organization_id, id, 1, 'inbound', 'secreto de {short}', {at} FROM {tables}continuations \
             WHERE phone = '{number}';"
        ))
        .await;
}

async fn step(desk: &Desk, id: comms_core::ContinuationId, step: ContinuationStep) {
    let later = now() + Duration::days(400);
    let claim = ContinuationClaim {
        now: later,
        lease: Duration::ZERO,
        limit: 10,
        debounce: Duration::ZERO,
        patience: Duration::ZERO,
        only: Some(id),
    };
    let job = desk.store.claim_continuations(&claim).await.unwrap().0.remove(0);
    let conclusion = ContinuationConclusion { id, token: job.token, step, now: now() };
    assert!(desk.store.conclude_continuation(conclusion).await.unwrap());
}

async fn contact_of(desk: &Desk, number: &str) -> comms_core::ContactId {
    let filter = ContactFilter { text: Some(number.to_owned()), limit: 10, ..ContactFilter::default() };
    desk.store.contacts(&whole(), &filter).await.unwrap().entries.remove(0).id
}

async fn erase(desk: &Desk, begun: Erasure) -> Erasure {
    for _ in 0..1_000 {
        match desk.store.erase_some(begun.id, now() + Duration::hours(1)).await.unwrap() {
            ErasureStep::Files(files) => {
                let files: Vec<_> = files.iter().map(|file| file.id).collect();
                desk.store.files_erased(begun.id, &files).await.unwrap();
            }
            ErasureStep::More => {}
            ErasureStep::Waits => panic!("nothing is under way"),
            ErasureStep::Done(done) => return done,
        }
    }
    panic!("no end")
}

/// Every column of every table of ours, and of the shared one, as the database itself names them.
async fn columns(place: &Place) -> Vec<(String, String)> {
    let query = match place {
        Place::Postgres(_) => {
            "SELECT table_schema || '.' || table_name || ' ' || column_name || ' ' || data_type AS text \
             FROM information_schema.columns JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE t.table_type = 'BASE TABLE' AND (table_schema = 'comms' AND table_name <> '__diesel_schema_migrations' \
             OR table_name = 'comunicaciones') ORDER BY table_name, column_name"
        }
        Place::Sqlite(_) => {
            "SELECT m.name || ' ' || c.name || ' ' || c.type AS text FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND (m.name LIKE 'comms_%' OR m.name = 'comunicaciones') ORDER BY m.name, c.name"
        }
    };
    let lines = place.texts(query).await;
    let split = |line: &String| {
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let (table, name, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = match place {
            Place::Postgres(_) if kind == "bytea" => format!("encode({name}, 'hex')"),
            Place::Postgres(_) => format!("encode(convert_to(CAST({name} AS text), 'UTF8'), 'hex')"),
            Place::Sqlite(_) => format!("lower(hex({name}))"),
        };
        Some((table, bytes))
    };
    lines.iter().filter_map(split).collect()
}

/// In which columns a text stands, once for each row.
async fn found(place: &Place, columns: &[(String, String)], text: &str) -> Vec<String> {
    let wanted: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let parts: Vec<String> = columns
        .iter()
        .map(|(table, column)| {
            let shown = format!("{table}: {column}").replace('\'', "");
            format!("SELECT '{shown}' AS text FROM {table} WHERE {column} LIKE '%{wanted}%'")
        })
        .collect();
    let mut all = Vec::new();
    // As many as a statement may be made of.
    for some in parts.chunks(100) {
        all.extend(place.texts(&some.join(" UNION ALL ")).await);
    }
    all.sort_unstable();
    all
}

async fn counts(place: &Place, columns: &[(String, String)], texts: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for text in texts {
        all.push(found(place, columns, text).await);
    }
    all
}

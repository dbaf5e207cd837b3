//! What another program had in tables `conversation_state` and `conversation_messages`, taken over once. Its tables stay as they are.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{Integer, Nullable, Text},
};
use serde_json::{Map, Value};
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Iso8601};

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    continuation_counts::{cursor, put_cursor},
};
use crate::{
    Address, Cursor,
    history::{
        ContinuationState,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::{clean, clean_value, derived_id},
    },
};

/// The mark that says that it was done.
const DONE: &str = "conversation_state.imported";
/// How many rows are read at once.
const AT_ONCE: usize = 500;
/// The provider of whatever is in those tables.
const PROVIDER: &str = "elevenlabs";

/// The columns without which nothing is taken over.
pub(in super::super) const STATE: (&str, [&str; 8]) = (
    "conversation_state",
    ["id", "phone_number", "client_name", "elevenlabs_conversation_id", "agent_id", "status", "started_at", "metadata"],
);
/// The same of the messages.
pub(in super::super) const MESSAGES: (&str, [&str; 6]) =
    ("conversation_messages", ["id", "conversation_id", "direction", "content", "sent_at", "twilio_message_id"]);

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = Text)]
    doc: String,
}

/// A row of those tables.
struct Row(Map<String, Value>);

impl Row {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(clean).filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<i32> {
        self.0.get(name)?.as_i64().and_then(|number| i32::try_from(number).ok())
    }

    /// A time without zone, which that program meant as UTC.
    fn time(&self, name: &str) -> Option<Instant> {
        let text = self.0.get(name)?.as_str()?;
        let whole = OffsetDateTime::parse(text, &Iso8601::DEFAULT).ok();
        let local = || Some(PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).ok()?.assume_utc());
        whole.or_else(local).map(Instant::of)
    }

    fn document(&self, name: &str) -> Option<Doc> {
        self.0.get(name).filter(|value| !value.is_null()).map(|value| Doc(clean_value(value.clone())))
    }
}

/// Takes over what is there, unless that was done before. Returns how many conversations.
pub(in super::super) async fn import(
    conn: &mut Conn,
    schema: Option<&str>,
    organization: &str,
    now: Instant,
) -> QueryResult<u64> {
    super::super::begin(conn).await?;
    let imported = import_in(conn, schema, organization, now).await;
    super::super::end(conn, imported).await
}

async fn import_in(conn: &mut Conn, schema: Option<&str>, organization: &str, now: Instant) -> QueryResult<u64> {
    if cursor(conn, DONE).await?.is_some() {
        return Ok(0);
    }
    let theirs = |name: &str| schema.map_or(name.to_owned(), |schema| format!("\"{schema}\".\"{name}\""));
    let mut taken = 0;
    let mut after = i32::MIN;
    loop {
        let rows = rows(conn, &theirs(STATE.0), after).await?;
        for row in &rows {
            taken += u64::from(take_state(conn, row, organization, now).await?);
        }
        let Some(last) = rows.iter().filter_map(|row| row.number("id")).max() else {
            break;
        };
        after = last;
    }
    let mut after = i32::MIN;
    loop {
        let rows = rows(conn, &theirs(MESSAGES.0), after).await?;
        for row in &rows {
            take_message(conn, row, organization).await?;
        }
        let Some(last) = rows.iter().filter_map(|row| row.number("id")).max() else {
            break;
        };
        after = last;
    }
    put_cursor(conn, DONE, &Cursor(taken.to_string()), now).await?;
    Ok(taken)
}

async fn rows(conn: &mut Conn, table: &str, after: i32) -> QueryResult<Vec<Row>> {
    let document = super::super::document(conn, table).await?;
    let rows: Vec<Read> =
        sql_query(format!("SELECT {document} AS doc FROM {table} t WHERE t.id > $1 ORDER BY t.id LIMIT {AT_ONCE}"))
            .bind::<Integer, _>(after)
            .load(conn)
            .await?;
    let read = |row: Read| match serde_json::from_str(&row.doc) {
        Ok(Value::Object(fields)) => Some(Row(fields)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The id of a conversation of those tables, made of its number there.
fn id_of(organization: &str, number: i32) -> Uid {
    Uid(derived_id("imported-continuation", &[organization, &number.to_string()]))
}

async fn take_state(conn: &mut Conn, row: &Row, organization: &str, now: Instant) -> QueryResult<bool> {
    let (Some(number), Some(phone), Some(call), Some(agent)) =
        (row.number("id"), row.text("phone_number"), row.text("elevenlabs_conversation_id"), row.text("agent_id"))
    else {
        return Ok(false);
    };
    let phone = Address::phone(&phone, None).map_or(phone, |address| address.value().to_owned());
    let state = match row.text("status").as_deref() {
        Some("active") => ContinuationState::Active,
        Some("escalated") => ContinuationState::Escalated,
        _ => ContinuationState::Closed,
    };
    let began = row.time("started_at").unwrap_or(now);
    let ended = row.time("closed_at").or_else(|| (state != ContinuationState::Active).then_some(began));
    let written = sql_query(format!(
        "INSERT INTO {} (id, organization_id, provider, call_id, agent_id, batch_id, recipient_id, told_by, phone, client_name, \
         metadata, outcome, state, reason, call_summary, call_duration_secs, due_at, created_at, opened_at, listens_since, \
         ended_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'import', $8, $9, $10, 'talked', $11, 'imported', $12, $13, \
         $14, $15, $16, $17, $18, $19) ON CONFLICT (id) DO NOTHING",
        table("continuations")
    ))
    .bind::<UidSql, _>(id_of(organization, number))
    .bind::<Text, _>(organization.to_owned())
    .bind::<Text, _>(PROVIDER)
    .bind::<Text, _>(call)
    .bind::<Text, _>(agent)
    .bind::<Nullable<Text>, _>(row.text("batch_id"))
    .bind::<Nullable<Text>, _>(row.text("recipient_id"))
    .bind::<Text, _>(phone)
    .bind::<Nullable<Text>, _>(row.text("client_name"))
    .bind::<DocSql, _>(row.document("metadata").unwrap_or_else(|| Doc(Value::Object(Map::new()))))
    .bind::<Text, _>(state.as_str())
    .bind::<Nullable<Text>, _>(row.text("call_summary"))
    .bind::<Nullable<Integer>, _>(row.number("call_duration_secs"))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(began)
    .bind::<InstantSql, _>(began)
    .bind::<InstantSql, _>(now)
    .bind::<Nullable<InstantSql>, _>(ended)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await?;
    Ok(written > 0)
}

async fn take_message(conn: &mut Conn, row: &Row, organization: &str) -> QueryResult<()> {
    let (Some(number), Some(of)) = (row.number("id"), row.number("conversation_id")) else {
        return Ok(());
    };
    let id = derived_id("imported-message", &[organization, &number.to_string()]);
    let direction = row.text("direction").filter(|one| one == "inbound").unwrap_or_else(|| "outbound".to_owned());
    sql_query(format!(
        "INSERT INTO {} (id, organization_id, continuation_id, number, direction, content, provider_id, reply, sent_at, \
         delivered_at, read_at, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
        table("imported_messages")
    ))
    .bind::<UidSql, _>(Uid(id))
    .bind::<Text, _>(organization.to_owned())
    .bind::<UidSql, _>(id_of(organization, of))
    .bind::<Integer, _>(number)
    .bind::<Text, _>(direction)
    .bind::<Text, _>(row.text("content").unwrap_or_default())
    .bind::<Nullable<Text>, _>(row.text("twilio_message_id"))
    .bind::<Nullable<DocSql>, _>(row.document("elevenlabs_response"))
    .bind::<InstantSql, _>(row.time("sent_at").unwrap_or(Instant::of(OffsetDateTime::UNIX_EPOCH)))
    .bind::<Nullable<InstantSql>, _>(row.time("delivered_at"))
    .bind::<Nullable<InstantSql>, _>(row.time("read_at"))
    .bind::<Nullable<DocSql>, _>(row.document("metadata"))
    .execute(conn)
    .await?;
    Ok(())
}

/// What was taken over and is active listens in the conversation that its person has with us by now. Returns how many.
pub(in super::super) async fn adopt(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let found = |what: &str| {
        format!(
            "(SELECT v.{what} FROM {} v JOIN {} i ON i.contact_id = v.contact_id AND i.account_id = v.account_id \
             WHERE i.organization_id = p.organization_id AND i.external_id = p.phone AND v.channel = 'whatsapp' \
             ORDER BY v.last_message_at DESC, v.id LIMIT 1)",
            table("conversations"),
            table("identities")
        )
    };
    let name = table("continuations");
    sql_query(format!(
        "UPDATE {name} AS p SET account_id = {}, conversation_id = {}, updated_at = $1 \
         WHERE p.state = 'active' AND p.conversation_id IS NULL AND {} IS NOT NULL",
        found("account_id"),
        found("id"),
        found("id")
    ))
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
}

//! What is counted of continuations; who else spoke in their conversations; those that nobody writes in any more.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Double, Nullable, SmallInt, Text},
};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    contacts::table,
    continuation_claims::{GIVEN_UP, SAID},
    continuations::{by_id, state_of},
};
use crate::{
    Content, Cursor, Direction, MessageId, Status,
    history::{
        ContinuationStats,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
    },
};

/// How many messages that no agent sent are looked at.
const LOOKED_AT: u16 = 20;

#[derive(QueryableByName)]
struct Sent {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Nullable<DocSql>)]
    content: Option<Doc>,
}

/// The last message of the conversation that somebody else than an agent sent. A template is no answer.
pub(in super::super) async fn human_answer(conn: &mut Conn, id: Uuid) -> QueryResult<Option<MessageId>> {
    let Some(row) = by_id(conn, Uid(id)).await? else {
        return Ok(None);
    };
    let since = row.opened_at.map_or(row.listens_since, |at| at.max(row.listens_since));
    let sent: Vec<Sent> = sql_query(format!(
        "SELECT m.id, m.content FROM {} m WHERE m.conversation_id = $1 AND m.direction = $2 AND m.created_at > $3 \
         AND m.account_id IS NOT NULL AND m.status <> {} \
         AND NOT EXISTS (SELECT 1 FROM {} a WHERE a.message_id = m.id) ORDER BY m.created_at DESC, m.id DESC LIMIT {LOOKED_AT}",
        table("messages"),
        Status::Canceled.rank(),
        table("agent_messages")
    ))
    .bind::<Nullable<UidSql>, _>(row.conversation_id)
    .bind::<SmallInt, _>(comunicaciones::direction_code(Direction::Outbound))
    .bind::<InstantSql, _>(since)
    .load(conn)
    .await?;
    let is_answer = |sent: &Sent| {
        let content = sent.content.as_ref().and_then(|doc| serde_json::from_value::<Content>(doc.0.clone()).ok());
        !matches!(content, Some(Content::Template(_)))
    };
    Ok(sent.iter().find(|sent| is_answer(sent)).map(|sent| MessageId(sent.id.0)))
}

/// Closes active ones in whose conversation nothing was said since then. Returns how many.
pub(in super::super) async fn close_idle(conn: &mut Conn, before: Instant, now: Instant) -> QueryResult<usize> {
    sql_query(format!(
        "UPDATE {} SET state = 'closed', reason = 'idle', ended_at = $1, updated_at = $2, token = token + 1, lease_until = NULL \
         WHERE state = 'active' AND NOT open_turn AND opened_at < $3 AND (conversation_id IS NULL OR conversation_id IN \
         (SELECT c.id FROM {} c WHERE c.last_message_at < $4))",
        table("continuations"),
        table("conversations")
    ))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(before)
    .bind::<InstantSql, _>(before)
    .execute(conn)
    .await
}

/// Makes active ones begin again whose first message was lost after it was on its way, unless the person has said something meanwhile: then
/// the agent has something to answer. Returns how many.
pub(in super::super) async fn restart_undelivered(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let lost = [Status::Failed, Status::Expired, Status::Canceled].map(|status| status.rank().to_string()).join(", ");
    let name = table("continuations");
    sql_query(format!(
        "UPDATE {name} SET state = 'pending', opened_at = NULL, attempts = 0, due_at = $1, updated_at = $2, token = token + 1, \
         lease_until = NULL WHERE id IN (SELECT p.id FROM {name} p JOIN {} m ON m.id = p.opening_id \
         LEFT JOIN {} c ON c.id = p.conversation_id WHERE p.state = 'active' AND p.turns = 0 AND m.status IN ({lost}) \
         AND (c.arrived_at IS NULL OR c.arrived_at < p.listens_since)) AND state = 'active' AND turns = 0",
        table("messages"),
        table("conversations")
    ))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
}

#[derive(QueryableByName)]
struct States {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Calls {
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    responded: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    under_way: i64,
}

#[derive(QueryableByName)]
struct Turns {
    #[diesel(sql_type = BigInt)]
    said: i64,
    #[diesel(sql_type = BigInt)]
    answered: i64,
    #[diesel(sql_type = BigInt)]
    given_up: i64,
    #[diesel(sql_type = Nullable<Double>)]
    seconds: Option<f64>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// What is counted, of one organisation or of all.
pub(in super::super) async fn stats(
    conn: &mut Conn,
    organization: Option<&str>,
    since: Instant,
    now: Instant,
) -> QueryResult<ContinuationStats> {
    let whose = organization.unwrap_or_default();
    let states = states(conn, whose).await?;
    let calls = calls(conn, whose, since, now).await?;
    let turns = turns(conn, whose, since).await?;
    let active = states.iter().find(|row| row.state == "active").map_or(0, |row| row.number);
    Ok(ContinuationStats {
        active,
        opened: calls.opened,
        responded: calls.responded,
        sent: sent(conn, whose, since).await?,
        received: received(conn, whose, since).await?,
        answered: turns.answered,
        response_seconds: turns.seconds,
        waiting: calls.waiting,
        under_way: calls.under_way,
        completed: calls.opened + turns.said,
        failed: calls.failed + turns.given_up,
        states: states.into_iter().map(|row| (state_of(&row.state), row.number)).collect(),
    })
}

async fn states(conn: &mut Conn, whose: &str) -> QueryResult<Vec<States>> {
    sql_query(format!(
        "SELECT state, count(*) AS number FROM {} WHERE $1 = '' OR organization_id = $2 GROUP BY state ORDER BY state",
        table("continuations")
    ))
    .bind::<Text, _>(whose.to_owned())
    .bind::<Text, _>(whose.to_owned())
    .load(conn)
    .await
}

async fn calls(conn: &mut Conn, whose: &str, since: Instant, now: Instant) -> QueryResult<Calls> {
    sql_query(format!(
        "SELECT count(*) FILTER (WHERE p.opened_at >= $1) AS opened, \
         count(*) FILTER (WHERE p.opened_at >= $2 AND c.arrived_at >= p.opened_at) AS responded, \
         count(*) FILTER (WHERE p.state = 'failed' AND p.ended_at >= $3) AS failed, \
         count(*) FILTER (WHERE p.state IN ('pending', 'active') AND (p.lease_until IS NULL OR p.lease_until <= $4) \
         AND (p.state = 'pending' OR p.open_turn OR c.inbound_count > p.taken)) AS waiting, \
         count(*) FILTER (WHERE p.state IN ('pending', 'active') AND p.lease_until > $5) AS under_way \
         FROM {} p LEFT JOIN {} c ON c.id = p.conversation_id WHERE $6 = '' OR p.organization_id = $7",
        table("continuations"),
        table("conversations")
    ))
    .bind::<InstantSql, _>(since)
    .bind::<InstantSql, _>(since)
    .bind::<InstantSql, _>(since)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<Text, _>(whose.to_owned())
    .bind::<Text, _>(whose.to_owned())
    .get_result(conn)
    .await
}

async fn turns(conn: &mut Conn, whose: &str, since: Instant) -> QueryResult<Turns> {
    let seconds = super::super::seconds_between("t.last_at", "t.ended_at");
    sql_query(format!(
        "SELECT count(*) FILTER (WHERE t.state = {SAID}) AS said, \
         count(*) FILTER (WHERE t.state = {SAID} AND t.answered_at IS NOT NULL) AS answered, \
         count(*) FILTER (WHERE t.state = {GIVEN_UP}) AS given_up, \
         avg({seconds}) FILTER (WHERE t.state = {SAID} AND t.answered_at IS NOT NULL) AS seconds \
         FROM {} t WHERE t.ended_at >= $1 AND ($2 = '' OR t.organization_id = $3)",
        table("agent_turns")
    ))
    .bind::<InstantSql, _>(since)
    .bind::<Text, _>(whose.to_owned())
    .bind::<Text, _>(whose.to_owned())
    .get_result(conn)
    .await
}

/// Messages that agents sent: those alone that our store accepted.
async fn sent(conn: &mut Conn, whose: &str, since: Instant) -> QueryResult<i64> {
    let row: Count = sql_query(format!(
        "SELECT count(*) AS number FROM {} a JOIN {} m ON m.id = a.message_id \
         WHERE a.said AND m.created_at >= $1 AND a.created_at >= $2 AND ($3 = '' OR a.organization_id = $4)",
        table("agent_messages"),
        table("messages")
    ))
    // A message is told to be said before it is accepted, but not by much.
    .bind::<InstantSql, _>(since)
    .bind::<InstantSql, _>(Instant::of(since.0 - time::Duration::days(2)))
    .bind::<Text, _>(whose.to_owned())
    .bind::<Text, _>(whose.to_owned())
    .get_result(conn)
    .await?;
    Ok(row.number)
}

async fn received(conn: &mut Conn, whose: &str, since: Instant) -> QueryResult<i64> {
    let row: Count = sql_query(format!(
        "SELECT count(*) AS number FROM {} m WHERE m.direction = $1 AND m.created_at >= $2 \
         AND ($3 = '' OR m.organization_id = $4) AND EXISTS (SELECT 1 FROM {} p \
         WHERE p.conversation_id = m.conversation_id AND p.created_at <= m.created_at)",
        table("messages"),
        table("continuations")
    ))
    .bind::<SmallInt, _>(comunicaciones::direction_code(Direction::Inbound))
    .bind::<InstantSql, _>(since)
    .bind::<Text, _>(whose.to_owned())
    .bind::<Text, _>(whose.to_owned())
    .get_result(conn)
    .await?;
    Ok(row.number)
}

/// How far a provider's calls were read.
pub(in super::super) async fn cursor(conn: &mut Conn, name: &str) -> QueryResult<Option<Cursor>> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = Text)]
        cursor: String,
    }
    let rows: Vec<Place> = sql_query(format!("SELECT cursor FROM {} WHERE name = $1", table("agent_cursors")))
        .bind::<Text, _>(name.to_owned())
        .load(conn)
        .await?;
    Ok(rows.into_iter().next().map(|row| Cursor(row.cursor)))
}

/// Notes how far they were read.
pub(in super::super) async fn put_cursor(
    conn: &mut Conn,
    name: &str,
    cursor: &Cursor,
    now: Instant,
) -> QueryResult<usize> {
    sql_query(format!(
        "INSERT INTO {} (name, cursor, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, updated_at = excluded.updated_at",
        table("agent_cursors")
    ))
    .bind::<Text, _>(name.to_owned())
    .bind::<Text, _>(cursor.0.clone())
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
}

//! What is to be done for continuations now, claimed; and what messages are one burst.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Integer, Nullable, SmallInt, Text},
};

use super::{
    Conn, RunQueryDsl, comunicaciones,
    contacts::table,
    continuations::{Row, by_id},
};
use crate::{
    Direction, MessageId,
    history::{
        AgentBurst, ContinuationClaim, ContinuationJob, ContinuationState,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::derived_id,
    },
};
use time::OffsetDateTime;

/// The states of bursts.
pub(super) const TO_ASK: i16 = 0;
pub(super) const TO_SAY: i16 = 1;
pub(super) const SAID: i16 = 2;
pub(super) const GIVEN_UP: i16 = 3;

/// How many messages one burst holds at most; what is beyond them is the next one.
const LONGEST_BURST: u16 = 100;

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Nullable<Integer>)]
    heard: Option<i32>,
}

#[derive(QueryableByName)]
struct Unheard {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = InstantSql)]
    created_at: Instant,
}

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Nullable<DocSql>)]
    reply: Option<Doc>,
    #[diesel(sql_type = InstantSql)]
    first_at: Instant,
    #[diesel(sql_type = InstantSql)]
    last_at: Instant,
}

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = Nullable<InstantSql>)]
    next: Option<Instant>,
}

/// What a continuation `p` of a conversation `c` waits for, if for anything: where several listen to one conversation the newest hears.
fn has_work() -> String {
    format!(
        "(p.state = 'pending' OR p.open_turn OR (c.inbound_count > p.taken AND NOT EXISTS (SELECT 1 FROM {} q \
         WHERE q.conversation_id = p.conversation_id AND q.state = 'active' AND q.number > p.number)))",
        table("continuations")
    )
}

/// Claims what is due. Returns when there is more, where that is known.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    wanted: &ContinuationClaim,
) -> QueryResult<(Vec<ContinuationJob>, Option<OffsetDateTime>)> {
    super::super::begin(conn).await?;
    let claimed = claim_in(conn, wanted).await;
    crate::failpoint!(TurnWritten);
    let jobs = super::super::end(conn, claimed).await?;
    Ok((jobs, next(conn, Instant::of(wanted.now)).await?))
}

async fn claim_in(conn: &mut Conn, wanted: &ContinuationClaim) -> QueryResult<Vec<ContinuationJob>> {
    let now = Instant::of(wanted.now);
    let only = wanted.only.map(|id| format!(" AND p.id = {}", super::super::id_literal(id.0))).unwrap_or_default();
    let candidates: Vec<Candidate> = sql_query(format!(
        "SELECT p.id, c.inbound_count AS heard FROM {} p LEFT JOIN {} c ON c.id = p.conversation_id \
         WHERE p.state IN ('pending', 'active') AND p.due_at <= $1 AND (p.lease_until IS NULL OR p.lease_until <= $2) \
         AND {}{only} ORDER BY p.due_at, p.number LIMIT {} {}",
        table("continuations"),
        table("conversations"),
        has_work(),
        wanted.limit,
        super::super::SKIP_LOCKED
    ))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .load(conn)
    .await?;
    let mut jobs = Vec::new();
    for Candidate { id, heard } in candidates {
        let Some(row) = by_id(conn, id).await? else {
            continue;
        };
        let burst = match (row.state(), row.open_turn) {
            (ContinuationState::Pending, _) => None,
            (_, true) => Some(open_burst(conn, &row).await?),
            (_, false) => match begin_burst(conn, &row, heard.unwrap_or_default(), wanted).await? {
                Some(burst) => Some(burst),
                None => continue,
            },
        };
        take(conn, id, wanted).await?;
        let Some(row) = by_id(conn, id).await? else {
            continue;
        };
        jobs.push(ContinuationJob { token: row.token, continuation: row.into_continuation(), burst });
    }
    Ok(jobs)
}

async fn take(conn: &mut Conn, id: Uid, wanted: &ContinuationClaim) -> QueryResult<usize> {
    sql_query(format!(
        "UPDATE {} SET token = token + 1, attempts = attempts + 1, lease_until = $1 WHERE id = $2",
        table("continuations")
    ))
    .bind::<InstantSql, _>(Instant::of(wanted.now + wanted.lease))
    .bind::<UidSql, _>(id)
    .execute(conn)
    .await
}

/// A burst that was begun before: the same messages, and what was said to them if it was.
async fn open_burst(conn: &mut Conn, row: &Row) -> QueryResult<AgentBurst> {
    let turn: Turn = sql_query(format!(
        "SELECT reply, first_at, last_at FROM {} WHERE continuation_id = $1 AND number = $2",
        table("agent_turns")
    ))
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(row.turns)
    .get_result(conn)
    .await?;
    let messages: Vec<Unheard> = sql_query(format!(
        "SELECT m.id, m.created_at FROM {} a JOIN {} m ON m.id = a.message_id \
         WHERE a.continuation_id = $1 AND a.turn = $2 AND NOT a.said ORDER BY m.created_at, m.id",
        table("agent_messages"),
        table("messages")
    ))
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(row.turns)
    .load(conn)
    .await?;
    Ok(AgentBurst {
        number: u32::try_from(row.turns).unwrap_or_default(),
        messages: messages.into_iter().map(|message| MessageId(message.id.0)).collect(),
        first_at: turn.first_at.0,
        last_at: turn.last_at.0,
        reply: turn.reply.and_then(|doc| serde_json::from_value(doc.0).ok()),
    })
}

/// Messages that nobody has heard become a burst once nothing follows them for a while. How many there are was counted before they
/// are looked for: one that comes in between is counted at the next look.
async fn begin_burst(
    conn: &mut Conn,
    row: &Row,
    heard: i32,
    wanted: &ContinuationClaim,
) -> QueryResult<Option<AgentBurst>> {
    let unheard: Vec<Unheard> = sql_query(format!(
        "SELECT m.id, m.created_at FROM {} m WHERE m.conversation_id = $1 AND m.direction = $2 AND m.created_at >= $3 \
         AND NOT EXISTS (SELECT 1 FROM {} a WHERE a.message_id = m.id) ORDER BY m.created_at, m.id LIMIT {LONGEST_BURST}",
        table("messages"),
        table("agent_messages")
    ))
    .bind::<Nullable<UidSql>, _>(row.conversation_id)
    .bind::<SmallInt, _>(comunicaciones::direction_code(Direction::Inbound))
    .bind::<InstantSql, _>(row.listens_since)
    .load(conn)
    .await?;
    let times = || unheard.iter().map(|message| message.created_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        set_taken(conn, row.id, heard).await?;
        return Ok(None);
    };
    let ripe = (last.0 + wanted.debounce).min(first.0 + wanted.patience);
    if ripe > wanted.now {
        wait(conn, row.id, Instant::of(ripe)).await?;
        return Ok(None);
    }
    let number = row.turns + 1;
    write_burst(conn, row, number, (first, last), Instant::of(wanted.now)).await?;
    for message in &unheard {
        hear(conn, row, number, message.id, Instant::of(wanted.now)).await?;
    }
    // What did not find room is found by the next look.
    if unheard.len() < usize::from(LONGEST_BURST) {
        set_taken(conn, row.id, heard).await?;
    }
    Ok(Some(AgentBurst {
        number: u32::try_from(number).unwrap_or_default(),
        messages: unheard.into_iter().map(|message| MessageId(message.id.0)).collect(),
        first_at: first.0,
        last_at: last.0,
        reply: None,
    }))
}

async fn write_burst(
    conn: &mut Conn,
    row: &Row,
    number: i32,
    (first, last): (Instant, Instant),
    now: Instant,
) -> QueryResult<()> {
    let id = derived_id("agent-turn", &[&row.id.0.to_string(), &number.to_string()]);
    sql_query(format!(
        "INSERT INTO {} (id, organization_id, continuation_id, number, state, first_at, last_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        table("agent_turns")
    ))
    .bind::<UidSql, _>(Uid(id))
    .bind::<Text, _>(row.organization_id.clone())
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(number)
    .bind::<SmallInt, _>(TO_ASK)
    .bind::<InstantSql, _>(first)
    .bind::<InstantSql, _>(last)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await?;
    sql_query(format!(
        "UPDATE {} SET turns = $1, open_turn = true, attempts = 0 WHERE id = $2",
        table("continuations")
    ))
    .bind::<Integer, _>(number)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    Ok(())
}

async fn hear(conn: &mut Conn, row: &Row, turn: i32, message: Uid, now: Instant) -> QueryResult<()> {
    note(conn, row, turn, message, false, now).await
}

/// Notes that a message is an agent's, said or heard: it is of one burst.
pub(super) async fn note(
    conn: &mut Conn,
    row: &Row,
    turn: i32,
    message: Uid,
    said: bool,
    now: Instant,
) -> QueryResult<()> {
    sql_query(format!(
        "INSERT INTO {} (message_id, organization_id, continuation_id, turn, said, created_at) \
         VALUES ($1, $2, $3, $4, {said}, $5) ON CONFLICT (message_id) DO NOTHING",
        table("agent_messages")
    ))
    .bind::<UidSql, _>(message)
    .bind::<Text, _>(row.organization_id.clone())
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(turn)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

async fn set_taken(conn: &mut Conn, id: Uid, taken: i32) -> QueryResult<usize> {
    sql_query(format!("UPDATE {} SET taken = $1 WHERE id = $2", table("continuations")))
        .bind::<Integer, _>(taken)
        .bind::<UidSql, _>(id)
        .execute(conn)
        .await
}

async fn wait(conn: &mut Conn, id: Uid, until: Instant) -> QueryResult<usize> {
    sql_query(format!("UPDATE {} SET due_at = $1 WHERE id = $2", table("continuations")))
        .bind::<InstantSql, _>(until)
        .bind::<UidSql, _>(id)
        .execute(conn)
        .await
}

/// When the next of those is due that wait and that nobody has claimed.
async fn next(conn: &mut Conn, now: Instant) -> QueryResult<Option<OffsetDateTime>> {
    let row: Next = sql_query(format!(
        "SELECT min(p.due_at) AS next FROM {} p LEFT JOIN {} c ON c.id = p.conversation_id \
         WHERE p.state IN ('pending', 'active') AND (p.lease_until IS NULL OR p.lease_until <= $1) AND {}",
        table("continuations"),
        table("conversations"),
        has_work()
    ))
    .bind::<InstantSql, _>(now)
    .get_result(conn)
    .await?;
    Ok(row.next.map(|at| at.0))
}

/// How many bursts of an account were begun since then.
pub(in super::super) async fn turns_since(conn: &mut Conn, account: &str, since: Instant) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        turns: i64,
    }
    let row: Count = sql_query(format!(
        "SELECT count(*) AS turns FROM {} t JOIN {} p ON p.id = t.continuation_id \
         WHERE p.account_id = $1 AND t.organization_id = p.organization_id AND t.created_at >= $2",
        table("agent_turns"),
        table("continuations")
    ))
    .bind::<Text, _>(account.to_owned())
    .bind::<InstantSql, _>(since)
    .get_result(conn)
    .await?;
    Ok(row.turns)
}

/// When the last bursts of a continuation were begun.
pub(in super::super) async fn last_turns(
    conn: &mut Conn,
    id: uuid::Uuid,
    limit: u16,
) -> QueryResult<Vec<OffsetDateTime>> {
    #[derive(QueryableByName)]
    struct Begun {
        #[diesel(sql_type = InstantSql)]
        created_at: Instant,
    }
    let rows: Vec<Begun> = sql_query(format!(
        "SELECT created_at FROM {} WHERE continuation_id = $1 ORDER BY number DESC LIMIT {limit}",
        table("agent_turns")
    ))
    .bind::<UidSql, _>(Uid(id))
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.created_at.0).collect())
}

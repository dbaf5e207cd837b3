//! Sources: claimed, read, and how far.

use std::collections::HashSet;

use diesel::{
    QueryResult, QueryableByName,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Integer, Nullable, SmallInt, Text},
};
use serde_json::json;

use super::{
    Conn, RunQueryDsl, comunicaciones, contacts::table, directory, dossier::texts, ingest, people, rows::EventRow,
    schema::messages,
};
use crate::{
    Address, Cursor, Direction, MessageId, Problem,
    history::{
        SourceConclusion, SourceJob, SourceState, SourceStatus,
        directory::Directory,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid},
        text::clean,
    },
};

/// The states as they are stored.
const STATES: [SourceState; 3] = [SourceState::Works, SourceState::Waits, SourceState::Stopped];

fn stored(state: SourceState) -> i16 {
    STATES.iter().position(|one| *one == state).and_then(|at| i16::try_from(at).ok()).unwrap_or_default()
}

fn state_of(stored: i16) -> SourceState {
    usize::try_from(stored).ok().and_then(|at| STATES.get(at)).copied().unwrap_or(SourceState::Waits)
}

/// How a source is.
#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = Text)]
    organization_id: String,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    cursor: Option<String>,
    #[diesel(sql_type = BigInt)]
    token: i64,
    #[diesel(sql_type = Integer)]
    hints: i32,
    #[diesel(sql_type = SmallInt)]
    looks: i16,
    #[diesel(sql_type = Integer)]
    failures: i32,
}

#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = Nullable<DocSql>)]
    problem: Option<Doc>,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Nullable<InstantSql>)]
    checked_at: Option<Instant>,
    #[diesel(sql_type = Nullable<InstantSql>)]
    read_at: Option<Instant>,
    #[diesel(sql_type = InstantSql)]
    next_at: Instant,
}

/// Adds a source, or lets one that does not work be tried again. Returns how many that changed.
pub(in super::super) async fn put(conn: &mut Conn, account: &str, now: Instant) -> QueryResult<usize> {
    super::super::begin(conn).await?;
    let put = put_in(conn, account, now).await;
    super::super::end(conn, put).await
}

async fn put_in(conn: &mut Conn, account: &str, now: Instant) -> QueryResult<usize> {
    let (sources, accounts) = (table("sources"), table("accounts"));
    let before = standing(conn, account).await?;
    let changed = sql_query(format!(
        "INSERT INTO {sources} AS s (account_id, organization_id, next_at) \
         SELECT id, organization_id, $1 FROM {accounts} WHERE id = $2 \
         ON CONFLICT (account_id) DO UPDATE SET state = 0, problem = NULL, failures = 0, next_at = excluded.next_at \
         WHERE s.state <> 0"
    ))
    .bind::<InstantSql, _>(now)
    .bind::<Text, _>(account.to_owned())
    .execute(conn)
    .await?;
    tell(conn, account, before, SourceState::Works, None, now).await?;
    Ok(changed)
}

/// How a source is, and whose, held for who changes it.
async fn standing(conn: &mut Conn, account: &str) -> QueryResult<Option<Standing>> {
    let query = format!(
        "SELECT state, organization_id FROM {} WHERE account_id = $1{}",
        table("sources"),
        super::super::LOCKED
    );
    let rows: Vec<Standing> = sql_query(query).bind::<Text, _>(account.to_owned()).load(conn).await?;
    Ok(rows.into_iter().next())
}

/// The log tells that a source stands still, and that it does no more. What passes by itself is not told.
async fn tell(
    conn: &mut Conn,
    account: &str,
    before: Option<Standing>,
    after: SourceState,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<()> {
    let Some(before) = before else { return Ok(()) };
    let change = match (state_of(before.state) == SourceState::Stopped, after == SourceState::Stopped) {
        (false, true) => "stopped",
        (true, false) => "resumed",
        _ => return Ok(()),
    };
    let told = EventRow {
        organization_id: before.organization_id,
        kind: "changed".to_owned(),
        account_id: Some(account.to_owned()),
        message_id: None,
        conversation_id: None,
        payload: Doc(json!({ "change": change, "code": problem.map(|problem| clean(&problem.code)) })),
        created_at: now,
    };
    ingest::append(conn, vec![told]).await.map(drop)
}

pub(in super::super) async fn remove(conn: &mut Conn, account: &str) -> QueryResult<usize> {
    let query = format!("DELETE FROM {} WHERE account_id = $1", table("sources"));
    sql_query(query).bind::<Text, _>(account.to_owned()).execute(conn).await
}

/// Notes that there may be something. What stands still is not woken by it, and one that waits after a failure keeps its time: the
/// provider said when.
pub(in super::super) async fn hint(conn: &mut Conn, account: &str, looks: u16, now: Instant) -> QueryResult<usize> {
    let looks = i16::try_from(looks).unwrap_or(i16::MAX);
    sql_query(format!(
        "UPDATE {} SET hints = hints + 1, looks = $1, next_at = CASE WHEN state = 0 AND next_at > $2 AND \
         (lease_until IS NULL OR lease_until <= $3) THEN $4 ELSE next_at END WHERE account_id = $5",
        table("sources")
    ))
    .bind::<SmallInt, _>(looks)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<Text, _>(account.to_owned())
    .execute(conn)
    .await
}

/// Claims what is due until `until`: first what somebody says has something new. What another process is claiming at this moment is left to it.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<Vec<SourceJob>> {
    super::super::begin(conn).await?;
    let claimed = claim_in(conn, now, until, limit).await;
    if claimed.as_ref().is_ok_and(|jobs| !jobs.is_empty()) {
        crate::failpoint!(SourceWritten);
    }
    super::super::end(conn, claimed).await
}

async fn claim_in(conn: &mut Conn, now: Instant, until: Instant, limit: u16) -> QueryResult<Vec<SourceJob>> {
    let (sources, accounts) = (table("sources"), table("accounts"));
    let skip_locked = super::super::SKIP_LOCKED;
    let rows: Vec<Claimed> = sql_query(format!(
        "UPDATE {sources} SET token = token + 1, lease_until = $1, checked_at = $2 WHERE account_id IN (\
         SELECT p.account_id FROM {sources} p WHERE p.next_at <= $3 AND (p.lease_until IS NULL OR p.lease_until <= $4) \
         AND EXISTS (SELECT 1 FROM {accounts} a WHERE a.id = p.account_id AND a.active) \
         ORDER BY (p.looks > 0) DESC, p.next_at, p.account_id LIMIT {limit} {skip_locked}) \
         RETURNING account_id, organization_id, cursor, token, hints, looks, failures"
    ))
    .bind::<InstantSql, _>(until)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .load(conn)
    .await?;
    let job = |row: Claimed| SourceJob {
        account: row.account_id.into(),
        organization: row.organization_id.into(),
        cursor: row.cursor.map(Cursor),
        token: row.token,
        hints: row.hints,
        looks: u16::try_from(row.looks).unwrap_or_default(),
        failures: u32::try_from(row.failures).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(job).collect())
}

/// Records how reading ended, for who holds the claim. A hint that came meanwhile counts more than the time that was chosen.
pub(in super::super) async fn conclude(conn: &mut Conn, conclusion: &SourceConclusion) -> QueryResult<usize> {
    super::super::begin(conn).await?;
    let concluded = conclude_in(conn, conclusion).await;
    super::super::end(conn, concluded).await
}

async fn conclude_in(conn: &mut Conn, conclusion: &SourceConclusion) -> QueryResult<usize> {
    let Some(state) = conclusion.state else {
        return give_back(conn, conclusion).await;
    };
    let account = conclusion.job.account.as_str();
    let before = standing(conn, account).await?;
    let counted = write(conn, conclusion, state).await?;
    if counted > 0 {
        tell(conn, account, before, state, conclusion.problem.as_ref(), Instant::of(conclusion.now)).await?;
    }
    Ok(counted)
}

async fn write(conn: &mut Conn, conclusion: &SourceConclusion, state: SourceState) -> QueryResult<usize> {
    let SourceConclusion { job, cursor, problem, next_at, looks, now, .. } = conclusion;
    let works = state == SourceState::Works;
    let failures = if works { 0 } else { job.failures.saturating_add(1) };
    let read_at = works.then(|| Instant::of(*now));
    let problem = problem.as_ref().map(|problem| Doc(serde_json::to_value(problem).unwrap_or_default()));
    sql_query(format!(
        "UPDATE {} SET cursor = COALESCE($1, cursor), state = $2, problem = $3, failures = $4, \
         read_at = COALESCE($5, read_at), lease_until = NULL, \
         next_at = CASE WHEN hints > $6 AND $7 = 0 THEN $8 ELSE $9 END, \
         looks = CASE WHEN hints > $10 THEN looks ELSE $11 END \
         WHERE account_id = $12 AND token = $13",
        table("sources")
    ))
    .bind::<Nullable<Text>, _>(cursor.as_ref().map(|cursor| cursor.0.clone()))
    .bind::<SmallInt, _>(stored(state))
    .bind::<Nullable<DocSql>, _>(problem)
    .bind::<Integer, _>(i32::try_from(failures).unwrap_or(i32::MAX))
    .bind::<Nullable<InstantSql>, _>(read_at)
    .bind::<Integer, _>(job.hints)
    .bind::<SmallInt, _>(stored(state))
    .bind::<InstantSql, _>(Instant::of(*now))
    .bind::<InstantSql, _>(Instant::of(*next_at))
    .bind::<Integer, _>(job.hints)
    .bind::<SmallInt, _>(i16::try_from(*looks).unwrap_or(i16::MAX))
    .bind::<Text, _>(job.account.as_str().to_owned())
    .bind::<BigInt, _>(job.token)
    .execute(conn)
    .await
}

/// It was not asked after all: it is as it was.
async fn give_back(conn: &mut Conn, conclusion: &SourceConclusion) -> QueryResult<usize> {
    sql_query(format!(
        "UPDATE {} SET lease_until = NULL, next_at = $1 WHERE account_id = $2 AND token = $3",
        table("sources")
    ))
    .bind::<InstantSql, _>(Instant::of(conclusion.next_at))
    .bind::<Text, _>(conclusion.job.account.as_str().to_owned())
    .bind::<BigInt, _>(conclusion.job.token)
    .execute(conn)
    .await
}

/// The sources of one organisation or of all.
pub(in super::super) async fn list(conn: &mut Conn, organization: Option<&str>) -> QueryResult<Vec<SourceStatus>> {
    let rows: Vec<Shown> = sql_query(format!(
        "SELECT account_id, organization_id, state, problem, failures, checked_at, read_at, next_at FROM {} \
         WHERE $1 = '' OR organization_id = $2 ORDER BY account_id",
        table("sources")
    ))
    .bind::<Text, _>(organization.unwrap_or_default().to_owned())
    .bind::<Text, _>(organization.unwrap_or_default().to_owned())
    .load(conn)
    .await?;
    let shown = |row: Shown| SourceStatus {
        account: row.account_id.into(),
        organization: row.organization_id.into(),
        state: state_of(row.state),
        problem: row.problem.and_then(|doc| serde_json::from_value(doc.0).ok()),
        failures: u32::try_from(row.failures).unwrap_or_default(),
        checked_at: row.checked_at.map(|at| at.0),
        read_at: row.read_at.map(|at| at.0),
        next_at: row.next_at.0,
    };
    Ok(rows.into_iter().map(shown).collect())
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    external_id: String,
}

/// Those of these addresses that the organisation knows.
pub(in super::super) async fn known(
    conn: &mut Conn,
    directory: &Directory,
    organization: &str,
    addresses: &[Address],
) -> QueryResult<Vec<Address>> {
    let spelled: Vec<String> = addresses.iter().flat_map(people::spellings).collect();
    let rows: Vec<Value> = sql_query(format!(
        "SELECT DISTINCT external_id FROM {} WHERE organization_id = $1 AND external_id IN {}",
        table("identities"),
        texts(&spelled)
    ))
    .bind::<Text, _>(organization.to_owned())
    .load(conn)
    .await?;
    let met: HashSet<String> = rows.into_iter().map(|row| row.external_id).collect();
    let is_met = |address: &Address| people::spellings(address).iter().any(|spelling| met.contains(spelling));
    let (mut known, strangers): (Vec<Address>, Vec<Address>) = addresses.iter().cloned().partition(is_met);
    if !strangers.is_empty() && !directory.is_empty() {
        let listed = directory::find(conn, directory, &strangers).await?;
        known.extend(strangers.into_iter().filter(|one| listed.iter().any(|found| found.address == *one)));
    }
    Ok(known)
}

/// The messages of the other parties that the provider has under these ids.
pub(in super::super) async fn received(
    conn: &mut Conn,
    account: &str,
    ids: Vec<String>,
) -> QueryResult<Vec<MessageId>> {
    let rows: Vec<Uid> = messages::table
        .filter(messages::account_id.eq(account.to_owned()))
        .filter(messages::provider_id.eq_any(ids))
        .filter(messages::direction.eq(comunicaciones::direction_code(Direction::Inbound)))
        .order(messages::id)
        .select(messages::id)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|id| MessageId(id.0)).collect())
}

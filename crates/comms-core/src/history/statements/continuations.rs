//! Calls that go on by chat: handed off, read, ended by somebody's word.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Conn, RunQueryDsl, contacts::table};
use crate::{
    CallOutcome, CallReport, ContinuationId, ConversationId, MessageId,
    history::{
        Continuation, ContinuationFilter, ContinuationState, NewContinuation,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::{clean, clean_value, derived_id},
    },
};

/// The longest page.
const LONGEST_PAGE: u16 = 200;

/// A continuation as it is read.
#[derive(Clone, QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = UidSql)]
    pub id: Uid,
    #[diesel(sql_type = Integer)]
    pub number: i32,
    #[diesel(sql_type = Text)]
    pub organization_id: String,
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    call_id: String,
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    agent_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    batch_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    recipient_id: Option<String>,
    #[diesel(sql_type = Text)]
    told_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    phone: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    client_name: Option<String>,
    #[diesel(sql_type = DocSql)]
    metadata: Doc,
    #[diesel(sql_type = Nullable<Text>)]
    outcome: Option<String>,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<DocSql>)]
    problem: Option<Doc>,
    #[diesel(sql_type = Nullable<Text>)]
    call_summary: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    call_duration_secs: Option<i32>,
    #[diesel(sql_type = Nullable<InstantSql>)]
    called_at: Option<Instant>,
    #[diesel(sql_type = Nullable<DocSql>)]
    transcript: Option<Doc>,
    #[diesel(sql_type = Nullable<InstantSql>)]
    facts_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Text>)]
    account_id: Option<String>,
    #[diesel(sql_type = Nullable<UidSql>)]
    pub conversation_id: Option<Uid>,
    #[diesel(sql_type = Nullable<DocSql>)]
    opening: Option<Doc>,
    #[diesel(sql_type = Nullable<UidSql>)]
    opening_id: Option<Uid>,
    #[diesel(sql_type = Integer)]
    pub turns: i32,
    #[diesel(sql_type = Bool)]
    pub open_turn: bool,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = InstantSql)]
    due_at: Instant,
    #[diesel(sql_type = BigInt)]
    pub token: i64,
    #[diesel(sql_type = InstantSql)]
    created_at: Instant,
    #[diesel(sql_type = Nullable<InstantSql>)]
    pub opened_at: Option<Instant>,
    #[diesel(sql_type = InstantSql)]
    pub listens_since: Instant,
    #[diesel(sql_type = Nullable<InstantSql>)]
    ended_at: Option<Instant>,
    #[diesel(sql_type = InstantSql)]
    updated_at: Instant,
}

impl Row {
    pub(super) fn state(&self) -> ContinuationState {
        state_of(&self.state)
    }

    pub(super) fn into_continuation(self) -> Continuation {
        let state = self.state();
        Continuation {
            id: ContinuationId(self.id.0),
            number: self.number,
            organization: self.organization_id.into(),
            provider: self.provider,
            call: self.call_id,
            agent: self.agent_id,
            agent_name: self.agent_name,
            batch: self.batch_id,
            recipient: self.recipient_id,
            told_by: self.told_by,
            phone: self.phone,
            client_name: self.client_name,
            metadata: object(self.metadata.0),
            outcome: self.outcome.as_deref().and_then(outcome_of),
            state,
            reason: self.reason,
            problem: self.problem.and_then(|doc| serde_json::from_value(doc.0).ok()),
            summary: self.call_summary,
            duration_secs: self.call_duration_secs.and_then(|seconds| u32::try_from(seconds).ok()),
            called_at: self.called_at.map(|at| at.0),
            transcript: self.transcript.and_then(|doc| serde_json::from_value(doc.0).ok()).unwrap_or_default(),
            facts_at: self.facts_at.map(|at| at.0),
            account: self.account_id.map(Into::into),
            conversation: self.conversation_id.map(|id| ConversationId(id.0)),
            opening: self.opening.and_then(|doc| serde_json::from_value(doc.0).ok()),
            opening_message: self.opening_id.map(|id| MessageId(id.0)),
            turns: u32::try_from(self.turns).unwrap_or_default(),
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            due_at: self.due_at.0,
            created_at: self.created_at.0,
            opened_at: self.opened_at.map(|at| at.0),
            listens_since: self.listens_since.0,
            ended_at: self.ended_at.map(|at| at.0),
            updated_at: self.updated_at.0,
        }
    }
}

pub(super) fn state_of(word: &str) -> ContinuationState {
    ContinuationState::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(ContinuationState::Closed)
}

fn outcome_of(word: &str) -> Option<CallOutcome> {
    CallOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The id of a call's continuation.
pub(super) fn id_of(new: &NewContinuation) -> Uuid {
    derived_id("continuation", &[new.organization.as_str(), &new.provider, &new.call])
}

/// Keeps a call that is handed off, or adds to one that is known what was not. Returns whether it is new.
pub(in super::super) async fn hand_off(conn: &mut Conn, new: &NewContinuation) -> QueryResult<(Continuation, bool)> {
    super::super::begin(conn).await?;
    let handed = hand_off_in(conn, new).await;
    super::super::end(conn, handed).await
}

async fn hand_off_in(conn: &mut Conn, new: &NewContinuation) -> QueryResult<(Continuation, bool)> {
    let id = Uid(id_of(new));
    let fresh = insert(conn, id, new).await? > 0;
    if !fresh {
        add(conn, id, new).await?;
    }
    if let Some(report) = &new.report {
        facts(conn, id, report, Instant::of(new.now)).await?;
    }
    let row = by_id(conn, id).await?.ok_or(diesel::result::Error::NotFound)?;
    Ok((row.into_continuation(), fresh))
}

async fn insert(conn: &mut Conn, id: Uid, new: &NewContinuation) -> QueryResult<usize> {
    let now = Instant::of(new.now);
    sql_query(format!(
        "INSERT INTO {} (id, organization_id, provider, call_id, agent_id, agent_name, batch_id, recipient_id, told_by, phone, \
         client_name, metadata, outcome, state, due_at, created_at, listens_since, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', $14, $15, $16, $17) \
         ON CONFLICT (id) DO NOTHING",
        table("continuations")
    ))
    .bind::<UidSql, _>(id)
    .bind::<Text, _>(new.organization.as_str().to_owned())
    .bind::<Text, _>(clean(&new.provider))
    .bind::<Text, _>(clean(&new.call))
    .bind::<Text, _>(clean(&new.agent))
    .bind::<Nullable<Text>, _>(new.agent_name.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.batch.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.recipient.as_deref().map(clean))
    .bind::<Text, _>(clean(&new.told_by))
    .bind::<Nullable<Text>, _>(new.phone.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.client_name.as_deref().map(clean))
    .bind::<DocSql, _>(Doc(clean_value(Value::Object(new.metadata.clone()))))
    .bind::<Nullable<Text>, _>(new.outcome.map(CallOutcome::as_str))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
}

/// What was known first stays. What waits is looked at again at once: somebody may know more by now.
async fn add(conn: &mut Conn, id: Uid, new: &NewContinuation) -> QueryResult<usize> {
    let known = locked(conn, id).await?.ok_or(diesel::result::Error::NotFound)?;
    let mut metadata = object(clean_value(Value::Object(new.metadata.clone())));
    metadata.extend(object(known.metadata.0));
    let now = Instant::of(new.now);
    sql_query(format!(
        "UPDATE {} SET agent_name = COALESCE(agent_name, $1), batch_id = COALESCE(batch_id, $2), \
         recipient_id = COALESCE(recipient_id, $3), phone = COALESCE(phone, $4), client_name = COALESCE(client_name, $5), \
         metadata = $6, outcome = COALESCE(outcome, $7), \
         due_at = CASE WHEN state = 'pending' AND due_at > $8 THEN $9 ELSE due_at END WHERE id = $10",
        table("continuations")
    ))
    .bind::<Nullable<Text>, _>(new.agent_name.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.batch.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.recipient.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.phone.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(new.client_name.as_deref().map(clean))
    .bind::<DocSql, _>(Doc(Value::Object(metadata)))
    .bind::<Nullable<Text>, _>(new.outcome.map(CallOutcome::as_str))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(id)
    .execute(conn)
    .await
}

/// Adds what is known of the call. Once that is final it stays.
pub(super) async fn facts(conn: &mut Conn, id: Uid, report: &CallReport, now: Instant) -> QueryResult<usize> {
    let told = (report.outcome != CallOutcome::Unknown).then(|| report.outcome.as_str());
    let ended = report.progress.is_final().then_some(now);
    let transcript = (!report.transcript.is_empty()).then(|| Doc(clean_value(json!(report.transcript))));
    sql_query(format!(
        "UPDATE {} SET outcome = COALESCE($1, outcome), call_summary = COALESCE($2, call_summary), \
         call_duration_secs = COALESCE($3, call_duration_secs), called_at = COALESCE($4, called_at), \
         transcript = COALESCE($5, transcript), phone = COALESCE(phone, $6), agent_name = COALESCE(agent_name, $7), \
         batch_id = COALESCE(batch_id, $8), recipient_id = COALESCE(recipient_id, $9), facts_at = $10, updated_at = $11 \
         WHERE id = $12 AND facts_at IS NULL",
        table("continuations")
    ))
    .bind::<Nullable<Text>, _>(told)
    .bind::<Nullable<Text>, _>(report.summary.as_deref().map(clean))
    .bind::<Nullable<Integer>, _>(report.duration_secs.and_then(|seconds| i32::try_from(seconds).ok()))
    .bind::<Nullable<InstantSql>, _>(report.started_at.map(Instant::of))
    .bind::<Nullable<DocSql>, _>(transcript)
    .bind::<Nullable<Text>, _>(report.phone.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(report.agent_name.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(report.batch.as_ref().map(|batch| clean(&batch.batch)))
    .bind::<Nullable<Text>, _>(report.batch.as_ref().and_then(|batch| batch.recipient.as_deref()).map(clean))
    .bind::<Nullable<InstantSql>, _>(ended)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(id)
    .execute(conn)
    .await
}

pub(super) async fn by_id(conn: &mut Conn, id: Uid) -> QueryResult<Option<Row>> {
    let query = format!("SELECT * FROM {} WHERE id = $1", table("continuations"));
    let rows: Vec<Row> = sql_query(query).bind::<UidSql, _>(id).load(conn).await?;
    Ok(rows.into_iter().next())
}

/// The same, held until the transaction ends.
pub(super) async fn locked(conn: &mut Conn, id: Uid) -> QueryResult<Option<Row>> {
    let query = format!("SELECT * FROM {} WHERE id = $1{}", table("continuations"), super::super::LOCKED);
    let rows: Vec<Row> = sql_query(query).bind::<UidSql, _>(id).load(conn).await?;
    Ok(rows.into_iter().next())
}

/// One continuation of an organisation.
pub(in super::super) async fn one(
    conn: &mut Conn,
    organization: &str,
    id: ContinuationId,
) -> QueryResult<Option<Continuation>> {
    let row = by_id(conn, Uid(id.0)).await?.filter(|row| row.organization_id == organization);
    Ok(row.map(Row::into_continuation))
}

/// Continuations of an organisation, the newest first.
pub(in super::super) async fn list(
    conn: &mut Conn,
    organization: &str,
    filter: &ContinuationFilter,
) -> QueryResult<Vec<Continuation>> {
    let states: Vec<String> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
    let states = match states.is_empty() {
        true => String::new(),
        false => format!(" AND state IN ({})", states.join(", ")),
    };
    let of = filter.conversation.map(|id| format!(" AND conversation_id = {}", super::super::id_literal(id.0)));
    let before = filter.before.map(|number| format!(" AND number < {number}")).unwrap_or_default();
    let rows: Vec<Row> = sql_query(format!(
        "SELECT * FROM {} WHERE organization_id = $1 AND ($2 = '' OR phone = $3) AND ($4 = '' OR agent_id = $5)\
         {states}{}{before} ORDER BY number DESC LIMIT {}",
        table("continuations"),
        of.unwrap_or_default(),
        filter.limit.clamp(1, LONGEST_PAGE)
    ))
    .bind::<Text, _>(organization.to_owned())
    .bind::<Text, _>(filter.phone.clone().unwrap_or_default())
    .bind::<Text, _>(filter.phone.clone().unwrap_or_default())
    .bind::<Text, _>(filter.agent.clone().unwrap_or_default())
    .bind::<Text, _>(filter.agent.clone().unwrap_or_default())
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(Row::into_continuation).collect())
}

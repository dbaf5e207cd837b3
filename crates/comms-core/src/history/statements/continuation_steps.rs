//! What became of a step of a continuation, and of one that somebody ends.

use diesel::{
    QueryResult,
    prelude::*,
    sql_query,
    sql_types::{Integer, Nullable, SmallInt, Text},
};
use serde_json::{Value, json};

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    continuation_claims::{GIVEN_UP, SAID, TO_SAY, note},
    continuations::{Row, by_id, facts, locked},
    conversations::{OPEN, TOLD, Told, told},
    ingest,
    rows::{EventRow, NoteRow},
    schema::{conversation_notes, conversations},
};
use crate::{
    AccountId, Content, ContinuationId, MessageId, Problem, UserId,
    history::{
        AgentAnswer, Continuation, ContinuationConclusion, ContinuationState, ContinuationStep,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::{clean, clean_value, derived_id},
    },
};

/// What a step wrote: the log's rows.
type Log = Vec<EventRow>;

/// Records what became of a step, for who claimed it. Returns whether it counted, and the last cursor of the log.
pub(in super::super) async fn conclude(
    conn: &mut Conn,
    ended: &ContinuationConclusion,
) -> QueryResult<(bool, Option<i64>)> {
    super::super::begin(conn).await?;
    let concluded = conclude_in(conn, ended).await;
    crate::failpoint!(StepWritten);
    super::super::end(conn, concluded).await
}

async fn conclude_in(conn: &mut Conn, ended: &ContinuationConclusion) -> QueryResult<(bool, Option<i64>)> {
    let Some(row) = locked(conn, Uid(ended.id.0)).await? else {
        return Ok((false, None));
    };
    if row.token != ended.token || !row.state().is_open() {
        return Ok((false, None));
    }
    let log = apply(conn, &row, &ended.step, Instant::of(ended.now)).await?;
    Ok((true, ingest::append(conn, log).await?))
}

/// Ends one by somebody's word. Returns it, whether that changed anything, and the last cursor of the log.
pub(in super::super) async fn end(
    conn: &mut Conn,
    organization: &str,
    id: ContinuationId,
    step: &ContinuationStep,
    now: Instant,
) -> QueryResult<Option<(Continuation, bool, Option<i64>)>> {
    super::super::begin(conn).await?;
    let ended = end_in(conn, organization, id, step, now).await;
    super::super::end(conn, ended).await
}

async fn end_in(
    conn: &mut Conn,
    organization: &str,
    id: ContinuationId,
    step: &ContinuationStep,
    now: Instant,
) -> QueryResult<Option<(Continuation, bool, Option<i64>)>> {
    let Some(row) = locked(conn, Uid(id.0)).await?.filter(|row| row.organization_id == organization) else {
        return Ok(None);
    };
    let closes = matches!(step, ContinuationStep::Ended { state: ContinuationState::Closed, .. });
    let may = row.state().is_open() || closes && row.state() == ContinuationState::Escalated;
    if !may {
        return Ok(Some((row.into_continuation(), false, None)));
    }
    let log = apply(conn, &row, step, now).await?;
    invalidate(conn, row.id).await?;
    let cursor = ingest::append(conn, log).await?;
    let row = by_id(conn, row.id).await?.ok_or(diesel::result::Error::NotFound)?;
    Ok(Some((row.into_continuation(), true, cursor)))
}

/// Whoever works at it at this moment has lost it.
async fn invalidate(conn: &mut Conn, id: Uid) -> QueryResult<usize> {
    sql_query(format!("UPDATE {} SET token = token + 1, lease_until = NULL WHERE id = $1", table("continuations")))
        .bind::<UidSql, _>(id)
        .execute(conn)
        .await
}

async fn apply(conn: &mut Conn, row: &Row, step: &ContinuationStep, now: Instant) -> QueryResult<Log> {
    match step {
        ContinuationStep::GivenBack => {
            let back = "attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, lease_until = NULL";
            set(conn, row.id, back, now).await.map(|_| Log::new())
        }
        ContinuationStep::Later { due_at, problem } => {
            later(conn, row, Instant::of(*due_at), problem.as_ref(), now).await.map(|()| Log::new())
        }
        ContinuationStep::Facts(report) => facts(conn, row.id, report, now).await.map(|_| Log::new()),
        ContinuationStep::Decided { account, message, content } => {
            decided(conn, row, account, *message, content, now).await.map(|()| Log::new())
        }
        ContinuationStep::Opened(conversation) => opened(conn, row, Uid(conversation.0), now).await,
        ContinuationStep::Answered(answer) => answered(conn, row, answer, now).await.map(|()| Log::new()),
        ContinuationStep::Said => said(conn, row, now).await.map(|()| Log::new()),
        ContinuationStep::Ended { state, reason, problem, note } => {
            let ending = Ending { state: *state, reason, problem: problem.as_ref(), note: note.as_ref() };
            ended(conn, row, &ending, now).await
        }
    }
}

async fn set(conn: &mut Conn, id: Uid, what: &str, now: Instant) -> QueryResult<usize> {
    sql_query(format!("UPDATE {} SET {what}, updated_at = $1 WHERE id = $2", table("continuations")))
        .bind::<InstantSql, _>(now)
        .bind::<UidSql, _>(id)
        .execute(conn)
        .await
}

fn document(problem: Option<&Problem>) -> Option<Doc> {
    problem.map(|problem| Doc(clean_value(json!(problem))))
}

async fn later(
    conn: &mut Conn,
    row: &Row,
    due_at: Instant,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<()> {
    sql_query(format!(
        "UPDATE {} SET due_at = $1, problem = COALESCE($2, problem), lease_until = NULL, updated_at = $3 WHERE id = $4",
        table("continuations")
    ))
    .bind::<InstantSql, _>(due_at)
    .bind::<Nullable<DocSql>, _>(document(problem))
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    Ok(())
}

async fn decided(
    conn: &mut Conn,
    row: &Row,
    account: &AccountId,
    message: MessageId,
    content: &Content,
    now: Instant,
) -> QueryResult<()> {
    sql_query(format!(
        "UPDATE {} SET account_id = $1, opening = $2, opening_id = $3, updated_at = $4 WHERE id = $5",
        table("continuations")
    ))
    .bind::<Text, _>(account.as_str().to_owned())
    .bind::<DocSql, _>(Doc(clean_value(json!(content))))
    .bind::<UidSql, _>(Uid(message.0))
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    note(conn, row, 0, Uid(message.0), true, now).await
}

/// The first message is on its way: from now on the agent answers, and the older ones of the same agent here are over.
async fn opened(conn: &mut Conn, row: &Row, conversation: Uid, now: Instant) -> QueryResult<Log> {
    sql_query(format!(
        "UPDATE {} SET state = 'active', conversation_id = $1, opened_at = $2, due_at = $3, updated_at = $4, attempts = 0, \
         problem = NULL, lease_until = NULL WHERE id = $5",
        table("continuations")
    ))
    .bind::<UidSql, _>(conversation)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    supersede(conn, conversation, &row.agent_id, now).await?;
    let change = json!({"change": "continued", "continuation": row.id.0});
    Ok(in_conversation(conn, Some(conversation), change, now).await?.into_iter().collect())
}

/// Of one agent the newest alone goes on in a conversation. One that is answering ends when it has answered.
async fn supersede(conn: &mut Conn, conversation: Uid, agent: &str, now: Instant) -> QueryResult<usize> {
    let name = table("continuations");
    sql_query(format!(
        "UPDATE {name} SET state = 'closed', reason = 'superseded', ended_at = $1, updated_at = $2, token = token + 1, \
         lease_until = NULL WHERE conversation_id = $3 AND agent_id = $4 AND state = 'active' AND NOT open_turn AND number < \
         (SELECT max(n.number) FROM {name} n WHERE n.conversation_id = $5 AND n.agent_id = $6 AND n.state = 'active')"
    ))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(conversation)
    .bind::<Text, _>(agent.to_owned())
    .bind::<UidSql, _>(conversation)
    .bind::<Text, _>(agent.to_owned())
    .execute(conn)
    .await
}

async fn answered(conn: &mut Conn, row: &Row, answer: &AgentAnswer, now: Instant) -> QueryResult<()> {
    sql_query(format!(
        "UPDATE {} SET state = $1, reply = $2, answered_at = $3 WHERE continuation_id = $4 AND number = $5",
        table("agent_turns")
    ))
    .bind::<SmallInt, _>(TO_SAY)
    .bind::<DocSql, _>(Doc(clean_value(json!(answer))))
    .bind::<Nullable<InstantSql>, _>((!answer.parts.is_empty()).then_some(now))
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(row.turns)
    .execute(conn)
    .await?;
    for part in &answer.parts {
        note(conn, row, row.turns, Uid(part.message.0), true, now).await?;
    }
    set(conn, row.id, "attempts = 0", now).await.map(drop)
}

async fn said(conn: &mut Conn, row: &Row, now: Instant) -> QueryResult<()> {
    end_turn(conn, row, SAID, None, now).await?;
    sql_query(format!(
        "UPDATE {} SET open_turn = false, attempts = 0, problem = NULL, lease_until = NULL, due_at = $1, updated_at = $2 \
         WHERE id = $3",
        table("continuations")
    ))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    if let Some(conversation) = row.conversation_id {
        supersede(conn, conversation, &row.agent_id, now).await?;
    }
    Ok(())
}

async fn end_turn(
    conn: &mut Conn,
    row: &Row,
    state: i16,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<usize> {
    sql_query(format!(
        "UPDATE {} SET state = $1, problem = $2, ended_at = $3 WHERE continuation_id = $4 AND number = $5 AND state < {SAID}",
        table("agent_turns")
    ))
    .bind::<SmallInt, _>(state)
    .bind::<Nullable<DocSql>, _>(document(problem))
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .bind::<Integer, _>(row.turns)
    .execute(conn)
    .await
}

struct Ending<'a> {
    state: ContinuationState,
    reason: &'a str,
    problem: Option<&'a Problem>,
    note: Option<&'a (UserId, String)>,
}

async fn ended(conn: &mut Conn, row: &Row, ending: &Ending<'_>, now: Instant) -> QueryResult<Log> {
    if row.open_turn {
        // What was said before it ended was said.
        let state = if ending.problem.is_none() { SAID } else { GIVEN_UP };
        end_turn(conn, row, state, ending.problem, now).await?;
    }
    sql_query(format!(
        "UPDATE {} SET state = $1, reason = $2, problem = COALESCE($3, problem), ended_at = $4, updated_at = $5, \
         open_turn = false, lease_until = NULL WHERE id = $6",
        table("continuations")
    ))
    .bind::<Text, _>(ending.state.as_str())
    .bind::<Text, _>(clean(ending.reason))
    .bind::<Nullable<DocSql>, _>(document(ending.problem))
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    let escalated = ending.state == ContinuationState::Escalated;
    if let (true, Some(conversation)) = (escalated, row.conversation_id) {
        raise(conn, row, conversation, ending.note, now).await?;
    }
    let word = if escalated { "escalated" } else { "continuation_ended" };
    let change = json!({"change": word, "continuation": row.id.0, "state": OPEN, "reason": ending.reason});
    let change = if escalated { change } else { without_state(change) };
    Ok(in_conversation(conn, row.conversation_id, change, now).await?.into_iter().collect())
}

/// Only an escalation changes the state of the conversation.
fn without_state(mut change: Value) -> Value {
    if let Some(fields) = change.as_object_mut() {
        fields.remove("state");
    }
    change
}

/// The conversation is open for those who take over, whoever it is assigned to, with a note of why.
async fn raise(
    conn: &mut Conn,
    row: &Row,
    conversation: Uid,
    note: Option<&(UserId, String)>,
    now: Instant,
) -> QueryResult<()> {
    let by = note.map(|(user, _)| user.as_str());
    diesel::update(conversations::table.find(conversation))
        .set((
            conversations::status.eq(OPEN),
            conversations::snoozed_until.eq(None::<Instant>),
            conversations::closed_at.eq(None::<Instant>),
            conversations::decided_at.eq(now),
            conversations::decided_by.eq(by),
            conversations::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let Some((user, body)) = note else {
        return Ok(());
    };
    let id = derived_id("continuation-note", &[&row.id.0.to_string(), &row.token.to_string()]);
    let rows = [NoteRow {
        id: Uid(id),
        organization_id: row.organization_id.clone(),
        conversation_id: conversation,
        user_id: user.as_str().to_owned(),
        body: clean(body),
        created_at: now,
    }];
    insert_ignore!(conn, conversation_notes::table, rows, conversation_notes::id);
    Ok(())
}

/// The log's row for a change in a conversation; none where there is no conversation.
async fn in_conversation(
    conn: &mut Conn,
    conversation: Option<Uid>,
    change: Value,
    now: Instant,
) -> QueryResult<Option<EventRow>> {
    let Some(conversation) = conversation else {
        return Ok(None);
    };
    let which: Option<Told> = conversations::table.find(conversation).select(TOLD).first(conn).await.optional()?;
    Ok(which.map(|which| told(which, change, now)))
}

/// Gives an escalated one back to its agent. Returns it, whether that changed anything, and the last cursor of the log.
pub(in super::super) async fn resume(
    conn: &mut Conn,
    organization: &str,
    id: ContinuationId,
    now: Instant,
) -> QueryResult<Option<(Continuation, bool, Option<i64>)>> {
    super::super::begin(conn).await?;
    let resumed = resume_in(conn, organization, id, now).await;
    super::super::end(conn, resumed).await
}

async fn resume_in(
    conn: &mut Conn,
    organization: &str,
    id: ContinuationId,
    now: Instant,
) -> QueryResult<Option<(Continuation, bool, Option<i64>)>> {
    let Some(row) = locked(conn, Uid(id.0)).await?.filter(|row| row.organization_id == organization) else {
        return Ok(None);
    };
    if row.state() != ContinuationState::Escalated {
        return Ok(Some((row.into_continuation(), false, None)));
    }
    let state = if row.opened_at.is_some() { ContinuationState::Active } else { ContinuationState::Pending };
    sql_query(format!(
        "UPDATE {} SET state = $1, reason = NULL, problem = NULL, ended_at = NULL, listens_since = $2, due_at = $3, \
         updated_at = $4, attempts = 0, token = token + 1, lease_until = NULL WHERE id = $5",
        table("continuations")
    ))
    .bind::<Text, _>(state.as_str())
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .bind::<UidSql, _>(row.id)
    .execute(conn)
    .await?;
    let change = json!({"change": "continued", "continuation": row.id.0});
    let log: Vec<EventRow> = in_conversation(conn, row.conversation_id, change, now).await?.into_iter().collect();
    let cursor = ingest::append(conn, log).await?;
    let row = by_id(conn, row.id).await?.ok_or(diesel::result::Error::NotFound)?;
    Ok(Some((row.into_continuation(), true, cursor)))
}

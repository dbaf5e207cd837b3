//! What becomes of attempts: concluded by whoever holds the claim, settled without one, or cut off.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, comunicaciones, ingest,
    merge::{self, Merge},
    queue::{AT_LEAST_ONCE, SENDING, UNKNOWN, WAITING},
    rows::{EventRow, StatusEventRow},
    schema::{messages, outbox},
    status,
};
use crate::{
    Address, AddressKind, ChannelKind, ErrorKind, MessageId, Probe, Problem, Status,
    history::{
        ClaimToken, UnknownJob,
        sql_types::{Doc, Instant, Uid},
    },
};

/// What settling needs of a message.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct SentMessage {
    pub id: Uid,
    pub organization_id: String,
    pub account_id: Option<String>,
    pub conversation_id: Option<Uid>,
    pub counterpart: String,
    pub channel: String,
    pub status: i16,
}

impl SentMessage {
    pub(super) fn is_mail(&self) -> bool {
        self.channel == ChannelKind::Email.as_str()
    }

    pub(super) fn log_row(&self, status: Status, now: Instant) -> EventRow {
        EventRow {
            organization_id: self.organization_id.clone(),
            kind: "status".to_owned(),
            account_id: self.account_id.clone(),
            message_id: Some(self.id),
            conversation_id: self.conversation_id,
            payload: Doc(serde_json::json!({"status": status})),
            created_at: now,
        }
    }

    /// A step of ours. What can happen more than once in a message's story is told apart by its claim.
    pub(super) fn step(&self, state: Status, token: i32, problem: Option<&Problem>, now: Instant) -> StatusEventRow {
        let account = self.account_id.as_deref().unwrap_or_default();
        let step = status::own_event(self.id, &self.organization_id, account, state, problem, now);
        let first = if state == Status::Queued { 0 } else { ClaimToken::FIRST.0 };
        if token > first { status::own_event_of_turn(step, token) } else { step }
    }
}

/// Messages of ours, locked in their order. One that another program wrote is none.
pub(super) async fn sent_messages(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<HashMap<Uid, SentMessage>> {
    let found: Vec<SentMessage> = locked!(
        messages::table
            .filter(messages::id.eq_any(ids))
            .filter(messages::account_id.is_not_null())
            .order(messages::id)
            .select(SentMessage::as_select())
    )
    .load(conn)
    .await?;
    Ok(found.into_iter().map(|message| (message.id, message)).collect())
}

/// The message, locked: whoever has its row and then waits for the log's lock waits for nobody who waits for the row.
pub(super) async fn sent_message(conn: &mut Conn, id: Uid) -> QueryResult<Option<SentMessage>> {
    locked!(messages::table.find(id).filter(messages::account_id.is_not_null()).select(SentMessage::as_select()))
        .first(conn)
        .await
        .optional()
}

/// The claim on a message: its token and state.
async fn claim_on(conn: &mut Conn, id: Uid) -> QueryResult<Option<(i32, i16)>> {
    locked!(outbox::table.find(id).select((outbox::token, outbox::state))).first(conn).await.optional()
}

/// Certainly not sent: it waits again. The one step of a state backwards, taken by who holds the claim; what a provider has
/// told of the message meanwhile stands, and it leaves the queue. Returns what the log is told.
pub(super) async fn put_back(
    conn: &mut Conn,
    message: &SentMessage,
    token: i32,
    due_at: Instant,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<Option<EventRow>> {
    if ![Status::Sending.rank(), Status::Unknown.rank()].contains(&message.status) {
        diesel::delete(outbox::table.find(message.id)).execute(conn).await?;
        return Ok(None);
    }
    let row: Option<i32> = diesel::update(messages::table.find(message.id))
        .set((
            messages::status.eq(Status::Queued.rank()),
            messages::problem.eq(problem.map(status::problem_doc)),
            messages::updated_at.eq(now),
        ))
        .returning(messages::comunicacion_id)
        .get_result(conn)
        .await?;
    let moved = row.map(|row| (Status::Queued.rank(), row));
    comunicaciones::move_states(conn, moved.into_iter().collect()).await?;
    let (attempted_at, hold_ms, expires_at): (Option<Instant>, i64, Option<Instant>) = outbox::table
        .find(message.id)
        .select((outbox::attempted_at, outbox::hold_ms, outbox::expires_at))
        .first(conn)
        .await?;
    let hold = Instant::of(attempted_at.unwrap_or(now).0 + time::Duration::milliseconds(hold_ms));
    // Where an operator must mend something nobody of the account goes meanwhile, hence nobody before this one after it.
    let mended = problem.is_some_and(|it| matches!(it.kind, ErrorKind::Config | ErrorKind::Unauthenticated));
    let holds_until = if mended { expires_at } else { Some(hold) };
    diesel::update(outbox::table.find(message.id))
        .set((
            outbox::state.eq(WAITING),
            outbox::due_at.eq(due_at),
            outbox::lease_until.eq(due_at),
            outbox::unknown_since.eq(None::<Instant>),
            // From here on those behind it wait, even if it was the first to go.
            outbox::holds_until.eq(holds_until),
        ))
        .execute(conn)
        .await?;
    status::write_own(conn, vec![message.step(Status::Queued, token, problem, now)]).await?;
    Ok(Some(message.log_row(Status::Queued, now)))
}

/// Perhaps sent: it is looked for at the provider, and nobody waits for it. Returns what the log is told.
pub(super) async fn look_later(
    conn: &mut Conn,
    message: &SentMessage,
    token: i32,
    state: i16,
    due_at: Instant,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<Option<EventRow>> {
    let again = diesel::update(outbox::table.find(message.id)).set((
        outbox::state.eq(UNKNOWN),
        outbox::due_at.eq(due_at),
        outbox::lease_until.eq(due_at),
    ));
    again.execute(conn).await?;
    if state == UNKNOWN {
        return Ok(None);
    }
    diesel::update(outbox::table.find(message.id)).set(outbox::unknown_since.eq(now)).execute(conn).await?;
    let step = message.step(Status::Unknown, token, problem, now);
    tell(conn, message, step, Status::Unknown, problem, now).await?;
    Ok(Some(message.log_row(Status::Unknown, now)))
}

/// Settles attempts that were cut off: those whose lease ended, or all. What may be sent twice waits again, the rest is
/// looked for. Returns them, and the last cursor of the log.
pub(in super::super) async fn release_stale(
    conn: &mut Conn,
    now: Instant,
    everything: bool,
) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    super::super::begin(conn).await?;
    let released = release_in(conn, now, everything).await;
    if released.as_ref().is_ok_and(|(cut_off, _)| !cut_off.is_empty()) {
        crate::failpoint!(StaleWritten);
    }
    super::super::end(conn, released).await
}

async fn release_in(conn: &mut Conn, now: Instant, everything: bool) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    let mut stale = outbox::table
        .filter(outbox::state.eq(SENDING))
        .select((outbox::message_id, outbox::token, outbox::mode, outbox::attempts))
        .order(outbox::message_id)
        .into_boxed();
    if !everything {
        stale = stale.filter(outbox::lease_until.lt(now));
    }
    let stale: Vec<(Uid, i32, i16, i32)> = stale.load(conn).await?;
    let problem = Problem {
        code: "interrupted".to_owned(),
        message: "the attempt was cut off; whether the provider took the message is not known".to_owned(),
        kind: ErrorKind::Transport,
    };
    let mut released = Vec::new();
    let mut log = Vec::new();
    for (id, token, mode, _) in stale {
        let Some(message) = sent_message(conn, id).await? else {
            continue;
        };
        if claim_on(conn, id).await? != Some((token, SENDING)) {
            // Concluded, or claimed again, since it was looked for.
            continue;
        }
        let told = if mode == AT_LEAST_ONCE {
            put_back(conn, &message, token, now, Some(&problem), now).await?
        } else if message.status > Status::Unknown.rank() {
            diesel::delete(outbox::table.find(id)).execute(conn).await?;
            None
        } else {
            look_later(conn, &message, token, SENDING, now, Some(&problem), now).await?
        };
        log.extend(told);
        released.push(MessageId(id.0));
    }
    // Last of all: who holds the lock of the log waits for no message.
    Ok((released, ingest::append(conn, log).await?))
}

/// A message of unknown outcome as it is read: id, account, counterpart, its kind, provider's id, state.
type Sought = (Uid, Option<String>, String, String, Option<String>, i16);

/// Claims messages of unknown outcome that are to be looked for now, until `until`.
pub(in super::super) async fn claim_unknown(
    conn: &mut Conn,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<Vec<UnknownJob>> {
    super::super::begin(conn).await?;
    let claimed = claim_unknown_in(conn, now, until, limit).await;
    if claimed.as_ref().is_ok_and(|jobs| !jobs.is_empty()) {
        crate::failpoint!(LookWritten);
    }
    super::super::end(conn, claimed).await
}

/// A message that is due to be looked for: id, claim, first attempt, since when it is unknown, deadline.
type Due = (Uid, i32, Option<Instant>, Option<Instant>, Option<Instant>);

async fn claim_unknown_in(conn: &mut Conn, now: Instant, until: Instant, limit: u16) -> QueryResult<Vec<UnknownJob>> {
    let due: Vec<Due> = skip_locked!(
        outbox::table
            .filter(outbox::state.eq(UNKNOWN))
            .filter(outbox::due_at.le(now))
            .order((outbox::due_at, outbox::message_id))
            .limit(i64::from(limit))
            .select((
                outbox::message_id,
                outbox::token,
                outbox::attempted_at,
                outbox::unknown_since,
                outbox::expires_at,
            ))
    )
    .load(conn)
    .await?;
    let ids: Vec<Uid> = due.iter().map(|row| row.0).collect();
    let sought = sought(conn, ids).await?;
    let mut jobs = Vec::new();
    for (id, token, attempted_at, since, expires_at) in due {
        let found = sought.iter().find(|message| message.0 == id);
        let Some((_, Some(account), counterpart, kind, provider_id, state)) = found else {
            continue;
        };
        if *state > Status::Unknown.rank() {
            // The provider told of it meanwhile.
            diesel::delete(outbox::table.find(id)).execute(conn).await?;
            continue;
        }
        diesel::update(outbox::table.find(id))
            // The claim stays that of the attempt: its own late answer is still the best word on it.
            .set((outbox::due_at.eq(until), outbox::lease_until.eq(until)))
            .execute(conn)
            .await?;
        let kind = serde_json::from_value(kind.as_str().into()).unwrap_or(AddressKind::Other);
        jobs.push(UnknownJob {
            probe: Probe {
                id: MessageId(id.0),
                provider_id: provider_id.clone(),
                to: Address::verbatim(kind, counterpart.clone()),
                attempted_at: attempted_at.unwrap_or(now).0,
            },
            token: ClaimToken(token),
            account: account.clone().into(),
            since: since.unwrap_or(now).0,
            expires_at: expires_at.map(|at| at.0),
        });
    }
    Ok(jobs)
}

async fn sought(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<Vec<Sought>> {
    messages::table
        .filter(messages::id.eq_any(ids))
        .select((
            messages::id,
            messages::account_id,
            messages::counterpart,
            messages::counterpart_kind,
            messages::provider_id,
            messages::status,
        ))
        .load(conn)
        .await
}

/// The message leaves the queue in this state.
pub(super) async fn finish(
    conn: &mut Conn,
    message: &SentMessage,
    state: Status,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<()> {
    let step = message.step(state, ClaimToken::FIRST.0, problem, now);
    tell(conn, message, step, state, problem, now).await?;
    diesel::delete(outbox::table.find(message.id)).execute(conn).await?;
    Ok(())
}

/// The step is told, and the state moves on.
async fn tell(
    conn: &mut Conn,
    message: &SentMessage,
    step: StatusEventRow,
    state: Status,
    problem: Option<&Problem>,
    now: Instant,
) -> QueryResult<()> {
    status::write_own(conn, vec![step]).await?;
    let merge = Merge {
        message: message.id,
        rank: Some(state.rank()),
        problem: problem.map(status::problem_doc),
        provider_id: None,
        duration: None,
        answered_by: None,
    };
    merge::write(conn, vec![merge], now).await.map(drop)
}

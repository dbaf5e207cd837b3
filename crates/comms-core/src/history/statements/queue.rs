//! The queue of messages to be sent: who enters, who goes next, who leaves without having been sent.

use std::collections::HashMap;

use diesel::{
    dsl::{exists, not},
    prelude::*,
};

use super::{
    Conn, RunQueryDsl, comunicaciones, ingest,
    rows::{EventRow, OutboxRow},
    schema::{messages, outbox},
    settle::{self, SentMessage},
    status,
};
use crate::{
    Address, AddressKind, ChannelKind, ErrorKind, Links, MessageId, Outbound, Problem, Status,
    history::{
        ClaimToken, Delivery, DeliveryMode, NewOutbound, OutboxJob,
        sql_types::{Doc, Instant, Uid},
    },
};

/// Waits for its time and its turn.
pub(super) const WAITING: i16 = 0;
/// An attempt is under way.
pub(super) const SENDING: i16 = 1;
/// Is looked for at the provider.
pub(super) const UNKNOWN: i16 = 2;

const AT_MOST_ONCE: i16 = 0;
pub(super) const AT_LEAST_ONCE: i16 = 1;

/// How many are put out of the queue at once.
const EXPIRED_AT_ONCE: i64 = 500;

/// How a message begins: it is sent at once, waits for its time, or waits for those before it in its conversation.
pub(super) async fn start(
    conn: &mut Conn,
    new: &NewOutbound,
    conversation: Uid,
    now: Instant,
) -> QueryResult<Status> {
    if new.queue.scheduled_for.is_some_and(|at| at > now.0) {
        return Ok(Status::Scheduled);
    }
    if new.queue.expires_at.is_none() {
        return Ok(Status::Sending);
    }
    let before: i64 = outbox::table
        .filter(outbox::conversation_id.eq(conversation))
        .filter(outbox::state.ne(UNKNOWN))
        .filter(outbox::ordered_at.le(now))
        .filter(outbox::holds_until.gt(now))
        .count()
        .get_result(conn)
        .await?;
    Ok(if before == 0 { Status::Sending } else { Status::Queued })
}

/// Enters the queue; the claim is the caller's where the message is sent at once.
pub(super) async fn enter(
    conn: &mut Conn,
    new: &NewOutbound,
    start: Status,
    conversation: Uid,
    now: Instant,
) -> QueryResult<()> {
    let claimed = start == Status::Sending;
    let due_at = new.queue.scheduled_for.map_or(now, |at| Instant::of(at.max(now.0)));
    let expires_at = new.queue.expires_at.map(Instant::of);
    diesel::insert_into(outbox::table)
        .values(OutboxRow {
            message_id: Uid(new.message.id.0),
            organization_id: new.organization.as_str(),
            account_id: new.account.as_str(),
            due_at,
            attempts: i32::from(claimed),
            lease_until: if claimed { Instant::of(new.now + new.lease) } else { due_at },
            state: if claimed { SENDING } else { WAITING },
            token: if claimed { ClaimToken::FIRST.0 } else { 0 },
            mode: match new.queue.mode {
                DeliveryMode::AtMostOnce => AT_MOST_ONCE,
                DeliveryMode::AtLeastOnce => AT_LEAST_ONCE,
            },
            conversation_id: Some(conversation),
            ordered_at: due_at,
            // Nobody waits for an attempt that is answered at once; for who waits themselves everybody behind does.
            holds_until: if claimed { None } else { expires_at },
            hold_ms: i64::try_from(new.queue.hold.whole_milliseconds()).unwrap_or(i64::MAX),
            expires_at,
            attempted_at: claimed.then_some(now),
        })
        .execute(conn)
        .await?;
    Ok(())
}

/// A message is tried again as another one: it is neither shown as lost any more nor sent itself.
pub(super) async fn replace(conn: &mut Conn, original: Uid, now: Instant) -> QueryResult<()> {
    diesel::update(messages::table.find(original)).set(messages::discarded_at.eq(now)).execute(conn).await?;
    diesel::delete(outbox::table.find(original).filter(outbox::state.ne(SENDING))).execute(conn).await?;
    Ok(())
}

/// A message in the queue, with what sending it needs.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct Waiting {
    id: Uid,
    organization_id: String,
    account_id: Option<String>,
    conversation_id: Option<Uid>,
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    user_id: Option<String>,
    channel: String,
    counterpart: String,
    counterpart_kind: String,
    content: Option<Doc>,
    reply_to: Option<String>,
    status: i16,
    comunicacion_id: Option<i32>,
}

/// How a message stands in the queue: its token, attempts, mode, deadline, hold, first attempt.
type Place = (i32, i32, i16, Option<Instant>, i64, Option<Instant>);

/// Claims what is due until `until`, each conversation in its order. What another process is claiming is left to it.
/// Returns the last cursor of the log as well.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<(Vec<OutboxJob>, Option<i64>)> {
    super::super::begin(conn).await?;
    let claimed = claim_in(conn, now, until, limit).await;
    super::super::end(conn, claimed).await
}

async fn claim_in(
    conn: &mut Conn,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<(Vec<OutboxJob>, Option<i64>)> {
    let before = diesel::alias!(outbox as before);
    let place = |column| before.field(column);
    let waits_for = before
        .filter(before.field(outbox::conversation_id).eq(outbox::conversation_id))
        .filter(before.field(outbox::state).ne(UNKNOWN))
        .filter(before.field(outbox::holds_until).gt(now))
        .filter(
            place(outbox::ordered_at).lt(outbox::ordered_at).or(place(outbox::ordered_at)
                .eq(outbox::ordered_at)
                .and(before.field(outbox::message_id).lt(outbox::message_id))),
        );
    let due: Vec<Uid> = skip_locked!(
        outbox::table
            .filter(outbox::state.eq(WAITING))
            .filter(outbox::due_at.le(now))
            .filter(not(exists(waits_for)))
            .order((outbox::due_at, outbox::message_id))
            .limit(i64::from(limit))
            .select(outbox::message_id)
    )
    .load(conn)
    .await?;
    let (mut jobs, mut moved, mut steps, mut log) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for message in unlocked(conn, &due).await? {
        if message.status > Status::Sending.rank() {
            // The provider told of it meanwhile: there is nothing to be sent.
            diesel::delete(outbox::table.find(message.id)).execute(conn).await?;
            continue;
        }
        let (token, attempts, ..) = take(conn, message.id, now, until).await?;
        moved.extend(message.comunicacion_id.map(|row| (Status::Sending.rank(), row)));
        steps.push(message.step(Status::Sending, token, now));
        log.push(message.log_row(Status::Sending, now));
        jobs.extend(job(conn, message, token, attempts).await?);
    }
    let ids: Vec<Uid> = jobs.iter().map(|job| Uid(job.message.id.0)).collect();
    diesel::update(messages::table.filter(messages::id.eq_any(ids)))
        .set((messages::status.eq(Status::Sending.rank()), messages::updated_at.eq(now)))
        .execute(conn)
        .await?;
    comunicaciones::move_states(conn, moved).await?;
    status::write_own(conn, steps).await?;
    let cursor = ingest::append(conn, log).await?;
    Ok((jobs, cursor))
}

/// The messages of these ids, locked; those that somebody else has at this moment have their turn later.
async fn unlocked(conn: &mut Conn, ids: &[Uid]) -> QueryResult<Vec<Waiting>> {
    skip_locked!(
        messages::table.filter(messages::id.eq_any(ids.to_vec())).order(messages::id).select(Waiting::as_select())
    )
    .load(conn)
    .await
}

//! The queue of messages to be sent: who enters, who goes next, who leaves without having been sent.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, ingest,
    rows::{DiscardRow, OutboxRow},
    schema::{discards, messages, outbox},
    settle::{self, SentMessage},
};
use crate::{
    Address, AddressKind, ChannelKind, ErrorKind, Links, MessageId, Outbound, Problem, Status,
    history::{
        ClaimToken, Delivery, DeliveryMode, NewOutbound, OutboxJob, Standing, Turn,
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
pub(super) async fn start(conn: &mut Conn, new: &NewOutbound, conversation: Uid, now: Instant) -> QueryResult<Status> {
    if new.queue.scheduled_for.is_some_and(|at| at > now.0) {
        return Ok(Status::Scheduled);
    }
    if new.queue.expires_at.is_none() {
        return Ok(Status::Sending);
    }
    if new.queue.held_until.is_some() {
        return Ok(Status::Queued);
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
    let ordered_at = new.queue.scheduled_for.map_or(now, |at| Instant::of(at.max(now.0)));
    let held_until = new.queue.held_until.filter(|_| new.queue.expires_at.is_some());
    let due_at = held_until.map_or(ordered_at, |at| Instant::of(at.max(ordered_at.0)));
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
            ordered_at,
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
pub(super) async fn replace(conn: &mut Conn, organization: &str, original: Uid, now: Instant) -> QueryResult<()> {
    discard(conn, organization, original, now).await?;
    diesel::delete(outbox::table.find(original).filter(outbox::state.ne(SENDING))).execute(conn).await?;
    Ok(())
}

/// How a message stands in the queue.
#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct Place {
    pub message_id: Uid,
    pub account_id: String,
    pub conversation_id: Option<Uid>,
    pub due_at: Instant,
    attempts: i32,
    token: i32,
    mode: i16,
    pub hold_ms: i64,
    expires_at: Option<Instant>,
    pub attempted_at: Option<Instant>,
}

/// Puts messages out of the queue.
pub(super) async fn leave(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    diesel::delete(outbox::table.filter(outbox::message_id.eq_any(ids))).execute(conn).await.map(drop)
}

/// A message in the queue, with what sending it needs.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct Waiting {
    #[diesel(embed)]
    pub sent: SentMessage,
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    user_id: Option<String>,
    counterpart_kind: String,
    content: Option<Doc>,
    reply_to: Option<String>,
    problem: Option<Doc>,
    pub comunicacion_id: Option<i32>,
}

impl Waiting {
    /// What is to be done; `None` where the message cannot be read any more.
    pub(super) fn job(&self, place: &Place, turn: Turn) -> Option<OutboxJob> {
        let kind: AddressKind = serde_json::from_value(self.counterpart_kind.as_str().into()).ok()?;
        let channel: ChannelKind = serde_json::from_value(self.sent.channel.as_str().into()).ok()?;
        Some(OutboxJob {
            message: Outbound {
                id: MessageId(self.sent.id.0),
                to: Address::verbatim(kind, self.sent.counterpart.clone()),
                content: serde_json::from_value(self.content.clone()?.0).ok()?,
                reply_to: self.reply_to.clone(),
            },
            token: ClaimToken(place.token + 1),
            attempts: u32::try_from(place.attempts + 1).unwrap_or_default(),
            organization: self.sent.organization_id.clone().into(),
            account: self.sent.account_id.clone()?.into(),
            channel,
            user: self.user_id.clone().map(Into::into),
            links: Links {
                lead: self.lead_id.clone().map(Into::into),
                client: self.client_id.clone().map(Into::into),
                contract: self.contract_id.clone().map(Into::into),
            },
            mode: mode(place.mode),
            expires_at: place.expires_at.map(|at| at.0),
            turn,
            standing: Standing::default(),
        })
    }
}

/// The messages of these ids, locked; those that somebody else has at this moment have their turn later.
pub(super) async fn unlocked(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<Vec<Waiting>> {
    skip_locked!(
        messages::table
            .filter(messages::id.eq_any(ids))
            .filter(messages::account_id.is_not_null())
            .order(messages::id)
            .select(Waiting::as_select())
    )
    .load(conn)
    .await
}

/// Puts those out of the queue whose deadline has passed. Returns them, and the last cursor of the log.
pub(in super::super) async fn expire(conn: &mut Conn, now: Instant) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    // Nearly always there are none, and one look without a transaction tells.
    let late = outbox::table.filter(outbox::state.eq(WAITING)).filter(outbox::expires_at.le(now));
    let any: Option<Uid> = late.select(outbox::message_id).first(conn).await.optional()?;
    if any.is_none() {
        return Ok((Vec::new(), None));
    }
    super::super::begin(conn).await?;
    let expired = expire_in(conn, now).await;
    if expired.as_ref().is_ok_and(|(expired, _)| !expired.is_empty()) {
        crate::failpoint!(ExpireWritten);
    }
    super::super::end(conn, expired).await
}

async fn expire_in(conn: &mut Conn, now: Instant) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    let over: Vec<Uid> = skip_locked!(
        outbox::table
            .filter(outbox::state.eq(WAITING))
            .filter(outbox::expires_at.le(now))
            .order(outbox::message_id)
            .limit(EXPIRED_AT_ONCE)
            .select(outbox::message_id)
    )
    .load(conn)
    .await?;
    let (mut expired, mut log) = (Vec::new(), Vec::new());
    for message in unlocked(conn, over).await? {
        let told = message.sent.status > Status::Sending.rank();
        settle::finish(conn, &message.sent, Status::Expired, Some(&late(message.problem)), now).await?;
        if !told {
            log.push(message.sent.log_row(Status::Expired, now));
            expired.push(MessageId(message.sent.id.0));
        }
    }
    let cursor = ingest::append(conn, log).await?;
    Ok((expired, cursor))
}

/// Why a message was not sent by its deadline: what the last attempt met, where there was one.
fn late(last: Option<Doc>) -> Problem {
    let last: Option<Problem> = last.and_then(|doc| serde_json::from_value(doc.0).ok());
    let what = "not sent by its deadline";
    match last {
        Some(last) => Problem { message: format!("{what}; the last attempt: {}", last.message), ..last },
        None => Problem { code: "expired".to_owned(), message: what.to_owned(), kind: ErrorKind::Transport },
    }
}

pub(super) fn unreadable() -> Problem {
    Problem {
        code: "unreadable".to_owned(),
        message: "what was stored of the message cannot be read by this version".to_owned(),
        kind: ErrorKind::Config,
    }
}

/// Withdraws a message that waits. Returns the state that it is in after, and the last cursor of the log.
pub(in super::super) async fn cancel(
    conn: &mut Conn,
    id: MessageId,
    now: Instant,
) -> QueryResult<(Option<Status>, Option<i64>)> {
    super::super::begin(conn).await?;
    let canceled = cancel_in(conn, Uid(id.0), now).await;
    if canceled.as_ref().is_ok_and(|(_, cursor)| cursor.is_some()) {
        crate::failpoint!(CancelWritten);
    }
    super::super::end(conn, canceled).await
}

pub(super) async fn cancel_in(conn: &mut Conn, id: Uid, now: Instant) -> QueryResult<(Option<Status>, Option<i64>)> {
    let Some(message) = settle::sent_message(conn, id).await? else {
        return Ok((None, None));
    };
    let waits: Option<i16> = locked!(outbox::table.find(id).select(outbox::state)).first(conn).await.optional()?;
    if waits != Some(WAITING) || message.status > Status::Queued.rank() {
        return Ok((Status::from_rank(message.status), None));
    }
    settle::finish(conn, &message, Status::Canceled, None, now).await?;
    let cursor = ingest::append(conn, vec![message.log_row(Status::Canceled, now)]).await?;
    Ok((Some(Status::Canceled), cursor))
}

/// States in which a message did not arrive as far as we know.
pub(super) const LOST: [Status; 3] = [Status::Unknown, Status::Expired, Status::Failed];

/// Takes a message that did not arrive off the list of those. Returns how many were.
pub(in super::super) async fn discard_lost(
    conn: &mut Conn,
    organization: &str,
    id: MessageId,
    now: Instant,
) -> QueryResult<usize> {
    let lost: i64 = messages::table
        .find(Uid(id.0))
        .filter(messages::status.eq_any(LOST.map(Status::rank)))
        .count()
        .get_result(conn)
        .await?;
    if lost == 0 { Ok(0) } else { discard(conn, organization, Uid(id.0), now).await }
}

async fn discard(conn: &mut Conn, organization_id: &str, message_id: Uid, now: Instant) -> QueryResult<usize> {
    let rows = vec![DiscardRow { message_id, organization_id, discarded_at: now }];
    let new: Vec<Uid> = insert_new!(conn, discards::table, rows, discards::message_id, discards::message_id);
    Ok(new.len())
}

/// How these messages stand in the queue, where they wait in it.
pub(super) async fn deliveries(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<HashMap<Uid, Delivery>> {
    let places: Vec<Place> = outbox::table
        .filter(outbox::message_id.eq_any(ids))
        .filter(outbox::state.eq(WAITING))
        .select(Place::as_select())
        .load(conn)
        .await?;
    let delivery = |place: &Place| Delivery {
        due_at: place.due_at.0,
        expires_at: place.expires_at.map(|at| at.0),
        attempts: u32::try_from(place.attempts).unwrap_or_default(),
        mode: mode(place.mode),
    };
    Ok(places.iter().map(|place| (place.message_id, delivery(place))).collect())
}

fn mode(stored: i16) -> DeliveryMode {
    if stored == AT_LEAST_ONCE { DeliveryMode::AtLeastOnce } else { DeliveryMode::AtMostOnce }
}

/// What waits and what is under way.
#[derive(Default)]
pub(in super::super) struct Depth {
    pub sending: i64,
    pub unknown: i64,
    pub queued: i64,
    pub scheduled: i64,
    pub oldest_due_at: Option<Instant>,
}

pub(in super::super) async fn depth(conn: &mut Conn, now: Instant) -> QueryResult<Depth> {
    let by_state: Vec<(i16, i64)> =
        outbox::table.group_by(outbox::state).select((outbox::state, diesel::dsl::count_star())).load(conn).await?;
    let of = |state| by_state.iter().find(|row| row.0 == state).map_or(0, |row| row.1);
    let scheduled: i64 = outbox::table
        .filter(outbox::state.eq(WAITING))
        .filter(outbox::ordered_at.gt(now))
        .count()
        .get_result(conn)
        .await?;
    let oldest: Option<Instant> = outbox::table
        .filter(outbox::state.eq(WAITING))
        .filter(outbox::due_at.le(now))
        .order(outbox::due_at)
        .select(outbox::due_at)
        .first(conn)
        .await
        .optional()?;
    Ok(Depth {
        sending: of(SENDING),
        unknown: of(UNKNOWN),
        queued: of(WAITING) - scheduled,
        scheduled,
        oldest_due_at: oldest,
    })
}

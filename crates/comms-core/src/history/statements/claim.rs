//! Claims: what is due is taken in the order of its conversations and in the pace of its accounts, as many at once as there is room for,
//! with what the rules before a send look at. However many they are, the statements are the same few.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use time::OffsetDateTime;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    fixed::{Column, Fixed, Given, row},
    ingest,
    lanes::{self, Lane},
    pacing::named,
    queue::{self, Place, SENDING, UNKNOWN, WAITING, Waiting},
    recipients,
    schema::{messages, outbox},
    settle, status,
};
use crate::{
    Status,
    history::{
        Claiming, OutboxJob, Turn,
        sql_types::{Instant, Uid},
    },
};

/// Claims what is due, each conversation in its order and each account in its pace. What another process is claiming is left to
/// it. Returns the last cursor of the log as well.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    claiming: &Claiming,
    clock: OffsetDateTime,
) -> QueryResult<(Vec<OutboxJob>, Option<i64>)> {
    super::super::begin(conn).await?;
    let claimed = claim_in(conn, claiming, clock).await;
    if claimed.as_ref().is_ok_and(|(jobs, _)| !jobs.is_empty()) {
        crate::failpoint!(ClaimWritten);
    }
    super::super::end(conn, claimed).await
}

async fn claim_in(
    conn: &mut Conn,
    claiming: &Claiming,
    clock: OffsetDateTime,
) -> QueryResult<(Vec<OutboxJob>, Option<i64>)> {
    let (now, until) = (Instant::of(claiming.now), Instant::of(claiming.now + claiming.lease));
    let lanes = lanes::open(conn, claiming, clock).await?;
    let due = due(conn, now, &lanes, claiming.limit.into()).await?;
    let admitted = lanes::admit(conn, &lanes, due, now, clock, claiming.lease).await?;
    let mut places: HashMap<Uid, (Place, Turn)> =
        admitted.into_iter().map(|(place, turn)| (place.message_id, (place, turn))).collect();
    if places.is_empty() {
        return Ok((Vec::new(), None));
    }
    let ids: Vec<Uid> = places.keys().copied().collect();
    let (mut claimed, mut over, mut log) = (Vec::new(), Vec::new(), Vec::new());
    for message in queue::unlocked(conn, ids).await? {
        let Some((place, turn)) = places.remove(&message.sent.id) else {
            continue;
        };
        if message.sent.status > Status::Sending.rank() {
            // The provider told of it meanwhile: there is nothing to be sent.
            over.push(message.sent.id);
            continue;
        }
        let Some(job) = message.job(&place, turn) else {
            settle::finish(conn, &message.sent, Status::Failed, Some(&queue::unreadable()), now).await?;
            log.push(message.sent.log_row(Status::Failed, now));
            continue;
        };
        claimed.push((message, place, job));
    }
    queue::leave(conn, over).await?;
    recipients::stand(conn, claimed.iter_mut().map(|(.., job)| job).collect()).await?;
    take(conn, &claimed, now, until).await?;
    log.extend(claimed.iter().map(|(message, ..)| message.sent.log_row(Status::Sending, now)));
    let cursor = ingest::append(conn, log).await?;
    Ok((claimed.into_iter().map(|(.., job)| job).collect(), cursor))
}

const ROOMS: &[(&str, Column)] = &[("account", Column::Text), ("room", Column::Long)];

/// What of these accounts is due and waits for nobody before it, locked: of each as much as there is room for, and `limit` in all.
async fn due(conn: &mut Conn, now: Instant, lanes: &[Lane], limit: usize) -> QueryResult<Vec<Place>> {
    let room = |lane: &Lane| i64::try_from(lane.room).unwrap_or(i64::MAX);
    let mut due: Vec<Place> = Vec::new();
    if super::super::LATERAL {
        let rooms = lanes
            .iter()
            .map(|lane| row([("account", Some(lane.account.as_str().into())), ("room", Some(room(lane).into()))]));
        let rooms = Given::new(ROOMS, rooms);
        if !rooms.is_empty() {
            let all = Fixed::new("SELECT d.* FROM ").given(rooms).text(" CROSS JOIN LATERAL (");
            let one = due_of(all, |statement| statement.text("w.account"), now).text("w.room");
            due = one.text(super::super::ONLY_FREE).text(") AS d").load(conn).await?;
        }
    } else {
        for lane in lanes {
            let one = due_of(Fixed::new(""), |statement| statement.string(&lane.account), now).long(room(lane));
            let found: Vec<Place> = one.text(super::super::ONLY_FREE).load(conn).await?;
            due.extend(found);
        }
    }
    // What there is no room for in all is left to the next round: the accounts come in the order of their turn.
    let order: HashMap<&str, usize> = lanes.iter().enumerate().map(|(at, lane)| (lane.account.as_str(), at)).collect();
    due.sort_by_key(|place| (order.get(place.account_id.as_str()).copied(), place.due_at, place.message_id));
    due.truncate(limit);
    Ok(due)
}

/// Goes on with the query for what is due of an account, up to its limit, which is still to be told.
fn due_of(statement: Fixed, account: impl FnOnce(Fixed) -> Fixed, now: Instant) -> Fixed {
    let outbox = named("outbox");
    let statement = statement.text(&format!(
        "SELECT o.message_id, o.account_id, o.conversation_id, o.due_at, o.attempts, o.token, o.mode, o.hold_ms, \
         o.expires_at, o.attempted_at FROM {outbox} AS o WHERE o.account_id = "
    ));
    account(statement)
        .text(&format!(" AND o.state = {WAITING} AND o.due_at <= "))
        .instant(now)
        .text(&format!(
            " AND NOT EXISTS (SELECT 1 FROM {outbox} AS b WHERE b.conversation_id = o.conversation_id \
             AND b.state <> {UNKNOWN} AND b.holds_until > "
        ))
        .instant(now)
        // The offset keeps this a look at one conversation for each message, whatever the planner thinks of their number.
        .text(
            " AND (b.ordered_at < o.ordered_at OR (b.ordered_at = o.ordered_at AND b.message_id < o.message_id)) \
             LIMIT 1 OFFSET 0) ORDER BY o.due_at, o.message_id LIMIT ",
        )
}

/// A message that is claimed, its place, and what is to be done.
type Claimed = (Waiting, Place, OutboxJob);

/// Takes the claims, and tells of them.
async fn take(conn: &mut Conn, claimed: &[Claimed], now: Instant, until: Instant) -> QueryResult<()> {
    if claimed.is_empty() {
        return Ok(());
    }
    // Those of their first attempt have all of it alike.
    let mut alike: BTreeMap<(Instant, i64), Vec<Uid>> = BTreeMap::new();
    for (_, place, _) in claimed {
        let attempted_at = place.attempted_at.unwrap_or(now);
        alike.entry((attempted_at, place.hold_ms)).or_default().push(place.message_id);
    }
    for ((attempted_at, hold_ms), ids) in alike {
        let hold = time::Duration::milliseconds(hold_ms);
        diesel::update(outbox::table.filter(outbox::message_id.eq_any(ids)))
            .set((
                outbox::state.eq(SENDING),
                outbox::token.eq(outbox::token + 1),
                outbox::attempts.eq(outbox::attempts + 1),
                outbox::lease_until.eq(until),
                outbox::attempted_at.eq(attempted_at),
                outbox::holds_until.eq(Instant::of(attempted_at.0 + hold)),
            ))
            .execute(conn)
            .await?;
    }
    let ids: Vec<Uid> = claimed.iter().map(|(message, ..)| message.sent.id).collect();
    diesel::update(messages::table.filter(messages::id.eq_any(ids)))
        .set((messages::status.eq(Status::Sending.rank()), messages::updated_at.eq(now)))
        .execute(conn)
        .await?;
    let moved = claimed.iter().filter_map(|(message, ..)| Some((Status::Sending.rank(), message.comunicacion_id?)));
    comunicaciones::move_states(conn, moved.collect()).await?;
    let steps = claimed.iter().map(|(message, _, job)| message.sent.step(Status::Sending, job.token.0, None, now));
    status::write_own(conn, steps.collect()).await
}

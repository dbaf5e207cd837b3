//! Claims that are given back: the process that made them stops before it began.

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, comunicaciones, ingest,
    queue::{SENDING, WAITING},
    schema::{messages, outbox},
    settle, status,
};
use crate::{
    Status,
    history::sql_types::{Instant, Uid},
};

/// Gives claims back, in the order of their messages: two who do it at once do not wait for each other in a circle. Returns how
/// many messages wait again, and the last cursor of the log.
pub(in super::super) async fn hand_back(
    conn: &mut Conn,
    claims: &[(Uid, i32)],
    now: Instant,
) -> QueryResult<(u64, Option<i64>)> {
    super::super::begin(conn).await?;
    let waiting = hand_back_in(conn, claims, now).await;
    super::super::end(conn, waiting).await
}

async fn hand_back_in(conn: &mut Conn, claims: &[(Uid, i32)], now: Instant) -> QueryResult<(u64, Option<i64>)> {
    let (mut moved, mut steps, mut log) = (Vec::new(), Vec::new(), Vec::new());
    for (id, token) in claims {
        let Some(message) = settle::sent_message(conn, *id).await? else {
            continue;
        };
        let Some((attempts, expires_at)) = held(conn, *id, *token).await? else {
            continue;
        };
        if message.status != Status::Sending.rank() {
            // The provider told of it meanwhile: there is nothing to be sent.
            diesel::delete(outbox::table.find(*id)).execute(conn).await?;
            continue;
        }
        wait_again(conn, *id, attempts, expires_at).await?;
        let row: Option<i32> = diesel::update(messages::table.find(*id))
            .set((messages::status.eq(Status::Queued.rank()), messages::updated_at.eq(now)))
            .returning(messages::comunicacion_id)
            .get_result(conn)
            .await?;
        moved.extend(row.map(|row| (Status::Queued.rank(), row)));
        steps.push(message.step(Status::Queued, *token, None, now));
        log.push(message.log_row(Status::Queued, now));
    }
    comunicaciones::move_states(conn, moved).await?;
    status::write_own(conn, steps).await?;
    let count = u64::try_from(log.len()).unwrap_or(u64::MAX);
    Ok((count, ingest::append(conn, log).await?))
}

/// The attempts and the deadline of a message whose claim is this one.
async fn held(conn: &mut Conn, id: Uid, token: i32) -> QueryResult<Option<(i32, Option<Instant>)>> {
    let ours = outbox::table.find(id).filter(outbox::token.eq(token)).filter(outbox::state.eq(SENDING));
    locked!(ours.select((outbox::attempts, outbox::expires_at))).first(conn).await.optional()
}

/// The attempt was none. The number of the claim stays: the next one is greater.
async fn wait_again(conn: &mut Conn, id: Uid, attempts: i32, expires_at: Option<Instant>) -> QueryResult<()> {
    let before = (attempts - 1).max(0);
    diesel::update(outbox::table.find(id))
        .set((outbox::state.eq(WAITING), outbox::attempts.eq(before), outbox::lease_until.eq(outbox::due_at)))
        .execute(conn)
        .await?;
    if before == 0 {
        // As it entered the queue: everybody behind it waits, and its time has not begun.
        diesel::update(outbox::table.find(id))
            .set((outbox::attempted_at.eq(None::<Instant>), outbox::holds_until.eq(expires_at)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

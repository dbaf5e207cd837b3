//! Idempotency keys: a request that comes again is answered as the first time.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, outbound::AcceptedRow, schema::messages};
use crate::{
    MessageId, UserId,
    history::{
        Accepted,
        sql_types::{Instant, Uid},
        text::clean,
    },
};

/// How long an `Idempotency-Key` is remembered.
const KEY_LIFE: time::Duration = time::Duration::hours(48);

/// A key counts within its user.
pub(super) fn stored(user: &UserId, key: &str) -> String {
    format!("{user}\u{1f}{}", clean(key))
}

/// What a user's request was accepted as before.
pub(in super::super) async fn accepted_before(
    conn: &mut Conn,
    organization: &str,
    user: &UserId,
    key: &str,
    hash: &str,
    now: Instant,
) -> QueryResult<Option<AcceptedRow>> {
    find(conn, organization, &stored(user, key), hash, now).await
}

/// What a key stands for already; nothing where it is free or was forgotten.
pub(super) async fn find(
    conn: &mut Conn,
    organization: &str,
    key: &str,
    hash: &str,
    now: Instant,
) -> QueryResult<Option<AcceptedRow>> {
    let known: Option<(Uid, Option<String>, Instant)> = messages::table
        .filter(messages::organization_id.eq(organization))
        .filter(messages::idempotency_key.eq(key))
        .select((messages::id, messages::request_hash, messages::created_at))
        .first(conn)
        .await
        .optional()?;
    let Some((id, stored_hash, created_at)) = known else {
        return Ok(None);
    };
    if now.0 - created_at.0 > KEY_LIFE {
        diesel::update(messages::table.find(id))
            .set(messages::idempotency_key.eq(None::<String>))
            .execute(conn)
            .await?;
        return Ok(None);
    }
    Ok(Some(if stored_hash.as_deref() == Some(hash) {
        AcceptedRow::Done(Accepted::Repeated(MessageId(id.0)), None)
    } else {
        AcceptedRow::KeyTaken
    }))
}

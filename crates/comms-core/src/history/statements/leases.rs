//! Which process does what only one at a time should.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, schema::leases};
use crate::history::{
    LeaseToken,
    sql_types::{Instant, Uid},
};

/// Takes a lease until `until`, or prolongs it.
///
/// What was read is named in the statement that changes it: of two who take it at once, one changes nothing.
pub(in super::super) async fn take(
    conn: &mut Conn,
    name: &str,
    holder: Uid,
    now: Instant,
    until: Instant,
) -> QueryResult<Option<LeaseToken>> {
    let known: Option<(Uid, Instant, i64)> =
        leases::table.find(name).select((leases::holder, leases::until, leases::token)).first(conn).await.optional()?;
    let (changed, token) = match known {
        None => (first(conn, name, holder, until).await?, FIRST),
        Some((other, ends, _)) if other != holder && ends > now => return Ok(None),
        Some((before, ends, token)) => {
            let kept = before == holder && ends > now;
            let next = if kept { token } else { token + 1 };
            let as_read = leases::table
                .find(name)
                .filter(leases::token.eq(token))
                .filter(leases::holder.eq(before))
                .filter(leases::until.eq(ends));
            let taken = (leases::holder.eq(holder), leases::until.eq(until), leases::token.eq(next));
            (diesel::update(as_read).set(taken).execute(conn).await?, next)
        }
    };
    Ok((changed > 0).then_some(LeaseToken(token)))
}

/// The token of whoever takes a lease first.
const FIRST: i64 = 1;

async fn first(conn: &mut Conn, name: &str, holder: Uid, until: Instant) -> QueryResult<usize> {
    diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::holder.eq(holder), leases::until.eq(until), leases::token.eq(FIRST)))
        .on_conflict(leases::name)
        .do_nothing()
        .execute(conn)
        .await
}

/// Ends a lease now. Returns how many that ended.
pub(in super::super) async fn give_back(
    conn: &mut Conn,
    name: &str,
    token: LeaseToken,
    now: Instant,
) -> QueryResult<usize> {
    let held = leases::table.find(name).filter(leases::token.eq(token.0)).filter(leases::until.gt(now));
    diesel::update(held).set(leases::until.eq(now)).execute(conn).await
}

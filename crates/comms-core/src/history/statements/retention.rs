//! What is deleted by its age: a bounded part at a time, the oldest first.

use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::Bool,
};
use uuid::Uuid;

use super::{
    super::hook_schema::{hook_deliveries, hook_endpoints},
    Conn, RunQueryDsl, continuation_words,
    schema::{attachments, events, marks, quarantine, status_events, webhooks},
};
use crate::history::{
    HookState, KeptFile, Retained,
    sql_types::{Instant, Uid},
};

/// The mark up to which the log was cut off.
const CUT: &str = "events.cut";

/// Files that were fetched, and those that were given up.
const FAILED: i16 = 2;

/// How much later than its row an id may have been made: both are told by our clock, but not at the same moment.
const SLACK: time::Duration = time::Duration::hours(24);

/// Deletes some of what is older. Returns how many.
pub(in super::super) async fn prune(
    conn: &mut Conn,
    what: Retained,
    before: Instant,
    limit: u16,
) -> QueryResult<usize> {
    super::super::begin(conn).await?;
    let pruned = match what {
        Retained::Webhooks => prune_webhooks(conn, before, limit).await,
        Retained::Events => prune_events(conn, before, limit).await,
        Retained::Statuses => prune_statuses(conn, before, limit).await,
        Retained::Calls => continuation_words::prune(conn, before, limit).await,
    };
    if pruned.as_ref().is_ok_and(|pruned| *pruned > 0) {
        crate::failpoint!(RetentionWritten);
    }
    super::super::end(conn, pruned).await
}

async fn prune_webhooks(conn: &mut Conn, before: Instant, limit: u16) -> QueryResult<usize> {
    let waits = quarantine::table.filter(quarantine::webhook_id.eq(webhooks::id));
    let old: Vec<Uid> = skip_locked!(
        webhooks::table
            .filter(webhooks::id.lt(first_after(before)))
            .filter(webhooks::received_at.lt(before))
            .filter(webhooks::problem.is_null())
            .filter(not(exists(waits)))
            .order(webhooks::id)
            .limit(i64::from(limit))
            .select(webhooks::id)
    )
    .load(conn)
    .await?;
    diesel::delete(webhooks::table.filter(webhooks::id.eq_any(old))).execute(conn).await
}

async fn prune_statuses(conn: &mut Conn, before: Instant, limit: u16) -> QueryResult<usize> {
    let old: Vec<Uid> = skip_locked!(
        status_events::table
            .filter(status_events::id.lt(first_after(before)))
            .filter(status_events::recorded_at.lt(before))
            .order(status_events::id)
            .limit(i64::from(limit))
            .select(status_events::id)
    )
    .load(conn)
    .await?;
    diesel::delete(status_events::table.filter(status_events::id.eq_any(old))).execute(conn).await
}

/// Cuts the log off at its beginning, so that nothing is missing in what is left. Its last event stays: it says where the log is.
async fn prune_events(conn: &mut Conn, before: Instant, limit: u16) -> QueryResult<usize> {
    let last: Option<i64> = events::table.select(diesel::dsl::max(events::cursor)).first(conn).await?;
    let read = read_by_all(conn).await?;
    let end = last.unwrap_or_default().min(read.unwrap_or(i64::MAX).saturating_add(1));
    let first: Vec<(i64, Instant)> = locked!(
        events::table
            .filter(events::cursor.lt(end))
            .order(events::cursor)
            .limit(i64::from(limit))
            .select((events::cursor, events::created_at))
    )
    .load(conn)
    .await?;
    let cut = first.iter().take_while(|(_, created_at)| *created_at < before).last().map(|(cursor, _)| *cursor);
    let Some(cut) = cut else {
        return Ok(0);
    };
    let deleted = diesel::delete(events::table.filter(events::cursor.le(cut))).execute(conn).await?;
    let higher = marks::table.filter(marks::name.eq(CUT)).filter(marks::value.ge(cut)).count();
    let higher: i64 = higher.get_result(conn).await?;
    if higher == 0 {
        diesel::insert_into(marks::table)
            .values((marks::name.eq(CUT), marks::value.eq(cut)))
            .on_conflict(marks::name)
            .do_update()
            .set(marks::value.eq(cut))
            .execute(conn)
            .await?;
    }
    Ok(deleted)
}

/// Up to which cursor everybody has read who reads the log with a cursor that is stored; `None` where there is nobody: the endpoints
/// of outgoing webhooks that are active, and the deliveries that are not over, which are made of their events.
async fn read_by_all(conn: &mut Conn) -> QueryResult<Option<i64>> {
    let read: Option<i64> = hook_endpoints::table
        .filter(hook_endpoints::state.eq(HookState::Active.as_str()))
        .select(diesel::dsl::min(hook_endpoints::cursor))
        .first(conn)
        .await?;
    let waiting: Option<i64> = hook_deliveries::table
        .filter(hook_deliveries::done_at.is_null())
        .select(diesel::dsl::min(hook_deliveries::cursor))
        .first(conn)
        .await?;
    Ok([read, waiting.map(|cursor| cursor - 1)].into_iter().flatten().min())
}

/// Up to which cursor the log was cut off.
pub(in super::super) async fn log_start(conn: &mut Conn) -> QueryResult<i64> {
    let cut: Option<i64> = marks::table.find(CUT).select(marks::value).first(conn).await.optional()?;
    Ok(cut.unwrap_or_default())
}

/// A file: its attachment, organisation, key and time.
pub(super) type FileRow = (Uid, String, Option<String>, Instant);

pub(super) fn file((id, organization, blob_key, created_at): FileRow) -> KeptFile {
    KeptFile { id: id.0, organization: organization.into(), blob_key, created_at: created_at.0 }
}

/// Files that are older.
pub(in super::super) async fn old_files(conn: &mut Conn, before: Instant, limit: u16) -> QueryResult<Vec<KeptFile>> {
    let rows: Vec<FileRow> = attachments::table
        // Word for word the condition of index `attachments_stored_idx`.
        .filter(sql::<Bool>("state = 1"))
        .filter(attachments::created_at.lt(before))
        .order((attachments::created_at, attachments::id))
        .limit(i64::from(limit))
        .select((attachments::id, attachments::organization_id, attachments::blob_key, attachments::created_at))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(file).collect())
}

/// Notes that files are no more.
pub(in super::super) async fn forget_files(conn: &mut Conn, ids: Vec<Uid>, reason: &str) -> QueryResult<usize> {
    diesel::update(attachments::table.filter(attachments::id.eq_any(ids)))
        .set((attachments::state.eq(FAILED), attachments::blob_key.eq(None::<String>), attachments::error.eq(reason)))
        .execute(conn)
        .await
}

/// An id that is greater than those made before a time: ours begin with the time, so that the index of the key finds them.
fn first_after(before: Instant) -> Uid {
    let millis = (before.0 + SLACK).unix_timestamp_nanos() / 1_000_000;
    let millis = u64::try_from(millis).unwrap_or_default();
    Uid(Uuid::from_u128(u128::from(millis) << 80))
}

//! What names an erased person without referring to them: looked through row by row, a page at a time.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Binary, Text},
};
use serde_json::json;

use super::{
    super::hook_schema::hook_deliveries,
    Conn, RunQueryDsl,
    contacts::table,
    erase::{DONE, EVENTS, Job, UPDATES, WEBHOOKS},
    schema::{events, quarantine, status_events, updates, webhooks},
};
use crate::history::{
    ErasureStep, Subject,
    personal::{Names, Redacted},
    sql_types::{Doc, Uid, UidSql},
};

/// How many rows are looked through at once.
const LOOKED_THROUGH: i64 = 500;
/// How many raw webhooks are: their bodies are held in memory.
const WEBHOOKS_AT_ONCE: i64 = 100;

/// What a report that belongs to no message tells.
type Report = (Uid, Option<String>, Option<Doc>, Option<Doc>);

pub(super) async fn statuses(conn: &mut Conn, job: &mut Job, subject: &Subject) -> QueryResult<ErasureStep> {
    let names = Names::of(subject);
    let rows: Vec<Report> = status_events::table
        .filter(status_events::organization_id.eq(job.organization_id.clone()))
        .filter(status_events::message_id.is_null())
        .filter(status_events::id.gt(after(job)))
        .order(status_events::id)
        .limit(LOOKED_THROUGH)
        .select((status_events::id, status_events::provider_id, status_events::problem, status_events::extra))
        .load(conn)
        .await?;
    turn(job, rows.last().map(|row| row.0.0.to_string()), rows.len(), LOOKED_THROUGH, UPDATES);
    let names_them = |doc: &Option<Doc>| doc.as_ref().is_some_and(|doc| names.in_document(&doc.0));
    let theirs: Vec<Uid> = rows
        .iter()
        .filter(|(_, id, problem, extra)| {
            id.as_deref().is_some_and(|id| names.is(id)) || names_them(problem) || names_them(extra)
        })
        .map(|row| row.0)
        .collect();
    let gone = diesel::delete(status_events::table.filter(status_events::id.eq_any(theirs))).execute(conn).await?;
    job.count(|counts| counts.statuses += gone as u64);
    Ok(ErasureStep::More)
}

pub(super) async fn updates(conn: &mut Conn, job: &mut Job, subject: &Subject) -> QueryResult<ErasureStep> {
    let names = Names::of(subject);
    let rows: Vec<(Uid, String, String, Doc)> = updates::table
        .filter(updates::organization_id.eq(job.organization_id.clone()))
        .filter(updates::id.gt(after(job)))
        .order(updates::id)
        .limit(LOOKED_THROUGH)
        .select((updates::id, updates::key, updates::subject, updates::payload))
        .load(conn)
        .await?;
    turn(job, rows.last().map(|row| row.0.0.to_string()), rows.len(), LOOKED_THROUGH, EVENTS);
    let named = |(_, key, about, payload): &(Uid, String, String, Doc)| {
        names.is(key) || names.is(about) || names.in_document(&payload.0)
    };
    let found: Vec<&(Uid, String, String, Doc)> = rows.iter().filter(|row| named(row)).collect();
    let theirs: Vec<Uid> = found.iter().map(|row| row.0).collect();
    // The log tells of them by what they are about, whatever the provider calls it.
    let about = found.iter().map(|row| row.2.clone());
    let subject =
        Subject { provider_ids: subject.provider_ids.iter().cloned().chain(about).collect(), ..subject.clone() };
    job.work = Some(Doc(json!(subject)));
    let gone = diesel::delete(updates::table.filter(updates::id.eq_any(theirs))).execute(conn).await?;
    job.count(|counts| counts.updates += gone as u64);
    Ok(ErasureStep::More)
}

pub(super) async fn events(conn: &mut Conn, job: &mut Job, subject: &Subject) -> QueryResult<ErasureStep> {
    let names = Names::of(subject);
    let from: i64 = job.place.as_deref().and_then(|place| place.parse().ok()).unwrap_or_default();
    let rows: Vec<(i64, Option<Uid>, Doc)> = events::table
        .filter(events::organization_id.eq(job.organization_id.clone()))
        .filter(events::cursor.gt(from))
        .order(events::cursor)
        .limit(LOOKED_THROUGH)
        .select((events::cursor, events::conversation_id, events::payload))
        .load(conn)
        .await?;
    turn(job, rows.last().map(|row| row.0.to_string()), rows.len(), LOOKED_THROUGH, WEBHOOKS);
    let theirs: Vec<i64> = rows
        .iter()
        .filter(|(_, conversation, payload)| {
            conversation.is_some_and(|id| subject.conversations.contains(&id.0)) || names.in_document(&payload.0)
        })
        .map(|row| row.0)
        .collect();
    if !theirs.is_empty() {
        // What another system answered to them may say anything.
        let told = hook_deliveries::table
            .filter(hook_deliveries::organization_id.eq(job.organization_id.clone()))
            .filter(hook_deliveries::cursor.eq_any(theirs.clone()));
        diesel::update(told).set(hook_deliveries::response.eq(None::<String>)).execute(conn).await?;
    }
    let emptied = diesel::update(events::table.filter(events::cursor.eq_any(theirs)))
        .set((events::payload.eq(Doc(json!({}))), events::conversation_id.eq(None::<Uid>)))
        .execute(conn)
        .await?;
    job.count(|counts| counts.events += emptied as u64);
    Ok(ErasureStep::More)
}

#[derive(QueryableByName)]
struct RawRead {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

pub(super) async fn webhooks(conn: &mut Conn, job: &mut Job, subject: &Subject) -> QueryResult<ErasureStep> {
    let names = Names::of(subject);
    // One body may be of several organisations, or of none that is known.
    let rows: Vec<RawRead> = sql_query(format!(
        "SELECT id, url, body FROM {} WHERE (organization_id = $1 OR organization_id IS NULL) AND id > $2 \
         ORDER BY id LIMIT {WEBHOOKS_AT_ONCE}",
        table("webhooks")
    ))
    .bind::<Text, _>(job.organization_id.clone())
    .bind::<UidSql, _>(after(job))
    .load(conn)
    .await?;
    turn(job, rows.last().map(|row| row.id.0.to_string()), rows.len(), WEBHOOKS_AT_ONCE, DONE);
    let (mut theirs, mut touched) = (Vec::new(), 0);
    for row in rows {
        match names.redact(&row.url, &row.body) {
            Redacted::Untouched => {}
            Redacted::Nothing => theirs.push(row.id),
            Redacted::Body(body) => {
                diesel::update(webhooks::table.find(row.id)).set(webhooks::body.eq(body)).execute(conn).await?;
                touched += 1;
            }
        }
    }
    let waiting = quarantine::table.filter(quarantine::webhook_id.eq_any(theirs.clone()));
    diesel::delete(waiting).execute(conn).await?;
    touched += diesel::delete(webhooks::table.filter(webhooks::id.eq_any(theirs))).execute(conn).await? as u64;
    job.count(|counts| counts.webhooks += touched);
    Ok(ErasureStep::More)
}

/// After which row to go on.
fn after(job: &Job) -> Uid {
    Uid(job.place.as_deref().and_then(|place| place.parse().ok()).unwrap_or_default())
}

/// Goes on after the last row that was looked at, or to the next phase where it was the last of all.
fn turn(job: &mut Job, last: Option<String>, found: usize, limit: i64, next: i16) {
    if i64::try_from(found).is_ok_and(|found| found == limit) { job.place = last } else { job.go_on(next) }
}

//! The erasure of one person: a durable job of short transactions, each of which may be made again.
//!
//! First what is under way is waited for and files are deleted, then messages are emptied, then the person and their addresses
//! go, and last everything is looked through that names them without referring to them: reports, updates, the log, raw webhooks.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Integer, Nullable, SmallInt, Text},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    contacts::{self, table},
    dossier::{continuations_of, ids, messages_of, subject},
    ingest, look_through, queue,
    retention::{FileRow, file},
    rows::EventRow,
    schema::{
        attachments, comunicaciones, contacts as people, conversation_notes, conversation_reads, conversations,
        identities, messages, outbox, status_events,
    },
    suppressed,
};
use crate::{
    ContactId, UserId,
    history::{
        Erasure, ErasureCounts, ErasureStep, Scope, Subject,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::clean,
    },
};

/// What stands where something of theirs stood and nothing may be absent.
const ERASED: &str = "[borrado]";

const FILES: i16 = 0;
const MESSAGES: i16 = 1;
const PEOPLE: i16 = 2;
const STATUSES: i16 = 3;
pub(super) const UPDATES: i16 = 4;
pub(super) const EVENTS: i16 = 5;
pub(super) const WEBHOOKS: i16 = 6;
pub(super) const DONE: i16 = 7;

/// How many messages are emptied, and how many files are given out, at once.
const AT_ONCE: i64 = 200;
/// How long an attempt that is under way is waited for before there is another look.
const PAUSE: time::Duration = time::Duration::seconds(5);

/// The states of attachments.
const PENDING: i16 = 0;
const FAILED: i16 = 2;

#[derive(Clone, QueryableByName)]
pub(super) struct Job {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Text)]
    pub organization_id: String,
    #[diesel(sql_type = Nullable<UidSql>)]
    contact_id: Option<Uid>,
    #[diesel(sql_type = Text)]
    requested_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = InstantSql)]
    requested_at: Instant,
    #[diesel(sql_type = InstantSql)]
    due_at: Instant,
    #[diesel(sql_type = SmallInt)]
    phase: i16,
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    #[diesel(sql_type = Nullable<DocSql>)]
    pub work: Option<Doc>,
    #[diesel(sql_type = DocSql)]
    counts: Doc,
    #[diesel(sql_type = Nullable<InstantSql>)]
    done_at: Option<Instant>,
}

impl Job {
    fn counts(&self) -> ErasureCounts {
        serde_json::from_value(self.counts.0.clone()).unwrap_or_default()
    }

    pub(super) fn count(&mut self, add: impl FnOnce(&mut ErasureCounts)) {
        let mut counts = self.counts();
        add(&mut counts);
        self.counts = Doc(json!(counts));
    }

    pub(super) fn go_on(&mut self, phase: i16) {
        self.phase = phase;
        self.place = None;
    }

    fn into_erasure(self) -> Erasure {
        Erasure {
            counts: self.counts(),
            id: self.id.0,
            organization: self.organization_id.into(),
            contact: self.contact_id.map(|id| ContactId(id.0)),
            requested_by: self.requested_by.into(),
            reason: self.reason,
            requested_at: self.requested_at.0,
            done_at: self.done_at.map(|at| at.0),
        }
    }
}

/// Begins to erase a person. Returns the erasure, and the last cursor of the log; nothing where there is no such contact.
pub(in super::super) async fn begin(
    conn: &mut Conn,
    scope: &Scope,
    id: ContactId,
    by: &UserId,
    reason: Option<&str>,
    now: Instant,
    fetching: time::Duration,
) -> QueryResult<Option<(Erasure, Option<i64>)>> {
    super::super::begin(conn).await?;
    let begun = begin_in(conn, scope, id, by, reason, now, fetching).await;
    super::super::end(conn, begun).await
}

async fn begin_in(
    conn: &mut Conn,
    scope: &Scope,
    id: ContactId,
    by: &UserId,
    reason: Option<&str>,
    now: Instant,
    fetching: time::Duration,
) -> QueryResult<Option<(Erasure, Option<i64>)>> {
    let organization = scope.organization.as_str();
    let Some(person) = contacts::person_of(conn, scope, id).await? else {
        return Ok(None);
    };
    let subject = subject(conn, organization, person).await?;
    let job = Job {
        id: Uid(Uuid::now_v7()),
        organization_id: organization.to_owned(),
        contact_id: Some(person),
        requested_by: by.as_str().to_owned(),
        reason: reason.map(clean),
        requested_at: now,
        due_at: now,
        phase: FILES,
        // How long a file may be on its way, until this phase is over.
        place: Some(fetching.whole_milliseconds().to_string()),
        work: Some(Doc(json!(subject))),
        counts: Doc(json!(ErasureCounts::default())),
        done_at: None,
    };
    let (mut job, new) = insert(conn, job).await?;
    if !new {
        return Ok(Some((job.into_erasure(), None)));
    }
    let waiting: Vec<Uid> = outbox::table
        .filter(outbox::conversation_id.eq_any(uids(&subject.conversations)))
        .filter(outbox::state.eq(queue::WAITING))
        .select(outbox::message_id)
        .load(conn)
        .await?;
    let mut last = None;
    for message in waiting {
        let (_, cursor) = queue::cancel_in(conn, message, now).await?;
        job.count(|counts| counts.canceled += u64::from(cursor.is_some()));
        last = cursor.or(last);
    }
    save(conn, &job).await?;
    Ok(Some((job.into_erasure(), last)))
}

/// Stores a new erasure; gives the one that is under way where there is one.
async fn insert(conn: &mut Conn, job: Job) -> QueryResult<(Job, bool)> {
    let rows = sql_query(format!(
        "INSERT INTO {} (id, organization_id, contact_id, requested_by, reason, requested_at, due_at, phase, counts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        table("erasures")
    ))
    .bind::<UidSql, _>(job.id)
    .bind::<Text, _>(job.organization_id.clone())
    .bind::<Nullable<UidSql>, _>(job.contact_id)
    .bind::<Text, _>(job.requested_by.clone())
    .bind::<Nullable<Text>, _>(job.reason.clone())
    .bind::<InstantSql, _>(job.requested_at)
    .bind::<InstantSql, _>(job.due_at)
    .bind::<SmallInt, _>(job.phase)
    .bind::<DocSql, _>(job.counts.clone())
    .execute(conn)
    .await?;
    if rows > 0 {
        return Ok((job, true));
    }
    let known: Vec<Job> =
        sql_query(format!("SELECT * FROM {} WHERE organization_id = $1 AND contact_id = $2", table("erasures")))
            .bind::<Text, _>(job.organization_id.clone())
            .bind::<Nullable<UidSql>, _>(job.contact_id)
            .load(conn)
            .await?;
    // It was finished a moment ago: there is nobody to be erased any more.
    let known = known.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
    Ok((known, false))
}

async fn save(conn: &mut Conn, job: &Job) -> QueryResult<()> {
    sql_query(format!(
        "UPDATE {} SET contact_id = $1, due_at = $2, phase = $3, place = $4, work = $5, counts = $6, done_at = $7 \
         WHERE id = $8",
        table("erasures")
    ))
    .bind::<Nullable<UidSql>, _>(job.contact_id)
    .bind::<InstantSql, _>(job.due_at)
    .bind::<SmallInt, _>(job.phase)
    .bind::<Nullable<Text>, _>(job.place.clone())
    .bind::<Nullable<DocSql>, _>(job.work.clone())
    .bind::<DocSql, _>(job.counts.clone())
    .bind::<Nullable<InstantSql>, _>(job.done_at)
    .bind::<UidSql, _>(job.id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases the next part. Returns what is to be done then, and the last cursor of the log; nothing where there is no such erasure.
pub(in super::super) async fn some(
    conn: &mut Conn,
    id: Uuid,
    now: Instant,
) -> QueryResult<Option<(ErasureStep, Option<i64>)>> {
    super::super::begin(conn).await?;
    let step = some_in(conn, Uid(id), now).await;
    if step.is_ok() {
        crate::failpoint!(ErasureWritten);
    }
    super::super::end(conn, step).await
}

async fn some_in(conn: &mut Conn, id: Uid, now: Instant) -> QueryResult<Option<(ErasureStep, Option<i64>)>> {
    let all = format!("SELECT * FROM {} WHERE id = $1", table("erasures"));
    let mine = format!("{all} AND done_at IS NULL{}", super::super::ONLY_FREE);
    let mine: Vec<Job> = sql_query(mine).bind::<UidSql, _>(id).load(conn).await?;
    let Some(mut job) = mine.into_iter().next() else {
        let known: Vec<Job> = sql_query(all).bind::<UidSql, _>(id).load(conn).await?;
        return Ok(known.into_iter().next().map(|job| match job.done_at {
            Some(_) => (ErasureStep::Done(job.into_erasure()), None),
            None => (ErasureStep::Waits, None),
        }));
    };
    let work = job.work.as_ref().and_then(|work| serde_json::from_value(work.0.clone()).ok());
    let subject: Subject = work.unwrap_or_default();
    let (step, cursor) = match job.phase {
        FILES => (files(conn, &mut job, &subject, now).await?, None),
        MESSAGES => (empty_messages(conn, &mut job, &subject, now).await?, None),
        PEOPLE => (delete_person(conn, &mut job, &subject).await?, None),
        STATUSES => (look_through::statuses(conn, &mut job, &subject).await?, None),
        UPDATES => (look_through::updates(conn, &mut job, &subject).await?, None),
        EVENTS => (look_through::events(conn, &mut job, &subject).await?, None),
        WEBHOOKS => (look_through::webhooks(conn, &mut job, &subject).await?, None),
        _ => conclude(conn, &mut job, now).await?,
    };
    save(conn, &job).await?;
    Ok(Some((step, cursor)))
}

/// Waits for what is under way, then gives out the files.
async fn files(conn: &mut Conn, job: &mut Job, subject: &Subject, now: Instant) -> QueryResult<ErasureStep> {
    if job.due_at > now {
        return Ok(ErasureStep::Waits);
    }
    let theirs = uids(&subject.conversations);
    let under_way: i64 = outbox::table
        .filter(outbox::conversation_id.eq_any(theirs))
        .filter(outbox::state.eq(queue::SENDING))
        .filter(outbox::lease_until.gt(now))
        .count()
        .get_result(conn)
        .await?;
    if under_way > 0 {
        job.due_at = Instant::of(now.0 + PAUSE);
        return Ok(ErasureStep::Waits);
    }
    // None is fetched from now on; one that is on its way is waited for, or it would be stored after all were deleted.
    let fetched: Vec<Attempts> = sql_query(format!(
        "UPDATE {} SET state = {FAILED}, error = NULL WHERE state = {PENDING} AND message_id IN {} RETURNING attempts",
        table("attachments"),
        messages_of(subject)
    ))
    .load(conn)
    .await?;
    if fetched.iter().any(|row| row.attempts > 0) {
        let wait = job.place.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default();
        job.due_at = Instant::of(now.0 + time::Duration::milliseconds(wait));
        return Ok(ErasureStep::Waits);
    }
    let found: Vec<FileRead> = sql_query(format!(
        "SELECT id, organization_id, blob_key, created_at FROM {} WHERE message_id IN {} ORDER BY id LIMIT {AT_ONCE}",
        table("attachments"),
        messages_of(subject)
    ))
    .load(conn)
    .await?;
    if found.is_empty() {
        job.go_on(MESSAGES);
        return Ok(ErasureStep::More);
    }
    let rows = found.into_iter().map(|row| -> FileRow { (row.id, row.organization_id, row.blob_key, row.created_at) });
    Ok(ErasureStep::Files(rows.map(file).collect()))
}

#[derive(QueryableByName)]
struct Attempts {
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

#[derive(QueryableByName)]
struct FileRead {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    blob_key: Option<String>,
    #[diesel(sql_type = InstantSql)]
    created_at: Instant,
}

/// Deletes the rows of files that are no more.
pub(in super::super) async fn files_erased(conn: &mut Conn, erasure: Uuid, files: Vec<Uid>) -> QueryResult<()> {
    super::super::begin(conn).await?;
    let erased = files_erased_in(conn, Uid(erasure), files).await;
    super::super::end(conn, erased).await
}

async fn files_erased_in(conn: &mut Conn, erasure: Uid, files: Vec<Uid>) -> QueryResult<()> {
    let gone = diesel::delete(attachments::table.filter(attachments::id.eq_any(files))).execute(conn).await?;
    let jobs = format!("SELECT * FROM {} WHERE id = $1 AND done_at IS NULL{}", table("erasures"), super::super::LOCKED);
    let jobs: Vec<Job> = sql_query(jobs).bind::<UidSql, _>(erasure).load(conn).await?;
    for mut job in jobs {
        job.count(|counts| counts.files += gone as u64);
        save(conn, &job).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct MessageRead {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = Nullable<Integer>)]
    comunicacion_id: Option<i32>,
}

/// Empties messages and their rows in the shared table, which stay: what was sent and came in is counted as before.
async fn empty_messages(conn: &mut Conn, job: &mut Job, subject: &Subject, now: Instant) -> QueryResult<ErasureStep> {
    let found: Vec<MessageRead> = sql_query(format!(
        "SELECT id, comunicacion_id FROM {} WHERE id IN {} ORDER BY id LIMIT {AT_ONCE}{}",
        table("messages"),
        messages_of(subject),
        super::super::LOCKED
    ))
    .load(conn)
    .await?;
    if found.is_empty() {
        job.go_on(PEOPLE);
        return Ok(ErasureStep::More);
    }
    let these: Vec<Uid> = found.iter().map(|row| row.id).collect();
    let rows: Vec<i32> = found.iter().filter_map(|row| row.comunicacion_id).collect();
    diesel::delete(outbox::table.filter(outbox::message_id.eq_any(these.clone()))).execute(conn).await?;
    let of_these = status_events::table.filter(status_events::message_id.eq_any(these.clone()));
    let statuses = diesel::delete(of_these).execute(conn).await?;
    let none = None::<String>;
    diesel::update(messages::table.filter(messages::id.eq_any(these.clone())))
        .set((
            (messages::provider_id.eq(&none), messages::reply_to.eq(&none), messages::answered_by.eq(&none)),
            (messages::conversation_id.eq(None::<Uid>), messages::contact_id.eq(None::<Uid>)),
            (messages::lead_id.eq(&none), messages::client_id.eq(&none), messages::contract_id.eq(&none)),
            (messages::counterpart.eq(ERASED), messages::counterpart_kind.eq("other")),
            (messages::content.eq(None::<Doc>), messages::extra.eq(None::<Doc>), messages::problem.eq(None::<Doc>)),
            (messages::body.eq(ERASED), messages::search.eq(&none)),
            (messages::idempotency_key.eq(&none), messages::request_hash.eq(&none)),
            messages::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    diesel::update(comunicaciones::table.filter(comunicaciones::id.eq_any(rows)))
        .set((
            comunicaciones::destinatario.eq(ERASED),
            comunicaciones::contenido.eq(ERASED),
            comunicaciones::sid_externo.eq(&none),
            comunicaciones::lead_id.eq(None::<i32>),
            comunicaciones::cliente_id.eq(None::<i32>),
            comunicaciones::contrato_id.eq(None::<i32>),
        ))
        .execute(conn)
        .await?;
    job.count(|counts| {
        counts.messages += these.len() as u64;
        counts.statuses += statuses as u64;
    });
    Ok(ErasureStep::More)
}

/// Deletes the person, their addresses and conversations. That they do not want to be written to stays, as a hash.
async fn delete_person(conn: &mut Conn, job: &mut Job, subject: &Subject) -> QueryResult<ErasureStep> {
    let left: Vec<MessageRead> = sql_query(format!(
        "SELECT id, comunicacion_id FROM {} WHERE id IN {} LIMIT 1",
        table("messages"),
        messages_of(subject)
    ))
    .load(conn)
    .await?;
    if !left.is_empty() {
        // Something came in or went out meanwhile.
        job.go_on(FILES);
        return Ok(ErasureStep::More);
    }
    let (who, threads) = (uids(&subject.contacts), uids(&subject.conversations));
    let opt_outs = suppressed::hide(conn, &subject.organization, &subject.addresses).await?;
    let of_threads = conversation_notes::table.filter(conversation_notes::conversation_id.eq_any(threads.clone()));
    let notes = diesel::delete(of_threads).execute(conn).await?;
    let pairs =
        format!("DELETE FROM {} WHERE conversation_id IN {}", table("pacing_pairs"), ids(&subject.conversations));
    sql_query(pairs).execute(conn).await?;
    let of_threads = conversation_reads::table.filter(conversation_reads::conversation_id.eq_any(threads.clone()));
    diesel::delete(of_threads).execute(conn).await?;
    let named = format!("DELETE FROM {} WHERE contact_id IN {}", table("mail_threads"), ids(&subject.contacts));
    sql_query(named).execute(conn).await?;
    let calls = delete_continuations(conn, subject).await?;
    let talks = diesel::delete(conversations::table.filter(conversations::id.eq_any(threads))).execute(conn).await?;
    let theirs = identities::table.filter(identities::contact_id.eq_any(who.clone()));
    let addresses = diesel::delete(theirs).execute(conn).await?;
    let gone = diesel::delete(people::table.filter(people::id.eq_any(who))).execute(conn).await?;
    job.count(|counts| {
        counts.opt_outs += opt_outs as u64;
        counts.notes += notes as u64;
        counts.continuations += calls as u64;
        counts.conversations += talks as u64;
        counts.identities += addresses as u64;
        counts.contacts += gone as u64;
    });
    job.go_on(STATUSES);
    Ok(ErasureStep::More)
}

/// Deletes what agents said to them on the phone and in writing. Returns how many calls there were.
async fn delete_continuations(conn: &mut Conn, subject: &Subject) -> QueryResult<usize> {
    let theirs = continuations_of(subject);
    for name in ["agent_messages", "agent_turns", "imported_messages"] {
        let rows = format!("DELETE FROM {} WHERE continuation_id IN {theirs}", table(name));
        sql_query(rows).execute(conn).await?;
    }
    sql_query(format!("DELETE FROM {} WHERE id IN {theirs}", table("continuations"))).execute(conn).await
}

/// Forgets whom it was about. What stays says that somebody was erased, by whom, when, and how much it was.
async fn conclude(conn: &mut Conn, job: &mut Job, now: Instant) -> QueryResult<(ErasureStep, Option<i64>)> {
    (job.contact_id, job.work, job.place, job.done_at) = (None, None, None, Some(now));
    let told = EventRow {
        organization_id: job.organization_id.clone(),
        kind: "contact".to_owned(),
        account_id: None,
        message_id: None,
        conversation_id: None,
        payload: Doc(json!({"change": "erased", "erasure": job.id.0, "user": job.requested_by})),
        created_at: now,
    };
    let cursor = ingest::append(conn, vec![told]).await?;
    Ok((ErasureStep::Done(job.clone().into_erasure()), cursor))
}

fn uids(ids: &[Uuid]) -> Vec<Uid> {
    ids.iter().copied().map(Uid).collect()
}

/// Erasures that are under way and due.
pub(in super::super) async fn due(conn: &mut Conn, now: Instant, limit: u16) -> QueryResult<Vec<Uuid>> {
    let rows: Vec<Job> = sql_query(format!(
        "SELECT * FROM {} WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at, id LIMIT {limit}",
        table("erasures")
    ))
    .bind::<InstantSql, _>(now)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|job| job.id.0).collect())
}

/// The erasures of an organisation, newest first.
pub(in super::super) async fn list(
    conn: &mut Conn,
    organization: &str,
    after: Option<Uuid>,
) -> QueryResult<Vec<Erasure>> {
    let after = after.map(|id| format!(" AND id < {}", super::super::id_literal(id))).unwrap_or_default();
    let rows: Vec<Job> = sql_query(format!(
        "SELECT * FROM {} WHERE organization_id = $1{after} ORDER BY id DESC LIMIT {AT_ONCE}",
        table("erasures")
    ))
    .bind::<Text, _>(organization.to_owned())
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(Job::into_erasure).collect())
}

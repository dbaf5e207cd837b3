//! Two conversations that turned out to be one.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Bool, Text},
};
use serde_json::json;

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    conversations::{OPEN, told},
    rows::EventRow,
    schema::conversations,
};
use crate::history::sql_types::{Instant, InstantSql, Uid, UidSql};

/// A conversation that is a part of another.
pub(super) struct Fold {
    pub part: Uid,
    pub into: Uid,
    pub contact: Uid,
}

/// A conversation, as far as it is added to another.
#[derive(Queryable, Selectable)]
#[diesel(table_name = conversations)]
struct Half {
    id: Uid,
    organization_id: String,
    account_id: String,
    status: String,
    assignee_id: Option<String>,
    unread: i32,
    inbound_count: i32,
    last_message_id: Option<Uid>,
    last_message_at: Instant,
    said_at: Option<Instant>,
    said_key: Option<Uid>,
    subject: Option<String>,
    last_inbound_at: Option<Instant>,
    arrived_at: Option<Instant>,
    decided_at: Option<Instant>,
    decided_by: Option<String>,
    snoozed_until: Option<Instant>,
    closed_at: Option<Instant>,
    created_at: Instant,
}

/// Moves all of the one into the other. Returns the log's row where both were there.
pub(super) async fn write(conn: &mut Conn, fold: &Fold, now: Instant) -> QueryResult<Option<EventRow>> {
    rename(conn, fold).await?;
    let halves: Vec<Half> = locked!(
        conversations::table
            .filter(conversations::id.eq_any([fold.part, fold.into]))
            .order(conversations::id)
            .select(Half::as_select())
    )
    .load(conn)
    .await?;
    let (part, into): (Vec<Half>, Vec<Half>) = halves.into_iter().partition(|half| half.id == fold.part);
    let (Some(part), Some(into)) = (part.into_iter().next(), into.into_iter().next()) else {
        return orphan(conn, fold).await;
    };
    let which = (into.organization_id.clone(), into.account_id.clone(), into.id, into.last_message_id);
    name(conn, &into.organization_id, fold.contact, fold.part, fold.into, true, now).await?;
    add(conn, into, part, now).await?;
    reads(conn, fold).await?;
    for gone in ["pacing_pairs", "conversation_reads"] {
        let query = format!("DELETE FROM {} WHERE conversation_id = $1", table(gone));
        sql_query(query).bind::<UidSql, _>(fold.part).execute(conn).await?;
    }
    diesel::delete(conversations::table.find(fold.part)).execute(conn).await?;
    Ok(Some(told(which, json!({"change": "joined", "joined": fold.part.0}), now)))
}

/// Only one of them was ever written: it is called what the other would have been.
async fn orphan(conn: &mut Conn, fold: &Fold) -> QueryResult<Option<EventRow>> {
    diesel::update(conversations::table.find(fold.part)).set(conversations::id.eq(fold.into)).execute(conn).await?;
    let query = format!("UPDATE {} SET conversation_id = $1 WHERE conversation_id = $2", table("conversation_reads"));
    sql_query(query).bind::<UidSql, _>(fold.into).bind::<UidSql, _>(fold.part).execute(conn).await?;
    Ok(None)
}

/// Whatever refers to the one refers to the other.
async fn rename(conn: &mut Conn, fold: &Fold) -> QueryResult<()> {
    for holder in ["mail_threads", "messages", "outbox", "conversation_notes"] {
        let query = format!("UPDATE {} SET conversation_id = $1 WHERE conversation_id = $2", table(holder));
        sql_query(query).bind::<UidSql, _>(fold.into).bind::<UidSql, _>(fold.part).execute(conn).await?;
    }
    Ok(())
}

/// Adds the halves up: what is counted is the sum, what was said last the later, and of two decisions the later stands; but
/// what is open in one is open.
async fn add(conn: &mut Conn, into: Half, part: Half, now: Instant) -> QueryResult<()> {
    let id = into.id;
    let assignee = into.assignee_id.clone().or(part.assignee_id.clone());
    let counted = (into.unread + part.unread, into.inbound_count + part.inbound_count);
    let latest = into.last_message_at.max(part.last_message_at);
    let inbound = (into.last_inbound_at.max(part.last_inbound_at), into.arrived_at.max(part.arrived_at));
    let created_at = into.created_at.min(part.created_at);
    let open = into.status == OPEN || part.status == OPEN;
    let (said, decided) = {
        let said = if (part.said_at, part.said_key) > (into.said_at, into.said_key) { &part } else { &into };
        let decided = if part.decided_at > into.decided_at { &part } else { &into };
        let said = (said.last_message_id, said.said_at, said.said_key, said.subject.clone());
        let status = if open { OPEN.to_owned() } else { decided.status.clone() };
        let until = (decided.snoozed_until.filter(|_| !open), decided.closed_at.filter(|_| !open));
        (said, (status, decided.decided_at, decided.decided_by.clone(), until))
    };
    diesel::update(conversations::table.find(id))
        .set((
            (conversations::unread.eq(counted.0), conversations::inbound_count.eq(counted.1)),
            (conversations::last_message_id.eq(said.0), conversations::said_at.eq(said.1)),
            (conversations::said_key.eq(said.2), conversations::subject.eq(said.3)),
            (conversations::last_message_at.eq(latest), conversations::last_inbound_at.eq(inbound.0)),
            (conversations::arrived_at.eq(inbound.1), conversations::assignee_id.eq(assignee)),
            (conversations::status.eq(decided.0), conversations::decided_at.eq(decided.1)),
            (conversations::decided_by.eq(decided.2), conversations::snoozed_until.eq(decided.3.0)),
            (conversations::closed_at.eq(decided.3.1), conversations::created_at.eq(created_at)),
            conversations::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// What a user has seen of both is the sum as well.
async fn reads(conn: &mut Conn, fold: &Fold) -> QueryResult<()> {
    let reads = table("conversation_reads");
    sql_query(format!(
        "INSERT INTO {reads} AS r (conversation_id, user_id, organization_id, seen, read_at) \
         SELECT $1, user_id, organization_id, seen, read_at FROM {reads} WHERE conversation_id = $2 \
         ON CONFLICT (conversation_id, user_id) DO UPDATE SET seen = r.seen + excluded.seen"
    ))
    .bind::<UidSql, _>(fold.into)
    .bind::<UidSql, _>(fold.part)
    .execute(conn)
    .await
    .map(drop)
}

/// Notes a name of a conversation, or one that is a part of it. One that is known already stays.
pub(super) async fn name(
    conn: &mut Conn,
    organization: &str,
    contact: Uid,
    name: Uid,
    conversation: Uid,
    joined: bool,
    now: Instant,
) -> QueryResult<()> {
    sql_query(format!(
        "INSERT INTO {} (id, organization_id, contact_id, conversation_id, joined, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        table("mail_threads")
    ))
    .bind::<UidSql, _>(name)
    .bind::<Text, _>(organization.to_owned())
    .bind::<UidSql, _>(contact)
    .bind::<UidSql, _>(conversation)
    .bind::<Bool, _>(joined)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
    .map(drop)
}

//! Rows of `comunicaciones` that another program wrote or changed. We may add nothing to that table that would tell us of
//! them, so we look: at what is above the highest number seen, and again and again at all of it, a part at a time.

use std::collections::HashSet;

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{
    Conn, RunQueryDsl,
    comunicaciones::{direction_code, direction_of},
    ingest,
    rows::{EventRow, MessageRow},
    schema::{comunicaciones as table, marks, messages},
};
use crate::{
    Direction, Status,
    history::{
        sql_types::{Doc, Instant, Uid, Wall},
        text::{derived_id, number_of, search_form},
        vocabulary,
    },
};

/// The newest rows, which are compared with ours at every look.
const RECENT: i64 = 1_000;

/// How many are looked at in one go: where the table is taken in, and of the older rows at every look, in turn.
const PART: i64 = 5_000;

/// The mark up to which every row has been taken in.
const TAKEN_IN: &str = "comunicaciones.taken_in";

/// The mark up to which the older rows have been compared in this turn.
const COMPARED: &str = "comunicaciones.compared";

/// A row as the other program sees it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Foreign {
    id: i32,
    lead_id: Option<i32>,
    cliente_id: Option<i32>,
    contrato_id: Option<i32>,
    usuario_id: i32,
    canal: String,
    direccion: String,
    destinatario: String,
    contenido: Option<String>,
    estado: String,
    sid_externo: Option<String>,
    duracion_seg: Option<i32>,
    fecha_creacion: Wall,
}

/// What a look found: how many rows are new, and the last cursor of the log.
pub(in super::super) type Found = (u64, Option<i64>);

/// Takes in what other programs wrote among the next rows above a number. Returns what it found, and the number to go on above.
/// The log tells of it where `tell`: what was there before us is no news.
pub(in super::super) async fn take_in(
    conn: &mut Conn,
    organization: &str,
    after: i32,
    tell: bool,
    now: Instant,
) -> QueryResult<(Found, Option<i32>)> {
    let end = end_of_part(conn, after).await?;
    let to = end.unwrap_or(i32::MAX);
    // The range is said of both tables: one look goes over a part of each, however long they are.
    let same = messages::comunicacion_id
        .eq(table::id.nullable())
        .and(messages::comunicacion_id.gt(after))
        .and(messages::comunicacion_id.le(to));
    let foreign: Vec<Foreign> = table::table
        .left_join(messages::table.on(same))
        .filter(table::id.gt(after))
        .filter(table::id.le(to))
        .filter(messages::id.is_null())
        // Two who take in the same rows meet them in one order.
        .order(table::id)
        .select(Foreign::as_select())
        .load(conn)
        .await?;
    let rows = foreign.into_iter().map(|row| row.into_message(organization)).collect();
    Ok((insert(conn, rows, tell, now).await?, end))
}

/// Stores rows of others, and tells the log of those that are new.
async fn insert(conn: &mut Conn, rows: Vec<MessageRow>, tell: bool, now: Instant) -> QueryResult<Found> {
    if rows.is_empty() {
        return Ok((0, None));
    }
    super::super::begin(conn).await?;
    let inserted = insert_in(conn, rows, tell, now).await;
    super::super::end(conn, inserted).await
}

async fn insert_in(conn: &mut Conn, rows: Vec<MessageRow>, tell: bool, now: Instant) -> QueryResult<Found> {
    let new: Vec<Uid> = insert_new_any!(conn, messages::table, rows.clone(), messages::id);
    let new: HashSet<Uid> = new.into_iter().collect();
    let log = rows.iter().filter(|row| tell && new.contains(&row.id)).map(|row| ingest::log_row(row, now));
    let cursor = ingest::append(conn, log.collect()).await?;
    Ok((new.len() as u64, cursor))
}

/// Whether there is a row above this number that another program wrote.
pub(in super::super) async fn any(conn: &mut Conn, after: i32) -> QueryResult<bool> {
    let found: Option<i32> = table::table
        .left_join(messages::table.on(messages::comunicacion_id.eq(table::id.nullable())))
        .filter(messages::id.is_null())
        .filter(table::id.gt(after))
        .select(table::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Compares the newest rows, and the next part of the older ones, with ours: what another program changed there is what the
/// filters find from now on, and a row that was committed long after its neighbours is taken in. Returns how many of those, and the
/// last cursor of the log, which tells of all.
pub(in super::super) async fn compare(conn: &mut Conn, organization: &str, now: Instant) -> QueryResult<Found> {
    let highest = highest(conn).await?;
    let recent = table::table.order(table::id.desc()).offset(RECENT).limit(1).select(table::id);
    let recent: Option<i32> = recent.get_result(conn).await.optional()?;
    let start = mark(conn, COMPARED).await?;
    let end = table::table.filter(table::id.gt(start)).order(table::id).offset(PART - 1).limit(1).select(table::id);
    let end: Option<i32> = end.get_result(conn).await.optional()?;
    let (new, first) = compare_between(conn, organization, recent.unwrap_or(0), highest, now).await?;
    let (older, second) = compare_between(conn, organization, start, end.unwrap_or(highest), now).await?;
    set_mark(conn, COMPARED, end.unwrap_or(0)).await?;
    Ok((new + older, second.max(first)))
}

/// The mark up to which every row has been taken in.
pub(in super::super) async fn taken_in(conn: &mut Conn) -> QueryResult<i32> {
    mark(conn, TAKEN_IN).await
}

/// Sets the mark.
pub(in super::super) async fn set_taken_in(conn: &mut Conn, id: i32) -> QueryResult<()> {
    set_mark(conn, TAKEN_IN, id).await
}

/// The highest number there is.
pub(in super::super) async fn highest(conn: &mut Conn) -> QueryResult<i32> {
    let highest: Option<i32> = table::table.select(diesel::dsl::max(table::id)).first(conn).await?;
    Ok(highest.unwrap_or(0))
}

/// The number at which the part that begins above this one ends; `None` where the table ends before.
async fn end_of_part(conn: &mut Conn, after: i32) -> QueryResult<Option<i32>> {
    let end = table::table.filter(table::id.gt(after)).order(table::id).offset(PART - 1).limit(1).select(table::id);
    end.get_result(conn).await.optional()
}

async fn compare_between(conn: &mut Conn, organization: &str, after: i32, to: i32, now: Instant) -> QueryResult<Found> {
    let same = messages::comunicacion_id
        .eq(table::id.nullable())
        .and(messages::comunicacion_id.gt(after))
        .and(messages::comunicacion_id.le(to));
    let different: Vec<(Foreign, Option<Ours>)> = table::table
        .left_join(messages::table.on(same))
        .filter(table::id.gt(after))
        .filter(table::id.le(to))
        .filter(messages::id.is_null().or(sql::<Bool>(&changed())))
        .select((Foreign::as_select(), Option::<Ours>::as_select()))
        .load(conn)
        .await?;
    let (mut missing, mut last) = (Vec::new(), None);
    for (theirs, ours) in different {
        match ours {
            None => missing.push(theirs.into_message(organization)),
            Some(ours) => last = changed_by_others(conn, ours, theirs, organization, now).await?.max(last),
        }
    }
    missing.sort_unstable_by_key(|row| row.comunicacion_id);
    let (new, cursor) = insert(conn, missing, true, now).await?;
    Ok((new, cursor.max(last)))
}

/// Our row follows the shared one, and the log tells of it. Each in a transaction of its own: who changes many waits for nobody
/// who has some of them.
async fn changed_by_others(
    conn: &mut Conn,
    ours: Ours,
    theirs: Foreign,
    organization: &str,
    now: Instant,
) -> QueryResult<Option<i64>> {
    super::super::begin(conn).await?;
    let changed = change_in(conn, ours, theirs, organization, now).await;
    super::super::end(conn, changed).await
}

async fn change_in(
    conn: &mut Conn,
    ours: Ours,
    theirs: Foreign,
    organization: &str,
    now: Instant,
) -> QueryResult<Option<i64>> {
    if ours.account_id.is_none() {
        follow(conn, ours.id, theirs.into_message(organization)).await?;
    } else {
        ours.adopt(conn, &theirs).await?;
    }
    let told = EventRow {
        organization_id: ours.organization_id,
        kind: "edited".to_owned(),
        account_id: ours.account_id,
        message_id: Some(ours.id),
        conversation_id: ours.conversation_id,
        payload: Doc(serde_json::json!({})),
        created_at: now,
    };
    ingest::append(conn, vec![told]).await
}

/// A condition that holds where the shared row says something else than ours. An id that is no number is only in ours.
fn changed() -> String {
    let messages = super::super::MESSAGES;
    let link = |theirs: &str, ours: &str| {
        format!(
            "(CAST(comunicaciones.{theirs} AS text) IS DISTINCT FROM {messages}.{ours} \
             AND NOT (comunicaciones.{theirs} IS NULL AND ltrim({messages}.{ours}, '0123456789') <> ''))"
        )
    };
    let words: String = Status::ALL
        .iter()
        .map(|status| format!("WHEN {} THEN '{}' ", status.rank(), vocabulary::estado(*status)))
        .collect();
    [
        link("lead_id", "lead_id"),
        link("cliente_id", "client_id"),
        link("contrato_id", "contract_id"),
        format!("CAST(comunicaciones.usuario_id AS text) IS DISTINCT FROM {messages}.user_id"),
        format!(
            "comunicaciones.estado IS DISTINCT FROM COALESCE({messages}.foreign_status, CASE {messages}.status {words}END)"
        ),
        format!(
            "({messages}.account_id IS NULL AND (comunicaciones.contenido IS DISTINCT FROM {messages}.body \
             OR comunicaciones.sid_externo IS DISTINCT FROM {messages}.provider_id \
             OR comunicaciones.destinatario IS DISTINCT FROM {messages}.counterpart \
             OR comunicaciones.duracion_seg IS DISTINCT FROM {messages}.duration_seconds))"
        ),
    ]
    .join(" OR ")
}

/// The other program's own row changed: ours becomes what it would be if it were taken in now.
async fn follow(conn: &mut Conn, ours: Uid, row: MessageRow) -> QueryResult<()> {
    diesel::update(messages::table.find(ours))
        .set((
            messages::lead_id.eq(row.lead_id),
            messages::client_id.eq(row.client_id),
            messages::contract_id.eq(row.contract_id),
            messages::user_id.eq(row.user_id),
            messages::status.eq(row.status),
            messages::foreign_status.eq(row.foreign_status),
            messages::body.eq(row.body),
            messages::search.eq(row.search),
            messages::provider_id.eq(row.provider_id),
            messages::counterpart.eq(row.counterpart),
            messages::duration_seconds.eq(row.duration_seconds),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// What comparing needs of our row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct Ours {
    id: Uid,
    organization_id: String,
    conversation_id: Option<Uid>,
    account_id: Option<String>,
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    direction: i16,
    status: i16,
}

impl Ours {
    /// The row of a message of ours was changed: what it belongs to and whose it is follows. Its state moves forward only; a
    /// word that would take it back, or is none of ours, stands beside it.
    async fn adopt(&self, conn: &mut Conn, theirs: &Foreign) -> QueryResult<()> {
        let inbound = direction_of(self.direction) == Direction::Inbound;
        let named = vocabulary::statuses(&theirs.estado);
        let same = named.iter().any(|status| status.rank() == self.status);
        let moved = named
            .last()
            .map(|status| status.rank())
            // Nothing but a reader moves what came in.
            .filter(|rank| !same && (inbound || *rank > self.status));
        let foreign = (!same && moved.is_none()).then(|| theirs.estado.clone());
        diesel::update(messages::table.find(self.id))
            .set((
                messages::lead_id.eq(link(theirs.lead_id, self.lead_id.as_deref())),
                messages::client_id.eq(link(theirs.cliente_id, self.client_id.as_deref())),
                messages::contract_id.eq(link(theirs.contrato_id, self.contract_id.as_deref())),
                messages::user_id.eq(theirs.usuario_id.to_string()),
                messages::foreign_status.eq(foreign),
            ))
            .execute(conn)
            .await?;
        if let Some(rank) = moved {
            // Unless a report of the provider has moved it meanwhile.
            diesel::update(messages::table.find(self.id).filter(messages::status.eq(self.status)))
                .set(messages::status.eq(rank))
                .execute(conn)
                .await?;
        }
        Ok(())
    }
}

fn link(theirs: Option<i32>, ours: Option<&str>) -> Option<String> {
    theirs.map(|id| id.to_string()).or_else(|| ours.filter(|id| number_of(id).is_none()).map(str::to_owned))
}

async fn mark(conn: &mut Conn, name: &str) -> QueryResult<i32> {
    let value: Option<i64> = marks::table.find(name).select(marks::value).first(conn).await.optional()?;
    Ok(value.and_then(|value| i32::try_from(value).ok()).unwrap_or(0))
}

async fn set_mark(conn: &mut Conn, name: &str, id: i32) -> QueryResult<()> {
    diesel::insert_into(marks::table)
        .values((marks::name.eq(name), marks::value.eq(i64::from(id))))
        .on_conflict(marks::name)
        .do_update()
        .set(marks::value.eq(i64::from(id)))
        .execute(conn)
        .await?;
    Ok(())
}

impl Foreign {
    fn into_message(self, organization: &str) -> MessageRow {
        let direction = vocabulary::direction(&self.direccion).unwrap_or(Direction::Outbound);
        let known = vocabulary::statuses(&self.estado).last().copied();
        let status = known.unwrap_or(match direction {
            Direction::Inbound => Status::Received,
            Direction::Outbound => Status::Accepted,
        });
        let created_at = Instant::of(self.fecha_creacion.0);
        MessageRow {
            // Derived from the row's number: taking it in twice, or by two processes at once, is taking it in once.
            id: Uid(derived_id("comunicacion", &[organization, &self.id.to_string()])),
            organization_id: organization.to_owned(),
            account_id: None,
            provider_id: self.sid_externo,
            conversation_id: None,
            contact_id: None,
            lead_id: self.lead_id.map(|id| id.to_string()),
            client_id: self.cliente_id.map(|id| id.to_string()),
            contract_id: self.contrato_id.map(|id| id.to_string()),
            user_id: Some(self.usuario_id.to_string()),
            channel: vocabulary::channel(&self.canal).map_or(self.canal, |channel| channel.as_str().to_owned()),
            direction: direction_code(direction),
            counterpart: self.destinatario,
            counterpart_kind: "other".to_owned(),
            content: None,
            search: self.contenido.as_deref().map(search_form),
            body: self.contenido,
            reply_to: None,
            extra: None,
            status: status.rank(),
            foreign_status: known.is_none().then_some(self.estado),
            problem: None,
            duration_seconds: self.duracion_seg,
            answered_by: None,
            idempotency_key: None,
            request_hash: None,
            retry_of: None,
            comunicacion_id: Some(self.id),
            webhook_id: None,
            occurred_at: None,
            created_at,
            updated_at: created_at,
        }
    }
}

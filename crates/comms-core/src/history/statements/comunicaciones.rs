//! S0's table: rows are added and their state is moved on, whoever owns the table.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    rows::{ComunicacionRow, MessageRow},
    schema::{accounts, comunicaciones as table, marks, messages},
};
use crate::{
    Direction, Status,
    history::{
        sql_types::{Instant, Uid, Wall},
        text::{CANAL, DESTINATARIO, ESTADO, SID_EXTERNO, search_form, shorten},
        vocabulary,
    },
};

/// How many rows one round takes in or fills.
const ROUND: i64 = 500;

/// The mark up to which every row has been taken in.
const TAKEN_IN: &str = "comunicaciones.taken_in";

/// Gives each message that has an owner a row number, reserved beforehand, so that both rows can be written at once.
pub(super) async fn number(conn: &mut Conn, rows: &mut [MessageRow]) -> QueryResult<()> {
    let mut owned: Vec<&mut MessageRow> =
        rows.iter_mut().filter(|row| owner(row).is_some()).collect();
    let ids = super::super::reserve_row_ids(conn, owned.len()).await?;
    for (row, id) in owned.iter_mut().zip(ids) {
        row.comunicacion_id = Some(id);
    }
    Ok(())
}

/// Writes the rows of messages that were numbered.
pub(super) async fn write(
    conn: &mut Conn,
    rows: impl Iterator<Item = &MessageRow>,
) -> QueryResult<()> {
    let rows: Vec<ComunicacionRow> = rows.filter_map(row).collect();
    insert_ignore!(conn, table::table, rows, table::id);
    Ok(())
}

/// Moves the states of rows on.
pub(super) async fn move_states(conn: &mut Conn, moved: Vec<(i16, i32)>) -> QueryResult<()> {
    let mut by_word: BTreeMap<&'static str, Vec<i32>> = BTreeMap::new();
    for (rank, id) in moved {
        if let Some(status) = Status::from_rank(rank) {
            by_word
                .entry(vocabulary::estado(status))
                .or_default()
                .push(id);
        }
    }
    for (word, mut ids) in by_word {
        ids.sort_unstable();
        diesel::update(table::table.filter(table::id.eq_any(ids)))
            .set(table::estado.eq(word))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Writes the provider's id of a message into its row.
pub(super) async fn name(conn: &mut Conn, message: Uid, provider_id: &str) -> QueryResult<()> {
    let id: Option<Option<i32>> = messages::table
        .find(message)
        .select(messages::comunicacion_id)
        .first(conn)
        .await
        .optional()?;
    if let Some(Some(id)) = id {
        diesel::update(table::table.find(id))
            .set(table::sid_externo.eq(shorten(provider_id, SID_EXTERNO)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Messages that waited for an owner and now have one, with that owner. One round, oldest first.
pub(in super::super) async fn fillable(conn: &mut Conn) -> QueryResult<Vec<(Uid, String)>> {
    let waiting: Vec<(Uid, Option<String>, Option<String>)> = messages::table
        .left_join(accounts::table.on(accounts::id.nullable().eq(messages::account_id)))
        .filter(messages::comunicacion_id.is_null())
        .filter(
            messages::user_id
                .is_not_null()
                .or(accounts::owner_id.is_not_null()),
        )
        .order((messages::created_at, messages::id))
        .limit(ROUND)
        .select((
            messages::id,
            messages::user_id,
            accounts::owner_id.nullable(),
        ))
        .load(conn)
        .await?;
    Ok(waiting
        .into_iter()
        .filter_map(|(id, user, owner)| Some((id, user.or(owner)?)))
        .filter(|(_, user)| user.parse::<i32>().is_ok())
        .collect())
}

/// Writes the row of a message that waited. `false` where another process was faster.
pub(in super::super) async fn fill(conn: &mut Conn, message: Uid, user: &str) -> QueryResult<bool> {
    super::super::begin(conn).await?;
    let filled = fill_in(conn, message, user).await;
    super::super::end(conn, filled).await
}

async fn fill_in(conn: &mut Conn, message: Uid, user: &str) -> QueryResult<bool> {
    let Some(number) = super::super::reserve_row_ids(conn, 1).await?.pop() else {
        return Ok(false);
    };
    let claimed: Option<WaitingMessage> = diesel::update(
        messages::table
            .find(message)
            .filter(messages::comunicacion_id.is_null()),
    )
    .set((
        messages::comunicacion_id.eq(number),
        messages::user_id.eq(user),
    ))
    .returning(WaitingMessage::as_returning())
    .get_result(conn)
    .await
    .optional()?;
    let Some(claimed) = claimed else {
        return Ok(false);
    };
    let rows = vec![claimed.into_row(number, user)];
    insert_ignore!(conn, table::table, rows, table::id);
    Ok(true)
}

/// How many messages have no row for want of an owner.
pub(in super::super) async fn waiting(conn: &mut Conn) -> QueryResult<i64> {
    messages::table
        .filter(messages::comunicacion_id.is_null())
        .count()
        .get_result(conn)
        .await
}

/// A row that another program wrote.
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

/// Takes in one round of rows that other programs wrote, above the mark. Returns how many, and the last id looked at.
pub(in super::super) async fn take_in(
    conn: &mut Conn,
    organization: &str,
    after: i32,
) -> QueryResult<(u64, Option<i32>)> {
    let foreign: Vec<Foreign> = table::table
        .left_join(messages::table.on(messages::comunicacion_id.eq(table::id.nullable())))
        .filter(messages::id.is_null())
        .filter(table::id.gt(after))
        .order(table::id)
        .limit(ROUND)
        .select(Foreign::as_select())
        .load(conn)
        .await?;
    let last = foreign.last().map(|row| row.id);
    let rows: Vec<MessageRow> = foreign
        .into_iter()
        .map(|row| row.into_message(organization))
        .collect();
    let new: Vec<Uid> = insert_new_any!(conn, messages::table, rows, messages::id);
    Ok((new.len() as u64, last))
}

/// Whether there is a row above this number that another program wrote.
pub(in super::super) async fn any_foreign(conn: &mut Conn, after: i32) -> QueryResult<bool> {
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

/// The mark up to which every row has been taken in.
pub(in super::super) async fn taken_in(conn: &mut Conn) -> QueryResult<i32> {
    let value: Option<i64> = marks::table
        .find(TAKEN_IN)
        .select(marks::value)
        .first(conn)
        .await
        .optional()?;
    Ok(value
        .and_then(|value| i32::try_from(value).ok())
        .unwrap_or(0))
}

/// Sets the mark.
pub(in super::super) async fn set_taken_in(conn: &mut Conn, id: i32) -> QueryResult<()> {
    diesel::insert_into(marks::table)
        .values((marks::name.eq(TAKEN_IN), marks::value.eq(i64::from(id))))
        .on_conflict(marks::name)
        .do_update()
        .set(marks::value.eq(i64::from(id)))
        .execute(conn)
        .await?;
    Ok(())
}

/// The highest id there is.
pub(in super::super) async fn highest(conn: &mut Conn) -> QueryResult<i32> {
    let highest: Option<i32> = table::table
        .select(diesel::dsl::max(table::id))
        .first(conn)
        .await?;
    Ok(highest.unwrap_or(0))
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
            id: Uid(crate::history::text::derived_id(
                "comunicacion",
                &[organization, &self.id.to_string()],
            )),
            organization_id: organization.to_owned(),
            account_id: None,
            provider_id: self.sid_externo,
            conversation_id: None,
            contact_id: None,
            lead_id: self.lead_id.map(|id| id.to_string()),
            client_id: self.cliente_id.map(|id| id.to_string()),
            contract_id: self.contrato_id.map(|id| id.to_string()),
            user_id: Some(self.usuario_id.to_string()),
            channel: vocabulary::channel(&self.canal)
                .map_or(self.canal, |channel| channel.as_str().to_owned()),
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

/// What a waiting message's row is made of.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct WaitingMessage {
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    channel: String,
    direction: i16,
    counterpart: String,
    body: Option<String>,
    status: i16,
    provider_id: Option<String>,
    duration_seconds: Option<i32>,
    created_at: Instant,
}

impl WaitingMessage {
    fn into_row(self, id: i32, user: &str) -> ComunicacionRow {
        made_of(Parts {
            id,
            user,
            lead: self.lead_id.as_deref(),
            client: self.client_id.as_deref(),
            contract: self.contract_id.as_deref(),
            channel: &self.channel,
            direction: self.direction,
            counterpart: &self.counterpart,
            body: self.body.as_deref(),
            status: self.status,
            provider_id: self.provider_id.as_deref(),
            duration: self.duration_seconds,
            created_at: self.created_at,
        })
    }
}

fn row(message: &MessageRow) -> Option<ComunicacionRow> {
    Some(made_of(Parts {
        id: message.comunicacion_id?,
        user: message.user_id.as_deref()?,
        lead: message.lead_id.as_deref(),
        client: message.client_id.as_deref(),
        contract: message.contract_id.as_deref(),
        channel: &message.channel,
        direction: message.direction,
        counterpart: &message.counterpart,
        body: message.body.as_deref(),
        status: message.status,
        provider_id: message.provider_id.as_deref(),
        duration: message.duration_seconds,
        created_at: message.created_at,
    }))
}

struct Parts<'a> {
    id: i32,
    user: &'a str,
    lead: Option<&'a str>,
    client: Option<&'a str>,
    contract: Option<&'a str>,
    channel: &'a str,
    direction: i16,
    counterpart: &'a str,
    body: Option<&'a str>,
    status: i16,
    provider_id: Option<&'a str>,
    duration: Option<i32>,
    created_at: Instant,
}

fn made_of(parts: Parts<'_>) -> ComunicacionRow {
    let integer = |id: Option<&str>| id.and_then(|id| id.parse().ok());
    let estado = Status::from_rank(parts.status).map_or("desconocido", vocabulary::estado);
    let known: Option<crate::ChannelKind> = serde_json::from_value(parts.channel.into()).ok();
    let canal = known.map_or(parts.channel, |channel| vocabulary::canal(channel));
    ComunicacionRow {
        id: parts.id,
        lead_id: integer(parts.lead),
        cliente_id: integer(parts.client),
        contrato_id: integer(parts.contract),
        // Numbered messages have an owner that is a number: `owner` saw to it.
        usuario_id: parts.user.parse().unwrap_or_default(),
        canal: shorten(canal, CANAL),
        direccion: vocabulary::direccion(direction_of(parts.direction)).to_owned(),
        destinatario: shorten(parts.counterpart, DESTINATARIO),
        contenido: parts.body.map(str::to_owned),
        estado: shorten(estado, ESTADO),
        sid_externo: parts.provider_id.map(|id| shorten(id, SID_EXTERNO)),
        duracion_seg: parts.duration,
        fecha_creacion: Wall(parts.created_at.0),
    }
}

/// The owner as the table wants it: a number.
fn owner(row: &MessageRow) -> Option<i32> {
    row.user_id.as_deref()?.parse().ok()
}

pub(super) fn direction_code(direction: Direction) -> i16 {
    match direction {
        Direction::Inbound => 0,
        Direction::Outbound => 1,
    }
}

pub(super) fn direction_of(code: i16) -> Direction {
    if code == 0 {
        Direction::Inbound
    } else {
        Direction::Outbound
    }
}

//! S0's table: rows are added and their state is moved on, whoever owns the table.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    fixed::{Column, Fixed, Given, row},
    rows::{ComunicacionRow, MessageRow},
    schema::comunicaciones as table,
};
use crate::{
    Direction, Status,
    history::{
        sql_types::{Instant, Wall},
        text::{CANAL, DESTINATARIO, ESTADO, SID_EXTERNO, number_of, shorten},
        vocabulary,
    },
};

/// Gives each message that has an owner a row number, reserved beforehand, so that both rows can be written at once.
pub(super) async fn number(conn: &mut Conn, rows: &mut [MessageRow]) -> QueryResult<()> {
    let mut owned: Vec<&mut MessageRow> = rows.iter_mut().filter(|row| owner(row).is_some()).collect();
    let ids = super::super::reserve_row_ids(conn, owned.len()).await?;
    for (row, id) in owned.iter_mut().zip(ids) {
        row.comunicacion_id = Some(id);
    }
    Ok(())
}

/// Writes the rows of messages that were numbered.
pub(super) async fn write(conn: &mut Conn, rows: impl Iterator<Item = &MessageRow>) -> QueryResult<()> {
    let rows: Vec<ComunicacionRow> = rows.filter_map(row_of).collect();
    insert_ignore!(conn, table::table, rows, table::id);
    Ok(())
}

/// Moves the states of rows on.
pub(super) async fn move_states(conn: &mut Conn, moved: Vec<(i16, i32)>) -> QueryResult<()> {
    let mut by_word: BTreeMap<&'static str, Vec<i32>> = BTreeMap::new();
    for (rank, id) in moved {
        if let Some(status) = Status::from_rank(rank) {
            by_word.entry(vocabulary::estado(status)).or_default().push(id);
        }
    }
    for (word, mut ids) in by_word {
        ids.sort_unstable();
        diesel::update(table::table.filter(table::id.eq_any(ids))).set(table::estado.eq(word)).execute(conn).await?;
    }
    Ok(())
}

/// What became of a message that has a row.
pub(super) struct Change {
    pub id: i32,
    /// Its state, where that is another one.
    pub rank: Option<i16>,
    /// The provider's id, where it has one only now.
    pub provider_id: Option<String>,
    /// How long a call lasted, where that is longer than was told before.
    pub seconds: Option<i32>,
}

const CHANGED: &[(&str, Column)] =
    &[("id", Column::Integer), ("estado", Column::Text), ("sid", Column::Text), ("seconds", Column::Integer)];

/// Writes what became of messages into their rows: of how long a call lasted the longest that was ever told.
pub(super) async fn change(conn: &mut Conn, mut changes: Vec<Change>) -> QueryResult<()> {
    changes.retain(|one| one.rank.is_some() || one.provider_id.is_some() || one.seconds.is_some());
    if changes.is_empty() {
        return Ok(());
    }
    changes.sort_unstable_by_key(|one| one.id);
    let given = changes.iter().map(|one| {
        let estado = one.rank.and_then(Status::from_rank).map(vocabulary::estado);
        row([
            ("id", Some(one.id.into())),
            ("estado", estado.map(Into::into)),
            ("sid", one.provider_id.as_deref().map(|name| shorten(name, SID_EXTERNO).into())),
            ("seconds", one.seconds.map(Into::into)),
        ])
    });
    Fixed::new(
        "UPDATE comunicaciones AS c SET estado = COALESCE(w.estado, c.estado), sid_externo = COALESCE(w.sid, c.sid_externo), \
         duracion_seg = CASE WHEN w.seconds > COALESCE(c.duracion_seg, -1) THEN w.seconds ELSE c.duracion_seg END FROM ",
    )
    .given(Given::new(CHANGED, given))
    .text(" WHERE c.id = w.id")
    .execute(conn)
    .await
    .map(drop)
}

/// Writes whose a row is, and what it belongs to where that is told.
pub(super) async fn belong(
    conn: &mut Conn,
    id: i32,
    user: Option<&str>,
    links: Option<&MessageRow>,
) -> QueryResult<()> {
    let integer = |id: &Option<String>| id.as_deref().and_then(number_of);
    // A user who is no number has no place in the table: the row stays whose it was.
    let user = user.and_then(number_of).map(|user| table::usuario_id.eq(user));
    let links = links.map(|row| {
        (
            table::lead_id.eq(integer(&row.lead_id)),
            table::cliente_id.eq(integer(&row.client_id)),
            table::contrato_id.eq(integer(&row.contract_id)),
        )
    });
    if user.is_some() || links.is_some() {
        diesel::update(table::table.find(id)).set((user, links)).execute(conn).await?;
    }
    Ok(())
}

/// Writes the other party of a call whose row was written before it was told.
pub(super) async fn address(conn: &mut Conn, id: i32, counterpart: &str) -> QueryResult<()> {
    diesel::update(table::table.find(id))
        .set(table::destinatario.eq(shorten(counterpart, DESTINATARIO)))
        .execute(conn)
        .await?;
    Ok(())
}

fn row_of(message: &MessageRow) -> Option<ComunicacionRow> {
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

/// What a row is made of.
pub(super) struct Parts<'a> {
    pub id: i32,
    pub user: &'a str,
    pub lead: Option<&'a str>,
    pub client: Option<&'a str>,
    pub contract: Option<&'a str>,
    pub channel: &'a str,
    pub direction: i16,
    pub counterpart: &'a str,
    pub body: Option<&'a str>,
    pub status: i16,
    pub provider_id: Option<&'a str>,
    pub duration: Option<i32>,
    pub created_at: Instant,
}

/// A row, its values made fit for their columns.
pub(super) fn made_of(parts: Parts<'_>) -> ComunicacionRow {
    let integer = |id: Option<&str>| id.and_then(number_of);
    let estado = Status::from_rank(parts.status).map_or("desconocido", vocabulary::estado);
    ComunicacionRow {
        id: parts.id,
        lead_id: integer(parts.lead),
        cliente_id: integer(parts.client),
        contrato_id: integer(parts.contract),
        // Numbered messages have an owner that is a number: `owner` saw to it.
        usuario_id: number_of(parts.user).unwrap_or_default(),
        canal: shorten(vocabulary::canal_of(parts.channel), CANAL),
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
    number_of(row.user_id.as_deref()?)
}

pub(super) fn direction_code(direction: Direction) -> i16 {
    match direction {
        Direction::Inbound => 0,
        Direction::Outbound => 1,
    }
}

pub(super) fn direction_of(code: i16) -> Direction {
    if code == 0 { Direction::Inbound } else { Direction::Outbound }
}

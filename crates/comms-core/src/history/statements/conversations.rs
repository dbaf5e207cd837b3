//! Conversations: opened by the first message of a contact with an account, of an e-mail thread by its first; moved on by each.

use std::collections::{BTreeMap, HashSet};

use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use serde_json::{Value, json};

use super::{
    Conn, RunQueryDsl, comunicaciones,
    rows::{ConversationRow, EventRow, MessageRow},
    schema::conversations,
};
use crate::{
    ChannelKind, Direction, Email,
    history::{
        sql_types::{Doc, Instant, Uid},
        text::derived_id,
    },
};

/// The states of a conversation as they are stored.
pub(super) const OPEN: &str = "open";
pub(super) const SNOOZED: &str = "snoozed";
pub(super) const CLOSED: &str = "closed";

/// The later of two times, where the first may be absent.
macro_rules! later {
    ($column:ident) => {
        conversations::$column.eq(case_when(
            conversations::$column
                .is_null()
                .or(excluded(conversations::$column).gt(conversations::$column))
                .assume_not_null(),
            excluded(conversations::$column),
        )
        .otherwise(conversations::$column))
    };
}

/// Whether what is new was said after what is known; of what was said at one moment, the greater key.
macro_rules! said_later {
    () => {
        conversations::said_at
            .is_null()
            .or(excluded(conversations::said_at).gt(conversations::said_at))
            .or(excluded(conversations::said_at)
                .eq(conversations::said_at)
                .and(excluded(conversations::said_key).gt(conversations::said_key)))
            .assume_not_null()
    };
}

/// What was said last.
macro_rules! last_said {
    ($column:ident) => {
        conversations::$column
            .eq(case_when(said_later!(), excluded(conversations::$column)).otherwise(conversations::$column))
    };
}

/// The conversation of a contact with an account: derived, so that all writers mean the same one.
pub(super) fn id(account: &str, contact: Uid) -> Uid {
    Uid(derived_id("conversation", &[account, &contact.0.to_string()]))
}

/// What is new in each conversation.
fn rows(new: &[MessageRow], now: Instant) -> Vec<ConversationRow> {
    let mut rows: BTreeMap<Uid, ConversationRow> = BTreeMap::new();
    for message in new {
        let (Some(id), Some(contact), Some(account)) =
            (message.conversation_id, message.contact_id, &message.account_id)
        else {
            continue;
        };
        let inbound = message.direction == comunicaciones::direction_code(Direction::Inbound);
        // A call is not read, and what an import brings was read before: it stands where it belongs, not where it came.
        let readable = inbound && message.channel != ChannelKind::Voice.as_str() && message.created_at == now;
        let (said_at, said_key) = said(message, now);
        let row = rows.entry(id).or_insert_with(|| ConversationRow {
            id,
            organization_id: message.organization_id.clone(),
            account_id: account.clone(),
            contact_id: contact,
            channel: message.channel.clone(),
            unread: 0,
            inbound_count: 0,
            last_message_id: Some(message.id),
            last_message_at: message.created_at,
            subject: topic(message),
            said_at: Some(said_at),
            said_key: Some(said_key),
            last_inbound_at: None,
            arrived_at: None,
            created_at: now,
            updated_at: now,
        });
        row.last_message_at = row.last_message_at.max(message.created_at);
        if (Some(said_at), Some(said_key)) > (row.said_at, row.said_key) {
            (row.said_at, row.said_key) = (Some(said_at), Some(said_key));
            row.last_message_id = Some(message.id);
            row.subject = topic(message);
        }
        row.unread += i32::from(readable);
        row.inbound_count += i32::from(readable);
        if inbound {
            row.arrived_at = row.arrived_at.max(Some(message.created_at));
            let wrote_at = message.occurred_at.unwrap_or(message.created_at).min(now);
            row.last_inbound_at = row.last_inbound_at.max(Some(wrote_at));
        }
    }
    rows.into_values().collect()
}

/// What an e-mail is about.
fn topic(message: &MessageRow) -> Option<String> {
    let content = message.content.as_ref().filter(|content| content.0["type"] == "email")?;
    let subject = content.0["subject"].as_str().unwrap_or_default().to_owned();
    Some(Email { subject, ..Email::default() }.topic().to_owned())
}

/// When a message was said, by whoever said it, and a key that does not depend on when it came: the last message of a
/// conversation is the same whatever order its webhooks come in.
fn said(message: &MessageRow, now: Instant) -> (Instant, Uid) {
    let at = message.occurred_at.map_or(message.created_at, |at| at.min(now));
    let own = message.id.0.to_string();
    (at, Uid(derived_id("said", &[message.provider_id.as_deref().unwrap_or(&own)])))
}

/// Opens conversations and moves them on, once for each, by what is new. Returns the log's rows for those that were closed or
/// snoozed before, and are open again.
///
/// A message opens again what a person closed before it came: the later of the two stands, whatever order they are written in.
pub(super) async fn write(conn: &mut Conn, new: &[MessageRow], now: Instant) -> QueryResult<Vec<EventRow>> {
    let rows = rows(new, now);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let states: Vec<(Uid, String)> = upsert_returning!(
        conn,
        conversations::table,
        rows,
        conversations::id,
        (
            conversations::unread.eq(conversations::unread + excluded(conversations::unread)),
            conversations::inbound_count.eq(conversations::inbound_count + excluded(conversations::inbound_count)),
            last_said!(last_message_id),
            last_said!(subject),
            last_said!(said_at),
            last_said!(said_key),
            conversations::last_message_at.eq(case_when(
                excluded(conversations::last_message_at).gt(conversations::last_message_at),
                excluded(conversations::last_message_at),
            )
            .otherwise(conversations::last_message_at)),
            later!(last_inbound_at),
            later!(arrived_at),
            conversations::updated_at.eq(excluded(conversations::updated_at)),
        ),
        (conversations::id, conversations::status)
    );
    // Nearly all are open. What was just written is locked: nobody closes it meanwhile.
    let put_away: HashSet<Uid> =
        states.into_iter().filter(|(_, state)| state == SNOOZED || state == CLOSED).map(|(id, _)| id).collect();
    let entered = rows.iter().filter(|row| row.arrived_at.is_some() && put_away.contains(&row.id));
    let entered: Vec<Uid> = entered.map(|row| row.id).collect();
    if entered.is_empty() {
        return Ok(Vec::new());
    }
    let opened: Vec<Told> = diesel::update(
        conversations::table
            .filter(conversations::id.eq_any(entered))
            .filter(conversations::status.eq_any([SNOOZED, CLOSED]))
            .filter(conversations::arrived_at.gt(conversations::decided_at)),
    )
    .set((
        conversations::status.eq(OPEN),
        conversations::snoozed_until.eq(None::<Instant>),
        conversations::closed_at.eq(None::<Instant>),
    ))
    .returning(TOLD)
    .get_results(conn)
    .await?;
    Ok(opened.into_iter().map(|one| told(one, json!({"change": "reopened", "state": OPEN}), now)).collect())
}

/// What the log says of a conversation: its organisation, account, id and last message.
pub(super) type Told = (String, String, Uid, Option<Uid>);

/// The columns of [`Told`].
pub(super) const TOLD: (
    conversations::organization_id,
    conversations::account_id,
    conversations::id,
    conversations::last_message_id,
) = (conversations::organization_id, conversations::account_id, conversations::id, conversations::last_message_id);

/// The log's row for a change of a conversation. It names the last message: whoever sees that is told.
pub(super) fn told((organization, account, id, last): Told, payload: Value, now: Instant) -> EventRow {
    EventRow {
        organization_id: organization,
        kind: "conversation".to_owned(),
        account_id: Some(account),
        message_id: last,
        conversation_id: Some(id),
        payload: Doc(payload),
        created_at: now,
    }
}

//! Conversations: opened by the first message of a contact with an account, moved on by each.

use std::collections::BTreeMap;

use diesel::{dsl::case_when, prelude::*, upsert::excluded};

use super::{
    Conn, RunQueryDsl, comunicaciones,
    rows::{ConversationRow, MessageRow},
    schema::conversations,
};
use crate::{
    ChannelKind, Direction,
    history::{
        sql_types::{Instant, Uid},
        text::derived_id,
    },
};

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
        // A call is not read.
        let readable = inbound && message.channel != ChannelKind::Voice.as_str();
        let row = rows.entry(id).or_insert_with(|| ConversationRow {
            id,
            organization_id: message.organization_id.clone(),
            account_id: account.clone(),
            contact_id: contact,
            channel: message.channel.clone(),
            unread: 0,
            last_message_id: Some(message.id),
            last_message_at: message.created_at,
            last_inbound_at: None,
            created_at: now,
            updated_at: now,
        });
        if message.created_at >= row.last_message_at {
            row.last_message_at = message.created_at;
            row.last_message_id = Some(message.id);
        }
        row.unread += i32::from(readable);
        if inbound {
            let wrote_at = message.occurred_at.unwrap_or(message.created_at).min(now);
            row.last_inbound_at = row.last_inbound_at.max(Some(wrote_at));
        }
    }
    rows.into_values().collect()
}

/// Opens conversations and moves them on, once for each, by what is new.
pub(super) async fn write(conn: &mut Conn, new: &[MessageRow], now: Instant) -> QueryResult<()> {
    let rows = rows(new, now);
    upsert!(
        conn,
        conversations::table,
        rows,
        (conversations::account_id, conversations::contact_id),
        (
            conversations::unread.eq(conversations::unread + excluded(conversations::unread)),
            conversations::last_message_id.eq(case_when(
                excluded(conversations::last_message_at).ge(conversations::last_message_at),
                excluded(conversations::last_message_id),
            )
            .otherwise(conversations::last_message_id)),
            conversations::last_message_at.eq(case_when(
                excluded(conversations::last_message_at).gt(conversations::last_message_at),
                excluded(conversations::last_message_at),
            )
            .otherwise(conversations::last_message_at)),
            conversations::last_inbound_at.eq(case_when(
                conversations::last_inbound_at
                    .is_null()
                    .or(excluded(conversations::last_inbound_at).gt(conversations::last_inbound_at))
                    .assume_not_null(),
                excluded(conversations::last_inbound_at),
            )
            .otherwise(conversations::last_inbound_at)),
            conversations::updated_at.eq(excluded(conversations::updated_at)),
        )
    );
    Ok(())
}

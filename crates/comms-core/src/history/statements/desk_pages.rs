//! Pages of conversations and notes, newest first.

use std::collections::HashMap;

use diesel::{
    dsl::{exists, sql},
    prelude::*,
    sql_types::Bool,
};

use super::{
    Conn, RunQueryDsl, comunicaciones, contacts as people, desk,
    history::{own_parts, own_rows},
    parts,
    schema::{contacts, conversation_notes, conversation_reads, conversations, messages},
};
use crate::{
    Address, AddressKind, ContactId, ConversationId, Direction, MessageId, Status, UserId,
    history::{
        AnswerTo, Conversation, ConversationFilter, ConversationPage, DeskKey, LastMessage, Note, NotePage, Scope,
        directory::Directory,
        sql_types::{Instant, Uid},
    },
};

/// The longest page.
pub(super) const LONGEST_PAGE: u16 = 200;

/// A conversation as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = conversations)]
struct ConversationRead {
    id: Uid,
    organization_id: String,
    account_id: String,
    contact_id: Uid,
    channel: String,
    status: String,
    assignee_id: Option<String>,
    unread: i32,
    inbound_count: i32,
    last_message_id: Option<Uid>,
    last_message_at: Instant,
    subject: Option<String>,
    last_inbound_at: Option<Instant>,
    snoozed_until: Option<Instant>,
    closed_at: Option<Instant>,
    created_at: Instant,
}

/// A page, the latest message first.
pub(in super::super) async fn page(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    user: Option<&UserId>,
    filter: &ConversationFilter,
) -> QueryResult<ConversationPage> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE);
    let mut rows = select(conn, directory, scope, user, filter, None, i64::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|(row, _)| DeskKey { at: row.last_message_at.0, id: row.id.0 });
    Ok(ConversationPage { entries: shown(conn, directory, scope, user, rows).await?, next })
}

/// One conversation.
pub(in super::super) async fn one(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    user: Option<&UserId>,
    id: ConversationId,
) -> QueryResult<Option<Conversation>> {
    let rows = select(conn, directory, scope, user, &ConversationFilter::default(), Some(id), 1).await?;
    Ok(shown(conn, directory, scope, user, rows).await?.pop())
}

/// Narrows a query where the filter names a value.
macro_rules! narrow {
    ($query:ident, $value:expr, |$name:pat_param| $condition:expr) => {
        if let Some($name) = $value {
            $query = $query.filter($condition);
        }
    };
}

async fn select(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    user: Option<&UserId>,
    filter: &ConversationFilter,
    only: Option<ConversationId>,
    limit: i64,
) -> QueryResult<Vec<(ConversationRead, Option<i32>)>> {
    let Some(seller) = &scope.seller else {
        return select_part(conn, scope, None, user, (filter, only), limit).await;
    };
    let mut rows = Vec::new();
    for own in own(directory, seller) {
        rows.extend(select_part(conn, scope, Some(&own), user, (filter, only), limit).await?);
    }
    Ok(parts::page(rows, |(row, _)| (row.last_message_at, row.id), limit))
}

async fn select_part(
    conn: &mut Conn,
    scope: &Scope,
    own: Option<&str>,
    user: Option<&UserId>,
    (filter, only): (&ConversationFilter, Option<ConversationId>),
    limit: i64,
) -> QueryResult<Vec<(ConversationRead, Option<i32>)>> {
    let reader = user.map_or("", UserId::as_str);
    let mine = conversation_reads::conversation_id.eq(conversations::id).and(conversation_reads::user_id.eq(reader));
    let mut query = conversations::table
        .left_join(conversation_reads::table.on(mine))
        .select((ConversationRead::as_select(), conversation_reads::seen.nullable()))
        .filter(conversations::organization_id.eq(scope.organization.as_str()))
        .order((conversations::last_message_at.desc(), conversations::id.desc()))
        .limit(limit)
        .into_boxed();
    narrow!(query, own, |own| sql::<Bool>(own));
    narrow!(query, only, |id| conversations::id.eq(Uid(id.0)));
    narrow!(query, &filter.channel, |channel| conversations::channel.eq(channel.as_str()));
    narrow!(query, filter.contact, |contact| {
        let (id, person) = (contacts::id.eq(Uid(contact.0)), contacts::person_id.eq(Uid(contact.0)));
        conversations::contact_id.eq_any(contacts::table.filter(id.or(person.assume_not_null())).select(contacts::id))
    });
    narrow!(query, &filter.lead, |lead| exists(
        messages::table
            .filter(messages::organization_id.eq(scope.organization.as_str()))
            .filter(messages::lead_id.eq(lead.as_str()))
            .filter(messages::conversation_id.eq(conversations::id.nullable()))
    ));
    narrow!(query, &filter.text, |text| {
        let column = format!("{}.contact_id", people::table("conversations"));
        let joined = format!("SELECT k.id FROM {} k JOIN m ON k.person_id = m.id", people::table("contacts"));
        called!(&column, &joined, scope.organization, text)
    });
    if !filter.states.is_empty() {
        let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
        query = query.filter(conversations::status.eq_any(states));
    }
    narrow!(query, filter.assignee.iter().flatten().next(), |user| conversations::assignee_id.eq(user.as_str()));
    narrow!(query, matches!(filter.assignee, Some(None)).then_some(()), |()| conversations::assignee_id.is_null());
    if filter.unread && user.is_some() {
        let seen = conversation_reads::seen.nullable();
        let behind = seen.is_null().or(seen.assume_not_null().lt(conversations::inbound_count));
        query = query.filter(conversations::inbound_count.gt(0)).filter(behind);
    } else if filter.unread {
        query = query.filter(conversations::unread.gt(0));
    }
    if let Some(after) = filter.after {
        // The form that an index bounds, as in the history.
        let at = Instant::of(after.at);
        query = query
            .filter(conversations::last_message_at.le(at))
            .filter(conversations::last_message_at.lt(at).or(conversations::id.lt(Uid(after.id))));
    }
    query.load(conn).await
}

/// Conditions, as text, of which one holds for what a seller sees: what is assigned to them, and what has a message of theirs.
pub(super) fn own(directory: &Directory, seller: &UserId) -> Vec<String> {
    // Written as a literal with its quotes doubled, as in the history.
    let literal = seller.as_str().replace('\'', "''").replace('\0', "");
    let (conversations, messages) = (people::table("conversations"), super::super::MESSAGES);
    let theirs = own_parts(directory, seller).into_iter().map(|own| {
        format!("EXISTS (SELECT 1 FROM {messages} WHERE {messages}.conversation_id = {conversations}.id AND {own})")
    });
    std::iter::once(format!("{conversations}.assignee_id = '{literal}'")).chain(theirs).collect()
}

async fn shown(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    user: Option<&UserId>,
    rows: Vec<(ConversationRead, Option<i32>)>,
) -> QueryResult<Vec<Conversation>> {
    let mut last = last_messages(conn, directory, scope, &rows).await?;
    let contacts: Vec<Uid> = rows.iter().map(|(row, _)| row.contact_id).collect();
    let mut persons = people::persons(conn, &contacts).await?;
    Ok(rows
        .into_iter()
        .map(|(row, seen)| {
            let (contact, name) = persons.remove(&row.contact_id).unwrap_or((row.contact_id, None));
            persons.insert(row.contact_id, (contact, name.clone()));
            let unread = match user {
                Some(_) => row.inbound_count - seen.unwrap_or(0),
                None => row.unread,
            };
            Conversation {
                id: ConversationId(row.id.0),
                organization: row.organization_id.into(),
                account: row.account_id.into(),
                channel: row.channel,
                subject: row.subject,
                contact: ContactId(contact.0),
                name,
                state: desk::state_of(&row.status),
                snoozed_until: row.snoozed_until.map(|at| at.0),
                closed_at: row.closed_at.map(|at| at.0),
                assignee: row.assignee_id.map(Into::into),
                unread: unread.max(0),
                last_message: row.last_message_id.and_then(|id| last.remove(&id)),
                last_message_at: row.last_message_at.0,
                last_inbound_at: row.last_inbound_at.map(|at| at.0),
                created_at: row.created_at.0,
            }
        })
        .collect())
}

type LastRow = (Uid, i16, String, Option<String>, i16);

/// The last messages, as far as the caller may see them.
async fn last_messages(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    rows: &[(ConversationRead, Option<i32>)],
) -> QueryResult<HashMap<Uid, LastMessage>> {
    let ids: Vec<Uid> = rows.iter().filter_map(|(row, _)| row.last_message_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = messages::table
        .filter(messages::id.eq_any(ids))
        .select((messages::id, messages::direction, messages::counterpart, messages::body, messages::status))
        .into_boxed();
    if let Some(seller) = &scope.seller {
        let given = rows.iter().map(|(row, _)| row).filter(|row| row.assignee_id.as_deref() == Some(seller.as_str()));
        let given: Vec<Option<Uid>> = given.map(|row| Some(row.id)).collect();
        let theirs = messages::conversation_id.eq_any(given).assume_not_null();
        query = query.filter(sql::<Bool>(&own_rows(directory, seller)).or(theirs));
    }
    let found: Vec<LastRow> = query.load(conn).await?;
    Ok(found
        .into_iter()
        .map(|(id, direction, counterpart, text, status)| {
            let message = LastMessage {
                id: MessageId(id.0),
                direction: comunicaciones::direction_of(direction),
                counterpart,
                text,
                status: Status::from_rank(status).unwrap_or(Status::Unknown),
            };
            (id, message)
        })
        .collect())
}

type AnsweredRow = (Uid, Option<String>, String, i16, String, String);

/// Where an answer goes: to the address of the last message in, else of the last message of ours.
pub(in super::super) async fn answer_to(conn: &mut Conn, id: ConversationId) -> QueryResult<Option<AnswerTo>> {
    let inbound = comunicaciones::direction_code(Direction::Inbound);
    let of = || {
        messages::table
            .filter(messages::conversation_id.eq(Uid(id.0)))
            .order((messages::created_at.desc(), messages::id.desc()))
            .select((
                messages::id,
                messages::account_id,
                messages::channel,
                messages::direction,
                messages::counterpart_kind,
                messages::counterpart,
            ))
    };
    let mut found: Option<AnsweredRow> = of().filter(messages::direction.eq(inbound)).first(conn).await.optional()?;
    if found.is_none() {
        found = of().first(conn).await.optional()?;
    }
    Ok(found.and_then(|(message, account, channel, direction, kind, value)| {
        let kind = serde_json::from_value(kind.into()).unwrap_or(AddressKind::Other);
        Some(AnswerTo {
            account: account?.into(),
            channel,
            address: Address::verbatim(kind, value),
            message: (direction == inbound).then_some(MessageId(message.0)),
            last: MessageId(message.0),
        })
    }))
}

/// A page of notes, newest first.
pub(in super::super) async fn notes(
    conn: &mut Conn,
    id: ConversationId,
    after: Option<DeskKey>,
    limit: u16,
) -> QueryResult<NotePage> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let mut query = conversation_notes::table
        .filter(conversation_notes::conversation_id.eq(Uid(id.0)))
        .order((conversation_notes::created_at.desc(), conversation_notes::id.desc()))
        .limit(i64::from(limit) + 1)
        .select((
            conversation_notes::id,
            conversation_notes::user_id,
            conversation_notes::body,
            conversation_notes::created_at,
        ))
        .into_boxed();
    if let Some(after) = after {
        let at = Instant::of(after.at);
        query = query
            .filter(conversation_notes::created_at.le(at))
            .filter(conversation_notes::created_at.lt(at).or(conversation_notes::id.lt(Uid(after.id))));
    }
    let mut rows: Vec<(Uid, String, String, Instant)> = query.load(conn).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| DeskKey { at: row.3.0, id: row.0.0 });
    let entries = rows
        .into_iter()
        .map(|(note, author, body, created_at)| Note {
            id: note.0,
            conversation: id,
            author: author.into(),
            body,
            created_at: created_at.0,
        })
        .collect();
    Ok(NotePage { entries, next })
}

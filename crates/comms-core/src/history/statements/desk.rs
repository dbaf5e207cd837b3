//! What people do with conversations: read, put away, close, assign, note.

use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    conversations::{OPEN, SNOOZED, TOLD, Told, told},
    ingest,
    rows::{EventRow, NoteRow, ReadRow},
    schema::{conversation_notes, conversation_reads, conversations, messages},
};
use crate::{
    ChannelKind, ConversationId, Direction, MessageId, Status, UserId,
    history::{
        ConversationState, Note,
        sql_types::{Doc, Instant, Uid},
        text::clean,
    },
};

/// Marks an inbound message, and those before it in its conversation, as read by a user. Returns how many nobody had read, and
/// the last cursor of the log.
pub(in super::super) async fn mark_read(
    conn: &mut Conn,
    user: &UserId,
    id: MessageId,
    now: Instant,
) -> QueryResult<(usize, Option<i64>)> {
    super::super::begin(conn).await?;
    let marked = mark_read_in(conn, user, id, now).await;
    super::super::end(conn, marked).await
}

async fn mark_read_in(
    conn: &mut Conn,
    user: &UserId,
    id: MessageId,
    now: Instant,
) -> QueryResult<(usize, Option<i64>)> {
    let (conversation, created_at): (Option<Uid>, Instant) =
        messages::table.find(Uid(id.0)).select((messages::conversation_id, messages::created_at)).first(conn).await?;
    // Locked, so that of two who read at once each finds what the other left.
    let counted: Option<(i32, Told)> = match conversation {
        Some(conversation) => {
            locked!(conversations::table.find(conversation).select((conversations::inbound_count, TOLD)))
                .first(conn)
                .await
                .optional()?
        }
        None => None,
    };
    let read = read_messages(conn, id, counted.as_ref().map(|(_, told)| told.2), created_at, now).await?;
    let Some((count, which)) = counted else {
        let log = if read > 0 { vec![read_alone(conn, id, now).await?] } else { Vec::new() };
        return Ok((read, ingest::append(conn, log).await?));
    };
    let seen = (count - later(conn, which.2, created_at).await?).max(0);
    let new = saw(conn, user, &which, seen, now).await?;
    if read == 0 && !new {
        return Ok((0, None));
    }
    let left = count - seen;
    diesel::update(conversations::table.find(which.2).filter(conversations::unread.gt(left)))
        .set(conversations::unread.eq(left))
        .execute(conn)
        .await?;
    let log = vec![told(which, json!({"change": "read", "user": user, "unread": left}), now)];
    Ok((read, ingest::append(conn, log).await?))
}

/// The log's row for a message that is of no conversation and was read.
async fn read_alone(conn: &mut Conn, id: MessageId, now: Instant) -> QueryResult<EventRow> {
    let (organization_id, account_id): (String, Option<String>) =
        messages::table.find(Uid(id.0)).select((messages::organization_id, messages::account_id)).first(conn).await?;
    Ok(EventRow {
        organization_id,
        kind: "status".to_owned(),
        account_id,
        message_id: Some(Uid(id.0)),
        conversation_id: None,
        payload: Doc(json!({"status": Status::Read})),
        created_at: now,
    })
}

/// Moves the messages that nobody had read. Asked in the statement that moves them: of two at once one finds each.
async fn read_messages(
    conn: &mut Conn,
    id: MessageId,
    conversation: Option<Uid>,
    created_at: Instant,
    now: Instant,
) -> QueryResult<usize> {
    // An inbound message has no provider states to merge: ours is the only word on it.
    let read = (messages::status.eq(Status::Read.rank()), messages::updated_at.eq(now));
    let unread = messages::direction
        .eq(comunicaciones::direction_code(Direction::Inbound))
        .and(messages::channel.ne(ChannelKind::Voice.as_str()))
        .and(messages::status.eq(Status::Received.rank()));
    let rows: Vec<Option<i32>> = match conversation {
        Some(conversation) => {
            let before = messages::conversation_id.eq(conversation).and(messages::created_at.le(created_at));
            diesel::update(messages::table.filter(before).filter(unread))
                .set(read)
                .returning(messages::comunicacion_id)
                .get_results(conn)
                .await?
        }
        None => {
            diesel::update(messages::table.filter(messages::id.eq(Uid(id.0))).filter(unread))
                .set(read)
                .returning(messages::comunicacion_id)
                .get_results(conn)
                .await?
        }
    };
    let moved = rows.iter().flatten().map(|row| (Status::Read.rank(), *row)).collect();
    comunicaciones::move_states(conn, moved).await?;
    Ok(rows.len())
}

/// How many messages came in after this time.
async fn later(conn: &mut Conn, conversation: Uid, created_at: Instant) -> QueryResult<i32> {
    let later: i64 = messages::table
        .filter(messages::conversation_id.eq(conversation))
        .filter(messages::created_at.gt(created_at))
        .filter(messages::direction.eq(comunicaciones::direction_code(Direction::Inbound)))
        .filter(messages::channel.ne(ChannelKind::Voice.as_str()))
        .count()
        .get_result(conn)
        .await?;
    Ok(i32::try_from(later).unwrap_or(i32::MAX))
}

/// Notes how far a user has read; never less than before. Returns whether it is further.
async fn saw(conn: &mut Conn, user: &UserId, which: &Told, seen: i32, now: Instant) -> QueryResult<bool> {
    let before: Option<i32> = conversation_reads::table
        .find((which.2, user.as_str()))
        .select(conversation_reads::seen)
        .first(conn)
        .await
        .optional()?;
    let rows = [ReadRow {
        conversation_id: which.2,
        user_id: user.as_str().to_owned(),
        organization_id: which.0.clone(),
        seen,
        read_at: now,
    }];
    upsert!(
        conn,
        conversation_reads::table,
        rows,
        (conversation_reads::conversation_id, conversation_reads::user_id),
        (
            conversation_reads::seen.eq(case_when(
                excluded(conversation_reads::seen).gt(conversation_reads::seen),
                excluded(conversation_reads::seen),
            )
            .otherwise(conversation_reads::seen)),
            conversation_reads::read_at.eq(excluded(conversation_reads::read_at)),
        )
    );
    Ok(before.unwrap_or(0) < seen)
}

/// What a person decides of a conversation.
pub(in super::super) struct Decision {
    pub user: UserId,
    pub id: ConversationId,
    pub state: ConversationState,
    pub until: Option<Instant>,
    pub now: Instant,
}

/// Sets the state. Returns the one in which it is then, and the last cursor of the log.
pub(in super::super) async fn decide(
    conn: &mut Conn,
    decision: &Decision,
) -> QueryResult<Option<(ConversationState, Option<i64>)>> {
    super::super::begin(conn).await?;
    let decided = decide_in(conn, decision).await;
    super::super::end(conn, decided).await
}

type Standing = (String, Option<Instant>, Option<Instant>, Told);

async fn decide_in(conn: &mut Conn, wanted: &Decision) -> QueryResult<Option<(ConversationState, Option<i64>)>> {
    let standing: Option<Standing> = locked!(conversations::table.find(Uid(wanted.id.0)).select((
        conversations::status,
        conversations::arrived_at,
        conversations::decided_at,
        TOLD,
    )))
    .first(conn)
    .await
    .optional()?;
    let Some((status, arrived_at, decided_at, which)) = standing else {
        return Ok(None);
    };
    if decided_at.is_some_and(|at| at > wanted.now) {
        return Ok(Some((state_of(&status), None)));
    }
    let ends = matches!(wanted.state, ConversationState::Snoozed | ConversationState::Closed);
    // What came in after the decision was made has opened it again, whichever is written first.
    let opened = ends && arrived_at.is_some_and(|at| at > wanted.now);
    let state = if opened { ConversationState::Open } else { wanted.state };
    let until = wanted.until.filter(|_| state == ConversationState::Snoozed);
    diesel::update(conversations::table.find(which.2))
        .set((
            conversations::status.eq(state.as_str()),
            conversations::snoozed_until.eq(until),
            conversations::closed_at.eq((state == ConversationState::Closed).then_some(wanted.now)),
            conversations::decided_at.eq(wanted.now),
            conversations::decided_by.eq(wanted.user.as_str()),
            conversations::updated_at.eq(wanted.now),
        ))
        .execute(conn)
        .await?;
    let payload = json!({"change": "state", "state": state.as_str(), "user": wanted.user});
    let cursor = ingest::append(conn, vec![told(which, payload, wanted.now)]).await?;
    Ok(Some((state, cursor)))
}

/// The state of a stored word.
pub(super) fn state_of(status: &str) -> ConversationState {
    ConversationState::ALL.into_iter().find(|state| state.as_str() == status).unwrap_or(ConversationState::Open)
}

/// Gives a conversation to a user, or to nobody. Returns the last cursor of the log; `None` where there is no such one.
pub(in super::super) async fn assign(
    conn: &mut Conn,
    id: ConversationId,
    user: &UserId,
    assignee: Option<&str>,
    now: Instant,
) -> QueryResult<Option<Option<i64>>> {
    let payload = json!({"change": "assigned", "assignee": assignee, "user": user});
    super::super::begin(conn).await?;
    let given = give(conn, id, assignee, payload, now).await;
    super::super::end(conn, given).await
}

async fn give(
    conn: &mut Conn,
    id: ConversationId,
    assignee: Option<&str>,
    payload: Value,
    now: Instant,
) -> QueryResult<Option<Option<i64>>> {
    let given: Option<Told> = diesel::update(conversations::table.find(Uid(id.0)))
        .set((conversations::assignee_id.eq(assignee), conversations::updated_at.eq(now)))
        .returning(TOLD)
        .get_result(conn)
        .await
        .optional()?;
    match given {
        Some(which) => ingest::append(conn, vec![told(which, payload, now)]).await.map(Some),
        None => Ok(None),
    }
}

/// Whether something was put away until now or before.
pub(in super::super) async fn any_asleep(
    conn: &mut Conn,
    organization: Option<String>,
    now: Instant,
) -> QueryResult<bool> {
    let mut due = conversations::table
        .filter(conversations::status.eq(SNOOZED))
        .filter(conversations::snoozed_until.le(now))
        .select(conversations::id)
        .into_boxed();
    if let Some(organization) = organization {
        due = due.filter(conversations::organization_id.eq(organization));
    }
    let one: Option<Uid> = due.first(conn).await.optional()?;
    Ok(one.is_some())
}

/// Opens again what was put away until now or before. Returns how many, and the last cursor of the log.
pub(in super::super) async fn wake(
    conn: &mut Conn,
    organization: Option<&str>,
    now: Instant,
) -> QueryResult<(u64, Option<i64>)> {
    super::super::begin(conn).await?;
    let woken = wake_in(conn, organization, now).await;
    super::super::end(conn, woken).await
}

async fn wake_in(conn: &mut Conn, organization: Option<&str>, now: Instant) -> QueryResult<(u64, Option<i64>)> {
    let mut due = conversations::table
        .filter(conversations::status.eq(SNOOZED))
        .filter(conversations::snoozed_until.le(now))
        .order(conversations::id)
        .select(conversations::id)
        .into_boxed();
    if let Some(organization) = organization {
        due = due.filter(conversations::organization_id.eq(organization.to_owned()));
    }
    let due: Vec<Uid> = due.load(conn).await?;
    let mut log = Vec::new();
    for id in due {
        let asleep = conversations::table
            .find(id)
            .filter(conversations::status.eq(SNOOZED))
            .filter(conversations::snoozed_until.le(now));
        let woken: Option<Told> = diesel::update(asleep)
            .set((
                conversations::status.eq(OPEN),
                conversations::snoozed_until.eq(None::<Instant>),
                conversations::updated_at.eq(now),
            ))
            .returning(TOLD)
            .get_result(conn)
            .await
            .optional()?;
        log.extend(woken.map(|which| told(which, json!({"change": "woken", "state": OPEN}), now)));
    }
    let count = u64::try_from(log.len()).unwrap_or(u64::MAX);
    Ok((count, ingest::append(conn, log).await?))
}

/// Adds a note. Returns it with the last cursor of the log; `None` where there is no such conversation.
pub(in super::super) async fn add_note(
    conn: &mut Conn,
    id: ConversationId,
    author: &UserId,
    body: &str,
    now: Instant,
) -> QueryResult<Option<(Note, Option<i64>)>> {
    super::super::begin(conn).await?;
    let noted = note(conn, id, author, body, now).await;
    super::super::end(conn, noted).await
}

async fn note(
    conn: &mut Conn,
    id: ConversationId,
    author: &UserId,
    body: &str,
    now: Instant,
) -> QueryResult<Option<(Note, Option<i64>)>> {
    let which: Option<Told> = conversations::table.find(Uid(id.0)).select(TOLD).first(conn).await.optional()?;
    let Some(which) = which else {
        return Ok(None);
    };
    let note =
        Note { id: Uuid::now_v7(), conversation: id, author: author.clone(), body: clean(body), created_at: now.0 };
    let rows = [NoteRow {
        id: Uid(note.id),
        organization_id: which.0.clone(),
        conversation_id: which.2,
        user_id: author.as_str().to_owned(),
        body: note.body.clone(),
        created_at: now,
    }];
    insert_ignore!(conn, conversation_notes::table, rows, conversation_notes::id);
    let log = vec![told(which, json!({"change": "note", "note": note.id, "user": author}), now)];
    Ok(Some((note, ingest::append(conn, log).await?)))
}

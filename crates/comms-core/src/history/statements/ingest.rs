//! One round of the writer: many webhooks, one transaction.
//!
//! Tables are written in one order and rows in the order of their keys, so that two writers never wait for each other in a
//! circle. Everything is insert-or-ignore by key: a repetition changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, calls, comunicaciones,
    early::{self, Named},
    people::{self, People},
    plan::{Draft, Plan},
    rows::{AttachmentRow, ConversationRow, EventRow, MessageRow},
    schema::{conversations, events, messages, quarantine, webhooks},
    status, updates,
};
use crate::{
    AddressKind, ChannelKind, ClientId, ContractId, Direction, InboundMessage, LeadId, Media, MessageOrigin, Status,
    UserId,
    history::{
        Ingested, NewWebhook,
        accounts_map::AccountMap,
        directory::Directory,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, derived_id, search_form},
    },
};

/// The type of a message that holds the place of a file which an import brings later.
const MEDIA_PLACEHOLDER: &str = "media_placeholder";

/// How much of a round is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Depth {
    /// All of it.
    Everything,
    /// All but the rows in `comunicaciones`, which refuses them: they are filled in later.
    WithoutRows,
    /// The raw webhooks alone: something in the events cannot be stored.
    RawOnly,
}

/// What a round needs to know.
pub(in super::super) struct Context<'a> {
    pub accounts: &'a AccountMap,
    pub directory: &'a Directory,
    pub now: Instant,
    pub depth: Depth,
}

/// Writes a round. Returns what became of each webhook, and the last cursor of the log where it grew.
pub(in super::super) async fn write(
    conn: &mut Conn,
    context: &Context<'_>,
    round: &[NewWebhook],
) -> QueryResult<(Vec<Ingested>, Option<i64>)> {
    let mut plan = Plan::of(round, context.accounts);
    if context.depth == Depth::RawOnly {
        plan.messages.clear();
        plan.statuses.clear();
        plan.updates.clear();
        for raw in &mut plan.raw {
            raw.problem = Some(raw.problem.take().unwrap_or_else(|| "the events could not be stored".to_owned()));
        }
    }
    let people = People::look_up(conn, context.directory, &plan.messages, context.now).await?;
    super::super::begin(conn).await?;
    let written = write_all(conn, context, &mut plan, people).await;
    match written {
        Ok(cursor) => {
            super::super::commit(conn).await?;
            Ok((plan.counts, cursor))
        }
        Err(error) => {
            // The first error is the one that tells; a connection that cannot even roll back is replaced by the caller.
            let _ = super::super::rollback(conn).await;
            Err(error)
        }
    }
}

async fn write_all(
    conn: &mut Conn,
    context: &Context<'_>,
    plan: &mut Plan<'_>,
    mut people: People,
) -> QueryResult<Option<i64>> {
    let now = context.now;
    let raw = std::mem::take(&mut plan.raw);
    insert_ignore!(conn, webhooks::table, raw, webhooks::id);
    let quarantined = std::mem::take(&mut plan.quarantined);
    insert_ignore!(conn, quarantine::table, quarantined, (quarantine::account_id, quarantine::webhook_id));
    for (webhook, registered) in std::mem::take(&mut plan.replayed) {
        super::webhooks::release(conn, webhook, &registered).await?;
    }
    people::write_contacts(conn, std::mem::take(&mut people.new_contacts).into_values().collect()).await?;
    people::write_identities(conn, std::mem::take(&mut people.new_identities).into_values().collect()).await?;
    people.write_names(conn, now).await?;
    people.write_learnt(conn, now).await?;
    let (mut log, mut named) = write_messages(conn, context, plan, &people).await?;
    let mut unmet = Vec::new();
    named.extend(status::write(conn, context.accounts, plan, &mut log, &mut unmet, now).await?);
    updates::write(conn, context.accounts, plan, &mut log, &mut unmet, now).await?;
    if !named.is_empty() || !unmet.is_empty() {
        // From here on whatever another writer has told of is committed and seen.
        super::super::lock_cursor(conn).await?;
        named.extend(early::meet(conn, &unmet, &mut log).await?);
        early::adopt(conn, &named, now).await?;
    }
    append(conn, log).await
}

/// Appends to the log, last of all: the lock that orders the cursors is held from here to the commit.
pub(super) async fn append(conn: &mut Conn, log: Vec<EventRow>) -> QueryResult<Option<i64>> {
    if log.is_empty() {
        return Ok(None);
    }
    super::super::lock_cursor(conn).await?;
    let cursors: Vec<i64> = insert_returning!(conn, events::table, log, events::cursor);
    Ok(cursors.into_iter().max())
}

/// Stores what is new. Returns the log's rows, and those messages of which something may have been told before.
async fn write_messages(
    conn: &mut Conn,
    context: &Context<'_>,
    plan: &mut Plan<'_>,
    people: &People,
) -> QueryResult<(Vec<EventRow>, Vec<Named>)> {
    if plan.messages.is_empty() {
        return Ok(Default::default());
    }
    let mut rows: Vec<MessageRow> = plan.messages.iter().map(|draft| message_row(draft, people, context.now)).collect();
    if context.depth == Depth::Everything {
        comunicaciones::number(conn, &mut rows).await?;
    }
    let at: HashMap<Uid, usize> = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    // The first of those that tell of one call is the one that is stored.
    rows.sort_by(|a, b| (&a.account_id, &a.provider_id).cmp(&(&b.account_id, &b.provider_id)));
    let new: Vec<Uid> =
        insert_new!(conn, messages::table, rows, (messages::account_id, messages::provider_id), messages::id);
    let new: HashSet<Uid> = new.into_iter().collect();
    let (mut rows, known): (Vec<MessageRow>, Vec<MessageRow>) = rows.into_iter().partition(|row| new.contains(&row.id));
    // As they came: ids grow with the time at which they are made.
    rows.sort_unstable_by_key(|row| row.id);
    let mut files: Vec<(Uid, usize)> = rows.iter().map(|row| (row.id, at[&row.id])).collect();
    files.extend(complete_placeholders(conn, plan, &known, &at).await?);
    for draft in &plan.messages {
        plan.counts[draft.webhook].duplicates += 1;
    }
    for row in &rows {
        let counts = &mut plan.counts[plan.messages[at[&row.id]].webhook];
        counts.duplicates -= 1;
        counts.messages += 1;
    }
    comunicaciones::write(conn, rows.iter()).await?;
    write_conversations(conn, &rows, context.now).await?;
    write_attachments(conn, plan, &files, context.now).await?;
    for row in &rows {
        people::learn(conn, row, plan.messages[at[&row.id]].body, context.now).await?;
    }
    let (shared, mut merges) = (context.depth == Depth::Everything, Vec::new());
    for (row, draft) in known.iter().map(|row| (row, &plan.messages[at[&row.id]])) {
        if calls::is_call(draft.body) {
            merges.extend(calls::amend(conn, draft, row, shared, context.now).await?);
        }
    }
    status::merge(conn, merges, context.now).await?;
    let log = rows.iter().map(|row| log_row(row, context.now)).collect();
    Ok((log, rows.into_iter().filter_map(|row| named(row, plan, &at)).collect()))
}

/// A message of which the provider may have told something before: one of ours, or a call.
fn named(row: MessageRow, plan: &Plan<'_>, at: &HashMap<Uid, usize>) -> Option<Named> {
    let outbound = row.direction == comunicaciones::direction_code(Direction::Outbound);
    if !outbound && !calls::is_call(plan.messages[at[&row.id]].body) {
        return None;
    }
    Some(Named {
        message: row.id,
        organization: row.organization_id,
        account: row.account_id?,
        provider_id: row.provider_id?,
    })
}

/// An import tells of a file first and brings it later, under the same id: the file takes the place that was held for it.
/// Returns the messages that were completed, with the drafts that did.
async fn complete_placeholders(
    conn: &mut Conn,
    plan: &Plan<'_>,
    known: &[MessageRow],
    at: &HashMap<Uid, usize>,
) -> QueryResult<Vec<(Uid, usize)>> {
    let mut completed = Vec::new();
    for row in known {
        let draft = at[&row.id];
        if plan.messages[draft].body.content.files().is_empty() {
            continue;
        }
        let held: Option<(Uid, Option<Doc>)> = messages::table
            .filter(messages::account_id.eq(&row.account_id))
            .filter(messages::provider_id.eq(&row.provider_id))
            .select((messages::id, messages::content))
            .first(conn)
            .await
            .optional()?;
        let Some((id, Some(content))) = held else {
            continue;
        };
        if content.0["type"] != "other" || content.0["kind"] != MEDIA_PLACEHOLDER {
            continue;
        }
        diesel::update(messages::table.find(id))
            .set((
                messages::content.eq(&row.content),
                messages::body.eq(&row.body),
                messages::search.eq(&row.search),
                messages::updated_at.eq(row.updated_at),
            ))
            .execute(conn)
            .await?;
        completed.push((id, draft));
    }
    Ok(completed)
}

fn message_row(draft: &Draft<'_, InboundMessage>, people: &People, now: Instant) -> MessageRow {
    let account = draft.account;
    let person = people.of(account, &draft.body.party);
    let (direction, believed) = match draft.body.origin {
        MessageOrigin::Counterpart | MessageOrigin::History => (Direction::Inbound, Status::Received),
        MessageOrigin::Echo | MessageOrigin::HistoryEcho => (Direction::Outbound, Status::Sent),
    };
    let imported = matches!(draft.body.origin, MessageOrigin::History | MessageOrigin::HistoryEcho);
    let occurred_at = draft.event.occurred_at.map(Instant::of);
    // What just came stands where it came; an import stands where it belongs.
    let created_at = occurred_at.filter(|_| imported).unwrap_or(now);
    // People know each other by number or mail address; an id that only the provider can read is shown where there is no other.
    let address = draft
        .body
        .party
        .addresses
        .iter()
        .find(|a| matches!(a.kind(), AddressKind::Phone | AddressKind::Email))
        .or(draft.body.party.primary());
    let body = clean(&draft.body.content.summary());
    let content = serde_json::to_value(&draft.body.content).unwrap_or_default();
    // Whoever wrote or called has said whose it is; else it is found out.
    let author = draft.body.author.clone();
    let owner = author.or_else(|| person.and_then(|p| p.owner.clone())).or_else(|| account.owner.clone());
    let links = match &draft.body.links {
        told if !told.is_empty() => told.clone(),
        _ => person.map(|p| p.links.clone()).unwrap_or_default(),
    };
    MessageRow {
        id: Uid(Uuid::now_v7()),
        organization_id: account.organization.as_str().to_owned(),
        account_id: Some(account.id.as_str().to_owned()),
        provider_id: Some(clean(&draft.event.subject)),
        conversation_id: person.map(|p| conversation_id(account.id.as_str(), p.contact)),
        contact_id: person.map(|p| p.contact),
        lead_id: links.lead.map(LeadId::into_string),
        client_id: links.client.map(ClientId::into_string),
        contract_id: links.contract.map(ContractId::into_string),
        user_id: owner.map(UserId::into_string),
        channel: account.channel.as_str().to_owned(),
        direction: comunicaciones::direction_code(direction),
        counterpart: address.map(|a| clean(a.value())).unwrap_or_default(),
        counterpart_kind: address.map_or_else(|| "other".to_owned(), people::kind_name),
        search: Some(search_form(&body)),
        body: Some(body),
        content: Some(Doc(clean_value(content))),
        reply_to: draft.body.reply_to.as_deref().map(clean),
        extra: (!draft.body.extra.is_null()).then(|| Doc(clean_value(draft.body.extra.clone()))),
        status: draft.body.status.unwrap_or(believed).rank(),
        foreign_status: None,
        problem: draft.body.problem.as_ref().map(status::problem_doc),
        duration_seconds: None,
        answered_by: None,
        idempotency_key: None,
        request_hash: None,
        retry_of: None,
        comunicacion_id: None,
        webhook_id: Some(draft.webhook_id),
        occurred_at,
        created_at,
        updated_at: now,
    }
}

/// The conversation of a contact with an account: derived, so that all writers mean the same one.
pub(super) fn conversation_id(account: &str, contact: Uid) -> Uid {
    Uid(derived_id("conversation", &[account, &contact.0.to_string()]))
}

/// What is new in each conversation.
fn conversation_rows(new: &[MessageRow], now: Instant) -> Vec<ConversationRow> {
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
pub(super) async fn write_conversations(conn: &mut Conn, new: &[MessageRow], now: Instant) -> QueryResult<()> {
    let rows = conversation_rows(new, now);
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

async fn write_attachments(
    conn: &mut Conn,
    plan: &Plan<'_>,
    messages: &[(Uid, usize)],
    now: Instant,
) -> QueryResult<()> {
    let rows: Vec<AttachmentRow> = messages
        .iter()
        .flat_map(|(message, draft)| {
            let draft = &plan.messages[*draft];
            let files = draft.body.content.files().iter().enumerate();
            files.map(move |(at, media)| attachment_row(draft, *message, at, media, now))
        })
        .collect();
    super::media::write(conn, rows).await
}

/// A file of a message: its id is made of the message and its place, so that no repetition makes a second one.
fn attachment_row(
    draft: &Draft<'_, InboundMessage>,
    message: Uid,
    at: usize,
    media: &Media,
    now: Instant,
) -> AttachmentRow {
    let account = draft.account.id.as_str();
    AttachmentRow {
        id: Uid(derived_id("attachment", &[account, &clean(&draft.event.subject), &at.to_string()])),
        organization_id: draft.account.organization.as_str().to_owned(),
        account_id: account.to_owned(),
        message_id: message,
        position: i16::try_from(at).unwrap_or(i16::MAX),
        kind: media.kind.as_str().to_owned(),
        mime_type: media.mime_type.as_deref().map(clean),
        filename: media.filename.as_deref().map(clean),
        sha256: media.sha256.as_deref().map(clean),
        source: Doc(clean_value(serde_json::to_value(&media.source).unwrap_or_default())),
        state: 0,
        attempts: 0,
        due_at: now,
        created_at: now,
    }
}

/// The log's row for a message.
pub(super) fn log_row(row: &MessageRow, now: Instant) -> EventRow {
    EventRow {
        organization_id: row.organization_id.clone(),
        kind: "message".to_owned(),
        account_id: row.account_id.clone(),
        message_id: Some(row.id),
        conversation_id: row.conversation_id,
        payload: Doc(serde_json::json!({
            "channel": row.channel,
            "direction": comunicaciones::direction_of(row.direction),
            "status": Status::from_rank(row.status),
        })),
        created_at: now,
    }
}

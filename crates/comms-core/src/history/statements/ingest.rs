//! One round of the writer: many webhooks, one transaction.
//!
//! Tables are written in one order and rows in the order of their keys, so that two writers never wait for each other in a
//! circle. Everything is insert-or-ignore by key: a repetition changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    people::{self, People},
    plan::{Draft, Plan},
    rows::{AttachmentRow, ConversationRow, EventRow, IdentityRow, MessageRow, OptOutRow, UpdateRow},
    schema::{conversations, events, identities, messages, opt_outs, quarantine, updates, webhooks},
    status,
};
use crate::{
    AddressKind, ClientId, ContractId, Direction, EventKind, IdentityChange, InboundMessage, LeadId, MessageOrigin,
    OptChange, Status, UserId,
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
    let mut log = write_messages(conn, context, plan, &people).await?;
    log.extend(status::write(conn, plan, now).await?);
    log.extend(write_updates(conn, plan, now).await?);
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

async fn write_messages(
    conn: &mut Conn,
    context: &Context<'_>,
    plan: &mut Plan<'_>,
    people: &People,
) -> QueryResult<Vec<EventRow>> {
    if plan.messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<MessageRow> = plan.messages.iter().map(|draft| message_row(draft, people, context.now)).collect();
    if context.depth == Depth::Everything {
        comunicaciones::number(conn, &mut rows).await?;
    }
    let at: HashMap<Uid, usize> = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    rows.sort_unstable_by(|a, b| (&a.account_id, &a.provider_id).cmp(&(&b.account_id, &b.provider_id)));
    let new: Vec<Uid> =
        insert_new!(conn, messages::table, rows, (messages::account_id, messages::provider_id), messages::id);
    let new: HashSet<Uid> = new.into_iter().collect();
    let (mut rows, known): (Vec<MessageRow>, Vec<MessageRow>) = rows.into_iter().partition(|row| new.contains(&row.id));
    // As they came: ids grow with the time at which they are made.
    rows.sort_unstable_by_key(|row| row.id);
    let mut files: Vec<(Uid, usize)> = rows.iter().map(|row| (row.id, at[&row.id])).collect();
    files.extend(complete_placeholders(conn, plan, known, &at).await?);
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
    let sent: Vec<(Uid, String, String)> = rows
        .iter()
        .filter(|row| row.direction == comunicaciones::direction_code(Direction::Outbound))
        .filter_map(|row| Some((row.id, row.account_id.clone()?, row.provider_id.clone()?)))
        .collect();
    status::adopt_orphans(conn, &sent, context.now).await?;
    Ok(rows.iter().map(|row| log_row(row, context.now)).collect())
}

/// An import tells of a file first and brings it later, under the same id: the file takes the place that was held for it.
/// Returns the messages that were completed, with the drafts that did.
async fn complete_placeholders(
    conn: &mut Conn,
    plan: &Plan<'_>,
    known: Vec<MessageRow>,
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
    let (direction, status) = match draft.body.origin {
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
    let owner = person.and_then(|p| p.owner.clone()).or_else(|| account.owner.clone());
    MessageRow {
        id: Uid(Uuid::now_v7()),
        organization_id: account.organization.as_str().to_owned(),
        account_id: Some(account.id.as_str().to_owned()),
        provider_id: Some(clean(&draft.event.subject)),
        conversation_id: person.map(|p| conversation_id(account.id.as_str(), p.contact)),
        contact_id: person.map(|p| p.contact),
        lead_id: person.and_then(|p| p.links.lead.clone()).map(LeadId::into_string),
        client_id: person.and_then(|p| p.links.client.clone()).map(ClientId::into_string),
        contract_id: person.and_then(|p| p.links.contract.clone()).map(ContractId::into_string),
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
        status: status.rank(),
        foreign_status: None,
        problem: None,
        duration_seconds: None,
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
        if inbound {
            row.unread += 1;
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
            draft.body.content.files().iter().map(move |media| AttachmentRow {
                id: Uid(Uuid::now_v7()),
                organization_id: draft.account.organization.as_str().to_owned(),
                account_id: draft.account.id.as_str().to_owned(),
                message_id: *message,
                kind: media.kind.as_str().to_owned(),
                mime_type: media.mime_type.as_deref().map(clean),
                filename: media.filename.as_deref().map(clean),
                sha256: media.sha256.as_deref().map(clean),
                source: Doc(clean_value(serde_json::to_value(&media.source).unwrap_or_default())),
                state: 0,
                attempts: 0,
                due_at: now,
                created_at: now,
            })
        })
        .collect();
    super::media::write(conn, rows).await
}

async fn write_updates(conn: &mut Conn, plan: &mut Plan<'_>, now: Instant) -> QueryResult<Vec<EventRow>> {
    if plan.updates.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<(usize, UpdateRow)> =
        plan.updates.iter().enumerate().map(|(at, draft)| (at, update_row(draft, now))).collect();
    rows.sort_unstable_by(|(_, a), (_, b)| (&a.account_id, &a.kind, &a.key).cmp(&(&b.account_id, &b.kind, &b.key)));
    let (order, rows): (Vec<usize>, Vec<UpdateRow>) = rows.into_iter().unzip();
    let ids: HashMap<Uid, usize> = rows.iter().map(|row| row.id).zip(order).collect();
    let new: Vec<Uid> =
        insert_new!(conn, updates::table, rows, (updates::account_id, updates::kind, updates::key), updates::id);
    for draft in &plan.updates {
        plan.counts[draft.webhook].duplicates += 1;
    }
    let mut log = Vec::new();
    let mut fresh: Vec<usize> = new.iter().filter_map(|id| ids.get(id).copied()).collect();
    fresh.sort_unstable();
    for at in fresh {
        let draft = &plan.updates[at];
        plan.counts[draft.webhook].duplicates -= 1;
        plan.counts[draft.webhook].updates += 1;
        match draft.body {
            EventKind::Identity(change) => follow(conn, draft, change, now).await?,
            EventKind::Opt(change) => opt(conn, draft, change, now).await?,
            _ => {}
        }
        log.push(EventRow {
            organization_id: draft.account.organization.as_str().to_owned(),
            kind: draft.body.name().to_owned(),
            account_id: Some(draft.event.account.as_str().to_owned()),
            message_id: None,
            conversation_id: None,
            payload: Doc(serde_json::json!({"subject": clean(&draft.event.subject)})),
            created_at: now,
        });
    }
    Ok(log)
}

/// Somebody has a new number or id: their contact is known under it from now on.
async fn follow(
    conn: &mut Conn,
    draft: &Draft<'_, EventKind>,
    change: &IdentityChange,
    now: Instant,
) -> QueryResult<()> {
    let account = draft.account;
    let mut named: Vec<_> =
        change.previous.iter().chain(&change.previous_aliases).chain(&change.current.addresses).collect();
    named.dedup();
    let values: Vec<String> = named.iter().map(|a| clean(a.value())).collect();
    let known: Vec<IdentityRow> = identities::table
        .filter(identities::account_id.eq(account.id.as_str()))
        .filter(identities::external_id.eq_any(&values))
        .select(IdentityRow::as_select())
        .load(conn)
        .await?;
    // Under the name that is known; where none is, there is nobody to follow yet: the first message makes the contact.
    let Some(found) = values.iter().find_map(|v| known.iter().find(|i| i.external_id == *v)) else {
        return Ok(());
    };
    let rows: Vec<IdentityRow> = change
        .current
        .addresses
        .iter()
        .map(|address| {
            let external_id = clean(address.value());
            IdentityRow {
                id: Uid(derived_id("identity", &[account.id.as_str(), &external_id])),
                external_id,
                kind: people::kind_name(address),
                created_at: now,
                updated_at: now,
                ..found.clone()
            }
        })
        .collect();
    people::write_identities(conn, rows).await
}

/// The latest word of a person on being written to counts, whatever order it arrives in.
async fn opt(conn: &mut Conn, draft: &Draft<'_, EventKind>, change: &OptChange, now: Instant) -> QueryResult<()> {
    let rows: Vec<OptOutRow> = change
        .party
        .addresses
        .iter()
        .map(|address| {
            let address = clean(address.value());
            let account = draft.account.id.as_str();
            OptOutRow {
                id: Uid(derived_id("opt", &[account, &address, &change.scope])),
                organization_id: draft.account.organization.as_str().to_owned(),
                account_id: account.to_owned(),
                address,
                scope: clean(&change.scope),
                opted_in: change.opted_in,
                occurred_at: draft.event.occurred_at.map_or(now, Instant::of),
            }
        })
        .collect();
    upsert!(
        conn,
        opt_outs::table,
        rows,
        (opt_outs::account_id, opt_outs::address, opt_outs::scope),
        (
            opt_outs::opted_in.eq(case_when(
                excluded(opt_outs::occurred_at).ge(opt_outs::occurred_at),
                excluded(opt_outs::opted_in),
            )
            .otherwise(opt_outs::opted_in)),
            opt_outs::occurred_at.eq(case_when(
                excluded(opt_outs::occurred_at).ge(opt_outs::occurred_at),
                excluded(opt_outs::occurred_at),
            )
            .otherwise(opt_outs::occurred_at)),
        )
    );
    Ok(())
}

fn update_row(draft: &Draft<'_, EventKind>, now: Instant) -> UpdateRow {
    UpdateRow {
        id: Uid(Uuid::now_v7()),
        organization_id: draft.account.organization.as_str().to_owned(),
        account_id: draft.event.account.as_str().to_owned(),
        kind: draft.body.name().to_owned(),
        key: clean(draft.event.key.as_str()),
        subject: clean(&draft.event.subject),
        payload: Doc(clean_value(serde_json::to_value(draft.body).unwrap_or_default())),
        webhook_id: Some(draft.webhook_id),
        occurred_at: draft.event.occurred_at.map(Instant::of),
        recorded_at: now,
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

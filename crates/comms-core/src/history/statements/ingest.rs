//! One round of the writer: many webhooks, one transaction.
//!
//! Tables are written in one order and rows in the order of their keys, so that two writers never wait for each other in a
//! circle. Everything is insert-or-ignore by key: a repetition changes nothing.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, calls, comunicaciones, conversations,
    early::{self, Named},
    mail, media, merge,
    people::{self, People},
    plan::{Draft, Plan},
    rows::{EventRow, MessageRow},
    schema::{events, messages, quarantine, webhooks},
    status, updates, whose,
};
use crate::{
    Address, AddressKind, ClientId, ContractId, Direction, InboundMessage, LeadId, MessageOrigin, Party, Status,
    UserId,
    history::{
        Ingested, NewWebhook,
        accounts_map::AccountMap,
        directory::Directory,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, search_form, shown},
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
            crate::failpoint!(IngestWritten);
            super::super::commit(conn).await?;
            crate::failpoint!(IngestCommitted);
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
    let met = people.write_new(conn).await?;
    people.write_names(conn, now).await?;
    people.write_learnt(conn, now).await?;
    let (mut log, mut named) = write_messages(conn, context, plan, &people).await?;
    log.extend(met);
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

/// Appends to the log, last of all: the lock that orders the cursors is held from here to the commit, which tells the other
/// processes.
pub(super) async fn append(conn: &mut Conn, log: Vec<EventRow>) -> QueryResult<Option<i64>> {
    if log.is_empty() {
        return Ok(None);
    }
    super::super::lock_cursor_and_tell(conn).await?;
    append_locked(conn, log).await
}

/// The same, where that lock is held.
pub(super) async fn append_locked(conn: &mut Conn, log: Vec<EventRow>) -> QueryResult<Option<i64>> {
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
    let joined = place_mails(conn, plan, &mut rows, context.now).await?;
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
    let opened = conversations::write(conn, &rows, context.now).await?;
    let files = files.iter().map(|(message, draft)| (*message, &plan.messages[*draft]));
    media::attach(conn, files, context.now).await?;
    for row in &rows {
        whose::learn(conn, row, plan.messages[at[&row.id]].body, context.now).await?;
    }
    let (shared, mut merges) = (context.depth == Depth::Everything, Vec::new());
    for (row, draft) in known.iter().map(|row| (row, &plan.messages[at[&row.id]])) {
        if calls::is_call(draft.body) {
            merges.extend(calls::amend(conn, draft, row, shared, context.now).await?);
        }
    }
    merge::write(conn, merges, context.now).await?;
    let log = rows.iter().map(|row| log_row(row, context.now)).chain(opened).chain(joined).collect();
    Ok((log, rows.into_iter().filter_map(|row| named(row, plan, &at)).collect()))
}

/// Finds the threads of e-mails: each is a conversation of its own. Returns the log's rows for those that turned out to be one.
async fn place_mails(
    conn: &mut Conn,
    plan: &Plan<'_>,
    rows: &mut [MessageRow],
    now: Instant,
) -> QueryResult<Vec<EventRow>> {
    let mails = plan.messages.iter().zip(rows.iter()).enumerate().filter_map(|(at, (draft, row))| {
        let (organization, account) = (draft.account.organization.as_str(), draft.account.id.as_str());
        let mail = mail::of(&draft.body.content)?;
        Some((at, mail::Placed { organization, account, contact: row.contact_id?, mail }))
    });
    let (at, mails): (Vec<usize>, Vec<mail::Placed<'_>>) = mails.unzip();
    let (found, joined) = mail::place(conn, &mails, now).await?;
    for (at, conversation) in at.into_iter().zip(found) {
        rows[at].conversation_id = Some(conversation);
    }
    Ok(joined)
}

/// A message of which the provider may have told something before: one of ours, or a call.
fn named(row: MessageRow, plan: &Plan<'_>, at: &HashMap<Uid, usize>) -> Option<Named> {
    let outbound = row.direction == comunicaciones::direction_code(Direction::Outbound);
    let call = calls::is_call(plan.messages[at[&row.id]].body);
    if !outbound && !call {
        return None;
    }
    Some(Named {
        message: row.id,
        organization: row.organization_id,
        account: row.account_id?,
        provider_id: row.provider_id?,
        call,
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
    let address = shown_address(&draft.body.party);
    let body = shown(&draft.body.content.summary());
    let searched = search_form(&draft.body.content.searched());
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
        conversation_id: person.map(|p| mail::plain(account.id.as_str(), p.contact)),
        contact_id: person.map(|p| p.contact),
        lead_id: links.lead.map(LeadId::into_string),
        client_id: links.client.map(ClientId::into_string),
        contract_id: links.contract.map(ContractId::into_string),
        user_id: owner.map(UserId::into_string),
        channel: account.channel.as_str().to_owned(),
        direction: comunicaciones::direction_code(direction),
        counterpart: address.map(|a| clean(a.value())).unwrap_or_default(),
        counterpart_kind: address.map_or_else(|| "other".to_owned(), people::kind_name),
        search: Some(searched),
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

/// People know each other by number or mail address; an id that only the provider can read is shown where there is no other.
fn shown_address(party: &Party) -> Option<&Address> {
    let readable = |address: &&Address| matches!(address.kind(), AddressKind::Phone | AddressKind::Email);
    party.addresses.iter().find(readable).or(party.primary())
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

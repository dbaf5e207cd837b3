//! Everything that is stored of one person, row by row with every column, so that a column of later is among them by itself.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Binary, Nullable, Text},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    mail,
    schema::{contacts, conversations, identities, messages},
};
use crate::{
    history::{DossierPage, DossierPart, Subject, personal::Names, sql_types::Uid},
    phone_variants,
};

/// The most raw webhooks that are looked at for one page: their bodies are held in memory.
const WEBHOOKS_AT_ONCE: i64 = 100;

/// A row as a document, its key as text, and the bytes that no document holds.
#[derive(QueryableByName)]
struct RowRead {
    #[diesel(sql_type = Text)]
    doc: String,
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Nullable<Binary>)]
    body: Option<Vec<u8>>,
}

/// Where the rows of a part are.
struct Place {
    table: String,
    /// The column by which they are paged.
    key: &'static str,
    condition: String,
    /// Whether each row is looked into, since nothing in it refers to the person.
    looked_into: bool,
}

/// A list of literals for `IN`.
fn list(literals: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = literals.collect();
    // Nothing equals null.
    if all.is_empty() { "(NULL)".to_owned() } else { format!("({})", all.join(", ")) }
}

pub(super) fn ids(ids: &[Uuid]) -> String {
    list(ids.iter().map(|id| super::super::id_literal(*id)))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

pub(super) fn texts(all: &[String]) -> String {
    list(all.iter().map(|one| text(one)))
}

/// A query for the ids of their messages: those of their conversations, and those that another program wrote to their addresses.
pub(super) fn messages_of(subject: &Subject) -> String {
    let messages = table("messages");
    format!(
        "(SELECT id FROM {messages} WHERE conversation_id IN {} UNION SELECT id FROM {messages} WHERE account_id IS NULL \
         AND organization_id = {} AND counterpart IN {})",
        ids(&subject.conversations),
        text(&subject.organization),
        texts(&subject.addresses)
    )
}

/// A query for the ids of the calls of agents with them that went on by chat: in their conversations, or with their number.
pub(super) fn continuations_of(subject: &Subject) -> String {
    format!(
        "(SELECT id FROM {} WHERE organization_id = {} AND (conversation_id IN {} OR phone IN {}))",
        table("continuations"),
        text(&subject.organization),
        ids(&subject.conversations),
        texts(&subject.addresses)
    )
}

fn place(subject: &Subject, part: DossierPart) -> Place {
    let (messages, contacts, threads) = (messages_of(subject), ids(&subject.contacts), ids(&subject.conversations));
    let own = text(&subject.organization);
    let (name, key, condition) = match part {
        DossierPart::Contacts => ("contacts", "id", format!("t.id IN {contacts}")),
        DossierPart::Identities => ("identities", "id", format!("t.contact_id IN {contacts}")),
        DossierPart::Conversations => ("conversations", "id", format!("t.id IN {threads}")),
        DossierPart::Reads => ("conversation_reads", "conversation_id", format!("t.conversation_id IN {threads}")),
        DossierPart::Notes => ("conversation_notes", "id", format!("t.conversation_id IN {threads}")),
        DossierPart::Messages => ("messages", "id", format!("t.id IN {messages}")),
        DossierPart::Comunicaciones => {
            let rows = format!("SELECT comunicacion_id FROM {} m WHERE m.id IN {messages}", table("messages"));
            ("comunicaciones", "id", format!("t.id IN ({rows})"))
        }
        DossierPart::Statuses => ("status_events", "id", format!("t.message_id IN {messages}")),
        DossierPart::Outbox => ("outbox", "message_id", format!("t.message_id IN {messages}")),
        DossierPart::Discards => ("discards", "message_id", format!("t.message_id IN {messages}")),
        DossierPart::Attachments => ("attachments", "id", format!("t.message_id IN {messages}")),
        DossierPart::OptOuts => {
            let theirs = texts(&subject.addresses);
            ("opt_outs", "id", format!("t.organization_id = {own} AND t.address IN {theirs}"))
        }
        DossierPart::Continuations => ("continuations", "id", format!("t.id IN {}", continuations_of(subject))),
        DossierPart::AgentTurns => ("agent_turns", "id", format!("t.continuation_id IN {}", continuations_of(subject))),
        DossierPart::AgentMessages => {
            ("agent_messages", "message_id", format!("t.continuation_id IN {}", continuations_of(subject)))
        }
        DossierPart::ImportedMessages => {
            ("imported_messages", "id", format!("t.continuation_id IN {}", continuations_of(subject)))
        }
        DossierPart::Threads => ("mail_threads", "id", format!("t.contact_id IN {contacts}")),
        DossierPart::Updates => ("updates", "id", format!("t.organization_id = {own}")),
        DossierPart::Events => ("events", "cursor", format!("t.organization_id = {own}")),
        DossierPart::Webhooks => {
            ("webhooks", "id", format!("(t.organization_id = {own} OR t.organization_id IS NULL)"))
        }
    };
    let looked_into = matches!(part, DossierPart::Updates | DossierPart::Events | DossierPart::Webhooks);
    let table = if part == DossierPart::Comunicaciones { name.to_owned() } else { table(name) };
    Place { table, key, condition, looked_into }
}

/// A page of a part.
pub(in super::super) async fn page(
    conn: &mut Conn,
    subject: &Subject,
    part: DossierPart,
    after: Option<&str>,
    limit: u16,
) -> QueryResult<DossierPage> {
    let Place { table, key, condition, looked_into } = place(subject, part);
    let webhooks = part == DossierPart::Webhooks;
    // What each user has read is a row for each user: few, and all of a conversation at once.
    let limit = match part {
        DossierPart::Webhooks => WEBHOOKS_AT_ONCE,
        DossierPart::Reads => i64::from(u16::MAX),
        _ => i64::from(limit.clamp(1, 1_000)),
    };
    let document = super::super::document(conn, &table).await?;
    let body = if webhooks { "t.body" } else { "NULL" };
    let numbered = matches!(part, DossierPart::Events | DossierPart::Comunicaciones);
    let after = after.and_then(|after| place_literal(after, numbered));
    let after = after.map(|after| format!(" AND t.{key} > {after}")).unwrap_or_default();
    let place = super::super::key_text(key, numbered);
    let rows: Vec<RowRead> = sql_query(format!(
        "SELECT {document} AS doc, {place} AS place, {body} AS body FROM {table} t WHERE {condition}{after} \
         ORDER BY t.{key} LIMIT {limit}"
    ))
    .load(conn)
    .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.place.clone());
    let names = Names::of(subject);
    let rows = rows.into_iter().filter_map(|row| shown(&names, part, looked_into, row)).collect();
    Ok(DossierPage { rows, next })
}

/// Where a page ended, as it stands in a query; `None` for what is none.
fn place_literal(after: &str, numbered: bool) -> Option<String> {
    if numbered {
        after.parse::<i64>().ok().map(|number| number.to_string())
    } else {
        after.parse::<Uuid>().ok().map(super::super::id_literal)
    }
}

/// A row as it is shown; `None` where it is not theirs.
fn shown(names: &Names, part: DossierPart, looked_into: bool, row: RowRead) -> Option<Value> {
    let mut document: Value = serde_json::from_str(&row.doc).ok()?;
    if part == DossierPart::Webhooks {
        let url = document["url"].as_str().unwrap_or_default().to_owned();
        // Others are in it too: what is theirs alone is shown.
        let theirs = names.extract(&url, row.body.as_deref().unwrap_or_default())?;
        document["body"] = theirs;
        return Some(document);
    }
    if looked_into && !names.in_document(&document) && !names_in_any(names, &document) {
        return None;
    }
    Some(document)
}

/// An id may be written without hyphens where the engine has no type for it.
fn names_in_any(names: &Names, document: &Value) -> bool {
    let Some(conversation) = document["conversation_id"].as_str() else {
        return false;
    };
    conversation.parse::<Uuid>().is_ok_and(|id| names.in_document(&json!(id)))
}

/// By what a person is known; `person` is the contact that stands for them.
pub(in super::super) async fn subject(conn: &mut Conn, organization: &str, person: Uid) -> QueryResult<Subject> {
    let contacts: Vec<Uid> = contacts::table
        .filter(contacts::organization_id.eq(organization.to_owned()))
        .filter(contacts::id.eq(person).or(contacts::person_id.eq(person)))
        .order(contacts::id)
        .select(contacts::id)
        .load(conn)
        .await?;
    let known: Vec<String> = identities::table
        .filter(identities::contact_id.eq_any(contacts.clone()))
        .order(identities::id)
        .select(identities::external_id)
        .load(conn)
        .await?;
    let threads: Vec<Uid> = conversations::table
        .filter(conversations::contact_id.eq_any(contacts.clone()))
        .order(conversations::id)
        .select(conversations::id)
        .load(conn)
        .await?;
    let threads = mail::every_id(conn, threads).await?;
    let named: Vec<Option<String>> = messages::table
        .filter(messages::conversation_id.eq_any(threads.clone()))
        .filter(messages::provider_id.is_not_null())
        .select(messages::provider_id)
        .load(conn)
        .await?;
    let plain = |ids: Vec<Uid>| ids.into_iter().map(|id| id.0).collect();
    Ok(Subject {
        organization: organization.to_owned(),
        contacts: plain(contacts),
        conversations: plain(threads),
        addresses: spelled(known),
        provider_ids: named.into_iter().flatten().collect(),
    })
}

/// Addresses in every spelling that may be met.
fn spelled(known: Vec<String>) -> Vec<String> {
    let mut all = known;
    let variants: Vec<String> = all.iter().flat_map(|address| phone_variants(address)).collect();
    all.extend(variants);
    let bare: Vec<String> = all.iter().filter_map(|address| address.strip_prefix('+').map(str::to_owned)).collect();
    all.extend(bare);
    all.sort_unstable();
    all.dedup();
    all
}

//! Pages of the history, and one message.

use std::collections::HashMap;

use diesel::{
    dsl::{exists, not, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::{Bool, Nullable},
};

use super::{
    Conn, RunQueryDsl, comunicaciones, media, parts, queue,
    schema::{accounts, comunicaciones as rows, discards, messages, status_events},
};
use crate::{
    AccountId, Address, AddressKind, ChannelKind, ConversationId, MessageId, Status, UserId,
    history::{
        Delivery, HistoryEntry, HistoryFilter, HistoryPage, Links, MessageDetail, PageKey, Scope, StatusEvent,
        directory::{Directory, Kind},
        sql_types::{Doc, DocSql, Instant, Uid},
        text::{like_pattern, number_of},
        vocabulary,
    },
};

/// The longest page.
const LONGEST_PAGE: u16 = 200;

/// A message as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRead {
    pub id: Uid,
    pub organization_id: String,
    account_id: Option<String>,
    provider_id: Option<String>,
    conversation_id: Option<Uid>,
    pub lead_id: Option<String>,
    pub client_id: Option<String>,
    pub contract_id: Option<String>,
    pub user_id: Option<String>,
    channel: String,
    direction: i16,
    counterpart: String,
    counterpart_kind: String,
    #[diesel(select_expression = listed_content(), select_expression_type = SqlLiteral<Nullable<DocSql>>)]
    content: Option<Doc>,
    body: Option<String>,
    reply_to: Option<String>,
    extra: Option<Doc>,
    status: i16,
    foreign_status: Option<String>,
    problem: Option<Doc>,
    duration_seconds: Option<i32>,
    answered_by: Option<String>,
    retry_of: Option<Uid>,
    comunicacion_id: Option<i32>,
    occurred_at: Option<Instant>,
    created_at: Instant,
}

/// An e-mail may be longer than all else of a page: its content is read where the message is asked for by itself.
fn listed_content() -> SqlLiteral<Nullable<DocSql>> {
    let (table, mail) = (super::super::MESSAGES, ChannelKind::Email.as_str());
    sql(&format!("CASE WHEN {table}.channel = '{mail}' THEN NULL ELSE {table}.content END"))
}

/// What another program may have changed in the shared row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = rows)]
pub(super) struct RowRead {
    lead_id: Option<i32>,
    cliente_id: Option<i32>,
    contrato_id: Option<i32>,
    usuario_id: i32,
    destinatario: String,
    contenido: Option<String>,
    estado: String,
    sid_externo: Option<String>,
    duracion_seg: Option<i32>,
}

/// A page, newest first.
pub(in super::super) async fn page(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    filter: &HistoryFilter,
) -> QueryResult<HistoryPage> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE);
    let named = match &filter.provider_id {
        Some(id) => Some(named(conn, scope, id).await?),
        None => None,
    };
    let mut entries = select(conn, directory, scope, filter, named.as_deref(), i64::from(limit) + 1).await?;
    let more = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    let next = entries
        .last()
        .filter(|_| more)
        .map(|(row, _)| PageKey { created_at: row.created_at.0, id: MessageId(row.id.0) });
    let ids: Vec<Uid> = entries.iter().map(|(row, _)| row.id).collect();
    let mut attachments: HashMap<Uid, Vec<_>> = HashMap::new();
    if !ids.is_empty() {
        for file in media::of_messages(conn, &ids).await? {
            attachments.entry(file.message()).or_default().push(file.into_attachment());
        }
    }
    let mut deliveries = deliveries(conn, entries.iter().map(|(row, _)| row)).await?;
    let entries = entries
        .into_iter()
        .map(|(row, shared)| {
            let files = attachments.remove(&row.id).unwrap_or_default();
            let delivery = deliveries.remove(&row.id);
            HistoryEntry { delivery, ..entry(row, shared, files) }
        })
        .collect();
    Ok(HistoryPage { entries, next })
}

/// Everything known of one message.
pub(in super::super) async fn message(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    id: MessageId,
) -> QueryResult<Option<MessageDetail>> {
    let one = select(conn, directory, scope, &HistoryFilter::default(), Some(&[Uid(id.0)]), 1).await?;
    let Some((mut row, shared)) = one.into_iter().next() else {
        return Ok(None);
    };
    if row.channel == ChannelKind::Email.as_str() {
        row.content = messages::table.find(row.id).select(messages::content).first(conn).await?;
    }
    let events: Vec<EventTuple> = status_events::table
        .filter(status_events::message_id.eq(row.id))
        .order((status_events::occurred_at, status_events::id))
        .select((
            status_events::status,
            status_events::provider_status,
            status_events::occurred_at,
            status_events::recorded_at,
            status_events::problem,
            status_events::duration_seconds,
            status_events::answered_by,
            status_events::extra,
        ))
        .load(conn)
        .await?;
    let files = media::of_messages(conn, &[row.id]).await?;
    let delivery = deliveries(conn, std::iter::once(&row)).await?.remove(&row.id);
    let files = files.into_iter().map(media::AttachmentRead::into_attachment).collect();
    let kind = serde_json::from_value(row.counterpart_kind.clone().into()).unwrap_or(AddressKind::Other);
    Ok(Some(MessageDetail {
        events: events.into_iter().map(status_event).collect(),
        reply_to: row.reply_to.clone(),
        retry_of: row.retry_of.map(|id| MessageId(id.0)),
        extra: row.extra.clone().map(|doc| doc.0),
        occurred_at: row.occurred_at.map(|at| at.0),
        address: Address::verbatim(kind, row.counterpart.clone()),
        entry: HistoryEntry { delivery, ..entry(row, shared, files) },
    }))
}

/// How these messages stand in the queue. Only what waits is asked for.
async fn deliveries<'r>(
    conn: &mut Conn,
    rows: impl Iterator<Item = &'r MessageRead>,
) -> QueryResult<HashMap<Uid, Delivery>> {
    let waiting: Vec<Uid> = rows.filter(|row| row.status <= Status::Queued.rank()).map(|row| row.id).collect();
    if waiting.is_empty() { Ok(HashMap::new()) } else { queue::deliveries(conn, waiting).await }
}

/// The message behind a row of `comunicaciones`.
pub(in super::super) async fn by_row(conn: &mut Conn, organization: &str, id: i32) -> QueryResult<Option<MessageId>> {
    let found: Option<Uid> = messages::table
        .filter(messages::comunicacion_id.eq(id))
        .filter(messages::organization_id.eq(organization))
        .select(messages::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|id| MessageId(id.0)))
}

/// A condition, as text, that holds for what is a seller's own: their rows, and those of what the directory assigns to them.
pub(super) fn own_rows(directory: &Directory, seller: &UserId) -> String {
    format!("({})", own_parts(directory, seller).join(" OR "))
}

/// The same as conditions of which one holds.
pub(super) fn own_parts(directory: &Directory, seller: &UserId) -> Vec<String> {
    let table = super::super::MESSAGES;
    // A user id is a claim of a signed token; it is written as a literal with its quotes doubled all the same.
    let literal = seller.as_str().replace('\'', "''").replace('\0', "");
    let mut own = vec![format!("{table}.user_id = '{literal}'")];
    for (kind, assigned) in directory.assigned_to(seller.as_str()) {
        let column = match kind {
            Kind::Lead => "lead_id",
            Kind::Client => "client_id",
            Kind::Contract => "contract_id",
        };
        own.push(format!("{table}.{column} IN ({assigned})"));
    }
    own
}

/// The messages that have this id at a provider. The index begins with the account; rows of other programs have none.
async fn named(conn: &mut Conn, scope: &Scope, provider_id: &str) -> QueryResult<Vec<Uid>> {
    let accounts: Vec<Option<String>> = accounts::table
        .filter(accounts::organization_id.eq(scope.organization.as_str()))
        .select(accounts::id.nullable())
        .load(conn)
        .await?;
    messages::table
        .filter(messages::provider_id.eq(provider_id))
        .filter(messages::account_id.eq_any(accounts).assume_not_null().or(messages::account_id.is_null()))
        .filter(messages::organization_id.eq(scope.organization.as_str()))
        .select(messages::id)
        .load(conn)
        .await
}

async fn select(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    filter: &HistoryFilter,
    only: Option<&[Uid]>,
    limit: i64,
) -> QueryResult<Vec<(MessageRead, Option<RowRead>)>> {
    let Some(seller) = &scope.seller else {
        return select_part(conn, scope, None, filter, only, limit).await;
    };
    let mut rows = Vec::new();
    for own in own_parts(directory, seller) {
        rows.extend(select_part(conn, scope, Some(&own), filter, only, limit).await?);
    }
    Ok(parts::page(rows, |(row, _)| (row.created_at, row.id), limit))
}

async fn select_part(
    conn: &mut Conn,
    scope: &Scope,
    own: Option<&str>,
    filter: &HistoryFilter,
    only: Option<&[Uid]>,
    limit: i64,
) -> QueryResult<Vec<(MessageRead, Option<RowRead>)>> {
    let mut query = messages::table
        .left_join(rows::table.on(rows::id.nullable().eq(messages::comunicacion_id)))
        .select((MessageRead::as_select(), Option::<RowRead>::as_select()))
        .filter(messages::organization_id.eq(scope.organization.as_str()))
        // What another program wrote and deleted again is gone.
        .filter(messages::account_id.is_not_null().or(rows::id.is_not_null()))
        .order((messages::created_at.desc(), messages::id.desc()))
        .limit(limit)
        .into_boxed();
    // Narrows the query where the filter names a value.
    macro_rules! narrow {
        ($value:expr, |$name:ident| $condition:expr) => {
            if let Some($name) = $value {
                query = query.filter($condition);
            }
        };
    }
    narrow!(own, |own| sql::<Bool>(own));
    narrow!(only, |ids| messages::id.eq_any(ids));
    narrow!(&filter.lead, |lead| messages::lead_id.eq(lead.as_str()));
    narrow!(&filter.client, |client| messages::client_id.eq(client.as_str()));
    narrow!(&filter.contract, |contract| messages::contract_id.eq(contract.as_str()));
    narrow!(&filter.user, |user| messages::user_id.eq(user.as_str()));
    narrow!(accounts(filter), |all| messages::account_id.eq_any(all));
    narrow!(filter.conversation, |conversation| messages::conversation_id.eq(Uid(conversation.0)));
    narrow!(filter.channel, |channel| messages::channel.eq(channel.as_str()));
    narrow!(filter.direction, |direction| messages::direction.eq(comunicaciones::direction_code(direction)));
    narrow!(filter.from, |from| messages::created_at.ge(Instant::of(from)));
    narrow!(filter.until, |until| messages::created_at.lt(Instant::of(until)));
    if filter.undiscarded {
        query = query.filter(not(exists(discards::table.filter(discards::message_id.eq(messages::id)))));
    }
    narrow!(&filter.text, |text| messages::search.like(like_pattern(text)).escape('\\'));
    // Another program's word hides the state that we believe.
    narrow!(states(filter), |states| messages::foreign_status
        .is_null()
        .and(messages::status.eq_any(states.0))
        .or(messages::foreign_status.eq_any(states.1).assume_not_null()));
    if let Some(after) = filter.after {
        // The form that an index bounds: `(a, b) < (x, y)` said as `a <= x AND (a < x OR b < y)`.
        let at = Instant::of(after.created_at);
        query = query
            .filter(messages::created_at.le(at))
            .filter(messages::created_at.lt(at).or(messages::id.lt(Uid(after.id.0))));
    }
    query.load(conn).await
}

/// The states that a filter names, as ranks and in words; `None` for every one.
fn states(filter: &HistoryFilter) -> Option<(Vec<i16>, Vec<&'static str>)> {
    let named = || filter.statuses.iter();
    let words = named().map(|status| vocabulary::estado(*status)).collect();
    (!filter.statuses.is_empty()).then(|| (named().map(|status| status.rank()).collect(), words))
}

/// The accounts that a filter names; `None` for every one.
fn accounts(filter: &HistoryFilter) -> Option<Vec<&str>> {
    let named: Vec<&str> = filter.accounts.iter().map(AccountId::as_str).collect();
    (!named.is_empty()).then_some(named)
}

/// A message as the history shows it.
pub(super) fn entry(
    row: MessageRead,
    shared: Option<RowRead>,
    attachments: Vec<crate::history::Attachment>,
) -> HistoryEntry {
    let status = Status::from_rank(row.status).unwrap_or(Status::Unknown);
    let mut links = Links {
        lead: row.lead_id.map(Into::into),
        client: row.client_id.map(Into::into),
        contract: row.contract_id.map(Into::into),
    };
    let (mut user, mut text, mut duration, mut foreign_status) =
        (row.user_id, row.body, row.duration_seconds, row.foreign_status);
    let (mut counterpart, mut provider_id) = (row.counterpart, row.provider_id);
    if let Some(shared) = shared {
        // The shared row is what every program sees: what another one changed there holds.
        let shown = |id: Option<i32>| id.map(|id| id.to_string());
        links.lead = shown(shared.lead_id).map(Into::into).or(links.lead.filter(is_text));
        links.client = shown(shared.cliente_id).map(Into::into).or(links.client.filter(is_text));
        links.contract = shown(shared.contrato_id).map(Into::into).or(links.contract.filter(is_text));
        user = Some(shared.usuario_id.to_string());
        duration = shared.duracion_seg.or(duration);
        foreign_status = Some(shared.estado).filter(|word| word != vocabulary::estado(status));
        // Of a message of ours, the row may hold less than we do.
        if row.account_id.is_none() {
            text = shared.contenido;
            counterpart = shared.destinatario;
            provider_id = shared.sid_externo;
        }
    }
    let told = shows_its_reason(status);
    HistoryEntry {
        message: MessageId(row.id.0),
        id: row.comunicacion_id,
        organization: row.organization_id.into(),
        account: row.account_id.map(Into::into),
        links,
        user: user.map(Into::into),
        channel: row.channel,
        direction: comunicaciones::direction_of(row.direction),
        counterpart,
        text,
        content: row.content.and_then(|doc| serde_json::from_value(doc.0).ok()),
        status,
        foreign_status,
        provider_id,
        duration_seconds: duration,
        answered_by: row.answered_by,
        created_at: row.created_at.0,
        problem: row.problem.filter(|_| told).and_then(|doc| serde_json::from_value(doc.0).ok()),
        conversation: row.conversation_id.map(|id| ConversationId(id.0)),
        attachments,
        delivery: None,
    }
}

/// Whether a state has a reason that people are to read.
fn shows_its_reason(status: Status) -> bool {
    use Status::{CallBusy, CallCanceled, CallFailed, CallNoAnswer, Expired, Failed, Queued, Unknown};
    matches!(status, Failed | Queued | Unknown | Expired | CallFailed | CallBusy | CallNoAnswer | CallCanceled)
}

/// An id that the shared table cannot hold, since it is no number, is only in ours.
fn is_text<T: ToString>(id: &T) -> bool {
    number_of(&id.to_string()).is_none()
}

type EventTuple = (Option<i16>, String, Instant, Instant, Option<Doc>, Option<i32>, Option<String>, Option<Doc>);

fn status_event(
    (status, provider_status, occurred_at, recorded_at, problem, duration_seconds, answered_by, extra): EventTuple,
) -> StatusEvent {
    StatusEvent {
        status: status.and_then(Status::from_rank),
        provider_status,
        occurred_at: occurred_at.0,
        recorded_at: recorded_at.0,
        problem: problem.and_then(|doc| serde_json::from_value(doc.0).ok()),
        duration_seconds,
        answered_by,
        extra: extra.map(|doc| doc.0),
    }
}

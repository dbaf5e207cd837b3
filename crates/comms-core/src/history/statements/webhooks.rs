//! Raw webhooks, for replays; the event log, for realtime.

use diesel::{dsl::exists, prelude::*};

use super::{
    Conn, RunQueryDsl,
    schema::{events, quarantine, webhooks},
};
use crate::{
    ConversationId, MessageId, StoredWebhook, WebhookId, WebhookRequest,
    history::{
        LogEvent, QuarantinedAccount, WebhookFilter,
        sql_types::{Doc, Instant, Uid},
    },
};

type RawRow = (Uid, String, String, String, Doc, Vec<u8>, Instant);

/// A stored webhook as it arrived.
pub(in super::super) async fn webhook(conn: &mut Conn, id: WebhookId) -> QueryResult<Option<StoredWebhook>> {
    let row: Option<RawRow> = webhooks::table
        .find(Uid(id.0))
        .select((
            webhooks::id,
            webhooks::provider,
            webhooks::method,
            webhooks::url,
            webhooks::headers,
            webhooks::body,
            webhooks::received_at,
        ))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(id, provider, method, url, headers, body, received_at)| {
        let mut request = WebhookRequest::post(url, body);
        request.method = method.parse().unwrap_or(http::Method::POST);
        for (name, value) in headers.0.as_object().into_iter().flatten() {
            let name = http::HeaderName::from_bytes(name.as_bytes());
            let value = value.as_str().map(http::HeaderValue::from_str);
            if let (Ok(name), Some(Ok(value))) = (name, value) {
                request.headers.append(name, value);
            }
        }
        StoredWebhook::from_repository(WebhookId(id.0), provider, received_at.0, request)
    }))
}

/// Stored webhooks, oldest first.
pub(in super::super) async fn list(conn: &mut Conn, filter: &WebhookFilter) -> QueryResult<Vec<WebhookId>> {
    let mut query = webhooks::table
        .select(webhooks::id)
        .order(webhooks::id)
        .limit(i64::from(filter.limit.clamp(1, 1_000)))
        .into_boxed();
    if let Some(provider) = &filter.provider {
        query = query.filter(webhooks::provider.eq(provider));
    }
    if let Some(from) = filter.from {
        query = query.filter(webhooks::received_at.ge(Instant::of(from)));
    }
    if let Some(until) = filter.until {
        query = query.filter(webhooks::received_at.lt(Instant::of(until)));
    }
    if filter.problems_only {
        query = query.filter(webhooks::problem.is_not_null());
    }
    if let Some(account) = &filter.quarantined {
        query = query.filter(exists(
            quarantine::table
                .filter(quarantine::webhook_id.eq(webhooks::id))
                .filter(quarantine::account_id.eq(account.as_str())),
        ));
    }
    if let Some(after) = filter.after {
        query = query.filter(webhooks::id.gt(Uid(after.0)));
    }
    let ids: Vec<Uid> = query.load(conn).await?;
    Ok(ids.into_iter().map(|id| WebhookId(id.0)).collect())
}

/// The accounts that nobody registered.
pub(in super::super) async fn quarantined(conn: &mut Conn) -> QueryResult<Vec<QuarantinedAccount>> {
    let rows: Vec<(String, i64, Option<Instant>)> = quarantine::table
        .group_by(quarantine::account_id)
        .select((quarantine::account_id, diesel::dsl::count_star(), diesel::dsl::min(quarantine::received_at)))
        .order(quarantine::account_id)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(account, count, since)| QuarantinedAccount {
            account: account.into(),
            webhooks: count,
            since: since.map_or(time::OffsetDateTime::UNIX_EPOCH, |at| at.0),
        })
        .collect())
}

/// A replay took these in: they wait no more.
pub(in super::super) async fn release(conn: &mut Conn, webhook: WebhookId, known: &[String]) -> QueryResult<()> {
    diesel::delete(
        quarantine::table
            .filter(quarantine::webhook_id.eq(Uid(webhook.0)))
            .filter(quarantine::account_id.eq_any(known.to_vec())),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many webhooks wait for an account.
pub(in super::super) async fn quarantine_count(conn: &mut Conn) -> QueryResult<i64> {
    quarantine::table.count().get_result(conn).await
}

/// The last cursor of the log; 0 while it is empty.
pub(in super::super) async fn log_end(conn: &mut Conn) -> QueryResult<i64> {
    let last: Option<i64> = events::table.select(diesel::dsl::max(events::cursor)).first(conn).await?;
    Ok(last.unwrap_or_default())
}

type LogRow = (i64, String, String, Option<String>, Option<Uid>, Option<Uid>, Doc, Instant);

/// The log after a cursor.
pub(in super::super) async fn log(
    conn: &mut Conn,
    organization: Option<&str>,
    after: i64,
    limit: u16,
) -> QueryResult<Vec<LogEvent>> {
    let mut query = events::table
        .filter(events::cursor.gt(after))
        .order(events::cursor)
        .limit(i64::from(limit.clamp(1, 1_000)))
        .select((
            events::cursor,
            events::organization_id,
            events::kind,
            events::account_id,
            events::message_id,
            events::conversation_id,
            events::payload,
            events::created_at,
        ))
        .into_boxed();
    if let Some(organization) = organization {
        query = query.filter(events::organization_id.eq(organization));
    }
    let rows: Vec<LogRow> = query.load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|(cursor, organization, kind, account, message, conversation, payload, created_at)| LogEvent {
            cursor,
            organization: organization.into(),
            kind,
            account: account.map(Into::into),
            message: message.map(|id| MessageId(id.0)),
            conversation: conversation.map(|id| ConversationId(id.0)),
            payload: payload.0,
            created_at: created_at.0,
        })
        .collect())
}

//! Files that belong to messages: fetched by whoever claims them.

use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, ingest,
    plan::Draft,
    rows::{AttachmentRow, EventRow},
    schema::{attachments, messages},
};
use crate::{
    IN_WEBHOOK, InboundMessage, Media, MessageId, WebhookId,
    history::{
        Attachment, AttachmentState, MediaJob, MediaOutcome, Scope,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, derived_id},
    },
};

const PENDING: i16 = 0;
const STORED: i16 = 1;
const FAILED: i16 = 2;

pub(super) async fn write(conn: &mut Conn, rows: Vec<AttachmentRow>) -> QueryResult<()> {
    insert_ignore!(conn, attachments::table, rows, attachments::id);
    Ok(())
}

/// Stores the files of messages, to be fetched.
pub(super) async fn attach<'d>(
    conn: &mut Conn,
    messages: impl Iterator<Item = (Uid, &'d Draft<'d, InboundMessage>)>,
    now: Instant,
) -> QueryResult<()> {
    let rows: Vec<AttachmentRow> = messages
        .flat_map(|(message, draft)| {
            let files = draft.body.content.files().iter().enumerate();
            files.map(move |(at, media)| attachment_row(draft, message, at, media, now))
        })
        .collect();
    write(conn, rows).await
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = attachments)]
pub(super) struct AttachmentRead {
    id: Uid,
    message_id: Uid,
    kind: String,
    mime_type: Option<String>,
    filename: Option<String>,
    size: Option<i64>,
    state: i16,
    blob_key: Option<String>,
    error: Option<String>,
}

impl AttachmentRead {
    pub(super) fn message(&self) -> Uid {
        self.message_id
    }

    pub(super) fn into_attachment(self) -> Attachment {
        Attachment {
            id: self.id.0,
            message: MessageId(self.message_id.0),
            kind: self.kind,
            mime_type: self.mime_type,
            filename: self.filename,
            size: self.size,
            state: match self.state {
                STORED => AttachmentState::Stored,
                FAILED => AttachmentState::Failed,
                _ => AttachmentState::Pending,
            },
            blob_key: self.blob_key,
            error: self.error,
        }
    }
}

/// The attachments of these messages.
pub(super) async fn of_messages(conn: &mut Conn, messages: &[Uid]) -> QueryResult<Vec<AttachmentRead>> {
    attachments::table
        .filter(attachments::message_id.eq_any(messages.to_vec()))
        .order((attachments::position, attachments::created_at, attachments::id))
        .select(AttachmentRead::as_select())
        .load(conn)
        .await
}

/// One attachment of the organisation.
pub(in super::super) async fn attachment(conn: &mut Conn, scope: &Scope, id: Uuid) -> QueryResult<Option<Attachment>> {
    let row: Option<AttachmentRead> = attachments::table
        .find(Uid(id))
        .filter(attachments::organization_id.eq(scope.organization.as_str()))
        .select(AttachmentRead::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(AttachmentRead::into_attachment))
}

/// Claims what is due until `until`. What another process is claiming at this moment is left to it.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<Vec<MediaJob>> {
    super::super::begin(conn).await?;
    let due: QueryResult<Vec<Uid>> = skip_locked!(
        attachments::table
            .filter(attachments::state.eq(PENDING))
            .filter(attachments::due_at.le(now))
            .order((attachments::due_at, attachments::id))
            .limit(i64::from(limit))
            .select(attachments::id)
    )
    .load(conn)
    .await;
    let claimed = match due {
        Ok(due) => claim_these(conn, due, until).await,
        Err(error) => Err(error),
    };
    if claimed.as_ref().is_ok_and(|jobs| !jobs.is_empty()) {
        crate::failpoint!(MediaWritten);
    }
    super::super::end(conn, claimed).await
}

/// What a claim tells: id, organisation, account, source, media type, hash, attempts, message.
type Claimed = (Uid, String, String, Doc, Option<String>, Option<String>, i32, Uid);

async fn claim_these(conn: &mut Conn, due: Vec<Uid>, until: Instant) -> QueryResult<Vec<MediaJob>> {
    let rows: Vec<Claimed> = diesel::update(attachments::table.filter(attachments::id.eq_any(due)))
        .set((attachments::due_at.eq(until), attachments::attempts.eq(attachments::attempts + 1)))
        .returning((
            attachments::id,
            attachments::organization_id,
            attachments::account_id,
            attachments::source,
            attachments::mime_type,
            attachments::sha256,
            attachments::attempts,
            attachments::message_id,
        ))
        .get_results(conn)
        .await?;
    let webhooks = webhooks_of(conn, &rows).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, organization, account, source, mime_type, sha256, attempts, message)| {
            Some(MediaJob {
                id: id.0,
                organization: organization.into(),
                account: account.into(),
                source: serde_json::from_value(source.0).ok()?,
                mime_type,
                sha256,
                webhook: webhooks.get(&message.0).map(|webhook| WebhookId(webhook.0)),
                attempts,
            })
        })
        .collect())
}

/// The webhooks in which the files are that came inside of one; the others are asked for elsewhere.
async fn webhooks_of(conn: &mut Conn, rows: &[Claimed]) -> QueryResult<HashMap<Uuid, Uid>> {
    let inside = rows.iter().filter(|row| row.3.0["id"].as_str().is_some_and(|id| id.starts_with(IN_WEBHOOK)));
    let messages: Vec<Uid> = inside.map(|row| row.7).collect();
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Uid, Option<Uid>)> = messages::table
        .filter(messages::id.eq_any(messages))
        .select((messages::id, messages::webhook_id))
        .load(conn)
        .await?;
    Ok(found.into_iter().filter_map(|(message, webhook)| Some((message.0, webhook?))).collect())
}

/// Records how fetching ended, for who holds the claim. A file that is here already stays. Returns the last cursor of the log.
pub(in super::super) async fn conclude(
    conn: &mut Conn,
    id: Uid,
    claim: i32,
    outcome: &MediaOutcome,
    now: Instant,
) -> QueryResult<Option<i64>> {
    super::super::begin(conn).await?;
    let concluded = conclude_in(conn, id, claim, outcome, now).await;
    super::super::end(conn, concluded).await
}

async fn conclude_in(
    conn: &mut Conn,
    id: Uid,
    claim: i32,
    outcome: &MediaOutcome,
    now: Instant,
) -> QueryResult<Option<i64>> {
    let changed = record(conn, id, claim, outcome).await?;
    let state = match outcome {
        _ if changed == 0 => return Ok(None),
        MediaOutcome::Retry { .. } => return Ok(None),
        MediaOutcome::Stored { .. } => "stored",
        MediaOutcome::Failed { .. } => "failed",
    };
    let (organization_id, account_id, message): (String, String, Uid) = attachments::table
        .find(id)
        .select((attachments::organization_id, attachments::account_id, attachments::message_id))
        .first(conn)
        .await?;
    let conversation: Option<Option<Uid>> =
        messages::table.find(message).select(messages::conversation_id).first(conn).await.optional()?;
    let told = EventRow {
        organization_id,
        kind: "file".to_owned(),
        account_id: Some(account_id),
        message_id: Some(message),
        conversation_id: conversation.flatten(),
        payload: Doc(serde_json::json!({"file": id.0, "state": state})),
        created_at: now,
    };
    ingest::append(conn, vec![told]).await
}

async fn record(conn: &mut Conn, id: Uid, claim: i32, outcome: &MediaOutcome) -> QueryResult<usize> {
    let held =
        attachments::table.find(id).filter(attachments::state.eq(PENDING)).filter(attachments::attempts.eq(claim));
    match outcome {
        MediaOutcome::Stored { blob_key, size, mime_type, sha256 } => {
            diesel::update(held)
                .set((
                    attachments::state.eq(STORED),
                    attachments::blob_key.eq(blob_key),
                    attachments::size.eq(size),
                    attachments::sha256.eq(sha256),
                    mime_type.as_ref().map(|m| attachments::mime_type.eq(clean(m))),
                    attachments::error.eq(None::<String>),
                ))
                .execute(conn)
                .await
        }
        MediaOutcome::Retry { at, error } => {
            diesel::update(held)
                .set((attachments::due_at.eq(Instant::of(*at)), attachments::error.eq(clean(error))))
                .execute(conn)
                .await
        }
        MediaOutcome::Failed { error } => {
            diesel::update(held)
                .set((attachments::state.eq(FAILED), attachments::error.eq(clean(error))))
                .execute(conn)
                .await
        }
    }
}

/// How many wait.
pub(in super::super) async fn pending(conn: &mut Conn) -> QueryResult<i64> {
    attachments::table.filter(attachments::state.eq(PENDING)).count().get_result(conn).await
}

//! Recordings of calls: attachments of the call's record, once each, whichever of both is told first.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{
    Conn, RunQueryDsl,
    early::Named,
    media,
    plan::Draft,
    rows::AttachmentRow,
    schema::{messages, updates},
};
use crate::{
    EventKind, Recording,
    history::{
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, derived_id},
    },
};

/// A call that is found: its id, account and conversation.
type Found = (Uid, Option<String>, Option<Uid>);

/// Attaches a recording to its call, where that is known. Returns the call's message and conversation.
pub(super) async fn attach(
    conn: &mut Conn,
    draft: &Draft<'_, EventKind>,
    family: &[String],
    recording: &Recording,
    now: Instant,
) -> QueryResult<Option<(Uid, Option<Uid>)>> {
    let found: Option<Found> = messages::table
        .filter(messages::account_id.eq_any(family))
        .filter(messages::provider_id.eq(clean(&draft.event.subject)))
        .order(messages::account_id)
        .select((messages::id, messages::account_id, messages::conversation_id))
        .first(conn)
        .await
        .optional()?;
    let Some((message, Some(account), conversation)) = found else {
        return Ok(None);
    };
    let told = (draft.event.account.as_str(), draft.event.key.as_str());
    let row = row(message, draft.account.organization.as_str(), &account, told, recording, now);
    media::write(conn, vec![row]).await?;
    Ok(Some((message, conversation)))
}

/// Attaches the recordings that came before their call.
pub(super) async fn adopt(
    conn: &mut Conn,
    new: &[Named],
    accounts: &[&str],
    parents: &[(String, Option<String>)],
    now: Instant,
) -> QueryResult<()> {
    let subjects: Vec<&str> = new.iter().map(|named| named.provider_id.as_str()).collect();
    let early: Vec<(String, String, String, String, Doc)> = updates::table
        // Word for word the condition of index `updates_recording_idx`.
        .filter(sql::<Bool>("kind = 'recording'"))
        .filter(updates::account_id.eq_any(accounts))
        .filter(updates::subject.eq_any(subjects))
        .select((updates::organization_id, updates::account_id, updates::key, updates::subject, updates::payload))
        .load(conn)
        .await?;
    let mut rows = Vec::new();
    for (organization, account, key, subject, payload) in early {
        let Some(call) = new.iter().find(|named| named.is(&organization, &account, Some(&subject), parents)) else {
            continue;
        };
        // What this version cannot read any more stays in the updates as it came.
        if let Ok(EventKind::Recording(recording)) = serde_json::from_value(payload.0) {
            rows.push(row(call.message, &organization, &call.account, (&account, &key), &recording, now));
        }
    }
    media::write(conn, rows).await
}

/// The attachment: its id is made of the event's account and key, so that a recording is attached once, whoever does it.
fn row(
    message: Uid,
    organization: &str,
    account: &str,
    (told_by, key): (&str, &str),
    recording: &Recording,
    now: Instant,
) -> AttachmentRow {
    let media = &recording.media;
    AttachmentRow {
        id: Uid(derived_id("recording", &[told_by, &clean(key)])),
        organization_id: organization.to_owned(),
        account_id: account.to_owned(),
        message_id: message,
        position: 0,
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

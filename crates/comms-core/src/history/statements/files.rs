//! Files of messages of ours: they are in our store already, and are listed, kept and erased like those that came in.

use diesel::{
    QueryResult, sql_query,
    sql_types::{Integer, Nullable, SmallInt, Text},
};

use super::{Conn, RunQueryDsl, contacts::table};
use crate::{
    Media, MediaRef,
    history::{
        NewOutbound,
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::{clean, clean_value, derived_id},
    },
};

/// The state of an attachment that is here.
const STORED: i16 = 1;

/// Lists the files that a new message takes along from our store.
pub(super) async fn own(conn: &mut Conn, new: &NewOutbound, now: Instant) -> QueryResult<()> {
    for (at, media) in new.message.content.files().iter().enumerate() {
        if let MediaRef::Blob(key) = &media.source {
            list(conn, new, (at, media, key), now).await?;
        }
    }
    Ok(())
}

async fn list(
    conn: &mut Conn,
    new: &NewOutbound,
    (at, media, key): (usize, &Media, &str),
    now: Instant,
) -> QueryResult<()> {
    let id = derived_id("attachment", &[&new.message.id.to_string(), &at.to_string()]);
    let source = serde_json::to_value(&media.source).unwrap_or_default();
    sql_query(format!(
        "INSERT INTO {} (id, organization_id, account_id, message_id, position, kind, mime_type, filename, sha256, source, \
         blob_key, state, attempts, due_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO NOTHING",
        table("attachments")
    ))
    .bind::<UidSql, _>(Uid(id))
    .bind::<Text, _>(new.organization.as_str().to_owned())
    .bind::<Text, _>(new.account.as_str().to_owned())
    .bind::<UidSql, _>(Uid(new.message.id.0))
    .bind::<SmallInt, _>(i16::try_from(at).unwrap_or(i16::MAX))
    .bind::<Text, _>(media.kind.as_str())
    .bind::<Nullable<Text>, _>(media.mime_type.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(media.filename.as_deref().map(clean))
    .bind::<Nullable<Text>, _>(media.sha256.as_deref().map(clean))
    .bind::<DocSql, _>(Doc(clean_value(source)))
    .bind::<Text, _>(clean(key))
    .bind::<SmallInt, _>(STORED)
    .bind::<Integer, _>(0)
    .bind::<InstantSql, _>(now)
    .bind::<InstantSql, _>(now)
    .execute(conn)
    .await
    .map(drop)
}

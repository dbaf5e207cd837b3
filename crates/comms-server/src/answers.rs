//! The envelopes of every answer, and the opaque cursor of a page.

use actix_web::{HttpResponse, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_core::{
    MessageId,
    history::{DeskKey, PageKey},
};
use serde::Serialize;
use time::{OffsetDateTime, UtcOffset, macros::format_description};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::errors::ApiError;

/// One thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer<T> {
    /// Always true.
    pub success: bool,
    /// The thing.
    pub data: T,
}

impl<T: Serialize> Answer<T> {
    /// The answer 200 with this.
    #[must_use]
    pub fn ok(data: T) -> HttpResponse {
        Self::with(StatusCode::OK, data)
    }

    /// An answer of this status.
    #[must_use]
    pub fn with(status: StatusCode, data: T) -> HttpResponse {
        HttpResponse::build(status).json(Self { success: true, data })
    }
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// Always true.
    pub success: bool,
    /// The rows.
    pub data: Vec<T>,
    /// The cursor of the next page; null at the end.
    pub siguiente: Option<String>,
}

impl<T: Serialize> List<T> {
    /// The answer 200 with a page.
    #[must_use]
    pub fn page(data: Vec<T>, next: Option<String>) -> HttpResponse {
        HttpResponse::Ok().json(Self { success: true, data, siguiente: next })
    }

    /// The answer 200 with a list that fits into one page.
    #[must_use]
    pub fn whole(data: Vec<T>) -> HttpResponse {
        Self::page(data, None)
    }
}

/// The cursor of what follows this row: base64url of its time (microseconds) and its id.
#[must_use]
pub fn cursor(key: PageKey) -> String {
    let micros = i64::try_from(key.created_at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
    let mut bytes = [0_u8; 24];
    bytes[..8].copy_from_slice(&micros.to_be_bytes());
    bytes[8..].copy_from_slice(key.id.0.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The row of a cursor.
///
/// # Errors
/// 400 with the field for what no page ever gave.
pub fn page_key(cursor: &str) -> Result<PageKey, ApiError> {
    let read = || {
        let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let (time, id) = bytes.split_at(8);
        let micros = i64::from_be_bytes(time.try_into().ok()?);
        Some(PageKey {
            created_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()?,
            id: MessageId(Uuid::from_slice(id).ok()?),
        })
    };
    read().ok_or_else(|| ApiError::field("cursor", "no es un cursor de una página anterior"))
}

/// The cursor of what follows this conversation, contact or note.
#[must_use]
pub fn desk_cursor(key: DeskKey) -> String {
    cursor(PageKey { created_at: key.at, id: MessageId(key.id) })
}

/// The conversation, contact or note of a cursor.
///
/// # Errors
/// 400 with the field for what no page ever gave.
pub fn desk_key(cursor: &str) -> Result<DeskKey, ApiError> {
    page_key(cursor).map(|key| DeskKey { at: key.created_at, id: key.id.0 })
}

/// A time as the API writes it: ISO 8601, UTC, milliseconds.
#[must_use]
pub fn instant(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    // Only a year beyond the form's four digits cannot be written.
    time.to_offset(UtcOffset::UTC).format(form).unwrap_or_default()
}

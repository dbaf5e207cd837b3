//! Files of messages of the mailbox, as they arrive from Google.

use actix_web::{HttpResponse, http::header, web, web::Query};
use futures_util::TryStreamExt;

use super::{Own, bandeja::BuzonQuery, own, told};
use crate::{
    app::State,
    auth::Seller,
    errors::{ApiError, ErrorBody},
    routes::comunicaciones::adjuntos,
};

/// What the message itself is called, where it is the file: it has no place within itself.
const WHOLE: &str = "raiz";

/// A place in a message, as a part of an address.
pub(super) fn named(part: &str) -> String {
    if part.is_empty() { WHOLE.to_owned() } else { part.to_owned() }
}

/// The bytes of a file of a message of the caller's mailbox. Only what a browser shows safely is shown; all else is downloaded.
///
/// # Errors
/// 404 where there is none; otherwise as reading the message.
#[utoipa::path(get, path = "/api/comunicaciones/email/{id}/adjuntos/{parte}", tag = "correo",
    params(("id" = String, Path, description = "Gmail's id of the message"), ("parte" = String, Path, description = "`parte` of the file"), BuzonQuery),
    responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 429, body = ErrorBody), (status = 409, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn download(
    Seller(caller): Seller,
    state: web::Data<State>,
    path: web::Path<(String, String)>,
    query: Query<BuzonQuery>,
) -> Result<HttpResponse, ApiError> {
    let Own { account, mailbox } = own(&state, &caller, query.buzon.as_deref()).await?;
    let (message, part) = path.into_inner();
    let part = if part == WHOLE { "" } else { &part };
    let file = mailbox.open(&message, part).await.map_err(|error| told(&account, error))?;
    let (media_type, disposition) = adjuntos::shown(file.content_type.as_deref(), &file.name);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header(disposition)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .streaming(file.body.map_err(|error| std::io::Error::other(error.to_string()))))
}

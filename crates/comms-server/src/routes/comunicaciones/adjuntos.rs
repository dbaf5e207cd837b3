//! Files of messages, under the permissions of the history.

use actix_web::{
    HttpResponse,
    http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue},
    web,
};
use comms_core::history::{Attachment, AttachmentState};
use comms_engine::{Code as EngineCode, EngineError};
use futures_util::TryStreamExt;
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::State,
    auth::Reader,
    errors::{ApiError, Code, ErrorBody},
};

/// What a browser may show by itself. Everything else is downloaded: a file from a stranger must not run on our origin.
const SHOWN: [&str; 17] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/3gpp",
    "video/webm",
    "video/quicktime",
    "application/pdf",
];

/// The bytes of a file.
///
/// # Errors
/// 404 where there is none that the caller may see, 409 while it is not here yet.
#[utoipa::path(get, path = "/api/comunicaciones/adjuntos/{id}", tag = "historial",
    params(("id" = Uuid, Path, description = "The attachment")),
    responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn download(
    Reader(scope): Reader,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let attachment = state.repository.attachment(&scope, id.into_inner()).await?;
    let (Some(key), AttachmentState::Stored) = (&attachment.blob_key, attachment.state) else {
        return Err(not_here(&attachment));
    };
    let not_found = ApiError::new(Code::Engine(EngineCode::NotFound));
    let blobs = state.engine.blobs().ok_or(not_found)?;
    let blob = blobs.open(&scope.organization, key).await.map_err(EngineError::from)?;
    let name = attachment.filename.clone().unwrap_or_else(|| attachment.id.to_string());
    let (media_type, disposition) = shown(attachment.mime_type.as_deref(), &name);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header(disposition)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=86400"))
        .no_chunking(blob.length)
        .streaming(blob.body.map_err(|error| std::io::Error::other(error.to_string()))))
}

fn not_here(attachment: &Attachment) -> ApiError {
    let estado = match attachment.state {
        AttachmentState::Failed => "fallido",
        _ => "pendiente",
    };
    ApiError::new(Code::Engine(EngineCode::Conflict)).details(json!({"estado": estado, "motivo": attachment.error}))
}

/// How a file of a stranger is given to a browser: its media type, and whether it is shown.
pub(super) fn shown(media_type: Option<&str>, name: &str) -> (String, ContentDisposition) {
    let given = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = given.trim().to_ascii_lowercase();
    let shown = SHOWN.contains(&essence.as_str());
    let disposition = ContentDisposition {
        disposition: if shown { DispositionType::Inline } else { DispositionType::Attachment },
        // Percent-encoded, so that no character of the name can end the header.
        parameters: vec![DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        })],
    };
    (if shown { essence } else { "application/octet-stream".to_owned() }, disposition)
}

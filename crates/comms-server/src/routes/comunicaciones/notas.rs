//! Notes of a conversation: what users tell each other of it.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use comms_core::history::Note;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    conversaciones::{PageQuery, conversation},
    historial::page_limit,
    rows::Id,
};
use crate::{
    answers::{Answer, List, desk_cursor, desk_key, instant},
    app::State,
    auth::{Permitted, Reading, Seller},
    errors::{ApiError, ErrorBody},
};

/// Characters of the longest note.
const LONGEST_NOTE: usize = 10_000;

/// A note: seen by users, never sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteRow {
    /// Sets it apart from notes of the same moment.
    pub id: Uuid,
    /// Who wrote it.
    pub usuario_id: Id,
    /// What it says.
    pub texto: String,
    /// When: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub fecha_creacion: String,
}

impl From<Note> for NoteRow {
    fn from(note: Note) -> Self {
        Self {
            id: note.id,
            usuario_id: note.author.as_str().into(),
            texto: note.body,
            fecha_creacion: instant(note.created_at),
        }
    }
}

/// What is to be noted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct NoteBody {
    /// The text, at most 10,000 characters.
    pub texto: String,
}

/// The notes of a conversation, newest first.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/comunicaciones/conversaciones/{id}/notas", tag = "conversaciones",
    params(("id" = String, Path, description = "`conversacion_id`"), PageQuery),
    responses((status = 200, body = List<NoteRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn list(
    reader: Reading,
    state: web::Data<State>,
    id: web::Path<String>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, query) = (conversation(&id)?, query.into_inner());
    let after = query.cursor.as_deref().map(desk_key).transpose()?;
    let page = state.repository.notes(&reader.scope, id, after, page_limit(query.limit.as_deref())?).await?;
    Ok(List::page(page.entries.into_iter().map(NoteRow::from).collect(), page.next.map(desk_cursor)))
}

/// Adds a note. It is never sent to anybody.
///
/// # Errors
/// 400 with the field, 404 where there is no conversation that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/conversaciones/{id}/notas", tag = "conversaciones", request_body = NoteBody,
    params(("id" = String, Path, description = "`conversacion_id`")),
    responses((status = 201, body = Answer<NoteRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn add(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<NoteBody>>,
) -> Result<HttpResponse, ApiError> {
    let id = conversation(&id)?;
    let text = body.texto.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NOTE {
        return Err(ApiError::field("texto", format!("de 1 a {LONGEST_NOTE} caracteres")));
    }
    let note = state.repository.add_note(&caller.scope(), &caller.user, id, text, state.clock.now()).await?;
    Ok(Answer::with(StatusCode::CREATED, NoteRow::from(note)))
}

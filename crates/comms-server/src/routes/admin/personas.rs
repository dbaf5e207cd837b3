//! What is stored of one person: handed out, erased, and who had whom erased.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{self, Query},
};
use comms_core::{
    ContactId,
    history::{Erasure, ErasureCounts},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::{Answer, List, instant},
    app::State,
    auth::Admin,
    dossier,
    errors::{ApiError, ErrorBody},
    routes::comunicaciones::rows::Id,
};

/// What must be said so that somebody is erased.
const CONFIRMATION: &str = "borrar";
/// Characters of the longest reason.
const LONGEST_REASON: usize = 200;
/// Rows of a page: as many as the store gives at once.
const PAGE: usize = 200;

/// Everything that is stored of a contact and of those who are joined with it, as a ZIP: a file of JSON Lines for each kind of
/// row, and the files themselves.
///
/// # Errors
/// 404 where the organisation has no such contact.
#[utoipa::path(get, path = "/api/comunicaciones/admin/contactos/{id}/exportar", tag = "administracion",
    params(("id" = Uuid, Path, description = "The contact")),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip"),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn export(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let scope = caller.scope();
    let id = ContactId(id.into_inner());
    let subject = state.repository.subject(&scope, id).await?;
    tracing::info!(contact = %id, organization = %scope.organization, user = %caller.user, "a dossier is handed out");
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/zip"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"contacto-{id}.zip\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(dossier::archive(state.engine.clone(), scope.organization, subject)))
}

/// Whether it is meant, and why.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// `borrar`: nothing is erased by mistake.
    pub confirmar: Option<String>,
    /// Why, for the record: the number of a request, never a name. At most 200 characters.
    pub motivo: Option<String>,
}

/// The erasure of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureRow {
    /// By it the progress is asked for.
    pub id: Uuid,
    /// `en_curso` or `hecho`
    pub estado: &'static str,
    /// Who; null once it is done.
    pub contacto_id: Option<Uuid>,
    /// By whom.
    pub usuario_id: Id,
    /// Why.
    pub motivo: Option<String>,
    /// When it was asked for: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub solicitado: String,
    /// When it was done.
    #[schema(format = DateTime)]
    pub hecho: Option<String>,
    /// What was emptied or deleted until now.
    pub borrado: ErasedRow,
}

/// What an erasure has emptied or deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedRow {
    /// Contacts that were this person.
    pub contactos: u64,
    /// Their addresses.
    pub identidades: u64,
    /// Their conversations.
    pub conversaciones: u64,
    /// Notes.
    pub notas: u64,
    /// Messages that were emptied, with their rows in `comunicaciones`.
    pub mensajes: u64,
    /// Messages that were waiting, and will not be sent.
    pub cancelados: u64,
    /// Files.
    pub archivos: u64,
    /// Reports on messages.
    pub estados: u64,
    /// Other updates of providers.
    pub novedades: u64,
    /// Events that were emptied.
    pub eventos: u64,
    /// Raw webhooks.
    pub webhooks: u64,
    /// Opt-outs that were kept, as hashes.
    pub bajas_conservadas: u64,
}

impl From<ErasureCounts> for ErasedRow {
    fn from(counts: ErasureCounts) -> Self {
        Self {
            contactos: counts.contacts,
            identidades: counts.identities,
            conversaciones: counts.conversations,
            notas: counts.notes,
            mensajes: counts.messages,
            cancelados: counts.canceled,
            archivos: counts.files,
            estados: counts.statuses,
            novedades: counts.updates,
            eventos: counts.events,
            webhooks: counts.webhooks,
            bajas_conservadas: counts.opt_outs,
        }
    }
}

impl From<Erasure> for ErasureRow {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            estado: if erasure.done_at.is_some() { "hecho" } else { "en_curso" },
            contacto_id: erasure.contact.map(|id| id.0),
            usuario_id: Id::from(erasure.requested_by.as_str()),
            motivo: erasure.reason,
            solicitado: instant(erasure.requested_at),
            hecho: erasure.done_at.map(instant),
            borrado: erasure.counts.into(),
        }
    }
}

/// Erases a contact and those who are joined with it. Cannot be undone. What waits to be sent to them is canceled at once; the rest
/// follows within seconds, or minutes where something of theirs is under way.
///
/// # Errors
/// 400 without the confirmation; 404 where the organisation has no such contact, or not any more.
#[utoipa::path(delete, path = "/api/comunicaciones/admin/contactos/{id}", tag = "administracion",
    params(("id" = Uuid, Path, description = "The contact"), EraseQuery),
    responses((status = 202, body = Answer<ErasureRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn erase(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
    query: Query<EraseQuery>,
) -> Result<HttpResponse, ApiError> {
    if query.confirmar.as_deref() != Some(CONFIRMATION) {
        return Err(ApiError::field("confirmar", "debe ser \"borrar\": no se puede deshacer"));
    }
    let reason = query.motivo.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(ApiError::field("motivo", "200 caracteres como máximo"));
    }
    let id = ContactId(id.into_inner());
    let erasure = state.engine.erase(&caller.scope(), id, &caller.user, reason).await?;
    Ok(Answer::with(StatusCode::ACCEPTED, ErasureRow::from(erasure)))
}

/// Which page.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErasuresQuery {
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// Who had whom erased, newest first.
///
/// # Errors
/// 400 for another cursor.
#[utoipa::path(get, path = "/api/comunicaciones/admin/borrados", tag = "administracion", params(ErasuresQuery),
    responses((status = 200, body = List<ErasureRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn erasures(
    Admin(caller): Admin,
    state: web::Data<State>,
    query: Query<ErasuresQuery>,
) -> Result<HttpResponse, ApiError> {
    let not_ours = |_| ApiError::field("cursor", "no es un cursor de una página anterior");
    let after = query.cursor.as_deref().map(str::parse).transpose().map_err(not_ours)?;
    let rows: Vec<ErasureRow> =
        state.repository.erasures(&caller.scope().organization, after).await?.into_iter().map(Into::into).collect();
    let next = (rows.len() == PAGE).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(List::page(rows, next))
}

//! The mailboxes of an organisation, and how they are.

use actix_web::{HttpResponse, web};
use comms_core::CredentialId;
use serde::Deserialize;

use crate::{
    answers::List,
    app::State,
    auth::Admin,
    errors::{ApiError, ErrorBody},
    routes::comunicaciones::buzon_rows::{BuzonRow, rows},
};

/// The most mailboxes of one page; the engine gives no more.
const PAGE: usize = 200;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BuzonesQuery {
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// The mailboxes that sellers of the organisation connected, with what is the matter with each; the oldest first.
///
/// # Errors
/// 400 for a cursor that no page gave; 403 for a seller.
#[utoipa::path(get, path = "/api/comunicaciones/admin/buzones", tag = "administracion", params(BuzonesQuery),
    responses((status = 200, body = List<BuzonRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn list(
    Admin(caller): Admin,
    state: web::Data<State>,
    query: web::Query<BuzonesQuery>,
) -> Result<HttpResponse, ApiError> {
    let after = query.cursor.as_deref().map(str::parse::<CredentialId>).transpose();
    let after = after.map_err(|_| ApiError::field("cursor", "ninguna página lo dio"))?;
    let all = state.credentials.list(&caller.organization, None, after).await?;
    let next = all.last().filter(|_| all.len() == PAGE).map(|last| last.id.to_string());
    Ok(List::page(rows(&state, all, &caller.organization).await?, next))
}

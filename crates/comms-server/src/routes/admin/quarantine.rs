//! Webhooks of accounts that nobody registered.

use actix_web::{HttpResponse, web};
use comms_core::{OrganizationId, history::QuarantinedAccount};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::{AccountBody, AssignedRow, account_id, store};
use crate::{
    answers::{Answer, List, instant},
    app::State,
    auth::{Operator, Permitted, organization},
    errors::{ApiError, Code, ErrorBody},
    registry::new_account,
};

/// An account that nobody registered, and what waits for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineRow {
    /// The account as the provider names it.
    pub cuenta: String,
    /// How many webhooks wait.
    pub webhooks: i64,
    /// Since when.
    pub desde: String,
}

impl From<QuarantinedAccount> for QuarantineRow {
    fn from(row: QuarantinedAccount) -> Self {
        Self { cuenta: row.account.into_string(), webhooks: row.webhooks, desde: instant(row.since) }
    }
}

/// Whose the account is.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AssignBody {
    /// Its organisation; the only one where absent.
    pub organizacion_id: Option<String>,
    /// The rest of the account.
    #[serde(flatten)]
    pub cuenta: AccountBody,
}

/// The accounts that nobody registered.
///
/// # Errors
/// 403 for whoever does not run all organisations.
#[utoipa::path(get, path = "/api/comunicaciones/admin/cuarentena", tag = "administracion",
    responses((status = 200, body = List<QuarantineRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(_: Operator, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let waiting = state.repository.quarantine().await?;
    Ok(List::whole(waiting.into_iter().map(QuarantineRow::from).collect()))
}

/// Gives an account to an organisation, and reads what waited for it.
///
/// # Errors
/// 403 for whoever does not run all organisations, or where no organisation is named and there are several.
#[utoipa::path(post, path = "/api/comunicaciones/admin/cuarentena/{id}/asignar", tag = "administracion", request_body = AssignBody,
    params(("id" = String, Path, description = "The account as the provider names it")),
    responses((status = 200, body = Answer<AssignedRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn assign(
    state: web::Data<State>,
    id: web::Path<String>,
    permitted: Permitted<Operator, web::Json<AssignBody>>,
) -> Result<HttpResponse, ApiError> {
    let body = permitted.1.into_inner();
    let named = body.organizacion_id.map(OrganizationId::from);
    let organization = organization(&state, named).await.map_err(in_body)?;
    let account = new_account(account_id(&id)?, organization);
    store(&state, body.cuenta.apply(account)?).await
}

/// Here the organisation is a field, not the token's.
fn in_body(error: ApiError) -> ApiError {
    match error.code() {
        Code::OrganizationUnknown => ApiError::field("organizacion_id", "no existe"),
        Code::OrganizationRequired => ApiError::field("organizacion_id", "falta, y hay más de una"),
        _ => error,
    }
}

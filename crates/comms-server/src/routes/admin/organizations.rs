//! The tenants.

use actix_web::{HttpResponse, web};
use comms_core::{OrganizationId, history::Organization};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answers::{Answer, List},
    app::State,
    auth::{Admin, Operator, Permitted, Role},
    errors::{ApiError, ErrorBody},
};

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationRow {
    /// Its id, as the tokens of its users name it.
    pub id: String,
    /// What people call it.
    pub nombre: String,
}

impl From<Organization> for OrganizationRow {
    fn from(organization: Organization) -> Self {
        Self { id: organization.id.into_string(), nombre: organization.name }
    }
}

/// The name of an organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationBody {
    /// What people call it; may be changed at any time.
    pub nombre: String,
}

/// The caller's organisation; every one for their operator.
///
/// # Errors
/// 403 for a seller.
#[utoipa::path(get, path = "/api/comunicaciones/admin/organizaciones", tag = "administracion",
    responses((status = 200, body = List<OrganizationRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(Admin(caller): Admin, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let every = state.repository.organizations().await?.into_iter();
    let visible = every.filter(|one| caller.role == Role::Operator || one.id == caller.organization);
    Ok(List::whole(visible.map(OrganizationRow::from).collect()))
}

/// Adds or renames an organisation.
///
/// # Errors
/// 403 for whoever does not run them all.
#[utoipa::path(put, path = "/api/comunicaciones/admin/organizaciones/{id}", tag = "administracion", request_body = OrganizationBody,
    params(("id" = String, Path)),
    responses((status = 200, body = Answer<OrganizationRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn put(
    state: web::Data<State>,
    id: web::Path<String>,
    permitted: Permitted<Operator, web::Json<OrganizationBody>>,
) -> Result<HttpResponse, ApiError> {
    let organization = Organization { id: OrganizationId::new(id.into_inner()), name: permitted.1.into_inner().nombre };
    state.repository.put_organization(&organization).await?;
    Ok(Answer::ok(OrganizationRow::from(organization)))
}

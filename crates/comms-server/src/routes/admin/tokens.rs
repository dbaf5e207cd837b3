//! Tokens with which other back ends call us.

use actix_web::{HttpResponse, http::StatusCode, web};
use comms_core::history::ServiceToken;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answers::{Answer, List, instant},
    app::State,
    auth::{Admin, NewToken, Permitted},
    errors::{ApiError, ErrorBody},
};

/// A service token, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenRow {
    /// By it the token is revoked.
    pub id: Uuid,
    /// What it is for.
    pub nombre: String,
    /// When it was made.
    pub creado: String,
    /// Since when it is void.
    pub revocado: Option<String>,
}

impl From<ServiceToken> for TokenRow {
    fn from(token: ServiceToken) -> Self {
        Self {
            id: token.id,
            nombre: token.name,
            creado: instant(token.created_at),
            revocado: token.revoked_at.map(instant),
        }
    }
}

/// A service token, with its text: shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTokenRow {
    /// Its row.
    #[serde(flatten)]
    pub fila: TokenRow,
    /// To be sent as `X-Service-Token`.
    pub token: String,
}

/// What a token is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// What it is for.
    pub nombre: String,
}

/// The service tokens of the organisation, void ones included.
///
/// # Errors
/// 403 for a seller.
#[utoipa::path(get, path = "/api/comunicaciones/admin/tokens", tag = "administracion",
    responses((status = 200, body = List<TokenRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(Admin(caller): Admin, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let tokens = state.repository.service_tokens(&caller.organization).await?;
    Ok(List::whole(tokens.into_iter().map(TokenRow::from).collect()))
}

/// Makes a service token.
///
/// # Errors
/// 403 for a seller.
#[utoipa::path(post, path = "/api/comunicaciones/admin/tokens", tag = "administracion", request_body = TokenBody,
    responses((status = 201, body = Answer<NewTokenRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn create(
    state: web::Data<State>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<TokenBody>>,
) -> Result<HttpResponse, ApiError> {
    let new = NewToken::generate(caller.organization, body.into_inner().nombre, state.clock.now());
    state.repository.put_service_token(&new.row, &new.sha256).await?;
    Ok(Answer::with(StatusCode::CREATED, NewTokenRow { fila: new.row.into(), token: new.text }))
}

/// Voids a service token.
///
/// # Errors
/// 404 for one that the organisation does not have.
#[utoipa::path(delete, path = "/api/comunicaciones/admin/tokens/{id}", tag = "administracion", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Void"), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn revoke(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let now = state.clock.now();
    state.repository.revoke_service_token(&caller.organization, id.into_inner(), now).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! How fast our numbers are sent on, and those that are stopped.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use comms_core::{AccountId, OrganizationId, Rate, history::AccountPacing};
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::account_id;
use crate::{
    answers::{Answer, instant},
    app::State,
    auth::Admin,
    errors::{ApiError, ErrorBody},
};

/// How fast an account is sent on, and whether it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaceRow {
    /// Messages a second in the long run; null = no limit.
    pub por_segundo: Option<f64>,
    /// Whether the operator has set that.
    pub propio: bool,
    /// `activa`, `pausada` (the provider asks for silence) or `detenida` (sending would be in vain)
    #[schema(example = "activa")]
    pub estado: &'static str,
    /// Why it is paused or stopped.
    pub motivo: Option<String>,
    /// The provider's code, or the kind of the error.
    pub codigo: Option<String>,
    /// Since when it is stopped.
    pub desde: Option<String>,
    /// Until when it is paused, or when one message shows whether it works again.
    pub hasta: Option<String>,
}

impl From<AccountPacing> for PaceRow {
    fn from(pace: AccountPacing) -> Self {
        let estado = match (pace.stopped_at, pace.paused_until) {
            (Some(_), _) => "detenida",
            (None, Some(_)) => "pausada",
            (None, None) => "activa",
        };
        let (motivo, codigo) = pace.reason.map(|problem| (problem.message, problem.code)).unzip();
        Self {
            por_segundo: pace.interval.map(|interval| 1.0 / interval.as_secs_f64()),
            propio: pace.own_interval.is_some(),
            estado,
            motivo,
            codigo,
            desde: pace.stopped_at.map(instant),
            hasta: pace.probe_at.max(pace.paused_until).map(instant),
        }
    }
}

/// The paces of an organisation's accounts.
pub(super) async fn of_organization(
    state: &State,
    organization: &OrganizationId,
) -> Result<HashMap<AccountId, PaceRow>, ApiError> {
    let all = state.engine.pacing(Some(organization)).await?;
    Ok(all.into_iter().map(|pace| (pace.account.clone(), pace.into())).collect())
}

/// The rate that a body gives: none where it says nothing, and the channel's where it says 0.
pub(super) fn own_rate(per_second: Option<f64>) -> Result<Option<Option<Rate>>, ApiError> {
    match per_second {
        None => Ok(None),
        Some(0.0) => Ok(Some(None)),
        Some(count) => match Rate::of_second(count) {
            Some(rate) => Ok(Some(Some(rate))),
            None => Err(ApiError::field("por_segundo", "de 0.001 a 10000, o 0 para el ritmo del canal")),
        },
    }
}

/// What resuming did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resumed {
    /// The account.
    pub cuenta_id: String,
    /// Whether it was stopped until now.
    pub cambiado: bool,
}

/// Lets a stopped account send at once. A silence that the provider asked for stands.
///
/// # Errors
/// 404 where the organisation has no such account.
#[utoipa::path(post, path = "/api/comunicaciones/admin/cuentas/{id}/reanudar", tag = "administracion",
    params(("id" = String, Path, description = "`whatsapp:<phone number id>`, `twilio-sms:+15005550006` …")),
    responses((status = 200, body = Answer<Resumed>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)), security(("jwt" = [])))]
pub async fn resume(
    Admin(caller): Admin,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = account_id(&id)?;
    let resumed = state.engine.resume_account(&caller.organization, &id).await?;
    Ok(Answer::ok(Resumed { cuenta_id: id.into_string(), cambiado: resumed }))
}

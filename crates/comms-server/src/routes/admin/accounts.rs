//! Our numbers, and whose they are.

use actix_web::{HttpResponse, web};
use comms_core::{
    AccountId,
    history::{Account, vocabulary},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answers::{Answer, List},
    app::State,
    auth::{Admin, Caller, Permitted, Role},
    errors::{ApiError, Code, ErrorBody},
    registry::new_account,
    routes::comunicaciones::rows::Id,
};

use super::pace::{self, PaceRow};

/// One of our numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountRow {
    /// `<provider>:<the provider's id of it>`
    #[schema(example = "whatsapp:106540352242922")]
    pub id: String,
    /// Its organisation.
    pub organizacion_id: String,
    /// Its channel.
    pub canal: &'static str,
    /// What people call it.
    pub nombre: Option<String>,
    /// The account above it.
    #[schema(example = "waba:102290129340398")]
    pub cuenta_superior: Option<String>,
    /// Who owns what nobody else does.
    pub propietario_id: Option<Id>,
    /// The number that calls show.
    pub caller_id: Option<String>,
    /// Whether it is used.
    pub activa: bool,
    /// How fast it is sent on, and whether it is.
    pub ritmo: Option<PaceRow>,
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.into_string(),
            organizacion_id: account.organization.into_string(),
            canal: vocabulary::canal(account.channel),
            nombre: account.name,
            cuenta_superior: account.parent.map(AccountId::into_string),
            propietario_id: account.owner.map(|id| id.as_str().into()),
            caller_id: account.caller_id,
            activa: account.active,
            ritmo: None,
        }
    }
}

/// What is to be changed of an account; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountBody {
    /// Its channel; for a new one what its id says, where absent.
    pub canal: Option<String>,
    /// What people call it.
    pub nombre: Option<String>,
    /// The account above it.
    pub cuenta_superior: Option<String>,
    /// Who owns what nobody else does.
    pub propietario_id: Option<Id>,
    /// The number that calls show.
    pub caller_id: Option<String>,
    /// Whether it is used.
    pub activa: Option<bool>,
    /// Messages a second instead of the channel's rate: 0.001 to 10,000; 0 takes that back.
    pub por_segundo: Option<f64>,
}

impl AccountBody {
    /// Lays what is given over an account.
    ///
    /// # Errors
    /// 400 for an unknown channel.
    pub fn apply(self, mut account: Account) -> Result<Account, ApiError> {
        if let Some(word) = &self.canal {
            account.channel = vocabulary::channel(word).ok_or_else(|| ApiError::field("canal", "valor desconocido"))?;
        }
        account.name = self.nombre.or(account.name);
        account.parent = self.cuenta_superior.map(AccountId::from).or(account.parent);
        account.owner = self.propietario_id.map(|id| id.into_text().into()).or(account.owner);
        account.caller_id = self.caller_id.or(account.caller_id);
        account.active = self.activa.unwrap_or(account.active);
        Ok(account)
    }
}

/// What registering an account brought about.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedRow {
    /// The account.
    pub cuenta: AccountRow,
    /// Webhooks that had waited for it and were read.
    pub webhooks_procesados: u64,
    /// Messages among them.
    pub mensajes: u64,
    /// Messages that had waited for an owner and are in `comunicaciones` now.
    pub filas_completadas: u64,
}

/// Stores an account and reads what waited for it.
pub(super) async fn store(state: &State, account: Account) -> Result<HttpResponse, ApiError> {
    let assigned = state.engine.assign_account(account.clone()).await?;
    Ok(Answer::ok(AssignedRow {
        cuenta: account.into(),
        webhooks_procesados: assigned.replay.webhooks,
        mensajes: assigned.replay.messages,
        filas_completadas: assigned.filled,
    }))
}

/// The accounts of the organisation.
///
/// # Errors
/// 403 for a seller.
#[utoipa::path(get, path = "/api/comunicaciones/admin/cuentas", tag = "administracion",
    responses((status = 200, body = List<AccountRow>), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(Admin(caller): Admin, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let accounts = state.repository.accounts(Some(&caller.organization)).await?;
    let mut paces = pace::of_organization(&state, &caller.organization).await?;
    let rows = accounts.into_iter().map(|account| {
        let ritmo = paces.remove(&account.id);
        AccountRow { ritmo, ..account.into() }
    });
    Ok(List::whole(rows.collect()))
}

/// Changes an account, or adds one.
///
/// # Errors
/// 403 for a new account where there are several organisations: whose it is, their operator says.
#[utoipa::path(put, path = "/api/comunicaciones/admin/cuentas/{id}", tag = "administracion", request_body = AccountBody,
    params(("id" = String, Path, description = "`whatsapp:<phone number id>`, `twilio-voice:+15005550006`, `twilio-sms:+15005550006`, `twilio-whatsapp:+15005550006`")),
    responses((status = 200, body = Answer<AssignedRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn put(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Admin(caller), body): Permitted<Admin, web::Json<AccountBody>>,
) -> Result<HttpResponse, ApiError> {
    let id = account_id(&id)?;
    let account = match known(&state, &caller, &id).await? {
        Some(account) => account,
        None => {
            may_add(&state, &caller).await?;
            new_account(id, caller.organization)
        }
    };
    let body = body.into_inner();
    let rate = pace::own_rate(body.por_segundo)?;
    let organization = account.organization.clone();
    let (id, account) = (account.id.clone(), body.apply(account)?);
    let stored = store(&state, account).await?;
    if let Some(rate) = rate {
        state.engine.set_rate(&organization, &id, rate).await?;
    }
    Ok(stored)
}

/// An account id of a path.
pub(super) fn account_id(text: &str) -> Result<AccountId, ApiError> {
    let id = AccountId::from(text);
    if id.provider().is_empty() || id.external_id().is_empty() {
        return Err(ApiError::field("id", "se escribe proveedor:id, por ejemplo whatsapp:106540352242922"));
    }
    Ok(id)
}

async fn known(state: &State, caller: &Caller, id: &AccountId) -> Result<Option<Account>, ApiError> {
    let accounts = state.repository.accounts(Some(&caller.organization)).await?;
    Ok(accounts.into_iter().find(|account| account.id == *id))
}

/// Whoever registers a number receives what was sent to it: among several organisations that is not theirs to decide.
async fn may_add(state: &State, caller: &Caller) -> Result<(), ApiError> {
    let several = state.repository.organizations().await?.len() > 1;
    if several && caller.role != Role::Operator {
        return Err(ApiError::new(Code::Forbidden));
    }
    Ok(())
}

//! E-mail: the seller's mailbox as it stands, sending, files, pushes.

pub mod archivos;
pub mod bandeja;
pub mod enviar;
pub mod push;

use comms_core::{Error, ErrorKind, history::Account};
use comms_engine::{Code as EngineCode, EngineError};
use serde_json::json;

use crate::{
    app::State,
    auth::{Caller, Role},
    errors::{ApiError, Code},
    registry::{GMAIL, Mailbox},
};

/// Where a mailbox is connected.
const CONNECT: &str = "/api/comunicaciones/email/oauth/iniciar";

/// A mailbox of the caller's.
pub(crate) struct Own {
    pub(crate) account: Account,
    pub(crate) mailbox: Mailbox,
}

/// The caller's own mailbox, or that one of several that they name. Nobody else's is ever opened: an administrator opens those that
/// nobody owns beside their own.
pub(crate) async fn own(state: &State, caller: &Caller, wanted: Option<&str>) -> Result<Own, ApiError> {
    let account = own_account(state, caller, wanted).await?;
    let mailbox = state.registry.mailbox(&account.id).await.map_err(|error| told(&account, error))?;
    Ok(Own { account, mailbox })
}

async fn own_account(state: &State, caller: &Caller, wanted: Option<&str>) -> Result<Account, ApiError> {
    let accounts = state.repository.accounts(Some(&caller.organization)).await?;
    let is_own = |account: &Account| match &account.owner {
        Some(owner) => *owner == caller.user,
        None => caller.role != Role::Seller,
    };
    let is_wanted = |account: &Account| match wanted {
        Some(name) => account.id.external_id().eq_ignore_ascii_case(name) || account.id.as_str() == name,
        // What nobody owns is opened by its name alone.
        None => account.owner.is_some(),
    };
    let mut own = accounts.into_iter().filter(|one| one.active && one.id.provider() == GMAIL && is_own(one));
    match (own.find(is_wanted), wanted) {
        (Some(account), _) => Ok(account),
        (None, Some(_)) => {
            Err(ApiError::new(Code::Engine(EngineCode::UnknownAccount)).details(json!({"campo": "buzon"})))
        }
        (None, None) => Err(ApiError::new(Code::MailboxNotConnected).details(json!({
            "motivo": "conecte su buzón",
            "reconectar": true,
            "iniciar": CONNECT,
        }))),
    }
}

/// What the mailbox says, in words for its owner: what they have to do stands first.
pub(crate) fn told(account: &Account, error: Error) -> ApiError {
    let buzon = account.id.external_id();
    let connect = |reason: &str| {
        ApiError::new(Code::Engine(EngineCode::ProviderCredential)).details(json!({
            "motivo": reason,
            "buzon": buzon,
            "reconectar": true,
            "iniciar": CONNECT,
            "codigo_proveedor": error.provider_code(),
        }))
    };
    match error.kind() {
        _ if error.status() == Some(404) => ApiError::new(Code::Engine(EngineCode::NotFound)),
        ErrorKind::Unauthenticated => connect(match error.provider_code() {
            Some("insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" | "permisos_insuficientes") => {
                "falta un permiso: conecte el buzón otra vez y marque todas las casillas"
            }
            _ => "Google ya no permite el acceso: conecte el buzón otra vez",
        }),
        ErrorKind::Config if error.provider_code() == Some("not_connected") => connect("conecte su buzón"),
        ErrorKind::RateLimited => {
            let answer = ApiError::new(Code::RateLimited).because(error.message());
            match error.wait() {
                Some(wait) => answer.retry_after(wait),
                None => answer,
            }
        }
        ErrorKind::InvalidRequest => ApiError::new(Code::Validation).details(json!({
            "campo": error.field_name(),
            "motivo": error.message(),
        })),
        _ => EngineError::Provider(error).into(),
    }
}

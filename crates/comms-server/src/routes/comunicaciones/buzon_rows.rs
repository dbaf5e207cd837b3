//! A mailbox as a seller is shown it, with why no mail comes.

use std::collections::HashMap;

use comms_core::{
    AccountId, ErrorKind, OrganizationId,
    history::{Credential, CredentialState, SourceState, SourceStatus},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{answers::instant, app::State, errors::ApiError};

/// A mailbox and how it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuzonRow {
    /// The address.
    pub buzon: String,
    /// The account under which its messages are.
    pub cuenta: String,
    /// The seller.
    pub usuario_id: String,
    /// `activo`, `caducado` or `revocado`.
    pub estado: &'static str,
    /// Why no mail is fetched or sent, for the seller; null where all is well.
    pub motivo: Option<&'static str>,
    /// The same in a word for programs.
    pub codigo: Option<String>,
    /// The same in Google's words.
    pub detalle: Option<String>,
    /// Whether only the seller can mend it, by connecting the mailbox again.
    pub reconectar: bool,
    /// What was permitted.
    pub permisos: Vec<String>,
    /// Since when it is in this state.
    pub desde: String,
    /// Since when no access token can be had for a reason that may pass.
    pub falla_desde: Option<String>,
    /// When it last gave an access token.
    pub renovado: Option<String>,
    /// When the permission itself ends, where Google said so.
    pub termina: Option<String>,
    /// When it was first connected.
    pub creado: String,
    /// How reading goes: `al_dia`, `espera` (it is tried again by itself) or `detenida`; null where it is not read yet.
    pub lectura: Option<&'static str>,
    /// When reading last went well.
    pub leido: Option<String>,
    /// When it is read next, unless a push says sooner.
    pub proxima_lectura: Option<String>,
}

impl From<Credential> for BuzonRow {
    fn from(one: Credential) -> Self {
        let works = one.state == CredentialState::Active;
        let (codigo, detalle) = match (works, one.failing_since) {
            (false, _) => (one.reason, one.detail),
            (true, Some(_)) => (Some("renovacion".to_owned()), one.failure),
            (true, None) => (None, None),
        };
        Self {
            buzon: one.account.external_id().to_owned(),
            cuenta: one.account.to_string(),
            usuario_id: one.owner.to_string(),
            estado: match one.state {
                CredentialState::Active => "activo",
                CredentialState::Expired => "caducado",
                CredentialState::Revoked => "revocado",
            },
            motivo: codigo.as_deref().map(|code| sentence(one.state, code)),
            codigo,
            detalle,
            reconectar: !works,
            permisos: one.scopes.into_iter().collect(),
            desde: instant(one.changed_at),
            falla_desde: one.failing_since.filter(|_| works).map(instant),
            renovado: one.refreshed_at.map(instant),
            termina: one.ends_at.map(instant),
            creado: instant(one.created_at),
            lectura: None,
            leido: None,
            proxima_lectura: None,
        }
    }
}

impl BuzonRow {
    /// With how reading goes. What is the matter with the permission explains more than what reading suffers of it.
    fn reading(mut self, source: SourceStatus) -> Self {
        self.lectura = Some(match source.state {
            SourceState::Works => "al_dia",
            SourceState::Waits => "espera",
            SourceState::Stopped => "detenida",
        });
        self.leido = source.read_at.map(instant);
        self.proxima_lectura = Some(instant(source.next_at));
        if let (None, Some(problem)) = (&self.codigo, source.problem) {
            self.motivo = Some(reading_sentence(source.state, problem.kind));
            self.detalle = Some(problem.message);
            self.codigo = Some(problem.code);
        }
        self
    }
}

/// Mailboxes with how reading each of them goes.
///
/// # Errors
/// Where the database is away.
pub async fn rows(
    state: &State,
    own: Vec<Credential>,
    organization: &OrganizationId,
) -> Result<Vec<BuzonRow>, ApiError> {
    let mut sources: HashMap<AccountId, SourceStatus> = HashMap::new();
    if !own.is_empty() {
        let all = state.repository.sources(Some(organization)).await?;
        sources.extend(all.into_iter().map(|source| (source.account.clone(), source)));
    }
    let row = |one: Credential| match sources.remove(&one.account) {
        Some(source) => BuzonRow::from(one).reading(source),
        None => BuzonRow::from(one),
    };
    Ok(own.into_iter().map(row).collect())
}

/// Why a mailbox is not read, for the seller.
const fn reading_sentence(state: SourceState, kind: ErrorKind) -> &'static str {
    match (state, kind) {
        (SourceState::Stopped, _) => {
            "No se puede leer el buzón hasta que se arregle: conéctelo otra vez o avise a quien administra el servidor"
        }
        (_, ErrorKind::RateLimited) => {
            "Google pide una pausa: el correo se lee en cuanto termine, sin que haga falta hacer nada"
        }
        _ => "Google no responde bien en este momento: se intenta de nuevo sin que haga falta hacer nada",
    }
}

/// Why a mailbox stands still, for the seller.
fn sentence(state: CredentialState, code: &str) -> &'static str {
    match (state, code) {
        (CredentialState::Active, _) => {
            "Google no da acceso en este momento: se intenta de nuevo sin que haga falta hacer nada"
        }
        (CredentialState::Expired, _) => "El permiso tenía un plazo y ha terminado: conecte el buzón otra vez",
        (_, "permisos_insuficientes" | "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => {
            "Falta un permiso: conecte el buzón otra vez y marque todas las casillas"
        }
        (_, "invalid_grant") => {
            "Google ya no acepta el permiso (se retiró, cambió la contraseña o llevaba meses sin uso): conecte el buzón otra vez"
        }
        _ => "Google ya no permite el acceso: conecte el buzón otra vez",
    }
}

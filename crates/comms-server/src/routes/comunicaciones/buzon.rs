//! A seller's mailbox: connected with Google's consent, shown with what is the matter with it, disconnected.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use comms_core::{
    AccountId, ChannelKind, ErrorKind, Outcome,
    history::{Credential, RepositoryError},
};
use comms_engine::{BegunConsent, Code as EngineCode, EngineError, NewCredential};
use gmail_client::oauth::Grant;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::{Url, form_urlencoded};
use utoipa::ToSchema;

use super::buzon_rows::{BuzonRow, rows};
use crate::{
    answers::{Answer, List},
    app::State,
    auth::{Caller, Seller},
    errors::{ApiError, Code, ErrorBody},
    registry::{Elsewhere, GMAIL, GOOGLE, Google, elsewhere, is_elsewhere},
};

/// The longest code of Google that is passed on, in bytes.
const LONGEST_CODE: usize = 2_048;

/// Where the browser goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct InicioRow {
    /// Google's consent page; where `conectado`, the front end with `gmail=ok`.
    pub url: String,
    /// Whether the mailbox is connected already, with the permission that the other back end has.
    pub conectado: bool,
}

/// Whose mailbox.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InicioQuery {
    /// The address that Google proposes to the seller.
    pub buzon: Option<String>,
}

/// What is to be disconnected.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FinQuery {
    /// Takes the permission back at Google too. That ends everything the seller permitted this application, Calendar included.
    #[serde(default)]
    pub revocar: bool,
    /// The one mailbox; all of the seller where absent.
    pub buzon: Option<String>,
}

/// What was disconnected.
#[derive(Debug, Serialize, ToSchema)]
pub struct FinRow {
    /// The mailboxes.
    pub desconectados: Vec<String>,
    /// Whether the permission was taken back at Google.
    pub revocado: bool,
    /// What that means for the seller.
    pub aviso: String,
}

/// The caller's mailboxes, and how they are.
///
/// # Errors
/// 401.
#[utoipa::path(get, path = "/api/comunicaciones/email/oauth", tag = "correo",
    responses((status = 200, body = List<BuzonRow>), (status = 401, body = ErrorBody)), security(("jwt" = [])))]
pub async fn list(Seller(caller): Seller, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let own = state.credentials.list(&caller.organization, Some(&caller.user), None).await?;
    Ok(List::whole(rows(&state, own, &caller.organization).await?))
}

/// Begins to connect a mailbox: the address of Google's consent page, to which the browser is sent.
///
/// # Errors
/// 503 where Google or the encryption of secrets is not configured.
#[utoipa::path(get, path = "/api/comunicaciones/email/oauth/iniciar", tag = "correo", params(InicioQuery),
    responses((status = 200, body = Answer<InicioRow>), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn begin(
    Seller(caller): Seller,
    state: web::Data<State>,
    query: web::Query<InicioQuery>,
) -> Result<HttpResponse, ApiError> {
    let (google, back) = configured(&state)?;
    if !state.credentials.can_keep() {
        return Err(EngineError::EncryptionKeyMissing.into());
    }
    let given = google.of_back_end(&caller.organization, &caller.user).await.map_err(EngineError::Provider)?;
    if let Some(given) = given.filter(|given| google.lacking(&given.scopes).is_empty())
        && let Some(new) = of_back_end(&caller, given)
    {
        state.credentials.connect(new).await?;
        return Ok(Answer::ok(InicioRow { url: outcome(&back, Ok(())).into(), conectado: true }));
    }
    let begun = google.begin(query.buzon.as_deref()).map_err(EngineError::ChannelUnavailable)?;
    let (organization, user) = (&caller.organization, &caller.user);
    state.credentials.begin(organization, user, GOOGLE, &begun.state, &begun.verifier).await?;
    Ok(Answer::ok(InicioRow { url: begun.url.into(), conectado: false }))
}

/// Google sends the browser back here, which goes on to the front end with `gmail=ok` or `gmail=error&code=`. It carries no
/// token of ours: whose mailbox it becomes was noted when the consent began.
///
/// # Errors
/// 503 where Google is not configured.
#[utoipa::path(get, path = "/api/comunicaciones/email/oauth/callback", tag = "correo",
    params(("state" = Option<String>, Query), ("code" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 303, description = "To the front end, with the outcome"), (status = 503, body = ErrorBody)))]
pub async fn callback(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (google, back) = configured(&state)?;
    let done = conclude(&state, google, request.query_string()).await;
    if let Err(why) = done {
        tracing::info!(why, "a mailbox was not connected");
    }
    Ok(HttpResponse::build(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, outcome(&back, done).as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish())
}

/// Disconnects the caller's mailboxes: our copy of the permission is deleted. Where `revocar`, Google is asked first to end the
/// permission; where that fails, nothing is deleted.
///
/// # Errors
/// 404 where none is connected; 502 where Google does not take the permission back.
#[utoipa::path(delete, path = "/api/comunicaciones/email/oauth", tag = "correo", params(FinQuery),
    responses((status = 200, body = Answer<FinRow>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn end(
    Seller(caller): Seller,
    state: web::Data<State>,
    query: web::Query<FinQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut own = state.credentials.list(&caller.organization, Some(&caller.user), None).await?;
    own.retain(|one| query.buzon.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(one.account.external_id())));
    if own.is_empty() {
        return Err(RepositoryError::NotFound("the mailbox").into());
    }
    let (mut ended, mut revoked) = (Vec::new(), false);
    for one in own {
        if query.revocar {
            revoked |= revoke(&state, &one).await?;
        }
        state.credentials.disconnect(&caller.organization, &caller.user, &one.account).await?;
        ended.push(one.account.external_id().to_owned());
    }
    let aviso = match (query.revocar, revoked) {
        (true, true) => {
            "Google retiró todos los permisos que el vendedor dio a esta aplicación, también el de Calendar: si lo usa, \
             debe conectarlo otra vez"
        }
        (true, false) => "El permiso es del otro back end y sigue en pie: retírelo allí o en la cuenta de Google",
        (false, _) => {
            "El permiso sigue en pie en Google: se retira con ?revocar=true o en https://myaccount.google.com/connections"
        }
    };
    Ok(Answer::ok(FinRow { desconectados: ended, revocado: revoked, aviso: aviso.to_owned() }))
}

/// Takes a permission back. Returns whether it was ours to take back.
async fn revoke(state: &State, one: &Credential) -> Result<bool, ApiError> {
    let secret = state.credentials.secret(one)?;
    if is_elsewhere(&secret) {
        return Ok(false);
    }
    let (google, _) = configured(state)?;
    google.revoke(&secret).await.map_err(EngineError::Provider)?;
    Ok(true)
}

/// Google, and where browsers go afterwards.
fn configured(state: &State) -> Result<(&Google, Url), ApiError> {
    let back = state.settings.http.frontend_url.clone();
    let missing = state.settings.google.missing(&state.settings.http);
    match (state.registry.google(), back) {
        (Some(google), Some(back)) if missing.is_empty() => Ok((google, back)),
        _ => Err(ApiError::new(Code::Engine(EngineCode::ChannelNotConfigured)).details(json!({"faltan": missing}))),
    }
}

/// The front end, and how it ended. Nothing of it comes from the browser.
fn outcome(back: &Url, done: Result<(), &'static str>) -> Url {
    let mut url = back.clone();
    match done {
        Ok(()) => url.query_pairs_mut().append_pair("gmail", "ok"),
        Err(code) => url.query_pairs_mut().append_pair("gmail", "error").append_pair("code", code),
    };
    url
}

/// Concludes what a browser brought back; says why it cannot.
async fn conclude(state: &State, google: &Google, query: &str) -> Result<(), &'static str> {
    let given = |name: &str| -> Option<Cow<'_, str>> {
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let token = given("state").unwrap_or_default();
    let begun = state.credentials.take(GOOGLE, &token).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a consent cannot be concluded");
        "error_interno"
    })?;
    let begun = begun.ok_or("estado_invalido")?;
    match given("error").as_deref() {
        None => {}
        Some("access_denied") => return Err("acceso_denegado"),
        Some(_) => return Err("google_rechaza"),
    }
    let code = given("code").filter(|code| !code.is_empty() && code.len() <= LONGEST_CODE).ok_or("codigo_invalido")?;
    let grant = google.exchange(&code, &begun.verifier).await.map_err(|error| {
        tracing::warn!(kind = ?error.kind(), reason = error.provider_code(), "a code was not exchanged");
        match (error.kind(), error.outcome()) {
            (ErrorKind::Unauthenticated, _) => "codigo_invalido",
            (ErrorKind::Config, _) => "google_rechaza",
            (_, Outcome::Rejected) => "codigo_invalido",
            _ => "google_no_responde",
        }
    })?;
    if !google.lacking(&grant.scopes).is_empty() {
        return Err("permisos_insuficientes");
    }
    let new = of_grant(begun, grant)?;
    state.credentials.connect(new).await.map(drop).map_err(|error| match error.code() {
        EngineCode::Conflict => "buzon_ocupado",
        _ => {
            tracing::error!(error = &error as &dyn std::error::Error, "a mailbox cannot be kept");
            "error_interno"
        }
    })
}

fn of_grant(begun: BegunConsent, grant: Grant) -> Result<NewCredential, &'static str> {
    let address = grant.email.ok_or("sin_direccion")?;
    Ok(NewCredential {
        organization: begun.organization,
        owner: begun.owner,
        provider: GOOGLE.to_owned(),
        account: mailbox(&address),
        channel: ChannelKind::Email,
        scopes: grant.scopes.iter().map(str::to_owned).collect(),
        secret: grant.refresh_token.ok_or("sin_acceso_permanente")?,
        access: Some((grant.access.token, grant.access.expires_at)),
        ends_at: grant.ends_at,
    })
}

/// What the other back end has, as a credential; `None` where it does not name the mailbox.
fn of_back_end(caller: &Caller, given: Elsewhere) -> Option<NewCredential> {
    Some(NewCredential {
        organization: caller.organization.clone(),
        owner: caller.user.clone(),
        provider: GOOGLE.to_owned(),
        account: mailbox(&given.email?),
        channel: ChannelKind::Email,
        scopes: given.scopes.iter().map(str::to_owned).collect(),
        secret: elsewhere(),
        access: Some((given.token, given.until)),
        ends_at: None,
    })
}

/// The account of a mailbox. Google tells no two mailboxes apart by upper and lower case.
fn mailbox(address: &str) -> AccountId {
    AccountId::of(GMAIL, &address.trim().to_lowercase())
}

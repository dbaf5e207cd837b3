//! What every way of sending shares: the recipient, the links, the key, the answer.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use comms_core::{
    Address, ErrorKind, OrganizationId, Status,
    history::{DeliveryMode, HistoryEntry, Links, Scope, vocabulary},
};
use comms_engine::{Code as EngineCode, EngineError, SendRequest, Sent};
use serde::Serialize;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::rows::{Communication, Id};
use crate::{
    answers::Answer,
    app::State,
    errors::{ApiError, Code},
};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const LONGEST_KEY: usize = 255;

/// The caller's key, under which the same request is sent once.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let reason = format!("de 1 a {LONGEST_KEY} caracteres ASCII");
        return Err(ApiError::field(IDEMPOTENCY_KEY, reason));
    }
    Ok(Some(key.to_owned()))
}

/// The recipient that the caller wrote into this field.
pub(crate) fn recipient(state: &State, field: &str, given: Option<Id>) -> Result<Address, ApiError> {
    let text = given.map(Id::into_text).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| ApiError::field(field, "falta"))?;
    // Twilio's users write the channel into the number.
    let text = text.trim().trim_start_matches("whatsapp:");
    let region = state.settings.whatsapp.region.as_deref();
    let direct = Address::parse_recipient(text, region);
    // Seeds write numbers with their country code and without plus sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let address = match direct {
        Err(_) if digits => Address::parse_recipient(&format!("+{text}"), None),
        direct => direct,
    };
    address.map_err(|error| ApiError::from(EngineError::Refused(error.field("to"))).renamed("telefono", field))
}

/// What the caller says that it belongs to.
pub(crate) fn links(lead: Option<Id>, client: Option<Id>, contract: Option<Id>) -> Links {
    Links {
        lead: lead.map(|id| id.into_text().into()),
        client: client.map(|id| id.into_text().into()),
        contract: contract.map(|id| id.into_text().into()),
    }
}

/// When a message is to be sent, until when, and whether it may arrive twice.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    scheduled_for: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    mode: DeliveryMode,
}

impl Timing {
    /// Reads what the caller wrote into `programado_para`, `caduca` and `entrega`.
    pub(crate) fn read(
        scheduled_for: Option<&str>,
        expires_at: Option<&str>,
        mode: Option<&str>,
    ) -> Result<Self, ApiError> {
        let mode = match mode {
            None | Some("una_vez") => DeliveryMode::AtMostOnce,
            Some("al_menos_una_vez") => DeliveryMode::AtLeastOnce,
            Some(_) => return Err(ApiError::field("entrega", "una_vez o al_menos_una_vez")),
        };
        let scheduled_for = scheduled_for.map(|text| moment("programado_para", text)).transpose()?;
        Ok(Self { scheduled_for, expires_at: expires_at.map(|text| moment("caduca", text)).transpose()?, mode })
    }

    pub(crate) fn of(self, message: &mut SendRequest) {
        (message.scheduled_for, message.expires_at, message.mode) = (self.scheduled_for, self.expires_at, self.mode);
    }
}

fn moment(field: &'static str, text: &str) -> Result<OffsetDateTime, ApiError> {
    let reason = "no es una fecha y hora ISO 8601, por ejemplo 2026-11-22T10:00:00Z";
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| ApiError::field(field, reason))
}

/// Why the engine refused, in the fields of the route.
pub(crate) fn told(error: EngineError) -> ApiError {
    ApiError::from(error).renamed("scheduled_for", "programado_para").renamed("expires_at", "caduca")
}

/// The answer to a send: the row of the message, or why it failed together with where it is stored.
pub(crate) async fn answer(
    state: &State,
    organization: &OrganizationId,
    sent: &Sent,
) -> Result<HttpResponse, ApiError> {
    answer_with(state, organization, sent, Communication::from).await
}

/// The same with a row of the route's own.
pub(crate) async fn answer_with<T: Serialize>(
    state: &State,
    organization: &OrganizationId,
    sent: &Sent,
    row: impl FnOnce(HistoryEntry) -> T,
) -> Result<HttpResponse, ApiError> {
    let entry = entry(state, organization, sent).await?;
    Ok(Answer::with(answer_status(sent.status), row(entry)))
}

/// The row of a message that was sent.
///
/// # Errors
/// Why it failed, where it did now.
pub(crate) async fn entry(state: &State, organization: &OrganizationId, sent: &Sent) -> Result<HistoryEntry, ApiError> {
    // The organisation's scope: a message linked to nothing is still its sender's to see.
    let scope = Scope { organization: organization.clone(), seller: None };
    let entry = state.repository.message(&scope, sent.message).await?.entry;
    let failed = matches!(sent.status, Status::Failed | Status::CallFailed | Status::Expired);
    if !failed || sent.repeated {
        return Ok(entry);
    }
    let problem = sent.problem.as_ref();
    let code = problem.map_or(EngineCode::Provider, |problem| code_of(problem.kind));
    Err(ApiError::new(Code::Engine(code)).details(json!({
        "mensaje_id": sent.message,
        "id": entry.id,
        "estado": vocabulary::estado(sent.status),
        "motivo": problem.map(|problem| &problem.message),
        "codigo_proveedor": problem.map(|problem| &problem.code),
    })))
}

/// The answer's status for a state: what is not settled is 202.
#[must_use]
pub(crate) const fn answer_status(status: Status) -> StatusCode {
    match status {
        Status::Unknown | Status::Sending | Status::Queued | Status::Scheduled => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    }
}

/// The code of what a provider said of a message that it refused.
const fn code_of(kind: ErrorKind) -> EngineCode {
    match kind {
        ErrorKind::InvalidRequest => EngineCode::InvalidValue,
        ErrorKind::InvalidRecipient => EngineCode::InvalidRecipient,
        ErrorKind::WindowClosed => EngineCode::WindowClosed,
        ErrorKind::OptedOut => EngineCode::OptedOut,
        ErrorKind::Unsupported => EngineCode::UnsupportedContent,
        ErrorKind::Unauthenticated => EngineCode::ProviderCredential,
        _ => EngineCode::Provider,
    }
}

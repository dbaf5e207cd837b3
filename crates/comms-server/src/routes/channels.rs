//! The routes of S2: Twilio as it calls it, in its own bodies.

use actix_web::{HttpRequest, HttpResponse, web};
use comms_core::{
    AccountId, ChannelKind, Direction, MessageId, Status,
    history::{Account, HistoryEntry, HistoryFilter, Scope},
};
use comms_engine::{Code as EngineCode, EngineError, SendRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    comunicaciones::{envio, historial, mensajes, rows::Id, sms},
    health,
};
use crate::{
    answers::instant,
    app::State,
    auth::{Permitted, Reader, Sender},
    errors::{ApiError, Code, ErrorBody},
};

/// The length of Twilio's ids: two letters and 32 hexadecimal digits.
const SID: usize = 34;

/// A message to be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct TwilioBody {
    /// The recipient: a phone number with country code, with or without `whatsapp:`.
    #[schema(example = "+34600000000")]
    pub to: Option<Id>,
    /// The text, at most 1,600 characters; may be absent beside a file.
    pub message: Option<String>,
    /// The public address of a file, or several.
    #[serde(rename = "mediaUrl")]
    pub media_url: Option<MediaUrls>,
}

/// One address or several.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MediaUrls {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl MediaUrls {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(url) => vec![url],
            Self::Several(urls) => urls,
        }
    }
}

/// A message that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TwilioSent {
    /// Always true.
    pub success: bool,
    /// Our id of it.
    pub message_id: Uuid,
    /// Twilio's id of it: `SM…` or `MM…`; null while not known.
    pub sid: Option<String>,
    /// `accepted sent delivered read failed unknown`
    #[schema(example = "accepted")]
    pub status: &'static str,
    /// The recipient.
    pub to: String,
}

/// Sends a WhatsApp message through Twilio.
///
/// # Errors
/// 400 with the field, 409 outside of the window or where the recipient opted out, 502 where the provider refuses.
#[utoipa::path(post, path = "/api/channels/twilio/send/whatsapp", tag = "twilio", request_body = TwilioBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, body = TwilioSent), (status = 202, body = TwilioSent), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn send_whatsapp(
    state: web::Data<State>,
    request: HttpRequest,
    Permitted(sender, body): Permitted<Sender, web::Json<TwilioBody>>,
) -> Result<HttpResponse, ApiError> {
    send(&state, &request, sender, body.into_inner(), ChannelKind::WhatsApp).await
}

/// Sends an SMS or MMS.
///
/// # Errors
/// 400 with the field, 409 where the recipient opted out, 502 where the provider refuses.
#[utoipa::path(post, path = "/api/channels/twilio/send/sms", tag = "twilio", request_body = TwilioBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, body = TwilioSent), (status = 202, body = TwilioSent), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn send_sms(
    state: web::Data<State>,
    request: HttpRequest,
    Permitted(sender, body): Permitted<Sender, web::Json<TwilioBody>>,
) -> Result<HttpResponse, ApiError> {
    send(&state, &request, sender, body.into_inner(), ChannelKind::Sms).await
}

async fn send(
    state: &State,
    request: &HttpRequest,
    sender: Sender,
    body: TwilioBody,
    channel: ChannelKind,
) -> Result<HttpResponse, ApiError> {
    let to = envio::recipient(state, "to", body.to)?;
    let content =
        sms::content(body.message, &body.media_url.map(MediaUrls::into_vec).unwrap_or_default()).map_err(spelled)?;
    let account = twilio_account(state, &sender, channel).await?;
    let user = sender.user.or(account.owner).ok_or(ApiError::new(Code::SenderRequired))?;
    let organization = sender.scope.organization.clone();
    let mut message = SendRequest::new(sender.scope, user, channel, to, content);
    message.account = Some(account.id);
    message.idempotency_key = envio::idempotency_key(request)?;
    let sent = state.engine.send(message).await.map_err(|error| spelled(error.into()))?;
    let entry = envio::entry(state, &organization, &sent).await?;
    Ok(HttpResponse::build(envio::answer_status(sent.status)).json(TwilioSent {
        success: true,
        message_id: entry.message.0,
        sid: entry.provider_id,
        status: word(sent.status),
        to: entry.counterpart,
    }))
}

/// The account that these routes send from: never another provider's. The user's own first.
async fn twilio_account(state: &State, sender: &Sender, channel: ChannelKind) -> Result<Account, ApiError> {
    let accounts = state.repository.accounts(Some(&sender.scope.organization)).await?;
    let order = state.engine.channels().accounts(channel);
    let place = |one: &&Account| order.iter().position(|id| *id == one.id).unwrap_or(usize::MAX);
    let usable = || accounts.iter().filter(|one| one.active && one.channel == channel && is_twilio(&one.id));
    let own = usable().filter(|one| sender.user.is_some() && one.owner == sender.user).min_by_key(place);
    let chosen = own.or_else(|| usable().min_by_key(place));
    chosen.cloned().ok_or_else(|| EngineError::NoAccount(channel).into())
}

fn is_twilio(account: &AccountId) -> bool {
    account.provider().starts_with("twilio-")
}

/// The fields in these routes' own spelling.
fn spelled(error: ApiError) -> ApiError {
    error.renamed("telefono", "to").renamed("mensaje", "message").renamed("media_urls", "mediaUrl")
}

/// How a message fares.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TwilioStatus {
    /// Always true.
    pub success: bool,
    /// Our id of it.
    pub message_id: Uuid,
    /// Twilio's id of it.
    pub sid: Option<String>,
    /// `accepted sent delivered read received failed unknown`, for calls `initiated ringing answered completed busy no-answer failed canceled`
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// Whether it came from the other party.
    #[schema(example = "outbound")]
    pub direction: &'static str,
    /// The other party.
    pub to: String,
    /// Twilio's code of why it failed.
    pub error_code: Option<String>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// When it was stored: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub date_created: String,
}

impl From<HistoryEntry> for TwilioStatus {
    fn from(entry: HistoryEntry) -> Self {
        let (error_code, error_message) = entry.problem.map(|problem| (problem.code, problem.message)).unzip();
        Self {
            success: true,
            message_id: entry.message.0,
            sid: entry.provider_id,
            status: word(entry.status),
            direction: match entry.direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            },
            to: entry.counterpart,
            error_code,
            error_message,
            date_created: instant(entry.created_at),
        }
    }
}

/// How a message fares, by Twilio's id of it or ours.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/channels/twilio/message/{id}/status", tag = "twilio",
    params(("id" = String, Path, description = "Twilio's `SM…`, `MM…` or `CA…`, or our `messageId`")),
    responses((status = 200, body = TwilioStatus), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn status(
    Reader(scope): Reader,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = message_id(&state, &scope, &id).await?;
    let entry = state.repository.message(&scope, id).await?.entry;
    Ok(HttpResponse::Ok().json(TwilioStatus::from(entry)))
}

/// The message with Twilio's id or ours.
async fn message_id(state: &State, scope: &Scope, id: &str) -> Result<MessageId, ApiError> {
    let sid = id.len() == SID && id.starts_with(|c: char| c.is_ascii_uppercase());
    if !sid {
        return mensajes::resolve(state, scope, id).await;
    }
    let mut accounts = historial::accounts(state, scope).await?;
    accounts.retain(is_twilio);
    let not_found = ApiError::new(Code::Engine(EngineCode::NotFound));
    if accounts.is_empty() {
        return Err(not_found);
    }
    let filter = HistoryFilter { accounts, provider_id: Some(id.to_owned()), limit: 1, ..HistoryFilter::default() };
    let page = state.repository.history(scope, &filter).await?;
    page.entries.first().map(|entry| entry.message).ok_or(not_found)
}

/// How Twilio's channel is.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwilioHealth {
    /// Whether it sends and receives.
    pub success: bool,
    /// Always `twilio`.
    pub channel: &'static str,
    /// `ok`, `send_only`, `receive_only` or `not_configured`, as in `/health`
    #[schema(example = "ok")]
    pub status: &'static str,
    /// What it sends: `voice sms whatsapp`.
    pub channels: Vec<&'static str>,
    /// ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub timestamp: String,
}

/// How Twilio's channel is.
#[utoipa::path(get, path = "/api/channels/twilio/health", tag = "twilio", responses((status = 200, body = TwilioHealth)))]
pub async fn twilio_health(state: web::Data<State>) -> HttpResponse {
    let status = health::twilio(&state);
    let kinds = [ChannelKind::Voice, ChannelKind::Sms, ChannelKind::WhatsApp].into_iter();
    let sends = |kind: &ChannelKind| state.engine.channels().accounts(*kind).iter().any(is_twilio);
    HttpResponse::Ok().json(TwilioHealth {
        success: status == "ok",
        channel: "twilio",
        status,
        channels: kinds.filter(sends).map(ChannelKind::as_str).collect(),
        timestamp: instant(state.clock.now()),
    })
}

/// A state in the English words of S1 and of Twilio.
const fn word(status: Status) -> &'static str {
    match status {
        Status::CallInitiated => "initiated",
        Status::CallRinging => "ringing",
        Status::CallInProgress => "answered",
        Status::CallEnded | Status::CallCompleted => "completed",
        Status::CallCanceled => "canceled",
        Status::CallBusy => "busy",
        Status::CallNoAnswer => "no-answer",
        Status::CallFailed => "failed",
        other => other.as_str(),
    }
}

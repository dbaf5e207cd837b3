//! Sending SMS and MMS.

use actix_web::{HttpRequest, HttpResponse, web};
use comms_core::{AccountId, ChannelKind, Content, Files, Media, MediaKind, MediaRef};
use comms_engine::SendRequest;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{
    envio,
    rows::{Communication, Id},
};
use crate::{
    answers::Answer,
    app::State,
    auth::{Permitted, Seller},
    errors::{ApiError, ErrorBody},
    registry::segments,
};

/// An SMS, or an MMS where it has files.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct SmsBody {
    /// The recipient: a phone number with country code.
    #[serde(alias = "telefono")]
    #[schema(example = "+34600000000")]
    pub hacia: Option<Id>,
    /// The text, at most 1,600 characters.
    pub mensaje: Option<String>,
    /// Public addresses of files, at most ten.
    pub media_urls: Vec<String>,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The account to send from; the user's own, else the organisation's first, where absent.
    pub cuenta: Option<String>,
    /// Not before this time, ISO 8601, at most 366 days ahead; at once where absent or past.
    #[schema(example = "2026-12-24T09:00:00Z")]
    pub programado_para: Option<String>,
    /// Not after this time, ISO 8601, at most seven days after it may go; the server's own deadline where absent.
    #[schema(example = "2026-12-24T12:00:00Z")]
    pub caduca: Option<String>,
    /// `una_vez` (where absent) or `al_menos_una_vez`: sent again where nobody knows whether it was taken, so that it may arrive twice.
    pub entrega: Option<String>,
}

/// An SMS that was sent: its row, and what it is charged as.
#[derive(Debug, Serialize, ToSchema)]
pub struct SmsRow {
    /// Its row.
    #[serde(flatten)]
    pub fila: Communication,
    /// How many messages the text is charged as; null for one with files.
    pub segmentos: Option<usize>,
    /// `GSM-7` or `UCS-2`: one character outside of GSM-7 makes all of it UCS-2.
    pub codificacion: Option<&'static str>,
}

/// Sends an SMS or MMS and answers its row. An error after the message was stored names it in `details.mensaje_id`.
///
/// # Errors
/// 400 with the field, 403 for another seller's lead, 409 where the recipient opted out, 502 where the provider refuses.
#[utoipa::path(post, path = "/api/comunicaciones/sms/enviar", tag = "sms", request_body = SmsBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, description = "The provider took it", body = Answer<SmsRow>),
        (status = 202, description = "It waits (`en_cola`, `programado`), or whether the provider took it is not known (yet)", body = Answer<SmsRow>),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn send(
    state: web::Data<State>,
    request: HttpRequest,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<SmsBody>>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let to = envio::recipient(&state, "hacia", body.hacia)?;
    let content = content(body.mensaje, &body.media_urls)?;
    let mut message = SendRequest::new(caller.scope(), caller.user.clone(), ChannelKind::Sms, to, content);
    message.account = body.cuenta.map(AccountId::from);
    let (scheduled, expires) = (body.programado_para.as_deref(), body.caduca.as_deref());
    envio::Timing::read(scheduled, expires, body.entrega.as_deref())?.of(&mut message);
    message.links = envio::links(body.lead_id, body.cliente_id, body.contrato_id);
    message.idempotency_key = envio::idempotency_key(&request)?;
    let text = match &message.content {
        Content::Text { body, .. } => Some(body.clone()),
        _ => None,
    };
    let sent = state.engine.send(message).await.map_err(|error| envio::told(error).renamed("telefono", "hacia"))?;
    envio::answer_with(&state, &caller.organization, &sent, |entry| {
        let charged = text.as_deref().map(segments);
        SmsRow {
            fila: entry.into(),
            segmentos: charged.map(|(count, _)| count),
            codificacion: charged.map(|(_, encoding)| encoding),
        }
    })
    .await
}

/// Text, a file with or without text, or text with several files.
///
/// # Errors
/// 400 where there is neither text nor file, or an address is none.
pub(crate) fn content(text: Option<String>, urls: &[String]) -> Result<Content, ApiError> {
    let mut files = urls.iter().map(|url| file(url)).collect::<Result<Vec<_>, _>>()?;
    match (files.len(), text) {
        (0, Some(text)) => Ok(Content::text(text)),
        (0, None) => Err(ApiError::field("mensaje", "falta mensaje o un archivo")),
        (1, text) => {
            let mut media = files.swap_remove(0);
            media.caption = text.filter(|text| !text.is_empty());
            Ok(Content::Media(media))
        }
        (_, text) => Ok(Content::Files(Files { body: text.filter(|text| !text.is_empty()), files })),
    }
}

fn file(address: &str) -> Result<Media, ApiError> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    let url = url.ok_or_else(|| ApiError::field("media_urls", "no es una dirección http(s)"))?;
    Ok(Media {
        kind: kind(url.path()),
        source: MediaRef::Url(address.to_owned()),
        caption: None,
        filename: None,
        mime_type: None,
        sha256: None,
    })
}

/// What a file is, as far as its name says.
fn kind(path: &str) -> MediaKind {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("jpg" | "jpeg" | "png" | "gif" | "webp") => MediaKind::Image,
        Some("mp3" | "ogg" | "amr" | "m4a" | "wav") => MediaKind::Audio,
        Some("mp4" | "3gp" | "mov" | "webm") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

//! Sending WhatsApp messages.

use actix_web::{HttpRequest, HttpResponse, web};
use comms_core::{AccountId, ChannelKind, Content, MessageId, Template, TemplateParameter};
use comms_engine::SendRequest;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    envio, plantillas,
    rows::{Communication, Id},
};
use crate::{
    answers::Answer,
    app::State,
    auth::{Caller, Permitted, Seller},
    errors::{ApiError, ErrorBody},
};

/// A message to be sent: `mensaje`, or `template`, or `contenido`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct SendBody {
    /// The recipient: a phone number with country code, or a WhatsApp user id.
    #[schema(example = "+34600000000")]
    pub telefono: Option<Id>,
    /// Plain text, at most 4,096 characters.
    pub mensaje: Option<String>,
    /// The name of a template.
    #[serde(alias = "templateName")]
    pub template: Option<String>,
    /// The template's values: a list in their order, or an object by name.
    #[schema(value_type = Option<Object>)]
    pub params: Option<Value>,
    /// The template's language; found out where absent.
    pub idioma: Option<String>,
    /// Any other content, by its `type`: `text media template interactive reaction location contacts native`.
    #[schema(value_type = Option<Object>)]
    pub contenido: Option<Value>,
    /// Our id of the message that it answers.
    pub responde_a: Option<String>,
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

/// Sends a message and answers its row. An error after the message was stored names it in `details.mensaje_id`.
///
/// # Errors
/// 400 with the field, 403 for another seller's lead, 409 outside of the window, 502 where the provider refuses.
#[utoipa::path(post, path = "/api/comunicaciones/whatsapp/enviar", tag = "whatsapp", request_body = SendBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, description = "The provider took it", body = Answer<Communication>),
        (status = 202, description = "It waits (`en_cola`, `programado`), or whether the provider took it is not known (yet)", body = Answer<Communication>),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn send(
    state: web::Data<State>,
    request: HttpRequest,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<SendBody>>,
) -> Result<HttpResponse, ApiError> {
    let key = envio::idempotency_key(&request)?;
    let mut message = prepare(&state, &caller, body.into_inner()).await?;
    message.idempotency_key = key;
    let sent = state.engine.send(message).await.map_err(envio::told)?;
    envio::answer(&state, &caller.organization, &sent).await
}

async fn prepare(state: &State, caller: &Caller, body: SendBody) -> Result<SendRequest, ApiError> {
    let (scheduled, expires) = (body.programado_para.as_deref(), body.caduca.as_deref());
    let timing = envio::Timing::read(scheduled, expires, body.entrega.as_deref())?;
    let to = envio::recipient(state, "telefono", body.telefono)?;
    let account = body.cuenta.map(AccountId::from);
    let content = match (body.mensaje, body.template, body.contenido) {
        (Some(text), None, None) => Content::text(text),
        (None, Some(name), None) => {
            let language = match body.idioma {
                Some(language) => language,
                None => plantillas::language(state, caller, account.clone(), &name).await,
            };
            Content::Template(Template { name, language, parameters: parameters(body.params)?, ..Template::default() })
        }
        (None, None, Some(content)) => {
            serde_json::from_value(content).map_err(|error| ApiError::field("contenido", error))?
        }
        (None, None, None) => {
            return Err(ApiError::field("mensaje", "falta mensaje, template o contenido"));
        }
        _ => {
            return Err(ApiError::field("mensaje", "solo uno de mensaje, template y contenido"));
        }
    };
    let mut message = SendRequest::new(caller.scope(), caller.user.clone(), ChannelKind::WhatsApp, to, content);
    message.account = account;
    timing.of(&mut message);
    message.links = envio::links(body.lead_id, body.cliente_id, body.contrato_id);
    message.reply_to = body.responde_a.as_deref().map(reply_to).transpose()?;
    Ok(message)
}

pub(super) fn parameters(params: Option<Value>) -> Result<Vec<TemplateParameter>, ApiError> {
    match params {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(|value| word(value).map(TemplateParameter::Text)).collect(),
        Some(Value::Object(values)) => named(values),
        Some(_) => Err(ApiError::field("params", "una lista de textos, o un objeto por nombre")),
    }
}

fn named(values: Map<String, Value>) -> Result<Vec<TemplateParameter>, ApiError> {
    let named = values.into_iter().map(|(name, value)| {
        let value = word(&value)?;
        Ok(TemplateParameter::Named { name, value })
    });
    named.collect()
}

fn word(value: &Value) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(ApiError::field("params", "cada valor es un texto o un número")),
    }
}

pub(super) fn reply_to(text: &str) -> Result<MessageId, ApiError> {
    text.parse().map_err(|_| ApiError::field("responde_a", "no es un mensaje_id"))
}

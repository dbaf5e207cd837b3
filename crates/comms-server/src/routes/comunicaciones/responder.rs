//! Answers in a conversation.

use actix_web::{HttpRequest, HttpResponse, web};
use comms_core::{Content, Template};
use comms_engine::ReplyRequest;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    conversaciones::conversation,
    envio,
    rows::Communication,
    sms,
    whatsapp::{parameters, reply_to},
};
use crate::{
    answers::Answer,
    app::State,
    auth::{Permitted, Seller},
    errors::{ApiError, ErrorBody},
};

/// An answer: `mensaje` (with `media_urls`), or `template`, or `contenido`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ReplyBody {
    /// Plain text.
    pub mensaje: Option<String>,
    /// Public addresses of files.
    pub media_urls: Vec<String>,
    /// The name of a template.
    #[serde(alias = "templateName")]
    pub template: Option<String>,
    /// The template's values: a list in their order, or an object by name.
    #[schema(value_type = Option<Object>)]
    pub params: Option<Value>,
    /// The template's language; `es` where absent.
    pub idioma: Option<String>,
    /// Any other content, by its `type`, as in `/whatsapp/enviar`.
    #[schema(value_type = Option<Object>)]
    pub contenido: Option<Value>,
    /// Our id of the message that it quotes.
    pub responde_a: Option<String>,
}

/// Answers: from the account that was written to, to the address that wrote last.
///
/// # Errors
/// 404 where there is no conversation that the caller may see; otherwise as sending.
#[utoipa::path(post, path = "/api/comunicaciones/conversaciones/{id}/responder", tag = "conversaciones", request_body = ReplyBody,
    params(("id" = String, Path, description = "`conversacion_id`"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, body = Answer<Communication>), (status = 202, body = Answer<Communication>), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn reply(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<ReplyBody>>,
) -> Result<HttpResponse, ApiError> {
    let (id, body) = (conversation(&id)?, body.into_inner());
    let quoted = body.responde_a.as_deref().map(reply_to).transpose()?;
    let mut answer = ReplyRequest::new(caller.scope(), caller.user.clone(), id, content(body)?);
    (answer.reply_to, answer.idempotency_key) = (quoted, envio::idempotency_key(&request)?);
    let send = state.engine.reply(answer).await?;
    let sent = state.engine.send(send).await?;
    envio::answer(&state, &caller.organization, &sent).await
}

fn content(body: ReplyBody) -> Result<Content, ApiError> {
    let plain = body.mensaje.is_some() || !body.media_urls.is_empty();
    match (plain, body.template, body.contenido) {
        (true, None, None) => sms::content(body.mensaje, &body.media_urls),
        (false, Some(name), None) => {
            let language = body.idioma.unwrap_or_else(|| "es".to_owned());
            let parameters = parameters(body.params)?;
            Ok(Content::Template(Template { name, language, parameters, ..Template::default() }))
        }
        (false, None, Some(content)) => {
            serde_json::from_value(content).map_err(|error| ApiError::field("contenido", error))
        }
        (false, None, None) => Err(ApiError::field("mensaje", "falta mensaje, template o contenido")),
        _ => Err(ApiError::field("mensaje", "solo uno de mensaje, template y contenido")),
    }
}

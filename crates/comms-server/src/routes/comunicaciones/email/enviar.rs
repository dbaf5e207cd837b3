//! Sending e-mails, from the seller's own mailbox or the company's address.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use comms_core::{AccountId, Address, ChannelKind, Content, Correspondent, Email, InlineFile, MessageId};
use comms_engine::{EngineError, OwnFile, SendRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CONNECT, bandeja, own, told};
use crate::{
    answers::Answer,
    app::State,
    auth::{Caller, Seller},
    errors::{ApiError, Code, ErrorBody},
    registry::GMAIL,
    routes::comunicaciones::{
        envio,
        rows::{Communication, Id},
    },
};

/// The longest body: what Gmail sends (35 MiB) within base64, and its text.
const BODY: usize = 52 * 1024 * 1024;
/// Files of one message.
const FILES: usize = 25;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One address or several: `ana@example.com`, `Ana <ana@example.com>`, or several of them separated by commas.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Direcciones {
    /// One, or several separated by commas.
    Una(String),
    /// Several.
    Varias(Vec<String>),
}

/// A file: its bytes, or one of the history.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct AdjuntoBody {
    /// What the recipient saves it as.
    #[serde(alias = "filename")]
    pub nombre: Option<String>,
    /// Its media type.
    #[serde(alias = "mime_type", alias = "contentType")]
    pub tipo: Option<String>,
    /// Its bytes as base64.
    #[serde(alias = "content")]
    pub contenido: Option<String>,
    /// A file of the history instead: `adjuntos[].id`.
    pub adjunto_id: Option<Uuid>,
    /// For an image that the HTML shows as `cid:…`: that id.
    pub content_id: Option<String>,
}

/// An e-mail to be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct EmailBody {
    /// To whom; whoever wrote the message where it answers one and this is absent.
    #[serde(alias = "to")]
    #[schema(example = "ana@example.com")]
    pub destinatario: Option<Direcciones>,
    /// The subject; that of the message that it answers where absent.
    #[serde(alias = "subject")]
    pub asunto: Option<String>,
    /// The text of the mail; of one with HTML what is shown where HTML is not.
    #[serde(alias = "text", alias = "mensaje")]
    pub cuerpo: Option<String>,
    /// The same as HTML: made safe before it is sent. Without `cuerpo` a text is made of it.
    pub html: Option<String>,
    /// With copies to whom.
    pub cc: Option<Direcciones>,
    /// With hidden copies to whom.
    #[serde(alias = "cco")]
    pub bcc: Option<Direcciones>,
    /// Files, at most 25, and 35 MiB with the text.
    pub adjuntos: Vec<AdjuntoBody>,
    /// The message that it answers: our `mensaje_id`, or Gmail's id of it.
    #[serde(alias = "responde_a", alias = "replyTo")]
    pub responder_a: Option<String>,
    /// Another address of the mailbox, of those that Gmail lets it send as.
    pub de: Option<String>,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The account or mailbox to send from; the user's own mailbox, else the company's address, where absent.
    #[serde(alias = "buzon")]
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

/// Sends an e-mail and answers its row. An error after the message was stored names it in `details.mensaje_id`.
///
/// # Errors
/// 400 with the field, 403 for another seller's lead, 502 where the provider refuses or the mailbox must be connected again, 409 where
/// none is connected.
#[utoipa::path(post, path = "/api/comunicaciones/email/enviar", tag = "correo", request_body = EmailBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same request under the same key is sent once")),
    responses((status = 200, description = "The provider took it", body = Answer<Communication>),
        (status = 202, description = "It waits (`en_cola`, `programado`), or whether the provider took it is not known (yet)", body = Answer<Communication>),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 502, body = ErrorBody),
        (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn send(
    state: web::Data<State>,
    request: HttpRequest,
    Seller(caller): Seller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let key = envio::idempotency_key(&request)?;
    let bytes = payload
        .to_bytes_limited(BODY)
        .await
        .map_err(|_| ApiError::new(Code::TooLarge))?
        .map_err(|_| ApiError::new(Code::Validation).because("el cuerpo no llegó entero"))?;
    let body: EmailBody =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::new(Code::Validation).because(error))?;
    let mut message = prepare(&state, &caller, body).await?;
    message.idempotency_key = key;
    let sent = state.engine.send(message).await.map_err(|error| spelled(envio::told(error)))?;
    envio::answer(&state, &caller.organization, &sent).await.map_err(reconnecting)
}

async fn prepare(state: &State, caller: &Caller, body: EmailBody) -> Result<SendRequest, ApiError> {
    let (scheduled, expires) = (body.programado_para.as_deref(), body.caduca.as_deref());
    let timing = envio::Timing::read(scheduled, expires, body.entrega.as_deref())?;
    let account = account(state, caller, body.cuenta.as_deref()).await?;
    let mut email = Email {
        subject: body.asunto.unwrap_or_default(),
        text: body.cuerpo.filter(|text| !text.trim().is_empty()),
        html: body.html.filter(|html| !html.trim().is_empty()),
        from: body.de.as_deref().map(|one| correspondent("de", one)).transpose()?,
        cc: addresses("cc", body.cc)?,
        bcc: addresses("bcc", body.bcc)?,
        ..Email::default()
    };
    if email.text.is_none() && email.html.is_none() && body.adjuntos.is_empty() {
        return Err(ApiError::field("cuerpo", "falta cuerpo, html o un archivo"));
    }
    let answered = match body.responder_a.as_deref() {
        Some(id) => answered(state, caller, &account, id, &mut email).await?,
        None => Answered::default(),
    };
    let mut to = addresses("destinatario", body.destinatario)?;
    if to.is_empty() {
        to.extend(answered.writer);
    }
    let first = to.first().ok_or_else(|| ApiError::field("destinatario", "falta"))?;
    let recipient = Address::email(&first.address);
    let recipient = recipient.map_err(|error| spelled(EngineError::Refused(error.field("to")).into()))?;
    email.to = to;
    email.inline = inline(&body.adjuntos);
    let files = files(state, caller, body.adjuntos).await?;
    let content = Content::Email(Box::new(email));
    let mut message = SendRequest::new(caller.scope(), caller.user.clone(), ChannelKind::Email, recipient, content);
    message.account = Some(account);
    message.reply_to = answered.message;
    message.files = files;
    timing.of(&mut message);
    message.links = envio::links(body.lead_id, body.cliente_id, body.contrato_id);
    Ok(message)
}

/// The account to send from. A mailbox is its owner's: nobody else sends from it.
async fn account(state: &State, caller: &Caller, wanted: Option<&str>) -> Result<AccountId, ApiError> {
    let accounts = state.repository.accounts(Some(&caller.organization)).await?;
    let usable = || accounts.iter().filter(|one| one.active && one.channel == ChannelKind::Email);
    if let Some(wanted) = wanted {
        let id = usable().find(|one| one.id.as_str() == wanted && one.id.provider() != GMAIL);
        return match id {
            Some(account) => Ok(account.id.clone()),
            None => super::own_account(state, caller, Some(wanted)).await.map(|account| account.id),
        };
    }
    let is_own = |one: &&comms_core::history::Account| one.owner.as_ref() == Some(&caller.user);
    let own = usable().filter(is_own).min_by_key(|one| one.id.provider() != GMAIL);
    let company = || usable().find(|one| one.id.provider() != GMAIL);
    let chosen = own.or_else(company).map(|one| one.id.clone());
    chosen.ok_or_else(|| {
        ApiError::new(Code::MailboxNotConnected).details(json!({
            "motivo": "conecte su buzón",
            "reconectar": true,
            "iniciar": CONNECT,
        }))
    })
}

/// What a message answers.
#[derive(Default)]
struct Answered {
    /// Our record of it.
    message: Option<MessageId>,
    /// Where an answer to it goes.
    writer: Option<Correspondent>,
}

async fn answered(
    state: &State,
    caller: &Caller,
    account: &AccountId,
    id: &str,
    email: &mut Email,
) -> Result<Answered, ApiError> {
    if let Ok(message) = id.parse::<MessageId>() {
        let entry = state.repository.message(&caller.scope(), message).await?.entry;
        let writer = match entry.content {
            Some(Content::Email(before)) => {
                let from = before.from.filter(|_| entry.direction == comms_core::Direction::Inbound);
                before.reply_to.into_iter().next().or(from)
            }
            _ => None,
        };
        let writer = writer.or_else(|| Some(Correspondent::new(entry.counterpart)));
        return Ok(Answered { message: Some(message), writer });
    }
    if account.provider() != GMAIL {
        return Err(ApiError::field("responder_a", "no es un mensaje_id"));
    }
    let own = own(state, caller, Some(account.external_id())).await?;
    let mail = own.mailbox.read(id).await.map_err(|error| told(&own.account, error))?;
    let before = mail.email;
    let known = bandeja::known(state, caller, &own, id).await?;
    if known.is_none() {
        // It is no record of ours: what makes an answer stands in the mailbox.
        if email.subject.trim().is_empty() {
            email.subject = crate::registry::reply_subject(&before.subject);
        }
        email.references = before.references.iter().chain(&before.message_id).cloned().collect();
        email.in_reply_to.clone_from(&before.message_id);
        email.thread.clone_from(&before.thread);
    }
    let writer =
        if mail.sent { before.to.into_iter().next() } else { before.reply_to.into_iter().next().or(before.from) };
    Ok(Answered { message: known, writer })
}

fn addresses(field: &str, given: Option<Direcciones>) -> Result<Vec<Correspondent>, ApiError> {
    let texts = match given {
        None => Vec::new(),
        // A comma within quotation marks is a part of a name.
        Some(Direcciones::Una(text)) if text.contains('"') => vec![text],
        Some(Direcciones::Una(text)) => text.split([',', ';']).map(str::to_owned).collect(),
        Some(Direcciones::Varias(texts)) => texts,
    };
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(|text| correspondent(field, text)).collect()
}

/// `ana@example.com` or `Ana <ana@example.com>`.
fn correspondent(field: &str, text: &str) -> Result<Correspondent, ApiError> {
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"').trim().to_owned()), address),
        None => (None, text),
    };
    let address = Address::email(address).map_err(|error| ApiError::field(field, error.message()))?;
    Ok(Correspondent { name: name.filter(|name| !name.is_empty()), address: address.value().to_owned() })
}

fn inline(files: &[AdjuntoBody]) -> Vec<InlineFile> {
    let named = files.iter().enumerate().filter_map(|(file, one)| Some((file, one.content_id.clone()?)));
    named.map(|(file, content_id)| InlineFile { content_id, file }).collect()
}

async fn files(state: &State, caller: &Caller, given: Vec<AdjuntoBody>) -> Result<Vec<OwnFile>, ApiError> {
    if given.len() > FILES {
        return Err(ApiError::field("adjuntos", format!("como mucho {FILES}")));
    }
    // All of them are read before any is kept.
    let mut read = Vec::with_capacity(given.len());
    for file in given {
        let bytes = match (&file.contenido, file.adjunto_id) {
            (Some(content), None) => Some(decoded(content)?),
            (None, Some(_)) => None,
            _ => return Err(ApiError::field("adjuntos", "cada archivo tiene contenido o adjunto_id")),
        };
        read.push((file, bytes));
    }
    let mut files = Vec::with_capacity(read.len());
    for (file, bytes) in read {
        let kept = match (bytes, file.adjunto_id) {
            (Some(bytes), _) => {
                state.engine.keep_file(&caller.organization, file.nombre, file.tipo, bytes.into()).await
            }
            (None, Some(id)) => state.engine.keep_copy(&caller.scope(), id).await,
            (None, None) => continue,
        };
        files.push(kept.map_err(|error| spelled(error.into()))?);
    }
    Ok(files)
}

/// Base64, as it stands or as a browser reads a file (`data:…;base64,…`).
fn decoded(content: &str) -> Result<Vec<u8>, ApiError> {
    let digits = content.split_once(";base64,").map_or(content, |(_, digits)| digits).trim();
    BASE64.decode(digits).map_err(|_| ApiError::field("adjuntos", "el contenido no es base64"))
}

/// The fields in this route's own spelling.
fn spelled(error: ApiError) -> ApiError {
    let names = [
        ("telefono", "destinatario"),
        ("to", "destinatario"),
        ("subject", "asunto"),
        ("text", "cuerpo"),
        ("mensaje", "cuerpo"),
        ("files", "adjuntos"),
        ("desde", "de"),
        ("in_reply_to", "responder_a"),
        ("responde_a", "responder_a"),
    ];
    names.into_iter().fold(error, |error, (from, to)| error.renamed(from, to))
}

/// A mailbox that Google does not open any more is its owner's to mend.
fn reconnecting(error: ApiError) -> ApiError {
    use comms_engine::Code as EngineCode;
    if error.code() == Code::Engine(EngineCode::ProviderCredential) {
        return error.also("reconectar", true.into()).also("iniciar", CONNECT.into());
    }
    error
}

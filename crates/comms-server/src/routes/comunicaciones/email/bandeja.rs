//! The seller's mailbox as it stands now: a page of it, one message, marking it as read.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{Correspondent, MediaRef, MessageId, history::HistoryFilter};
use comms_engine::ReadReceipt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Own, own, told};
use crate::{
    answers::{Answer, List, instant},
    app::State,
    auth::{Caller, Seller},
    errors::{ApiError, ErrorBody},
    registry::{Mail, MailQuery},
};

/// Messages of a page where the caller does not say.
const PAGE: u32 = 20;
/// Messages of the largest page: each is read by itself, of a quota of 300 a minute.
const LARGEST_PAGE: u32 = 100;

/// Which page of the mailbox.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BandejaQuery {
    /// Messages of the page, 1 to 100; 20 where absent.
    #[serde(rename = "maxResults", alias = "limit")]
    #[param(rename = "maxResults")]
    pub max_results: Option<String>,
    /// A search as in Gmail's own box, for instance `from:ana is:unread`; the inbox where absent.
    pub q: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
    /// One of several mailboxes of the caller's.
    pub buzon: Option<String>,
}

/// Which mailbox.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BuzonQuery {
    /// One of several mailboxes of the caller's.
    pub buzon: Option<String>,
}

/// Somebody whom a message names.
#[derive(Debug, Serialize, ToSchema)]
pub struct Corresponsal {
    /// The name beside the address. Its writer chose it.
    pub nombre: Option<String>,
    /// The address.
    pub direccion: String,
}

impl From<Correspondent> for Corresponsal {
    fn from(one: Correspondent) -> Self {
        Self { nombre: one.name, direccion: one.address }
    }
}

/// A message of the mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorreoRow {
    /// Gmail's id of it in this mailbox.
    pub id: String,
    /// Gmail's id of its thread.
    pub hilo_id: Option<String>,
    /// Who wrote it.
    pub de: Option<Corresponsal>,
    /// To whom.
    pub para: Vec<Corresponsal>,
    /// With copies to whom.
    pub cc: Vec<Corresponsal>,
    /// The subject.
    pub asunto: String,
    /// Its beginning, as text.
    pub resumen: String,
    /// When Google took it: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub fecha: Option<String>,
    /// Whether it was read.
    pub leido: bool,
    /// Whether the seller has sent it.
    pub enviado: bool,
    /// Gmail's labels.
    pub etiquetas: Vec<String>,
    /// Its size in bytes, about.
    pub tamano: Option<u64>,
    /// Our id of it, where it was sent from here.
    pub mensaje_id: Option<Uuid>,
}

impl From<&Mail> for CorreoRow {
    fn from(mail: &Mail) -> Self {
        let all = |list: &[Correspondent]| list.iter().cloned().map(Into::into).collect();
        Self {
            id: mail.id.clone(),
            hilo_id: mail.email.thread.clone(),
            de: mail.email.from.clone().map(Into::into),
            para: all(&mail.email.to),
            cc: all(&mail.email.cc),
            asunto: mail.email.subject.clone(),
            resumen: mail.snippet.clone(),
            fecha: mail.received_at.map(instant),
            leido: !mail.is_unread(),
            enviado: mail.sent,
            etiquetas: mail.labels.clone(),
            tamano: mail.size,
            mensaje_id: mail.ours.map(|id| id.0),
        }
    }
}

/// A page of the caller's mailbox as it stands now, newest first.
///
/// # Errors
/// 400 with the field; 502 with `details.reconectar` where the mailbox must be connected again; 409 where none is connected.
#[utoipa::path(get, path = "/api/comunicaciones/email/bandeja", tag = "correo", params(BandejaQuery),
    responses((status = 200, body = List<CorreoRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 409, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn list(
    Seller(caller): Seller,
    state: web::Data<State>,
    query: Query<BandejaQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let most = match query.max_results.as_deref() {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|most| (1..=LARGEST_PAGE).contains(most))
            .ok_or_else(|| ApiError::field("maxResults", format!("un número de 1 a {LARGEST_PAGE}")))?,
    };
    let Own { account, mailbox } = own(&state, &caller, query.buzon.as_deref()).await?;
    let search = query.q.filter(|text| !text.trim().is_empty());
    let wanted = MailQuery { most, search, after: query.cursor.filter(|cursor| !cursor.is_empty()) };
    let page = mailbox.list(&wanted).await.map_err(|error| told(&account, error).renamed("maxResults", "cursor"))?;
    Ok(List::page(page.items.iter().map(CorreoRow::from).collect(), page.next))
}

/// A message of the mailbox, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorreoDetail {
    /// What the list shows of it.
    #[serde(flatten)]
    pub fila: CorreoRow,
    /// With hidden copies to whom, of messages of one's own.
    pub cco: Vec<Corresponsal>,
    /// Where answers are to go.
    pub responder_a: Vec<Corresponsal>,
    /// What its writer wrote, without what they quote.
    pub texto: Option<String>,
    /// The same as HTML, safe to be shown: no script, nothing from the network. Its own images are `cid:` of `adjuntos`.
    pub html: Option<String>,
    /// What it quotes.
    pub citado: Option<String>,
    /// Its files.
    pub adjuntos: Vec<ArchivoRow>,
    /// Its `Message-ID`.
    pub message_id: Option<String>,
    /// What it answers.
    pub responde_a: Option<String>,
    /// What is worth knowing: `automatic`, `defects`, `blocked_images`, `notice`.
    #[schema(value_type = Object)]
    pub avisos: Map<String, Value>,
}

/// A file of a message of the mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArchivoRow {
    /// Its place in the message.
    pub parte: String,
    /// As its sender named it.
    pub nombre: Option<String>,
    /// Its media type, as its sender claims.
    pub mime_type: Option<String>,
    /// The id under which the HTML shows it.
    pub content_id: Option<String>,
    /// Where it is fetched.
    pub url: String,
}

impl CorreoDetail {
    fn of(mail: Mail, known: Option<MessageId>, buzon: &str) -> Self {
        let fila = CorreoRow { mensaje_id: known.or(mail.ours).map(|id| id.0), ..CorreoRow::from(&mail) };
        let adjuntos = archivos(&mail, buzon);
        let mut avisos = mail.extra;
        avisos.remove("labels");
        let email = mail.email;
        let all = |list: Vec<Correspondent>| list.into_iter().map(Into::into).collect();
        Self {
            fila,
            cco: all(email.bcc),
            responder_a: all(email.reply_to),
            texto: email.text,
            html: email.html,
            citado: email.quoted,
            adjuntos,
            message_id: email.message_id,
            responde_a: email.in_reply_to,
            avisos,
        }
    }
}

fn archivos(mail: &Mail, buzon: &str) -> Vec<ArchivoRow> {
    let shown = |at: usize| mail.email.inline.iter().find(|one| one.file == at).map(|one| one.content_id.clone());
    let files = mail.email.files.iter().enumerate().filter_map(|(at, file)| {
        let MediaRef::Id(id) = &file.source else { return None };
        let (message, part) = id.split_once('/')?;
        let parte = super::archivos::named(part);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("buzon", buzon);
        Some(ArchivoRow {
            url: format!("/api/comunicaciones/email/{message}/adjuntos/{parte}?{}", query.finish()),
            parte,
            nombre: file.filename.clone(),
            mime_type: file.mime_type.clone(),
            content_id: shown(at),
        })
    });
    files.collect()
}

/// One message of the caller's mailbox.
///
/// # Errors
/// 404 where it is gone, or in nobody's mailbox that the caller may open; otherwise as the list.
#[utoipa::path(get, path = "/api/comunicaciones/email/{id}", tag = "correo",
    params(("id" = String, Path, description = "Gmail's id of it"), BuzonQuery),
    responses((status = 200, body = Answer<CorreoDetail>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn detail(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
    query: Query<BuzonQuery>,
) -> Result<HttpResponse, ApiError> {
    let Own { account, mailbox } = own(&state, &caller, query.buzon.as_deref()).await?;
    let mail = mailbox.read(&id).await.map_err(|error| told(&account, error))?;
    let own = Own { account, mailbox };
    let known = known(&state, &caller, &own, &mail.id).await?;
    Ok(Answer::ok(CorreoDetail::of(mail, known, own.account.id.external_id())))
}

/// What marking a message as read did.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeidoRow {
    /// Gmail's id of it.
    pub id: String,
    /// Our id of it, where the history has it.
    pub mensaje_id: Option<Uuid>,
    /// Whether it is read in the mailbox now.
    pub leido: bool,
}

/// Marks a message as read, in the mailbox and, where it has it, in the history.
///
/// # Errors
/// As reading it.
#[utoipa::path(post, path = "/api/comunicaciones/email/{id}/leido", tag = "correo",
    params(("id" = String, Path, description = "Gmail's id of it"), BuzonQuery),
    responses((status = 200, body = Answer<LeidoRow>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn mark_read(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
    query: Query<BuzonQuery>,
) -> Result<HttpResponse, ApiError> {
    let own = own(&state, &caller, query.buzon.as_deref()).await?;
    let known = known(&state, &caller, &own, &id).await?;
    let receipt = match known {
        Some(known) => state.engine.mark_read(&caller.scope(), &caller.user, known).await?.receipt,
        None => ReadReceipt::NotNeeded,
    };
    // The history tells the mailbox where it was unread there. Unread in the mailbox alone it is marked here.
    if receipt != ReadReceipt::Sent {
        use comms_core::Channel;
        own.mailbox.mark_read(&id).await.map_err(|error| told(&own.account, error))?;
    }
    Ok(Answer::ok(LeidoRow { id: id.into_inner(), mensaje_id: known.map(|id| id.0), leido: true }))
}

/// Our record of a message of the mailbox.
pub(super) async fn known(state: &State, caller: &Caller, own: &Own, id: &str) -> Result<Option<MessageId>, ApiError> {
    let filter = HistoryFilter {
        accounts: vec![own.account.id.clone()],
        provider_id: Some(id.to_owned()),
        limit: 1,
        ..HistoryFilter::default()
    };
    let page = state.repository.history(&caller.scope(), &filter).await?;
    Ok(page.entries.first().map(|entry| entry.message))
}

//! Contacts: the list, one with its addresses and conversations, naming, joining, separating, linking.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{
    ContactId,
    history::{Contact, ContactFilter, ConversationFilter, Identity, MergedContact},
};
use comms_engine::Code as EngineCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{conversaciones::ConversationRow, envio, historial::page_limit, rows::Id};
use crate::{
    answers::{Answer, List, desk_cursor, desk_key, instant},
    app::State,
    auth::{Caller, Permitted, Reading, Seller},
    errors::{ApiError, Code, ErrorBody},
};

/// Conversations that are shown with a contact; the rest is in the list of conversations.
const SHOWN: u16 = 50;
/// Characters of the longest name.
const LONGEST_NAME: usize = 255;

/// What narrows the contacts down.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContactQuery {
    /// With this in their name or an address, without regard to case and accents.
    pub texto: Option<String>,
    /// Rows of the page, 1 to 200; 50 where absent.
    pub limit: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// A person: a contact and those who are joined with them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactRow {
    /// The contact that stands for them.
    pub id: Uuid,
    /// Their name.
    pub nombre: Option<String>,
    /// The addresses under which our accounts know them.
    pub identidades: Vec<IdentityRow>,
    /// Leads and clients that may be them: for a person to decide.
    pub candidatos: Vec<CandidateRow>,
    /// The contacts that were joined with this one.
    pub unidos: Vec<MergedRow>,
    /// Since when they are known: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub fecha_creacion: String,
}

/// An address under which an account knows a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityRow {
    /// The contact that it belongs to by itself.
    pub contacto_id: Uuid,
    /// The account.
    pub cuenta: String,
    /// `phone`, `email`, `whats_app_user` …
    pub tipo: String,
    /// The address.
    pub direccion: String,
    /// How they call themselves there.
    pub nombre: Option<String>,
    /// Their user name there.
    pub usuario: Option<String>,
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
    /// The user whose it is.
    pub usuario_id: Option<Id>,
}

/// A lead or client that may be a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateRow {
    /// `lead` or `cliente`
    pub tipo: String,
    /// As its own table has it: a number or a text.
    pub id: Id,
}

/// A contact that was joined to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergedRow {
    /// Its id: what `separar` takes.
    pub id: Uuid,
    /// What a user here named it, else what the provider said.
    pub nombre: Option<String>,
    /// The contact that it was joined to.
    pub unido_a: Uuid,
    /// By whom.
    pub usuario_id: Id,
    /// When: ISO 8601, UTC.
    #[schema(format = DateTime)]
    pub fecha: String,
}

impl From<Contact> for ContactRow {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.0,
            nombre: contact.name,
            identidades: contact.identities.into_iter().map(Into::into).collect(),
            candidatos: contact
                .candidates
                .into_iter()
                .map(|one| CandidateRow {
                    tipo: if one.kind == "client" { "cliente".to_owned() } else { one.kind },
                    id: one.id.as_str().into(),
                })
                .collect(),
            unidos: contact.merged.into_iter().map(Into::into).collect(),
            fecha_creacion: instant(contact.created_at),
        }
    }
}

impl From<Identity> for IdentityRow {
    fn from(one: Identity) -> Self {
        let kind = serde_json::to_value(one.address.kind()).unwrap_or_default();
        Self {
            contacto_id: one.contact.0,
            cuenta: one.account.as_str().to_owned(),
            tipo: kind.as_str().unwrap_or("other").to_owned(),
            direccion: one.address.value().to_owned(),
            nombre: one.name,
            usuario: one.username,
            lead_id: one.links.lead.map(|id| id.as_str().into()),
            cliente_id: one.links.client.map(|id| id.as_str().into()),
            contrato_id: one.links.contract.map(|id| id.as_str().into()),
            usuario_id: one.user.map(|id| id.as_str().into()),
        }
    }
}

impl From<MergedContact> for MergedRow {
    fn from(one: MergedContact) -> Self {
        Self {
            id: one.id.0,
            nombre: one.name,
            unido_a: one.into.0,
            usuario_id: one.by.as_str().into(),
            fecha: instant(one.at),
        }
    }
}

/// The contacts, newest first; a seller sees those of the conversations that they see.
///
/// # Errors
/// 400 with the field for a value that cannot be.
#[utoipa::path(get, path = "/api/comunicaciones/contactos", tag = "contactos", params(ContactQuery),
    responses((status = 200, body = List<ContactRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn list(
    reader: Reading,
    state: web::Data<State>,
    query: Query<ContactQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let filter = ContactFilter {
        text: query.texto.filter(|text| !text.trim().is_empty()),
        after: query.cursor.as_deref().map(desk_key).transpose()?,
        limit: page_limit(query.limit.as_deref())?,
    };
    let page = state.repository.contacts(&reader.scope, &filter).await?;
    Ok(List::page(page.entries.into_iter().map(ContactRow::from).collect(), page.next.map(desk_cursor)))
}

/// A contact with their latest conversations.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactDetail {
    /// The contact.
    #[serde(flatten)]
    pub contacto: ContactRow,
    /// Their latest conversations, at most 50.
    pub conversaciones: Vec<ConversationRow>,
}

/// One contact. The id of one that was joined to another gives the other.
///
/// # Errors
/// 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/comunicaciones/contactos/{id}", tag = "contactos",
    params(("id" = String, Path, description = "`contacto_id`")),
    responses((status = 200, body = Answer<ContactDetail>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn detail(reader: Reading, state: web::Data<State>, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let contact = state.repository.contact(&reader.scope, contact_id(&id)?).await?;
    let filter = ConversationFilter { contact: Some(contact.id), limit: SHOWN, ..ConversationFilter::default() };
    let page = state.repository.conversations(&reader.scope, reader.user.as_ref(), &filter).await?;
    let conversations = page.entries.into_iter().map(ConversationRow::from).collect();
    Ok(Answer::ok(ContactDetail { contacto: contact.into(), conversaciones: conversations }))
}

/// A contact's name.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct NameBody {
    /// The name; null = as they call themselves.
    pub nombre: Option<String>,
}

/// Names a contact.
///
/// # Errors
/// 400 with the field, 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/comunicaciones/contactos/{id}", tag = "contactos", request_body = NameBody,
    params(("id" = String, Path, description = "`contacto_id`")),
    responses((status = 200, body = Answer<ContactRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn rename(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<NameBody>>,
) -> Result<HttpResponse, ApiError> {
    let id = contact_id(&id)?;
    let name = body.nombre.as_deref().map(str::trim);
    if name.is_some_and(|name| name.is_empty() || name.chars().count() > LONGEST_NAME) {
        return Err(ApiError::field("nombre", format!("de 1 a {LONGEST_NAME} caracteres")));
    }
    state.repository.rename_contact(&caller.scope(), &caller.user, id, name, state.clock.now()).await?;
    answer(&state, &caller, id).await
}

/// Another contact.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct JoinBody {
    /// The contact that is the same person.
    pub con: String,
}

/// Joins another contact (and who was joined to them) to this one: one person from now on.
///
/// # Errors
/// 404 where there is none that the caller may see, 409 where they are one already.
#[utoipa::path(post, path = "/api/comunicaciones/contactos/{id}/unir", tag = "contactos", request_body = JoinBody,
    params(("id" = String, Path, description = "`contacto_id` of who stands for both")),
    responses((status = 200, body = Answer<ContactRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn join(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<JoinBody>>,
) -> Result<HttpResponse, ApiError> {
    let id = contact_id(&id)?;
    let other = body.con.parse().map_err(|_| ApiError::field("con", "no es un contacto_id"))?;
    let standing = state.repository.join_contacts(&caller.scope(), &caller.user, id, other, state.clock.now()).await?;
    answer(&state, &caller, standing).await
}

/// Takes back that this contact was joined to another: both are as if it had not been.
///
/// # Errors
/// 404 where there is none that the caller may see, 409 where it is joined to none.
#[utoipa::path(post, path = "/api/comunicaciones/contactos/{id}/separar", tag = "contactos",
    params(("id" = String, Path, description = "`unidos[].id`: the contact that was joined")),
    responses((status = 200, body = Answer<ContactRow>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn separate(
    Seller(caller): Seller,
    state: web::Data<State>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = contact_id(&id)?;
    // A seller may not see the one that goes: the organisation's is shown, of what was theirs a moment ago.
    state.repository.separate_contact(&caller.scope(), &caller.user, id, state.clock.now()).await?;
    let whole = comms_core::history::Scope { organization: caller.organization.clone(), seller: None };
    Ok(Answer::ok(ContactRow::from(state.repository.contact(&whole, id).await?)))
}

/// What a contact belongs to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct LinkBody {
    /// The lead.
    pub lead_id: Option<Id>,
    /// The client.
    pub cliente_id: Option<Id>,
    /// The contract.
    pub contrato_id: Option<Id>,
}

/// Says which lead, client or contract a contact belongs to; none = it is found out again. What comes in from now on belongs to it.
///
/// # Errors
/// 403 for another seller's, 404 for what does not exist or the caller may not see.
#[utoipa::path(post, path = "/api/comunicaciones/contactos/{id}/vincular", tag = "contactos", request_body = LinkBody,
    params(("id" = String, Path, description = "`contacto_id`")),
    responses((status = 200, body = Answer<ContactRow>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn link(
    state: web::Data<State>,
    id: web::Path<String>,
    Permitted(Seller(caller), body): Permitted<Seller, web::Json<LinkBody>>,
) -> Result<HttpResponse, ApiError> {
    let (id, body) = (contact_id(&id)?, body.into_inner());
    let links = envio::links(body.lead_id, body.cliente_id, body.contrato_id);
    state.engine.link_contact(&caller.scope(), &caller.user, id, &links).await?;
    answer(&state, &caller, id).await
}

async fn answer(state: &State, caller: &Caller, id: ContactId) -> Result<HttpResponse, ApiError> {
    let contact = state.repository.contact(&caller.scope(), id).await?;
    Ok(Answer::ok(ContactRow::from(contact)))
}

/// The contact of a path; what is no id of ours is none.
fn contact_id(id: &str) -> Result<ContactId, ApiError> {
    id.parse().map_err(|_| ApiError::new(Code::Engine(EngineCode::NotFound)))
}

//! The templates that can be used now.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{AccountId, ChannelKind, TemplateSummary, TemplateVariable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answers::List,
    app::State,
    auth::{Caller, Seller},
    errors::{ApiError, ErrorBody},
};

/// The language of a template where nothing else tells.
const LANGUAGE: &str = "es";

/// Of which account.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplatesQuery {
    /// The account; the one that the user would send from where absent.
    pub cuenta: Option<String>,
}

/// A template that can be used now.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateRow {
    /// The name to send it by.
    pub nombre: String,
    /// Its language.
    pub idioma: String,
    /// Meta's category.
    pub categoria: String,
    /// The text with its placeholders.
    pub texto: String,
    /// The values that it takes, in their order.
    pub variables: Vec<VariableRow>,
}

/// A value that a template takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariableRow {
    /// `header`, `body` or `button:<index>`.
    pub componente: String,
    /// Its number or name.
    pub nombre: String,
    /// `text image video document location`
    pub formato: String,
    /// An example.
    pub ejemplo: Option<String>,
}

/// The templates that can be sent now, with their variables.
///
/// # Errors
/// 502 where the provider does not tell, 503 where the channel is off.
#[utoipa::path(get, path = "/api/comunicaciones/whatsapp/plantillas", tag = "whatsapp", params(TemplatesQuery),
    responses((status = 200, body = List<TemplateRow>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("jwt" = [])))]
pub async fn list(
    Seller(caller): Seller,
    state: web::Data<State>,
    query: Query<TemplatesQuery>,
) -> Result<HttpResponse, ApiError> {
    let account = query.into_inner().cuenta.map(AccountId::from);
    let templates = state.engine.templates(&caller.organization, &caller.user, ChannelKind::WhatsApp, account).await?;
    Ok(List::whole(templates.iter().cloned().map(TemplateRow::from).collect()))
}

/// The language of a template that was named without one: its only language, else Spanish.
pub(super) async fn language(state: &State, caller: &Caller, account: Option<AccountId>, name: &str) -> String {
    let known = state.engine.templates(&caller.organization, &caller.user, ChannelKind::WhatsApp, account).await;
    // Where the provider does not tell, the send itself says what is wrong.
    let known = known.unwrap_or_default();
    let mut languages = known.iter().filter(|one| one.name == name).map(|one| &one.language);
    match (languages.next(), languages.next()) {
        (Some(only), None) => only.clone(),
        _ => LANGUAGE.to_owned(),
    }
}

impl From<TemplateSummary> for TemplateRow {
    fn from(template: TemplateSummary) -> Self {
        Self {
            nombre: template.name,
            idioma: template.language,
            categoria: template.category,
            texto: template.body,
            variables: template.variables.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<TemplateVariable> for VariableRow {
    fn from(variable: TemplateVariable) -> Self {
        Self {
            componente: variable.component,
            nombre: variable.name,
            formato: variable.format,
            ejemplo: variable.example,
        }
    }
}

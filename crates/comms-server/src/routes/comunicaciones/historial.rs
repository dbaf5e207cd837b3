//! The history: who wrote what to whom, newest first.

use actix_web::{
    HttpResponse,
    web::{self, Query},
};
use comms_core::{
    AccountId,
    history::{Assignment, HistoryFilter, Links, Scope, vocabulary},
};
use comms_engine::{EngineError, LinkKind};
use serde::Deserialize;
use time::{
    Date, Duration, OffsetDateTime, Time,
    format_description::well_known::{Iso8601, Rfc3339},
};

use super::rows::Communication;
use crate::{
    answers::{List, cursor, page_key},
    app::State,
    auth::Reader,
    errors::{ApiError, ErrorBody},
};

/// Rows of a page where the caller does not say.
const PAGE: u16 = 50;
/// Rows of the largest page.
const LARGEST_PAGE: u16 = 200;

/// What narrows the history down.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Of this lead.
    pub lead_id: Option<String>,
    /// Of this client.
    pub cliente_id: Option<String>,
    /// Of this contract.
    pub contrato_id: Option<String>,
    /// Of this user.
    pub usuario_id: Option<String>,
    /// `voz sms whatsapp email messenger webchat`
    pub canal: Option<String>,
    /// `entrante saliente`
    pub direccion: Option<String>,
    /// One or more states, separated by commas.
    pub estado: Option<String>,
    /// At or after: a date or a time, ISO 8601.
    pub desde: Option<String>,
    /// A date (that day included) or a time (before it), ISO 8601.
    pub hasta: Option<String>,
    /// With this id at the provider: a message's, or a call's (of its parent leg).
    pub sid_externo: Option<String>,
    /// Containing this text.
    pub texto: Option<String>,
    /// Rows of the page, 1 to 200; 50 where absent.
    pub limit: Option<String>,
    /// `siguiente` of the page before.
    pub cursor: Option<String>,
}

/// The history of the organisation; a seller sees their own rows and those of what is assigned to them.
///
/// # Errors
/// 400 with the field for a value that cannot be.
#[utoipa::path(get, path = "/api/comunicaciones/historial", tag = "historial", params(HistoryQuery),
    responses((status = 200, body = List<Communication>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn list(
    Reader(scope): Reader,
    state: web::Data<State>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, ApiError> {
    page(&state, &scope, query.into_inner().filter()?).await
}

/// The history of one lead.
///
/// # Errors
/// 403 where the lead is assigned to another seller, 404 where there is none.
#[utoipa::path(get, path = "/api/comunicaciones/historial/{leadId}", tag = "historial",
    params(("leadId" = String, Path, description = "The lead"), HistoryQuery),
    responses((status = 200, body = List<Communication>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn of_lead(
    Reader(scope): Reader,
    state: web::Data<State>,
    lead: web::Path<String>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut query = query.into_inner();
    query.lead_id = Some(lead.into_inner());
    let filter = query.filter()?;
    check_lead(&state, &scope, &filter).await?;
    page(&state, &scope, filter).await
}

async fn page(state: &State, scope: &Scope, mut filter: HistoryFilter) -> Result<HttpResponse, ApiError> {
    if filter.provider_id.is_some() {
        filter.accounts = accounts(state, scope).await?;
    }
    let page = state.repository.history(scope, &filter).await?;
    let rows: Vec<Communication> = page.entries.into_iter().map(Into::into).collect();
    Ok(List::page(rows, page.next.map(cursor)))
}

/// The accounts of the organisation: an id of a provider is looked up together with its account's.
pub(crate) async fn accounts(state: &State, scope: &Scope) -> Result<Vec<AccountId>, ApiError> {
    let every = state.repository.accounts(Some(&scope.organization)).await?;
    Ok(every.into_iter().map(|account| account.id).collect())
}

async fn check_lead(state: &State, scope: &Scope, filter: &HistoryFilter) -> Result<(), ApiError> {
    let links = Links { lead: filter.lead.clone(), ..Links::default() };
    for assignment in state.repository.assignments(&links).await? {
        match (assignment, &scope.seller) {
            (Assignment::Missing, _) => {
                return Err(EngineError::LinkNotFound(LinkKind::Lead).into());
            }
            (Assignment::Owner(Some(owner)), Some(seller)) if owner != *seller => {
                return Err(EngineError::NotYours(LinkKind::Lead).into());
            }
            _ => {}
        }
    }
    Ok(())
}

impl HistoryQuery {
    fn filter(self) -> Result<HistoryFilter, ApiError> {
        let unknown = |field, value: &str| ApiError::field(field, format!("valor desconocido: {value}"));
        let channel = self.canal.as_deref().map(|word| vocabulary::channel(word).ok_or_else(|| unknown("canal", word)));
        let direction =
            self.direccion.as_deref().map(|word| vocabulary::direction(word).ok_or_else(|| unknown("direccion", word)));
        let mut statuses = Vec::new();
        for word in self.estado.iter().flat_map(|words| words.split(',')) {
            let found = vocabulary::statuses(word.trim());
            if found.is_empty() {
                return Err(unknown("estado", word));
            }
            statuses.extend(found);
        }
        Ok(HistoryFilter {
            lead: self.lead_id.map(Into::into),
            client: self.cliente_id.map(Into::into),
            contract: self.contrato_id.map(Into::into),
            user: self.usuario_id.map(Into::into),
            channel: channel.transpose()?,
            direction: direction.transpose()?,
            statuses,
            from: self.desde.map(|text| moment("desde", &text, Day::Start)).transpose()?,
            until: self.hasta.map(|text| moment("hasta", &text, Day::End)).transpose()?,
            provider_id: self.sid_externo,
            text: self.texto.filter(|text| !text.trim().is_empty()),
            after: self.cursor.as_deref().map(page_key).transpose()?,
            limit: page_limit(self.limit.as_deref())?,
            ..HistoryFilter::default()
        })
    }
}

/// Which end of a day a date without a time means.
#[derive(Clone, Copy)]
enum Day {
    Start,
    End,
}

fn moment(field: &str, text: &str, day: Day) -> Result<OffsetDateTime, ApiError> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(time);
    }
    let date = Date::parse(text, &Iso8601::DATE).ok();
    let date = match day {
        Day::Start => date,
        Day::End => date.and_then(|date| date.checked_add(Duration::DAY)),
    };
    date.map(|date| date.with_time(Time::MIDNIGHT).assume_utc()).ok_or_else(|| {
        ApiError::field(field, "no es una fecha ISO 8601, por ejemplo 2026-11-22 o 2026-11-22T10:00:00Z")
    })
}

/// How many rows a page has.
pub(crate) fn page_limit(asked: Option<&str>) -> Result<u16, ApiError> {
    let Some(text) = asked else {
        return Ok(PAGE);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
        .ok_or_else(|| ApiError::field("limit", format!("un número de 1 a {LARGEST_PAGE}")))
}

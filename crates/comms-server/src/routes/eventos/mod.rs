//! What happens, as it happens: the event log as a stream.

mod feed;
mod frames;
pub mod socket;
pub mod sse;
pub mod ticket;

use std::collections::BTreeSet;

use actix_web::{HttpRequest, http::header::HeaderName, web::Query};
use comms_core::{ChannelKind, history::vocabulary};
use comms_engine::realtime::EventFilter;
use serde::Deserialize;
use uuid::Uuid;

pub use frames::{RealtimeControl, RealtimeEvent};
pub(super) use frames::{kind, word};

use crate::{
    app::State,
    auth::Listener,
    errors::{ApiError, Code},
};
use feed::Feed;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What a stream tells.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Everything after this cursor first; from now on where absent. 0 is from the beginning.
    pub cursor: Option<String>,
    /// Of these channels, separated by commas: `voz` (or `voip`), `sms whatsapp email messenger webchat`
    pub canal: Option<String>,
    /// Of these kinds, separated by commas: `mensaje estado grabacion archivo edicion conversacion contacto identidad consentimiento
    /// cuenta desconocido`
    pub tipo: Option<String>,
    /// Of this conversation.
    pub conversacion_id: Option<Uuid>,
    /// Of this lead.
    pub lead_id: Option<String>,
    /// A ticket, where no header can be set.
    pub ticket: Option<String>,
}

impl EventsQuery {
    fn filter(&self) -> Result<EventFilter, ApiError> {
        let mut filter = EventFilter::default();
        filter.channels = words(self.canal.as_deref(), "canal", channel)?;
        filter.kinds = words(self.tipo.as_deref(), "tipo", |word| kind(word).map(str::to_owned))?;
        filter.conversation = self.conversacion_id.map(comms_core::ConversationId);
        filter.lead = self.lead_id.as_deref().filter(|id| !id.is_empty()).map(Into::into);
        Ok(filter)
    }

    /// Where to begin. A browser that comes back by itself repeats the address, whose cursor is old by then, and names the last
    /// event in a header.
    fn after(&self, request: &HttpRequest) -> Result<Option<i64>, ApiError> {
        let header = request.headers().get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
        let given = header.or(self.cursor.as_deref()).map(str::trim).filter(|text| !text.is_empty());
        given
            .map(|text| {
                let cursor = text.parse().ok().filter(|cursor: &i64| *cursor >= 0);
                cursor.ok_or_else(|| ApiError::field("cursor", "no es el cursor de un evento"))
            })
            .transpose()
    }
}

/// The channel of a word: of ours, or S1's `voip`.
pub(super) fn channel(word: &str) -> Option<ChannelKind> {
    let word = word.to_lowercase();
    if word == "voip" { Some(ChannelKind::Voice) } else { vocabulary::channel(&word) }
}

fn words<T: Ord>(list: Option<&str>, field: &str, read: impl Fn(&str) -> Option<T>) -> Result<BTreeSet<T>, ApiError> {
    let words = list.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| read(word).ok_or_else(|| ApiError::field(field, format!("valor desconocido: {word}")))).collect()
}

/// Takes a place and begins to listen.
async fn listen(
    state: &State,
    request: &HttpRequest,
    listener: Listener,
    transport: &'static str,
) -> Result<Feed, ApiError> {
    // Read here and by no extractor: who may not listen is not told what is wrong with the rest.
    let query = Query::<EventsQuery>::from_query(request.query_string());
    let query = query.map_err(|error| ApiError::new(Code::Validation).because(error))?;
    let (filter, after) = (query.filter()?, query.after(request)?);
    let place = state.streams.enter(&listener.key, transport)?;
    let subscription = state.engine.subscribe(listener.scope, filter, after).await?;
    Ok(Feed::new(subscription, place, listener.until, state))
}

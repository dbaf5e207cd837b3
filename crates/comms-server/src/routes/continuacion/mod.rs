//! The routes of S4: calls of agents that go on as chats, in its own bodies.

pub mod conversaciones;
pub mod estadisticas;
pub mod llamada;
pub mod webhook;

use time::{OffsetDateTime, UtcOffset, macros::format_description};

use comms_core::{AccountId, OrganizationId, history::ContinuationState};

use crate::{app::State, errors::ApiError, registry::ELEVENLABS};

/// A time as S4 writes it: ISO 8601, UTC, seconds.
pub(super) fn moment(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // Only a year beyond the form's four digits cannot be written.
    time.to_offset(UtcOffset::UTC).format(form).unwrap_or_default()
}

/// A state in S4's words: `active`, `escalated`, `closed`.
pub(super) const fn word(state: ContinuationState) -> &'static str {
    match state {
        ContinuationState::Pending | ContinuationState::Active => "active",
        ContinuationState::Escalated => "escalated",
        ContinuationState::Skipped | ContinuationState::Failed | ContinuationState::Closed => "closed",
    }
}

/// The id of a continuation as S4 writes ids: of the row that `conversation_state` shows.
pub(super) fn local_id(number: i32) -> String {
    format!("conv_local_{number}")
}

/// The organisation of an agent; `None` where nobody registered it.
pub(super) async fn organization_of(state: &State, agent: &str) -> Result<Option<OrganizationId>, ApiError> {
    let id = AccountId::of(ELEVENLABS, agent);
    let accounts = state.repository.accounts(None).await?;
    Ok(accounts.into_iter().find(|account| account.id == id).map(|account| account.organization))
}

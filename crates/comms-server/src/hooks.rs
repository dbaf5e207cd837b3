//! Outgoing webhooks: the engine's, in the words of the event streams.

use std::sync::Arc;

use comms_core::{Result, history::FeedEvent};
use comms_engine::{HookSettings, Hooks, Told};
use comms_http::GuardedTransport;

use crate::{config::Settings, routes::eventos::RealtimeEvent};

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// What outgoing webhooks need, by the settings.
///
/// # Errors
/// `Config` where the list of hosts cannot be read, or the platform's trust store.
pub fn hooks(settings: &Settings) -> Result<Hooks> {
    let allow = settings.webhooks.allow_list()?;
    let transport = Arc::new(GuardedTransport::ring(allow.clone())?);
    Ok(Hooks::new(transport, allow, settings.encryption.vault(), Arc::new(told)))
}

/// The rules of outgoing webhooks, by the settings.
#[must_use]
pub fn rules(settings: &Settings) -> HookSettings {
    let mut rules = HookSettings::default();
    rules.keep = DAY * u32::from(settings.webhooks.keep_days.get());
    rules
}

/// An event as the streams tell it.
fn told(event: &FeedEvent) -> Told {
    let event = RealtimeEvent::from(event);
    let kind = event.tipo.clone();
    Told { kind, data: serde_json::to_value(event).unwrap_or_default() }
}

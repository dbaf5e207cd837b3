//! Meta's WhatsApp Cloud API.

use std::sync::Arc;

use comms_core::{AccountId, ChannelKind, Clock, Result};
use comms_http::{RetryPolicy, Transport};
use whatsapp_cloud::{Client, Config, WhatsAppInbound, webhook::Verifier};

use crate::config::{AccountSettings, Provider, Settings, WhatsAppSettings};

/// The number of the variables, as an account like the others.
pub(super) fn own_account(whatsapp: &WhatsAppSettings) -> Option<AccountSettings> {
    Some(AccountSettings {
        provider: Some(Provider::Meta),
        business_account: whatsapp.business_account_id.clone(),
        owner: whatsapp.owner.clone(),
        per_second: whatsapp.per_second,
        ..AccountSettings::new(ChannelKind::WhatsApp, whatsapp.phone_number_id.clone()?)
    })
}

/// The account above a number.
pub(super) fn parent(settings: &Settings, account: &AccountSettings) -> Option<AccountId> {
    let waba = account.business_account.as_ref().or(settings.whatsapp.business_account_id.as_ref())?;
    Some(AccountId::of("waba", waba))
}

/// The client of a number; `None` where there is no token to send with.
pub(super) fn client(
    common: &WhatsAppSettings,
    account: &AccountSettings,
    transport: &Arc<dyn Transport>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Client>> {
    let Some(config) = config(common, account) else {
        return Ok(None);
    };
    // What may be repeated the queue repeats.
    let never = RetryPolicy::never();
    Client::builder(config).transport(Arc::clone(transport)).retry(never).clock(Arc::clone(clock)).build().map(Some)
}

fn config(common: &WhatsAppSettings, account: &AccountSettings) -> Option<Config> {
    let token = account.access_token.clone().or_else(|| common.access_token.clone())?;
    let mut config = Config::new(token, account.number.clone());
    config.business_account_id = account.business_account.clone().or_else(|| common.business_account_id.clone());
    config.verify_token = common.verify_token.clone();
    config.app_secret = common.app_secret.clone();
    config.app_secret_previous = common.app_secret_previous.clone();
    config.app_id = common.app_id.clone();
    if let Some(base) = &common.api_base {
        config.api_base.clone_from(base);
    }
    if let Some(version) = &common.api_version {
        config.api_version.clone_from(version);
    }
    Some(config)
}

/// The reader of its webhooks; `None` without the secret that signs them.
pub(super) fn inbound(settings: &WhatsAppSettings) -> Result<Option<WhatsAppInbound>> {
    let Some(secret) = settings.app_secret.clone() else {
        return Ok(None);
    };
    let mut verifier = Verifier::new(secret)?;
    if let Some(previous) = settings.app_secret_previous.clone() {
        verifier = verifier.previous_secret(previous)?;
    }
    if let Some(token) = settings.verify_token.clone() {
        verifier = verifier.verify_token(token)?;
    }
    Ok(Some(WhatsAppInbound::new(verifier)))
}

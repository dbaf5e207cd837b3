//! Meta's WhatsApp Cloud API.

use comms_core::{AccountId, Secret, UserId};
use serde::Deserialize;

use super::{absent, accounts::check_rate};

/// The WhatsApp number that the variables give. Off where the token or the number is absent. What ids and tokens look like
/// is the provider crate's to check, when the channel is built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatsAppSettings {
    /// The token with which messages are sent.
    pub access_token: Option<Secret>,
    /// The id of the sending number.
    pub phone_number_id: Option<String>,
    /// The id of the WhatsApp Business account.
    pub business_account_id: Option<String>,
    /// What was typed at Meta when the webhook was registered.
    pub verify_token: Option<Secret>,
    /// What webhooks are signed with.
    pub app_secret: Option<Secret>,
    /// Still accepted for webhooks while the secret is being changed.
    pub app_secret_previous: Option<Secret>,
    /// The id of the app.
    pub app_id: Option<String>,
    /// The version of the Graph API, for instance `v23.0`.
    pub api_version: Option<String>,
    /// Another host than Meta's.
    pub api_base: Option<String>,
    /// Who owns what arrives for nobody else.
    pub owner: Option<UserId>,
    /// The country of numbers written without country code.
    pub region: Option<String>,
    /// Messages a second instead of the usual 80: upgraded numbers have more.
    pub per_second: Option<f64>,
}

impl WhatsAppSettings {
    /// The account of the number, where there is one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        let number = self.phone_number_id.as_deref()?;
        Some(AccountId::of("whatsapp", number))
    }

    /// The Business account above it.
    #[must_use]
    pub fn parent(&self) -> Option<AccountId> {
        let waba = self.business_account_id.as_deref()?;
        Some(AccountId::of("waba", waba))
    }

    /// Whether anybody meant to use it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        let ids = [&self.phone_number_id, &self.business_account_id, &self.app_id];
        let secrets = [&self.access_token, &self.verify_token, &self.app_secret];
        ids.into_iter().any(Option::is_some) || secrets.into_iter().any(Option::is_some)
    }

    /// The settings without which it does not send; empty where it does.
    #[must_use]
    pub fn missing_to_send(&self) -> Vec<&'static str> {
        absent(&[
            ("WHATSAPP_ACCESS_TOKEN", self.access_token.is_some()),
            ("WHATSAPP_PHONE_NUMBER_ID", self.phone_number_id.is_some()),
        ])
    }

    /// The settings without which it does not receive; empty where it does.
    #[must_use]
    pub fn missing_to_receive(&self) -> Vec<&'static str> {
        absent(&[
            ("WHATSAPP_APP_SECRET", self.app_secret.is_some()),
            ("WHATSAPP_VERIFY_TOKEN", self.verify_token.is_some()),
        ])
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        check_rate("WHATSAPP_PER_SECOND (whatsapp.per_second)", self.per_second, problems);
        if let Some(region) = &self.region
            && !(region.len() == 2 && region.bytes().all(|b| b.is_ascii_uppercase()))
        {
            problems.push(format!("PHONE_REGION (whatsapp.region): {region:?} is not a country code such as ES"));
        }
    }
}

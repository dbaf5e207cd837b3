//! Outgoing webhooks, and the key under which secrets are stored.

use std::num::NonZeroU16;

use comms_core::Secret;
use comms_engine::Vault;
use comms_http::AllowList;
use serde::Deserialize;

/// Outgoing webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Hosts, addresses and networks that may be called although they are not public, and without TLS.
    pub allow: Vec<String>,
    /// For how many days deliveries are kept after they ended.
    pub keep_days: NonZeroU16,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { allow: Vec::new(), keep_days: NonZeroU16::MIN.saturating_add(29) }
    }
}

impl WebhookSettings {
    /// What may be called although it is not public.
    ///
    /// # Errors
    /// `Config` with the entry that cannot be read.
    pub fn allow_list(&self) -> comms_core::Result<AllowList> {
        AllowList::parse(&self.allow)
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if let Err(error) = self.allow_list() {
            problems.push(format!("WEBHOOKS_ALLOW (webhooks.allow): {}", error.message()));
        }
    }
}

/// The key under which secrets are stored that must be read again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncryptionSettings {
    /// 32 bytes, in base64 or hexadecimal.
    pub key: Option<Secret>,
    /// The key before it: what was written under it is still read.
    pub previous_key: Option<Secret>,
}

impl EncryptionSettings {
    /// What encrypts and decrypts; `None` where no key is set.
    #[must_use]
    pub fn vault(&self) -> Option<Vault> {
        Vault::new(self.key.as_ref()?, self.previous_key.as_ref()).ok()
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let keys = [
            ("COMMS_ENCRYPTION_KEY (encryption.key)", &self.key),
            ("COMMS_ENCRYPTION_KEY_PREVIOUS (encryption.previous_key)", &self.previous_key),
        ];
        for (name, key) in keys {
            if let Some(Err(error)) = key.as_ref().map(|key| Vault::new(key, None)) {
                problems.push(format!("{name}: {error}"));
            }
        }
    }
}

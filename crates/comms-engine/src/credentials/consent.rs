//! Consents that were begun: each is concluded once, in time, and for whoever began it.

use std::time::Duration;

use comms_core::{ExposeSecret, OrganizationId, Secret, UserId, history::OauthState};
use sha2::{Digest, Sha256};

use super::{Credentials, unreadable};
use crate::{EngineError, settings::span};

/// For how long a consent that was begun can be concluded.
pub const CONSENT_LIFE: Duration = Duration::from_secs(10 * 60);

/// The longest state that is looked for, in bytes: ours are far shorter.
const LONGEST_STATE: usize = 512;

/// A consent as it was begun.
#[derive(Clone, Debug)]
pub struct BegunConsent {
    /// The organisation.
    pub organization: OrganizationId,
    /// The user who began it: whatever comes of it is theirs, whoever's browser brings it.
    pub owner: UserId,
    /// What proves to the provider who asked (PKCE).
    pub verifier: Secret,
}

impl Credentials {
    /// Keeps a consent that begins now: the state only as a hash, the verifier encrypted.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`], [`EngineError::SecretUnreadable`], [`EngineError::Store`].
    pub async fn begin(
        &self,
        organization: &OrganizationId,
        owner: &UserId,
        provider: &str,
        state: &Secret,
        verifier: &Secret,
    ) -> Result<(), EngineError> {
        let (hash, now) = (hash_of(state.expose_secret()), self.now());
        let kept = OauthState {
            secret: self.vault()?.seal(&context(&hash), verifier).map_err(unreadable)?,
            hash,
            organization: organization.clone(),
            owner: owner.clone(),
            provider: provider.to_owned(),
            created_at: now,
            expires_at: now + span(CONSENT_LIFE),
        };
        Ok(self.0.repository.begin_oauth(&kept).await?)
    }

    /// Takes the consent of a state that a browser brought back. `None` where nobody began it with this provider, it was
    /// concluded, or its time is over.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`], [`EngineError::SecretUnreadable`], [`EngineError::Store`].
    pub async fn take(&self, provider: &str, state: &str) -> Result<Option<BegunConsent>, EngineError> {
        if state.is_empty() || state.len() > LONGEST_STATE {
            return Ok(None);
        }
        let vault = self.vault()?;
        let Some(kept) = self.0.repository.take_oauth(provider, &hash_of(state), self.now()).await? else {
            return Ok(None);
        };
        let verifier = vault.open(&context(&kept.hash), &kept.secret).map_err(unreadable)?;
        Ok(Some(BegunConsent { organization: kept.organization, owner: kept.owner, verifier }))
    }
}

fn hash_of(state: &str) -> String {
    hex::encode(Sha256::digest(state.as_bytes()))
}

fn context(hash: &str) -> String {
    format!("consent {hash}")
}

//! The key is changed: everything that is stored is encrypted anew under the present one.

use comms_core::{
    OrganizationId,
    history::{Credential, HookEndpoint, SealedHook},
};

use super::{Context, Credentials, manage::seal, unreadable};
use crate::{EngineError, Vault, hooks::context};

/// How many credentials are read at once.
const PAGE: u16 = 100;

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Credentials that are under the present key now.
    pub credentials: u64,
    /// Outgoing webhooks whose signing keys are.
    pub webhooks: u64,
    /// What changed meanwhile: another round finds it, if it is not under the present key by then.
    pub busy: u64,
    /// What neither key opens: the key under which it was written must be given too, or its user connects the account again.
    pub unreadable: u64,
}

impl Rotated {
    /// Whether nothing is left under another key.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.busy == 0 && self.unreadable == 0
    }
}

enum Done {
    Anew,
    Already,
    Busy,
    Unreadable,
}

impl Credentials {
    /// Encrypts everything anew that is stored under another key than the present one. Servers may go on meanwhile, as long as
    /// they have both keys.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`], [`EngineError::Store`].
    pub async fn rotate(&self) -> Result<Rotated, EngineError> {
        let vault = self.vault()?;
        let mut rotated = Rotated::default();
        let mut after = None;
        loop {
            let page = self.0.repository.sealed_otherwise(vault.key_name(), after, PAGE).await?;
            for credential in &page {
                let done = self.rotate_credential(vault, credential).await?;
                rotated.count(&done, |rotated| &mut rotated.credentials);
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        for organization in self.0.repository.organizations().await? {
            for hook in self.0.repository.hooks(&organization.id).await? {
                let done = self.rotate_hook(vault, &organization.id, &hook).await?;
                rotated.count(&done, |rotated| &mut rotated.webhooks);
            }
        }
        Ok(rotated)
    }

    async fn rotate_credential(&self, vault: &Vault, credential: &Credential) -> Result<Done, EngineError> {
        let context = Context::of(credential);
        let Ok(secret) = vault.open(&context.secret(), &credential.sealed.secret) else {
            return Ok(Done::Unreadable);
        };
        // An access token that cannot be read is none: another one is made.
        let access = credential.sealed.access.as_ref();
        let access = access.and_then(|(sealed, until)| Some((vault.open(&context.access(), sealed).ok()?, *until)));
        let access = access.as_ref().map(|(token, until)| (token, *until));
        let sealed = seal(vault, &context, &secret, access)?;
        let repository = &self.0.repository;
        let changed = repository.reseal_credential(credential.id, credential.version, sealed, self.now()).await?;
        Ok(if changed { Done::Anew } else { Done::Busy })
    }

    async fn rotate_hook(
        &self,
        vault: &Vault,
        organization: &OrganizationId,
        hook: &HookEndpoint,
    ) -> Result<Done, EngineError> {
        let from = SealedHook {
            id: hook.id,
            organization: organization.clone(),
            secret: hook.secret.clone(),
            previous: hook.previous.as_ref().map(|(secret, _)| secret.clone()),
        };
        if [Some(&from.secret), from.previous.as_ref()].into_iter().flatten().all(|sealed| vault.is_present(sealed)) {
            return Ok(Done::Already);
        }
        let context = context(hook);
        let anew = |sealed: &String| -> Result<Option<String>, EngineError> {
            match vault.open(&context, sealed) {
                Ok(secret) => vault.seal(&context, &secret).map(Some).map_err(unreadable),
                Err(_) => Ok(None),
            }
        };
        let previous = match &from.previous {
            Some(sealed) => anew(sealed)?.map(Some),
            None => Some(None),
        };
        let (Some(secret), Some(previous)) = (anew(&from.secret)?, previous) else {
            return Ok(Done::Unreadable);
        };
        let to = SealedHook { secret, previous, ..from.clone() };
        Ok(if self.0.repository.reseal_hook(&from, &to).await? { Done::Anew } else { Done::Busy })
    }
}

impl Rotated {
    fn count(&mut self, done: &Done, anew: impl FnOnce(&mut Self) -> &mut u64) {
        let counter = match done {
            Done::Anew => anew(self),
            Done::Already => return,
            Done::Busy => &mut self.busy,
            Done::Unreadable => &mut self.unreadable,
        };
        *counter += 1;
    }
}

//! Credentials are kept, ended, forgotten and listed.

use std::{collections::BTreeSet, fmt};

use comms_core::{
    AccountId, ChannelKind, CredentialId, OrganizationId, Secret, UserId,
    history::{
        Account, Credential, CredentialHealth, CredentialState, PutCredential, RefreshOutcome, RepositoryError,
        SealedSecret,
    },
};
use time::OffsetDateTime;

use super::{Context, Credentials, unreadable};
use crate::{EngineError, Vault};

/// The most credentials of one page.
const PAGE: u16 = 200;

/// What a user has just given.
#[derive(Clone)]
pub struct NewCredential {
    /// The organisation.
    pub organization: OrganizationId,
    /// The user.
    pub owner: UserId,
    /// The provider, in a word.
    pub provider: String,
    /// The account that it opens.
    pub account: AccountId,
    /// The channel of that account.
    pub channel: ChannelKind,
    /// What was permitted.
    pub scopes: BTreeSet<String>,
    /// What access tokens are made of.
    pub secret: Secret,
    /// An access token that came with it, and until when it works.
    pub access: Option<(Secret, OffsetDateTime)>,
    /// When the permission itself ends, where that is known.
    pub ends_at: Option<OffsetDateTime>,
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCredential")
            .field("organization", &self.organization)
            .field("provider", &self.provider)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Keeps what a user gave, in place of what there was for the account, and registers the account as theirs.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`], [`EngineError::SecretUnreadable`]; [`EngineError::Store`]: `Conflict` where another
    /// user has connected the account, or it belongs to another organisation.
    pub async fn connect(&self, new: NewCredential) -> Result<Credential, EngineError> {
        let context = Context {
            organization: &new.organization,
            owner: &new.owner,
            provider: &new.provider,
            account: &new.account,
        };
        let access = new.access.as_ref().map(|(token, until)| (token, *until));
        let sealed = seal(self.vault()?, &context, &new.secret, access)?;
        let put = PutCredential {
            organization: new.organization.clone(),
            owner: new.owner.clone(),
            provider: new.provider.clone(),
            account: new.account.clone(),
            scopes: new.scopes.clone(),
            sealed,
            ends_at: new.ends_at,
            now: self.now(),
        };
        let kept = self.0.repository.put_credential(put).await?;
        let registered = self.register(&new).await;
        self.changed(&new.organization, &new.account);
        if let Err(EngineError::Store(RepositoryError::Conflict(_))) = &registered {
            // The account is another organisation's: nothing of it is kept here.
            self.0.repository.remove_credential(&new.organization, &new.owner, &new.account).await?;
        }
        registered?;
        tracing::info!(credential = %kept.id, provider = kept.provider, "a credential was kept");
        Ok(kept)
    }

    /// The account stays as it was registered but for its owner, and is in use.
    async fn register(&self, new: &NewCredential) -> Result<(), EngineError> {
        let known = self.0.repository.accounts(Some(&new.organization)).await?;
        let known = known.into_iter().find(|account| account.id == new.account);
        let account = known.unwrap_or_else(|| Account {
            id: new.account.clone(),
            organization: new.organization.clone(),
            channel: new.channel,
            name: None,
            parent: None,
            owner: None,
            caller_id: None,
            active: true,
        });
        let account = Account { owner: Some(new.owner.clone()), active: true, ..account };
        Ok(self.0.repository.put_account(&account).await?)
    }

    /// The credential of an account.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound`.
    pub async fn find(&self, organization: &OrganizationId, account: &AccountId) -> Result<Credential, EngineError> {
        Ok(self.0.repository.credential(organization, account).await?)
    }

    /// Credentials of a user or of all, the oldest first, after one: a page of at most 200.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn list(
        &self,
        organization: &OrganizationId,
        owner: Option<&UserId>,
        after: Option<CredentialId>,
    ) -> Result<Vec<Credential>, EngineError> {
        Ok(self.0.repository.credentials(organization, owner, after, PAGE).await?)
    }

    /// The secret of a credential, for taking it back at the provider.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`], [`EngineError::SecretUnreadable`].
    pub fn secret(&self, credential: &Credential) -> Result<Secret, EngineError> {
        let context = Context::of(credential).secret();
        self.vault()?.open(&context, &credential.sealed.secret).map_err(unreadable)
    }

    /// Marks a credential as working no more, for a reason that its user is shown: the provider said so at another place than a
    /// refresh. Nothing happens where it was changed since it was read.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn end(
        &self,
        credential: &Credential,
        state: CredentialState,
        reason: &str,
        detail: &str,
    ) -> Result<bool, EngineError> {
        let outcome = RefreshOutcome::Ended { state, reason: reason.to_owned(), detail: detail.to_owned() };
        let ended = self.0.repository.end_credential(credential.id, credential.version, outcome, self.now()).await?;
        if ended {
            tracing::warn!(credential = %credential.id, provider = credential.provider, reason, "a credential ended");
            self.changed(&credential.organization, &credential.account);
        }
        Ok(ended)
    }

    /// Forgets what a user gave for an account. Whoever holds an access token of it in another process uses it for
    /// half a minute at most.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound`.
    pub async fn disconnect(
        &self,
        organization: &OrganizationId,
        owner: &UserId,
        account: &AccountId,
    ) -> Result<(), EngineError> {
        self.0.repository.remove_credential(organization, owner, account).await?;
        self.changed(organization, account);
        tracing::info!(provider = account.provider(), "a credential was forgotten");
        Ok(())
    }

    /// How the credentials of all organisations are, with as many of those that stand still.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn health(&self, limit: u16) -> Result<CredentialHealth, EngineError> {
        Ok(self.0.repository.credential_health(limit).await?)
    }
}

/// Both secrets under the present key.
pub(super) fn seal(
    vault: &Vault,
    context: &Context<'_>,
    secret: &Secret,
    access: Option<(&Secret, OffsetDateTime)>,
) -> Result<SealedSecret, EngineError> {
    let access = match access {
        Some((token, until)) => Some((vault.seal(&context.access(), token).map_err(unreadable)?, until)),
        None => None,
    };
    let secret = vault.seal(&context.secret(), secret).map_err(unreadable)?;
    Ok(SealedSecret { key: vault.key_name().to_owned(), secret, access })
}

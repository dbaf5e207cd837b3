//! What users gave us for their accounts at providers, as the engine sees it: encrypted, and worth as much as a password.

use std::{collections::BTreeSet, fmt};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{LeaseToken, RepositoryResult};
use crate::{AccountId, CredentialId, HookId, OrganizationId, UserId};

/// Whether a credential works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialState {
    /// As far as is known it does.
    Active,
    /// Its time is over.
    Expired,
    /// Its user or the provider took it back, or it never covered what is needed.
    Revoked,
}

impl CredentialState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Expired, Self::Revoked];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// What a user gave us for an account. The secrets are encrypted; `Debug` shows them not even so.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// By it refreshes and revocations refer to it.
    pub id: CredentialId,
    /// The organisation.
    pub organization: OrganizationId,
    /// The user whose it is.
    pub owner: UserId,
    /// The provider, in a word.
    pub provider: String,
    /// The account that it opens.
    pub account: AccountId,
    /// What was permitted.
    pub scopes: BTreeSet<String>,
    /// The secrets.
    pub sealed: SealedSecret,
    /// Whether it works.
    pub state: CredentialState,
    /// Why it does not: a word for programs.
    pub reason: Option<String>,
    /// Why, in the provider's words.
    pub detail: Option<String>,
    /// Since when it is in this state.
    pub changed_at: OffsetDateTime,
    /// When the permission itself ends, where that is known.
    pub ends_at: Option<OffsetDateTime>,
    /// When it last gave an access token.
    pub refreshed_at: Option<OffsetDateTime>,
    /// Since when no access token can be had for a reason that may pass.
    pub failing_since: Option<OffsetDateTime>,
    /// That reason.
    pub failure: Option<String>,
    /// Grows with each change.
    pub version: i64,
    /// Since when it is known.
    pub created_at: OffsetDateTime,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the secrets nor the address, which is a person's.
        f.debug_struct("Credential")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("provider", &self.provider)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The secrets of a credential, encrypted under one key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The name of the key.
    pub key: String,
    /// What access tokens are made of.
    pub secret: String,
    /// The access token of the moment, and until when it works.
    pub access: Option<(String, OffsetDateTime)>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A credential that is to be kept, in place of the one that there may be for the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutCredential {
    /// The organisation.
    pub organization: OrganizationId,
    /// The user whose it is.
    pub owner: UserId,
    /// The provider, in a word.
    pub provider: String,
    /// The account that it opens.
    pub account: AccountId,
    /// What was permitted.
    pub scopes: BTreeSet<String>,
    /// The secrets.
    pub sealed: SealedSecret,
    /// When the permission itself ends, where that is known.
    pub ends_at: Option<OffsetDateTime>,
    /// When.
    pub now: OffsetDateTime,
}

/// The right to refresh a credential, for as long as the lease lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshClaim {
    /// The credential as it was when it was claimed.
    pub credential: Credential,
    /// The lease.
    pub token: LeaseToken,
}

/// How a refresh ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// With an access token.
    Fresh {
        /// The secrets as they are from now on.
        sealed: SealedSecret,
        /// What is permitted, where the provider said so.
        scopes: Option<BTreeSet<String>>,
        /// When the permission itself ends, where the provider said so.
        ends_at: Option<OffsetDateTime>,
    },
    /// The credential does not work any more.
    Ended {
        /// How it is from now on.
        state: CredentialState,
        /// Why: a word for programs.
        reason: String,
        /// Why, in the provider's words.
        detail: String,
    },
    /// It may work later.
    Failed {
        /// Since when it is so.
        since: OffsetDateTime,
        /// Why.
        failure: String,
    },
}

/// A consent that was begun and is not concluded.
#[derive(Clone, PartialEq, Eq)]
pub struct OauthState {
    /// SHA-256 of the state that the browser brings back, in hexadecimal.
    pub hash: String,
    /// The organisation.
    pub organization: OrganizationId,
    /// The user who began it: whatever comes of it is theirs, whoever brings it.
    pub owner: UserId,
    /// The provider, in a word.
    pub provider: String,
    /// What proves to the provider who asked, encrypted.
    pub secret: String,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// Until when it can be concluded.
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for OauthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthState")
            .field("organization", &self.organization)
            .field("provider", &self.provider)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// How the credentials of all organisations are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialHealth {
    /// Those that work.
    pub active: i64,
    /// Those among them that give no access token at present.
    pub failing: i64,
    /// Those that do not work any more.
    pub ended: i64,
    /// Those that stand still, the longest first.
    pub still: Vec<Credential>,
}

/// The signing keys of an outgoing webhook, as they are encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedHook {
    /// The endpoint.
    pub id: HookId,
    /// Its organisation.
    pub organization: OrganizationId,
    /// The key.
    pub secret: String,
    /// The key before it.
    pub previous: Option<String>,
}

impl fmt::Debug for SealedHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedHook").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Credentials of users, and consents that were begun. A part of [`Repository`](super::Repository).
///
/// An organisation has one credential for an account. Whoever changes one names the version that they read: of two who change it
/// at once the second changes nothing.
///
/// # Errors
/// As there; [`NotFound`](super::RepositoryError::NotFound) for what the organisation does not have.
#[async_trait]
pub trait CredentialRepository: fmt::Debug + Send + Sync + 'static {
    /// Keeps a credential, active, in place of the one that there was for the account. Fails with
    /// [`Conflict`](super::RepositoryError::Conflict) where that one is another user's and works.
    async fn put_credential(&self, new: PutCredential) -> RepositoryResult<Credential>;

    /// The credential of an account.
    async fn credential(&self, organization: &OrganizationId, account: &AccountId) -> RepositoryResult<Credential>;

    /// Credentials of a user or of all, the oldest first, after one: 200 at most.
    async fn credentials(
        &self,
        organization: &OrganizationId,
        owner: Option<&UserId>,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>>;

    /// Claims the right to refresh what was read in this version, for this long. `None` where somebody else has it, it was
    /// changed, or it does not work any more.
    async fn claim_refresh(
        &self,
        id: CredentialId,
        version: i64,
        now: OffsetDateTime,
        lease: Duration,
    ) -> RepositoryResult<Option<RefreshClaim>>;

    /// Records how a refresh ended. Returns whether it counted: of who lost the lease, or of a credential that was changed
    /// meanwhile, nothing does.
    async fn conclude_refresh(
        &self,
        claim: &RefreshClaim,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool>;

    /// Marks what was read in this version as working no more. Returns whether it was changed by that.
    async fn end_credential(
        &self,
        id: CredentialId,
        version: i64,
        outcome: RefreshOutcome,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool>;

    /// Forgets the credential of a user for an account, whatever its state.
    async fn remove_credential(
        &self,
        organization: &OrganizationId,
        owner: &UserId,
        account: &AccountId,
    ) -> RepositoryResult<()>;

    /// How the credentials of all organisations are, with as many of those that stand still.
    async fn credential_health(&self, limit: u16) -> RepositoryResult<CredentialHealth>;

    /// Credentials of all organisations that are encrypted under another key than this, after one.
    async fn sealed_otherwise(
        &self,
        key: &str,
        after: Option<CredentialId>,
        limit: u16,
    ) -> RepositoryResult<Vec<Credential>>;

    /// Puts the same secrets, encrypted anew, in place of what was read in this version. Returns whether it did: what is being
    /// refreshed is left alone.
    async fn reseal_credential(
        &self,
        id: CredentialId,
        version: i64,
        sealed: SealedSecret,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool>;

    /// Puts the same signing keys, encrypted anew, in place of those that were read. Returns whether it did.
    async fn reseal_hook(&self, from: &SealedHook, to: &SealedHook) -> RepositoryResult<bool>;

    /// Keeps a consent that was begun, and forgets those whose time is over.
    async fn begin_oauth(&self, state: &OauthState) -> RepositoryResult<()>;

    /// Takes a consent that was begun with this provider: once, and until its time is over.
    async fn take_oauth(&self, provider: &str, hash: &str, now: OffsetDateTime)
    -> RepositoryResult<Option<OauthState>>;
}

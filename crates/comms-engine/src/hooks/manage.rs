//! Endpoints are made and changed.

use std::time::{Duration, Instant};

use comms_core::{
    HookId, OrganizationId, Secret,
    history::{HookChange, HookEndpoint, HookFilter, HookState, RepositoryError},
};
use comms_http::{Error, standard_webhooks::SigningKey};
use serde_json::json;
use url::Url;

use super::{
    Hooks,
    attempt::context,
    deliver::{message_id, payload},
};
use crate::{Engine, EngineError, Vault, settings::span, vault::random};

/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 500;
/// The length of a signing key, in bytes.
const KEY_LENGTH: usize = 32;
/// The kind of a test.
const PING: &str = "prueba";

/// An endpoint that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewHook {
    /// The address.
    pub url: String,
    /// What people call it.
    pub description: Option<String>,
    /// What it is told.
    pub filter: HookFilter,
}

/// What is to be changed of an endpoint; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookEdit {
    /// The address.
    pub url: Option<String>,
    /// What people call it.
    pub description: Option<String>,
    /// What it is told.
    pub filter: Option<HookFilter>,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinged {
    /// Whether the endpoint took it.
    pub taken: bool,
    /// The HTTP status of its answer.
    pub status: Option<u16>,
    /// Why it did not take it.
    pub error: Option<String>,
    /// The first bytes of its answer.
    pub response: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Engine {
    /// Makes an endpoint that is told of everything from now on. Returns it with its signing key, which is not shown again.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`]; [`EngineError::HookRefused`] for an address that is not called;
    /// [`EngineError::Store`]: `Conflict` where the organisation has as many as it may.
    pub async fn add_hook(
        &self,
        organization: &OrganizationId,
        new: NewHook,
    ) -> Result<(HookEndpoint, Secret), EngineError> {
        let hooks = self.hooks().ok_or(EngineError::EncryptionKeyMissing)?;
        let vault = vault(hooks)?;
        check(hooks, &new.url, new.description.as_deref())?;
        let most = self.settings().hooks.endpoints;
        if self.repository().hooks(organization).await?.len() >= most {
            return Err(RepositoryError::Conflict(format!("an organisation has at most {most} endpoints")).into());
        }
        let mut hook = HookEndpoint {
            id: HookId::new(),
            organization: organization.clone(),
            url: new.url,
            description: new.description,
            filter: new.filter,
            secret: String::new(),
            previous: None,
            state: HookState::Active,
            reason: None,
            disabled_at: None,
            failing_since: None,
            cursor: self.repository().log_end().await?,
            created_at: self.now(),
        };
        let (sealed, shown) = new_key(vault, &hook)?;
        hook.secret = sealed;
        self.repository().add_hook(&hook).await?;
        Ok((hook, shown))
    }

    /// Changes what an endpoint is told, and where.
    ///
    /// # Errors
    /// [`EngineError::HookRefused`] for an address that is not called; [`EngineError::Store`]: `NotFound`.
    pub async fn edit_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        edit: HookEdit,
    ) -> Result<HookEndpoint, EngineError> {
        let hooks = self.hooks().ok_or(EngineError::EncryptionKeyMissing)?;
        let hook = self.repository().hook(organization, id).await?;
        let url = edit.url.unwrap_or(hook.url);
        let description = edit.description.or(hook.description);
        check(hooks, &url, description.as_deref())?;
        let change = HookChange::Edit { url, description, filter: edit.filter.unwrap_or(hook.filter) };
        Ok(self.repository().change_hook(organization, id, &change, self.now()).await?)
    }

    /// Gives an endpoint another signing key, which is not shown again. The present one signs as well for a while.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`]; [`EngineError::Store`]: `NotFound`.
    pub async fn rotate_hook(&self, organization: &OrganizationId, id: HookId) -> Result<Secret, EngineError> {
        let hooks = self.hooks().ok_or(EngineError::EncryptionKeyMissing)?;
        let vault = vault(hooks)?;
        let hook = self.repository().hook(organization, id).await?;
        let (secret, shown) = new_key(vault, &hook)?;
        let previous_until = self.now() + span(self.settings().hooks.rotation);
        let change = HookChange::Secret { secret, previous_until };
        self.repository().change_hook(organization, id, &change, self.now()).await?;
        Ok(shown)
    }

    /// Lets an endpoint be told (again): from where it stopped, or of what happens from now on (`skip`).
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound`.
    pub async fn enable_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        skip: bool,
    ) -> Result<HookEndpoint, EngineError> {
        let skip_to = if skip { Some(self.repository().log_end().await?) } else { None };
        let change = HookChange::Enable { skip_to };
        Ok(self.repository().change_hook(organization, id, &change, self.now()).await?)
    }

    /// Sends an endpoint a test, at once and whatever state it is in. It is neither repeated nor counted.
    ///
    /// # Errors
    /// [`EngineError::EncryptionKeyMissing`]; [`EngineError::Store`]: `NotFound`; [`EngineError::HookKeyUnreadable`].
    pub async fn ping_hook(&self, organization: &OrganizationId, id: HookId) -> Result<Pinged, EngineError> {
        let hooks = self.hooks().ok_or(EngineError::EncryptionKeyMissing)?;
        vault(hooks)?;
        let hook = self.repository().hook(organization, id).await?;
        let keys = self.hook_keys(hooks, &hook).map_err(EngineError::HookKeyUnreadable)?;
        let body = payload(PING, self.now(), json!({"webhook_id": hook.id}));
        let started = Instant::now();
        let attempt = self.post_hook(hooks, &hook, &keys, &message_id(HookId::new().0), body).await;
        Ok(Pinged {
            taken: attempt.is_taken(),
            status: attempt.status.map(|status| status.as_u16()),
            error: attempt.error,
            response: attempt.response,
            took: started.elapsed(),
        })
    }
}

fn vault(hooks: &Hooks) -> Result<&Vault, EngineError> {
    hooks.vault.as_deref().ok_or(EngineError::EncryptionKeyMissing)
}

/// A new key, sealed and as it is shown.
fn new_key(vault: &Vault, hook: &HookEndpoint) -> Result<(String, Secret), EngineError> {
    let unusable = |error: String| EngineError::HookKeyUnreadable(error);
    let bytes = random::<KEY_LENGTH>().map_err(|error| unusable(error.to_string()))?;
    let shown = SigningKey::of_bytes(bytes).map_err(|error| unusable(error.to_string()))?.to_text();
    let sealed = vault.seal(&context(hook), &shown).map_err(|error| unusable(error.to_string()))?;
    Ok((sealed, shown))
}

fn check(hooks: &Hooks, url: &str, description: Option<&str>) -> Result<(), EngineError> {
    let refused = |why: &str| Err(EngineError::HookRefused(Error::invalid(why).field("url")));
    if url.len() > LONGEST_URL {
        return refused("the address is too long");
    }
    if description.is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        let error = Error::invalid(format!("more than {LONGEST_DESCRIPTION} characters")).field("description");
        return Err(EngineError::HookRefused(error));
    }
    match url.parse::<Url>() {
        Ok(url) => hooks.allow.check(&url).map_err(EngineError::HookRefused),
        Err(_) => refused("it is no address"),
    }
}

//! Where webhooks go, and the secrets that they are signed with.

use comms_http::{Error, Operation, Result, Secret};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::PROVIDER;

comms_http::resource! {
    /// Webhooks of the workspace: [`Client::webhooks`](crate::Client::webhooks).
    Webhooks of crate::Client
}

const CREATE: Operation = Operation::once("webhooks.create");

/// A webhook that was made. Its secret is shown this once.
///
/// *See [ElevenLabs docs/Create webhook](https://elevenlabs.io/docs/api-reference/webhooks/create)*
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct NewWebhook {
    /// By it the webhook is changed and deleted.
    pub webhook_id: String,
    /// What it is signed with.
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
}

impl Webhooks<'_> {
    /// Makes a webhook that is signed. Which events go there is chosen in the settings of the workspace or of an agent.
    ///
    /// # Errors
    /// `InvalidRequest` where the address is not `https`, before any request; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Create webhook](https://elevenlabs.io/docs/api-reference/webhooks/create)*
    pub async fn create(&self, name: &str, url: &str) -> Result<NewWebhook> {
        if !url.starts_with("https://") {
            let error = Error::invalid("ElevenLabs calls addresses that begin with https:// only");
            return Err(error.field("webhook_url").provider(PROVIDER).operation(CREATE.name));
        }
        let settings = json!({"settings": {"auth_type": "hmac", "name": name, "webhook_url": url}});
        let request = self.client.request(Method::POST, &["workspace", "webhooks"])?;
        self.client.json(CREATE, request.json(&settings)?).await
    }
}

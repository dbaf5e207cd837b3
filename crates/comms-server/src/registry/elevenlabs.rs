//! ElevenLabs: agents that call people and go on with them in writing, and what it tells of their calls.

use std::sync::Arc;

use comms_core::{Clock, Error, ExposeSecret, Inbound, Result, Secret, TextAgent};
use comms_http::{RetryPolicy, Transport};
use elevenlabs_client::{
    Client, Config, ElevenLabsAgent, ElevenLabsInbound,
    webhook::{InitiationRequest, InitiationVerifier, Verifier},
};

use crate::config::{AgentSettings, ElevenlabsSettings};

/// The header with the secret of the question before a call.
pub const INITIATION_HEADER: &str = "x-elevenlabs-secret";

/// The workspace: its client, and the agents that are named.
pub(super) struct Workspace {
    client: Client,
    agents: Vec<AgentSettings>,
}

impl Workspace {
    /// The workspace; `None` where there is no key.
    ///
    /// # Errors
    /// `Config` with the name of the setting that cannot be used.
    pub(super) fn new(
        settings: &ElevenlabsSettings,
        transport: &Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>> {
        let Some(key) = settings.api_key.clone() else { return Ok(None) };
        let mut config = Config::new(key);
        config.concurrency = settings.concurrency;
        config.keep_sessions = Some(settings.keep_sessions);
        if let Some(base) = &settings.api_base {
            config.api_base.clone_from(base);
        }
        // What may be repeated the engine repeats.
        let client = Client::builder(config).transport(Arc::clone(transport)).retry(RetryPolicy::never());
        let client = client.clock(Arc::clone(clock)).build()?;
        Ok(Some(Self { client, agents: settings.named() }))
    }

    /// Its agents, as the toolkit sees them.
    pub(super) fn text_agent(&self) -> Arc<dyn TextAgent> {
        let agent = ElevenLabsAgent::new(self.client.clone());
        Arc::new(agent.only(self.agents.iter().map(|agent| agent.id.clone())))
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// The agents that are named, with their rules.
    pub(super) fn agents(&self) -> &[AgentSettings] {
        &self.agents
    }
}

/// The reader of its webhooks; `None` where nothing proves one.
///
/// # Errors
/// `Config` where a secret is none.
pub(super) fn inbound(settings: &ElevenlabsSettings, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Inbound>>> {
    let secrets: Vec<Secret> =
        settings.webhook_secret.iter().chain(&settings.webhook_secret_previous).cloned().collect();
    if secrets.is_empty() {
        return Ok(None);
    }
    let verifier = Verifier::new(secrets)
        .map_err(|error| Error::config(format!("ELEVENLABS_WEBHOOK_SECRET: {}", error.message())))?;
    Ok(Some(Arc::new(ElevenLabsInbound::new(verifier.clock(Arc::clone(clock))))))
}

/// Who checks the question before a call; `None` where no secret is agreed on.
///
/// # Errors
/// `Config` where the secret is none.
pub(super) fn initiation(settings: &ElevenlabsSettings) -> Result<Option<InitiationVerifier>> {
    let Some(secret) = &settings.initiation_secret else { return Ok(None) };
    let verifier = InitiationVerifier::new(INITIATION_HEADER, secret.expose_secret());
    verifier.map(Some).map_err(|error| Error::config(format!("ELEVENLABS_INITIATION_SECRET: {}", error.message())))
}

/// A call that is about to be taken: who calls which agent.
#[derive(Clone, Debug)]
pub struct CallBegins {
    /// The agent.
    pub agent: String,
    /// Who calls.
    pub caller: String,
}

impl From<InitiationRequest> for CallBegins {
    fn from(request: InitiationRequest) -> Self {
        Self { agent: request.agent_id, caller: request.caller_id }
    }
}

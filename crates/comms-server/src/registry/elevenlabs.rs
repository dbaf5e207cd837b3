//! ElevenLabs: agents that call people and go on with them in writing, and what it tells of their calls.

use std::sync::Arc;

use comms_core::{
    AccountId, Batch, Change, Clock, Error, Event, EventKey, EventKind, ExposeSecret, Inbound, Result, Secret,
    StoredWebhook, TextAgent, WebhookRequest,
};
use comms_http::{RetryPolicy, Transport};
use elevenlabs_client::{
    Client, Config, ElevenLabsAgent,
    model::initiation::{HIDDEN, RESERVED},
    webhook::{InitiationRequest, InitiationVerifier, Verifier, Webhook},
};
use serde_json::{Map, Value, json};

use super::ELEVENLABS;
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
    Ok(Some(Arc::new(Calls { verifier: verifier.clock(Arc::clone(clock)) })))
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

/// A call that is over, as a webhook tells of it. What became of it is looked up.
#[derive(Clone, Debug)]
pub struct CallEnded {
    /// The agent.
    pub agent: String,
    /// ElevenLabs' id of its conversation.
    pub conversation: String,
    /// With whom it was.
    pub phone: Option<String>,
    /// The variables that it began with, without those that are ElevenLabs' own or secret.
    pub variables: Map<String, Value>,
}

/// What a stored webhook tells of a call that is over; `None` where it tells of something else, or of a conversation in writing.
#[must_use]
pub fn ended(body: &bytes::Bytes) -> Option<CallEnded> {
    let webhook = Webhook::read(body);
    let mut call = CallEnded {
        agent: webhook.agent_id()?.to_owned(),
        conversation: webhook.conversation_id()?.to_owned(),
        phone: None,
        variables: Map::new(),
    };
    match webhook {
        Webhook::PostCall(told) => {
            let conversation = told.conversation;
            if conversation.metadata.text_only == Some(true) {
                return None;
            }
            call.phone = conversation.phone().map(str::to_owned);
            let given = conversation.conversation_initiation_client_data.map(|data| data.dynamic_variables);
            let ours = |name: &String| !name.starts_with(RESERVED) && !name.starts_with(HIDDEN);
            call.variables = given.unwrap_or_default().into_iter().filter(|(name, _)| ours(name)).collect();
        }
        Webhook::InitiationFailure(failure) => call.phone = failure.phone().map(str::to_owned),
        _ => return None,
    }
    Some(call)
}

/// Reads what ElevenLabs tells of the calls of a workspace. What it says of a call is looked up when it is handed off, so that nothing
/// but the fact is kept in the log; the words stay in the raw webhook.
#[derive(Debug)]
struct Calls {
    verifier: Verifier,
}

impl Inbound for Calls {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        self.verifier.verify(request)?;
        Ok(read(&request.body))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        read(&stored.request().body)
    }
}

fn read(body: &bytes::Bytes) -> Batch {
    let webhook = Webhook::read(body);
    let problem = match &webhook {
        Webhook::Unreadable(why) => Some(why.clone()),
        Webhook::OpenTelemetry => Some(
            "a trace (OpenTelemetry) and no conversation: choose the format JSON in the webhook's settings".to_owned(),
        ),
        _ if webhook.agent_id().is_none_or(str::is_empty) => Some("no agent is named".to_owned()),
        _ => None,
    };
    if problem.is_some() {
        return Batch { problem, ..Batch::default() };
    }
    let (name, conversation) = (webhook.kind().to_owned(), webhook.conversation_id().unwrap_or_default().to_owned());
    let event = Event {
        account: AccountId::of(ELEVENLABS, webhook.agent_id().unwrap_or_default()),
        subject: conversation.clone(),
        key: webhook.key().map_or_else(|| EventKey::of_bytes(body), EventKey::new),
        occurred_at: None,
        kind: match webhook {
            Webhook::Other(event) => EventKind::Unknown { name, raw: event.data },
            _ => EventKind::Changed(Change { field: name, value: json!({"conversation_id": conversation}) }),
        },
    };
    Batch { events: vec![event], ..Batch::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use comms_conformance::inbound::{Fuzzing, InboundHarness, Key, Strange};
    use comms_core::{Inbound, WebhookRequest};
    use comms_http::{ManualClock, signature::hmac_sha256_hex};
    use elevenlabs_client::webhook::{SIGNATURE_HEADER, Verifier};
    use serde_json::{Value, json};

    use super::Calls;

    const NOW: i64 = 1_767_225_630;

    struct Told;

    fn call(said: &str) -> Value {
        json!({"type": "post_call_transcription", "event_timestamp": NOW, "data": {
            "agent_id": "agent_1", "conversation_id": "conv_1", "status": "done", "user_id": null,
            "transcript": [{"role": "user", "message": said, "time_in_call_secs": 1}],
            "metadata": {"start_time_unix_secs": NOW - 30, "call_duration_secs": 27, "phone_call": {"type": "twilio", "direction": "outbound",
                "external_number": "+34600000000", "agent_number": "+15005550006", "call_sid": "CA1"}},
            "analysis": {"call_successful": "success", "transcript_summary": said},
            "conversation_initiation_client_data": {"dynamic_variables": {"client_name": "Ana", "system__time": "now"}}}})
    }

    impl InboundHarness for Told {
        fn inbound(&self) -> Box<dyn Inbound> {
            let keys = [Key::Current.secret(), Key::Next.secret()];
            let verifier = Verifier::new(keys).unwrap().clock(Arc::new(ManualClock::at_unix(NOW)));
            Box::new(Calls { verifier })
        }

        fn sign(&self, body: Bytes, key: Key) -> WebhookRequest {
            let signed = [format!("{NOW}.").as_bytes(), &body].concat();
            let header = format!("t={NOW},v0={}", hmac_sha256_hex(&key.secret(), &signed));
            WebhookRequest::post("https://api.example.com/webhook/elevenlabs", body).header(SIGNATURE_HEADER, &header)
        }

        fn signature_header(&self) -> &'static str {
            SIGNATURE_HEADER
        }

        fn longest_batch(&self) -> usize {
            1
        }

        fn texts(&self, texts: &[&str]) -> Bytes {
            call(texts.first().copied().unwrap_or_default()).to_string().into()
        }

        fn with_strange_element(&self, strange: Strange, marker: &str, _: &[&str]) -> Bytes {
            let mut told = call(marker);
            match strange {
                Strange::UnknownType => told["type"] = "post_call_hologram".into(),
                Strange::Misshapen => told["data"]["metadata"] = json!([marker]),
            }
            told.to_string().into()
        }
    }

    #[test]
    fn webhooks_that_nobody_would_write_are_read() {
        let failure = json!({"type": "call_initiation_failure", "event_timestamp": NOW, "data": {"agent_id": "agent_1",
            "conversation_id": "conv_2", "failure_reason": "busy", "metadata": {"type": "twilio", "body": {"CallStatus": "busy"}}}});
        let audio = json!({"type": "post_call_audio", "event_timestamp": NOW, "data": {"agent_id": "agent_1", "conversation_id": "conv_3",
            "full_audio": "SUQz"}});
        let samples = [failure, audio].map(|one| one.to_string().into()).into();
        let fuzzed = Fuzzing::from_env().run(&Told, samples).unwrap();
        println!("{} webhooks, {} kinds of batches", fuzzed.webhooks, fuzzed.batches);
        assert!(fuzzed.webhooks > 100 && fuzzed.batches > 3, "{fuzzed:?}");
    }
}

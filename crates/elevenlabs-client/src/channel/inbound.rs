//! Webhooks, verified and read.

use bytes::Bytes;
use comms_core::{AccountId, Batch, Change, Event, EventKey, EventKind, Inbound, StoredWebhook};
use comms_http::{Result, WebhookRequest};
use serde_json::{Map, Value, json};

use crate::{
    PROVIDER,
    model::initiation::{HIDDEN, RESERVED},
    webhook::{Verifier, Webhook},
};

/// What ElevenLabs tells of the calls of a workspace. Each is an event of the account `elevenlabs:<agent>`, its subject the call's conversation. What
/// it says of a call is [looked up](comms_core::TextAgent::call) when the call is handed off, so that nothing but the fact is in the event; the words
/// stay in the raw webhook.
#[derive(Clone, Debug)]
pub struct ElevenLabsInbound {
    verifier: Verifier,
}

impl ElevenLabsInbound {
    /// Reads what `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// What judges the signatures, with the secrets that it was given.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Inbound for ElevenLabsInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        self.verifier.verify(request)?;
        Ok(read(&request.body))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        read(&stored.request().body)
    }
}

fn read(body: &Bytes) -> Batch {
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
        account: AccountId::of(PROVIDER, webhook.agent_id().unwrap_or_default()),
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

impl CallEnded {
    /// What a stored webhook tells of a call that is over; `None` where it tells of something else, or of a conversation in writing.
    #[must_use]
    pub fn of(body: &Bytes) -> Option<Self> {
        let webhook = Webhook::read(body);
        let mut call = Self {
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
}

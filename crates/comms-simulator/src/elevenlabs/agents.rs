//! Agents, and who may open a session with one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::Duration;

use super::{Answered, Elevenlabs, config::Agent, endpoints, endpoints::Request, error::ElevenlabsError};
use crate::double::Answer;

/// How long after it was made a signed address opens a session.
const SIGNATURE_LIFE: Duration = Duration::minutes(15);

/// `GET /v1/convai/agents`.
pub(super) fn list(elevenlabs: &Elevenlabs, _: &Request<'_>) -> Answered {
    let settings = elevenlabs.settings();
    let agents: Vec<Value> = settings
        .elevenlabs
        .agents
        .iter()
        .map(|agent| {
            json!({
                "agent_id": agent.agent_id,
                "name": agent.name,
                "tags": [],
                "created_at_unix_secs": 1_767_225_600,
                "access_info": {"is_creator": true, "creator_name": "Simulator", "creator_email": "simulator@example.org", "role": "admin"},
                "last_call_time_unix_secs": null,
                "archived": false,
            })
        })
        .collect();
    Ok(Answer::json(200, &json!({"agents": agents, "next_cursor": null, "has_more": false})))
}

/// `GET /v1/convai/agents/{}`.
pub(super) fn get(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let settings = elevenlabs.settings();
    let agent = settings.elevenlabs.agent(request.id()).ok_or_else(missing)?;
    Ok(Answer::json(200, &whole(agent)))
}

fn whole(agent: &Agent) -> Value {
    let may = agent.overrides;
    json!({
        "agent_id": agent.agent_id,
        "name": agent.name,
        "conversation_config": {"agent": {"first_message": agent.first_message, "language": "es"}, "conversation": {"text_only": false}},
        "metadata": {"created_at_unix_secs": 1_767_225_600},
        "platform_settings": {"overrides": {"conversation_config_override": {
            "agent": {"first_message": may, "language": may, "prompt": {"prompt": may}},
            "conversation": {"text_only": may},
        }}},
        "phone_numbers": [],
        "tags": [],
    })
}

/// `GET /v1/convai/conversation/get-signed-url`.
pub(super) fn signed_url(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let agent = request.query("agent_id").ok_or_else(|| ElevenlabsError::field("agent_id", "Field required"))?;
    if elevenlabs.settings().elevenlabs.agent(agent).is_none() {
        return Err(missing());
    }
    let signature = format!("cvtkn_{}", elevenlabs.core().fresh().simple());
    let made = (agent.to_owned(), request.call.now);
    elevenlabs.state(|state| state.signatures.insert(signature.clone(), made));
    let base = elevenlabs.core().public_url().replacen("http", "ws", 1);
    let url = format!("{base}/v1/convai/conversation?agent_id={agent}&conversation_signature={signature}");
    Ok(Answer::json(200, &json!({"signed_url": url})))
}

impl Elevenlabs {
    /// The agent that a session may be opened with: by the key in its headers, or by a signed address that is not too old.
    pub(super) fn admit(&self, query: &BTreeMap<String, String>, key: Option<&str>) -> Result<Agent, ElevenlabsError> {
        let asked = query.get("agent_id").map(String::as_str).unwrap_or_default();
        match query.get("conversation_signature") {
            None => endpoints::check_key(self, key)?,
            Some(signature) => {
                let now = self.core().now();
                let made = self.state(|state| state.signatures.get(signature).cloned());
                let good = made.is_some_and(|(agent, at)| agent == asked && now - at <= SIGNATURE_LIFE);
                if !good {
                    return Err(ElevenlabsError::new(403, "invalid_signature", "The signed URL is not valid"));
                }
            }
        }
        self.settings().elevenlabs.agent(asked).cloned().ok_or_else(missing)
    }
}

fn missing() -> ElevenlabsError {
    ElevenlabsError::not_found("agent", "Agent not found")
}

//! Conversations by text, as a session of the WebSocket leads them.

use serde_json::{Value, json};

use super::{
    Elevenlabs,
    config::{Agent, Role, Turn},
    error::ElevenlabsError,
    state::Conversation,
};
use crate::Refused;

impl Elevenlabs {
    /// Lets a conversation by text have happened, as that of another program would; returns it.
    ///
    /// # Errors
    /// [`Refused::Invalid`] where there is no such agent, or as many sessions are open as may be.
    pub fn chat(&self, agent: &str, turns: &[(Role, &str)]) -> Result<String, Refused> {
        let settings = self.settings();
        let agent = settings.elevenlabs.agent(agent).ok_or_else(|| Refused::Invalid("no such agent".to_owned()))?;
        let data = json!({"conversation_config_override": {"conversation": {"text_only": true}}});
        let id = self.open_text(agent, &data).map_err(|error| Refused::Invalid(error.to_string()))?;
        for (role, text) in turns {
            self.say(&id, *role, text);
        }
        self.close_text(&id, "Client disconnected");
        Ok(id)
    }

    /// Writes down a session that begins; returns its conversation. `client_data` is the first frame of the client.
    pub(super) fn open_text(&self, agent: &Agent, client_data: &Value) -> Result<String, ElevenlabsError> {
        let most = self.settings().elevenlabs.concurrency;
        let id = self.fresh_id("conv");
        let conversation = Conversation {
            id: id.clone(),
            agent_id: agent.agent_id.clone(),
            agent_name: agent.name.clone(),
            status: "in-progress",
            user_id: client_data["user_id"].as_str().map(str::to_owned),
            started: self.core().now().unix_timestamp(),
            text_only: client_data.pointer("/conversation_config_override/conversation/text_only")
                == Some(&Value::Bool(true)),
            client_data: client_data.clone(),
            ..Conversation::default()
        };
        self.state(|state| {
            if most.is_some_and(|most| state.sessions >= most) {
                return Err(ElevenlabsError::concurrency());
            }
            state.sessions += 1;
            state.begin(conversation);
            Ok(())
        })?;
        Ok(id)
    }

    /// Writes down what is said in it.
    pub(super) fn say(&self, id: &str, role: Role, text: &str) {
        self.change(id, |one| one.turns.push(Turn::says(role, text)));
    }

    /// Ends it. The webhook comes as after a call.
    pub(super) fn close_text(&self, id: &str, reason: &str) {
        let now = self.core().now().unix_timestamp();
        self.state(|state| state.sessions = state.sessions.saturating_sub(1));
        self.change(id, |one| {
            one.status = "processing";
            one.duration_secs = now - one.started;
            reason.clone_into(&mut one.termination);
        });
        let (elevenlabs, id) = (self.clone(), id.to_owned());
        let wait = self.settings().elevenlabs.timing.analysis_ms;
        self.spawn(async move {
            if elevenlabs.pause(wait).await {
                let summary = ("Chat".to_owned(), "Una conversación por texto.".to_owned());
                elevenlabs.conclude(&id, Some(summary)).await;
            }
        });
    }
}

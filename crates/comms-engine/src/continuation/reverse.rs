//! The other way round: a call that begins is told what was written before.

use std::collections::BTreeMap;

use comms_core::{
    Address, OrganizationId,
    history::{ContinuationFilter, HistoryEntry},
};
use serde_json::Value;

use super::context;
use crate::{Engine, EngineError};

/// How many messages are looked at.
const LOOKED_AT: u16 = 60;

impl Engine {
    /// What an agent should know of the chat with a person who calls, or is called: variables for its prompt. The agent's own
    /// continuation counts before another agent's. Empty where nobody knows the number.
    ///
    /// | variable | |
    /// |---|---|
    /// | `last_channel` | where they were written to last |
    /// | `client_name`, `agent_name`, `call_summary`, `prior_conversation_id` | of the call before |
    /// | `chat_history` | the last messages of both sides, line by line, within the budget of tokens |
    /// | `last_message_at` | when the last of them was written |
    /// | `conversation_status` | `active`, `closed`, `escalated` … |
    ///
    /// # Errors
    /// [`EngineError::Refused`] for what is no number; [`EngineError::Store`].
    pub async fn context_for_call(
        &self,
        organization: &OrganizationId,
        phone: &str,
        agent: Option<&str>,
    ) -> Result<BTreeMap<String, Value>, EngineError> {
        let address = Address::phone(phone, None).map_err(|error| EngineError::Refused(error.field("phone_number")))?;
        let mut filter =
            ContinuationFilter { phone: Some(address.value().to_owned()), limit: 1, ..ContinuationFilter::default() };
        filter.agent = agent.map(str::to_owned);
        let mut found = self.repository().continuations(organization, &filter).await?;
        if found.is_empty() && filter.agent.take().is_some() {
            found = self.repository().continuations(organization, &filter).await?;
        }
        let Some(one) = found.into_iter().next() else {
            return Ok(BTreeMap::new());
        };
        let chat = self.chat_of(&one, LOOKED_AT).await?;
        let mut all = context::variables(&one, &BTreeMap::new(), &chat, self.settings().continuation.context_tokens);
        all.retain(|name, _| KNOWN.contains(&name.as_str()));
        all.insert("last_channel".to_owned(), "whatsapp".into());
        all.insert("conversation_status".to_owned(), one.state.as_str().into());
        if let Some(at) = chat.first().and_then(written) {
            all.insert("last_message_at".to_owned(), at.into());
        }
        Ok(all)
    }
}

/// Variables that are told: nothing that somebody else gave a name to.
const KNOWN: [&str; 5] = ["client_name", "agent_name", "call_summary", "prior_conversation_id", "chat_history"];

fn written(entry: &HistoryEntry) -> Option<String> {
    entry.created_at.format(&time::format_description::well_known::Rfc3339).ok()
}

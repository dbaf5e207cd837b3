//! What the double remembers: conversations, batches, tokens of sessions.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use time::OffsetDateTime;

use super::{config::Turn, script::Texting};

/// Everything but the configuration.
#[derive(Debug, Default)]
pub(crate) struct State {
    conversations: HashMap<String, Conversation>,
    /// The ids in the order in which the conversations began.
    order: BTreeMap<u64, String>,
    pub batches: Vec<Batch>,
    /// The signatures of addresses for sessions: agent and time.
    pub signatures: HashMap<String, (String, OffsetDateTime)>,
    begun: u64,
    /// Text sessions that are open.
    pub sessions: usize,
    /// How agents behave in them, and how they went.
    pub texting: Texting,
}

/// A conversation, by phone or by text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation {
    pub id: String,
    pub agent_id: String,
    pub agent_name: String,
    /// `initiated`, `in-progress`, `processing`, `done`, `failed`.
    pub status: &'static str,
    pub user_id: Option<String>,
    pub started: i64,
    pub duration_secs: i64,
    pub phone: Option<Line>,
    /// Batch and recipient.
    pub batch: Option<(String, String)>,
    pub text_only: bool,
    pub termination: String,
    pub error: Option<(i64, String)>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub turns: Vec<Turn>,
    /// What the caller gave it at its beginning.
    pub client_data: Value,
    pub transcript_deleted: bool,
    pub(super) number: u64,
}

/// The telephone of a conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// `inbound`, `outbound`.
    pub direction: &'static str,
    pub phone_number_id: String,
    pub agent_number: String,
    pub external_number: String,
    pub call_sid: String,
}

/// A batch of calls.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub id: String,
    pub name: String,
    pub agent_id: String,
    pub agent_name: String,
    pub phone_number_id: String,
    pub timezone: Value,
    pub created: i64,
    pub scheduled: i64,
    pub updated: i64,
    /// `pending`, `in_progress`, `completed`, `failed`, `cancelled`.
    pub status: &'static str,
    pub retries: u64,
    pub recipients: Vec<Recipient>,
}

/// Somebody whom a batch calls.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub id: String,
    pub phone_number: String,
    /// `pending`, `dispatched`, `initiated`, `in_progress`, `completed`, `failed`, `cancelled`, `voicemail`.
    pub status: &'static str,
    pub created: i64,
    pub updated: i64,
    pub conversation_id: Option<String>,
    pub client_data: Value,
}

impl State {
    /// Takes a conversation in, as the newest.
    pub(super) fn begin(&mut self, mut conversation: Conversation) {
        self.begun += 1;
        conversation.number = self.begun;
        self.order.insert(self.begun, conversation.id.clone());
        self.conversations.insert(conversation.id.clone(), conversation);
    }

    pub(super) fn conversation(&self, id: &str) -> Option<&Conversation> {
        self.conversations.get(id)
    }

    pub(super) fn conversation_mut(&mut self, id: &str) -> Option<&mut Conversation> {
        self.conversations.get_mut(id)
    }

    /// The conversations, newest first, after the one with this number, each with its number.
    pub(super) fn newest_first(&self, after: Option<u64>) -> impl Iterator<Item = (u64, &Conversation)> {
        let numbers = self.order.range(..after.unwrap_or(u64::MAX)).rev();
        numbers.filter_map(|(number, id)| Some((*number, self.conversations.get(id)?)))
    }

    pub(super) fn delete(&mut self, id: &str) -> bool {
        let Some(gone) = self.conversations.remove(id) else { return false };
        self.order.remove(&gone.number);
        true
    }

    pub(super) fn batch(&self, id: &str) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.id == id)
    }

    pub(super) fn batch_mut(&mut self, id: &str) -> Option<&mut Batch> {
        self.batches.iter_mut().find(|batch| batch.id == id)
    }
}

impl Batch {
    pub(super) fn recipient_mut(&mut self, id: &str) -> Option<&mut Recipient> {
        self.recipients.iter_mut().find(|recipient| recipient.id == id)
    }

    /// Makes the state of the whole follow from those of its recipients.
    pub(super) fn settle(&mut self, now: i64) {
        self.updated = now;
        if self.status == "cancelled" {
            return;
        }
        let waits = |status: &str| matches!(status, "pending" | "dispatched" | "initiated" | "in_progress");
        self.status = if !self.recipients.iter().any(|recipient| waits(recipient.status)) {
            "completed"
        } else if self.recipients.iter().all(|recipient| recipient.status == "pending") {
            "pending"
        } else {
            "in_progress"
        };
    }
}

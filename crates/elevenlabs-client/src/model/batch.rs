//! Calls to many.

use comms_http::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    call::{TelephonyCallConfig, filled},
    initiation::ClientData,
    lenient,
};
use crate::PROVIDER;

comms_http::open_enum! {
    /// How far a batch is.
    pub enum BatchStatus {
        /// It has not begun.
        Pending = "pending",
        /// Calls are made.
        InProgress = "in_progress",
        /// All calls were made. What was found in them may come later.
        Completed = "completed",
        /// It could not be made.
        Failed = "failed",
        /// It was stopped.
        Cancelled = "cancelled",
    }
}

comms_http::open_enum! {
    /// What became of one call of a batch.
    pub enum RecipientStatus {
        /// Not called yet.
        Pending = "pending",
        /// Handed on.
        Dispatched = "dispatched",
        /// Being called.
        Initiated = "initiated",
        /// Somebody talks.
        InProgress = "in_progress",
        /// It has ended.
        Completed = "completed",
        /// It could not be made, or nobody answered.
        Failed = "failed",
        /// It was stopped.
        Cancelled = "cancelled",
        /// A machine answered.
        Voicemail = "voicemail",
    }
}

/// A batch that is to be made.
///
/// ```
/// use elevenlabs_client::{ClientData, model::batch::{NewBatch, NewRecipient}};
///
/// let batch = NewBatch::new("Entregas", "agent_01", "phnum_01")
///     .recipient(NewRecipient::phone("+34600000000").data(ClientData::new().variable("client_name", "Ana")));
/// assert!(batch.check().is_ok());
/// ```
///
/// *See [ElevenLabs docs/Submit batch call](https://elevenlabs.io/docs/api-reference/batch-calling/create)*
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NewBatch {
    /// What people call the batch; need not be distinct.
    pub call_name: String,
    /// The agent that speaks.
    pub agent_id: String,
    /// The number that calls: `phnum_…`, its id in the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_phone_number_id: Option<String>,
    /// When it begins, in seconds after 1970; at once where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_time_unix: Option<i64>,
    /// The time zone that it is shown in, for instance `Europe/Madrid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The most calls at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_concurrency_limit: Option<u32>,
    /// How the telephone is handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephony_call_config: Option<TelephonyCallConfig>,
    /// Who is called.
    pub recipients: Vec<NewRecipient>,
}

impl NewBatch {
    /// A batch of this agent from this number.
    pub fn new(name: impl Into<String>, agent: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            call_name: name.into(),
            agent_id: agent.into(),
            agent_phone_number_id: Some(from.into()),
            ..Self::default()
        }
    }

    /// Calls this person too.
    #[must_use]
    pub fn recipient(mut self, recipient: NewRecipient) -> Self {
        self.recipients.push(recipient);
        self
    }

    /// Begins then, in seconds after 1970.
    #[must_use]
    pub fn scheduled(mut self, at: i64) -> Self {
        self.scheduled_time_unix = Some(at);
        self
    }

    /// Is shown in this time zone.
    #[must_use]
    pub fn timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Checks what would be refused.
    ///
    /// # Errors
    /// `InvalidRequest` with the field.
    pub fn check(&self) -> Result<()> {
        filled("call_name", &self.call_name)?;
        filled("agent_id", &self.agent_id)?;
        let wrong = |what: &str, field: String| Error::invalid(what).field(field).provider(PROVIDER);
        if self.recipients.is_empty() {
            return Err(wrong("nobody is to be called", "recipients".to_owned()));
        }
        for (at, recipient) in self.recipients.iter().enumerate() {
            let addresses = [&recipient.phone_number, &recipient.whatsapp_user_id];
            if !addresses.into_iter().flatten().any(|address| !address.trim().is_empty()) {
                return Err(wrong("a recipient has no number", format!("recipients.{at}.phone_number")));
            }
            recipient.conversation_initiation_client_data.as_ref().map_or(Ok(()), ClientData::check)?;
        }
        Ok(())
    }
}

/// Who is to be called.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NewRecipient {
    /// An id of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number, in E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The WhatsApp user, for spoken calls over WhatsApp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp_user_id: Option<String>,
    /// What the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_initiation_client_data: Option<ClientData>,
}

impl NewRecipient {
    /// This number.
    pub fn phone(number: impl Into<String>) -> Self {
        Self { phone_number: Some(number.into()), ..Self::default() }
    }

    /// Has this id of one's own.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Tells the agent this.
    #[must_use]
    pub fn data(mut self, data: ClientData) -> Self {
        self.conversation_initiation_client_data = Some(data);
        self
    }
}

/// A batch.
///
/// *See [ElevenLabs docs/Get batch call](https://elevenlabs.io/docs/api-reference/batch-calling/get)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Batch {
    /// Its id: `btcal_…`.
    pub id: String,
    /// What people call the batch.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: Option<String>,
    /// The agent's id: `agent_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_id: Option<String>,
    /// The agent's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub agent_name: Option<String>,
    /// The number that calls: `phnum_…`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_number_id: Option<String>,
    /// How far it is.
    pub status: BatchStatus,
    /// When it was made, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub created_at_unix: Option<i64>,
    /// When it begins, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub scheduled_time_unix: Option<i64>,
    /// When it last changed, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub last_updated_at_unix: Option<i64>,
    /// Calls that it is made of.
    #[serde(default, deserialize_with = "lenient::number")]
    pub total_calls_scheduled: Option<i64>,
    /// Calls that were begun.
    #[serde(default, deserialize_with = "lenient::number")]
    pub total_calls_dispatched: Option<i64>,
    /// Calls that have ended.
    #[serde(default, deserialize_with = "lenient::number")]
    pub total_calls_finished: Option<i64>,
    /// Who is called. Empty in lists and in the answer to a new batch.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// What else there is, as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One call of a batch.
///
/// *See [ElevenLabs docs/Get batch call](https://elevenlabs.io/docs/api-reference/batch-calling/get)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recipient {
    /// Its id: `rcpt_…`, or that of who made the batch.
    pub id: String,
    /// Who is called, in E.164.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_number: Option<String>,
    /// The WhatsApp user.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub whatsapp_user_id: Option<String>,
    /// What became of it.
    pub status: RecipientStatus,
    /// The conversation, once there is one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_id: Option<String>,
    /// When it was made, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub created_at_unix: Option<i64>,
    /// When it last changed, in seconds after 1970.
    #[serde(default, deserialize_with = "lenient::number")]
    pub updated_at_unix: Option<i64>,
    /// What the agent was told.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub conversation_initiation_client_data: Option<ClientData>,
}

//! Phone calls: how they are asked for, what becomes of them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answered, Elevenlabs,
    config::{AGENT_ID, Outcome, PHONE_NUMBER_ID, Talk},
    endpoints::Request,
    error::ElevenlabsError,
    state::{Conversation, Line},
};
use crate::{Refused, double::Answer};

/// How long the one who is asked before a call may take.
const INITIATION_LIMIT: Duration = Duration::from_secs(5);

/// A call that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneCall {
    /// The agent.
    pub agent_id: String,
    /// The number of the agent, by its id.
    pub phone_number_id: String,
    /// The number of the person.
    pub person: String,
    /// Whether the person calls.
    pub inbound: bool,
    /// What becomes of it; the person's usual thing where absent.
    pub outcome: Option<Outcome>,
    /// What the conversation is given at its beginning: `user_id`, `dynamic_variables` …
    pub client_data: Value,
}

impl Default for PhoneCall {
    fn default() -> Self {
        Self {
            agent_id: AGENT_ID.to_owned(),
            phone_number_id: PHONE_NUMBER_ID.to_owned(),
            person: String::new(),
            inbound: false,
            outcome: None,
            client_data: Value::Null,
        }
    }
}

impl PhoneCall {
    /// An agent calls a person.
    #[must_use]
    pub fn to(person: impl Into<String>) -> Self {
        Self { person: person.into(), ..Self::default() }
    }

    /// A person calls the agent.
    #[must_use]
    pub fn by(person: impl Into<String>) -> Self {
        Self { inbound: true, ..Self::to(person) }
    }

    /// With this outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// With a variable of the conversation.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !self.client_data.is_object() {
            self.client_data = json!({});
        }
        self.client_data["dynamic_variables"][name] = value.into();
        self
    }
}

/// `POST /v1/convai/twilio/outbound-call`.
pub(super) fn create(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    let text = |name: &'static str| {
        let value = body[name].as_str().filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| ElevenlabsError::field(name, "Field required"))
    };
    let call = PhoneCall {
        agent_id: text("agent_id")?,
        phone_number_id: text("agent_phone_number_id")?,
        person: text("to_number")?,
        client_data: body["conversation_initiation_client_data"].clone(),
        ..PhoneCall::default()
    };
    let (id, sid) = elevenlabs.begin_call(&call, None)?;
    elevenlabs.let_run(id.clone(), call);
    Ok(Answer::json(200, &json!({"success": true, "message": "Success", "conversation_id": id, "callSid": sid})))
}

impl Elevenlabs {
    /// Lets a call happen; returns the conversation. Where the person calls, the one who wants to be asked is asked first.
    ///
    /// # Errors
    /// [`Refused::Invalid`] where there is no such agent or number.
    pub fn call(&self, call: PhoneCall) -> Result<String, Refused> {
        let (id, _) = self.begin_call(&call, None).map_err(|error| Refused::Invalid(error.to_string()))?;
        self.let_run(id.clone(), call);
        Ok(id)
    }

    /// Writes down a conversation that begins; returns its id and that of the call.
    pub(super) fn begin_call(
        &self,
        call: &PhoneCall,
        batch: Option<(String, String)>,
    ) -> Result<(String, String), ElevenlabsError> {
        let settings = self.settings();
        let agent = settings.elevenlabs.agent(&call.agent_id);
        let agent = agent.ok_or_else(|| ElevenlabsError::not_found("agent", "Agent not found"))?;
        let number = settings.elevenlabs.phone_number(&call.phone_number_id);
        let number = number.ok_or_else(|| ElevenlabsError::not_found("phone_number", "Phone number not found"))?;
        let (id, sid) = (self.fresh_id("conv"), format!("CA{}", self.core().fresh().simple()));
        let line = Line {
            direction: if call.inbound { "inbound" } else { "outbound" },
            phone_number_id: number.phone_number_id.clone(),
            agent_number: number.phone_number.clone(),
            external_number: call.person.clone(),
            call_sid: sid.clone(),
        };
        let conversation = Conversation {
            id: id.clone(),
            agent_id: agent.agent_id.clone(),
            agent_name: agent.name.clone(),
            status: "initiated",
            user_id: call.client_data["user_id"].as_str().map(str::to_owned),
            started: self.core().now().unix_timestamp(),
            phone: Some(line),
            batch,
            client_data: call.client_data.clone(),
            ..Conversation::default()
        };
        self.state(|state| state.begin(conversation));
        Ok((id, sid))
    }

    pub(super) fn let_run(&self, id: String, call: PhoneCall) {
        let elevenlabs = self.clone();
        self.spawn(async move { elevenlabs.run_call(&id, &call).await });
    }

    /// The life of a call that has begun.
    async fn run_call(&self, id: &str, call: &PhoneCall) {
        if call.inbound {
            self.ask_before(id).await;
        }
        let settings = self.settings();
        let (timing, outcome) = (
            settings.elevenlabs.timing.clone(),
            call.outcome.unwrap_or_else(|| settings.elevenlabs.outcome_of(&call.person)),
        );
        if !self.pause(timing.ring_ms).await || !self.is_wanted(id) {
            return;
        }
        let reason = match outcome {
            Outcome::NoAnswer => Some("no-answer"),
            Outcome::Busy => Some("busy"),
            Outcome::Failed => Some("unknown"),
            Outcome::Completed | Outcome::Voicemail | Outcome::Broken => None,
        };
        if let Some(reason) = reason {
            self.change(id, |one| {
                one.status = "failed";
                one.termination = format!("call initiation failed: {reason}");
            });
            self.settle_recipient(id, "failed");
            self.tell_failure(id, reason).await;
            return;
        }
        self.change(id, |one| one.status = "in-progress");
        self.settle_recipient(id, "in_progress");
        if self.pause(timing.talk_ms).await {
            self.end_call(id, outcome, timing.analysis_ms).await;
        }
    }

    async fn end_call(&self, id: &str, outcome: Outcome, analysis_ms: u64) {
        let settings = self.settings();
        let talk = self.change(id, |one| {
            let number = one.phone.as_ref().map(|line| line.external_number.clone()).unwrap_or_default();
            let name = one.client_data.pointer("/dynamic_variables/client_name").and_then(Value::as_str);
            let talk = match outcome {
                Outcome::Voicemail => Talk::voicemail(),
                _ => settings.elevenlabs.talk_with(&number, name),
            };
            one.turns.clone_from(&talk.turns);
            one.duration_secs = talk.duration_secs;
            (one.status, one.termination) = match outcome {
                Outcome::Broken => ("failed", "error".to_owned()),
                Outcome::Voicemail => ("processing", "voicemail_detection tool was called".to_owned()),
                _ => ("processing", "end_call tool was called".to_owned()),
            };
            one.error = (outcome == Outcome::Broken).then(|| (1011, "Internal error".to_owned()));
            talk
        });
        let told = match outcome {
            Outcome::Voicemail => "voicemail",
            Outcome::Broken => "failed",
            _ => "completed",
        };
        // A batch says that a call is over before the conversation has its summary.
        self.settle_recipient(id, told);
        if let Some(talk) = talk
            && self.pause(analysis_ms).await
        {
            self.conclude(id, Some((talk.title, talk.summary))).await;
        }
    }

    /// Ends a conversation that was processed, and tells of it.
    pub(super) async fn conclude(&self, id: &str, summary: Option<(String, String)>) {
        self.change(id, |one| {
            if one.status != "failed" {
                one.status = "done";
                (one.title, one.summary) = summary.unzip();
            }
        });
        self.tell_ended(id).await;
    }

    /// Whether a call was not withdrawn while it waited.
    fn is_wanted(&self, id: &str) -> bool {
        self.state(|state| {
            let batch = state.conversation(id).map(|one| one.batch.clone());
            match batch {
                None => false,
                Some(None) => true,
                Some(Some((batch, recipient))) => state
                    .batch_mut(&batch)
                    .and_then(|batch| batch.recipient_mut(&recipient))
                    .is_some_and(|recipient| recipient.status != "cancelled"),
            }
        })
    }

    /// Asks who wants to be asked before an agent takes a call; what they answer is given to the conversation.
    async fn ask_before(&self, id: &str) {
        let settings = self.settings();
        let Some(url) = &settings.elevenlabs.initiation_url else { return };
        let question = self.change(id, |one| {
            let line = one.phone.clone().unwrap_or_default();
            json!({"caller_id": line.external_number, "agent_id": one.agent_id, "called_number": line.agent_number,
                   "call_sid": line.call_sid, "conversation_id": one.id})
        });
        let mut request = self.core().courier.client().post(url).timeout(INITIATION_LIMIT).json(&question);
        for (name, value) in &settings.elevenlabs.initiation_headers {
            request = request.header(name, value);
        }
        let answer: Result<Value, reqwest::Error> = match request.send().await {
            Ok(answer) => match answer.error_for_status() {
                Ok(answer) => answer.json().await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match answer {
            Ok(data) if data["type"] == "conversation_initiation_client_data" => {
                self.change(id, |one| one.client_data = data);
            }
            Ok(_) => self.core().ledger.record_violation(self.core().now(), "elevenlabs.initiation", "no client data"),
            Err(error) => tracing::warn!(%error, "nothing was heard before the call"),
        }
    }
}

//! The end of a call, as another back end tells of it.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use comms_core::history::ContinuationState;
use comms_engine::{EngineError, HandOff, HandedOff, Trigger, outcome_of_status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{local_id, organization_of};
use crate::{
    app::State,
    auth::{Permitted, Service},
    errors::{ApiError, Code, ErrorBody},
    routes::comunicaciones::rows::Id,
};

/// How long the first message is waited for. Its caller waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// The longest id that is taken.
const LONGEST_ID: usize = 255;

/// A call that has ended.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CallCompletedBody {
    /// The batch of the call.
    pub batch_id: Option<String>,
    /// The agent: required.
    #[schema(example = "agent_4701k8fcsvhaes5s1h6tw894g98s")]
    pub agent_id: Option<String>,
    /// What people call the agent.
    pub agent_name: Option<String>,
    /// The number that called, by ElevenLabs' id of it.
    pub phone_number_id: Option<String>,
    /// The batch's name.
    pub batch_name: Option<String>,
    /// Who was called: required.
    pub recipient: Option<CallRecipient>,
    /// What else is known of them: kept as it comes.
    #[schema(value_type = Object)]
    pub call_metadata: Option<Map<String, Value>>,
}

/// Who was called.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct CallRecipient {
    /// The recipient in the batch.
    pub id: Option<String>,
    /// The number: required.
    #[schema(value_type = String, example = "+34600000000")]
    pub phone_number: Option<Id>,
    /// What became of the call: `completed voicemail failed no_answer busy cancelled`; what else it says is looked up at ElevenLabs.
    #[schema(example = "completed")]
    pub status: Option<String>,
    /// ElevenLabs' id of the call's conversation: required.
    #[schema(example = "conv_9601k8pjchj6fnvamdmbsvdq5ptv")]
    pub conversation_id: Option<String>,
    /// When it was made.
    pub created_at_unix: Option<i64>,
    /// When it was changed last.
    pub updated_at_unix: Option<i64>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallCompletedAnswer {
    /// Whether it was taken, and did not fail.
    pub success: bool,
    /// For a person.
    pub message: &'static str,
    /// Our id of the conversation; the same for the same call.
    #[schema(example = "conv_local_123")]
    pub conversation_id: String,
    /// The provider's id of the first message; null while there is none.
    #[schema(example = "SM1234567890abcdef")]
    pub whatsapp_message_id: Option<String>,
    /// `message_sent`; `queued`: the first message follows; `skipped`: nobody is to be written to, `reason` says why; `failed`; `closed` and
    /// `escalated` for a call that was told of before
    #[schema(example = "message_sent")]
    pub status: &'static str,
    /// Why it was skipped, failed or ended, in a word.
    pub reason: Option<String>,
    /// What went wrong, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// What went wrong, in the provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// Takes a call that has ended, and writes to the person whom it was with. Answered within eight seconds; who tells of the same call again
/// is answered with the same conversation, and nothing is sent twice.
///
/// # Errors
/// 400 where agent, conversation or number are missing, 401 without the right `X-Service-Token`, 503 while nothing can be stored.
#[utoipa::path(post, path = "/api/call-completed", tag = "continuacion", request_body = CallCompletedBody,
    responses((status = 200, body = CallCompletedAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)),
    security(("servicio" = [])))]
pub async fn completed(
    state: web::Data<State>,
    Permitted(service, body): Permitted<Service, web::Json<CallCompletedBody>>,
) -> Result<HttpResponse, ApiError> {
    let told = read(service, body.into_inner())?;
    // An agent of another organisation writes from its accounts.
    if organization_of(&state, &told.agent).await?.is_some_and(|owner| owner != told.organization) {
        return Err(wrong("agent_id", "no es de esta organización"));
    }
    let handed = state.engine.hand_off_within(told, PATIENCE).await.map_err(spelled)?;
    Ok(HttpResponse::Ok().json(CallCompletedAnswer::from(handed)))
}

fn read(service: Service, body: CallCompletedBody) -> Result<HandOff, ApiError> {
    let recipient = body.recipient.ok_or_else(|| missing("recipient"))?;
    let call = named("recipient.conversation_id", recipient.conversation_id)?;
    let agent = named("agent_id", body.agent_id)?;
    let mut told = HandOff::new(service.0, Trigger::CallCompleted, call, agent);
    told.phone = Some(recipient.phone_number.ok_or_else(|| missing("recipient.phone_number"))?.into_text());
    if let Some(status) = &recipient.status {
        // A word that nobody knows says nothing: ElevenLabs is asked what became of the call.
        told.outcome = outcome_of_status(status).ok().flatten();
    }
    told.metadata = body.call_metadata.unwrap_or_default();
    told.client_name = told.metadata.get("client_name").and_then(Value::as_str).map(str::to_owned);
    let besides = [
        ("phone_number_id", &body.phone_number_id),
        ("batch_name", &body.batch_name),
        ("agent_name", &body.agent_name),
        ("recipient_status", &recipient.status),
    ];
    for (name, value) in besides {
        if let Some(value) = value {
            told.metadata.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    told.agent_name = body.agent_name;
    told.batch = body.batch_id;
    told.recipient = recipient.id;
    Ok(told)
}

/// The engine's refusals in the names of this body.
fn spelled(error: EngineError) -> ApiError {
    match error {
        EngineError::Refused(error) if error.field_name() == Some("phone_number") => {
            wrong("recipient.phone_number", error.message())
        }
        error => error.into(),
    }
}

fn named(field: &'static str, value: Option<String>) -> Result<String, ApiError> {
    let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| missing(field))?;
    let good = value.len() <= LONGEST_ID && value.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(value) } else { Err(wrong(field, "no es un identificador")) }
}

fn missing(field: &str) -> ApiError {
    wrong(field, "falta")
}

/// S4 says what is wrong in one text.
fn wrong(field: &str, reason: &str) -> ApiError {
    ApiError::new(Code::Validation).details(json!(format!("{field}: {reason}")))
}

impl From<HandedOff> for CallCompletedAnswer {
    fn from(handed: HandedOff) -> Self {
        let one = handed.continuation;
        let sent = handed.message.and_then(|message| message.provider_id);
        let (status, message) = match one.state {
            ContinuationState::Skipped => ("skipped", "No se escribe a esta persona"),
            ContinuationState::Failed => ("failed", "No se pudo iniciar la conversación"),
            ContinuationState::Closed => ("closed", "La conversación ya terminó"),
            ContinuationState::Escalated => ("escalated", "La conversación la lleva una persona"),
            ContinuationState::Pending | ContinuationState::Active if sent.is_some() => {
                ("message_sent", "Conversación iniciada exitosamente")
            }
            ContinuationState::Pending | ContinuationState::Active => {
                ("queued", "Conversación registrada: el mensaje saldrá en breve")
            }
        };
        let failed = one.state == ContinuationState::Failed;
        Self {
            success: !failed,
            message,
            conversation_id: local_id(one.number),
            whatsapp_message_id: sent,
            status,
            reason: one.reason,
            error: failed.then_some("No se pudo enviar el mensaje de WhatsApp"),
            details: one.problem.filter(|_| failed).map(|problem| problem.message),
        }
    }
}

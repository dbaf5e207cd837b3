//! A person's conversation with an agent: how it stands, and its end.

use actix_web::{HttpResponse, web};
use comms_core::{
    Direction,
    history::{HistoryEntry, Scope},
};
use comms_engine::{Chat, EngineError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{local_id, moment, word};
use crate::{
    app::State,
    auth::{Permitted, Reader, Sender},
    errors::{ApiError, Code, ErrorBody},
};

/// Why a conversation was closed whose caller gives no reason.
const BY_API: &str = "api";

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationAnswer {
    /// Always true.
    pub success: bool,
    /// The conversation.
    pub conversation: ConversationBody,
}

/// How a person's conversation with an agent stands: the newest, where there are several.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationBody {
    /// Our id of it.
    #[schema(example = "conv_local_123")]
    pub id: String,
    /// The person's number, in E.164.
    #[schema(example = "+34600000000")]
    pub phone_number: Option<String>,
    /// The person's name, where it is known.
    pub client_name: Option<String>,
    /// `active`, `escalated` or `closed`
    #[schema(example = "active")]
    pub status: &'static str,
    /// Why it is closed or escalated, in a word.
    pub reason: Option<String>,
    /// What went wrong last: why the first message did not arrive, or the agent did not answer. Null where nothing did, or it is over.
    pub error: Option<ConversationProblem>,
    /// ElevenLabs' id of the call.
    pub elevenlabs_conversation_id: String,
    /// The agent.
    pub agent_id: String,
    /// The agent's name.
    pub agent_name: Option<String>,
    /// What was said in the call, in short.
    pub call_summary: Option<String>,
    /// How long the call took.
    pub call_duration_secs: Option<u32>,
    /// When the first message was on its way; until then, when the call was told of.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When the last message was stored.
    #[schema(format = DateTime)]
    pub last_message_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// How many messages were exchanged since the call.
    pub message_count: usize,
    /// The last 200 of them, the oldest first.
    pub messages: Vec<ConversationMessage>,
    /// What was told of the call besides.
    #[schema(value_type = Object)]
    pub metadata: Value,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationProblem {
    /// The code: the provider's own where it gave one.
    #[schema(example = "override_error")]
    pub code: String,
    /// The same in words.
    pub message: String,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationMessage {
    /// `inbound` or `outbound`
    #[schema(example = "outbound")]
    pub direction: &'static str,
    /// What it says.
    pub content: String,
    /// When it was stored.
    #[schema(format = DateTime)]
    pub timestamp: String,
}

/// How the conversation with this number stands.
///
/// # Errors
/// 400 for what is no number, 404 where there is none that the caller may see.
#[utoipa::path(get, path = "/api/conversations/{phoneNumber}", tag = "continuacion",
    params(("phoneNumber" = String, Path, description = "The number with its country code", example = "+34600000000")),
    responses((status = 200, body = ConversationAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn detail(
    Reader(scope): Reader,
    state: web::Data<State>,
    phone: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = newest(&state, &scope, &phone).await?;
    Ok(HttpResponse::Ok().json(ConversationAnswer::from(found)))
}

/// Why a conversation is closed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct CloseBody {
    /// Why, in a word.
    pub reason: Option<String>,
}

/// Closes the conversation with this number: the agent says nothing more. Where it is over already it stays as it is.
///
/// # Errors
/// 400 for what is no number, 404 where there is none that the caller may see.
#[utoipa::path(post, path = "/api/conversations/{phoneNumber}/close", tag = "continuacion", request_body = CloseBody,
    params(("phoneNumber" = String, Path, description = "The number with its country code", example = "+34600000000")),
    responses((status = 200, body = ConversationAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn close(
    state: web::Data<State>,
    phone: web::Path<String>,
    Permitted(sender, body): Permitted<Sender, web::Json<CloseBody>>,
) -> Result<HttpResponse, ApiError> {
    let mut found = newest(&state, &sender.scope, &phone).await?;
    let reason = body.into_inner().reason.unwrap_or_else(|| BY_API.to_owned());
    let organization = &sender.scope.organization;
    let (closed, _) = state.engine.close_continuation(organization, found.continuation.id, &reason).await?;
    found.continuation = closed;
    Ok(HttpResponse::Ok().json(ConversationAnswer::from(found)))
}

/// The newest conversation with a number, where the caller sees its chat.
async fn newest(state: &State, scope: &Scope, phone: &str) -> Result<Chat, ApiError> {
    let found = state.engine.chat_with(&scope.organization, phone).await.map_err(|error| match error {
        EngineError::Refused(error) => ApiError::field("phoneNumber", error.message()),
        error => error.into(),
    })?;
    let found = found.ok_or_else(not_found)?;
    if scope.seller.is_some() {
        let conversation = found.continuation.conversation.ok_or_else(not_found)?;
        state.repository.conversation(scope, scope.seller.as_ref(), conversation).await?;
    }
    Ok(found)
}

fn not_found() -> ApiError {
    ApiError::new(Code::Engine(comms_engine::Code::NotFound))
}

impl From<Chat> for ConversationAnswer {
    fn from(chat: Chat) -> Self {
        let Chat { continuation: one, messages } = chat;
        let began = one.opened_at.unwrap_or(one.created_at);
        let conversation = ConversationBody {
            id: local_id(one.number),
            phone_number: one.phone,
            client_name: one.client_name,
            status: word(one.state),
            reason: one.reason,
            error: one.problem.map(|problem| ConversationProblem { code: problem.code, message: problem.message }),
            elevenlabs_conversation_id: one.call,
            agent_id: one.agent,
            agent_name: one.agent_name,
            call_summary: one.summary,
            call_duration_secs: one.duration_secs,
            started_at: moment(began),
            last_message_at: moment(messages.last().map_or(began, |entry| entry.created_at)),
            closed_at: one.ended_at.map(moment),
            message_count: messages.len(),
            messages: messages.into_iter().map(message).collect(),
            metadata: Value::Object(one.metadata),
        };
        Self { success: true, conversation }
    }
}

fn message(entry: HistoryEntry) -> ConversationMessage {
    ConversationMessage {
        direction: match entry.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        },
        content: entry.text.unwrap_or_default(),
        timestamp: moment(entry.created_at),
    }
}

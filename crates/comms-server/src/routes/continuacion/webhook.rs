//! What ElevenLabs tells and asks: calls that have ended, and who is about to speak with an agent.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use comms_engine::{HandOff, Trigger};
use elevenlabs_client::CallEnded;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::organization_of;
use crate::{
    app::State,
    errors::{ApiError, Code, ErrorBody},
    limits::MAIL_BODY,
    registry::{CallBegins, ELEVENLABS},
    routes::comunicaciones::webhook::{as_called, deliver, read_body},
};

/// How long the look into the history may take: somebody listens to the ringing.
const LOOK: Duration = Duration::from_secs(2);

/// What an agent is told of; empty where it is not known.
const VARIABLES: [&str; 8] = [
    "client_name",
    "agent_name",
    "call_summary",
    "prior_conversation_id",
    "chat_history",
    "last_channel",
    "last_message_at",
    "conversation_status",
];

/// ElevenLabs tells of a call: its end, its recording, that it did not come about, anything else. Answered 200 once it is committed, and
/// only then; a call that has ended is handed off.
///
/// # Errors
/// 401 without a valid signature, 404 where no secret is set, 413 beyond 32 MB, 429 beyond the limit, 503 while nothing can be stored.
#[utoipa::path(post, path = "/webhook/elevenlabs", tag = "webhooks", params(("ElevenLabs-Signature" = String, Header)),
    request_body = serde_json::Value,
    responses((status = 200, description = "Stored", body = String, content_type = "text/plain"), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub async fn told(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_body(payload, MAIL_BODY).await?;
    let answer = deliver(&state, &request, body.clone(), ELEVENLABS).await?;
    if let Some(call) = CallEnded::of(&body) {
        hand_off(&state, call).await?;
    }
    Ok(answer)
}

/// Hands a call off to the organisation of its agent. What nobody registered waits in quarantine.
async fn hand_off(state: &State, call: CallEnded) -> Result<(), ApiError> {
    let Some(organization) = organization_of(state, &call.agent).await? else { return Ok(()) };
    let mut told = HandOff::new(organization, Trigger::Webhook, call.conversation, call.agent);
    told.phone = call.phone;
    told.client_name =
        ["client_name", "name"].into_iter().find_map(|name| call.variables.get(name)?.as_str()).map(str::to_owned);
    told.metadata = call.variables;
    state.engine.hand_off(told).await?;
    Ok(())
}

/// What an agent is told before it takes a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct InitiationAnswer {
    /// Always `conversation_initiation_client_data`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What its prompt may name: `client_name agent_name call_summary prior_conversation_id chat_history last_channel last_message_at
    /// conversation_status`. All of them are always there.
    #[schema(value_type = Object)]
    pub dynamic_variables: BTreeMap<String, Value>,
}

/// Before an agent takes a call ElevenLabs asks who it is: answered with what was written with them lately. What is not known is empty; a
/// call is not kept waiting for it.
///
/// # Errors
/// 400 for another body, 401 without the secret in `X-Elevenlabs-Secret`, 404 where none is set.
#[utoipa::path(post, path = "/webhook/elevenlabs/iniciacion", tag = "webhooks", params(("X-Elevenlabs-Secret" = String, Header)),
    request_body = serde_json::Value,
    responses((status = 200, body = InitiationAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody)))]
pub async fn begins(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_body(payload, crate::limits::JSON_BODY).await?;
    let call = state.registry.call_begins(&as_called(&state, &request, body)).map_err(|error| match error.kind() {
        comms_core::ErrorKind::InvalidSignature => ApiError::new(Code::Engine(comms_engine::Code::InvalidSignature)),
        comms_core::ErrorKind::Config => ApiError::new(Code::Engine(comms_engine::Code::UnknownProvider)),
        _ => ApiError::new(Code::Validation).because(error.message()),
    })?;
    let mut dynamic_variables: BTreeMap<String, Value> =
        VARIABLES.map(|name| (name.to_owned(), Value::String(String::new()))).into();
    match tokio::time::timeout(LOOK, known(&state, &call)).await {
        Ok(Ok(known)) => dynamic_variables.extend(known),
        Ok(Err(error)) => tracing::warn!(%error, "a call begins without its past"),
        Err(_) => tracing::warn!("a call begins without its past: the store is slow"),
    }
    Ok(HttpResponse::Ok().json(InitiationAnswer { kind: "conversation_initiation_client_data", dynamic_variables }))
}

/// What is known of somebody who calls: a variable that an agent's prompt names and nobody gives would end the call.
async fn known(state: &State, call: &CallBegins) -> Result<BTreeMap<String, Value>, ApiError> {
    let Some(organization) = organization_of(state, &call.agent).await? else { return Ok(BTreeMap::new()) };
    Ok(state.engine.context_for_call(&organization, &call.caller, Some(&call.agent)).await?)
}

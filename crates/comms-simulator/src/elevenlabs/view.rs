//! How ElevenLabs shows conversations and batches.

use serde_json::{Map, Value, json};

use super::{
    config::{Role, Turn},
    state::{Batch, Conversation, Recipient},
};

/// The whole of a conversation: the answer of the API, and what a webhook tells.
pub(super) fn conversation(of: &Conversation) -> Value {
    let audio = of.phone.is_some() && of.status == "done";
    let shown: &[Turn] = if of.transcript_deleted { &[] } else { &of.turns };
    let transcript: Vec<Value> =
        shown.iter().enumerate().map(|(place, turn)| transcript_turn(of, place, turn)).collect();
    let (user, agent) = counts(of);
    json!({
        "agent_id": of.agent_id,
        "agent_name": of.agent_name,
        "status": of.status,
        "user_id": of.user_id,
        "branch_id": null,
        "version_id": null,
        "metadata": metadata(of),
        "analysis": analysis(of),
        "user_message_count": user,
        "agent_message_count": agent,
        "conversation_initiation_client_data": client_data(of),
        "conversation_id": of.id,
        "has_audio": audio,
        "has_user_audio": audio,
        "has_response_audio": audio,
        "has_auxiliary_audio": false,
        "transcript": transcript,
        "tag_ids": [],
    })
}

/// A conversation in a list.
pub(super) fn listed(of: &Conversation, with_summary: bool) -> Value {
    let (user, agent) = counts(of);
    let tools: Vec<&str> = of.turns.iter().filter_map(|turn| turn.tool.as_deref()).collect();
    json!({
        "agent_id": of.agent_id,
        "agent_name": of.agent_name,
        "conversation_id": of.id,
        "start_time_unix_secs": of.started,
        "call_duration_secs": of.duration_secs,
        "message_count": user + agent,
        "user_message_count": user,
        "agent_message_count": agent,
        "status": of.status,
        "termination_reason": of.termination,
        "call_successful": if of.status == "failed" { "failure" } else { "success" },
        "transcript_summary": of.summary.as_ref().filter(|_| with_summary),
        "call_summary_title": of.title,
        "main_language": "es",
        "conversation_initiation_source": source(of),
        "tool_names": tools,
        "direction": of.phone.as_ref().map(|line| line.direction),
        "rating": null,
        "tag_ids": [],
    })
}

/// The short form of a conversation, with at most `most` messages.
pub(super) fn summary(of: &Conversation, most: usize) -> Value {
    let spoken = of.turns.iter().filter(|turn| turn.message.is_some() && !of.transcript_deleted);
    let messages: Vec<Value> = spoken.map(|turn| json!({"role": role(turn.role), "message": turn.message})).collect();
    let omitted = messages.len() > most;
    json!({
        "conversation_id": of.id,
        "agent_id": of.agent_id,
        "status": of.status,
        "call_summary_title": of.title,
        "transcript_summary": of.summary,
        "call_successful": if of.status == "failed" { "failure" } else { "success" },
        "message_count": messages.len(),
        "messages": if omitted { Value::Null } else { json!(messages) },
        "messages_omitted": omitted,
        "note": "Fetch the conversation for the full transcript.",
    })
}

/// A batch in a list, and the answer to its submission.
pub(super) fn batch(of: &Batch) -> Value {
    let finished =
        of.recipients.iter().filter(|one| matches!(one.status, "completed" | "failed" | "voicemail")).count();
    let dispatched = of.recipients.iter().filter(|one| one.conversation_id.is_some()).count();
    json!({
        "id": of.id,
        "phone_number_id": of.phone_number_id,
        "phone_provider": "twilio",
        "whatsapp_params": null,
        "name": of.name,
        "agent_id": of.agent_id,
        "branch_id": null,
        "environment": null,
        "created_at_unix": of.created,
        "scheduled_time_unix": of.scheduled,
        "timezone": of.timezone,
        "total_calls_dispatched": dispatched,
        "total_calls_scheduled": of.recipients.len(),
        "total_calls_finished": finished,
        "last_updated_at_unix": of.updated,
        "status": of.status,
        "retry_count": of.retries,
        "telephony_call_config": {"ringing_timeout_secs": 60},
        "target_concurrency_limit": null,
        "agent_name": of.agent_name,
        "branch_name": null,
    })
}

/// A batch with those whom it calls.
pub(super) fn batch_with_recipients(of: &Batch) -> Value {
    let mut shown = batch(of);
    shown["recipients"] = of.recipients.iter().map(recipient).collect();
    shown
}

fn recipient(of: &Recipient) -> Value {
    json!({
        "id": of.id,
        "phone_number": of.phone_number,
        "status": of.status,
        "created_at_unix": of.created,
        "updated_at_unix": of.updated,
        "conversation_id": of.conversation_id,
        "conversation_initiation_client_data": of.client_data,
    })
}

fn metadata(of: &Conversation) -> Value {
    let deleted = of.transcript_deleted.then_some(of.started + 100);
    let phone = of.phone.as_ref().map(|line| {
        json!({
            "type": "twilio",
            "direction": line.direction,
            "phone_number_id": line.phone_number_id,
            "agent_number": line.agent_number,
            "external_number": line.external_number,
            "stream_sid": format!("MZ{}", line.call_sid.trim_start_matches("CA")),
            "call_sid": line.call_sid,
        })
    });
    let batch = of
        .batch
        .as_ref()
        .map(|(batch, recipient)| json!({"batch_call_id": batch, "batch_call_recipient_id": recipient}));
    json!({
        "start_time_unix_secs": of.started,
        "accepted_time_unix_secs": of.started,
        "call_duration_secs": of.duration_secs,
        "cost": 310,
        "cost_fiat": 0.045,
        "deletion_settings": {
            "deletion_time_unix_secs": null,
            "deleted_logs_at_time_unix_secs": null,
            "deleted_audio_at_time_unix_secs": null,
            "deleted_transcript_at_time_unix_secs": deleted,
            "delete_transcript_and_pii": of.transcript_deleted,
            "delete_audio": false,
        },
        "feedback": {"overall_score": null, "likes": 0, "dislikes": 0},
        "authorization_method": "authorization_header",
        "charging": {"dev_discount": false, "tier": "pro"},
        "phone_call": phone,
        "batch_call": batch,
        "termination_reason": of.termination,
        "error": of.error.as_ref().map(|(code, reason)| json!({"code": code, "reason": reason})),
        "warnings": [],
        "main_language": "es",
        "text_only": of.text_only,
        "conversation_initiation_source": source(of),
        "timezone": "America/Bogota",
        "whatsapp": null,
        "sms": null,
    })
}

fn analysis(of: &Conversation) -> Value {
    let Some(summary) = &of.summary else { return Value::Null };
    json!({
        "evaluation_criteria_results": {},
        "data_collection_results": {},
        "call_successful": if of.status == "failed" { "failure" } else { "success" },
        "transcript_summary": summary,
        "call_summary_title": of.title,
    })
}

/// The variables of the caller, with those that ElevenLabs adds.
fn client_data(of: &Conversation) -> Value {
    let object = |name: &str| of.client_data.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut variables: Map<String, Value> = object("dynamic_variables");
    variables.insert("system__conversation_id".to_owned(), json!(of.id));
    variables.insert("system__call_duration_secs".to_owned(), json!(of.duration_secs));
    json!({
        "conversation_config_override": object("conversation_config_override"),
        "custom_llm_extra_body": object("custom_llm_extra_body"),
        "user_id": of.user_id,
        "dynamic_variables": variables,
    })
}

fn transcript_turn(of: &Conversation, place: usize, turn: &Turn) -> Value {
    let medium = match (turn.role, of.text_only) {
        (Role::User, true) => json!("text"),
        (Role::User, false) => json!("audio"),
        (Role::Agent, _) => Value::Null,
    };
    let calls: Vec<Value> = turn.tool.iter().map(|tool| tool_call(tool)).collect();
    json!({
        "role": role(turn.role),
        "agent_metadata": null,
        "message": turn.message,
        "multivoice_message": null,
        "tool_calls": calls,
        "tool_results": [],
        "feedback": null,
        "llm_override": null,
        "time_in_call_secs": place * 4,
        "conversation_turn_metrics": null,
        "rag_retrieval_info": null,
        "llm_usage": null,
        "interrupted": false,
        "original_message": null,
        "source_medium": medium,
    })
}

fn tool_call(tool: &str) -> Value {
    json!({
        "type": "system",
        "request_id": format!("{tool}_1"),
        "tool_name": tool,
        "params_as_json": "{}",
        "tool_has_been_called": true,
        "tool_details": null,
    })
}

/// What the person and the agent said, in numbers.
fn counts(of: &Conversation) -> (usize, usize) {
    let said = |who: Role| of.turns.iter().filter(|turn| turn.role == who && turn.message.is_some()).count();
    (said(Role::User), said(Role::Agent))
}

fn source(of: &Conversation) -> &'static str {
    if of.phone.is_some() { "twilio" } else { "unknown" }
}

fn role(of: Role) -> &'static str {
    match of {
        Role::User => "user",
        Role::Agent => "agent",
    }
}

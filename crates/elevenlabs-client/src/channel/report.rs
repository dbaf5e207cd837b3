//! A conversation as a call of the toolkit.

use comms_core::{BatchCall, CallOutcome, CallProgress, CallReport, Speaker, Utterance};
use serde_json::{Map, Value};

use super::is_final;
use crate::{
    model::{
        batch::RecipientStatus,
        conversation::{CallResult, Conversation, ConversationStatus, Role, filled},
        initiation::{HIDDEN, RESERVED},
        summary::Summary,
    },
    session::SOURCE,
};

/// The tools by which an agent, or ElevenLabs, notices a machine.
const VOICEMAIL_TOOL: &str = "voicemail_detection";

/// Whether the batch must be asked what became of the call.
pub(super) fn needs_batch(conversation: &Conversation) -> bool {
    is_final(&conversation.status) && result(conversation).is_none()
}

/// Whether the summary must be asked for: nobody made one yet, or what was said is no longer kept.
pub(super) fn needs_summary(conversation: &Conversation) -> bool {
    conversation.status == ConversationStatus::Done
        && !is_in_writing(conversation)
        && (conversation.summary().is_none() || words(conversation).next().is_none())
}

/// The call, with what the summary and the batch know of it.
pub(super) fn report(
    conversation: &Conversation,
    summary: Option<&Summary>,
    in_batch: Option<&RecipientStatus>,
) -> CallReport {
    let metadata = &conversation.metadata;
    let mut report =
        CallReport::new(&conversation.conversation_id, &conversation.agent_id, progress(&conversation.status));
    report.agent_name.clone_from(&conversation.agent_name);
    report.text_only = is_in_writing(conversation);
    report.phone = phone(conversation);
    report.started_at = conversation.started_at();
    report.duration_secs = metadata.call_duration_secs.and_then(|seconds| u32::try_from(seconds).ok());
    report.summary =
        conversation.summary().or_else(|| filled(summary?.transcript_summary.as_deref())).map(str::to_owned);
    report.transcript = words(conversation).collect();
    if report.transcript.is_empty() {
        report.transcript = summary
            .into_iter()
            .flat_map(|summary| &summary.messages)
            .filter_map(|message| utterance(&message.role, &message.message))
            .collect();
    }
    report.batch = metadata.batch_call.as_ref().map(|call| BatchCall {
        batch: call.batch_call_id.clone(),
        recipient: filled(Some(&call.batch_call_recipient_id)).map(str::to_owned),
    });
    report.variables = variables(conversation);
    report.outcome = outcome(conversation, &report, in_batch);
    report
}

fn progress(status: &ConversationStatus) -> CallProgress {
    match status {
        ConversationStatus::Initiated | ConversationStatus::InProgress => CallProgress::InProgress,
        ConversationStatus::Done => CallProgress::Done,
        ConversationStatus::Failed => CallProgress::Failed,
        // A state that is new is none that ends: it is asked again.
        ConversationStatus::Processing | ConversationStatus::Other(_) => CallProgress::Processing,
    }
}

/// What became of it, by who knows best: the carrier, the batch, the agent's tools, then what was said.
fn outcome(conversation: &Conversation, report: &CallReport, in_batch: Option<&RecipientStatus>) -> CallOutcome {
    if let Some(result) = result(conversation) {
        return match result {
            CallResult::Answered if conversation.status == ConversationStatus::Failed => CallOutcome::Failed,
            CallResult::Answered => CallOutcome::Talked,
            CallResult::Voicemail => CallOutcome::Voicemail,
            CallResult::Busy => CallOutcome::Busy,
            CallResult::NoAnswer => CallOutcome::NoAnswer,
            CallResult::Failed => CallOutcome::Failed,
            CallResult::Other(_) => CallOutcome::Unknown,
        };
    }
    match (in_batch, &conversation.status) {
        (Some(RecipientStatus::Voicemail), _) => CallOutcome::Voicemail,
        (Some(RecipientStatus::Failed | RecipientStatus::Cancelled), _) | (_, ConversationStatus::Failed) => {
            why_it_failed(conversation)
        }
        _ if heard_a_machine(conversation) => CallOutcome::Voicemail,
        // A state of the batch that is new may be any.
        (Some(RecipientStatus::Other(_)), _) => CallOutcome::Unknown,
        (_, ConversationStatus::Done | ConversationStatus::Processing) if has_spoken(conversation, report) => {
            CallOutcome::Talked
        }
        _ => CallOutcome::Unknown,
    }
}

/// What the carrier says, in the places where it does.
fn result(conversation: &Conversation) -> Option<CallResult> {
    let metadata = &conversation.metadata;
    let on_phone = metadata.phone_call.as_ref().and_then(|call| call.call_result.clone());
    on_phone.or_else(|| metadata.other.get("whatsapp")?.get("call_result")?.as_str().map(CallResult::from))
}

/// The reason, by its words: there is no code for it.
fn why_it_failed(conversation: &Conversation) -> CallOutcome {
    let metadata = &conversation.metadata;
    let error = metadata.error.as_ref().and_then(|error| error.reason.as_deref());
    let words = [error, metadata.termination_reason.as_deref()].map(Option::unwrap_or_default).join(" ");
    let words = words.to_lowercase().replace(['-', '_'], " ");
    if words.contains("voicemail") || words.contains("answering machine") {
        CallOutcome::Voicemail
    } else if words.contains("busy") {
        CallOutcome::Busy
    } else if words.contains("no answer") || words.contains("not answered") || words.contains("unanswered") {
        CallOutcome::NoAnswer
    } else {
        CallOutcome::Failed
    }
}

fn heard_a_machine(conversation: &Conversation) -> bool {
    let calls = conversation.transcript.iter().flat_map(|turn| &turn.tool_calls);
    let by_tool = calls.into_iter().any(|call| call.tool_name == VOICEMAIL_TOOL);
    let ended = conversation.metadata.termination_reason.as_deref().unwrap_or_default().to_lowercase();
    by_tool || ended.contains("voicemail")
}

/// Whether the other party said something. Where what was said is not kept, that it was counted, or that it lasted.
fn has_spoken(conversation: &Conversation, report: &CallReport) -> bool {
    if !report.transcript.is_empty() {
        return report.transcript.iter().any(|utterance| utterance.speaker == Speaker::Person);
    }
    match conversation.other.get("user_message_count").and_then(Value::as_i64) {
        Some(count) => count > 0,
        None => report.duration_secs.is_some_and(|seconds| seconds > 0) && report.summary.is_some(),
    }
}

/// Whether nothing was spoken in it: it is no call, and often one of ours.
pub(super) fn is_in_writing(conversation: &Conversation) -> bool {
    conversation.is_text_only() || conversation.source() == Some(SOURCE)
}

fn words(conversation: &Conversation) -> impl Iterator<Item = Utterance> {
    conversation.transcript.iter().filter_map(|turn| utterance(&turn.role, turn.message.as_deref()?))
}

fn utterance(role: &Role, text: &str) -> Option<Utterance> {
    let speaker = match role {
        Role::User => Speaker::Person,
        Role::Agent => Speaker::Agent,
        Role::Other(_) => return None,
    };
    filled(Some(text)).map(|text| Utterance { speaker, text: text.to_owned() })
}

/// The other party's number, in E.164: the telephone's, else what ElevenLabs' own variables hold.
fn phone(conversation: &Conversation) -> Option<String> {
    let variable = |name: &str| {
        let told = conversation.conversation_initiation_client_data.as_ref()?;
        told.dynamic_variables.get(name)?.as_str()
    };
    let whatsapp = || conversation.metadata.other.get("whatsapp")?.get("whatsapp_user_id")?.as_str();
    let inbound = || conversation.metadata.phone_call.is_none().then(|| variable("system__caller_id")).flatten();
    let number = conversation.phone().or_else(whatsapp).or_else(inbound)?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty() && number.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c)))
        .then(|| format!("+{digits}"))
}

/// The variables that it began with, without ElevenLabs' own and without credentials.
fn variables(conversation: &Conversation) -> Map<String, Value> {
    let told = conversation.conversation_initiation_client_data.iter().flat_map(|told| &told.dynamic_variables);
    told.filter(|(name, _)| !name.starts_with(RESERVED) && !name.starts_with(HIDDEN))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

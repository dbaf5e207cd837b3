//! ElevenLabs' names: every recorded answer is read, new names and fields survive.

use elevenlabs_client::model::{
    batch::{Batch, BatchStatus, RecipientStatus},
    conversation::{CallResult, Conversation, ConversationStatus, Role},
    summary::Summary,
};
use serde_json::json;

use crate::support::{data, json, names};

fn conversation(name: &str) -> Conversation {
    serde_json::from_slice(&data(&format!("rest/{name}.json"))).unwrap()
}

#[test]
fn every_recorded_conversation_is_read() {
    let names: Vec<_> = names("rest")
        .into_iter()
        .filter(|name| name.starts_with("get_conversation_") && !name.contains("_summary"))
        .collect();
    assert_eq!(names.len(), 7);
    for name in names {
        let conversation = conversation(name.trim_end_matches(".json"));
        assert!(conversation.conversation_id.starts_with("conv_"), "{name}");
        assert!(!matches!(conversation.status, ConversationStatus::Other(_)), "{name}");
        assert!(conversation.started_at().is_some(), "{name}");
    }
}

#[test]
fn each_state_is_told_apart() {
    let states = [
        ("get_conversation_in_progress", ConversationStatus::InProgress),
        ("get_conversation_processing", ConversationStatus::Processing),
        ("get_conversation_failed", ConversationStatus::Failed),
        ("get_conversation_done", ConversationStatus::Done),
    ];
    for (name, status) in states {
        assert_eq!(conversation(name).status, status);
    }
    let failed = conversation("get_conversation_failed");
    assert_eq!(failed.metadata.error.unwrap().code, Some(1011));
    let deleted = conversation("get_conversation_transcript_deleted");
    assert!(deleted.is_transcript_deleted() && deleted.transcript.is_empty() && deleted.summary().is_some());
    let texts = conversation("get_conversation_text_only");
    assert!(texts.is_text_only() && texts.phone().is_none() && texts.source() == Some("unknown"));
}

#[test]
fn turns_have_words_and_tools() {
    let turns = conversation("get_conversation_done").transcript;
    assert_eq!((turns[0].role.clone(), turns[1].role.clone()), (Role::Agent, Role::User));
    let tools = &turns[4];
    assert_eq!((tools.message.as_deref(), tools.tool_calls[0].tool_name.as_str()), (None, "book_delivery"));
    assert_eq!(tools.tool_results[0].result_value.as_deref(), Some("{\"ok\":true}"));
}

#[test]
fn a_new_name_and_a_new_field_survive_a_round_trip() {
    let mut recorded = json("rest/get_conversation_done.json");
    recorded["status"] = json!("paused");
    recorded["metadata"]["phone_call"]["call_result"] = json!("fax");
    recorded["a_new_field"] = json!({"x": [1]});
    recorded["metadata"]["a_new_field"] = json!(7);
    let read: Conversation = serde_json::from_value(recorded).unwrap();
    assert_eq!(read.status.as_str(), "paused");
    let result = read.metadata.phone_call.as_ref().unwrap().call_result.clone();
    assert_eq!(result, Some(CallResult::Other("fax".to_owned())));
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!((&written["status"], &written["a_new_field"]), (&json!("paused"), &json!({"x": [1]})));
    assert_eq!(written["metadata"]["a_new_field"], 7);
    assert_eq!(serde_json::from_value::<Conversation>(written).unwrap(), read);
}

#[test]
fn summaries_are_read_with_and_without_words() {
    let summary = |name: &str| -> Summary { serde_json::from_slice(&data(&format!("rest/{name}.json"))).unwrap() };
    let whole = summary("get_conversation_summary");
    assert_eq!((whole.messages.len(), whole.message_count, whole.messages_omitted), (5, Some(5), false));
    let omitted = summary("get_conversation_summary_omitted");
    assert_eq!((omitted.messages.len(), omitted.message_count, omitted.messages_omitted), (0, Some(180), true));
    assert_eq!(omitted.transcript_summary, whole.transcript_summary);
}

#[test]
fn a_batch_tells_what_became_of_each() {
    let batch: Batch = serde_json::from_slice(&data("rest/batch_get_completed.json")).unwrap();
    assert_eq!((&batch.status, batch.agent_name.as_deref()), (&BatchStatus::Completed, Some("Ana")));
    let states: Vec<_> = batch.recipients.iter().map(|recipient| recipient.status.clone()).collect();
    assert_eq!(states, [RecipientStatus::Completed, RecipientStatus::Voicemail, RecipientStatus::Failed]);
    assert_eq!(batch.recipients[2].conversation_id, None);
    let told = batch.recipients[0].conversation_initiation_client_data.as_ref().unwrap();
    assert_eq!(told.dynamic_variables["client_name"], "Marta Ruiz");
}

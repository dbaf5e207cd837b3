//! ElevenLabs' agents as the toolkit sees them: what became of calls.

use comms_core::{CallOutcome, CallProgress, Speaker, TextAgent};
use comms_http::{ErrorKind, Outcome};
use elevenlabs_client::ElevenLabsAgent;
use serde_json::{Value, json};

use crate::support::{Answer, Script, answer, client, data, json, ok, stored};

const CONVERSATION: &str = "conv_0000test0000conv0000000001";

fn agent(answers: impl IntoIterator<Item = Answer>) -> (ElevenLabsAgent, std::sync::Arc<Script>) {
    let (client, script) = client(answers);
    (ElevenLabsAgent::new(client), script)
}

/// A recorded conversation that was not one of a batch.
fn alone(name: &str) -> Value {
    let mut conversation = json(&format!("rest/{name}.json"));
    conversation["metadata"]["batch_call"] = json!(null);
    conversation
}

async fn outcome(conversation: &Value) -> CallOutcome {
    // The summary is asked for where words are missing; there is none.
    let gone = answer(404, data("errors/404_not_found.json").to_vec());
    let (agent, _) = agent([ok(conversation), gone]);
    agent.call(CONVERSATION).await.unwrap().outcome
}

#[tokio::test]
async fn a_call_that_took_place_is_told_with_all_that_is_known() {
    let (agent, script) = agent([stored("get_conversation_done"), stored("batch_get_completed")]);
    assert_eq!(agent.provider(), "elevenlabs");
    let call = agent.call(CONVERSATION).await.unwrap();
    assert_eq!(
        (call.conversation.as_str(), call.progress, call.outcome),
        (CONVERSATION, CallProgress::Done, CallOutcome::Talked)
    );
    assert_eq!((call.agent_name.as_deref(), call.phone.as_deref()), (Some("Ana"), Some("+15550001111")));
    assert_eq!((call.duration_secs, call.started_at.unwrap().unix_timestamp()), (Some(27), 1_767_225_600));
    assert!(call.summary.unwrap().contains("Thursday") && !call.text_only);
    // A turn of tools has no words.
    assert_eq!(call.transcript.len(), 5);
    assert_eq!((call.transcript[1].speaker, call.transcript[1].text.as_str()), (Speaker::Person, "Sí, soy yo."));
    let batch = call.batch.unwrap();
    assert_eq!((batch.batch.as_str(), batch.recipient.as_deref()), ("btcal_test1", Some("rcpt_test1")));
    // ElevenLabs' own variables are none of the business's.
    assert_eq!(Value::from(call.variables), json!({"client_name": "Marta Ruiz", "order_id": "4521"}));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn where_the_transcript_is_deleted_the_summary_says_it() {
    let summary = stored("get_conversation_summary");
    let (agent, script) = agent([ok(&alone("get_conversation_transcript_deleted")), summary]);
    let call = agent.call(CONVERSATION).await.unwrap();
    assert_eq!((call.outcome, call.transcript.len()), (CallOutcome::Talked, 5));
    assert!(script.urls()[1].contains("/summary?max_messages="));
}

#[tokio::test]
async fn where_the_summary_is_gone_as_well_the_call_is_told_all_the_same() {
    let mut conversation = alone("get_conversation_transcript_deleted");
    conversation["analysis"] = json!(null);
    let gone = answer(404, data("errors/404_not_found.json").to_vec());
    let (agent, _) = agent([ok(&conversation), gone]);
    let call = agent.call(CONVERSATION).await.unwrap();
    // Words of the person were counted.
    assert_eq!((call.outcome, call.summary, call.transcript.len()), (CallOutcome::Talked, None, 0));
}

#[tokio::test]
async fn the_batch_knows_that_a_machine_answered() {
    let mut conversation = json("rest/get_conversation_done.json");
    conversation["metadata"]["batch_call"]["batch_call_recipient_id"] = json!("rcpt_test2");
    let (first, script) = agent([ok(&conversation), stored("batch_get_completed"), ok(&conversation)]);
    assert_eq!(first.call(CONVERSATION).await.unwrap().outcome, CallOutcome::Voicemail);
    // It is not asked again for each of its calls.
    assert_eq!(first.call(CONVERSATION).await.unwrap().outcome, CallOutcome::Voicemail);
    assert_eq!(script.requests().len(), 3);

    conversation["metadata"]["batch_call"]["batch_call_recipient_id"] = json!("rcpt_test3");
    let (second, _) = agent([ok(&conversation), stored("batch_get_completed")]);
    assert_eq!(second.call(CONVERSATION).await.unwrap().outcome, CallOutcome::Failed);

    let mut batch = json("rest/batch_get_completed.json");
    batch["recipients"][2]["status"] = json!("fax");
    let (third, _) = agent([ok(&conversation), ok(&batch)]);
    assert_eq!(third.call(CONVERSATION).await.unwrap().outcome, CallOutcome::Unknown);

    let gone = answer(404, data("errors/404_not_found.json").to_vec());
    let (fourth, _) = agent([ok(&conversation), gone]);
    assert_eq!(fourth.call(CONVERSATION).await.unwrap().outcome, CallOutcome::Talked);
}

#[tokio::test]
async fn the_carrier_knows_best() {
    let results = [
        ("answered", CallOutcome::Talked),
        ("voicemail", CallOutcome::Voicemail),
        ("busy", CallOutcome::Busy),
        ("no_answer", CallOutcome::NoAnswer),
        ("failed", CallOutcome::Failed),
        ("something_new", CallOutcome::Unknown),
    ];
    for (result, expected) in results {
        let mut conversation = json("rest/get_conversation_done.json");
        conversation["metadata"]["phone_call"]["call_result"] = json!(result);
        let (agent, script) = agent([ok(&conversation)]);
        assert_eq!(agent.call(CONVERSATION).await.unwrap().outcome, expected, "{result}");
        // And the batch need not be asked.
        assert_eq!(script.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_call_that_failed_says_why_where_its_words_do() {
    let reasons = [
        ("Internal error", CallOutcome::Failed),
        ("Line busy", CallOutcome::Busy),
        ("no-answer", CallOutcome::NoAnswer),
        ("Voicemail detected", CallOutcome::Voicemail),
    ];
    for (reason, expected) in reasons {
        let mut conversation = alone("get_conversation_failed");
        conversation["metadata"]["error"]["reason"] = json!(reason);
        assert_eq!(outcome(&conversation).await, expected, "{reason}");
    }
}

#[tokio::test]
async fn who_said_nothing_was_not_talked_to() {
    let mut silent = alone("get_conversation_done");
    silent["transcript"] = json!([{"role": "agent", "message": "Hola, ¿hay alguien?"}]);
    assert_eq!(outcome(&silent).await, CallOutcome::Unknown);
    let mut machine = alone("get_conversation_done");
    machine["transcript"][4]["tool_calls"] = json!([{"tool_name": "voicemail_detection"}]);
    assert_eq!(outcome(&machine).await, CallOutcome::Voicemail);
    let mut counted = alone("get_conversation_transcript_deleted");
    counted["user_message_count"] = json!(0);
    assert_eq!(outcome(&counted).await, CallOutcome::Unknown);
}

#[tokio::test]
async fn each_state_is_told_apart_and_a_new_one_does_not_end() {
    let states = [
        ("initiated", CallProgress::InProgress),
        ("in-progress", CallProgress::InProgress),
        ("processing", CallProgress::Processing),
        ("done", CallProgress::Done),
        ("failed", CallProgress::Failed),
        ("paused", CallProgress::Processing),
    ];
    for (state, expected) in states {
        let mut conversation = alone("get_conversation_done");
        conversation["status"] = json!(state);
        let (agent, _) = agent([ok(&conversation)]);
        assert_eq!(agent.call(CONVERSATION).await.unwrap().progress, expected, "{state}");
    }
}

#[tokio::test]
async fn what_was_written_is_no_call() {
    let (first, _) = agent([stored("get_conversation_text_only")]);
    assert!(first.call(CONVERSATION).await.unwrap().text_only);
    // Nor is what we held ourselves, whatever the agent's settings made of it.
    let mut ours = alone("get_conversation_done");
    ours["conversation_initiation_client_data"]["source_info"] = json!({"source": "elevenlabs-client"});
    let (second, _) = agent([ok(&ours)]);
    assert!(second.call(CONVERSATION).await.unwrap().text_only);
}

#[tokio::test]
async fn numbers_are_told_in_one_way() {
    for (number, expected) in
        [("15550001111", Some("+15550001111")), ("+1 (555) 000-1111", Some("+15550001111")), ("anonymous", None)]
    {
        let mut conversation = alone("get_conversation_done");
        conversation["metadata"]["phone_call"]["external_number"] = json!(number);
        let (agent, _) = agent([ok(&conversation)]);
        assert_eq!(agent.call(CONVERSATION).await.unwrap().phone.as_deref(), expected, "{number}");
    }
}

#[tokio::test]
async fn what_may_be_asked_again_says_so() {
    let meanings = [
        (401, "401_unauthorized.json", ErrorKind::Unauthenticated, Outcome::NotSent),
        (404, "404_not_found.json", ErrorKind::InvalidRequest, Outcome::Rejected),
        (422, "422_fastapi_list.json", ErrorKind::InvalidRequest, Outcome::Rejected),
    ];
    for (status, name, kind, outcome) in meanings {
        let (agent, _) = agent([answer(status, data(&format!("errors/{name}")).to_vec())]);
        let error = agent.call(CONVERSATION).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{name}");
    }
    let bad = || answer(502, data("errors/502_html.txt").to_vec());
    let (third, _) = agent([bad(), bad(), bad()]);
    let error = third.call(CONVERSATION).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Provider, Outcome::NotSent));
    let (fourth, _) = agent([answer(200, "[]")]);
    let error = fourth.call(CONVERSATION).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Rejected));
}

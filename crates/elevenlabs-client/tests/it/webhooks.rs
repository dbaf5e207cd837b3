//! What a webhook says.

use bytes::Bytes;
use comms_http::{ErrorKind, WebhookRequest};
use elevenlabs_client::{
    ClientData,
    model::conversation::ConversationStatus,
    webhook::{FailureReason, InitiationRequest, InitiationVerifier, PostCall, Webhook},
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{data, json, names, post, verifier};

const CONVERSATION: &str = "conv_0000test0000conv0000000001";

fn read(name: &str) -> Webhook {
    verifier().verify(&post(data(&format!("webhooks/{name}.json")))).unwrap().parse()
}

fn post_call(name: &str) -> PostCall {
    match read(name) {
        Webhook::PostCall(call) => *call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_recorded_webhook_is_read_and_has_its_key() {
    let events: Vec<_> = names("webhooks")
        .into_iter()
        .filter(|name| !name.starts_with("signature") && !name.starts_with("conv"))
        .collect();
    assert_eq!(events.len(), 9);
    for name in events {
        let webhook = read(name.trim_end_matches(".json"));
        assert!(!matches!(webhook, Webhook::Unreadable(_) | Webhook::OpenTelemetry), "{name}");
        assert_eq!(webhook.kind(), json(&format!("webhooks/{name}"))["type"], "{name}");
        assert_eq!(webhook.conversation_id(), Some(CONVERSATION), "{name}");
        assert_eq!(webhook.key(), Some(format!("{}:{CONVERSATION}", webhook.kind())));
        assert_eq!(webhook.agent_id(), Some("agent_0000test0000agent0000000001"), "{name}");
    }
}

#[test]
fn a_call_that_ended_is_the_conversation() {
    let told = post_call("post_call_transcription");
    assert_eq!((told.at.unwrap().unix_timestamp(), told.unredacted), (1_767_225_630, false));
    let call = told.conversation;
    assert_eq!((call.status.clone(), call.metadata.call_duration_secs), (ConversationStatus::Done, Some(27)));
    assert_eq!(call.phone(), Some("+15550001111"));
    assert!(call.summary().unwrap().contains("Thursday"));
    assert_eq!(call.transcript.len(), 6);
    let batch = call.metadata.batch_call.unwrap();
    assert_eq!((batch.batch_call_id.as_str(), batch.batch_call_recipient_id.as_str()), ("btcal_test1", "rcpt_test1"));
}

#[test]
fn a_transcript_that_is_left_out_leaves_the_summary() {
    let call = post_call("post_call_transcription_exclude_transcript").conversation;
    assert!(call.transcript.is_empty() && !call.is_transcript_deleted());
    assert!(call.summary().is_some());
}

#[test]
fn a_time_may_be_a_text_and_a_field_may_be_new() {
    let told = post_call("post_call_transcription_string_ts_minimal");
    assert_eq!(told.at.unwrap().unix_timestamp(), 1_767_225_630);
    assert_eq!(told.conversation.other["a_field_added_next_year"], json!({"x": 1}));
    assert_eq!(told.conversation.summary(), None);
}

#[test]
fn a_recording_is_decoded_when_it_is_asked_for() {
    let Webhook::Audio(audio) = read("post_call_audio") else { panic!() };
    assert_eq!(audio.conversation_id, CONVERSATION);
    let bytes = audio.decode(1_000).unwrap();
    assert!(bytes.starts_with(b"ID3") && bytes.len().abs_diff(audio.length()) <= 3);
    assert_eq!(audio.decode(10).unwrap_err().field_name(), Some("full_audio"));
    assert!(!format!("{audio:?}").contains("SUQz"));
}

#[test]
fn a_recording_is_a_part_of_the_body_and_no_copy_of_it() {
    let body: Bytes = data("webhooks/post_call_audio.json");
    let Webhook::Audio(audio) = Webhook::read(&body) else { panic!() };
    drop(audio.clone());
    let escaped = br#"{"type":"post_call_audio","data":{"conversation_id":"c","agent_id":"a","full_audio":"\/\/uQ"}}"#;
    let Webhook::Audio(audio) = Webhook::read(&Bytes::from_static(escaped)) else { panic!() };
    assert_eq!(audio.decode(100).unwrap(), [0xff, 0xfb, 0x90]);
    let broken = br#"{"type":"post_call_audio","data":{"conversation_id":"c","full_audio":"?"}}"#;
    let Webhook::Audio(audio) = Webhook::read(&Bytes::from_static(broken)) else { panic!() };
    assert_eq!(audio.decode(100).unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn a_call_that_could_not_be_begun_says_why() {
    let reasons = [
        ("call_initiation_failure_twilio_busy", FailureReason::Busy, Some("+15550001111"), "twilio"),
        ("call_initiation_failure_twilio_no-answer", FailureReason::NoAnswer, Some("+15550001111"), "twilio"),
        ("call_initiation_failure_twilio_unknown", FailureReason::Unknown, Some("+15550001111"), "twilio"),
        ("call_initiation_failure_sip", FailureReason::Busy, None, "sip"),
    ];
    for (name, reason, phone, carrier) in reasons {
        let Webhook::InitiationFailure(failure) = read(name) else { panic!("{name}") };
        assert_eq!((&failure.failure_reason, failure.phone()), (&reason, phone), "{name}");
        assert_eq!(failure.carrier.as_deref(), Some(carrier));
        assert!(failure.call_sid().is_some(), "{name}");
    }
}

#[test]
fn a_new_type_is_kept_as_it_came() {
    let Webhook::Other(event) = read("unknown_future_type") else { panic!() };
    assert_eq!(
        (event.kind.as_str(), &event.data["result"]),
        ("answering_machine_detection", &json!("machine_end_beep"))
    );
}

#[test]
fn a_known_type_that_is_not_what_it_says_is_kept_as_it_came() {
    for kind in ["post_call_transcription", "post_call_audio", "call_initiation_failure"] {
        let body = json!({"type": kind, "event_timestamp": {}, "data": {"conversation_id": 7, "full_audio": []}});
        let Webhook::Other(event) = Webhook::read(&body.to_string().into()) else { panic!("{kind}") };
        assert_eq!((event.kind.as_str(), event.data["conversation_id"].as_i64(), event.at), (kind, Some(7), None));
    }
}

#[test]
fn a_trace_is_named() {
    let traces = [
        json!({"resourceSpans": []}),
        json!({"type": "post_call_transcription", "event_timestamp": 1, "data": {"resourceSpans": [{}]}}),
    ];
    for body in traces {
        assert_eq!(Webhook::read(&body.to_string().into()), Webhook::OpenTelemetry);
    }
}

#[test]
fn what_is_no_webhook_says_so() {
    for body in ["", "null", "5", "[]", "{", "{}", "{\"type\":\"\"}", "{\"type\":7}", "this is not JSON"] {
        assert!(matches!(Webhook::read(&body.as_bytes().to_vec().into()), Webhook::Unreadable(_)), "{body}");
    }
}

#[test]
fn the_request_for_a_calls_data_carries_a_header_of_ones_choice() {
    let verifier = InitiationVerifier::new("x-service-token", "an-invented-token").unwrap();
    let body = data("webhooks/conversation_initiation_request.json");
    let request = WebhookRequest::post("https://example.org/initiation", body);
    let asked = verifier.verify(&request.clone().header("x-service-token", "an-invented-token")).unwrap();
    assert_eq!((asked.caller_id.as_str(), asked.called_number.as_str()), ("+15550001111", "+15550002222"));
    for wrong in [request.clone(), request.header("x-service-token", "another")] {
        assert_eq!(verifier.verify(&wrong).unwrap_err().kind(), ErrorKind::InvalidSignature);
    }
    assert!(InitiationVerifier::new("x-service-token", "").is_err());
    assert!(!format!("{verifier:?}").contains("invented"));
    for body in ["", "{}", "[]", r#"{"caller_id":"+1"}"#, r#"{"agent_id":"a"}"#] {
        assert_eq!(InitiationRequest::read(body.as_bytes()).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
}

#[test]
fn the_answer_to_it_is_as_recorded() {
    let answer =
        ClientData::new().variable("client_name", "Marta Ruiz").variable("last_channel", "whatsapp").language("es");
    assert_eq!(answer.frame().unwrap(), json("webhooks/conversation_initiation_response.json"));
}

proptest! {
    #[test]
    fn whatever_is_told_is_read_somehow(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(Webhook::read(&body.into()));
    }

    #[test]
    fn whatever_a_field_is_its_neighbours_are_read(value in strange(), at in 0_usize..8) {
        let mut body = json("webhooks/post_call_transcription.json");
        let fields = ["status", "metadata", "analysis", "transcript", "has_audio", "user_id", "agent_name", "conversation_initiation_client_data"];
        body["data"][fields[at]] = value;
        let Webhook::PostCall(call) = Webhook::read(&body.to_string().into()) else { panic!() };
        prop_assert_eq!(call.conversation.conversation_id, CONVERSATION);
        prop_assert_eq!(call.conversation.agent_id, "agent_0000test0000agent0000000001");
    }
}

fn strange() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(7)),
        Just(json!("text")),
        Just(json!([1, {"role": 3}])),
        Just(json!({"phone_call": 7, "start_time_unix_secs": "soon", "batch_call": {"batch_call_id": 1}})),
        Just(json!(true)),
    ]
}

//! Each kind of webhook is told by its parameters and taken apart without loss.

use comms_http::WebhookRequest;
use serde_json::{Value, json};
use twilio_core::Params;
use twilio_voice::{
    model::{
        call::{AnsweredBy, CallStatus, Direction},
        recording::{RecordingSource, RecordingStatus},
    },
    webhook::{self, Verifier, Webhook},
};

use crate::support::{ACCOUNT, CALL, CALLBACK, CHILD, NUMBER, PERSON, RECORDING, TOKEN, posted, signed};

fn parse(params: &[(&str, &str)]) -> Webhook {
    webhook::parse(&Verifier::new(ACCOUNT, TOKEN).unwrap().verify(&posted(CALLBACK, params)).unwrap())
}

/// The parameters that a call has in every webhook, and these.
fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let call = [("AccountSid", ACCOUNT), ("CallSid", CALL), ("From", PERSON), ("To", NUMBER), ("Direction", "inbound")];
    [&call[..], more].concat()
}

#[test]
fn each_kind_is_told_by_its_parameters() {
    let url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1";
    let kinds: [(&str, Vec<(&str, &str)>); 18] = [
        ("request", with(&[("CallStatus", "ringing")])),
        ("request", with(&[("CallStatus", "in-progress"), ("AnsweredBy", "human"), ("MachineDetectionDuration", "9")])),
        ("request", vec![("AccountSid", ACCOUNT), ("CallSid", CALL)]),
        ("status", with(&[("CallStatus", "ringing"), ("SequenceNumber", "1")])),
        ("status", with(&[("CallStatus", "initiated")])),
        ("status", with(&[("CallStatus", "busy")])),
        // The caller hung up in a queue.
        ("request", with(&[("CallStatus", "completed"), ("QueueResult", "hangup"), ("QueueTime", "12")])),
        // Both name a recording.
        ("status", with(&[("CallStatus", "completed"), ("CallDuration", "3"), ("RecordingUrl", url)])),
        ("record_action", with(&[("CallStatus", "completed"), ("RecordingUrl", url), ("Digits", "hangup")])),
        ("recording", vec![("CallSid", CALL), ("RecordingStatus", "completed"), ("RecordingUrl", url)]),
        ("dial_action", with(&[("CallStatus", "completed"), ("DialCallStatus", "busy"), ("RecordingUrl", url)])),
        ("gather", with(&[("CallStatus", "in-progress"), ("Digits", "")])),
        ("gather", with(&[("CallStatus", "in-progress"), ("SpeechResult", "sí")])),
        ("amd", vec![("CallSid", CALL), ("AnsweredBy", "fax"), ("MachineDetectionDuration", "3500")]),
        ("transcription", with(&[("TranscriptionSid", "TR1"), ("RecordingUrl", url), ("CallStatus", "completed")])),
        ("conversation_relay", with(&[("SessionId", "VX1"), ("SessionStatus", "ended"), ("HandoffData", "{}")])),
        ("debugger", vec![("AccountSid", ACCOUNT), ("Payload", "{}"), ("Level", "ERROR")]),
        ("other", vec![("MessageSid", "SM1"), ("MessageStatus", "sent")]),
    ];
    for (kind, params) in kinds {
        assert_eq!(parse(&params).name(), kind, "{params:?}");
    }
}

#[test]
fn a_request_is_taken_apart() {
    let Webhook::Request(request) = parse(&[
        ("CallSid", CALL),
        ("From", "client:ana"),
        ("To", PERSON),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("lead_id", "42"),
        ("FromCity", ""),
        ("Called", ""),
        ("StirVerstat", "TN-Validation-Passed-A"),
    ]) else {
        panic!("not a request");
    };
    assert_eq!(
        (request.call.client_identity(), request.call.direction.clone()),
        (Some("ana"), Some(Direction::Inbound))
    );
    assert_eq!(request.parameters().collect::<Vec<_>>(), [("lead_id", "42")]);
    // Blank says as little as absent, and is kept all the same.
    assert_eq!((request.call.called.as_deref(), &request.extra["Called"]), (None, &json!("")));
}

#[test]
fn a_status_is_taken_apart() {
    let Webhook::Status(status) = parse(&with(&[
        ("ParentCallSid", CHILD),
        ("CallStatus", "paused-by-martians"),
        ("SequenceNumber", "3"),
        ("CallDuration", "61"),
        ("Duration", "2"),
        ("Timestamp", "Fri, 02 Jan 2026 15:04:05 +0000"),
        ("AnsweredBy", "machine_end_beep"),
    ])) else {
        panic!("not a status");
    };
    assert_eq!(status.call.call_status, Some(CallStatus::Other("paused-by-martians".into())));
    assert_eq!((status.call_duration, status.duration, status.sequence_number), (Some(61), Some(2), Some(3)));
    assert_eq!(status.timestamp.unwrap().at().unwrap().unix_timestamp(), 1_767_366_245);
    assert_eq!(
        (status.call.root_sid(), status.call.answered_by.clone()),
        (Some(CHILD), Some(AnsweredBy::MachineEndBeep))
    );
}

#[test]
fn what_cannot_be_read_stays_as_it_came() {
    let Webhook::Status(status) = parse(&with(&[
        ("CallStatus", "completed"),
        ("CallDuration", "a while"),
        ("Duration", "007"),
        ("SequenceNumber", "1"),
        ("SequenceNumber", "2"),
    ])) else {
        panic!("not a status");
    };
    assert_eq!((status.call_duration, status.duration, status.sequence_number), (None, None, None));
    let kept = json!({ "CallDuration": "a while", "Duration": "007", "SequenceNumber": ["1", "2"] });
    assert_eq!(Value::Object(status.extra), kept);
}

#[test]
fn a_recording_names_only_its_call() {
    let Webhook::Recording(recording) = parse(&[
        ("CallSid", CALL),
        ("RecordingSid", RECORDING),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "42"),
        ("RecordingChannels", "2"),
        ("RecordingSource", "DialVerb"),
        ("ErrorCode", "0"),
    ]) else {
        panic!("not a recording");
    };
    assert_eq!(recording.recording_status, Some(RecordingStatus::Completed));
    assert_eq!((recording.recording_duration, recording.recording_channels), (Some(42), Some(2)));
    assert_eq!(recording.recording_source, Some(RecordingSource::DialVerb));
}

#[test]
fn a_fallback_is_the_request_that_failed_elsewhere() {
    let failed = [("ErrorCode", "11200"), ("ErrorUrl", "https://example.com/voz")];
    let Webhook::Fallback(fallback) = parse(&with(&[failed[0], failed[1], ("CallStatus", "ringing")])) else {
        panic!("not a fallback");
    };
    assert_eq!((fallback.error_code.as_deref(), fallback.of.name()), (Some("11200"), "request"));
    for params in [with(&[("ErrorCode", "1"), ("ErrorUrl", "")]), vec![("ErrorCode", "1"), ("ErrorUrl", "")]] {
        assert_lossless(&params);
    }
    let message = parse(&[failed[0], failed[1], ("MessageSid", "SM1")]);
    assert!(matches!(message, Webhook::Fallback(fallback) if fallback.of.name() == "other"));
}

/// Written again, a webhook is exactly the parameters that came.
fn assert_lossless(params: &[(&str, &str)]) {
    let read = parse(params);
    assert_eq!(texts(&serde_json::to_value(&read).unwrap()), sent(params), "{read:?}");
}

fn sent(params: &[(&str, &str)]) -> Value {
    Value::Object(params.iter().copied().collect::<Params>().to_map())
}

/// Numbers and flags as the texts that they came as.
fn texts(value: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
        other => other.clone(),
    };
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[test]
fn no_parameter_is_lost_whatever_it_holds() {
    let names = [
        "CallSid",
        "ParentCallSid",
        "From",
        "To",
        "Called",
        "CallStatus",
        "Direction",
        "SequenceNumber",
        "CallDuration",
        "Timestamp",
        "DialCallStatus",
        "DialBridged",
        "DialCallDuration",
        "RecordingUrl",
        "RecordingSid",
        "RecordingStatus",
        "RecordingDuration",
        "Digits",
        "Confidence",
        "AnsweredBy",
        "MachineDetectionDuration",
        "TranscriptionText",
        "SessionId",
        "SessionStatus",
        "ErrorCode",
        "ErrorUrl",
        "Payload",
        "Brand-New",
    ];
    let values = ["", " ", "0", "1", "01", "-1", "true", "completed", "client:ana", "ñ 👍", "<a&b>\u{0}"];
    proptest::proptest!(|(picked in proptest::collection::vec((0..names.len(), 0..values.len()), 1..14))| {
        let params: Vec<_> = picked.iter().map(|(name, value)| (names[*name], values[*value])).collect();
        assert_lossless(&params);
    });
}

#[test]
fn json_and_what_is_nothing_are_kept() {
    let verifier = Verifier::new(ACCOUNT, TOKEN).unwrap();
    let read = |body: &str| {
        let url = format!("{CALLBACK}?bodySHA256={}", comms_http::signature::sha256_hex(body.as_bytes()));
        let signature = webhook::sign(&TOKEN.into(), &url, []);
        let request = WebhookRequest::post(url, body.to_owned())
            .header("content-type", "application/json")
            .header(webhook::SIGNATURE_HEADER, &signature);
        webhook::parse(&verifier.verify(&request).unwrap())
    };
    let event = json!({ "specversion": "1.0", "id": "EZ1" });
    assert_eq!(read(&json!([event, event]).to_string()), Webhook::Events(vec![event.clone(), event.clone()]));
    assert_eq!(read(&event.to_string()), Webhook::Events(vec![event]));
    assert_eq!(read(r#"{"a":1}"#), Webhook::Other(json!({ "a": 1 })));
    assert_eq!(read("{broken"), Webhook::Other(json!("{broken")));
    let empty = verifier.verify(&signed(CALLBACK, "")).unwrap();
    assert_eq!(webhook::parse(&empty), Webhook::Other(json!({})));
}

#[test]
fn debug_shows_no_number_and_nobodys_words() {
    let told = [
        parse(&with(&[("CallStatus", "ringing"), ("CallerName", "ANA PEREZ")])),
        parse(&with(&[("CallStatus", "in-progress"), ("SpeechResult", "mi clave es siete")])),
        parse(&with(&[("TranscriptionText", "mi clave es siete"), ("TranscriptionSid", "TR1")])),
        parse(&with(&[("ErrorCode", "11200"), ("ErrorUrl", "https://example.com/?n=+34600000001")])),
        parse(&[("From", PERSON)]),
    ];
    for webhook in told {
        let shown = format!("{webhook:?}");
        for hidden in ["600000001", "5005550006", "PEREZ", "clave"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(webhook.name() == "other" || shown.contains(CALL), "{shown}");
    }
}

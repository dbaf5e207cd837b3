//! Each operation makes the request that Twilio documents, and reads its answer.

use comms_http::{ErrorKind, Outcome};
use futures_util::TryStreamExt;
use http::Method;
use serde_json::json;
use time::macros::{date, datetime};
use twilio_voice::{
    api::{
        calls::{CallFilter, CallUpdate, NewCall},
        recordings::{DownloadOptions, NewRecording, RecordingFilter},
        streams::NewStream,
    },
    model::{
        call::{CallEvent, CallStatus, MachineDetection, Method as HookMethod},
        recording::{Format, PauseBehavior, RecordingChannels, RecordingEvent, RecordingStatus, RecordingTrack, Trim},
        stream::StreamTrack,
    },
};

use crate::support::{ACCOUNT, Answer, CALL, NUMBER, PERSON, RECORDING, answer, client, form, ok, pairs};

const BASE: &str = "/2010-04-01/Accounts/AC00000000000000000000000000000001";

#[tokio::test]
async fn a_call_is_placed_with_what_was_said_and_nothing_else() {
    let (client, script) = client([answer(201, json!({ "sid": CALL, "status": "queued" }).to_string())]);
    let call = NewCall::new(PERSON, NUMBER)
        .url("https://example.com/voz?message=1")
        .status_callback("https://example.com/voz")
        .status_callback_event([CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed])
        .timeout(25_u32);
    let placed = client.calls().create(&call).await.unwrap();
    assert_eq!((placed.sid.as_deref(), placed.status), (Some(CALL), Some(CallStatus::Queued)));
    let request = script.only();
    assert_eq!((request.method.clone(), request.url.path()), (Method::POST, format!("{BASE}/Calls.json").as_str()));
    let expected = [
        ("To", PERSON),
        ("From", NUMBER),
        ("Url", "https://example.com/voz?message=1"),
        ("StatusCallback", "https://example.com/voz"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
        ("Timeout", "25"),
    ];
    assert_eq!(form(&request), pairs(&expected));
}

#[tokio::test]
async fn every_parameter_of_a_call_has_twilios_name() {
    let (client, script) = client([ok(&json!({ "sid": CALL }))]);
    client.calls().create(&everything()).await.unwrap();
    let sent = form(&script.only());
    let names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
    let documented = [
        "To",
        "From",
        "Url",
        "Twiml",
        "ApplicationSid",
        "Method",
        "FallbackUrl",
        "FallbackMethod",
        "StatusCallback",
        "StatusCallbackEvent",
        "StatusCallbackMethod",
        "SendDigits",
        "Timeout",
        "Record",
        "RecordingChannels",
        "RecordingStatusCallback",
        "RecordingStatusCallbackMethod",
        "RecordingStatusCallbackEvent",
        "RecordingTrack",
        "SipAuthUsername",
        "SipAuthPassword",
        "MachineDetection",
        "MachineDetectionTimeout",
        "MachineDetectionSpeechThreshold",
        "MachineDetectionSpeechEndThreshold",
        "MachineDetectionSilenceTimeout",
        "AsyncAmd",
        "AsyncAmdStatusCallback",
        "AsyncAmdStatusCallbackMethod",
        "Trim",
        "CallerId",
        "Byoc",
        "CallReason",
        "CallToken",
        "TimeLimit",
        "ClientNotificationUrl",
    ];
    assert_eq!(names, documented);
    let shown = format!("{:?}", everything());
    assert!(!shown.contains(PERSON) && !shown.contains("sip-secret"), "{shown}");
}

fn everything() -> NewCall {
    NewCall::new(PERSON, NUMBER)
        .url("https://example.com/a")
        .twiml("<Response/>")
        .application_sid("AP00000000000000000000000000000001")
        .method(HookMethod::Get)
        .fallback_url("https://example.com/b")
        .fallback_method(HookMethod::Post)
        .status_callback("https://example.com/c")
        .status_callback_event([CallEvent::Completed])
        .status_callback_method(HookMethod::Post)
        .send_digits("wW12#*A")
        .timeout(600_u32)
        .record(true)
        .recording_channels(RecordingChannels::Dual)
        .recording_status_callback("https://example.com/d")
        .recording_status_callback_method(HookMethod::Post)
        .recording_status_callback_event([RecordingEvent::Absent])
        .recording_track(RecordingTrack::Both)
        .sip_auth_username("sip-user")
        .sip_auth_password("sip-secret")
        .machine_detection(MachineDetection::DetectMessageEnd)
        .machine_detection_timeout(30_u32)
        .machine_detection_speech_threshold(2_400_u32)
        .machine_detection_speech_end_threshold(1_200_u32)
        .machine_detection_silence_timeout(5_000_u32)
        .async_amd(true)
        .async_amd_status_callback("https://example.com/e")
        .async_amd_status_callback_method(HookMethod::Post)
        .trim(Trim::DoNotTrim)
        .caller_id(NUMBER)
        .byoc("BY00000000000000000000000000000001")
        .call_reason("Cita")
        .call_token("{}")
        .time_limit(3_600_u32)
        .client_notification_url("https://example.com/f")
}

#[tokio::test]
async fn what_twilio_would_refuse_makes_no_request() {
    let call = || NewCall::new(PERSON, NUMBER).twiml("<Response/>");
    let refused = [
        (NewCall::new("", NUMBER).twiml("<Response/>"), "To"),
        (NewCall::new(PERSON, " ").twiml("<Response/>"), "From"),
        (NewCall::new(PERSON, NUMBER), "Url"),
        (NewCall::new(PERSON, NUMBER).twiml("x".repeat(4_001)), "Twiml"),
        (call().url("no address"), "Url"),
        (call().status_callback("https://under_score.example.com/"), "StatusCallback"),
        (call().recording_status_callback("ftp://example.com/"), "RecordingStatusCallback"),
        (call().timeout(601_u32), "Timeout"),
        (call().timeout(0_u32), "Timeout"),
        (call().send_digits("call me"), "SendDigits"),
        (call().send_digits("1".repeat(33)), "SendDigits"),
        (call().machine_detection_timeout(2_u32), "MachineDetectionTimeout"),
        (call().machine_detection_speech_threshold(999_u32), "MachineDetectionSpeechThreshold"),
    ];
    let (client, script) = client([]);
    for (call, field) in refused {
        let error = client.calls().create(&call).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::Rejected), "{field}");
        assert_eq!((error.field_name(), error.operation_name()), (Some(field), Some("calls.create")));
    }
    let nothing = client.calls().update(CALL, &CallUpdate::new()).await.unwrap_err();
    assert_eq!(nothing.field_name(), Some("Status"));
    let ringing = client.calls().update(CALL, &CallUpdate::new().status(CallStatus::Ringing)).await.unwrap_err();
    assert_eq!(ringing.field_name(), Some("Status"));
    for id in ["", "..", "CA1/../..", "CA1.json?x"] {
        assert_eq!(client.calls().fetch(id).await.unwrap_err().kind(), ErrorKind::InvalidRequest, "{id:?}");
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_call_that_ended_meanwhile_is_hung_up() {
    let over = json!({ "code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400 });
    let (client, script) = client([
        ok(&json!({ "sid": CALL, "status": "completed" })),
        answer(400, over.to_string()),
        answer(404, json!({ "code": 20404, "message": "not found", "status": 404 }).to_string()),
    ]);
    let calls = client.calls();
    assert_eq!(calls.hang_up(CALL).await.unwrap().unwrap().status, Some(CallStatus::Completed));
    assert!(calls.hang_up(CALL).await.unwrap().is_none());
    assert_eq!(calls.hang_up(CALL).await.unwrap_err().status(), Some(404));
    let first = &script.requests()[0];
    assert_eq!(first.url.path(), format!("{BASE}/Calls/{CALL}.json"));
    assert_eq!(form(first), pairs(&[("Status", "completed")]));
}

#[tokio::test]
async fn a_call_is_fetched_changed_and_deleted() {
    let known = || ok(&json!({ "sid": CALL, "status": "in-progress", "duration": "4", "brand_new": [1] }));
    let (client, script) = client([known(), known(), answer(204, "")]);
    let call = client.calls().fetch(CALL).await.unwrap();
    assert_eq!((call.seconds(), call.extra["brand_new"].clone()), (Some(4), json!([1])));
    let update = CallUpdate::new().twiml("<Response><Hangup/></Response>").time_limit(60_u32);
    client.calls().update(CALL, &update).await.unwrap();
    client.calls().delete(CALL).await.unwrap();
    let requests = script.requests();
    assert_eq!(form(&requests[1]), pairs(&[("Twiml", "<Response><Hangup/></Response>"), ("TimeLimit", "60")]));
    assert_eq!(requests.iter().map(|it| it.method.as_str()).collect::<Vec<_>>(), ["GET", "POST", "DELETE"]);
}

#[tokio::test]
async fn lists_go_from_page_to_page_with_their_filter() {
    let next = format!("{BASE}/Calls.json?To=x&PageSize=2&Page=1&PageToken=PACA1");
    let (client, script) = client([
        ok(&json!({ "calls": [{ "sid": CALL }, { "sid": "CA2" }], "next_page_uri": next })),
        ok(&json!({ "calls": [{ "sid": "CA3" }], "next_page_uri": null })),
    ]);
    let filter = CallFilter::new()
        .to(PERSON)
        .status(CallStatus::NoAnswer)
        .started_after(datetime!(2026-01-02 15:04:05 +1))
        .ended_on(date!(2026 - 01 - 03))
        .page_size(2_u32);
    let calls: Vec<_> = client.calls().list(&filter).unwrap().try_collect().await.unwrap();
    assert_eq!(calls.len(), 3);
    let requests = script.requests();
    let query: Vec<_> = requests[0].url.query_pairs().into_owned().collect();
    let expected = [
        ("To", PERSON),
        ("Status", "no-answer"),
        ("StartTime>", "2026-01-02T14:04:05Z"),
        ("EndTime", "2026-01-03T00:00:00Z"),
        ("PageSize", "2"),
    ];
    assert_eq!(query, pairs(&expected));
    assert!(requests[1].url.as_str().ends_with(&next));
    assert!(client.calls().list(&CallFilter::new().page_size(1_001_u32)).is_err());
}

#[tokio::test]
async fn recordings_are_listed_made_and_deleted() {
    let one = json!({ "sid": RECORDING, "call_sid": CALL, "status": "completed", "duration": "4", "channels": 2 });
    let list = || ok(&json!({ "recordings": [one], "next_page_uri": null }));
    let each = || ok(&one);
    let (client, script) = client([list(), list(), each(), each(), each(), each(), each(), answer(204, "")]);
    let recordings = client.recordings();
    let filter = RecordingFilter::new().created_on(date!(2026 - 01 - 02)).include_soft_deleted(true);
    let all: Vec<_> = recordings.list(&filter).unwrap().try_collect().await.unwrap();
    assert_eq!((all[0].seconds(), all[0].status.clone()), (Some(4), Some(RecordingStatus::Completed)));
    let of_call: Vec<_> = recordings.of_call(CALL).unwrap().try_collect().await.unwrap();
    assert_eq!(of_call.len(), 1);
    recordings.fetch(RECORDING).await.unwrap();
    let new = NewRecording::new().recording_channels(RecordingChannels::Dual).trim(Trim::TrimSilence);
    recordings.start(CALL, &new).await.unwrap();
    recordings.pause(CALL, None, Some(PauseBehavior::Skip)).await.unwrap();
    recordings.resume(CALL, Some(RECORDING)).await.unwrap();
    recordings.stop(CALL, Some(RECORDING)).await.unwrap();
    recordings.delete(RECORDING).await.unwrap();

    let requests = script.requests();
    let path = |at: usize| requests[at].url.path().strip_prefix(BASE).unwrap().to_owned();
    assert_eq!((path(0), path(1)), ("/Recordings.json".into(), format!("/Calls/{CALL}/Recordings.json")));
    assert_eq!(path(2), format!("/Recordings/{RECORDING}.json"));
    assert_eq!(form(&requests[3]), pairs(&[("RecordingChannels", "dual"), ("Trim", "trim-silence")]));
    assert_eq!(path(4), format!("/Calls/{CALL}/Recordings/Twilio.CURRENT.json"));
    assert_eq!(form(&requests[4]), pairs(&[("Status", "paused"), ("PauseBehavior", "skip")]));
    assert_eq!(path(5), format!("/Calls/{CALL}/Recordings/{RECORDING}.json"));
    assert_eq!(form(&requests[5]), pairs(&[("Status", "in-progress")]));
    assert_eq!(form(&requests[6]), pairs(&[("Status", "stopped")]));
    assert_eq!((requests[7].method.clone(), path(7)), (Method::DELETE, format!("/Recordings/{RECORDING}.json")));
}

fn sound(body: &str, headers: &[(&str, &str)]) -> Answer {
    headers.iter().fold(answer(200, body), |answer, (name, value)| answer.header(name, value))
}

#[tokio::test]
async fn a_recording_is_fetched_in_the_wanted_form_and_within_its_limit() {
    let audio = [("content-type", "audio/x-wav")];
    let (client, script) = client([
        sound("abc", &audio),
        sound("abcdef", &[("content-length", "6")]),
        sound("abcdef", &audio),
        sound("<html>", &[("content-type", "text/html; charset=utf-8")]),
        answer(404, json!({ "code": 20404, "message": "not found", "status": 404 }).to_string()),
    ]);
    let recordings = client.recordings();
    let dual = DownloadOptions::default().format(Format::Wav).dual();
    let download = recordings.download(RECORDING, &dual).await.unwrap();
    assert_eq!(download.content_type.as_deref(), Some("audio/x-wav"));
    let pieces: Vec<_> = download.body.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"abc");
    let url = script.only().url;
    assert_eq!(url.path(), format!("{BASE}/Recordings/{RECORDING}.wav"));
    assert_eq!(url.query(), Some("RequestedChannels=2"));

    let short = DownloadOptions::default().longest(5);
    let told = recordings.download(RECORDING, &short).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::InvalidRequest);
    let found = recordings.download(RECORDING, &short).await.unwrap();
    assert!(found.body.try_collect::<Vec<_>>().await.is_err());
    let page = recordings.download(RECORDING, &short).await.unwrap_err();
    assert_eq!(page.kind(), ErrorKind::Decode);
    assert_eq!(recordings.download(RECORDING, &short).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn a_stream_is_started_and_stopped_by_its_name() {
    let stream =
        || ok(&json!({ "sid": "MZ00000000000000000000000000000001", "name": "notes", "status": "in-progress" }));
    let (client, script) = client([stream(), stream()]);
    let new = NewStream::new("wss://example.com/sound")
        .name("notes")
        .track(StreamTrack::Both)
        .status_callback("https://example.com/s", HookMethod::Post)
        .parameter("lead", "42")
        .parameter("language", "es");
    client.streams().start(CALL, &new).await.unwrap();
    client.streams().stop(CALL, "notes").await.unwrap();
    let requests = script.requests();
    let expected = [
        ("Url", "wss://example.com/sound"),
        ("Name", "notes"),
        ("Track", "both_tracks"),
        ("StatusCallback", "https://example.com/s"),
        ("StatusCallbackMethod", "POST"),
        ("Parameter1.Name", "lead"),
        ("Parameter1.Value", "42"),
        ("Parameter2.Name", "language"),
        ("Parameter2.Value", "es"),
    ];
    assert_eq!(form(&requests[0]), pairs(&expected));
    assert_eq!(requests[1].url.path(), format!("{BASE}/Calls/{CALL}/Streams/notes.json"));
    assert_eq!(form(&requests[1]), pairs(&[("Status", "stopped")]));
}

#[tokio::test]
async fn errors_say_what_became_of_the_call() {
    let codes = [
        (21211, 400, ErrorKind::InvalidRecipient, Outcome::Rejected),
        (20003, 401, ErrorKind::Unauthenticated, Outcome::Rejected),
        (20429, 429, ErrorKind::RateLimited, Outcome::NotSent),
        (20500, 500, ErrorKind::Provider, Outcome::Unknown),
    ];
    for (code, status, kind, outcome) in codes {
        let body = json!({ "code": code, "message": "no", "status": status }).to_string();
        let (client, _) = client([answer(status, body)]);
        let error = client.calls().create(&NewCall::new(PERSON, NUMBER).twiml("<Response/>")).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{code}");
        assert_eq!(error.provider_code(), Some(&*code.to_string()));
        assert_eq!(error.provider_name(), Some("twilio"));
    }
    let (client, _) = client([answer(201, "{}")]);
    let error = client.calls().create(&NewCall::new(PERSON, NUMBER).twiml("<Response/>")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
    assert!(format!("{:?}", client.core()).contains(ACCOUNT));
}

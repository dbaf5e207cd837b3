//! What the webhooks of a call become: one record, whatever comes in whichever order.

use std::collections::{BTreeMap, BTreeSet};

use comms_core::{
    Address, AddressKind, Asked, Batch, Content, Event, EventKind, Inbound, MediaRef, MessageOrigin, Question, Status,
    StatusUpdate, StoredWebhook, WebhookId,
};
use comms_http::{Secret, WebhookRequest};
use http::Method;
use proptest::prelude::*;
use time::OffsetDateTime;
use twilio_core::callback;
use twilio_voice::{
    TwilioVoiceInbound,
    webhook::{SIGNATURE_HEADER, sign},
};

use crate::support::{ACCOUNT, CALL, CALLBACK, CHILD, NUMBER, PERSON, RECORDING, TOKEN, posted, signed, verifier};

const LINE: &str = "twilio-voice:+15005550006";
const MARKED: &str = "https://example.com/voz?account=twilio-voice%3A%2B15005550006";
const MESSAGE: &str = "01990000-0000-7000-8000-000000000001";

pub fn inbound() -> TwilioVoiceInbound {
    TwilioVoiceInbound::new(verifier(), CALLBACK).unwrap()
}

fn receive(url: &str, params: &[(&str, &str)]) -> Batch {
    let request = posted(url, params);
    let batch = inbound().receive(&request).unwrap();
    let stored =
        StoredWebhook::from_repository(WebhookId::new(), "twilio-voice".into(), OffsetDateTime::UNIX_EPOCH, request);
    assert_eq!(inbound().reparse(&stored), batch);
    batch
}

/// A webhook of a leg, and these parameters.
fn leg<'a>(
    sid: &'a str,
    from: &'a str,
    to: &'a str,
    direction: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let call = [("AccountSid", ACCOUNT), ("CallSid", sid), ("From", from), ("To", to), ("Direction", direction)];
    [&call[..], more].concat()
}

fn incoming<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    leg(CALL, PERSON, NUMBER, "inbound", more)
}

fn browser<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    leg(CALL, "client:ana", PERSON, "inbound", more)
}

fn placed<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    leg(CALL, NUMBER, PERSON, "outbound-api", more)
}

fn child<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    leg(CHILD, NUMBER, PERSON, "outbound-dial", &[&[("ParentCallSid", CALL)], more].concat())
}

fn statuses(batch: &Batch) -> Vec<&StatusUpdate> {
    let mut found = Vec::new();
    for event in &batch.events {
        if let EventKind::Status(update) = &event.kind {
            found.push(&**update);
        }
    }
    found
}

fn names(batch: &Batch) -> Vec<&'static str> {
    batch.events.iter().map(|event| event.kind.name()).collect()
}

#[test]
fn a_browsers_call_is_a_record_and_a_question() {
    let batch = receive(
        CALLBACK,
        &browser(&[("CallStatus", "ringing"), ("ApplicationSid", "AP1"), ("lead_id", "42"), ("FromCity", "")]),
    );
    assert_eq!(names(&batch), ["message", "status"]);
    let event = &batch.events[0];
    let above = format!("twilio:{ACCOUNT}");
    assert_eq!((event.account.as_str(), event.subject.as_str(), event.key.as_str()), (&*above, CALL, CALL));
    let EventKind::Message(message) = &event.kind else { panic!("{event:?}") };
    assert_eq!((message.origin, message.status), (MessageOrigin::Echo, Some(Status::CallInitiated)));
    assert_eq!(message.party.primary(), Some(&Address::phone(PERSON, None).unwrap()));
    let ana = Address::verbatim(AddressKind::VoiceClient, "ana");
    assert!(matches!(&message.content, Content::Call(call) if call.from.as_ref() == Some(&ana)));
    let asked = Asked::Dial {
        caller: ana,
        to: PERSON.into(),
        parameters: BTreeMap::from([("lead_id".to_owned(), "42".to_owned())]),
    };
    assert_eq!(batch.question, Some(Question { account: above.into(), subject: CALL.into(), asked }));
}

#[test]
fn a_browser_may_want_nobody_or_somebody_strange() {
    for (to, known) in [("", 0), ("600 00 00 01", 0), ("client:luis", 1), (PERSON, 1)] {
        let batch = receive(CALLBACK, &leg(CALL, "client:ana", to, "inbound", &[]));
        let EventKind::Message(message) = &batch.events[0].kind else { panic!("{batch:?}") };
        assert_eq!(message.party.addresses.len(), known, "{to:?}");
        assert!(matches!(batch.question.unwrap().asked, Asked::Dial { to: asked, .. } if asked == to));
    }
}

#[test]
fn a_call_to_our_number_is_a_record_and_a_question() {
    let batch = receive(CALLBACK, &incoming(&[("CallStatus", "ringing"), ("CallerName", "ANA PEREZ")]));
    assert_eq!(names(&batch), ["message", "status"]);
    let EventKind::Message(message) = &batch.events[0].kind else { panic!("{batch:?}") };
    assert_eq!((message.origin, message.status), (MessageOrigin::Counterpart, Some(Status::CallRinging)));
    assert_eq!(message.party.name.as_deref(), Some("ANA PEREZ"));
    let question = batch.question.clone().unwrap();
    assert_eq!((question.account.as_str(), question.subject.as_str()), (LINE, CALL));
    assert_eq!(question.asked, Asked::Answer { caller: message.party.clone(), step: 0 });
    // Sent here again, for the second step.
    let again = receive(&format!("{MARKED}&step=2"), &incoming(&[("CallStatus", "in-progress")]));
    assert!(matches!(again.question.unwrap().asked, Asked::Answer { step: 2, .. }));
    assert_eq!(again.events[0].key, batch.events[0].key);
}

#[test]
fn hidden_callers_have_no_address() {
    let callers = [
        ("anonymous", 0),
        ("Restricted", 0),
        ("+266696687", 0),
        ("+86282452253", 0),
        ("", 0),
        ("whatsapp:+34600000001", 1),
        ("sip:ana@example.com", 1),
    ];
    for (from, known) in callers {
        let batch = receive(CALLBACK, &leg(CALL, from, NUMBER, "inbound", &[("CallStatus", "ringing")]));
        let EventKind::Message(message) = &batch.events[0].kind else { panic!("{batch:?}") };
        assert_eq!(message.party.addresses.len(), known, "{from:?}");
        assert_eq!(batch.events[0].account.as_str(), LINE);
    }
}

#[test]
fn a_call_that_we_placed_asks_once_it_is_answered() {
    let url = format!("{MARKED}&message={MESSAGE}");
    let batch = receive(&url, &placed(&[("CallStatus", "in-progress"), ("AnsweredBy", "human")]));
    assert_eq!(names(&batch), ["status"]);
    let status = statuses(&batch)[0];
    assert_eq!((status.status, status.correlation.as_deref()), (Some(Status::CallInProgress), Some(MESSAGE)));
    assert_eq!(status.answered_by.as_deref(), Some("human"));
    let asked = Asked::Connect { message: Some(MESSAGE.parse().unwrap()), answered_by: Some("human".into()) };
    assert_eq!(batch.question, Some(Question { account: LINE.into(), subject: CALL.into(), asked }));
}

#[test]
fn the_legs_move_the_record_by_what_they_are() {
    let words = ["initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled", "new"];
    let state = |params: Vec<(&str, &str)>| {
        let batch = receive(MARKED, &params);
        let event = batch.events.iter().find(|event| event.kind.name() == "status").unwrap();
        assert_eq!((event.account.as_str(), event.subject.as_str()), (LINE, CALL));
        let duration = statuses(&batch)[0].duration_seconds;
        (statuses(&batch)[0].status, duration)
    };
    use Status::*;
    let reached = [
        Some(CallInitiated),
        Some(CallRinging),
        Some(CallInProgress),
        Some(CallCompleted),
        Some(CallBusy),
        Some(CallNoAnswer),
        Some(CallFailed),
        Some(CallCanceled),
        None,
    ];
    for (word, reached) in words.into_iter().zip(reached) {
        let more = [("CallStatus", word), ("SequenceNumber", "1"), ("CallDuration", "61")];
        let talked = (reached == Some(CallCompleted)).then_some(61);
        assert_eq!(state(child(&more)), (reached, talked), "{word} of a dialled leg");
        assert_eq!(state(placed(&more)), (reached, talked), "{word} of a placed call");
        // The leg of the caller is up while nobody was reached yet.
        let caller = match reached {
            Some(CallInProgress) => None,
            Some(CallCompleted) => Some(CallEnded),
            other => other,
        };
        assert_eq!(state(browser(&more)), (caller, None), "{word} of a browser");
        assert_eq!(state(incoming(&more)), (caller, None), "{word} of a caller");
    }
}

#[test]
fn a_status_has_its_key_time_and_reason() {
    let at = ("Timestamp", "Fri, 02 Jan 2026 15:04:05 +0000");
    let failed = [("CallStatus", "failed"), ("SequenceNumber", "1"), at];
    let why = [("ErrorCode", "13224"), ("ErrorMessage", "Invalid number"), ("SipResponseCode", "404")];
    let batch = receive(MARKED, &child(&[&failed[..], &why].concat()));
    let event = &batch.events[0];
    assert_eq!(event.key.as_str(), format!("{CHILD}:failed:1"));
    assert_eq!(event.occurred_at.unwrap().unix_timestamp(), 1_767_366_245);
    let problem = statuses(&batch)[0].problem.clone().unwrap();
    assert_eq!((problem.code.as_str(), problem.message.as_str()), ("13224", "Invalid number"));
    let carrier = receive(MARKED, &child(&[&failed[..], &why[2..]].concat()));
    assert_eq!(statuses(&carrier)[0].problem.clone().unwrap().code, "404");
    // Classic callbacks have no number.
    let classic = receive(MARKED, &incoming(&[("CallStatus", "busy")]));
    assert_eq!(classic.events[1].key.as_str(), format!("{CALL}:busy"));
}

#[test]
fn a_call_that_nobody_else_tells_of_is_told_by_its_statuses() {
    let ended = [("CallStatus", "completed"), ("CallDuration", "9")];
    let batch = receive(CALLBACK, &incoming(&ended));
    assert_eq!(names(&batch), ["message", "status"]);
    assert_eq!(batch.events[0], receive(CALLBACK, &incoming(&[("CallStatus", "ringing")])).events[0]);
    let elsewhere = receive(CALLBACK, &placed(&ended));
    let EventKind::Message(message) = &elsewhere.events[0].kind else { panic!("{elsewhere:?}") };
    assert_eq!((message.origin, elsewhere.events[0].account.as_str()), (MessageOrigin::Echo, LINE));
    assert_eq!(names(&receive(&format!("{MARKED}&message={MESSAGE}"), &placed(&ended))), ["status"]);
    assert_eq!(names(&receive(CALLBACK, &browser(&ended))), ["status"]);
    assert_eq!(names(&receive(MARKED, &child(&ended))), ["status"]);
}

#[test]
fn a_dial_that_reached_nobody_asks_for_the_next_step() {
    let dial = |url: &str, call: &'static str, word: &'static str| {
        receive(url, &incoming(&[("CallStatus", call), ("DialCallStatus", word), ("DialCallDuration", "30")]))
    };
    let step = format!("{MARKED}&step=1");
    for word in ["busy", "no-answer", "failed", "canceled", "strange"] {
        let batch = dial(&step, "in-progress", word);
        assert!(matches!(batch.question.clone().unwrap().asked, Asked::Answer { step: 1, .. }), "{word}");
        assert_eq!((names(&batch), batch.events[0].key.as_str()), (vec!["status"], &*format!("{CALL}:dial:{word}:1")));
    }
    // Whoever declines or is not there: nobody answered the caller. The word itself is kept.
    for (word, state) in
        [("busy", Status::CallNoAnswer), ("failed", Status::CallNoAnswer), ("canceled", Status::CallCanceled)]
    {
        assert_eq!(statuses(&dial(&step, "in-progress", word))[0].status, Some(state), "{word}");
        assert_eq!(statuses(&dial(&step, "in-progress", word))[0].provider_status, word);
    }
    for (url, call, word) in [
        (&*step, "in-progress", "completed"),
        (&step, "in-progress", "answered"),
        // Who called has hung up: there is nobody to ask for.
        (&step, "completed", "no-answer"),
        (MARKED, "in-progress", "no-answer"),
    ] {
        assert_eq!(dial(url, call, word).question.unwrap().asked, Asked::Done, "{url} {call} {word}");
    }
    let talked = dial(&step, "in-progress", "completed");
    assert_eq!(statuses(&talked)[0].status, Some(Status::CallCompleted));
    assert_eq!(statuses(&talked)[0].duration_seconds, Some(30));
    assert_eq!(statuses(&dial(&step, "in-progress", "busy"))[0].duration_seconds, None);
    let browsers = receive(&step, &browser(&[("CallStatus", "in-progress"), ("DialCallStatus", "busy")]));
    assert_eq!(browsers.question.unwrap().asked, Asked::Done);
}

#[test]
fn that_our_own_browser_does_not_answer_says_nothing_of_whom_we_called() {
    let step = format!("{MARKED}&message={MESSAGE}&step=201");
    for word in ["busy", "no-answer", "failed", "canceled"] {
        let batch = receive(&step, &placed(&[("CallStatus", "in-progress"), ("DialCallStatus", word)]));
        assert_eq!(statuses(&batch)[0].status, None, "{word}");
        assert!(matches!(batch.question.unwrap().asked, Asked::Answer { step: 201, .. }), "{word}");
    }
    let talked = receive(&step, &placed(&[("DialCallStatus", "completed"), ("DialCallDuration", "30")]));
    assert_eq!(
        (statuses(&talked)[0].status, statuses(&talked)[0].duration_seconds),
        (Some(Status::CallCompleted), Some(30))
    );
}

#[test]
fn what_a_browser_adds_to_its_call_makes_it_nothing_else() {
    let call = [("CallStatus", "ringing"), ("ApplicationSid", "AP00000000000000000000000000000001")];
    let plain = receive(CALLBACK, &browser(&call));
    let Some(Question { account, subject, asked: Asked::Dial { .. } }) = plain.question else {
        panic!("{:?}", plain.question)
    };
    for more in [
        [("DialCallStatus", "completed"), ("DialCallDuration", "9")],
        [("RecordingStatus", "completed"), ("RecordingSid", "RE00000000000000000000000000000001")],
        [("RecordingUrl", "https://example.com/RE00000000000000000000000000000001"), ("RecordingDuration", "9")],
        [("CallbackSource", "call-progress-events"), ("SequenceNumber", "1")],
        [("CallDuration", "9"), ("Digits", "1")],
        [("TranscriptionText", "hola"), ("SpeechResult", "hola")],
        [("ErrorCode", "11200"), ("ErrorUrl", "https://example.com/?account=twilio-voice%3A%2B15550100099")],
        [("ParentCallSid", CHILD), ("Payload", "{}")],
    ] {
        let batch = receive(CALLBACK, &browser(&[&call[..], &more].concat()));
        let question = batch.question.clone().expect("it asks");
        assert!(matches!(question.asked, Asked::Dial { .. }), "{more:?}");
        assert_eq!((question.account, question.subject), (account.clone(), subject.clone()), "{more:?}");
        assert!(batch.events.iter().all(|event| event.subject == CALL && event.account == account), "{more:?}");
        assert_eq!(names(&batch).iter().filter(|name| **name == "message").count(), 1, "{more:?}");
        assert!(!names(&batch).contains(&"recording"), "{more:?}");
    }
}

#[test]
fn in_a_get_what_twilio_adds_to_the_address_is_no_mark_of_ours() {
    let marks = [("account", "twilio-voice:+15550100099"), ("message", MESSAGE), ("step", "1")];
    let call = [("CallStatus", "ringing"), ("ApplicationSid", "AP00000000000000000000000000000001")];
    let params = browser(&[&call[..], &marks].concat());
    let url = callback::with(CALLBACK, &params);
    let signature = sign(&Secret::from(TOKEN), &url, []);
    let request =
        WebhookRequest { method: Method::GET, ..WebhookRequest::post(url, "") }.header(SIGNATURE_HEADER, &signature);
    let batch = inbound().receive(&request).unwrap();
    assert_eq!(batch.events, receive(CALLBACK, &params).events, "the same as in a form");
    assert_eq!(batch.question.unwrap().account.as_str(), format!("twilio:{ACCOUNT}"));
}

#[test]
fn a_recording_is_one_event_however_it_is_told() {
    let url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE00000000000000000000000000000001";
    let named = [("RecordingUrl", url), ("RecordingDuration", "42")];
    let told = [("AccountSid", ACCOUNT), ("CallSid", CALL), ("RecordingStatus", "completed"), named[0], named[1]];
    let action = receive(MARKED, &incoming(&[("CallStatus", "completed"), named[0], named[1], ("Digits", "hangup")]));
    assert_eq!(action.question.clone().unwrap().asked, Asked::Done);
    let dial = receive(MARKED, &incoming(&[("DialCallStatus", "completed"), named[0], named[1]]));
    let status = receive(MARKED, &placed(&[("CallStatus", "completed"), ("CallDuration", "50"), named[0], named[1]]));
    let callback = receive(MARKED, &told);
    let of = |batch: &Batch| batch.events.iter().find(|event| event.kind.name() == "recording").cloned();
    let recording = of(&callback).unwrap();
    assert_eq!(
        (recording.account.as_str(), recording.subject.as_str(), recording.key.as_str()),
        (LINE, CALL, RECORDING)
    );
    for batch in [&action, &dial, &status] {
        assert_eq!(of(batch), Some(recording.clone()));
    }
    let EventKind::Recording(it) = &recording.kind else { panic!("{recording:?}") };
    assert_eq!((it.duration_seconds, &it.media.source), (Some(42), &MediaRef::Id(RECORDING.into())));
    for word in ["in-progress", "absent", "failed"] {
        let batch = receive(MARKED, &[("CallSid", CALL), ("RecordingStatus", word), named[0]]);
        assert_eq!(names(&batch), ["status"], "{word}");
        assert_eq!(statuses(&batch)[0].status, None);
    }
    // Without its length it waits for the recording's own callback.
    assert_eq!(of(&receive(MARKED, &incoming(&[("DialCallStatus", "completed"), named[0]]))), None);
}

#[test]
fn who_answered_is_told_while_the_call_goes_on() {
    let url = format!("{MARKED}&message={MESSAGE}");
    let amd = [
        ("AccountSid", ACCOUNT),
        ("CallSid", CALL),
        ("AnsweredBy", "machine_start"),
        ("MachineDetectionDuration", "9"),
    ];
    let batch = receive(&url, &amd);
    let status = statuses(&batch)[0];
    assert_eq!((status.status, status.answered_by.as_deref()), (None, Some("machine_start")));
    assert_eq!((batch.events[0].account.as_str(), batch.question), (LINE, None));
}

#[test]
fn a_fallback_asks_what_the_failed_request_asked() {
    let failed = [("ErrorCode", "11200"), ("ErrorUrl", "https://example.com/voz")];
    let plain = receive(CALLBACK, &incoming(&[("CallStatus", "ringing")]));
    let batch = receive(CALLBACK, &incoming(&[("CallStatus", "ringing"), failed[0], failed[1]]));
    assert_eq!((names(&batch), batch.question.clone()), (vec!["message", "status", "unknown"], plain.question));
    assert_eq!(batch.events[..2], plain.events[..]);
    assert_eq!((batch.events[2].account.as_str(), batch.events[2].subject.as_str()), (LINE, CALL));
}

#[test]
fn a_fallback_goes_on_where_the_call_stood() {
    let failed = format!("{MARKED}&step=1");
    let fault = [
        ("ErrorCode", "11200"),
        ("ErrorUrl", &*failed),
        ("CallStatus", "in-progress"),
        ("DialCallStatus", "no-answer"),
    ];
    let batch = receive(CALLBACK, &incoming(&fault));
    assert!(matches!(batch.question.clone().unwrap().asked, Asked::Answer { step: 1, .. }), "{:?}", batch.question);
    assert_eq!(
        batch.events[0],
        receive(&failed, &incoming(&fault[2..])).events[0],
        "the same event as the failed address had"
    );
    // Among a browser's parameters none is believed to be Twilio's.
    let browsers = receive(CALLBACK, &browser(&fault));
    assert_eq!(browsers.question.unwrap().asked, Asked::Done);
    assert!(browsers.events.iter().all(|event| event.account.as_str() == format!("twilio:{ACCOUNT}")));
}

#[test]
fn what_is_not_understood_is_kept_and_nothing_is_told() {
    for body in ["not a form at all", "{\"a\":1}", "MessageSid=SM1&Body=hola", "CallSid=&From=%2B34600000001"] {
        let batch = inbound().receive(&signed(CALLBACK, body)).unwrap();
        assert_eq!((names(&batch), batch.question), (vec!["unknown"], None), "{body}");
    }
    let nothing = inbound().receive(&signed(CALLBACK, "")).unwrap();
    assert!(nothing.events.is_empty() && nothing.problem.is_some());
    let ping = receive(CALLBACK, &[("AccountSid", ACCOUNT), ("CallSid", CALL)]);
    assert_eq!((names(&ping), ping.events[0].subject.as_str()), (vec!["unknown"], CALL));
    let queue = receive(CALLBACK, &incoming(&[("CallStatus", "completed"), ("QueueResult", "hangup")]));
    assert_eq!((names(&queue), queue.question), (vec!["unknown"], None));
    let entry = [("AccountSid", ACCOUNT), ("Sid", "NO1"), ("Payload", "{}"), ("Timestamp", "2026-01-02T15:04:05Z")];
    let logged = receive(CALLBACK, &entry);
    assert_eq!((names(&logged), logged.events[0].key.as_str()), (vec!["changed"], "NO1"));
    assert!(logged.events[0].occurred_at.is_some());
}

/// The whole story of a call that came in, rang two browsers and was recorded, with its callbacks.
fn story() -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let base = MARKED.to_owned();
    let progress = |word, number: &'static str| [("CallStatus", word), ("SequenceNumber", number)];
    let told =
        [("CallSid", CALL), ("RecordingSid", RECORDING), ("RecordingDuration", "28"), ("RecordingSource", "DialVerb")];
    let mut story = vec![
        (CALLBACK.to_owned(), incoming(&[("CallStatus", "ringing"), ("StirVerstat", "TN-Validation-Passed-A")])),
        (base.clone(), child(&progress("initiated", "0"))),
        (base.clone(), child(&progress("ringing", "1"))),
        (format!("{base}&step=1"), incoming(&[("CallStatus", "in-progress"), ("DialCallStatus", "no-answer")])),
        (base.clone(), child(&progress("in-progress", "2"))),
        (base.clone(), child(&[&progress("completed", "3")[..], &[("CallDuration", "30")]].concat())),
        (format!("{base}&step=2"), incoming(&[("CallStatus", "in-progress"), ("DialCallStatus", "no-answer")])),
        (format!("{base}&step=3"), incoming(&[("DialCallStatus", "completed"), ("DialCallDuration", "29")])),
        (base.clone(), incoming(&[&progress("in-progress", "0")[..], &[("CallerName", "")]].concat())),
        (base.clone(), incoming(&[&progress("completed", "1")[..], &[("CallDuration", "45")]].concat())),
    ];
    story.push((base.clone(), [&told[..], &[("RecordingStatus", "in-progress")]].concat()));
    story.push((base, [&told[..], &[("RecordingStatus", "completed")]].concat()));
    story
}

/// What a store keeps: the first event of each identity.
fn kept(batches: impl IntoIterator<Item = Batch>) -> BTreeMap<(String, &'static str, String), String> {
    let mut kept = BTreeMap::new();
    for event in batches.into_iter().flat_map(|batch: Batch| batch.events) {
        let identity = (event.account.to_string(), event.kind.name(), event.key.to_string());
        kept.entry(identity).or_insert_with(|| serde_json::to_string(&event).unwrap());
    }
    kept
}

fn state_of(events: &[Event]) -> (Status, Option<u32>) {
    let mut state = (Status::Received, None);
    for event in events {
        let (status, duration) = match &event.kind {
            EventKind::Message(message) => (message.status, None),
            EventKind::Status(update) => (update.status, update.duration_seconds),
            _ => continue,
        };
        state = (status.map_or(state.0, |status| state.0.merge(status)), state.1.max(duration));
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_order_and_repetition_of_a_calls_webhooks_is_one_record(
        order in Just((0..story().len()).chain(0..story().len()).collect::<Vec<_>>()).prop_shuffle(),
        repeats in proptest::collection::vec(0..12_usize, 0..20),
    ) {
        let story = story();
        let receive_all = |order: &mut dyn Iterator<Item = usize>| {
            order.map(|at| inbound().receive(&posted(&story[at].0, &story[at].1)).unwrap()).collect::<Vec<_>>()
        };
        let straight = receive_all(&mut (0..story.len()));
        let shuffled = receive_all(&mut order.into_iter().chain(repeats));
        prop_assert_eq!(kept(shuffled.clone()), kept(straight));
        let events: Vec<Event> = shuffled.into_iter().flat_map(|batch| batch.events).collect();
        prop_assert_eq!(state_of(&events), (Status::CallCompleted, Some(30)));
        let subjects: BTreeSet<&str> = events.iter().map(|event| event.subject.as_str()).collect();
        prop_assert_eq!(subjects, BTreeSet::from([CALL]));
    }
}

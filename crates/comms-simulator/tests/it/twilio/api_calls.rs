//! Calls placed and changed over the API.

use comms_simulator::twilio::{Contact, NUMBER, Outcome, Script};

use super::support::{Cloud, LIMIT, PERSON, Page, Site, has_fields, is_error};

const FIELDS: &str = "sid date_created date_updated parent_call_sid account_sid to to_formatted from from_formatted \
    phone_number_sid status start_time end_time duration price price_unit direction answered_by api_version \
    forwarded_from group_sid caller_name queue_time trunk_sid uri subresource_uris";

fn all_events<'a>(voice: &'a str, status: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("To", PERSON), ("From", NUMBER), ("Url", voice), ("StatusCallback", status)];
    form.extend(["initiated", "ringing", "answered", "completed"].map(|event| ("StatusCallbackEvent", event)));
    form
}

#[tokio::test]
async fn a_call_is_reported_from_ring_to_end() {
    let site = Site::start(|_| Page::twiml("<Pause length=\"61\"/>"));
    let cloud = Cloud::new(|_| ());
    let (voice, status) = (site.url("/voice?step=1"), site.url("/status?message=c-1"));
    let created = cloud.post("Calls.json", &all_events(&voice, &status)).await;
    assert_eq!((created.status, created.body["status"].as_str()), (201, Some("queued")));
    has_fields(&created.body, FIELDS);
    cloud.settle().await;
    let fields = |name: &str| site.fields_at("/status", name);
    assert_eq!(fields("CallStatus"), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(fields("SequenceNumber"), ["0", "1", "2", "3"]);
    assert_eq!(fields("CallDuration"), ["", "", "", "61"]);
    assert_eq!(fields("Duration"), ["", "", "", "2"]);
    assert_eq!(fields("CallbackSource"), ["call-progress-events"; 4]);
    assert_eq!(fields("Timestamp")[3], "Thu, 28 May 2026 20:27:44 +0000");
    let asked = &site.at("/voice")[0];
    assert_eq!((asked.get("CallStatus"), asked.get("Direction")), ("in-progress", "outbound-api"));
    assert!(site.hits().iter().all(|hit| hit.is_signed_by("simulated-auth-token")));
    let sid = created.body["sid"].as_str().unwrap();
    let fetched = cloud.get(&format!("Calls/{sid}.json")).await.body;
    assert_eq!((fetched["status"].as_str(), fetched["duration"].as_str()), (Some("completed"), Some("61")));
    assert_eq!(cloud.ledger().sends()[0].send.as_ref().unwrap().callback_data.as_deref(), Some("c-1"));
    cloud.is_clean();
}

#[tokio::test]
async fn who_does_not_take_the_call_is_not_asked_about() {
    for (outcome, status, code) in
        [(Outcome::Busy, "busy", "486"), (Outcome::NoAnswer, "no-answer", "487"), (Outcome::Failed, "failed", "404")]
    {
        let site = Site::quiet();
        let cloud = Cloud::new(|config| {
            config.twilio.set_contact(Contact::new(PERSON).in_calls(Script::refuses(outcome)));
        });
        cloud.create("Calls.json", &all_events(&site.url("/voice"), &site.url("/status"))).await;
        cloud.settle().await;
        let last = site.hits().pop().unwrap();
        assert_eq!((last.get("CallStatus"), last.get("SipResponseCode")), (status, code));
        assert_eq!((last.get("CallDuration"), site.at("/voice").len()), ("0", 0));
    }
}

#[tokio::test]
async fn a_call_is_cancelled_while_it_rings_and_hung_up_while_it_lasts() {
    let site = Site::start(|_| Page::twiml("<Dial><Number>+34600000010</Number></Dial>"));
    let cloud = Cloud::new(|config| {
        let rings = Script { ring_seconds: None, ..Script::default() };
        config.twilio.set_contact(Contact::new(PERSON).in_calls(rings));
        config.twilio.set_contact(Contact::new("+34600000010").in_calls(Script::holds()));
    });
    let (voice, status) = (site.url("/voice"), site.url("/status"));
    let sid = cloud.create("Calls.json", &all_events(&voice, &status)).await;
    assert!(cloud.twilio().wait_until(LIMIT, |_| status_is(&cloud, &sid, "ringing")).await);
    let path = format!("Calls/{sid}.json");
    is_error(&cloud.post(&path, &[("Twiml", "<Response/>")]).await, 400, 21_220);
    assert_eq!(cloud.post(&path, &[("Status", "canceled")]).await.body["status"], "canceled");
    cloud.settle().await;
    assert_eq!(site.fields_at("/status", "CallStatus").pop().unwrap(), "canceled");

    let sid = cloud.create("Calls.json", &all_events(&voice, &status)).await;
    assert!(cloud.twilio().wait_until(LIMIT, |_| status_is(&cloud, &sid, "ringing")).await);
    assert!(cloud.twilio().answer(&sid, 4));
    assert!(cloud.twilio().wait_until(LIMIT, |_| talks(&cloud, &sid)).await);
    cloud.clock.advance(std::time::Duration::from_secs(30));
    let path = format!("Calls/{sid}.json");
    assert_eq!(cloud.post(&path, &[("Status", "completed")]).await.body["status"], "completed");
    cloud.settle().await;
    assert_eq!(cloud.twilio().call_status(&sid), Some(("completed".to_owned(), Some(33))));
    is_error(&cloud.post(&path, &[("Status", "completed")]).await, 400, 21_220);
}

fn status_is(cloud: &Cloud, sid: &str, status: &str) -> bool {
    cloud.twilio().call_status(sid).is_some_and(|(now, _)| now == status)
}

/// Whether a call has a leg that is taken.
fn talks(cloud: &Cloud, sid: &str) -> bool {
    cloud.twilio().child_legs(sid).iter().any(|leg| status_is(cloud, leg, "in-progress"))
}

#[tokio::test]
async fn machines_are_looked_for_before_or_beside() {
    let site = Site::quiet();
    let cloud = Cloud::new(|config| {
        let machine = Script { answered_by: "machine_start".to_owned(), ..Script::default() };
        config.twilio.set_contact(Contact::new(PERSON).in_calls(machine));
    });
    let (voice, amd) = (site.url("/voice"), site.url("/amd"));
    let base = [("To", PERSON), ("From", NUMBER), ("Url", voice.as_str()), ("MachineDetection", "Enable")];
    let sid = cloud.create("Calls.json", &base).await;
    cloud.settle().await;
    assert_eq!(site.fields_at("/voice", "AnsweredBy"), ["machine_start"]);
    assert_eq!(cloud.get(&format!("Calls/{sid}.json")).await.body["answered_by"], "machine_start");
    let later = [&base[..], &[("AsyncAmd", "true"), ("AsyncAmdStatusCallback", &amd)]].concat();
    cloud.create("Calls.json", &later).await;
    cloud.settle().await;
    let [hit]: [_; 1] = site.at("/amd").try_into().unwrap();
    let names: Vec<&str> = hit.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_twilios_code() {
    let cloud = Cloud::new(|_| ());
    let url = ("Url", "https://shop.example/voice");
    let cases: [(&[(&str, &str)], i64); 11] = [
        (&[("From", NUMBER), url], 21_201),
        (&[("To", PERSON), url], 21_213),
        (&[("To", PERSON), ("From", NUMBER)], 21_205),
        (&[("To", PERSON), ("From", NUMBER), ("Url", "voice")], 21_205),
        (&[("To", "nobody"), ("From", NUMBER), url], 21_211),
        (&[("To", PERSON), ("From", "nobody"), url], 21_212),
        (&[("To", PERSON), ("From", "+15550100099"), url], 21_210),
        (&[("To", PERSON), ("From", NUMBER), ("ApplicationSid", "AP1")], 21_218),
        (&[("To", "+15005550002"), ("From", NUMBER), url], 21_214),
        (&[("To", "+15005550003"), ("From", NUMBER), url], 21_215),
        (&[("To", "+15005550004"), ("From", NUMBER), url], 21_216),
    ];
    for (form, code) in cases {
        is_error(&cloud.post("Calls.json", form).await, 400, code);
    }
    assert_eq!(cloud.get("Calls.json").await.body["calls"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_call_with_its_own_words_is_recorded_and_cut_off() {
    let site = Site::quiet();
    let cloud = Cloud::new(|_| ());
    let recorded = site.url("/recorded");
    let form = [
        ("To", PERSON),
        ("From", NUMBER),
        ("Twiml", "<Response><Pause length=\"90\"/></Response>"),
        ("TimeLimit", "20"),
        ("Record", "true"),
        ("RecordingStatusCallback", &*recorded),
    ];
    let sid = cloud.create("Calls.json", &form).await;
    cloud.settle().await;
    assert_eq!(cloud.twilio().call_status(&sid), Some(("completed".to_owned(), Some(20))));
    let [hit]: [_; 1] = site.at("/recorded").try_into().unwrap();
    assert_eq!((hit.get("RecordingSource"), hit.get("RecordingDuration")), ("OutboundAPI", "20"));
    let path = format!("Calls/{sid}.json");
    let list = cloud.get("Calls.json?Status=completed&To=%2B34600000009&StartTime%3E=2026-05-01").await.body;
    assert_eq!(list["calls"][0]["sid"], sid.as_str());
    assert_eq!(cloud.delete(&path).await.status, 204);
    is_error(&cloud.get(&path).await, 404, 20_404);
}

//! `<Dial>`: two legs, their reports, what comes after.

use comms_simulator::{
    Config,
    twilio::{
        AUTH_TOKEN, Application, Contact, Hook, InboundCall, NUMBER, Outcome, SUBACCOUNT_AUTH_TOKEN, SUBACCOUNT_NUMBER,
        SUBACCOUNT_SID, Script, Twilio,
    },
};

use super::support::{Cloud, Hit, LIMIT, PERSON, Page, Site};

const REPORTED: &str = "statusCallback=\"/leg\" statusCallbackEvent=\"initiated ringing answered completed\"";

/// A call to our number that is put through so, and its SID.
async fn dialled(
    dial: &str,
    after: &'static str,
    script: Script,
    change: impl FnOnce(&mut Config),
) -> (Cloud, Site, String) {
    let dial = dial.to_owned();
    let site = Site::start(move |hit| match hit.path.as_str() {
        "/voice" => Page::twiml(&dial),
        "/after" => Page::twiml(after),
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, change);
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER).by(script)).unwrap();
    cloud.settle().await;
    (cloud, site, sid)
}

fn browser(config: &mut Config, identity: &str, script: Script) {
    config.twilio.set_contact(Contact::browser(identity).in_calls(script));
}

/// The fields of the only request to `/after`.
#[track_caller]
fn after(site: &Site) -> Hit {
    let [hit]: [Hit; 1] = site.at("/after").try_into().unwrap();
    hit
}

#[tokio::test]
async fn a_talk_is_two_legs_and_one_record() {
    let dial = format!(
        "<Dial action=\"/after\" record=\"record-from-answer-dual\" recordingStatusCallback=\"/recorded\">\
         <Client {REPORTED}><Identity>ana</Identity><Parameter name=\"a\" value=\"b\"/></Client></Dial>"
    );
    let (cloud, site, sid) =
        dialled(&dial, "<Hangup/>", Script::default(), |config| browser(config, "ana", Script::answers(7, 42))).await;
    let [leg] = <[String; 1]>::try_from(cloud.twilio().child_legs(&sid)).unwrap();
    let fields = |name: &str| site.fields_at("/leg", name);
    assert_eq!(fields("CallStatus"), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(
        (fields("SequenceNumber"), fields("CallDuration").pop()),
        (strings(["0", "1", "2", "3"]), Some("42".into()))
    );
    assert_eq!((fields("CallSid"), fields("ParentCallSid")), (vec![leg.clone(); 4], vec![sid.clone(); 4]));
    assert_eq!(
        (fields("To"), fields("Direction")),
        (vec!["client:ana".to_owned(); 4], vec!["outbound-dial".to_owned(); 4])
    );
    assert_eq!(fields("Timestamp")[3], "Thu, 28 May 2026 20:27:29 +0000");
    let hit = after(&site);
    let names = ["DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged", "CallStatus", "CallSid"];
    assert_eq!(names.map(|name| hit.get(name)), ["completed", &leg, "42", "true", "in-progress", &sid]);
    let recorded = &site.at("/recorded")[0];
    let names = ["RecordingSource", "RecordingChannels", "RecordingDuration", "CallSid"];
    assert_eq!(names.map(|name| recorded.get(name)), ["DialVerb", "2", "42", &sid]);
    assert!(hit.get("RecordingUrl").ends_with(recorded.get("RecordingSid")));
    assert_eq!(cloud.twilio().call_status(&sid), Some(("completed".to_owned(), Some(49))));
    let listed = cloud.get(&format!("Calls.json?ParentCallSid={sid}")).await.body;
    assert_eq!(listed["calls"][0]["sid"], leg.as_str());
    assert!(site.hits().iter().all(|hit| hit.is_signed_by("simulated-auth-token")));
    cloud.is_clean();
}

#[tokio::test]
async fn who_does_not_answer_is_told_to_the_action() {
    for (outcome, status) in [(Outcome::Busy, "busy"), (Outcome::NoAnswer, "no-answer"), (Outcome::Failed, "failed")] {
        let dial =
            format!("<Dial action=\"/after\" timeout=\"20\"><Number {REPORTED}>+34 600 00 00 10</Number></Dial>");
        let (cloud, site, sid) = dialled(&dial, "<Hangup/>", Script::default(), |config| {
            config.twilio.set_contact(Contact::new("+34600000010").in_calls(Script::refuses(outcome)));
        })
        .await;
        let hit = after(&site);
        assert_eq!((hit.get("DialCallStatus"), hit.get("DialBridged")), (status, "false"));
        assert_eq!(site.fields_at("/leg", "CallStatus").pop().as_deref(), Some(status));
        let seconds = match outcome {
            Outcome::NoAnswer => 20,
            Outcome::Failed => 0,
            _ => 3,
        };
        assert_eq!(cloud.twilio().call_status(&sid).unwrap().1, Some(seconds));
    }
}

#[tokio::test]
async fn all_ring_and_the_first_wins() {
    let dial = format!(
        "<Dial answerOnBridge=\"true\"><Client {REPORTED}>ana</Client><Client {REPORTED}>eva</Client><Client {REPORTED}>gone</Client></Dial>"
    );
    let (_cloud, site, _) = dialled(&dial, "", Script::default(), |config| {
        browser(config, "ana", Script::answers(9, 30));
        browser(config, "eva", Script::answers(4, 30));
    })
    .await;
    let last = |identity: &str| {
        let mut hits = site.at("/leg").into_iter().rev();
        let hit = hits.find(|hit| hit.get("To") == format!("client:{identity}"));
        hit.unwrap().get("CallStatus").to_owned()
    };
    assert_eq!([last("ana"), last("eva"), last("gone")], strings(["canceled", "completed", "no-answer"])[..]);
    assert_eq!(site.fields_at("/ended", "CallDuration"), ["30"], "answered with the bridge");
}

#[tokio::test]
async fn one_after_another_where_told() {
    let dial =
        format!("<Dial sequential=\"true\"><Client {REPORTED}>ana</Client><Client {REPORTED}>eva</Client></Dial>");
    let (_cloud, site, _) = dialled(&dial, "", Script::default(), |config| {
        browser(config, "ana", Script::refuses(Outcome::Busy));
        browser(config, "eva", Script::answers(4, 30));
    })
    .await;
    let statuses = site.fields_at("/leg", "CallStatus");
    assert_eq!(statuses, ["initiated", "ringing", "busy", "initiated", "ringing", "in-progress", "completed"]);
}

#[tokio::test]
async fn a_caller_gives_up() {
    let dial = format!("<Dial action=\"/after\" answerOnBridge=\"true\"><Client {REPORTED}>ana</Client></Dial>");
    let (cloud, site, sid) = dialled(&dial, "<Say>x</Say>", Script::default().patient_for(6), |config| {
        browser(config, "ana", Script::answers(10, 30));
    })
    .await;
    assert_eq!(site.fields_at("/leg", "CallStatus"), ["initiated", "ringing", "canceled"]);
    assert_eq!(after(&site).get("DialCallStatus"), "canceled");
    assert_eq!(cloud.twilio().call_status(&sid), Some(("no-answer".to_owned(), Some(0))));
}

#[tokio::test]
async fn voicemail_follows_when_nobody_is_there() {
    let dial = "<Dial action=\"/after\" timeout=\"15\"><Client>ana</Client></Dial>";
    let mailbox = "<Say>Leave a message</Say><Record action=\"/left\" maxLength=\"60\"/>";
    let (cloud, site, sid) = dialled(dial, mailbox, Script::default(), |_| ()).await;
    assert_eq!(after(&site).get("DialCallStatus"), "no-answer");
    assert_eq!(site.fields_at("/left", "RecordingDuration"), ["12"]);
    assert_eq!(cloud.twilio().recordings_of(&sid).len(), 1);
    assert_eq!(cloud.twilio().call_status(&sid).unwrap().0, "completed");
}

#[tokio::test]
async fn a_strange_caller_id_calls_nobody() {
    let dial = "<Dial action=\"/after\" callerId=\"+15550100077\"><Number>+34600000010</Number></Dial>";
    let (cloud, site, sid) = dialled(dial, "", Script::default(), |_| ()).await;
    assert_eq!((after(&site).get("DialCallStatus"), after(&site).get("DialCallSid")), ("failed", ""));
    assert!(cloud.twilio().child_legs(&sid).is_empty());
    assert!(cloud.ledger().violations()[0].what.contains("13214"));
}

#[tokio::test]
async fn machines_on_the_leg_are_told() {
    let dial = "<Dial><Number machineDetection=\"Enable\" amdStatusCallback=\"/amd\">+34600000010</Number></Dial>";
    let (cloud, site, sid) = dialled(dial, "", Script::default(), |config| {
        let fax = Script { answered_by: "fax".to_owned(), ..Script::default() };
        config.twilio.set_contact(Contact::new("+34600000010").in_calls(fax));
    })
    .await;
    assert_eq!(site.fields_at("/amd", "AnsweredBy"), ["fax"]);
    assert_eq!(site.fields_at("/amd", "CallSid"), cloud.twilio().child_legs(&sid));
}

/// A leg of the call that is in a state, once there is one.
async fn leg_in(cloud: &Cloud, sid: &str, status: &str) -> String {
    let twilio: &Twilio = cloud.twilio();
    let find = || {
        let mut legs = twilio.child_legs(sid).into_iter();
        legs.find(|leg| twilio.call_status(leg).is_some_and(|(now, _)| now == status))
    };
    assert!(twilio.wait_until(LIMIT, |_| find().is_some()).await, "no leg is {status}");
    find().unwrap()
}

#[tokio::test]
async fn people_who_are_told_answer_talk_and_hang_up() {
    let site = Site::start(|hit| match hit.path.as_str() {
        "/voice" => Page::twiml(&format!("<Dial action=\"/after\"><Client {REPORTED}>ana</Client></Dial>")),
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, |config| {
        browser(config, "ana", Script { ring_seconds: None, talk_seconds: None, ..Script::default() });
    });
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    let leg = leg_in(&cloud, &sid, "ringing").await;
    assert!(!cloud.twilio().settled(std::time::Duration::from_millis(1)).await);
    assert!(cloud.twilio().answer(&leg, 5));
    leg_in(&cloud, &sid, "in-progress").await;
    assert!(cloud.twilio().hang_up(&leg, 90));
    cloud.settle().await;
    assert_eq!(cloud.twilio().call_status(&leg), Some(("completed".to_owned(), Some(90))));
    assert_eq!((after(&site).get("DialCallDuration"), after(&site).get("CallStatus")), ("90", "in-progress"));
    assert!(!cloud.twilio().hang_up(&leg, 1), "the call is over");

    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    leg_in(&cloud, &sid, "ringing").await;
    cloud.simulator.reset();
    cloud.settle().await;
    assert!(cloud.twilio().call_status(&sid).is_none());
}

#[tokio::test]
async fn a_talk_is_sent_to_another_document() {
    let site = Site::start(|hit| match hit.path.as_str() {
        "/voice" => Page::twiml(&format!("<Dial action=\"/after\"><Client {REPORTED}>ana</Client></Dial>")),
        "/elsewhere" => Page::twiml("<Pause length=\"5\"/>"),
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, |config| browser(config, "ana", Script::holds()));
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    leg_in(&cloud, &sid, "in-progress").await;
    let recording = format!("Calls/{sid}/Recordings.json");
    let begun = cloud.create(&recording, &[("RecordingStatusCallback", &site.url("/recorded"))]).await;
    let path = format!("Calls/{sid}/Recordings/{begun}.json");
    for status in ["paused", "in-progress"] {
        assert_eq!(cloud.post(&path, &[("Status", status)]).await.body["status"], status);
    }
    let moved = cloud.post(&format!("Calls/{sid}.json"), &[("Url", &site.url("/elsewhere"))]).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    cloud.settle().await;
    assert_eq!((site.at("/elsewhere").len(), site.at("/after").len()), (1, 0));
    assert_eq!(site.fields_at("/leg", "CallStatus").pop().as_deref(), Some("completed"));
    assert_eq!(site.fields_at("/recorded", "RecordingSource"), ["StartCallRecordingAPI"]);
}

#[tokio::test]
async fn reports_come_shuffled_and_twice_where_told() {
    let dial = format!("<Dial action=\"/after\"><Client {REPORTED}>ana</Client></Dial>");
    let (_cloud, site, _) = dialled(&dial, "", Script::default(), |config| {
        config.twilio.calls.shuffle = true;
        config.twilio.calls.copies = 2;
        browser(config, "ana", Script::default());
    })
    .await;
    let mut numbers = site.fields_at("/leg", "SequenceNumber");
    assert_ne!(numbers, ["0", "0", "1", "1", "2", "2", "3", "3"]);
    numbers.sort();
    assert_eq!(numbers, ["0", "0", "1", "1", "2", "2", "3", "3"]);
    let paths: Vec<String> = site.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(&paths[..2], ["/voice", "/after"], "documents are not shuffled");
    assert_eq!(site.at("/ended").len(), 2);
}

#[tokio::test]
async fn a_caller_who_hangs_up_first_hears_no_more() {
    let dial = "<Dial action=\"/after\"><Client>ana</Client></Dial>";
    let caller = Script { hangs_up_first: true, ..Script::default() };
    let (cloud, site, sid) = dialled(dial, "<Redirect>/more</Redirect>", caller, |config| {
        browser(config, "ana", Script::answers(1, 10));
    })
    .await;
    let hit = after(&site);
    assert_eq!((hit.get("CallStatus"), hit.get("DialCallStatus")), ("completed", "completed"));
    assert!(site.at("/more").is_empty());
    assert_eq!(cloud.twilio().call_status(&sid), Some(("completed".to_owned(), Some(11))));
}

#[tokio::test]
async fn seconds_can_take_real_time() {
    let dial = "<Dial action=\"/after\"><Client>ana</Client></Dial>".to_owned();
    let site = Site::start(move |hit| if hit.path == "/voice" { Page::twiml(&dial) } else { Page::empty() });
    let cloud = Cloud::beside(&site, |config| {
        config.twilio.calls.second_ms = 20;
        browser(config, "ana", Script::answers(1, 10_000));
    });
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER)).unwrap();
    let leg = leg_in(&cloud, &sid, "in-progress").await;
    assert_eq!(cloud.post(&format!("Calls/{sid}.json"), &[("Status", "completed")]).await.status, 200);
    cloud.settle().await;
    let seconds = cloud.twilio().call_status(&leg).unwrap().1.unwrap();
    assert!(seconds < 1_000, "{seconds}");
    assert_eq!(after(&site).get("CallStatus"), "completed");
}

#[tokio::test]
async fn a_number_of_a_sub_account_may_belong_to_an_app() {
    let site = Site::quiet();
    let cloud = Cloud::new(|config| {
        let account = config.twilio.accounts.iter_mut().find(|account| account.sid == SUBACCOUNT_SID).unwrap();
        account.applications.push(Application {
            sid: "AP2".to_owned(),
            voice: Hook { method: Some("GET".to_owned()), ..Hook::post(site.url("/app")) },
            status_callback: Some(site.url("/app-ended")),
            ..Application::default()
        });
        account.numbers[0].voice_application_sid = Some("AP2".to_owned());
    });
    cloud.twilio().inbound_call(InboundCall::new(PERSON, SUBACCOUNT_NUMBER)).unwrap();
    cloud.settle().await;
    let [asked, ended]: [Hit; 2] = site.hits().try_into().unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.get("ApplicationSid"), asked.get("AccountSid")),
        ("GET", "AP2", SUBACCOUNT_SID)
    );
    assert_eq!((ended.path.as_str(), ended.get("CallStatus")), ("/app-ended", "completed"));
    for hit in [asked, ended] {
        assert!(hit.is_signed_by(SUBACCOUNT_AUTH_TOKEN) && !hit.is_signed_by(AUTH_TOKEN));
    }
}

fn strings<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

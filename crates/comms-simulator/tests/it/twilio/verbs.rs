//! What a document says is done: everything but `<Dial>`.

use comms_simulator::twilio::{InboundCall, NUMBER, Script};

use super::support::{Cloud, Hit, PERSON, Page, Site};

/// A call to our number with these documents.
async fn call(script: Script, pages: impl Fn(&Hit) -> Page + Send + Sync + 'static) -> (Cloud, Site, String) {
    let site = Site::start(pages);
    let cloud = Cloud::beside(&site, |_| ());
    let sid = cloud.twilio().inbound_call(InboundCall::new(PERSON, NUMBER).by(script)).unwrap();
    cloud.settle().await;
    (cloud, site, sid)
}

#[tokio::test]
async fn the_first_request_rings_and_the_end_is_reported() {
    let (cloud, site, sid) = call(Script::default(), |_| Page::twiml("<Say>Hola</Say><Play>/a.mp3</Play>")).await;
    let hits = site.hits();
    assert_eq!(hits.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["/voice", "/ended"]);
    let asked = ["CallStatus", "Direction", "From", "Caller", "To", "Called", "ToCountry", "FromCity"];
    assert_eq!(asked.map(|name| hits[0].get(name)), ["ringing", "inbound", PERSON, PERSON, NUMBER, NUMBER, "US", ""]);
    let ended = ["CallSid", "CallStatus", "CallDuration", "Duration", "SequenceNumber"];
    assert_eq!(ended.map(|name| hits[1].get(name)), [sid.as_str(), "completed", "4", "1", "0"]);
    assert!(hits.iter().all(|hit| hit.is_signed_by("simulated-auth-token")));
    cloud.is_clean();
}

#[tokio::test]
async fn keys_reach_the_action_and_silence_goes_on() {
    let menu = "<Gather action=\"/menu?step=2\" numDigits=\"1\"><Say>Press</Say></Gather><Redirect>/silence</Redirect>";
    let pages = move |hit: &Hit| match (hit.path.as_str(), hit.get("Digits")) {
        ("/voice" | "/silence", _) => Page::twiml(menu),
        ("/menu", "1") => Page::twiml("<Gather action=\"/code\"/><Hangup/>"),
        _ => Page::empty(),
    };
    let (cloud, site, _) = call(Script::default().dials(["", "15", "4711#9"]), pages).await;
    let paths: Vec<String> = site.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/voice", "/silence", "/menu", "/code", "/ended"]);
    let code = &site.at("/code")[0];
    assert_eq!((code.get("Digits"), code.get("FinishedOnKey"), code.get("CallStatus")), ("4711", "#", "in-progress"));
    cloud.is_clean();
}

#[tokio::test]
async fn speech_is_heard_where_it_is_listened_for() {
    let script = Script { speech: vec!["dos anillos".to_owned()], ..Script::default() };
    let (_cloud, site, _) = call(script, |hit| match hit.path.as_str() {
        "/voice" => Page::twiml("<Gather input=\"dtmf speech\" language=\"es-ES\" action=\"/heard\"/>"),
        _ => Page::empty(),
    })
    .await;
    let heard = &site.at("/heard")[0];
    assert_eq!((heard.get("SpeechResult"), heard.get("Language")), ("dos anillos", "es-ES"));
}

#[tokio::test]
async fn a_message_is_recorded_and_can_be_heard() {
    let (cloud, site, sid) = call(Script::default(), |hit| match hit.path.as_str() {
        "/voice" => Page::twiml(
            "<Say>Leave a message</Say><Record action=\"/left\" maxLength=\"120\" recordingStatusCallback=\"/recorded\" \
             recordingStatusCallbackEvent=\"in-progress completed\"/>",
        ),
        _ => Page::empty(),
    })
    .await;
    assert_eq!(site.fields_at("/left", "RecordingDuration"), ["12"]);
    let left = &site.at("/left")[0];
    assert_eq!((left.get("Digits"), left.get("CallStatus")), ("hangup", "completed"));
    assert_eq!(site.fields_at("/recorded", "RecordingStatus"), ["in-progress", "completed"]);
    let done = site.at("/recorded").pop().unwrap();
    let fields = ["RecordingSource", "RecordingChannels", "CallSid", "From", "ErrorCode"].map(|name| done.get(name));
    assert_eq!(fields, ["RecordVerb", "1", sid.as_str(), "", "0"]);
    assert_eq!(cloud.twilio().recordings_of(&sid), [left.get("RecordingSid")]);
    let url = left.get("RecordingUrl");
    let wav = cloud.client.get(format!("{url}.wav")).send().await.unwrap().bytes().await.unwrap();
    assert_eq!((&wav[..4], wav.len()), (&b"RIFF"[..], 44 + 12 * 8_000));
    let mp3 = cloud.client.get(format!("{url}.mp3")).send().await.unwrap();
    assert_eq!(mp3.headers()["content-type"], "audio/mpeg");
    assert_eq!(mp3.bytes().await.unwrap()[..2], [0xff, 0xfb]);
}

#[tokio::test]
async fn a_refused_call_is_not_answered() {
    for (verb, status) in [("<Reject/>", "no-answer"), ("<Reject reason=\"busy\"/>", "busy")] {
        let (cloud, site, sid) = call(Script::default(), move |_| Page::twiml(verb)).await;
        assert_eq!(cloud.twilio().call_status(&sid), Some((status.to_owned(), Some(0))));
        assert_eq!(site.fields_at("/ended", "CallStatus"), [status]);
    }
}

#[tokio::test]
async fn a_document_that_fails_is_an_application_error() {
    let (cloud, site, sid) = call(Script::default(), |_| Page::status(500)).await;
    assert_eq!(cloud.twilio().call_status(&sid), Some(("completed".to_owned(), Some(5))));
    assert_eq!(site.hits().len(), 2);
    assert!(cloud.ledger().violations()[0].what.contains("error 11200"));
}

#[tokio::test]
async fn a_call_in_circles_ends() {
    let (cloud, site, _) = call(Script::default(), |_| Page::twiml("<Redirect>/voice</Redirect>")).await;
    assert_eq!(site.at("/voice").len(), 30);
    assert!(cloud.ledger().violations()[0].what.contains("30 documents"));
}

#[tokio::test]
async fn what_is_not_played_is_noted() {
    let (cloud, ..) = call(Script::default(), |_| Page::twiml("<Enqueue>a</Enqueue><Say>b</Say>")).await;
    assert!(cloud.ledger().violations()[0].what.contains("Enqueue"));
}

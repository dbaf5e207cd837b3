//! Calls through the toolkit's trait.

use comms_core::{
    AccountId, Address, AddressKind, Call, Channel, ChannelKind, Content, Found, MediaRef, Outbound, Probe, Status,
};
use comms_http::{ErrorKind, Outcome};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use time::OffsetDateTime;
use twilio_voice::{Config, TwilioVoiceChannel};

use crate::support::{
    ACCOUNT, Answer, CALL, NUMBER, PERSON, RECORDING, TOKEN, answer, client_of, config, form, ok, pairs,
};

fn channel_of(
    config: Config,
    answers: impl IntoIterator<Item = Answer>,
) -> (TwilioVoiceChannel, std::sync::Arc<crate::support::Script>) {
    let (client, script) = client_of(config, answers);
    (TwilioVoiceChannel::new(client).unwrap(), script)
}

fn queued() -> Answer {
    answer(201, json!({ "sid": CALL, "status": "queued" }).to_string())
}

fn call(call: Call) -> Outbound {
    Outbound::new(Address::phone(PERSON, None).unwrap(), Content::Call(call))
}

async fn sent(config: Config, message: &Outbound) -> Vec<(String, String)> {
    let (channel, script) = channel_of(config, [queued()]);
    channel.send(message).await.unwrap();
    form(&script.only())
}

#[tokio::test]
async fn a_call_is_placed_and_calls_back_with_our_ids() {
    let message = call(Call::default());
    let (channel, script) = channel_of(config(), [queued()]);
    let receipt = channel.send(&message).await.unwrap();
    assert_eq!((receipt.provider_id.as_str(), receipt.status), (CALL, Status::CallInitiated));
    assert_eq!(receipt.recipient, std::slice::from_ref(&message.to));
    let ours = format!("https://example.com/voz?account=twilio-voice%3A%2B15005550006&message={}", message.id);
    let expected = [
        ("To", PERSON),
        ("From", NUMBER),
        ("Url", &ours),
        ("StatusCallback", &ours),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ];
    assert_eq!(form(&script.only()), pairs(&expected));
}

#[tokio::test]
async fn everything_that_a_call_says_goes_out() {
    let message = call(Call {
        from: Some(Address::verbatim(AddressKind::VoiceClient, "ana")),
        answer: Some("<Response><Say>Hola</Say></Response>".into()),
        ring_seconds: Some(25),
        detect_machine: true,
        record: true,
        ..Call::default()
    });
    let sent = sent(config(), &message).await;
    let value = |name: &str| sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    for (name, expected) in [
        ("From", "client:ana"),
        ("Twiml", "<Response><Say>Hola</Say></Response>"),
        ("Timeout", "25"),
        ("MachineDetection", "Enable"),
        ("Record", "true"),
        ("RecordingChannels", "dual"),
    ] {
        assert_eq!(value(name), Some(expected));
    }
    assert_eq!(value("Url"), None);
    assert_eq!(value("RecordingStatusCallback"), value("StatusCallback"));
}

#[tokio::test]
async fn the_number_that_is_shown_is_the_callers_the_configured_or_our_own() {
    let from = |sent: Vec<(String, String)>| sent.into_iter().find(|(name, _)| name == "From").unwrap().1;
    let own = call(Call { from: Some(Address::phone("+15550100", None).unwrap()), ..Call::default() });
    assert_eq!(from(sent(config().caller_id("+15550100111"), &own).await), "+15550100");
    let plain = call(Call::default());
    assert_eq!(from(sent(config().caller_id("+15550100111"), &plain).await), "+15550100111");
    let to_browser = Outbound::new(Address::verbatim(AddressKind::VoiceClient, "ana"), Content::Call(Call::default()));
    assert!(sent(config(), &to_browser).await.contains(&("To".into(), "client:ana".into())));
}

#[tokio::test]
async fn what_cannot_be_placed_makes_no_request() {
    let without_callback = Config::new(twilio_core::Config::new(ACCOUNT, TOKEN)).phone_number(NUMBER);
    let (channel, script) = channel_of(without_callback.clone(), []);
    let nothing_to_do = channel.send(&call(Call::default())).await.unwrap_err();
    assert_eq!(
        (nothing_to_do.kind(), nothing_to_do.field_name()),
        (ErrorKind::Config, Some("TWILIO_VOICE_CALLBACK_URL"))
    );
    let both =
        Call { answer: Some("<Response/>".into()), answer_url: Some("https://example.com".into()), ..Call::default() };
    let long = Call { answer: Some("x".repeat(4_001)), ..Call::default() };
    let endless = Call { answer: Some("<Response/>".into()), ring_seconds: Some(601), ..Call::default() };
    for (refused, field) in [(both, "answer"), (long, "Twiml"), (endless, "Timeout")] {
        let error = channel.send(&call(refused)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::Rejected));
        assert_eq!(error.field_name(), Some(field));
    }
    let text = Outbound::new(Address::phone(PERSON, None).unwrap(), Content::text("hola"));
    assert_eq!(channel.send(&text).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(script.requests().is_empty());
    let (client, _) = client_of(Config::new(twilio_core::Config::new(ACCOUNT, TOKEN)), []);
    assert_eq!(TwilioVoiceChannel::new(client).unwrap_err().field_name(), Some("TWILIO_PHONE_NUMBER"));
    // TwiML of one's own needs no address of ours.
    let own = Call { answer: Some("<Response/>".into()), ..Call::default() };
    let sent = sent(without_callback, &call(own)).await;
    assert!(sent.iter().all(|(name, _)| !name.contains("Callback")), "{sent:?}");
}

#[tokio::test]
async fn it_says_what_it_is() {
    let (channel, _) = channel_of(config(), []);
    assert_eq!(channel.account(), &AccountId::from("twilio-voice:+15005550006"));
    assert_eq!(channel.kind(), ChannelKind::Voice);
    assert!(!channel.capabilities().find);
}

#[tokio::test]
async fn a_call_is_hung_up_and_one_that_is_over_is_no_error() {
    let over = json!({ "code": 21220, "message": "over", "status": 400 }).to_string();
    let (channel, script) = channel_of(config(), [ok(&json!({ "sid": CALL })), answer(400, over)]);
    let control = channel.calls().unwrap();
    control.hang_up(CALL).await.unwrap();
    control.hang_up(CALL).await.unwrap();
    assert_eq!(form(&script.requests()[0]), pairs(&[("Status", "completed")]));
}

#[tokio::test]
async fn a_recording_is_fetched_by_its_id_only() {
    let sound = answer(200, "abc").header("content-type", "audio/mpeg");
    let (channel, script) = channel_of(config(), [sound]);
    let stream = channel.fetch(&MediaRef::Id(RECORDING.into())).await.unwrap();
    assert_eq!(stream.content_type.as_deref(), Some("audio/mpeg"));
    assert_eq!(stream.body.try_collect::<Vec<_>>().await.unwrap().concat(), b"abc");
    assert!(script.only().url.path().ends_with(&format!("/Recordings/{RECORDING}.mp3")));
    for foreign in [MediaRef::Url("https://example.com/RE1.mp3".into()), MediaRef::Id("../Calls/x".into())] {
        assert_eq!(channel.fetch(&foreign).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    assert_eq!(script.requests().len(), 1);
}

fn probe(message: &Outbound, provider_id: Option<&str>) -> Probe {
    Probe {
        id: message.id,
        provider_id: provider_id.map(str::to_owned),
        to: message.to.clone(),
        attempted_at: OffsetDateTime::from_unix_timestamp(1_767_366_245).unwrap(),
    }
}

fn listed(direction: &str) -> Answer {
    ok(&json!({ "calls": [{ "sid": CALL, "direction": direction, "status": "completed" }], "next_page_uri": null }))
}

fn called(url: &str) -> Answer {
    ok(&json!({ "events": [{ "request": { "url": url } }, { "request": Value::Null }], "next_page_uri": null }))
}

#[tokio::test]
async fn a_call_is_found_only_where_twilio_called_us_with_its_id() {
    let message = call(Call::default());
    let ours = format!("https://example.com/voz?account=x&message={}", message.id);
    let unknown = || answer(404, json!({ "code": 20404, "message": "no", "status": 404 }).to_string());
    let nobody = || ok(&json!({ "calls": [], "next_page_uri": null }));
    let another = format!("https://example.com/voz?message={}", call(Call::default()).id);
    for (answers, is_found) in [
        (vec![listed("outbound-api"), called(&ours)], true),
        (vec![listed("outbound-api"), called(&another)], false),
        (vec![listed("outbound-api"), unknown()], false),
        (vec![listed("inbound")], false),
        (vec![nobody()], false),
    ] {
        let (channel, script) = channel_of(config(), answers);
        match channel.find(&probe(&message, None)).await.unwrap() {
            Found::Found(receipt) => {
                assert!(is_found);
                assert_eq!((receipt.provider_id.as_str(), receipt.status), (CALL, Status::CallCompleted));
            }
            Found::CannotTell => assert!(!is_found),
            Found::NotFound => panic!("nothing proves that a call was not placed"),
        }
        let query: Vec<_> = script.requests()[0].url.query_pairs().into_owned().collect();
        let expected = [("To", PERSON), ("StartTime>", "2026-01-02T14:49:05Z"), ("PageSize", "20")];
        assert_eq!(query, pairs(&expected));
    }
    let (channel, _) = channel_of(config(), [ok(&json!({ "sid": CALL, "status": "ringing" })), unknown()]);
    let known = channel.find(&probe(&message, Some(CALL))).await.unwrap();
    assert!(matches!(known, Found::Found(receipt) if receipt.status == Status::CallRinging));
    assert_eq!(channel.find(&probe(&message, Some(CALL))).await.unwrap(), Found::CannotTell);
}

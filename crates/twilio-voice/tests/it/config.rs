//! Settings are checked, and an error names the one at fault.

use comms_http::ErrorKind;
use twilio_voice::Config;

const ALL: [(&str, &str); 6] = [
    ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    ("TWILIO_AUTH_TOKEN", "an-invented-token"),
    ("TWILIO_PHONE_NUMBER", "+15005550006"),
    ("TWILIO_CALLER_ID", "+15550100111"),
    ("TWILIO_TWIML_APP_SID", "AP00000000000000000000000000000001"),
    ("TWILIO_VOICE_CALLBACK_URL", "https://example.com/voz"),
];

/// All settings, this one changed.
fn with(name: &str, value: &str) -> Config {
    Config::from_lookup(|wanted| {
        let known = ALL.iter().find(|(known, _)| *known == wanted).map(|(_, value)| (*value).to_owned());
        if wanted == name { Some(value.to_owned()) } else { known }
    })
}

#[test]
fn the_environment_gives_every_setting() {
    let config = with("", "");
    config.check().unwrap();
    assert_eq!(config.twilio.account_sid, ALL[0].1);
    assert_eq!(config.phone_number.as_deref(), Some(ALL[2].1));
    assert_eq!(config.shown_number(), Some(ALL[3].1));
    assert_eq!(config.twiml_app_sid.as_deref(), Some(ALL[4].1));
    assert_eq!(config.callback_url.as_deref(), Some(ALL[5].1));
    assert_eq!(with("TWILIO_CALLER_ID", "").shown_number(), Some(ALL[2].1));
}

#[test]
fn a_wrong_setting_names_itself() {
    for (name, value) in [
        ("TWILIO_ACCOUNT_SID", ""),
        ("TWILIO_PHONE_NUMBER", "600 000 000"),
        ("TWILIO_CALLER_ID", "+1"),
        ("TWILIO_TWIML_APP_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_VOICE_CALLBACK_URL", "/voz"),
        ("TWILIO_VOICE_CALLBACK_URL", "https://under_score.example.com/voz"),
    ] {
        let error = with(name, value).check().unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(name)), "{value:?}");
    }
}

#[test]
fn a_file_gives_the_same_and_unknown_keys_are_refused() {
    let json =
        r#"{ "twilio": { "account_sid": "AC00000000000000000000000000000001" }, "phone_number": "+15005550006" }"#;
    let config: Config = serde_json::from_str(json).unwrap();
    assert_eq!(config.shown_number(), Some("+15005550006"));
    assert!(serde_json::from_str::<Config>(&json.replace("phone_number", "phone_nombre")).is_err());
    assert!(!format!("{:?}", with("", "")).contains("an-invented-token"));
}

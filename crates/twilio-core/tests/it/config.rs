//! Settings: each wrong one is named before any request.

use comms_http::ErrorKind;
use twilio_core::Config;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const KEY: &str = "SK00000000000000000000000000000002";

fn from(pairs: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        let pair = pairs.iter().find(|(known, _)| *known == name)?;
        Some(pair.1.to_owned())
    })
}

#[test]
fn the_environment_is_read_by_its_documented_names() {
    let config = from(&[
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", "invented-1"),
        ("TWILIO_AUTH_TOKEN_PREVIOUS", "invented-0"),
        ("TWILIO_API_KEY_SID", KEY),
        ("TWILIO_API_KEY_SECRET", "invented-2"),
        ("TWILIO_REGION", "ie1"),
        ("TWILIO_EDGE", "dublin"),
        ("TWILIO_API_BASE", "http://127.0.0.1:9"),
    ]);
    config.check().unwrap();
    assert_eq!(config.account_sid, ACCOUNT);
    assert!(config.auth_token.is_some() && config.auth_token_previous.is_some() && config.api_key_secret.is_some());
    assert_eq!(config.api_key_sid.as_deref(), Some(KEY));
    assert_eq!(config.host("api").unwrap(), "api.dublin.ie1.twilio.com");
    assert_eq!(config.api_base.as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!(config.credentials().unwrap().user(), KEY);
    assert!(!format!("{config:?} {:?} {:?}", config.credentials(), config.verifier()).contains("invented"));
}

#[test]
fn each_wrong_setting_is_named() {
    let good = [("TWILIO_ACCOUNT_SID", ACCOUNT), ("TWILIO_AUTH_TOKEN", "invented")];
    for (wrong, name) in [
        (vec![("TWILIO_ACCOUNT_SID", "")], "TWILIO_ACCOUNT_SID"),
        (vec![("TWILIO_ACCOUNT_SID", KEY)], "TWILIO_ACCOUNT_SID"),
        (vec![("TWILIO_ACCOUNT_SID", "AC1")], "TWILIO_ACCOUNT_SID"),
        (vec![("TWILIO_ACCOUNT_SID", "AC../../../../../../../../../../..")], "TWILIO_ACCOUNT_SID"),
        (vec![("TWILIO_AUTH_TOKEN", "")], "TWILIO_AUTH_TOKEN"),
        (vec![("TWILIO_AUTH_TOKEN", "pasted\n")], "TWILIO_AUTH_TOKEN"),
        (vec![("TWILIO_AUTH_TOKEN_PREVIOUS", " hush")], "TWILIO_AUTH_TOKEN_PREVIOUS"),
        (vec![("TWILIO_API_KEY_SID", KEY)], "TWILIO_API_KEY_SECRET"),
        (vec![("TWILIO_API_KEY_SECRET", "hush")], "TWILIO_API_KEY_SID"),
        (vec![("TWILIO_API_KEY_SID", ACCOUNT), ("TWILIO_API_KEY_SECRET", "hush")], "TWILIO_API_KEY_SID"),
        (vec![("TWILIO_API_KEY_SID", KEY), ("TWILIO_API_KEY_SECRET", "hush ")], "TWILIO_API_KEY_SECRET"),
        (vec![("TWILIO_REGION", "ie1.example.com/")], "TWILIO_REGION"),
        (vec![("TWILIO_REGION", "br1")], "TWILIO_EDGE"),
        (vec![("TWILIO_EDGE", "Dublin")], "TWILIO_EDGE"),
        (vec![("TWILIO_EDGE", "-")], "TWILIO_EDGE"),
        (vec![("TWILIO_API_BASE", "api.twilio.com")], "TWILIO_API_BASE"),
        (vec![("TWILIO_API_BASE", "ftp://api.twilio.com")], "TWILIO_API_BASE"),
        (vec![("TWILIO_API_BASE", "https://user:pass@api.twilio.com")], "TWILIO_API_BASE"),
        (vec![("TWILIO_API_BASE", "https://api.twilio.com?a=b")], "TWILIO_API_BASE"),
    ] {
        let set = |known: &str| wrong.iter().any(|(name, _)| *name == known);
        let mut pairs = wrong.clone();
        pairs.extend(good.iter().filter(|(known, _)| !set(known)));
        let error = from(&pairs).credentials().expect_err(&format!("{wrong:?} is accepted"));
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(name)), "{wrong:?}");
        assert!(error.to_string().contains(name) && !error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn region_and_edge_make_the_host() {
    for (region, edge, host) in [
        ("", "", "messaging.twilio.com"),
        ("ie1", "dublin", "messaging.dublin.ie1.twilio.com"),
        ("us1", "frankfurt-ix", "messaging.frankfurt-ix.us1.twilio.com"),
        // An edge alone does not move the data.
        ("", "dublin", "messaging.dublin.us1.twilio.com"),
        // The host with a region alone led to the United States, and then nowhere.
        ("ie1", "", "messaging.dublin.ie1.twilio.com"),
        ("au1", "", "messaging.sydney.au1.twilio.com"),
    ] {
        let config = from(&[("TWILIO_REGION", region), ("TWILIO_EDGE", edge)]);
        assert_eq!(config.host("messaging").unwrap(), host);
    }
}

#[test]
fn webhooks_need_the_auth_token_and_calls_do_not() {
    let config =
        from(&[("TWILIO_ACCOUNT_SID", ACCOUNT), ("TWILIO_API_KEY_SID", KEY), ("TWILIO_API_KEY_SECRET", "invented")]);
    assert_eq!(config.credentials().unwrap().user(), KEY);
    assert_eq!(config.verifier().unwrap_err().field_name(), Some("TWILIO_AUTH_TOKEN"));
    let by_token = Config::new(ACCOUNT, "invented");
    assert_eq!(by_token.credentials().unwrap().user(), ACCOUNT);
}

#[test]
fn a_file_may_hold_the_settings_and_an_unknown_key_is_named() {
    let config: Config = serde_json::from_str(r#"{"account_sid":"AC1","auth_token":"a"}"#).unwrap();
    assert_eq!((&*config.account_sid, config.api_base), ("AC1", None));
    let error = serde_json::from_str::<Config>(r#"{"account_sid":"AC1","auth_tokn":"a"}"#).unwrap_err();
    assert!(error.to_string().contains("auth_tokn"), "{error}");
}

#[cfg(feature = "client")]
#[test]
fn no_secret_is_printed_by_a_client() {
    let script = crate::support::Script::new([]);
    let builder = crate::support::builder(&script);
    let printed = format!("{builder:?} {:?}", crate::support::builder(&script).build().unwrap());
    assert!(!printed.contains("invented"), "{printed}");
}

#[cfg(all(feature = "client", not(feature = "rustls-ring")))]
#[test]
fn without_a_transport_the_error_says_what_to_do() {
    let error = twilio_core::Client::builder(Config::new(ACCOUNT, "invented")).build().unwrap_err();
    assert!(error.message().contains("rustls-ring"), "{error}");
}

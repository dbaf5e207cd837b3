//! Settings: each wrong one is named before any request.

use comms_http::ErrorKind;
use whatsapp_cloud::{Client, Config};

use crate::support::{NUMBER, Script, TOKEN, config};

fn from(pairs: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        let pair = pairs.iter().find(|(known, _)| *known == name)?;
        Some(pair.1.to_owned())
    })
}

#[test]
fn the_environment_is_read_by_its_documented_names() {
    let config = from(&[
        ("WHATSAPP_ACCESS_TOKEN", TOKEN),
        ("WHATSAPP_PHONE_NUMBER_ID", NUMBER),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "1"),
        ("WHATSAPP_VERIFY_TOKEN", "verify"),
        ("WHATSAPP_APP_SECRET", "secret"),
        ("WHATSAPP_APP_SECRET_PREVIOUS", "before"),
        ("WHATSAPP_APP_ID", "2"),
        ("WHATSAPP_API_BASE", "http://127.0.0.1:9"),
        ("WHATSAPP_API_VERSION", "v25.0"),
    ]);
    assert_eq!(config.phone_number_id, NUMBER);
    assert_eq!(config.business_account_id.as_deref(), Some("1"));
    assert_eq!(config.app_id.as_deref(), Some("2"));
    assert!(config.app_secret.is_some() && config.app_secret_previous.is_some());
    assert!(config.verify_token.is_some());
    assert_eq!(config.api_base, "http://127.0.0.1:9");
    assert_eq!(config.api_version, "v25.0");
}

#[test]
fn each_wrong_setting_is_named() {
    let good = [("WHATSAPP_ACCESS_TOKEN", TOKEN), ("WHATSAPP_PHONE_NUMBER_ID", NUMBER)];
    for (name, value) in [
        ("WHATSAPP_ACCESS_TOKEN", ""),
        ("WHATSAPP_ACCESS_TOKEN", "pasted\n"),
        ("WHATSAPP_PHONE_NUMBER_ID", ""),
        ("WHATSAPP_PHONE_NUMBER_ID", "+34 600 000 000"),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "../me"),
        ("WHATSAPP_APP_ID", "app"),
        ("WHATSAPP_APP_SECRET", "hush-1 "),
        ("WHATSAPP_APP_SECRET_PREVIOUS", " hush-2"),
        ("WHATSAPP_VERIFY_TOKEN", "veri\r\nfy"),
        ("WHATSAPP_API_BASE", "graph.facebook.com"),
        ("WHATSAPP_API_BASE", "ftp://graph.facebook.com"),
        ("WHATSAPP_API_BASE", "https://user:pass@graph.facebook.com"),
        ("WHATSAPP_API_BASE", "https://graph.facebook.com?a=b"),
        ("WHATSAPP_API_VERSION", "26"),
        ("WHATSAPP_API_VERSION", "v26.0/me"),
    ] {
        let mut pairs = vec![(name, value)];
        pairs.extend(good.iter().filter(|(known, _)| *known != name));
        let built = Client::builder(from(&pairs)).transport(Script::new([])).build();
        let error = built.expect_err(&format!("{name}={value:?} is accepted"));
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.field_name(), Some(name));
        assert!(error.to_string().contains(name), "{error}");
        let secret = name.contains("SECRET") || name.contains("TOKEN");
        assert!(!secret || value.trim().is_empty() || !error.message().contains(value.trim()), "{error}");
    }
}

#[test]
fn a_file_may_hold_the_settings_and_an_unknown_key_is_named() {
    let config: Config = serde_json::from_str(r#"{"access_token":"a","phone_number_id":"1"}"#).unwrap();
    assert_eq!((&*config.api_base, &*config.api_version), ("https://graph.facebook.com", "v26.0"));
    let error =
        serde_json::from_str::<Config>(r#"{"access_token":"a","phone_number_id":"1","phone_numer":"2"}"#).unwrap_err();
    assert!(error.to_string().contains("phone_numer"), "{error}");
}

#[test]
fn no_secret_is_printed() {
    let config = config();
    let client = Client::builder(config.clone()).transport(Script::new([])).build().unwrap();
    let builder = Client::builder(config.clone());
    let tokens = client.tokens().unwrap();
    for printed in [
        format!("{config:?}"),
        format!("{client:?}"),
        format!("{builder:?}"),
        format!("{tokens:?}"),
        format!("{:?}", client.messages()),
    ] {
        assert!(!printed.contains("invented"), "{printed}");
    }
}

#[test]
fn what_an_operation_needs_is_named_when_it_is_used() {
    let client = Client::builder(Config::new(TOKEN, NUMBER)).transport(Script::new([])).build().unwrap();
    assert_eq!(client.tokens().unwrap_err().field_name(), Some("WHATSAPP_APP_SECRET"));
    let proof = Client::builder(Config::new(TOKEN, NUMBER)).appsecret_proof();
    let error = proof.transport(Script::new([])).build().unwrap_err();
    assert_eq!(error.field_name(), Some("WHATSAPP_APP_SECRET"));
}

#[cfg(not(feature = "rustls-ring"))]
#[test]
fn without_a_transport_the_error_says_what_to_do() {
    let error = Client::builder(config()).build().unwrap_err();
    assert!(error.message().contains("rustls-ring"), "{error}");
}

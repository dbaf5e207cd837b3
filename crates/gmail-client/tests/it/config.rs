//! Settings: each wrong one is named before any request.

use std::sync::Arc;

use comms_http::{ErrorKind, RetryPolicy, SystemClock};
use gmail_client::{Client, Config, oauth::OAuth};

use crate::support::Script;

const GOOD: [(&str, &str); 3] = [
    ("GOOGLE_CLIENT_ID", "1234.apps.googleusercontent.com"),
    ("GOOGLE_CLIENT_SECRET", "an-invented-secret"),
    ("GMAIL_REFRESH_TOKEN", "an-invented-refresh-token"),
];

fn from(pairs: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        let pair = pairs.iter().find(|(known, _)| *known == name)?;
        Some(pair.1.to_owned())
    })
}

#[test]
fn the_environment_is_read_by_its_documented_names() {
    let mut pairs = GOOD.to_vec();
    pairs.extend([
        ("GOOGLE_REDIRECT_URI", "https://example.org/cb"),
        ("GMAIL_USER", "ana@example.org"),
        ("GMAIL_API_BASE", "http://127.0.0.1:1"),
        ("GOOGLE_AUTH_URI", "http://127.0.0.1:2/auth"),
        ("GOOGLE_TOKEN_URI", "http://127.0.0.1:2/token"),
        ("GOOGLE_REVOKE_URI", "http://127.0.0.1:2/revoke"),
    ]);
    let config = from(&pairs);
    assert_eq!(config.client_id, "1234.apps.googleusercontent.com");
    assert_eq!(config.redirect_uri.as_deref(), Some("https://example.org/cb"));
    assert_eq!(config.user, "ana@example.org");
    assert_eq!(config.api_base, "http://127.0.0.1:1");
    assert_eq!(config.auth_uri, "http://127.0.0.1:2/auth");
    assert_eq!(config.token_uri, "http://127.0.0.1:2/token");
    assert_eq!(config.revoke_uri, "http://127.0.0.1:2/revoke");
    assert!(Client::builder(config).transport(Script::new([])).build().is_ok());
}

#[test]
fn each_wrong_setting_is_named() {
    for (name, value) in [
        ("GOOGLE_CLIENT_ID", ""),
        ("GOOGLE_CLIENT_ID", "12 34"),
        ("GOOGLE_CLIENT_SECRET", ""),
        ("GOOGLE_CLIENT_SECRET", "hush-1\n"),
        ("GMAIL_REFRESH_TOKEN", ""),
        ("GMAIL_REFRESH_TOKEN", " hush-2"),
        ("GMAIL_USER", "ana"),
        ("GMAIL_API_BASE", "gmail.googleapis.com"),
        ("GOOGLE_AUTH_URI", "ftp://accounts.google.com"),
        ("GOOGLE_TOKEN_URI", "https://user:pass@example.org"),
        ("GOOGLE_REVOKE_URI", "https://example.org/revoke?a=b"),
        ("GOOGLE_REDIRECT_URI", "not an address"),
    ] {
        let mut pairs = vec![(name, value)];
        pairs.extend(GOOD.iter().filter(|(known, _)| *known != name));
        let built = Client::builder(from(&pairs)).transport(Script::new([])).build();
        let error = built.expect_err(&format!("{name}={value:?} is accepted"));
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(name)));
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn without_a_redirect_address_no_consent_begins() {
    let oauth = OAuth::new(&from(&GOOD), Script::new([]), Arc::new(SystemClock), RetryPolicy::never()).unwrap();
    let error = oauth.begin(&gmail_client::oauth::Consent::new(&[])).unwrap_err();
    assert_eq!(error.field_name(), Some("GOOGLE_REDIRECT_URI"));
}

#[test]
fn no_secret_is_shown() {
    let config = from(&GOOD);
    let client = Client::builder(config.clone()).transport(Script::new([])).build().unwrap();
    assert!(!format!("{config:?}{client:?}").contains("an-invented"));
}

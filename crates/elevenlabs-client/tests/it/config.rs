//! Settings: what is absent or wrong is named.

use comms_http::{ErrorKind, Secret};
use elevenlabs_client::{Config, limits};

use crate::support::{NOW, clock, post, signature};

fn config() -> Config {
    Config::new("sk_an-invented-key")
}

#[test]
fn what_is_wrong_is_named() {
    type Spoil = fn(&mut Config);
    let wrong: [(&str, Spoil); 10] = [
        ("ELEVENLABS_API_KEY", |config| config.api_key = Secret::default()),
        ("ELEVENLABS_API_KEY", |config| config.api_key = "sk_key\n".into()),
        ("ELEVENLABS_WEBHOOK_SECRET", |config| config.webhook_secret = Some(" , ".into())),
        ("ELEVENLABS_API_BASE", |config| config.api_base = "api.elevenlabs.io".to_owned()),
        ("ELEVENLABS_API_BASE", |config| config.api_base = "wss://api.elevenlabs.io".to_owned()),
        ("ELEVENLABS_WS_BASE", |config| config.ws_base = Some("https://api.elevenlabs.io".to_owned())),
        ("ELEVENLABS_WS_BASE", |config| config.ws_base = Some("wss://user:pass@api.elevenlabs.io".to_owned())),
        ("ELEVENLABS_CONCURRENCY", |config| config.concurrency = Some(0)),
        ("ELEVENLABS_CONCURRENCY", |config| config.concurrency = Some(limits::MOST_SESSIONS + 1)),
        ("ELEVENLABS_KEEP_SESSIONS", |config| config.keep_sessions = Some(limits::KEPT_LONGEST.as_secs() + 1)),
    ];
    for (name, spoil) in wrong {
        let mut config = config();
        spoil(&mut config);
        let error = config.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn web_sockets_go_where_requests_go() {
    let web_socket = |config: &Config| config.check().unwrap().web_socket.to_string();
    assert_eq!(web_socket(&config()), "wss://api.elevenlabs.io/");
    for base in limits::OTHER_BASES {
        let mut config = config();
        config.api_base = base.to_owned();
        assert_eq!(web_socket(&config), format!("{}/", base.replace("https", "wss")));
    }
    let mut config = config();
    config.api_base = "http://127.0.0.1:4010".to_owned();
    assert_eq!(web_socket(&config), "ws://127.0.0.1:4010/");
    config.ws_base = Some("ws://127.0.0.1:4011".to_owned());
    assert_eq!(web_socket(&config), "ws://127.0.0.1:4011/");
}

#[test]
fn the_environment_is_read() {
    let config = Config::from_lookup(|name| match name {
        "ELEVENLABS_API_KEY" => Some("sk_an-invented-key".to_owned()),
        "ELEVENLABS_CONCURRENCY" => Some("7".to_owned()),
        "ELEVENLABS_KEEP_SESSIONS" => Some("300".to_owned()),
        "ELEVENLABS_WS_BASE" => Some(String::new()),
        _ => None,
    });
    assert_eq!((config.sessions().unwrap(), config.keep().unwrap().as_secs()), (7, 300));
    assert_eq!(config.ws_base, None);
    assert!(Config::default().keep().unwrap().is_zero(), "nothing is kept unless the settings say so");
    let wrong = Config::from_lookup(|name| (name == "ELEVENLABS_CONCURRENCY").then(|| "many".to_owned()));
    assert!(wrong.sessions().unwrap_err().to_string().contains("ELEVENLABS_CONCURRENCY"));
    let wrong = Config::from_lookup(|name| (name == "ELEVENLABS_KEEP_SESSIONS").then(|| "5m".to_owned()));
    assert!(wrong.keep().unwrap_err().to_string().contains("ELEVENLABS_KEEP_SESSIONS"));
}

#[test]
fn several_secrets_are_read_from_one_variable() {
    let mut config = config();
    config.webhook_secret = Some("wsec_old, wsec_new".into());
    let verifier = config.verifier().unwrap().unwrap().clock(clock(NOW));
    for secret in ["wsec_old", "wsec_new"] {
        let signed = post("{}").header("elevenlabs-signature", &signature(secret, NOW, b"{}"));
        verifier.verify(&signed).unwrap();
    }
    assert!(verifier.verify(&post("{}")).is_err());
}

#[test]
fn nothing_shows_a_secret() {
    let mut config = config();
    config.webhook_secret = Some("wsec_an-invented-secret".into());
    let shown = format!("{config:?} {:?}", config.verifier());
    assert!(!shown.contains("an-invented"), "{shown}");
}

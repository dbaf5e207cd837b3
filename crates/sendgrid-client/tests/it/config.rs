//! Settings: what is absent or wrong is named.

use comms_http::{ErrorKind, Secret};
use sendgrid_client::Config;

use crate::support::Signing;

fn config() -> Config {
    Config::new("SG.an-invented-key")
}

#[test]
fn what_is_wrong_is_named() {
    type Spoil = fn(&mut Config);
    let wrong: [(&str, Spoil); 5] = [
        ("SENDGRID_API_KEY", |config| config.api_key = Secret::default()),
        ("SENDGRID_API_KEY", |config| config.api_key = "SG.key\n".into()),
        ("SENDGRID_FROM_EMAIL", |config| config.from_email = Some("ventas".to_owned())),
        ("SENDGRID_WEBHOOK_KEY", |config| config.webhook_key = Some("your_sendgrid_webhook_key".to_owned())),
        ("SENDGRID_API_BASE", |config| config.api_base = "api.sendgrid.com".to_owned()),
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
fn several_keys_are_read_from_one_variable() {
    let keys = [Signing::generate(), Signing::generate()];
    let mut config = config();
    config.webhook_key = Some(format!("{},{}", keys[0].public(), keys[1].public()));
    let verifier = config.verifier().unwrap().unwrap().clock(crate::support::clock(crate::support::NOW));
    for key in keys {
        verifier.verify(&key.post("application/json", "[]")).unwrap();
    }
}

#[test]
fn the_european_union_has_a_host_of_its_own() {
    assert_eq!(config().european_union().check().unwrap().as_str(), "https://api.eu.sendgrid.com/");
}

#[test]
fn nothing_shows_the_key() {
    let shown = format!("{:?}", config());
    assert!(!shown.contains("an-invented-key"), "{shown}");
}

use std::{sync::Arc, time::Duration};

use comms_core::{ManualClock, Secret};
use comms_server::{
    auth::{Identity, Role, Tokens},
    config::AuthSettings,
    errors::Code,
};
use jwt_simple::prelude::{Claims, HS256Key, HS512Key, MACLike};
use serde_json::{Map, Value, json};
use time::macros::datetime;

const SECRET: &str = "an invented secret for tests";

fn tokens(settings: &AuthSettings) -> (Tokens, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(datetime!(2026-11-22 10:00 UTC)));
    (Tokens::new(&Secret::from(SECRET), settings, Arc::clone(&clock) as _), clock)
}

/// A token as Express writes one.
fn written(claims: &Value) -> String {
    let parts = [json!({"alg": "HS256", "typ": "JWT"}), claims.clone()];
    let signed = parts.map(|part| base64(part.to_string().as_bytes())).join(".");
    let mac = comms_core::signature::hmac_sha256_hex(&Secret::from(SECRET), signed.as_bytes());
    format!("{signed}.{}", base64(&hex::decode(mac).unwrap()))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn in_an_hour() -> i64 {
    datetime!(2026-11-22 11:00 UTC).unix_timestamp()
}

#[test]
fn an_express_token_is_understood() {
    let (tokens, _) = tokens(&AuthSettings::default());
    for id in [json!(7), json!("7")] {
        let token = written(&json!({"id": id, "rol": "vendedor", "exp": in_an_hour()}));
        let identity = tokens.verify(&token).unwrap();
        assert_eq!(identity, Identity { user: "7".into(), role: Role::Seller, organization: None });
    }
    let token = written(&json!({"id": 1, "rol": "admin", "organizacion_id": 3, "exp": in_an_hour()}));
    let identity = tokens.verify(&token).unwrap();
    assert_eq!((identity.role, identity.organization), (Role::Admin, Some("3".into())));
}

#[test]
fn names_of_claims_and_roles_are_settings() {
    let settings = AuthSettings {
        claim_id: "sub".to_owned(),
        claim_role: "role".to_owned(),
        claim_organization: "tenant".to_owned(),
        role_seller: "agent".to_owned(),
        role_operator: Some("root".to_owned()),
        ..AuthSettings::default()
    };
    let (tokens, _) = tokens(&settings);
    let token = written(&json!({"sub": "u-1", "role": "agent", "tenant": "acme", "exp": in_an_hour()}));
    let identity = tokens.verify(&token).unwrap();
    assert_eq!((identity.user.as_str(), identity.organization), ("u-1", Some("acme".into())));
    let token = written(&json!({"sub": "u-1", "role": "root", "exp": in_an_hour()}));
    assert_eq!(tokens.verify(&token).unwrap().role, Role::Operator);
}

#[test]
fn what_is_not_a_valid_token_is_401() {
    let (tokens, _) = tokens(&AuthSettings::default());
    let good = json!({"id": 7, "rol": "vendedor", "exp": in_an_hour()});
    let mut cut = written(&good);
    cut.pop();
    let none = [json!({"alg": "none"}), good.clone()].map(|part| base64(part.to_string().as_bytes())).join(".");
    let mut other_algorithm = Claims::with_custom_claims(
        Map::from_iter([("id".to_owned(), json!(7))]),
        jwt_simple::prelude::Duration::from_hours(1),
    );
    other_algorithm.invalid_before = None;
    let refused = [
        ("empty", String::new()),
        ("rubbish", "a.b.c".to_owned()),
        ("cut", cut),
        ("unsigned", format!("{none}.")),
        ("another algorithm", HS512Key::from_bytes(SECRET.as_bytes()).authenticate(other_algorithm.clone()).unwrap()),
        ("another secret", HS256Key::from_bytes(b"another invented secret").authenticate(other_algorithm).unwrap()),
        ("no exp", written(&json!({"id": 7, "rol": "vendedor"}))),
        ("expired", written(&json!({"id": 7, "rol": "vendedor", "exp": 1_700_000_000}))),
        ("no user", written(&json!({"rol": "vendedor", "exp": in_an_hour()}))),
        ("empty user", written(&json!({"id": "", "rol": "vendedor", "exp": in_an_hour()}))),
        ("user is a list", written(&json!({"id": [7], "rol": "vendedor", "exp": in_an_hour()}))),
    ];
    for (what, token) in refused {
        assert_eq!(tokens.verify(&token).unwrap_err().code(), Code::Unauthenticated, "{what}");
    }
}

#[test]
fn any_other_role_is_403() {
    let (tokens, _) = tokens(&AuthSettings::default());
    for role in [json!("cliente"), json!(null), json!("VENDEDOR"), json!(true)] {
        let token = written(&json!({"id": 7, "rol": role, "exp": in_an_hour()}));
        assert_eq!(tokens.verify(&token).unwrap_err().code(), Code::Forbidden, "{role}");
    }
}

#[test]
fn a_token_ends() {
    let (tokens, clock) = tokens(&AuthSettings::default());
    let identity = Identity { user: "7".into(), role: Role::Seller, organization: Some("acme".into()) };
    let token = tokens.issue(&identity, Duration::from_secs(60)).unwrap();
    assert_eq!(tokens.verify(&token).unwrap(), identity);
    clock.advance(Duration::from_secs(59));
    assert!(tokens.verify(&token).is_ok());
    clock.advance(Duration::from_secs(60));
    assert_eq!(tokens.verify(&token).unwrap_err().code(), Code::Unauthenticated);
}

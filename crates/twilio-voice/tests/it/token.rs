//! Access tokens: what is in them, and what is not signed.

use std::time::Duration;

use comms_http::{ErrorKind, ExposeSecret, Outcome, Secret};
use jwt_simple::{
    prelude::{Base64UrlSafeNoPadding, HS256Key, MACLike, UnixTimeStamp, VerificationOptions},
    reexports::ct_codecs::Decoder,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use twilio_voice::token::{AccessToken, ChatGrant, MAX_IDENTITY, MAX_LIFE, Signed, Signer, VoiceGrant};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const KEY: &str = "SK00000000000000000000000000000001";
const APP: &str = "AP00000000000000000000000000000001";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_767_225_600;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

fn signer() -> Signer {
    Signer::new(ACCOUNT, KEY, Secret::from(SECRET)).unwrap()
}

/// Header and claims.
fn read(signed: &Signed) -> (Value, Value) {
    let part = |part: &str| -> Value {
        serde_json::from_slice(&Base64UrlSafeNoPadding::decode_to_vec(part, None).unwrap()).unwrap()
    };
    let mut parts = signed.jwt.expose_secret().split('.');
    (part(parts.next().unwrap()), part(parts.next().unwrap()))
}

#[test]
fn header_and_claims_are_those_of_twilios_library() {
    let voice = VoiceGrant::new().incoming(true).outgoing_with(APP, [("lead", "7")]).push_credential("CR1");
    let token = AccessToken::new("alice").valid_for(Duration::from_secs(600)).voice(voice.endpoint_id("e1"));
    let signed = signer().region("ie1").sign(&token, now()).unwrap();
    assert_eq!(signed.expires_at.unix_timestamp(), NOW + 600);
    let (header, claims) = read(&signed);
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1", "twr": "ie1" }));
    assert_eq!(
        claims,
        json!({
            "jti": format!("{KEY}-{NOW}"),
            "iss": KEY,
            "sub": ACCOUNT,
            "iat": NOW,
            "exp": NOW + 600,
            "grants": {
                "identity": "alice",
                "voice": {
                    "incoming": { "allow": true },
                    "outgoing": { "application_sid": APP, "params": { "lead": "7" } },
                    "push_credential_sid": "CR1",
                    "endpoint_id": "e1",
                },
            },
        })
    );
}

#[test]
fn what_is_blank_is_left_out_as_in_twilios_library() {
    let voice = VoiceGrant::new().outgoing_with("", [("lead", "7")]).push_credential("").endpoint_id("");
    let chat = ChatGrant::new("").endpoint_id("e1").endpoint_id("").deployment_role("");
    let token = AccessToken::new("alice").voice(voice).chat(chat).sync("").video(Some("")).task_router("WS1", "", "");
    let (header, claims) = read(&signer().region("").sign(&token, now()).unwrap());
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" }));
    let grants = json!({
        "identity": "alice", "voice": {}, "chat": {}, "data_sync": {}, "video": {}, "task_router": { "workspace_sid": "WS1" },
    });
    assert_eq!(claims["grants"], grants);
}

#[test]
fn grants_stand_beside_each_other() {
    let token = AccessToken::new("bob")
        .voice(VoiceGrant::new().incoming(true).incoming(false))
        .chat(ChatGrant::new("IS1").endpoint_id("e").deployment_role("RL1").push_credential("CR1"))
        .sync("IS2")
        .video(None)
        .task_router("WS1", "WK1", "worker")
        .grant("player", json!({ "playerStreamerSid": "VJ1" }))
        .grant("identity", "mallory")
        .not_before(now() - Duration::from_secs(60));
    let (_, claims) = read(&signer().sign(&token, now()).unwrap());
    assert_eq!(
        (&claims["nbf"], &claims["exp"], &claims["grants"]),
        (
            &json!(NOW - 60),
            &json!(NOW + 3_600),
            &json!({
                "identity": "bob",
                "voice": {},
                "chat": {
                    "service_sid": "IS1",
                    "endpoint_id": "e",
                    "deployment_role_sid": "RL1",
                    "push_credential_sid": "CR1",
                },
                "data_sync": { "service_sid": "IS2" },
                "video": {},
                "task_router": { "workspace_sid": "WS1", "worker_sid": "WK1", "role": "worker" },
                "player": { "playerStreamerSid": "VJ1" },
            })
        )
    );
}

#[test]
fn the_signature_is_that_of_the_keys_secret() {
    let signed = signer().sign(&AccessToken::new("alice"), now()).unwrap();
    let jwt = signed.jwt.expose_secret();
    let verify = |secret: &str| {
        let time = UnixTimeStamp::from_secs(u64::try_from(NOW).unwrap());
        let options = VerificationOptions { artificial_time: Some(time), ..VerificationOptions::default() };
        HS256Key::from_bytes(secret.as_bytes()).verify_token::<Value>(jwt, Some(options))
    };
    assert_eq!(verify(SECRET).unwrap().issuer.as_deref(), Some(KEY));
    assert!(verify("another secret of the same account").is_err());
}

#[test]
fn what_twilio_refuses_is_not_signed() {
    let named = |length: usize| AccessToken::new("é".repeat(length));
    let voice = |token: AccessToken| token.voice(VoiceGrant::new().incoming(true));
    let lasting = |life: Duration| AccessToken::new("alice").valid_for(life);
    for (token, field) in [
        (AccessToken::new(" "), "identity"),
        (voice(named(MAX_IDENTITY + 1)), "identity"),
        (lasting(Duration::ZERO), "valid_for"),
        (lasting(Duration::from_millis(999)), "valid_for"),
        (lasting(MAX_LIFE + Duration::from_nanos(1)), "valid_for"),
        (lasting(Duration::MAX), "valid_for"),
    ] {
        let error = signer().sign(&token, now()).unwrap_err();
        let seen = (error.kind(), error.outcome(), error.field_name());
        assert_eq!(seen, (ErrorKind::InvalidRequest, Outcome::Rejected, Some(field)), "{token:?}");
    }
    for token in [voice(named(MAX_IDENTITY)), named(MAX_IDENTITY + 1), lasting(MAX_LIFE)] {
        assert!(signer().sign(&token, now()).is_ok(), "{token:?}");
    }
    let end_of_time = time::macros::datetime!(9999-12-31 23:59:59 UTC);
    assert_eq!(signer().sign(&lasting(MAX_LIFE), end_of_time).unwrap_err().field_name(), Some("now"));
}

#[test]
fn a_key_is_an_api_key_of_an_account() {
    for (account, key, secret, field) in [
        (KEY, KEY, SECRET, "account_sid"),
        (ACCOUNT, ACCOUNT, SECRET, "api_key_sid"),
        (ACCOUNT, KEY, "", "api_key_secret"),
    ] {
        let error = Signer::new(account, key, Secret::from(secret)).unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(field)));
    }
}

#[test]
fn a_key_comes_from_the_settings_of_an_account() {
    let settings = |with_key: bool| {
        twilio_core::Config::from_lookup(|name| match name {
            "TWILIO_ACCOUNT_SID" => Some(ACCOUNT.into()),
            "TWILIO_API_KEY_SID" if with_key => Some(KEY.into()),
            "TWILIO_API_KEY_SECRET" => Some(SECRET.into()),
            "TWILIO_REGION" => Some("ie1".into()),
            _ => None,
        })
    };
    let signed = Signer::from_config(&settings(true)).unwrap().sign(&AccessToken::new("alice"), now()).unwrap();
    assert_eq!(read(&signed).0["twr"], "ie1");
    assert_eq!(Signer::from_config(&settings(false)).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn debug_shows_neither_the_secret_nor_the_token() {
    let signed = signer().sign(&AccessToken::new("alice"), now()).unwrap();
    let shown = format!("{:?} {signed:?}", signer());
    assert!(shown.contains(KEY) && shown.contains("REDACTED"), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains(signed.jwt.expose_secret()), "{shown}");
}

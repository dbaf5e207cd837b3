//! Who sent a webhook, and whether it is let in.

use comms_core::{Inbound, StoredWebhook, WebhookId};
use comms_http::{ErrorKind, Secret, WebhookRequest, signature};
use time::OffsetDateTime;
use whatsapp_cloud::{WhatsAppInbound, webhook::Verifier};

use crate::webhook_support::{SECRET, URL, signed, verifier};

const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;

fn kind_of(request: &WebhookRequest) -> Option<ErrorKind> {
    verifier().verify(request).err().map(|error| error.kind())
}

fn with_signature(value: &str) -> WebhookRequest {
    WebhookRequest::post(URL, BODY).header("x-hub-signature-256", value)
}

fn digest() -> String {
    signature::hmac_sha256_hex(&Secret::from(SECRET), BODY.as_bytes())
}

#[test]
fn a_right_signature_is_accepted_in_either_case() {
    assert_eq!(kind_of(&signed(BODY)), None);
    let upper = format!("sha256={}", digest().to_uppercase());
    assert_eq!(kind_of(&with_signature(&upper)), None);
}

#[test]
fn whatever_else_is_refused() {
    let digest = digest();
    let sha1 = format!("sha1={}", &digest[..40]);
    let cases = [
        ("empty", String::new()),
        ("without its kind", digest.clone()),
        ("of another kind", sha1),
        ("nothing behind the kind", "sha256=".to_owned()),
        ("odd length", format!("sha256={}", &digest[1..])),
        ("too short", format!("sha256={}", &digest[2..])),
        ("too long", format!("sha256={digest}00")),
        ("no hexadecimal", format!("sha256={}zz", &digest[2..])),
        ("a space before", format!("sha256= {digest}")),
        ("another one", format!("sha256={}", "0".repeat(64))),
    ];
    for (what, value) in cases {
        let refused = kind_of(&with_signature(&value));
        assert_eq!(refused, Some(ErrorKind::InvalidSignature), "{what}: {value}");
    }
    let absent = WebhookRequest::post(URL, BODY);
    assert_eq!(kind_of(&absent), Some(ErrorKind::InvalidSignature));
}

#[test]
fn two_signatures_are_refused_even_if_one_is_right() {
    let mut request = signed(BODY);
    let other = http::HeaderValue::from_static("sha256=00");
    request.headers.append("x-hub-signature-256", other);
    assert_eq!(kind_of(&request), Some(ErrorKind::InvalidSignature));
}

#[test]
fn one_changed_byte_breaks_the_signature() {
    let mut request = signed(BODY);
    request.body = BODY.replace("[]", "[ ]").into();
    assert_eq!(kind_of(&request), Some(ErrorKind::InvalidSignature));
}

#[test]
fn both_secrets_are_accepted_during_a_rotation_and_only_then() {
    let rotating =
        Verifier::new(Secret::from("the new secret")).unwrap().previous_secret(Secret::from(SECRET)).unwrap();
    assert!(rotating.verify(&signed(BODY)).is_ok());
    let rotated = Verifier::new(Secret::from("the new secret")).unwrap();
    assert!(rotated.verify(&signed(BODY)).is_err());
}

#[test]
fn an_empty_secret_or_token_is_a_mistake_of_the_configuration() {
    let refused = Verifier::new(Secret::from("")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    let refused = verifier().previous_secret(Secret::from("")).unwrap_err();
    assert_eq!(refused.field_name(), Some("previous_app_secret"));
    let refused = verifier().verify_token(Secret::from("")).unwrap_err();
    assert_eq!(refused.field_name(), Some("verify_token"));
}

#[test]
fn no_secret_is_printed() {
    let printed = format!("{:?}", WhatsAppInbound::new(verifier()));
    assert!(!printed.contains(SECRET) && !printed.contains("a verify token"), "{printed}");
    let error = verifier().verify(&with_signature("sha256=00")).unwrap_err();
    assert!(!format!("{error:?} {error}").contains(&digest()));
}

fn challenge(query: &str) -> Result<String, ErrorKind> {
    let mut request = WebhookRequest::post(format!("{URL}?{query}"), "");
    request.method = http::Method::GET;
    verifier().challenge(&request).map_err(|error| error.kind())
}

#[test]
fn the_challenge_is_answered_to_the_right_token_only() {
    let answered = challenge("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a+verify+token");
    assert_eq!(answered.as_deref(), Ok("1158201444"));
    let refused = [
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=another",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=a+verify+token",
        "hub.challenge=1&hub.verify_token=a+verify+token",
        "",
    ];
    for query in refused {
        assert_eq!(challenge(query), Err(ErrorKind::InvalidSignature), "{query}");
    }
    let without = challenge("hub.mode=subscribe&hub.verify_token=a+verify+token");
    assert_eq!(without, Err(ErrorKind::InvalidRequest));
}

#[test]
fn a_verifier_without_a_token_answers_no_challenge() {
    let verifier = Verifier::new(Secret::from(SECRET)).unwrap();
    let request = WebhookRequest::post(format!("{URL}?hub.mode=subscribe&hub.verify_token="), "");
    let refused = verifier.challenge(&request).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
}

#[test]
fn what_was_stored_is_read_again_without_its_signature() {
    let body = include_str!("../data/webhooks/group_1.json");
    let inbound = WhatsAppInbound::new(verifier());
    let received = inbound.receive(&signed(body)).unwrap();
    let stored = StoredWebhook::from_repository(
        WebhookId::new(),
        "whatsapp".to_owned(),
        OffsetDateTime::UNIX_EPOCH,
        WebhookRequest::post(URL, body),
    );
    assert_eq!(received.events.len(), 1);
    assert_eq!(inbound.reparse(&stored), received);
}

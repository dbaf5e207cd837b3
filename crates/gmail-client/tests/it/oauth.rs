//! Consent, code, refresh, revocation.

use comms_http::{ErrorKind, ExposeSecret, Outcome, Secret};
use gmail_client::oauth::{Consent, Scopes, scope};
use serde_json::json;

use crate::support::{NOW, Script, answer, clock, form, oauth, ok};

const SCOPES: &str =
    "openid https://www.googleapis.com/auth/gmail.modify https://www.googleapis.com/auth/userinfo.email";

fn pairs(url: &url::Url) -> std::collections::HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[test]
fn the_consent_page_is_asked_for_all_that_a_lasting_grant_needs() {
    let oauth = oauth(&Script::new([]), &clock());
    let consent = Consent::new(&[scope::SEND, scope::MODIFY]).login_hint("ana@example.org");
    let begun = oauth.begin(&consent).unwrap();
    let asked = pairs(&begun.url);
    assert!(begun.url.as_str().starts_with("https://accounts.google.com/o/oauth2/v2/auth?"));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "1234.apps.googleusercontent.com"),
        ("redirect_uri", "https://example.org/email/oauth/callback"),
        ("scope", "https://www.googleapis.com/auth/gmail.send https://www.googleapis.com/auth/gmail.modify"),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("include_granted_scopes", "true"),
        ("login_hint", "ana@example.org"),
        ("code_challenge_method", "S256"),
        ("state", begun.state.expose_secret()),
    ] {
        assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!begun.url.as_str().contains(begun.verifier.expose_secret()));
    assert!(!format!("{begun:?}{oauth:?}").contains(begun.verifier.expose_secret()));
    let again = oauth.begin(&consent.only()).unwrap();
    assert_ne!(again.state.expose_secret(), begun.state.expose_secret());
    assert!(!pairs(&again.url).contains_key("include_granted_scopes"));
}

#[tokio::test]
async fn a_code_becomes_a_grant() {
    let claims = "eyJlbWFpbCI6ImFuYUBleGFtcGxlLm9yZyIsImVtYWlsX3ZlcmlmaWVkIjp0cnVlfQ";
    let script = Script::new([ok(&json!({
        "access_token": "access", "expires_in": 3599, "refresh_token": "refresh", "scope": SCOPES, "token_type": "Bearer",
        "id_token": format!("e30.{claims}.x"), "refresh_token_expires_in": 604_799,
    }))]);
    let grant = oauth(&script, &clock()).exchange("4/0A x", &Secret::from("a-verifier")).await.unwrap();
    assert_eq!(grant.access.token.expose_secret(), "access");
    assert_eq!(grant.access.expires_at.unix_timestamp(), NOW + 3599);
    assert_eq!(grant.refresh_token.as_ref().unwrap().expose_secret(), "refresh");
    assert_eq!(grant.ends_at.unwrap().unix_timestamp(), NOW + 604_799);
    assert_eq!(grant.email.as_deref(), Some("ana@example.org"));
    grant.require(&[scope::MODIFY, scope::SEND, scope::READONLY, scope::EMAIL]).unwrap();
    assert_eq!(grant.require(&[scope::SETTINGS_BASIC]).unwrap_err().field_name(), Some(scope::SETTINGS_BASIC));
    let request = script.only();
    assert_eq!(request.url.as_str(), "https://oauth2.googleapis.com/token");
    let sent: std::collections::HashMap<_, _> = form(&request).into_iter().collect();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "4/0A x"),
        ("code_verifier", "a-verifier"),
        ("client_id", "1234.apps.googleusercontent.com"),
        ("client_secret", "an-invented-secret"),
        ("redirect_uri", "https://example.org/email/oauth/callback"),
    ] {
        assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!format!("{grant:?}").contains("refresh\""));
}

#[tokio::test]
async fn an_unticked_box_is_found_out() {
    let script = Script::new([ok(&json!({
        "access_token": "a", "expires_in": 1, "refresh_token": "r", "token_type": "Bearer",
        "scope": "openid https://www.googleapis.com/auth/userinfo.email",
    }))]);
    let grant = oauth(&script, &clock()).exchange("c", &Secret::from("v")).await.unwrap();
    let error = grant.require(&[scope::SEND]).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected));
}

#[tokio::test]
async fn a_refresh_sends_no_scope_and_takes_seconds_as_text() {
    let script = Script::new([ok(&json!({
        "access_token": "new", "expires_in": "3599", "refresh_token": "rotated", "token_type": "Bearer",
    }))]);
    let grant = oauth(&script, &clock()).refresh(&Secret::from("old")).await.unwrap();
    assert_eq!(grant.access.expires_at.unix_timestamp(), NOW + 3599);
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), "rotated");
    let sent = form(&script.only());
    assert!(sent.contains(&("refresh_token".into(), "old".into())));
    assert!(!sent.iter().any(|(name, _)| name == "scope"));
}

#[tokio::test]
async fn an_ended_grant_says_that_the_mailbox_must_be_connected_again() {
    let script = Script::new([answer(
        400,
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
    )]);
    let error = oauth(&script, &clock()).refresh(&Secret::from("old-secret")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected));
    assert_eq!(error.provider_code(), Some("invalid_grant"));
    assert!(error.message().contains("connected again"));
    assert!(!format!("{error:?}").contains("old-secret"));
}

#[tokio::test]
async fn an_answer_that_is_none_shows_nothing_of_itself() {
    for body in ["<html>hush</html>", r#"{"access_token":"hush"}"#, r#"{"access_token":7,"token_type":"hush"}"#] {
        let script = Script::new([answer(200, body)]);
        let error = oauth(&script, &clock()).refresh(&Secret::from("r")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn what_has_ended_already_is_revoked() {
    let script = Script::new([
        answer(200, "{}"),
        answer(400, r#"{"error":"invalid_token"}"#),
        answer(400, r#"{"error":"invalid_request"}"#),
    ]);
    let oauth = oauth(&script, &clock());
    let token = Secret::from("1//0g+x");
    oauth.revoke(&token).await.unwrap();
    oauth.revoke(&token).await.unwrap();
    assert!(oauth.revoke(&token).await.is_err());
    assert_eq!(script.requests()[0].url.as_str(), "https://oauth2.googleapis.com/revoke");
    assert_eq!(form(&script.requests()[0]), [("token".to_owned(), "1//0g+x".to_owned())]);
}

#[test]
fn a_wider_scope_contains_a_narrower_one() {
    let scopes = Scopes::parse(SCOPES);
    assert!(scopes.allow(scope::SEND) && scopes.allow(scope::METADATA) && scopes.allow("email"));
    assert!(!scopes.allow(scope::FULL) && !scopes.allow(scope::SETTINGS_BASIC));
    assert!(!Scopes::parse(scope::SEND).allow(scope::COMPOSE));
    assert_eq!(scopes.lacking(&[scope::FULL, scope::SEND]), [scope::FULL]);
}

//! Service accounts: assertions that are signed, for one mailbox, with the exact scopes.

use std::{sync::Arc, time::Duration};

use comms_http::{ExposeSecret, RetryPolicy};
use gmail_client::oauth::{ServiceAccount, ServiceAccountKey, TokenProvider, scope};
use jwt_simple::prelude::{RS256KeyPair, RSAPublicKeyLike, UnixTimeStamp, VerificationOptions};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{NOW, Script, answer, clock, form, ok};

#[derive(Serialize, Deserialize)]
struct Claims {
    scope: String,
}

#[tokio::test]
async fn an_assertion_becomes_a_token_for_the_mailbox() {
    let pair = RS256KeyPair::generate(2048).unwrap();
    let key = json!({
        "type": "service_account", "client_email": "svc@project.iam.gserviceaccount.com", "private_key_id": "key-1",
        "private_key": pair.to_pem().unwrap(),
    });
    let key = ServiceAccountKey::parse(&key.to_string()).unwrap();
    assert!(!format!("{key:?}").contains("PRIVATE KEY"));
    let script = Script::new([
        ok(&json!({ "access_token": "first", "expires_in": 3600, "token_type": "Bearer" })),
        answer(401, r#"{"error":"unauthorized_client"}"#),
        ok(&json!({ "access_token": "second", "expires_in": 3600, "token_type": "Bearer" })),
    ]);
    let clock = clock();
    let account = ServiceAccount::new(&key, script.clone(), Arc::new(clock.clone()), RetryPolicy::never()).unwrap();
    let token = account.mailbox("ana@example.org", &[scope::SEND, scope::MODIFY]);
    assert_eq!(token.token().await.unwrap().expose_secret(), "first");

    let sent = form(&script.only());
    assert_eq!(sent[0], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
    let options = VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_secs(NOW as u64)),
        ..VerificationOptions::default()
    };
    let claims = pair.public_key().verify_token::<Claims>(&sent[1].1, Some(options)).unwrap();
    assert_eq!(claims.issuer.as_deref(), Some("svc@project.iam.gserviceaccount.com"));
    assert_eq!(claims.subject.as_deref(), Some("ana@example.org"));
    assert_eq!(claims.custom.scope, format!("{} {}", scope::SEND, scope::MODIFY));
    assert_eq!(claims.issued_at.unwrap().as_secs(), NOW as u64);
    assert_eq!(claims.expires_at.unwrap().as_secs(), NOW as u64 + 3600);
    assert!(claims.audiences.unwrap().contains(&["https://oauth2.googleapis.com/token".to_owned()].into()));

    clock.advance(Duration::from_secs(3600));
    let refused = || async { token.token().await.unwrap_err().provider_code().map(str::to_owned) };
    assert_eq!(refused().await.as_deref(), Some("unauthorized_client"));
    assert_eq!(refused().await.as_deref(), Some("unauthorized_client"), "Google is left alone for a moment");
    // What an administrator takes back they may give again.
    clock.advance(gmail_client::limits::REFRESH_PAUSE);
    assert_eq!(token.token().await.unwrap().expose_secret(), "second");
}

#[test]
fn what_is_no_key_is_refused_without_being_shown() {
    let error = ServiceAccountKey::parse("{\"private_key\": \"hush\"}").unwrap_err();
    assert!(!format!("{error:?}").contains("hush"));
    let key = ServiceAccountKey::parse(r#"{"client_email":"a","private_key":"hush"}"#).unwrap();
    let error = ServiceAccount::new(&key, Script::new([]), Arc::new(clock()), RetryPolicy::never()).unwrap_err();
    assert_eq!(error.field_name(), Some("private_key"));
    assert!(!format!("{error:?}").contains("hush"));
}

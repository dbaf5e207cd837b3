//! What tokens say about themselves, and the keys that Google signs with.

use serde_json::{Value, json};

use super::{describe, subject_of};
use crate::{
    double::{Answer, Call},
    google::{Answered, Google, auth, error::GoogleError, jwt, scopes},
};

pub(crate) fn tokeninfo(google: &Google, call: &Call) -> Answered {
    let form = call.parameters();
    let get = |name: &str| form.get(name).and_then(Value::as_str);
    let bad = || GoogleError::oauth("invalid_token").saying("Invalid Value");
    let (settings, now) = (google.settings(), call.now);
    if let Some(token) = get("id_token") {
        let is_ours = jwt::is_signed_by(token, &jwt::Key::google().public_key());
        let claims = jwt::claims(token).filter(|_| is_ours).ok_or_else(bad)?;
        let is_over = claims["exp"].as_i64().is_none_or(|ends| ends <= now.unix_timestamp());
        return if is_over { Err(bad()) } else { Ok(Answer::json(200, &claims)) };
    }
    let token = google.state(|state| state.token(&settings.google, get("access_token").unwrap_or_default(), now));
    let token = token.ok_or_else(bad)?;
    let mut info = json!({
        "azp": token.client_id, "aud": token.client_id, "sub": subject_of(&token.account),
        "scope": token.scopes.join(" "), "access_type": if token.grant.is_some() { "offline" } else { "online" },
    });
    if let Some(expires) = token.expires {
        info["exp"] = json!(expires.unix_timestamp().to_string());
        info["expires_in"] = json!((expires - now).whole_seconds().to_string());
    }
    describe(google, &token.account, &token.scopes, &mut info);
    Ok(Answer::json(200, &info))
}

pub(crate) fn userinfo(google: &Google, call: &Call) -> Answered {
    let principal = auth::principal(google, call, &[scopes::OPENID, scopes::EMAIL, scopes::PROFILE])?;
    let mut info = json!({"sub": subject_of(&principal.account)});
    describe(google, &principal.account, &principal.scopes, &mut info);
    Ok(Answer::json(200, &info))
}

pub(crate) fn certs() -> Answer {
    let keys = json!({"keys": [jwt::Key::google().jwk()]});
    Answer::json(200, &keys).header("Cache-Control", "public, max-age=19800, must-revalidate, no-transform")
}

pub(crate) fn discovery(google: &Google) -> Answer {
    let base = google.core().public_url();
    Answer::json(
        200,
        &json!({
            "issuer": "https://accounts.google.com",
            "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/v1/userinfo"),
            "revocation_endpoint": format!("{base}/revoke"),
            "jwks_uri": format!("{base}/oauth2/v3/certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }),
    )
}

//! The token endpoint: codes, refresh tokens and assertions become access tokens; and the end of them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use comms_http::signature::constant_time_eq;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::id_token;
use crate::{
    double::{Answer, Call},
    google::{
        Answered, Google,
        config::OAuthClient,
        error::GoogleError,
        jwt, scopes,
        state::{Challenge, Grant, Token},
    },
};

const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest life of an assertion, and how far the clocks may be apart.
const ASSERTION_LIFE: i64 = 3_600;
const SKEW: i64 = 300;

/// What a new access token is made of.
struct Issue {
    client_id: String,
    account: String,
    scopes: Vec<String>,
    grant: Option<String>,
    /// The refresh token that comes with it.
    shown_refresh: Option<String>,
    with_id: bool,
}

pub(crate) fn issue(google: &Google, call: &Call) -> Answered {
    let form = call.parameters();
    let get = |name: &str| form.get(name).and_then(Value::as_str).unwrap_or_default();
    if call.media_type() != "application/x-www-form-urlencoded" {
        google.violation("google.oauth.token", format!("the body is {:?} and not a form", call.media_type()));
    }
    match get("grant_type") {
        "authorization_code" => by_code(google, call, &form),
        "refresh_token" => by_refresh(google, call, &form),
        ASSERTION => by_assertion(google, call, get("assertion")),
        _ => Err(GoogleError::oauth("unsupported_grant_type")),
    }
}

fn by_code(google: &Google, call: &Call, form: &Map<String, Value>) -> Answered {
    let get = |name: &str| form.get(name).and_then(Value::as_str).unwrap_or_default();
    let client = client(google, call, form)?;
    let bad = |why: &str| GoogleError::oauth("invalid_grant").saying(why);
    let (settings, now) = (google.settings(), call.now);
    let code = google.state(|state| {
        let code = state.codes.get_mut(get("code")).ok_or_else(|| bad("Malformed auth code."))?;
        if code.used || now >= code.expires || code.client_id != client.id {
            return Err(bad("Bad Request"));
        }
        if code.redirect_uri != get("redirect_uri") {
            return Err(GoogleError::oauth("redirect_uri_mismatch"));
        }
        if let Some(challenge) = &code.challenge {
            check_verifier(challenge, get("code_verifier"))?;
        }
        code.used = true;
        Ok(code.clone())
    })?;
    let refresh = code.offline.then(|| format!("1//0{}", google.core().fresh().simple()));
    if let Some(refresh) = &refresh {
        let grant = Grant {
            client_id: code.client_id.clone(),
            account: code.account.clone(),
            scopes: code.scopes.clone(),
            ends: settings.google.oauth.grant_seconds.map(|seconds| now + Duration::seconds(seconds)),
        };
        google.state(|state| state.grants.insert(refresh.clone(), grant));
    }
    let with_id = code.scopes.iter().any(|scope| scope == scopes::OPENID);
    Ok(answer(
        google,
        now,
        Issue {
            client_id: code.client_id,
            account: code.account,
            scopes: code.scopes,
            grant: refresh.clone(),
            shown_refresh: refresh,
            with_id,
        },
    ))
}

fn check_verifier(challenge: &Challenge, verifier: &str) -> Result<(), GoogleError> {
    if verifier.is_empty() {
        return Err(GoogleError::oauth("invalid_grant").saying("Missing code verifier."));
    }
    let reckoned =
        if challenge.plain { verifier.to_owned() } else { URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) };
    if constant_time_eq(&reckoned, &challenge.value) {
        return Ok(());
    }
    Err(GoogleError::oauth("invalid_grant").saying("Invalid code verifier."))
}

fn by_refresh(google: &Google, call: &Call, form: &Map<String, Value>) -> Answered {
    let given = form.get("refresh_token").and_then(Value::as_str).unwrap_or_default();
    let client = client(google, call, form)?;
    let (settings, now) = (google.settings(), call.now);
    let grant = google.state(|state| state.grant(&settings.google, given, now));
    let grant = grant.ok_or_else(|| GoogleError::oauth("invalid_grant"))?;
    if grant.client_id != client.id {
        return Err(GoogleError::oauth("unauthorized_client").saying("Unauthorized"));
    }
    let mut refresh = given.to_owned();
    if settings.google.oauth.rotate {
        refresh = format!("1//0{}", google.core().fresh().simple());
        google.state(|state| {
            state.end_grant(given);
            state.grants.insert(refresh.clone(), grant.clone());
        });
    }
    let with_id = grant.scopes.iter().any(|scope| scope == scopes::OPENID);
    Ok(answer(
        google,
        now,
        Issue {
            client_id: grant.client_id,
            account: grant.account,
            scopes: grant.scopes,
            shown_refresh: (refresh != given).then(|| refresh.clone()),
            grant: Some(refresh),
            with_id,
        },
    ))
}

fn by_assertion(google: &Google, call: &Call, assertion: &str) -> Answered {
    let bad = |why: &str| GoogleError::oauth("invalid_grant").saying(why);
    let (settings, now) = (google.settings(), call.now);
    let claims = jwt::claims(assertion).ok_or_else(|| bad("Bad Request"))?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let accounts = &settings.google.service_accounts;
    let account = accounts.iter().find(|account| account.email == claim("iss"));
    let account = account.ok_or_else(|| bad("Invalid grant: account not found"))?;
    if account.disabled {
        return Err(bad("Robot is disabled."));
    }
    if !jwt::is_signed_by(assertion, &account.public_key) {
        return Err(bad("Invalid JWT Signature."));
    }
    let own = format!("{}/token", google.core().public_url());
    if ![own.as_str(), "https://oauth2.googleapis.com/token"].contains(&claim("aud")) {
        return Err(bad("Failed audience check."));
    }
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (issued, ends, at) = (time("iat"), time("exp"), now.unix_timestamp());
    if ends - issued > ASSERTION_LIFE || issued > at + SKEW || ends < at {
        return Err(bad(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
             values in the JWT claim.",
        ));
    }
    let asked: Vec<String> = claim("scope").split_whitespace().map(str::to_owned).collect();
    if asked.is_empty() || asked.iter().any(|scope| !account.delegated.contains(scope)) {
        return Err(GoogleError::oauth("unauthorized_client"));
    }
    let mailbox = settings.google.mailbox(claim("sub"));
    let mailbox = mailbox.ok_or_else(|| GoogleError::oauth("invalid_request").saying("Invalid principal"))?;
    Ok(answer(
        google,
        now,
        Issue {
            client_id: account.email.clone(),
            account: mailbox.address.to_lowercase(),
            scopes: asked,
            grant: None,
            shown_refresh: None,
            with_id: false,
        },
    ))
}

/// Makes the access token and writes it down.
fn answer(google: &Google, now: OffsetDateTime, issue: Issue) -> Answer {
    let settings = google.settings();
    let policy = &settings.google.oauth;
    let name = format!("ya29.a0{}", google.core().fresh().simple());
    let mut body = json!({"access_token": name, "scope": issue.scopes.join(" "), "token_type": "Bearer"});
    body["expires_in"] =
        if policy.seconds_as_text { json!(policy.token_seconds.to_string()) } else { json!(policy.token_seconds) };
    if issue.with_id {
        let token = id_token(google, &issue.client_id, &issue.account, &issue.scopes, now, policy.token_seconds);
        body["id_token"] = json!(token);
    }
    if let Some(refresh) = &issue.shown_refresh {
        body["refresh_token"] = json!(refresh);
        if let Some(seconds) = policy.grant_seconds {
            body["refresh_token_expires_in"] = json!(seconds);
        }
    }
    let token = Token {
        account: issue.account,
        scopes: issue.scopes,
        client_id: issue.client_id,
        expires: Some(now + Duration::seconds(policy.token_seconds)),
        grant: issue.grant,
    };
    google.state(|state| state.add_token(name, token, now));
    Answer::json(200, &body).header("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
}

/// Ends a grant by any of its tokens.
pub(crate) fn revoke(google: &Google, call: &Call) -> Answered {
    let form = call.parameters();
    let given = form.get("token").and_then(Value::as_str).unwrap_or_default();
    let (settings, now) = (google.settings(), call.now);
    let ended = google.state(|state| {
        if state.grant(&settings.google, given, now).is_some() {
            state.end_grant(given);
            return true;
        }
        let Some(token) = state.token(&settings.google, given, now) else { return false };
        state.tokens.remove(given);
        state.ended.insert(given.to_owned());
        if let Some(grant) = token.grant {
            state.end_grant(&grant);
        }
        true
    });
    if ended { Ok(Answer::json(200, &json!({}))) } else { Err(GoogleError::oauth("invalid_token")) }
}

/// The client of a call, its secret checked: in the body, or in the header of Basic authentication.
fn client(google: &Google, call: &Call, form: &Map<String, Value>) -> Result<OAuthClient, GoogleError> {
    let get = |name: &str| form.get(name).and_then(Value::as_str).map(str::to_owned);
    let basic = call.headers.get("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(|value| {
        let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    let (id, secret) = basic
        .or_else(|| Some((get("client_id")?, get("client_secret").unwrap_or_default())))
        .ok_or_else(|| GoogleError::oauth("invalid_request").saying("Could not determine client ID from request."))?;
    let settings = google.settings();
    let client = settings.google.client(&id).ok_or_else(|| GoogleError::oauth("invalid_client"))?;
    if !constant_time_eq(&client.secret, &secret) {
        return Err(GoogleError::oauth("invalid_client").saying("Unauthorized"));
    }
    Ok(client.clone())
}

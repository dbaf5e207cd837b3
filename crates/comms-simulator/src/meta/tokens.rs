//! Tokens: inspection and exchange.

use comms_http::signature::constant_time_eq;
use serde_json::json;

use crate::double::{Answer, Call};

use super::{Answered, Meta, auth::app_token, config::Token, error::GraphError};

/// The life of an exchanged token: 60 days.
const LONG_LIFE_SECONDS: i64 = 60 * 24 * 60 * 60;
/// Tokens made by exchange that are kept; the oldest of the list goes first.
const MAX_TOKENS: usize = 1_000;

/// `GET /debug_token`.
pub(crate) fn debug(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let settings = meta.settings();
    let app = &settings.meta.app;
    let input = call.query.get("input_token");
    let input = input.ok_or_else(|| GraphError::parameter("The parameter input_token is required."))?;
    if constant_time_eq(input, &app_token(&settings.meta)) {
        return Ok(Answer::json(
            200,
            &json!({"data": {"app_id": app.id, "type": "APP", "application": app.name, "is_valid": true}}),
        ));
    }
    let Some(token) = settings.meta.tokens.iter().find(|token| token.value == *input) else {
        return Ok(Answer::json(
            200,
            &json!({"data": {
                "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
                "is_valid": false,
                "scopes": [],
            }}),
        ));
    };
    let expired = token.expires_at != 0 && token.expires_at <= call.now.unix_timestamp();
    let mut data = json!({
        "app_id": app.id,
        "type": "SYSTEM_USER",
        "application": app.name,
        "data_access_expires_at": 0,
        "expires_at": token.expires_at,
        "is_valid": !expired,
        "scopes": token.scopes,
        "granular_scopes": token.scopes.iter().map(|scope| json!({"scope": scope})).collect::<Vec<_>>(),
        "user_id": "122100000000000001",
    });
    if expired {
        data["error"] = json!({
            "code": 190,
            "message": "Error validating access token: Session has expired",
            "subcode": 463,
        });
    }
    Ok(Answer::json(200, &json!({"data": data})))
}

/// `GET` and `POST /oauth/access_token`: a longer token for a token, a token for a code, the token of the app.
pub(crate) fn exchange(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let settings = meta.settings();
    let parameters = call.parameters();
    let text = |name: &str| {
        let value = parameters.get(name).and_then(|value| value.as_str());
        value.ok_or_else(|| GraphError::parameter(format!("Missing {name} parameter.")))
    };
    if text("client_id")? != settings.meta.app.id {
        return Err(GraphError::new(101)
            .message("Error validating application. Cannot get application info due to a system error."));
    }
    if !constant_time_eq(text("client_secret")?, &settings.meta.app.secret) {
        return Err(GraphError::new(1).message("Error validating client secret."));
    }
    let (scopes, expires_in) = match parameters.get("grant_type").and_then(|value| value.as_str()) {
        Some("client_credentials") => {
            let token = app_token(&settings.meta);
            return Ok(Answer::json(200, &json!({"access_token": token, "token_type": "bearer"})));
        }
        Some("fb_exchange_token") => {
            let given = text("fb_exchange_token")?;
            let known = settings.meta.tokens.iter().find(|token| {
                token.value == given && (token.expires_at == 0 || token.expires_at > call.now.unix_timestamp())
            });
            let known = known.ok_or_else(|| {
                GraphError::new(190).message("Error validating access token: Session has expired").subcode(463)
            })?;
            (known.scopes.clone(), Some(LONG_LIFE_SECONDS))
        }
        // The code of an embedded sign-up; any will do here.
        _ => {
            text("code")?;
            let scopes = ["whatsapp_business_messaging", "whatsapp_business_management"];
            (scopes.map(str::to_owned).to_vec(), None)
        }
    };
    Ok(issue(meta, call, scopes, expires_in))
}

/// Makes a token that works from now on.
fn issue(meta: &Meta, call: &Call, scopes: Vec<String>, expires_in: Option<i64>) -> Answer {
    let token = Token {
        value: format!("EAASimulated{}", meta.core().fresh().simple()),
        scopes,
        expires_at: expires_in.map_or(0, |life| call.now.unix_timestamp() + life),
    };
    let mut answer = json!({"access_token": token.value, "token_type": "bearer"});
    if let Some(expires_in) = expires_in {
        answer["expires_in"] = json!(expires_in);
    }
    meta.core().change_config(|config| {
        if config.meta.tokens.len() >= MAX_TOKENS {
            config.meta.tokens.remove(0);
        }
        config.meta.tokens.push(token);
    });
    Answer::json(200, &answer)
}

//! Access tokens that Twilio's own libraries made at a fixed time: the same header and the same claims.

use std::time::Duration;

use comms_http::{ErrorKind, ExposeSecret, Secret};
use jwt_simple::{prelude::Base64UrlSafeNoPadding, reexports::ct_codecs::Decoder};
use serde_json::Value;
use time::OffsetDateTime;
use twilio_voice::token::{AccessToken, Algorithm, ChatGrant, MAX_IDENTITY, MAX_LIFE, Signed, Signer, VoiceGrant};

use super::{cases, file, report};

#[test]
fn tokens() {
    let Some(vectors) = file::<Value>("access_token_vectors.json") else { return };
    report("access tokens", cases(&vectors), |case| {
        let input = &case["input"];
        let signed = match sign(&vectors, case) {
            Ok(signed) => signed,
            Err(error) if must_be_refused(input) => {
                return if error.kind() == ErrorKind::InvalidRequest { Ok(()) } else { Err(format!("{error:?}")) };
            }
            Err(error) => return Err(format!("{error:?}")),
        };
        if must_be_refused(input) {
            return Err("signed what Twilio refuses".into());
        }
        let mut parts = signed.jwt.expose_secret().split('.').map(decode);
        let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
        // Node's is the model; Python's differs by a time of its own (nbf in place of iat).
        let python = !case["node"]["claims"].is_object();
        let wanted = if python { &case["python"] } else { &case["node"] };
        let mut wanted_claims = wanted["claims"].clone();
        if python {
            let fields = wanted_claims.as_object_mut().ok_or("nothing to compare with")?;
            fields.insert("iat".to_owned(), vectors["frozen_now_unix"].clone());
            if !input["nbf"].is_i64() {
                fields.remove("nbf");
            }
        }
        if (&header, &claims) != (&wanted["header"], &wanted_claims) {
            return Err(format!("wanted {} {wanted_claims}, made {header} {claims}", wanted["header"]));
        }
        Ok(())
    });
}

/// What their libraries sign unchecked, and Twilio or our own rules do not take.
fn must_be_refused(input: &Value) -> bool {
    let identity = input["identity"].as_str().unwrap_or_default();
    let voice = input["grants"].as_array().into_iter().flatten().any(|grant| grant["type"] == "voice");
    identity.is_empty()
        || voice && identity.chars().count() > MAX_IDENTITY
        || input["ttl"].as_u64().is_some_and(|seconds| seconds == 0 || seconds > MAX_LIFE.as_secs())
}

fn sign(vectors: &Value, case: &Value) -> comms_http::Result<Signed> {
    let (input, text) = (&case["input"], |name: &str| vectors[name].as_str().unwrap().to_owned());
    let mut signer = Signer::new(text("account_sid"), text("api_key_sid"), Secret::from(text("api_key_secret")))?;
    if let Some(region) = input["region"].as_str() {
        signer = signer.region(region);
    }
    signer = match input["alg"].as_str() {
        Some("HS384") => signer.algorithm(Algorithm::Hs384),
        Some("HS512") => signer.algorithm(Algorithm::Hs512),
        _ => signer,
    };
    let mut token = AccessToken::new(input["identity"].as_str().unwrap_or_default());
    if let Some(seconds) = input["ttl"].as_u64() {
        token = token.valid_for(Duration::from_secs(seconds));
    }
    if let Some(given) = [&input["nbf"], &case["node"]["claims"]["nbf"]].into_iter().find(|it| it.is_i64()) {
        token = token.not_before(time(given));
    }
    let grants = input["grants"].as_array().into_iter().flatten();
    token = grants.fold(token, grant);
    signer.sign(&token, time(&vectors["frozen_now_unix"]))
}

fn grant(token: AccessToken, grant: &Value) -> AccessToken {
    let text = |name: &str| grant[name].as_str();
    match text("type").unwrap() {
        "voice" => token.voice(voice(grant)),
        "chat" => {
            let mut chat = ChatGrant::new(text("serviceSid").unwrap_or_default());
            chat = text("endpointId").into_iter().fold(chat, ChatGrant::endpoint_id);
            chat = text("deploymentRoleSid").into_iter().fold(chat, ChatGrant::deployment_role);
            token.chat(text("pushCredentialSid").into_iter().fold(chat, ChatGrant::push_credential))
        }
        "sync" if text("endpointId").is_none() => token.sync(text("serviceSid").unwrap_or_default()),
        "sync" => token.grant("data_sync", snake_case(grant)),
        "video" => token.video(text("room")),
        "task_router" => {
            let text = |name| text(name).unwrap_or_default();
            token.task_router(text("workspaceSid"), text("workerSid"), text("role"))
        }
        // Handed on as it is.
        "player" | "playback" if grant["grant"].is_object() => token.grant("player", grant["grant"].clone()),
        "playback" => token.grant("player", snake_case(grant)),
        other => token.grant(other, snake_case(grant)),
    }
}

fn voice(grant: &Value) -> VoiceGrant {
    let text = |name: &str| grant[name].as_str();
    let mut voice = VoiceGrant::new().incoming(grant["incomingAllow"] == true);
    voice = match (text("outgoingApplicationSid"), grant["outgoingApplicationParams"].as_object()) {
        (Some(sid), Some(params)) => voice.outgoing_with(sid, params.clone()),
        (Some(sid), None) => voice.outgoing(sid),
        // Parameters without an application cannot be said.
        (None, _) => voice,
    };
    voice = text("pushCredentialSid").into_iter().fold(voice, VoiceGrant::push_credential);
    text("endpointId").into_iter().fold(voice, VoiceGrant::endpoint_id)
}

fn snake_case(grant: &Value) -> Value {
    let blank = |value: &Value| value.is_null() || value == "";
    let fields = grant.as_object().unwrap().iter().filter(|(name, value)| *name != "type" && !blank(value));
    fields
        .map(|(name, value)| {
            let words = name.chars().flat_map(|it| [it.is_uppercase().then_some('_'), Some(it.to_ascii_lowercase())]);
            (words.flatten().collect::<String>(), value.clone())
        })
        .collect()
}

fn time(seconds: &Value) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds.as_i64().unwrap()).unwrap()
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&Base64UrlSafeNoPadding::decode_to_vec(part, None).unwrap()).unwrap_or_default()
}

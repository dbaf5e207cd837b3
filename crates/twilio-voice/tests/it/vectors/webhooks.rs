//! The webhooks of calls: verified, told apart, and nothing of them lost.

use std::{env, fs, path::PathBuf};

use comms_http::WebhookRequest;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};
use twilio_voice::webhook::{self, Verifier, Webhook};

use super::{file, report};

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    kind: String,
    method: String,
    url: String,
    content_type: String,
    auth_token: String,
    x_twilio_signature: String,
    #[serde(default)]
    params: Map<String, Value>,
}

/// The account that the collected webhooks name.
const ACCOUNT: &str = "AC00000000000000000000000000000001";

#[test]
fn webhooks() {
    let Some(manifest) = file::<Manifest>("webhooks/manifest.json") else { return };
    let cases = manifest.files.iter().map(|case| (case.file.as_str(), case));
    report("webhooks of calls (and others, kept)", cases, |case: &Case| {
        let read = read(case)?;
        kind(case, &read)?;
        lossless(case, &read)
    });
}

fn read(case: &Case) -> Result<Webhook, String> {
    let folder = PathBuf::from(env::var_os("COMMS_VECTORS").unwrap()).join("twilio/webhooks");
    let body = fs::read(folder.join(&case.file)).unwrap();
    let mut request = WebhookRequest::post(case.url.as_str(), body)
        .header("content-type", &case.content_type)
        .header(webhook::SIGNATURE_HEADER, &case.x_twilio_signature);
    if case.method == "GET" {
        request.method = Method::GET;
        request.body = bytes::Bytes::new();
    }
    let named = case.params.get("AccountSid").and_then(Value::as_str).unwrap_or(ACCOUNT);
    let verifier = Verifier::new(named, case.auth_token.as_str()).unwrap();
    verifier.verify(&request).map(|verified| webhook::parse(&verified)).map_err(|error| error.to_string())
}

fn kind(case: &Case, read: &Webhook) -> Result<(), String> {
    let wanted = match case.kind.as_str() {
        kind if kind.starts_with("call.status") => "status",
        "call.amd" => "amd",
        "voice.gather" => "gather",
        "voice.record.action" => "record_action",
        "voice.dial.action" => "dial_action",
        "voice.transcription" => "transcription",
        kind if kind.starts_with("voice.fallback") => "fallback",
        kind if kind.contains("relay") => "conversation_relay",
        kind if kind.starts_with("voice.") => "request",
        kind if kind.starts_with("recording.") => "recording",
        "debugger" => "debugger",
        "eventstreams" => "events",
        // A message's, or nothing known: kept as it came, whatever its kind.
        _ => return Ok(()),
    };
    if read.name() == wanted { Ok(()) } else { Err(format!("{} is read as {read:?}", case.kind)) }
}

/// What is written again is what came: the same parameters with the same values.
fn lossless(case: &Case, read: &Webhook) -> Result<(), String> {
    let written = serde_json::to_value(read).unwrap();
    for (name, value) in &case.params {
        let found = written.get(name).unwrap_or(&Value::Null);
        let texts: Vec<String> = match value {
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        let kept: Vec<String> = match found {
            Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        if !texts.iter().all(|text| kept.contains(text)) {
            return Err(format!("{name} came as {value} and is {found}"));
        }
    }
    match &written {
        Value::Object(fields) if !case.params.is_empty() && fields.len() != case.params.len() => {
            Err(format!("{} parameters came, {} are told", case.params.len(), fields.len()))
        }
        _ => Ok(()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

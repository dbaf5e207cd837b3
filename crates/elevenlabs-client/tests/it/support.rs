//! What the tests share: recorded data, webhooks that are signed, and a client over a script.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use comms_http::{ManualClock, WebhookRequest, signature::hmac_sha256_hex};
use elevenlabs_client::webhook::{SIGNATURE_HEADER, Verifier};
use serde_json::Value;

pub const URL: &str = "https://example.org/webhook/elevenlabs";
pub const SECRET: &str = "wsec_TEST_not_a_real_secret";
pub const NOW: i64 = 1_767_225_640;

/// The file of this name below `tests/data`.
pub fn data(name: &str) -> Bytes {
    std::fs::read(folder().join(name)).unwrap().into()
}

/// The JSON of this name below `tests/data`.
pub fn json(name: &str) -> Value {
    serde_json::from_slice(&data(name)).unwrap()
}

/// The names of the files in a folder below `tests/data`, in order.
pub fn names(inside: &str) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder().join(inside))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

pub fn clock(seconds: i64) -> Arc<ManualClock> {
    Arc::new(ManualClock::at_unix(seconds))
}

pub fn verifier() -> Verifier {
    Verifier::new([SECRET.into()]).unwrap().clock(clock(NOW))
}

/// The header as ElevenLabs signs.
pub fn signature(secret: &str, time: i64, body: &[u8]) -> String {
    let message = [format!("{time}.").as_bytes(), body].concat();
    format!("t={time},v0={}", hmac_sha256_hex(&secret.into(), &message))
}

/// A signed POST.
pub fn post(body: impl Into<Bytes>) -> WebhookRequest {
    let body = body.into();
    let signature = signature(SECRET, NOW, &body);
    WebhookRequest::post(URL, body).header(SIGNATURE_HEADER, &signature)
}

#[cfg(feature = "client")]
pub use script::*;

#[cfg(feature = "client")]
mod script {
    use std::sync::Arc;

    pub use comms_conformance::script::{Answer, Script, answer, body, header, ok};
    use comms_http::Request;
    use elevenlabs_client::{Client, Config};
    use serde_json::Value;

    use super::{NOW, clock, data};

    pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
        let script = Script::new(answers);
        let builder = Client::builder(Config::new("sk_an-invented-key"));
        (builder.transport(script.clone()).clock(clock(NOW)).build().unwrap(), script)
    }

    /// The answer that is stored under this name.
    pub fn stored(name: &str) -> Answer {
        answer(200, data(&format!("rest/{name}.json")).to_vec())
    }

    /// The JSON that was posted.
    pub fn posted(request: &Request) -> Value {
        serde_json::from_slice(body(request)).unwrap()
    }

    /// The same without what is null: an absent field says the same.
    pub fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let filled = fields.iter().filter(|(_, value)| !value.is_null());
                filled.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
            }
            Value::Array(elements) => elements.iter().map(without_nulls).collect(),
            other => other.clone(),
        }
    }
}

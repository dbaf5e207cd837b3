//! What the tests share: keys that sign, and a client over a script.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use comms_http::{ManualClock, WebhookRequest};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use sendgrid_client::webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier};

pub const URL: &str = "https://example.org/api/webhooks/email/sendgrid";
pub const NOW: i64 = 1_760_000_000;

/// A key pair: whoever has it can sign as SendGrid does.
pub struct Signing(EcdsaKeyPair);

impl Signing {
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap())
    }

    /// The public key as SendGrid shows it.
    pub fn public(&self) -> String {
        let head = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").unwrap();
        STANDARD.encode([&head[..], self.0.public_key().as_ref()].concat())
    }

    pub fn sign(&self, time: &str, body: &[u8]) -> String {
        let signed = [time.as_bytes(), body].concat();
        STANDARD.encode(self.0.sign(&SystemRandom::new(), &signed).unwrap())
    }

    /// A signed POST.
    pub fn post(&self, content_type: &str, body: impl Into<Bytes>) -> WebhookRequest {
        let (body, time) = (body.into(), NOW.to_string());
        let signature = self.sign(&time, &body);
        WebhookRequest::post(URL, body)
            .header("content-type", content_type)
            .header(TIMESTAMP_HEADER, &time)
            .header(SIGNATURE_HEADER, &signature)
    }

    pub fn verifier(&self) -> Verifier {
        Verifier::new([self.public().as_str()]).unwrap().clock(clock(NOW))
    }
}

pub fn clock(seconds: i64) -> Arc<ManualClock> {
    Arc::new(ManualClock::at_unix(seconds))
}

/// The form of inbound mail that is stored under this name.
pub fn inbound(name: &str) -> Bytes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/inbound/");
    std::fs::read(format!("{path}{name}.multipart")).unwrap().into()
}

pub const FORM: &str = "multipart/form-data; boundary=xYzZY";

#[cfg(feature = "client")]
pub use script::*;

#[cfg(feature = "client")]
mod script {
    use std::sync::Arc;

    pub use comms_conformance::script::{Answer, Script, answer, body, header, ok};
    use comms_http::Request;
    use sendgrid_client::{Client, Config};
    use serde_json::Value;

    use super::{NOW, clock};

    pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
        let script = Script::new(answers);
        let mut config = Config::new("SG.an-invented-key");
        config.from_email = Some("ventas@example.org".to_owned());
        (Client::builder(config).transport(script.clone()).clock(clock(NOW)).build().unwrap(), script)
    }

    pub fn taken() -> Answer {
        answer(202, "").header("x-message-id", "Ua9z9lSTSaqYBWJe_Xfc-Q")
    }

    /// The JSON that was posted.
    pub fn posted(request: &Request) -> Value {
        serde_json::from_slice(body(request)).unwrap()
    }
}

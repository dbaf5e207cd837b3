//! The signatures that providers put on their webhooks.

use bytes::Bytes;
use comms_http::{Secret, signature};

/// Signs webhooks the way one provider does. A further provider is a further variant.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Meta: `X-Hub-Signature-256`, the HMAC-SHA256 of the raw body under the app secret.
    Meta {
        /// The secret of the app.
        app_secret: Secret,
    },
    /// No signature, for the test of a receiver that must refuse.
    None,
}

/// The body of a webhook. A provider that signs the fields of a form and not its bytes finds them here.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A JSON document, byte for byte.
    Json(Bytes),
    /// The fields of a form in their order.
    Form(Vec<(String, String)>),
}

impl Payload {
    /// The bytes that go over the wire.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Json(bytes) => bytes.clone(),
            Self::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields);
                Bytes::from(form.finish())
            }
        }
    }

    /// The media type.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }
}

/// A webhook that is ready to be signed and sent. A provider that signs the address too finds it here.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where it goes.
    pub url: String,
    /// What it says.
    pub payload: Payload,
}

impl Signer {
    /// The headers that prove where `webhook` comes from.
    #[must_use]
    pub fn headers(&self, webhook: &Webhook) -> Vec<(&'static str, String)> {
        match self {
            Self::Meta { app_secret } => vec![(
                "X-Hub-Signature-256",
                format!("sha256={}", signature::hmac_sha256_hex(app_secret, &webhook.payload.bytes())),
            )],
            Self::None => Vec::new(),
        }
    }
}

//! The signatures that providers put on their webhooks.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use comms_http::{ExposeSecret, Secret, signature};
use hmac::{Hmac, KeyInit, Mac};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use sha1::Sha1;

/// Signs webhooks the way one provider does. A further provider is a further variant.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Meta: `X-Hub-Signature-256`, the HMAC-SHA256 of the raw body under the app secret.
    Meta {
        /// The secret of the app.
        app_secret: Secret,
    },
    /// Twilio: `X-Twilio-Signature`, the HMAC-SHA1 of the address and the sorted fields under the auth token.
    ///
    /// A JSON body is proven by the parameter `bodySHA256` of the address; the signature is over the address alone.
    Twilio {
        /// The auth token of the account that the webhook is about.
        auth_token: Secret,
    },
    /// Google: a token that it has signed, as Pub/Sub shows it. It says nothing about the body.
    Google {
        /// The token.
        token: Secret,
    },
    /// SendGrid: ECDSA over P-256 of the time and the body.
    Sendgrid {
        /// The private key: PKCS #8 in base64.
        key: Secret,
        /// The time that is signed, in seconds since 1970.
        time: i64,
    },
    /// ElevenLabs: `ElevenLabs-Signature`, the HMAC-SHA256 of the time and the body.
    Elevenlabs {
        /// The secret of the webhook.
        secret: Secret,
        /// The time that is signed, in seconds since 1970.
        time: i64,
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
    /// Anything else, byte for byte.
    Raw {
        /// Its media type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

impl Payload {
    /// The bytes that go over the wire.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Json(bytes) | Self::Raw { bytes, .. } => bytes.clone(),
            Self::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields);
                Bytes::from(form.finish())
            }
        }
    }

    /// The media type.
    #[must_use]
    pub fn content_type(&self) -> &str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
            Self::Raw { content_type, .. } => content_type,
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
            Self::Twilio { auth_token } => vec![("X-Twilio-Signature", twilio(auth_token, webhook))],
            Self::Google { token } => vec![("Authorization", format!("Bearer {}", token.expose_secret()))],
            Self::Sendgrid { key, time } => sendgrid(key, *time, &webhook.payload.bytes()),
            Self::Elevenlabs { secret, time } => {
                let signed = [time.to_string().as_bytes(), b".", &webhook.payload.bytes()].concat();
                let signature = signature::hmac_sha256_hex(secret, &signed);
                vec![("ElevenLabs-Signature", format!("t={time},v0={signature}"))]
            }
            Self::None => Vec::new(),
        }
    }
}

impl Signer {
    /// Whether the provider takes this status for an acknowledgement.
    #[must_use]
    pub fn is_acknowledged_by(&self, status: u16) -> bool {
        match self {
            Self::Meta { .. } | Self::Elevenlabs { .. } | Self::None => status == 200,
            Self::Twilio { .. } | Self::Sendgrid { .. } => (200..300).contains(&status),
            Self::Google { .. } => [102, 200, 201, 202, 204].contains(&status),
        }
    }
}

/// The headers by <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features>.
/// A key that is none signs nothing, and a receiver refuses it.
fn sendgrid(key: &Secret, time: i64, body: &[u8]) -> Vec<(&'static str, String)> {
    let random = SystemRandom::new();
    let signature = STANDARD.decode(key.expose_secret()).ok().and_then(|key| {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key, &random).ok()?;
        pair.sign(&random, &[time.to_string().as_bytes(), body].concat()).ok()
    });
    let Some(signature) = signature else { return Vec::new() };
    vec![
        ("X-Twilio-Email-Event-Webhook-Signature", STANDARD.encode(signature)),
        ("X-Twilio-Email-Event-Webhook-Timestamp", time.to_string()),
    ]
}

/// The signature by <https://www.twilio.com/docs/usage/security#validating-requests>.
fn twilio(auth_token: &Secret, webhook: &Webhook) -> String {
    let address = webhook.url.split('#').next().unwrap_or_default();
    let mut signed = address.to_owned();
    if let Payload::Form(fields) = &webhook.payload {
        let mut fields: Vec<&(String, String)> = fields.iter().collect();
        // A field that is there twice with the same value counts once.
        fields.sort();
        fields.dedup();
        for (name, value) in fields {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(auth_token.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(url: &str, payload: Payload) -> String {
        let signer = Signer::Twilio { auth_token: Secret::from("12345") };
        let mut headers = signer.headers(&Webhook { url: url.to_owned(), payload });
        assert_eq!(headers[0].0, "X-Twilio-Signature");
        headers.remove(0).1
    }

    #[test]
    fn elevenlabs_own_example_is_signed_alike() {
        let signer = Signer::Elevenlabs { secret: Secret::from("test_secret"), time: 1_600_000_000 };
        let body = Bytes::from_static(br#"{"event_type": "speech.completed", "id": "123456"}"#);
        let headers = signer.headers(&Webhook { url: String::new(), payload: Payload::Json(body) });
        let expected = "t=1600000000,v0=f8a0d1dc33ee963cb54d2f31514555995e93313c9d2042c030adbb82b87fae13";
        assert_eq!(headers, [("ElevenLabs-Signature", expected.to_owned())]);
    }

    #[test]
    fn twilios_own_example_is_signed_alike() {
        let fields = [
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
        ];
        let mut fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let expected = "0/KCTR6DLpKmkAf8muzZqo1nDgQ=";
        assert_eq!(signature(url, Payload::Form(fields.clone())), expected);
        fields.push(fields[0].clone());
        let with_overrides = format!("{url}#rc=2");
        assert_eq!(signature(&with_overrides, Payload::Form(fields)), expected, "neither fragment nor copy counts");
        let of_address = signature(url, Payload::Json(Bytes::from_static(b"{}")));
        assert_eq!(of_address, signature(url, Payload::Form(Vec::new())), "a document is not part of it");
    }
}

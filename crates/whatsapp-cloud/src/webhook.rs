//! Webhooks: verified first, then read.
//!
//! Meta signs the raw bytes of each POST with the app's secret. [`Verifier::verify`] is the only way to a [`Verified`], and
//! that the only way to what the webhook says: no event without a proof.
//!
//! ```
//! use comms_http::{Secret, WebhookRequest, signature};
//! use whatsapp_cloud::{model::webhook::Update, webhook::Verifier};
//!
//! let secret = Secret::from("an app secret");
//! let verifier = Verifier::new(secret.clone())?;
//!
//! # let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{
//! #   "metadata":{"phone_number_id":"106540352242922"},
//! #   "messages":[{"id":"wamid.1","from":"34600000000","timestamp":"1749416383","type":"text","text":{"body":"hola"}}]}}]}]}"#;
//! # let signed = format!("sha256={}", signature::hmac_sha256_hex(&secret, body.as_bytes()));
//! let request = WebhookRequest::post("https://example.org/webhook", body).header("x-hub-signature-256", &signed);
//! for notification in verifier.verify(&request)?.parse().notifications {
//!     for update in notification.updates {
//!         if let Update::Message(message) = update {
//!             assert_eq!(message.from.as_deref(), Some("34600000000"));
//!         }
//!     }
//! }
//! assert!(verifier.verify(&WebhookRequest::post("https://example.org/webhook", "{}")).is_err());
//! # Ok::<(), whatsapp_cloud::Error>(())
//! ```
//!
//! Answer 200 as soon as the webhook is stored: anything else makes Meta deliver it again, for days, to every subscribed app.
//! The same update may come twice and in any order.
//!
//! *See [WhatsApp docs/Webhooks](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview)*

use bytes::Bytes;
use comms_http::{Error, ExposeSecret, Result, Secret, WebhookRequest, setting, signature};

pub use crate::model::webhook::Notifications;
use crate::{client::PROVIDER, config::Config};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// Checks who sent a webhook.
#[derive(Clone, Debug)]
pub struct Verifier {
    secrets: Vec<Secret>,
    token: Option<Secret>,
}

impl Verifier {
    /// Accepts what is signed with this app secret.
    ///
    /// # Errors
    /// `Config` for an empty secret, which anybody could sign with.
    pub fn new(app_secret: Secret) -> Result<Self> {
        Ok(Self { secrets: vec![not_empty(app_secret, "app_secret")?], token: None })
    }

    /// Accepts what a configuration names: its app secret, the previous one, its verify token.
    ///
    /// # Errors
    /// `Config` where there is no app secret, or one of them is empty.
    pub fn from_config(config: &Config) -> Result<Self> {
        let secret = config.app_secret.clone();
        let mut verifier = Self::new(secret.ok_or_else(|| setting::missing("WHATSAPP_APP_SECRET"))?)?;
        if let Some(previous) = &config.app_secret_previous {
            verifier = verifier.previous_secret(previous.clone())?;
        }
        match &config.verify_token {
            Some(token) => verifier.verify_token(token.clone()),
            None => Ok(verifier),
        }
    }

    /// Accepts a second secret too, while the app's secret is being changed.
    ///
    /// # Errors
    /// `Config` for an empty secret.
    pub fn previous_secret(mut self, app_secret: Secret) -> Result<Self> {
        self.secrets.push(not_empty(app_secret, "previous_app_secret")?);
        Ok(self)
    }

    /// Answers Meta's check of the address where it shows this token: the one typed into the App Dashboard.
    ///
    /// # Errors
    /// `Config` for an empty token.
    pub fn verify_token(mut self, token: Secret) -> Result<Self> {
        self.token = Some(not_empty(token, "verify_token")?);
        Ok(self)
    }

    /// Checks the signature of a POST over its raw bytes, in constant time.
    ///
    /// # Errors
    /// `InvalidSignature` where `X-Hub-Signature-256` is absent, repeated, not `sha256=` with 64 hexadecimal digits, or of
    /// another secret or body. Answer 401.
    ///
    /// *See [WhatsApp docs/Create a webhook endpoint](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint)*
    pub fn verify(&self, request: &WebhookRequest) -> Result<Verified> {
        let header = request
            .header_str(SIGNATURE_HEADER)
            .ok_or_else(|| refused("the signature is absent, repeated or no text"))?;
        let given = header.strip_prefix("sha256=").ok_or_else(|| refused("the signature is not of the kind sha256"))?;
        if !signature::verify_hmac_sha256_hex(&self.secrets, &request.body, given) {
            return Err(refused("the signature is wrong"));
        }
        Ok(Verified { body: request.body.clone() })
    }

    /// The answer to the GET by which Meta checks the address: `hub.challenge`, as plain text with status 200.
    ///
    /// # Errors
    /// `InvalidSignature` for another mode or token (answer 403), `InvalidRequest` without a challenge, `Config` where no
    /// token was set.
    ///
    /// *See [WhatsApp docs/Create a webhook endpoint](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint)*
    pub fn challenge(&self, request: &WebhookRequest) -> Result<String> {
        let token = self
            .token
            .as_ref()
            .ok_or_else(|| Error::config("no verify token is set for the webhook").field("verify_token"))?;
        if request.query("hub.mode").as_deref() != Some("subscribe") {
            return Err(refused("hub.mode is not subscribe"));
        }
        let given = request.query("hub.verify_token").unwrap_or_default();
        if !signature::constant_time_eq(&given, token.expose_secret()) {
            return Err(refused("the verify token is wrong"));
        }
        request
            .query("hub.challenge")
            .ok_or_else(|| Error::invalid("there is no challenge to answer").provider(PROVIDER).field("hub.challenge"))
    }
}

/// A webhook whose signature holds. Only [`Verifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    body: Bytes,
}

impl Verified {
    /// What it says. Nothing in it makes the whole fail: what cannot be read stands as
    /// [`Update::Unreadable`](crate::model::webhook::Update::Unreadable) beside its readable neighbours.
    #[must_use]
    pub fn parse(&self) -> Notifications {
        Notifications::read(&self.body)
    }
}

fn not_empty(secret: Secret, field: &str) -> Result<Secret> {
    if secret.expose_secret().is_empty() {
        return Err(Error::config(format!("{field} is empty")).field(field));
    }
    Ok(secret)
}

fn refused(why: &str) -> Error {
    Error::invalid_signature(why).provider(PROVIDER)
}

//! Webhooks: verified first, then read.
//!
//! Twilio signs the address it calls and the form it posts with the auth token of the account. [`Verifier::verify`] is the only way
//! to a [`Verified`]: no parameter without a proof.
//!
//! ```
//! use comms_http::{Secret, WebhookRequest};
//! use twilio_core::webhook::{self, Verifier};
//!
//! let token = Secret::from("an auth token");
//! let verifier = Verifier::new("AC00000000000000000000000000000001", token.clone())?;
//!
//! let url = "https://example.com/sms?message=42";
//! let signature = webhook::sign(&token, url, [("Body", "hola"), ("From", "+34600000000")]);
//! let request = WebhookRequest::post(url, "From=%2B34600000000&Body=hola")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .header(webhook::SIGNATURE_HEADER, &signature);
//!
//! let verified = verifier.verify(&request)?;
//! assert_eq!(verified.params().get("Body"), Some("hola"));
//! // What we put into the address ourselves is signed with it.
//! assert_eq!(verified.query().get("message"), Some("42"));
//!
//! let other = WebhookRequest { url: url.replace("42", "43"), ..request };
//! assert!(verifier.verify(&other).is_err());
//! # Ok::<(), twilio_core::Error>(())
//! ```
//!
//! The address must be the one that Twilio called, letter by letter: see [`WebhookRequest::url`]. It is never parsed and written
//! again here, since that changes the case of a host or the way a character is encoded. Twilio calls it with a port or without
//! one, so three readings are tried: as it is, with its port removed, with the default port added.
//!
//! *See [Twilio docs/Webhooks security](https://www.twilio.com/docs/usage/webhooks/webhooks-security)*

mod signed;

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use comms_http::{Error, ErrorKind, ExposeSecret, Outcome, Result, Secret, WebhookRequest, signature};
use serde::de::DeserializeOwned;

pub(crate) use self::signed::Signed;
pub use self::signed::sign;
use crate::{PROVIDER, Params, callback};

/// The header that carries the signature, in either case.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// The header that is the same over all repeats of one delivery.
///
/// *See [Twilio docs/Connection overrides](https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)*
pub const IDEMPOTENCY_HEADER: &str = "i-twilio-idempotency-token";

/// Checks who sent a webhook. `Debug` hides the tokens.
#[derive(Clone, Debug)]
pub struct Verifier {
    account_sid: String,
    tokens: BTreeMap<String, Vec<Secret>>,
}

impl Verifier {
    /// Accepts what is signed with the auth token of this account (`AC…`).
    ///
    /// # Errors
    /// `Config` for an empty token, which anybody could sign with.
    pub fn new(account_sid: impl Into<String>, auth_token: impl Into<Secret>) -> Result<Self> {
        let account_sid = account_sid.into();
        let verifier = Self { account_sid: account_sid.clone(), tokens: BTreeMap::new() };
        verifier.account(account_sid, auth_token)
    }

    /// Accepts another auth token of the account too, while it is being changed.
    ///
    /// # Errors
    /// `Config` for an empty token, which anybody could sign with.
    ///
    /// *See [Twilio docs/Auth tokens](https://www.twilio.com/docs/iam/api/authtoken)*
    pub fn previous_token(self, auth_token: impl Into<Secret>) -> Result<Self> {
        let account_sid = self.account_sid.clone();
        self.account(account_sid, auth_token)
    }

    /// Accepts webhooks of another account, for instance a subaccount: they are signed with its own token. Called twice for one
    /// account, both tokens count.
    ///
    /// # Errors
    /// `Config` for an empty token, which anybody could sign with.
    pub fn account(mut self, account_sid: impl Into<String>, auth_token: impl Into<Secret>) -> Result<Self> {
        let token = auth_token.into();
        if token.expose_secret().is_empty() {
            return Err(Error::config("the auth token is empty").field("auth_token").provider(PROVIDER));
        }
        self.tokens.entry(account_sid.into()).or_default().push(token);
        Ok(self)
    }

    /// Checks the signature of a webhook with the tokens of the account that it names (`AccountSid`), or of the main one where it
    /// names none.
    ///
    /// A form is signed with the address; a request without a body is the address alone; any other body is covered by the
    /// parameter `bodySHA256` of the address.
    ///
    /// # Errors
    /// `InvalidSignature` where the signature is absent, malformed or wrong, or the account is not a known one.
    pub fn verify(&self, request: &WebhookRequest) -> Result<Verified> {
        let refused = |what: &str| Err(Error::invalid_signature(what).provider(PROVIDER));
        let Some(given) = request.header_str(SIGNATURE_HEADER) else {
            return refused("X-Twilio-Signature is absent, repeated or not text");
        };
        let signed = Signed::of(request);
        let accounts = self.accounts(&signed, request);
        if accounts.is_empty() {
            return refused("the webhook names an account that has no auth token here");
        }
        let readings = signed.readings(&request.url);
        let proves = |account: &&str| {
            let tokens = self.tokens.get(*account).map_or(&[][..], Vec::as_slice);
            readings.iter().any(|data| signature::verify_hmac_sha1_base64(tokens, data.as_bytes(), given))
        };
        let Some(account) = accounts.into_iter().find(proves) else {
            return refused("X-Twilio-Signature does not match the address and the form");
        };
        if !signed.hash_holds(request) {
            return refused("bodySHA256 is absent or does not match the body");
        }
        Ok(Verified::new(account.to_owned(), signed, request))
    }

    /// The accounts whose tokens may prove a webhook.
    fn accounts<'a>(&'a self, signed: &Signed, request: &WebhookRequest) -> Vec<&'a str> {
        let known = |sid: &str| self.tokens.get_key_value(sid).map(|(sid, _)| sid.as_str());
        let named = match signed {
            Signed::Form(params) => params.get(ACCOUNT_SID).map(str::to_owned),
            Signed::Address => callback::query(&request.url).get(ACCOUNT_SID).map(str::to_owned),
            // A sink of events belongs to one account and gets the events of its subaccounts too.
            Signed::Hash => return self.tokens.keys().map(String::as_str).collect(),
        };
        match named {
            Some(sid) => known(&sid).into_iter().collect(),
            None => vec![&self.account_sid],
        }
    }
}

const ACCOUNT_SID: &str = "AccountSid";

/// A webhook whose sender is proved. `Debug` shows neither values nor the body.
#[derive(Clone)]
pub struct Verified {
    account_sid: String,
    url: String,
    params: Params,
    query: Params,
    body: Option<Bytes>,
}

/// The body of a request that carries no form, **without a proof** of who sent it: what [`Verified::body`] was when it came. For
/// webhooks that were verified before they were stored.
#[must_use]
pub fn body_of(request: &WebhookRequest) -> Option<&Bytes> {
    matches!(Signed::of(request), Signed::Hash).then_some(&request.body)
}

impl Verified {
    fn new(account_sid: String, signed: Signed, request: &WebhookRequest) -> Self {
        let query = callback::query(&request.url);
        let (params, body) = match signed {
            Signed::Form(params) => (params, None),
            Signed::Address => (query.clone(), None),
            Signed::Hash => (Params::default(), Some(request.body.clone())),
        };
        Self { account_sid, url: request.url.clone(), params, query, body }
    }

    /// The account whose auth token proves it.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// What Twilio says: the form, or the query of a GET. Empty for JSON.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The parameters of the address. Those that we put there are trusted: the signature covers them. In a GET they come first,
    /// and Twilio's follow.
    #[must_use]
    pub fn query(&self) -> &Params {
        &self.query
    }

    /// The address that was called.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The body of a webhook that is not a form, for instance JSON.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// `Decode` where there is none, or another than `T` promises.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let unread = |message| Error::new(ErrorKind::Decode, Outcome::Rejected, message).provider(PROVIDER);
        let body = self.body.as_ref().ok_or_else(|| unread("the webhook has no JSON body"))?;
        serde_json::from_slice(body)
            .map_err(|error| unread("the webhook is not the JSON that was expected").source(error))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("account_sid", &self.account_sid)
            .field("path", &self.url.split('?').next())
            .field("params", &self.params)
            .field("query", &self.query)
            .field("bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

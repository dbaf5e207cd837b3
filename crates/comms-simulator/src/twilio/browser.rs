//! Browsers: they prove themselves by access token, place calls and take them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use comms_http::{Secret, signature};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Refused;

use super::{
    Twilio,
    calls::{Call, Origin, Reporter, Run, Source},
    config::{Account, Application},
    hooks::pair,
    people::{Contact, Script},
};

/// The longest life of a token, in seconds.
const MAX_LIFE: i64 = 86_400;
/// The longest identity.
const MAX_IDENTITY: usize = 121;

/// A call that a browser places: what `device.connect` is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserCall {
    /// The access token.
    pub token: String,
    /// The parameters of `connect`; `To` is the usual one, all of them reach the webhook.
    pub params: std::collections::BTreeMap<String, String>,
    /// How the person at the browser behaves.
    pub script: Option<Script>,
}

/// What a token says, checked.
struct Proof {
    account: Account,
    identity: String,
    outgoing: Option<Application>,
    params: Vec<(String, String)>,
    takes_calls: bool,
}

impl BrowserCall {
    /// A call to this number or `client:<identity>`.
    #[must_use]
    pub fn to(token: &str, to: &str) -> Self {
        Self { token: token.to_owned(), params: [("To".to_owned(), to.to_owned())].into(), script: None }
    }

    /// With a further parameter.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.params.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a way for the person at the browser to behave.
    #[must_use]
    pub fn by(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }
}

impl Twilio {
    /// A browser places a call through the TwiML app of its token; returns the SID of its leg, the parent of all others.
    ///
    /// # Errors
    /// [`Refused::Token`] where the token is not good for it, [`Refused::NoCallback`] where the app has no address.
    pub fn browser_call(&self, browser: &BrowserCall) -> Result<String, Refused> {
        let proof = self.prove(&browser.token)?;
        let refused = || token_error(20106, "the token does not let this browser place calls");
        let application = proof.outgoing.ok_or_else(refused)?;
        if application.voice.url.is_none() {
            return Err(Refused::NoCallback);
        }
        let to = browser.params.get("To").cloned().unwrap_or_default();
        let from = format!("client:{}", proof.identity);
        let mut call = Call::new(self, &proof.account.sid, &from, &to, "inbound");
        call.application_sid = Some(application.sid.clone());
        let sid = call.sid.clone();
        self.state(|state| state.calls.insert(&sid, call.clone()));
        let given = browser.params.iter().map(|(name, value)| pair(name, value));
        // What the token fixes wins over what the page gives.
        let fixed = proof.params;
        let free = given.filter(|(name, _)| !fixed.iter().any(|(known, _)| known == name)).collect::<Vec<_>>();
        let extra = fixed.iter().cloned().chain(free).collect();
        let settings = self.settings();
        let script = browser.script.clone().unwrap_or_else(|| {
            let known = settings.twilio.contacts.iter().find(|contact| contact.address == from);
            known.map(|contact| contact.call.clone()).unwrap_or_default()
        });
        let reporter =
            Reporter::completed(application.status_callback.clone(), application.status_callback_method.clone());
        let source = Source::hook(&application.voice, extra);
        Run::start(self, &proof.account, call, script, reporter, Origin::Called, source);
        Ok(sid)
    }

    /// A browser registers for incoming calls; returns its address, `client:<identity>`.
    ///
    /// # Errors
    /// [`Refused::Token`] where the token is not good for it.
    pub fn register_browser(&self, token: &str, script: Script) -> Result<String, Refused> {
        let proof = self.prove(token)?;
        if !proof.takes_calls {
            return Err(token_error(20106, "the token does not let this browser take calls"));
        }
        let contact = Contact::browser(&proof.identity).in_calls(script);
        let address = contact.address.clone();
        self.set_contact(contact);
        Ok(address)
    }

    /// Checks a token as Twilio does.
    fn prove(&self, token: &str) -> Result<Proof, Refused> {
        let (header, claims, signed, signature) = parts(token)?;
        let settings = self.settings();
        let is = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
        if !(is("alg", "HS256") && is("typ", "JWT") && is("cty", "twilio-fpa;v=1")) {
            return Err(token_error(20102, "the header is not that of an access token"));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let account = settings.twilio.account(text("sub"));
        let account = account.ok_or_else(|| token_error(20103, "the subject is no account"))?;
        let key = account.api_keys.iter().find(|key| key.sid == text("iss"));
        let key = key.ok_or_else(|| token_error(20103, "the issuer is no API key of the account"))?;
        let expected = signature::hmac_sha256_hex(&Secret::from(key.secret.clone()), signed.as_bytes());
        if !signature::constant_time_eq(&expected, &hex::encode(signature)) {
            return Err(token_error(20107, "the signature is wrong"));
        }
        self.check_times(&claims)?;
        grants(account, &claims)
    }

    fn check_times(&self, claims: &Value) -> Result<(), Refused> {
        let now = self.core().now().unix_timestamp();
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        let expires = time("exp").ok_or_else(|| token_error(20104, "the token has no expiry"))?;
        if expires <= now {
            return Err(token_error(20104, "the token has expired"));
        }
        if time("nbf").is_some_and(|begin| begin > now) {
            return Err(token_error(20105, "the token is not valid yet"));
        }
        let begin = time("nbf").or_else(|| time("iat")).unwrap_or(now);
        if expires - begin > MAX_LIFE {
            return Err(token_error(20157, "the token lives longer than 24 hours"));
        }
        Ok(())
    }
}

fn grants(account: &Account, claims: &Value) -> Result<Proof, Refused> {
    let grants = claims.get("grants").ok_or_else(|| token_error(20106, "the token grants nothing"))?;
    let identity = grants.get("identity").and_then(Value::as_str).unwrap_or_default();
    if identity.is_empty() || identity.len() > MAX_IDENTITY {
        return Err(token_error(20106, "the token has no identity"));
    }
    let voice = grants.get("voice").ok_or_else(|| token_error(20106, "the token does not grant voice"))?;
    let sid = voice.pointer("/outgoing/application_sid").and_then(Value::as_str);
    let outgoing = match sid {
        None => None,
        Some(sid) => {
            let application = account.application(sid).cloned();
            Some(application.ok_or_else(|| token_error(20106, "the TwiML app is not of the account"))?)
        }
    };
    let params = voice.pointer("/outgoing/params").and_then(Value::as_object).into_iter().flatten();
    Ok(Proof {
        account: account.clone(),
        identity: identity.to_owned(),
        outgoing,
        params: params.map(|(name, value)| pair(name, value.as_str().unwrap_or_default())).collect(),
        takes_calls: voice.pointer("/incoming/allow") == Some(&Value::Bool(true)),
    })
}

/// Header, claims, what is signed, the signature.
fn parts(token: &str) -> Result<(Value, Value, &str, Vec<u8>), Refused> {
    let invalid = || token_error(20101, "this is no access token");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid());
    let json = |text: &str| serde_json::from_slice(&decoded(text)?).map_err(|_| invalid());
    Ok((json(header)?, json(claims)?, signed, decoded(signature)?))
}

fn token_error(code: i64, reason: &str) -> Refused {
    Refused::Token { code, reason: reason.to_owned() }
}

//! What the tests of the client share: a client over a script, and webhooks that are signed.

use std::sync::Arc;

use comms_conformance::script::body;
pub use comms_conformance::script::{Answer, Script, answer, ok};
use comms_http::{ManualClock, Request, RetryPolicy, WebhookRequest};
use twilio_core::Params;
use twilio_voice::{
    Client, Config, Secret,
    webhook::{self, Verifier},
};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const NUMBER: &str = "+15005550006";
pub const PERSON: &str = "+34600000001";
pub const TOKEN: &str = "an-invented-token";
pub const CALLBACK: &str = "https://example.com/voz";
pub const CALL: &str = "CA00000000000000000000000000000001";
pub const CHILD: &str = "CA00000000000000000000000000000002";
pub const RECORDING: &str = "RE00000000000000000000000000000001";

pub fn config() -> Config {
    Config::new(twilio_core::Config::new(ACCOUNT, TOKEN)).phone_number(NUMBER).callback_url(CALLBACK)
}

pub fn client_of(config: Config, answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    let script = Script::new(answers);
    let client = Client::builder(config)
        .transport(script.clone())
        .clock(Arc::new(ManualClock::at_unix(1_760_000_000)))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    (client, script)
}

pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    client_of(config(), answers)
}

/// The form that a request posts, as pairs.
pub fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body(request)).into_owned().collect()
}

/// The form of a request that is expected.
pub fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn verifier() -> Verifier {
    Verifier::new(ACCOUNT, TOKEN).unwrap()
}

/// A webhook as Twilio posts it to `url`, signed.
pub fn posted(url: &str, params: &[(&str, &str)]) -> WebhookRequest {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    signed(url, body)
}

pub fn signed(url: &str, body: impl Into<bytes::Bytes>) -> WebhookRequest {
    let body = body.into();
    let signature = webhook::sign(&Secret::from(TOKEN), url, Params::parse(&body).iter());
    WebhookRequest::post(url, body)
        .header("content-type", "application/x-www-form-urlencoded")
        .header(webhook::SIGNATURE_HEADER, &signature)
}

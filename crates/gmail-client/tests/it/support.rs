//! What the tests of the client share: constants, and a client over a script.

use std::sync::Arc;

use comms_conformance::script::body;
pub use comms_conformance::script::{Answer, Script, answer, header, ok};
use comms_http::{ManualClock, Request, RetryPolicy};
use gmail_client::{Client, ClientBuilder, Config, oauth::OAuth, oauth::StaticToken};
use serde_json::Value;

pub const NOW: i64 = 1_795_374_000;
pub const ACCESS: &str = "an-invented-access-token";

pub fn config() -> Config {
    let mut config = Config::new("1234.apps.googleusercontent.com", "an-invented-secret");
    config.redirect_uri = Some("https://example.org/email/oauth/callback".to_owned());
    config
}

pub fn clock() -> ManualClock {
    ManualClock::at_unix(NOW)
}

pub fn builder(script: &Arc<Script>) -> ClientBuilder {
    Client::builder(config())
        .transport(script.clone())
        .clock(Arc::new(clock()))
        .token_provider(Arc::new(StaticToken::new(ACCESS)))
}

pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    let script = Script::new(answers);
    (builder(&script).build().unwrap(), script)
}

pub fn oauth(script: &Arc<Script>, clock: &ManualClock) -> OAuth {
    OAuth::new(&config(), script.clone(), Arc::new(clock.clone()), RetryPolicy::never()).unwrap()
}

pub fn json_body(request: &Request) -> Value {
    serde_json::from_slice(body(request)).unwrap()
}

pub fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body(request)).into_owned().collect()
}

pub fn text_body(request: &Request) -> String {
    String::from_utf8(body(request).to_vec()).unwrap()
}

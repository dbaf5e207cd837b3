//! What the tests of the client share: constants, and a client over a script.

use std::sync::Arc;

use comms_conformance::script::body;
pub use comms_conformance::script::{Answer, Script, answer, header, ok};
use comms_http::{ManualClock, Request};
use serde_json::Value;
use whatsapp_cloud::{Client, ClientBuilder, Config};

pub const NUMBER: &str = "106540352242922";
pub const ACCOUNT: &str = "102290129340398";
pub const APP: &str = "670843887433847";
pub const TOKEN: &str = "an-invented-token";

pub fn config() -> Config {
    let mut config = Config::new(TOKEN, NUMBER);
    config.business_account_id = Some(ACCOUNT.to_owned());
    config.app_id = Some(APP.to_owned());
    config.app_secret = Some("an-invented-app-secret".into());
    config
}

pub fn builder(script: &Arc<Script>) -> ClientBuilder {
    Client::builder(config()).transport(script.clone()).clock(Arc::new(ManualClock::at_unix(1_760_000_000)))
}

pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    let script = Script::new(answers);
    (builder(&script).build().unwrap(), script)
}

pub fn json_body(request: &Request) -> Value {
    serde_json::from_slice(body(request)).unwrap()
}

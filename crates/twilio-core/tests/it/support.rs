//! What the tests of the client share: a client over a script.

use std::sync::Arc;

use comms_conformance::script::body;
pub use comms_conformance::script::{Answer, Script, answer, header, ok};
use comms_http::{ManualClock, Request};
use twilio_core::{Client, ClientBuilder, Config, Params};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "an-invented-token";

pub fn redirect(status: u16, location: &str) -> Answer {
    answer(status, "").header("location", location)
}

pub fn builder(script: &Arc<Script>) -> ClientBuilder {
    let clock = Arc::new(ManualClock::at_unix(1_760_000_000));
    Client::builder(Config::new(ACCOUNT, TOKEN)).transport(script.clone()).clock(clock)
}

pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
    let script = Script::new(answers);
    (builder(&script).build().unwrap(), script)
}

pub fn form_body(request: &Request) -> Params {
    Params::parse(body(request))
}

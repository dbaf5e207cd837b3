//! What the tests share: webhooks that are signed, and a client over a script.

use comms_http::{Secret, WebhookRequest};
use twilio_core::webhook::sign;
use twilio_messaging::webhook::{Params, SIGNATURE_HEADER, Verifier, Webhook};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const NUMBER: &str = "+15005550006";
pub const TO: &str = "+34600000000";
pub const SERVICE: &str = "MG00000000000000000000000000000001";
pub const URL: &str = "https://example.org/webhook/sms";

pub fn token() -> Secret {
    "an-invented-token".into()
}

pub fn verifier() -> Verifier {
    Verifier::new(ACCOUNT, token()).unwrap()
}

/// A form, signed for this address.
pub fn signed(url: &str, body: &str) -> WebhookRequest {
    let signature = sign(&token(), url, Params::parse(body.as_bytes()).iter());
    WebhookRequest::post(url, body.to_owned())
        .header("content-type", "application/x-www-form-urlencoded")
        .header(SIGNATURE_HEADER, &signature)
}

/// A form of these fields, for our account.
pub fn form(fields: &[(&str, &str)]) -> String {
    let all = [("AccountSid", ACCOUNT)].iter().chain(fields).copied();
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish()
}

/// What a signed form of these fields says.
pub fn read(fields: &[(&str, &str)]) -> Webhook {
    Webhook::of(&verifier().verify(&signed(URL, &form(fields))).unwrap())
}

#[cfg(feature = "client")]
pub use script::*;

#[cfg(feature = "client")]
mod script {
    use std::sync::Arc;

    use comms_conformance::script::body;
    pub use comms_conformance::script::{Answer, Script, answer, ok};
    use comms_http::{ManualClock, Request};
    use twilio_messaging::{Client, ClientBuilder, Config};

    use super::{ACCOUNT, NUMBER};

    /// When the scripted clock stands still.
    pub const NOW: i64 = 1_760_000_000;

    pub fn config() -> Config {
        let mut config = Config::new(twilio_core::Config::new(ACCOUNT, "an-invented-token"));
        config.phone_number = Some(NUMBER.to_owned());
        config.whatsapp_number = Some(NUMBER.to_owned());
        config
    }

    pub fn builder(config: Config, answers: impl IntoIterator<Item = Answer>) -> (ClientBuilder, Arc<Script>) {
        let script = Script::new(answers);
        let clock = Arc::new(ManualClock::at_unix(NOW));
        (Client::builder(config).transport(script.clone()).clock(clock), script)
    }

    pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
        let (builder, script) = builder(config(), answers);
        (builder.build().unwrap(), script)
    }

    /// The pairs of a posted form, in order.
    pub fn posted(request: &Request) -> Vec<(String, String)> {
        url::form_urlencoded::parse(body(request)).into_owned().collect()
    }

    /// The values of one name in a posted form.
    pub fn values(request: &Request, name: &str) -> Vec<String> {
        posted(request).into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
    }
}

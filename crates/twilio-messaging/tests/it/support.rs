//! What the tests share: webhooks that are signed, a transport that answers from a script, and a client over it.

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
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use comms_http::{Body, ManualClock, Request, Response, Result, Transport};
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use serde_json::Value;
    use twilio_messaging::{Client, ClientBuilder, Config};

    use super::{ACCOUNT, NUMBER};

    /// When the scripted clock stands still.
    pub const NOW: i64 = 1_760_000_000;

    /// Answers what it was told, in order, and keeps the requests.
    #[derive(Debug, Default)]
    pub struct Script {
        answers: Mutex<VecDeque<Answer>>,
        requests: Mutex<Vec<Request>>,
    }

    #[derive(Debug)]
    pub struct Answer {
        pub status: u16,
        pub headers: Vec<(&'static str, &'static str)>,
        pub body: Vec<u8>,
    }

    pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub fn ok(body: &Value) -> Answer {
        answer(200, body.to_string())
    }

    impl Script {
        pub fn requests(&self) -> Vec<Request> {
            self.requests.lock().unwrap().clone()
        }

        pub fn only(&self) -> Request {
            let mut requests = self.requests();
            assert_eq!(requests.len(), 1, "{requests:?}");
            requests.remove(0)
        }
    }

    #[async_trait::async_trait]
    impl Transport for Script {
        async fn execute(&self, request: Request) -> Result<Response> {
            self.requests.lock().unwrap().push(request);
            let answer = self.answers.lock().unwrap().pop_front().expect("a request that the script does not know");
            let mut headers = HeaderMap::new();
            for (name, value) in answer.headers {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            Ok(Response::full(StatusCode::from_u16(answer.status).unwrap(), headers, answer.body))
        }
    }

    pub fn config() -> Config {
        let mut config = Config::new(twilio_core::Config::new(ACCOUNT, "an-invented-token"));
        config.phone_number = Some(NUMBER.to_owned());
        config.whatsapp_number = Some(NUMBER.to_owned());
        config
    }

    pub fn builder(config: Config, answers: impl IntoIterator<Item = Answer>) -> (ClientBuilder, Arc<Script>) {
        let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), ..Script::default() });
        let clock = Arc::new(ManualClock::at_unix(NOW));
        (Client::builder(config).transport(script.clone()).clock(clock), script)
    }

    pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Script>) {
        let (builder, script) = builder(config(), answers);
        (builder.build().unwrap(), script)
    }

    /// The pairs of a posted form, in order.
    pub fn posted(request: &Request) -> Vec<(String, String)> {
        match &request.body {
            Body::Bytes(bytes) => url::form_urlencoded::parse(bytes).into_owned().collect(),
            other => panic!("not a form: {other:?}"),
        }
    }

    /// The values of one name in a posted form.
    pub fn values(request: &Request, name: &str) -> Vec<String> {
        posted(request).into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
    }
}

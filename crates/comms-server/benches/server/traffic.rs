//! Signed webhooks, each different from every other, made before the clock runs.

use std::ops::Range;

use comms_http::{Secret, signature};

/// The secret that they are signed with.
pub const APP_SECRET: &str = "an-invented-app-secret";
/// The number that they are for.
pub const PHONE_NUMBER_ID: &str = "106540352242922";
/// The account above it.
pub const BUSINESS_ACCOUNT_ID: &str = "102290129340398";
/// The route that they are sent to.
pub const PATH: &str = "/api/comunicaciones/webhook/whatsapp";

/// How many people write: a message in a conversation that exists is the common case.
const PEOPLE: u64 = 5_000;

/// What happens between two echoes, and the echo.
const CYCLE: u64 = 8;

/// How many cycles later the statuses of an echo come. The first of a run are about messages of the run before.
const LATER: u64 = 64;

/// What the webhooks tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// A text message of a person, each time.
    Messages,
    /// Of eight: four messages of people, one that was sent to a person, and its statuses sent, delivered and read.
    Mixed,
}

/// Which row of the traffic a number stands for.
enum Row {
    Message,
    Echo,
    Status(&'static str, u64),
}

impl Traffic {
    /// The requests of these numbers, head and body.
    pub fn requests(self, numbers: Range<u64>) -> Vec<Vec<u8>> {
        let secret = Secret::from(APP_SECRET);
        numbers.map(|number| request(&self.body(number), &secret)).collect()
    }

    /// How many messages the webhooks of these numbers bring.
    pub fn messages(self, numbers: Range<u64>) -> u64 {
        let messages = numbers.filter(|number| !matches!(self.row(*number), Row::Status(..)));
        messages.count() as u64
    }

    fn row(self, number: u64) -> Row {
        let (cycle, place) = (number / CYCLE, number % CYCLE);
        let about = if cycle < LATER { cycle } else { cycle - LATER };
        let status = |status| Row::Status(status, about * CYCLE + 4);
        match (self, place) {
            (Self::Messages, _) | (Self::Mixed, 0..=3) => Row::Message,
            (Self::Mixed, 4) => Row::Echo,
            (Self::Mixed, 5) => status("sent"),
            (Self::Mixed, 6) => status("delivered"),
            (Self::Mixed, _) => status("read"),
        }
    }

    fn body(self, number: u64) -> String {
        let (field, said) = match self.row(number) {
            Row::Message => ("messages", message(number)),
            Row::Echo => ("smb_message_echoes", echo(number)),
            Row::Status(status, about) => ("messages", report(status, about)),
        };
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{BUSINESS_ACCOUNT_ID}","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"{PHONE_NUMBER_ID}"}},{said}}},"field":"{field}"}}]}}]}}"#
        )
    }
}

fn message(number: u64) -> String {
    let person = number % PEOPLE;
    format!(
        r#""contacts":[{{"profile":{{"name":"Persona {person}"}},"wa_id":"346{person:08}"}}],"messages":[{{"from":"346{person:08}","id":"{}","timestamp":"1750000000","text":{{"body":"Mensaje número {number} de una conversación cualquiera"}},"type":"text"}}]"#,
        id(number)
    )
}

/// The number of the webhook whose message this text quotes.
pub fn number_in(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("Mensaje número ")?;
    rest.split(' ').next()?.parse().ok()
}

fn echo(number: u64) -> String {
    let person = number % PEOPLE;
    format!(
        r#""message_echoes":[{{"from":"15550783881","to":"346{person:08}","id":"{}","timestamp":"1750000000","type":"text","text":{{"body":"Respuesta número {number} de una conversación cualquiera"}}}}]"#,
        id(number)
    )
}

fn report(status: &str, about: u64) -> String {
    let person = about % PEOPLE;
    format!(
        r#""statuses":[{{"id":"{}","status":"{status}","timestamp":"1750000000","recipient_id":"346{person:08}","pricing":{{"billable":true,"pricing_model":"PMP","category":"service","type":"regular"}}}}]"#,
        id(about)
    )
}

fn id(number: u64) -> String {
    format!("wamid.{number:032}")
}

fn request(body: &str, secret: &Secret) -> Vec<u8> {
    let signature = signature::hmac_sha256_hex(secret, body.as_bytes());
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: facebookexternalua\r\naccept: */*\r\n\
         content-type: application/json\r\nx-hub-signature-256: sha256={signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

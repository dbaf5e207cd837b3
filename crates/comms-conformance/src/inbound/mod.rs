//! What every [`Inbound`] promises.

mod fuzzing;
mod proving;
mod reading;
mod surviving;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use comms_core::{Batch, Content, Event, EventKind, Inbound, InboundMessage, Result, Secret, WebhookRequest};

pub use fuzzing::{Fuzzed, Fuzzing};

use crate::{
    Case, Report, Violation,
    suite::{cases, run_all},
};

/// What every webhook parser promises, case by case.
pub const CASES: &[Case<dyn InboundHarness>] = cases![
    proving::{
        a_signed_webhook_is_read,
        both_secrets_of_a_rotation_are_accepted,
        a_strange_secret_is_refused,
        an_unsigned_webhook_is_refused,
        every_changed_character_of_the_signature_is_refused,
        every_shortened_signature_is_refused,
        a_lengthened_signature_is_refused,
        a_signature_given_twice_is_refused,
        every_changed_byte_of_the_body_is_refused,
        a_refusal_reveals_neither_secret_nor_signature,
    },
    reading::{
        every_message_is_read_in_its_order,
        the_same_webhook_gives_the_same_keys,
        keys_are_distinct_within_a_batch,
        a_replay_reads_what_the_receipt_read,
        a_type_from_the_future_is_kept,
        a_misshapen_element_is_kept,
        a_strange_element_does_not_lose_its_neighbours,
    },
    surviving::{
        signed_garbage_is_accepted_and_told,
        a_webhook_of_three_megabytes_is_accepted,
        nothing_that_is_signed_panics,
    },
];

/// Runs [`CASES`].
///
/// # Errors
/// The promises that the parser does not keep.
pub async fn inbound(harness: &(dyn InboundHarness + 'static)) -> Result<(), Report> {
    run_all(CASES, harness).await
}

/// Gives the suite a parser and webhooks in its provider's format.
pub trait InboundHarness: Send + Sync {
    /// A parser that accepts [`Key::Current`] and [`Key::Next`].
    fn inbound(&self) -> Box<dyn Inbound>;

    /// A POST of `body`, whatever it is, signed with `key`.
    fn sign(&self, body: Bytes, key: Key) -> WebhookRequest;

    /// The header that holds the signature, in lower case.
    fn signature_header(&self) -> &'static str;

    /// How many messages one webhook can carry at most.
    fn longest_batch(&self) -> usize;

    /// The body of a webhook that carries one message for each of `texts`, in this order. Each call makes other messages.
    fn texts(&self, texts: &[&str]) -> Bytes;

    /// The same with one more element in the middle, `strange` in this way, that holds the word `marker`. Where a webhook
    /// carries one element only, `texts` is empty.
    fn with_strange_element(&self, strange: Strange, marker: &str, texts: &[&str]) -> Bytes;

    /// Which of [`texts`](Self::texts) a message says; where messages have no text of their own, whatever carries it.
    fn said(&self, message: &InboundMessage) -> Option<String> {
        match &message.content {
            Content::Text { body, .. } => Some(body.clone()),
            _ => None,
        }
    }

    /// The same of an event; where a provider tells of something else than messages, what it tells.
    fn told(&self, event: &Event) -> Option<String> {
        match &event.kind {
            EventKind::Message(message) => self.said(message),
            _ => None,
        }
    }

    /// Every secret that webhooks are signed with, the strange one included.
    fn secrets(&self) -> Vec<Secret> {
        Key::ALL.map(Key::secret).into()
    }
}

/// With what a webhook is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The secret in use.
    Current,
    /// The secret that is to replace it: both are valid during a rotation.
    Next,
    /// A secret that the parser was not given.
    Strange,
}

impl Key {
    /// All keys.
    pub const ALL: [Self; 3] = [Self::Current, Self::Next, Self::Strange];

    /// An invented secret: what a harness gives its parser, or signs with.
    #[must_use]
    pub fn secret(self) -> Secret {
        Secret::from(match self {
            Self::Current => "the invented secret in use",
            Self::Next => "the invented secret to come",
            Self::Strange => "the invented secret of a stranger",
        })
    }
}

/// In which way an element is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strange {
    /// Of a type that the provider does not have today.
    UnknownType,
    /// Of a known type, its fields of the wrong kinds.
    Misshapen,
}

/// Signs `body` with the secret in use.
fn signed(harness: &dyn InboundHarness, body: impl Into<Bytes>) -> WebhookRequest {
    harness.sign(body.into(), Key::Current)
}

/// A webhook with one message.
fn greeting(harness: &dyn InboundHarness) -> WebhookRequest {
    signed(harness, harness.texts(&["hola"]))
}

/// As many different texts as one webhook carries, at most five.
fn some_texts(harness: &dyn InboundHarness) -> Vec<&'static str> {
    let mut texts = vec!["uno", "dos", "¿tres?", "cuatro 👍", "cinco"];
    texts.truncate(harness.longest_batch());
    texts
}

/// Receives; a panic is a violation.
fn receive(harness: &dyn InboundHarness, request: &WebhookRequest) -> Result<Result<Batch>, Violation> {
    let parser = harness.inbound();
    catch_unwind(AssertUnwindSafe(|| parser.receive(request))).map_err(|_| Violation::new("the parser panics"))
}

/// Receives what must be accepted.
fn accepted(harness: &dyn InboundHarness, request: &WebhookRequest) -> Result<Batch, Violation> {
    receive(harness, request)?.map_err(|error| Violation::new(format!("a signed webhook is refused: {error}")))
}

/// What the events of a batch say.
fn said(harness: &dyn InboundHarness, batch: &Batch) -> Vec<String> {
    batch.events.iter().filter_map(|event| harness.told(event)).collect()
}

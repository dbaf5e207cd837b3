//! Webhooks: who sent them, and what they say. Calls that have ended, their recordings, calls that could not be begun.
//!
//! ElevenLabs signs with HMAC-SHA256 over the time that it names, a dot, and the body byte for byte. So the body must not have been parsed and
//! written again before it is verified.

mod initiation;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use comms_http::{
    Clock, Error, Result, Secret, SystemClock, WebhookRequest, setting::check_secret, signature::verify_hmac_sha256_hex,
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use time::OffsetDateTime;

pub use self::initiation::InitiationVerifier;
pub use crate::model::webhook::{CallAudio, FailureReason, InitiationFailure, InitiationRequest, OtherEvent, PostCall};

use crate::{
    PROVIDER, limits,
    model::{
        conversation::{Conversation, at},
        lenient,
    },
};

/// The header that holds the time and the signatures.
pub const SIGNATURE_HEADER: &str = "elevenlabs-signature";
/// More digits are no time in seconds.
const LONGEST_TIME: usize = 12;

/// Checks who sent a webhook.
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<Secret>,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Accepts what is signed with one of these secrets, as ElevenLabs shows each once: every webhook of a workspace has its own, and while one
    /// is exchanged there are two.
    ///
    /// # Errors
    /// `Config` where there is none, or one is empty or begins or ends with a space.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self> {
        let secrets: Vec<Secret> = secrets.into_iter().collect();
        if secrets.is_empty() {
            return Err(Error::config("no secret is given").provider(PROVIDER).field("secret"));
        }
        for secret in &secrets {
            check_secret("secret", secret).map_err(|error| error.provider(PROVIDER))?;
        }
        Ok(Self { secrets, tolerance: limits::TOLERANCE, clock: Arc::new(SystemClock) })
    }

    /// Refuses signatures older than this; [`limits::TOLERANCE`] unless set.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Reads the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the signature over time and body, and that the time is now: neither long past, nor ahead.
    ///
    /// # Errors
    /// `InvalidSignature` where it is absent, repeated, malformed, too old, from the future or wrong. Answer 401.
    pub fn verify(&self, request: &WebhookRequest) -> Result<Verified> {
        let header = request.header_str(SIGNATURE_HEADER).filter(|header| !header.trim().is_empty());
        let header = header.ok_or_else(|| refused("the signature is absent or repeated"))?;
        let signed = SignatureHeader::read(header)?;
        let mut message = Vec::with_capacity(signed.time.len() + 1 + request.body.len());
        message.extend_from_slice(signed.time.as_bytes());
        message.push(b'.');
        message.extend_from_slice(&request.body);
        if !signed.signatures.iter().any(|signature| verify_hmac_sha256_hex(&self.secrets, &message, signature)) {
            return Err(refused("the signature is none of a secret that is known"));
        }
        let signed_at = self.check_age(signed.time)?;
        Ok(Verified { signed_at, body: request.body.clone() })
    }

    fn check_age(&self, time: &str) -> Result<OffsetDateTime> {
        let then = time.parse().ok().and_then(|seconds| at(Some(seconds)));
        let then = then.ok_or_else(|| refused("the time is no time"))?;
        let age = self.clock.now() - then;
        if age > self.tolerance {
            return Err(refused("the signature is too old"));
        }
        if -age > limits::CLOCK_SKEW {
            return Err(refused("the signature is from the future"));
        }
        Ok(then)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// `t=…,v0=…`: one time, and signatures of which one must hold. What else stands there is for schemes to come.
struct SignatureHeader<'a> {
    time: &'a str,
    signatures: Vec<&'a str>,
}

impl<'a> SignatureHeader<'a> {
    fn read(header: &'a str) -> Result<Self> {
        let (mut times, mut signatures) = (Vec::new(), Vec::new());
        for part in header.split(',').map(str::trim) {
            match part.split_once('=') {
                Some(("t", time)) => times.push(time),
                Some(("v0", signature)) => signatures.push(signature),
                _ => {}
            }
        }
        let [time] = times[..] else { return Err(refused("the time is absent or repeated")) };
        if time.is_empty() || time.len() > LONGEST_TIME || !time.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused("the time is no time"));
        }
        if signatures.is_empty() || signatures.len() > limits::SIGNATURES {
            return Err(refused("there is no signature of the scheme v0, or there are too many"));
        }
        Ok(Self { time, signatures })
    }
}

/// A webhook whose sender is proved. Only [`Verifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    signed_at: OffsetDateTime,
    body: Bytes,
}

impl Verified {
    /// When it was signed.
    #[must_use]
    pub fn signed_at(&self) -> OffsetDateTime {
        self.signed_at
    }

    /// What it says.
    #[must_use]
    pub fn parse(&self) -> Webhook {
        Webhook::read(&self.body)
    }
}

/// What a webhook says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Webhook {
    /// A conversation has ended and was looked through.
    PostCall(Box<PostCall>),
    /// The recording of a conversation.
    Audio(Box<CallAudio>),
    /// A call could not be begun.
    InitiationFailure(Box<InitiationFailure>),
    /// A type that this version does not know, or one of the above that cannot be read as what it says to be.
    Other(Box<OtherEvent>),
    /// A trace instead of a conversation: somebody chose the format OpenTelemetry in the webhook's settings. Answer it as the others.
    OpenTelemetry,
    /// Nothing that can be read; why.
    Unreadable(String),
}

impl Webhook {
    /// Reads a webhook that was verified when it was stored.
    #[must_use]
    pub fn read(body: &Bytes) -> Self {
        let envelope: Envelope<'_> = match serde_json::from_slice(body) {
            Ok(envelope) => envelope,
            Err(error) => return Self::Unreadable(format!("the body is no webhook: {:?}", error.classify())),
        };
        let kind = text(envelope.kind);
        if envelope.is_trace() || envelope.data.is_some_and(is_trace) {
            return Self::OpenTelemetry;
        }
        let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
            return Self::Unreadable("the body names no type".to_owned());
        };
        let at = at(envelope.event_timestamp.and_then(|time| lenient::to_number(&parsed(time))));
        let read = match (kind.as_str(), envelope.data) {
            (
                "post_call_transcription" | "unredacted_post_call_transcription" | "unredacted_transcript",
                Some(data),
            ) => post_call(kind.starts_with("unredacted"), at, data),
            ("post_call_audio" | "unredacted_post_call_audio" | "unredacted_audio", Some(data)) => {
                audio(body, at, data)
            }
            ("call_initiation_failure", Some(data)) => failure(at, data),
            _ => None,
        };
        read.unwrap_or_else(|| Self::Other(Box::new(other(kind, at, envelope.data))))
    }

    /// The type, in ElevenLabs' words where it is one of theirs.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::PostCall(call) if call.unredacted => "unredacted_post_call_transcription",
            Self::PostCall(_) => "post_call_transcription",
            Self::Audio(_) => "post_call_audio",
            Self::InitiationFailure(_) => "call_initiation_failure",
            Self::Other(event) => &event.kind,
            Self::OpenTelemetry => "opentelemetry",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The conversation that it is about.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        match self {
            Self::PostCall(call) => Some(&call.conversation.conversation_id),
            Self::Audio(audio) => Some(&audio.conversation_id),
            Self::InitiationFailure(failure) => Some(&failure.conversation_id),
            Self::Other(event) => event.conversation_id.as_deref(),
            Self::OpenTelemetry | Self::Unreadable(_) => None,
        }
    }

    /// The agent that it is about: a webhook is of a workspace, with all its agents.
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        match self {
            Self::PostCall(call) => Some(&call.conversation.agent_id),
            Self::Audio(audio) => Some(&audio.agent_id),
            Self::InitiationFailure(failure) => Some(&failure.agent_id),
            Self::Other(event) => event.agent_id.as_deref(),
            Self::OpenTelemetry | Self::Unreadable(_) => None,
        }
    }

    /// What tells repetitions apart: the same type of the same conversation is one event, however often it comes.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.conversation_id().map(|conversation| format!("{}:{conversation}", self.kind()))
    }
}

/// The outside of a webhook. The parts stay text, so that a recording is not copied.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    event_timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "resourceSpans", alias = "resource_spans")]
    spans: Option<&'a RawValue>,
}

impl Envelope<'_> {
    fn is_trace(&self) -> bool {
        self.spans.is_some()
    }
}

/// The parts of a recording's webhook.
#[derive(Deserialize)]
struct AudioData<'a> {
    conversation_id: String,
    #[serde(default)]
    agent_id: String,
    #[serde(borrow)]
    full_audio: &'a RawValue,
}

#[derive(Deserialize)]
struct FailureData {
    conversation_id: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    agent_id: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    failure_reason: FailureReason,
    #[serde(default, deserialize_with = "lenient::or_default")]
    metadata: FailureMetadata,
}

#[derive(Default, Deserialize)]
struct FailureMetadata {
    #[serde(default, rename = "type", deserialize_with = "lenient::or_default")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    body: Map<String, Value>,
}

fn post_call(unredacted: bool, at: Option<OffsetDateTime>, data: &RawValue) -> Option<Webhook> {
    let conversation: Conversation = serde_json::from_str(data.get()).ok()?;
    Some(Webhook::PostCall(Box::new(PostCall { at, unredacted, conversation })))
}

fn audio(body: &Bytes, at: Option<OffsetDateTime>, data: &RawValue) -> Option<Webhook> {
    let data: AudioData<'_> = serde_json::from_str(data.get()).ok()?;
    if !data.full_audio.get().starts_with('"') {
        return None;
    }
    Some(Webhook::Audio(Box::new(CallAudio {
        at,
        agent_id: data.agent_id,
        conversation_id: data.conversation_id,
        encoded: body.slice_ref(data.full_audio.get().as_bytes()),
    })))
}

fn failure(at: Option<OffsetDateTime>, data: &RawValue) -> Option<Webhook> {
    let data: FailureData = serde_json::from_str(data.get()).ok()?;
    Some(Webhook::InitiationFailure(Box::new(InitiationFailure {
        at,
        agent_id: data.agent_id,
        conversation_id: data.conversation_id,
        failure_reason: data.failure_reason,
        carrier: data.metadata.kind,
        body: data.metadata.body,
    })))
}

fn other(kind: String, at: Option<OffsetDateTime>, data: Option<&RawValue>) -> OtherEvent {
    let data = data.map(parsed).unwrap_or_default();
    let named = |name: &str| data[name].as_str().map(str::to_owned);
    OtherEvent { kind, at, agent_id: named("agent_id"), conversation_id: named("conversation_id"), data }
}

/// A trace has spans of resources and no conversation.
fn is_trace(data: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Trace<'a> {
        #[serde(borrow, default, rename = "resourceSpans", alias = "resource_spans")]
        spans: Option<&'a RawValue>,
    }
    serde_json::from_str::<Trace<'_>>(data.get()).is_ok_and(|trace| trace.spans.is_some())
}

fn parsed(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

fn refused(why: &str) -> Error {
    Error::invalid_signature(why).provider(PROVIDER)
}

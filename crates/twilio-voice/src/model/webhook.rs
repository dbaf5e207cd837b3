//! What the webhooks of calls carry, each kind as a type of its own.
//!
//! Every parameter is in a field or, under its own name, in `extra`: blank ones, repeated ones and those that cannot be read as what
//! they should be included. Written with serde, a webhook is the parameters that came, each once.
//!
//! *See [Twilio docs/TwiML for Programmable Voice](https://www.twilio.com/docs/voice/twiml) and
//! [Twilio docs/Call status callbacks](https://www.twilio.com/docs/voice/api/call-resource#statuscallback)*

use std::fmt;

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;
use twilio_core::model::Date;

use super::{
    Extra,
    call::{AnsweredBy, CallStatus, Direction},
    recording::{RecordingSource, RecordingStatus, RecordingTrack},
};

mod fields;
mod kinds;

pub(crate) use fields::Rest;
use fields::fields;

fields! {
    /// What every webhook of a call says of it.
    pub struct CallInfo {
        /// The leg that it concerns.
        call_sid: String = "CallSid",
        /// The leg that called this one, for the legs of a `<Dial>`.
        parent_call_sid: String = "ParentCallSid",
        /// The account, or sub-account, that the call belongs to.
        account_sid: String = "AccountSid",
        /// Who calls: a number, `client:<identity>`, `sip:…`, `anonymous` …
        from: String = "From",
        /// Whom. Where a browser calls, what it asked for.
        to: String = "To",
        /// The same as `From`.
        caller: String = "Caller",
        /// The same as `To`.
        called: String = "Called",
        /// How far the leg has come.
        call_status: CallStatus = "CallStatus",
        /// Which way; `inbound` also for what a browser places.
        direction: Direction = "Direction",
        /// The version of the API, `2010-04-01`.
        api_version: String = "ApiVersion",
        /// The number that forwarded the call here.
        forwarded_from: String = "ForwardedFrom",
        /// The caller's name, where the look-up of names is on.
        caller_name: String = "CallerName",
        /// The TwiML application, where a browser calls.
        application_sid: String = "ApplicationSid",
        /// Lets the caller's number be shown where the call is passed on.
        call_token: String = "CallToken",
        /// How far the carrier vouches for the caller's number.
        stir_verstat: String = "StirVerstat",
        /// The carrier's signed statement itself.
        stir_passport_token: String = "StirPassportToken",
        /// Who or what answered, where it was listened for.
        answered_by: AnsweredBy = "AnsweredBy",
    }
}

impl CallInfo {
    /// The identity of the browser or app that calls: the signature proves it.
    #[must_use]
    pub fn client_identity(&self) -> Option<&str> {
        self.from.as_deref()?.strip_prefix("client:").filter(|identity| !identity.is_empty())
    }

    /// Whether it is a browser or app that calls and asks for the first time what is to become of its call. Its own parameters come
    /// beside Twilio's and may have any name, so that nothing else in such a webhook says what it is.
    #[must_use]
    pub(crate) fn begins_at_browser(&self) -> bool {
        self.client_identity().is_some()
            && self.application_sid.is_some()
            && self.direction == Some(Direction::Inbound)
            && self.call_status == Some(CallStatus::Ringing)
    }

    /// The leg that the whole call is known by: the parent of a dialled leg, else the leg itself.
    #[must_use]
    pub fn root_sid(&self) -> Option<&str> {
        self.parent_call_sid.as_deref().or(self.call_sid.as_deref())
    }
}

fields! {
    /// A call asks what is to become of it: it came in, was answered, or was sent here by `<Redirect>`.
    pub struct VoiceRequest {
        /// How long it was listened for a machine, in milliseconds.
        machine_detection_duration: u32 = "MachineDetectionDuration",
    }
    call
}

impl VoiceRequest {
    /// What the caller's browser or app gave to its call, by name: the parameters that are none of Twilio's own.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.extra.iter().filter(|(name, _)| !is_twilios(name));
        own.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }
}

/// Whether Twilio gives a parameter of this name with every voice request, filled or blank.
fn is_twilios(name: &str) -> bool {
    let ends = ["From", "To", "Caller", "Called"];
    let is_place = ends
        .iter()
        .filter_map(|end| name.strip_prefix(end))
        .any(|place| ["City", "State", "Zip", "Country"].contains(&place));
    is_place || CallInfo::NAMES.contains(&name) || name.starts_with("Sip") || name.starts_with("Stir")
}

fields! {
    /// A leg of a call moved on. They may come out of order and more than once.
    pub struct StatusCallback {
        /// How long the leg lasted, in seconds.
        call_duration: u32 = "CallDuration",
        /// The same in begun minutes.
        duration: u32 = "Duration",
        /// When it happened (RFC 2822).
        timestamp: Date = "Timestamp",
        /// `call-progress-events`.
        callback_source: String = "CallbackSource",
        /// The place in the order in which it happened, from 0.
        sequence_number: u32 = "SequenceNumber",
        /// How the carrier ended it.
        sip_response_code: String = "SipResponseCode",
        /// Where the recording is, for a call placed with `Record`.
        recording_url: String = "RecordingUrl",
        /// The id of the recording.
        recording_sid: String = "RecordingSid",
        /// How long the recording is, in seconds.
        recording_duration: u32 = "RecordingDuration",
        /// Why it failed.
        error_code: String = "ErrorCode",
        /// The same in words.
        error_message: String = "ErrorMessage",
    }
    call
}

fields! {
    /// A `<Dial>` is over, and the call asks how to go on.
    pub struct DialAction {
        /// How the dialled leg ended; `answered` for a conference.
        dial_call_status: CallStatus = "DialCallStatus",
        /// The dialled leg.
        dial_call_sid: String = "DialCallSid",
        /// How long it lasted, in seconds.
        dial_call_duration: u32 = "DialCallDuration",
        /// Whether the two legs were joined.
        dial_bridged: bool = "DialBridged",
        /// Where the recording is.
        recording_url: String = "RecordingUrl",
        /// The id of the recording.
        recording_sid: String = "RecordingSid",
        /// How long the recording is, in seconds.
        recording_duration: u32 = "RecordingDuration",
    }
    call
}

fields! {
    /// A `<Gather>` heard something, and the call asks how to go on.
    pub struct Gather {
        /// The keys that were pressed.
        digits: String = "Digits",
        /// The key that ended it.
        finished_on_key: String = "FinishedOnKey",
        /// What was said.
        speech_result: String = "SpeechResult",
        /// How certain that is, from 0 to 1.
        confidence: String = "Confidence",
        /// In which language.
        language: String = "Language",
    }
    call
}

fields! {
    /// A `<Record>` is over, and the call asks how to go on.
    pub struct RecordAction {
        /// Where the recording is.
        recording_url: String = "RecordingUrl",
        /// The id of the recording.
        recording_sid: String = "RecordingSid",
        /// How long it is, in seconds.
        recording_duration: u32 = "RecordingDuration",
        /// The key that ended it, or `hangup`.
        digits: String = "Digits",
    }
    call
}

fields! {
    /// A recording was turned into text.
    pub struct Transcription {
        /// The id of the text.
        transcription_sid: String = "TranscriptionSid",
        /// What was understood.
        transcription_text: String = "TranscriptionText",
        /// Whether it succeeded.
        transcription_status: String = "TranscriptionStatus",
        /// For instance `fast`.
        transcription_type: String = "TranscriptionType",
        /// Where the text is.
        transcription_url: String = "TranscriptionUrl",
        /// The recording.
        recording_sid: String = "RecordingSid",
        /// Where the recording is.
        recording_url: String = "RecordingUrl",
    }
    call
}

fields! {
    /// A session of `<ConversationRelay>` is over.
    pub struct ConversationRelay {
        /// The id of the session.
        session_id: String = "SessionId",
        /// How it ended.
        session_status: String = "SessionStatus",
        /// How long it was, in seconds.
        session_duration: u32 = "SessionDuration",
        /// What the session handed over: JSON as text.
        handoff_data: String = "HandoffData",
    }
    call
}

fields! {
    /// A recording moved on. It names the parent leg and neither `From` nor `To`.
    pub struct RecordingCallback {
        /// The account that it belongs to.
        account_sid: String = "AccountSid",
        /// The parent leg of the call.
        call_sid: String = "CallSid",
        /// The conference, where one was recorded.
        conference_sid: String = "ConferenceSid",
        /// The id of the recording.
        recording_sid: String = "RecordingSid",
        /// Where it is.
        recording_url: String = "RecordingUrl",
        /// How far it has come.
        recording_status: RecordingStatus = "RecordingStatus",
        /// How long it is, in seconds.
        recording_duration: u32 = "RecordingDuration",
        /// 1, or 2 where each party has a channel.
        recording_channels: u32 = "RecordingChannels",
        /// When it began (RFC 2822).
        recording_start_time: Date = "RecordingStartTime",
        /// What made it.
        recording_source: RecordingSource = "RecordingSource",
        /// Whose sound it holds.
        recording_track: RecordingTrack = "RecordingTrack",
        /// Why it failed; `0` where it did not.
        error_code: String = "ErrorCode",
    }
}

fields! {
    /// Who or what answered, told while the call goes on (`AsyncAmd`).
    pub struct Amd {
        /// The account that the call belongs to.
        account_sid: String = "AccountSid",
        /// The call.
        call_sid: String = "CallSid",
        /// Who or what answered.
        answered_by: AnsweredBy = "AnsweredBy",
        /// How long it was listened, in milliseconds.
        machine_detection_duration: u32 = "MachineDetectionDuration",
    }
}

fields! {
    /// An error or warning that Twilio logged.
    pub struct Debugger {
        /// The account.
        account_sid: String = "AccountSid",
        /// The account above it.
        parent_account_sid: String = "ParentAccountSid",
        /// The id of the entry.
        sid: String = "Sid",
        /// `ERROR` or `WARNING`.
        level: String = "Level",
        /// When (ISO 8601).
        timestamp: Date = "Timestamp",
        /// The media type of the payload.
        payload_type: String = "PayloadType",
        /// What happened: JSON as text.
        payload: String = "Payload",
    }
}

/// A TwiML document could not be fetched or was wrong: the request that it was for, repeated at the fallback address.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Fallback {
    /// What was wrong.
    pub error_code: Option<String>,
    /// The address that failed.
    pub error_url: String,
    /// The request.
    pub of: Box<Webhook>,
}

impl Serialize for Fallback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parameters = match serde_json::to_value(&self.of).map_err(S::Error::custom)? {
            Value::Object(parameters) => parameters,
            other => Extra::from_iter([("of".to_owned(), other)]),
        };
        parameters.insert("ErrorUrl".to_owned(), self.error_url.as_str().into());
        if let Some(code) = &self.error_code {
            parameters.insert("ErrorCode".to_owned(), code.as_str().into());
        }
        parameters.serialize(serializer)
    }
}

/// A webhook of calls, read.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Webhook {
    /// A call asks what is to become of it.
    Request(Box<VoiceRequest>),
    /// A leg of a call moved on.
    Status(Box<StatusCallback>),
    /// A `<Dial>` is over.
    DialAction(Box<DialAction>),
    /// A `<Gather>` heard something.
    Gather(Box<Gather>),
    /// A `<Record>` is over.
    RecordAction(Box<RecordAction>),
    /// A recording moved on.
    Recording(Box<RecordingCallback>),
    /// Who or what answered.
    Amd(Box<Amd>),
    /// A recording was turned into text.
    Transcription(Box<Transcription>),
    /// A session of `<ConversationRelay>` is over.
    ConversationRelay(Box<ConversationRelay>),
    /// A request at the fallback address.
    Fallback(Fallback),
    /// An entry of the debugger.
    Debugger(Box<Debugger>),
    /// Events of Event Streams, each a CloudEvent as it came.
    Events(Vec<Value>),
    /// None of these: the parameters, or the JSON body, as they came.
    Other(Value),
}

impl Webhook {
    /// The name of the kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Status(_) => "status",
            Self::DialAction(_) => "dial_action",
            Self::Gather(_) => "gather",
            Self::RecordAction(_) => "record_action",
            Self::Recording(_) => "recording",
            Self::Amd(_) => "amd",
            Self::Transcription(_) => "transcription",
            Self::ConversationRelay(_) => "conversation_relay",
            Self::Fallback(_) => "fallback",
            Self::Debugger(_) => "debugger",
            Self::Events(_) => "events",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Debug for Webhook {
    /// The kind and the calls that it concerns; no number and nobody's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(it) => it.fmt(f),
            Self::Status(it) => it.fmt(f),
            Self::DialAction(it) => it.fmt(f),
            Self::Gather(it) => it.fmt(f),
            Self::RecordAction(it) => it.fmt(f),
            Self::Recording(it) => it.fmt(f),
            Self::Amd(it) => it.fmt(f),
            Self::Transcription(it) => it.fmt(f),
            Self::ConversationRelay(it) => it.fmt(f),
            Self::Fallback(it) => it.fmt(f),
            Self::Debugger(it) => it.fmt(f),
            Self::Events(events) => f.debug_struct("Events").field("count", &events.len()).finish_non_exhaustive(),
            Self::Other(_) => f.debug_struct("Other").finish_non_exhaustive(),
        }
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("error_code", &self.error_code).field("of", &self.of).finish_non_exhaustive()
    }
}

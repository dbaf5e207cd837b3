//! Which kind of webhook it is, told by its parameters: Twilio posts all of them alike.

use serde_json::Value;

use super::{
    Amd, ConversationRelay, Debugger, DialAction, Fallback, Gather, RecordAction, RecordingCallback, Rest,
    StatusCallback, Transcription, VoiceRequest, Webhook,
};
use crate::model::call::CallStatus;

/// What the actions of `<Enqueue>`, `<Refer>` and `<Pay>` say of how it ended.
const OVER: [&str; 3] = ["QueueResult", "ReferCallStatus", "PaymentConfirmationCode"];

impl Webhook {
    /// Tells by the parameters what kind it is, and takes them apart.
    pub(crate) fn of_parameters(mut rest: Rest) -> Self {
        if rest.has("ErrorCode")
            && let Some(error_url) = rest.take("ErrorUrl")
        {
            let error_code = rest.take("ErrorCode");
            return Self::Fallback(Fallback { error_code, error_url, of: Box::new(Self::of_parameters(rest)) });
        }
        let request = VoiceRequest::read(rest.clone());
        if request.call.begins_at_browser() && request.call.call_sid.is_some() {
            return Self::Request(request.into());
        }
        if rest.has("Payload") && !rest.has("CallSid") {
            return Self::Debugger(Debugger::read(rest).into());
        }
        if rest.has("RecordingStatus") {
            return Self::Recording(RecordingCallback::read(rest).into());
        }
        if !rest.has("CallSid") {
            return Self::Other(Value::Object(rest.into_extra()));
        }
        Self::of_call(rest)
    }

    fn of_call(rest: Rest) -> Self {
        let status = rest.text("CallStatus").map(CallStatus::from);
        let progress = ["CallbackSource", "SequenceNumber", "CallDuration"].iter().any(|name| rest.has(name));
        if rest.has("DialCallStatus") {
            Self::DialAction(DialAction::read(rest).into())
        } else if rest.has("TranscriptionSid") || rest.has("TranscriptionText") {
            Self::Transcription(Transcription::read(rest).into())
        } else if rest.has("SessionId") && (rest.has("SessionStatus") || rest.has("HandoffData")) {
            Self::ConversationRelay(ConversationRelay::read(rest).into())
        } else if progress {
            Self::Status(StatusCallback::read(rest).into())
        } else if rest.has("RecordingUrl") {
            Self::RecordAction(RecordAction::read(rest).into())
        } else if ["Digits", "SpeechResult"].iter().any(|name| rest.has(name)) {
            Self::Gather(Gather::read(rest).into())
        } else if rest.has("MachineDetectionDuration") && status.is_none() {
            Self::Amd(Amd::read(rest).into())
        } else if OVER.iter().any(|name| rest.has(name)) {
            // It asks how to go on, also where the caller has hung up.
            Self::Request(VoiceRequest::read(rest).into())
        } else if status.is_some_and(|status| status == CallStatus::Initiated || status.is_final()) {
            Self::Status(StatusCallback::read(rest).into())
        } else {
            Self::Request(VoiceRequest::read(rest).into())
        }
    }
}

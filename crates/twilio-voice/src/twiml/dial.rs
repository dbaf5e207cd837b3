//! Whom a call is connected with.

use super::{
    Assistant, CallEvent, ConversationRelay, DialEvent, DialRecord, Hangup, Method, Pay, RecordingEvent,
    RecordingTrack, Reject, RingTone, Siprec, Stream, Transcription, Trim, VirtualAgent, VoiceResponse,
    table::elements,
};

elements! {
    /// Calls somebody and connects the caller with them.
    ///
    /// *See [Twilio docs/Dial](https://www.twilio.com/docs/voice/twiml/dial)*
    Dial "Dial" (text as number) in [VoiceResponse] {
        /// Where the outcome (`DialCallStatus`) is reported and the next TwiML asked for when the dialled party hangs up.
        action "action" text,
        /// Whether the caller hears ringing, and their call counts as answered only when the dialled party answers.
        answer_on_bridge "answerOnBridge" flag,
        /// The number that the dialled party sees: one of yours, or that of the caller.
        caller_id "callerId" text,
        /// Which further events of the call are reported.
        events "events" one<DialEvent>,
        /// Whether the caller can end the dialled call with `*`.
        hangup_on_star "hangupOnStar" flag,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// Whether, from when on and in how many channels the call is recorded.
        record "record" one<DialRecord>,
        /// A stored configuration of the recording to take.
        recording_configuration_id "recordingConfigurationId" text,
        /// Where the progress of the recording is reported.
        recording_status_callback "recordingStatusCallback" text,
        /// Which steps of the recording are reported; without it only its completion.
        recording_status_callback_event "recordingStatusCallbackEvent" many<RecordingEvent>,
        /// With which method the callback of the recording is called.
        recording_status_callback_method "recordingStatusCallbackMethod" one<Method>,
        /// Which side is recorded.
        recording_track "recordingTrack" one<RecordingTrack>,
        /// With which method [`refer_url`](Self::refer_url) is called.
        refer_method "referMethod" one<Method>,
        /// Where a SIP REFER of the dialled party is reported.
        refer_url "referUrl" text,
        /// The ringing tone of which country the caller hears.
        ring_tone "ringTone" one<RingTone>,
        /// Whether several numbers are called one after the other instead of at once.
        sequential "sequential" flag,
        /// Seconds that the call may last at most (14400 unless set).
        time_limit "timeLimit" number,
        /// Seconds that it rings before it counts as not answered (30 unless set, at most 600).
        timeout "timeout" number,
        /// Whether silence at both ends of the recording is cut off.
        trim "trim" one<Trim>,
    }

    /// A telephone number to dial. Up to ten nouns in one `<Dial>` ring at once.
    ///
    /// *See [Twilio docs/Number](https://www.twilio.com/docs/voice/twiml/number)*
    Number "Number" (text) in [Dial] {
        /// Where the result of asynchronous machine detection is reported.
        amd_status_callback "amdStatusCallback" text,
        /// With which method that callback is called.
        amd_status_callback_method "amdStatusCallbackMethod" one<Method>,
        /// The trunk of your own carrier (`BY…`).
        byoc "byoc" text,
        /// Whether a machine is detected: `Enable`, or `DetectMessageEnd` to wait for its greeting to end.
        machine_detection "machineDetection" text,
        /// Milliseconds of initial silence after which the result is `unknown` (2000 to 10000).
        machine_detection_silence_timeout "machineDetectionSilenceTimeout" number,
        /// Milliseconds of silence after speech that end it (500 to 5000).
        machine_detection_speech_end_threshold "machineDetectionSpeechEndThreshold" number,
        /// Milliseconds of speech from which on a greeting is that of a machine (1000 to 6000).
        machine_detection_speech_threshold "machineDetectionSpeechThreshold" number,
        /// Seconds after which detection gives up (3 to 59).
        machine_detection_timeout "machineDetectionTimeout" number,
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// Keys to send when the call is answered; `w` waits half a second.
        send_digits "sendDigits" text,
        /// Where the progress of this leg is reported.
        status_callback "statusCallback" text,
        /// Which steps of the leg are reported; without it only the end.
        status_callback_event "statusCallbackEvent" many<CallEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// TwiML that the called party hears before the two are connected.
        url "url" text,
    }

    /// A browser or an app to dial, by its identity.
    ///
    /// *See [Twilio docs/Client](https://www.twilio.com/docs/voice/twiml/client)*
    Client "Client" (text) in [Dial] {
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// Where the progress of this leg is reported.
        status_callback "statusCallback" text,
        /// Which steps of the leg are reported; without it only the end.
        status_callback_event "statusCallbackEvent" many<CallEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// TwiML that the called party hears before the two are connected.
        url "url" text,
    }

    /// The identity of a client that has parameters as well.
    ///
    /// *See [Twilio docs/Identity](https://www.twilio.com/docs/voice/twiml/client)*
    Identity "Identity" (text) in [Client] {
    }

    /// A TwiML application to dial, by its SID.
    ///
    /// *See [Twilio docs/Application](https://www.twilio.com/docs/voice/twiml/application)*
    Application "Application" (text) in [Dial] {
        /// Whether the new call keeps the `To` of its parent.
        copy_parent_to "copyParentTo" flag,
        /// Your id of the customer who is called.
        customer_id "customerId" text,
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// Where the progress of this leg is reported.
        status_callback "statusCallback" text,
        /// Which steps of the leg are reported; without it only the end.
        status_callback_event "statusCallbackEvent" many<CallEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Where the TwiML for the called application comes from.
        url "url" text,
    }

    /// The SID of an application that has parameters as well.
    ///
    /// *See [Twilio docs/ApplicationSid](https://www.twilio.com/docs/voice/twiml/application)*
    ApplicationSid "ApplicationSid" (text) in [Application] {
    }

    /// A value that the other side receives.
    ///
    /// *See [Twilio docs/Parameter](https://www.twilio.com/docs/voice/twiml/client)*
    Parameter "Parameter" (pair) in [Application, Assistant, Client, ConversationRelay, Hangup, Pay, Reject, Siprec, Stream, Transcription, VirtualAgent] {
        /// The name under which the other side receives it.
        name "name" text,
        /// The value.
        value "value" text,
    }

    /// A WhatsApp number to dial.
    ///
    /// *See [Twilio docs/WhatsApp](https://www.twilio.com/docs/voice/twiml/whatsapp)*
    WhatsApp "WhatsApp" (text) in [Dial] {
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// Where the progress of this leg is reported.
        status_callback "statusCallback" text,
        /// Which steps of the leg are reported; without it only the end.
        status_callback_event "statusCallbackEvent" many<CallEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// TwiML that the called party hears before the two are connected.
        url "url" text,
    }

    /// A SIM of Programmable Wireless to dial, by its SID.
    ///
    /// *See [Twilio docs/Sim](https://www.twilio.com/docs/voice/twiml/sim)*
    Sim "Sim" (text) in [Dial] {
    }

    /// Connects with the first caller who waits in a queue, by the queue's name.
    ///
    /// *See [Twilio docs/Queue](https://www.twilio.com/docs/voice/twiml/queue)*
    Queue "Queue" (text) in [Dial, VoiceResponse] {
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// What the worker does after the call (`WA…`).
        post_work_activity_sid "postWorkActivitySid" text,
        /// The reservation of TaskRouter to accept (`WR…`).
        reservation_sid "reservationSid" text,
        /// TwiML that the waiting caller hears before the two are connected.
        url "url" text,
    }
}

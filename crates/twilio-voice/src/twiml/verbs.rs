//! What happens in a call, one thing after the other.

use super::{
    GatherInput, LanguageTag, MessagingResponse, Method, Prompt, RecordingEvent, RejectReason, Trim, Voice,
    VoiceResponse, table::elements,
};

elements! {
    /// Says a text. With SSML inside, text and elements are spoken in their order.
    ///
    /// *See [Twilio docs/Say](https://www.twilio.com/docs/voice/twiml/say)*
    Say "Say" (text) in [Gather, Prompt, VoiceResponse] {
        /// The language, where the voice does not determine it.
        language "language" one<LanguageTag>,
        /// How many times it is said (attribute `loop`); 0: until the call ends.
        repeat "loop" number,
        /// The voice.
        voice "voice" one<Voice>,
    }

    /// Plays a file, or keys.
    ///
    /// *See [Twilio docs/Play](https://www.twilio.com/docs/voice/twiml/play)*
    Play "Play" (text) in [Gather, Prompt, VoiceResponse] {
        /// Keys to play instead of a file; `w` waits half a second.
        digits "digits" text,
        /// How many times it is played (attribute `loop`); 0: until the call ends.
        repeat "loop" number,
    }

    /// Waits.
    ///
    /// *See [Twilio docs/Pause](https://www.twilio.com/docs/voice/twiml/pause)*
    Pause "Pause" (empty) in [Gather, Prompt, VoiceResponse] {
        /// Seconds (1 unless set).
        length "length" number,
    }

    /// Listens for keys or speech, while what is inside is played.
    ///
    /// *See [Twilio docs/Gather](https://www.twilio.com/docs/voice/twiml/gather)*
    Gather "Gather" (empty) in [VoiceResponse] {
        /// Where what was gathered (`Digits`, `SpeechResult`) is sent, and the next TwiML asked for.
        action "action" text,
        /// Whether [`action`](Self::action) is called when nothing was entered.
        action_on_empty_result "actionOnEmptyResult" flag,
        /// Whether speech interrupts what is being played.
        barge_in "bargeIn" flag,
        /// Whether debugging is on.
        debug "debug" flag,
        /// Whether the premium model is used (with `phone_call`).
        enhanced "enhanced" flag,
        /// The key that ends the input (`#` unless set); empty: none.
        finish_on_key "finishOnKey" text,
        /// Phrases that are likely to be said, separated by commas.
        hints "hints" text,
        /// What is listened for.
        input "input" many<GatherInput>,
        /// The language that is spoken.
        language "language" one<LanguageTag>,
        /// Seconds of speech at most.
        max_speech_time "maxSpeechTime" number,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// Digits after which input has ended.
        num_digits "numDigits" number,
        /// Where unfinished results are reported.
        partial_result_callback "partialResultCallback" text,
        /// With which method that callback is called.
        partial_result_callback_method "partialResultCallbackMethod" one<Method>,
        /// Whether profanities are masked.
        profanity_filter "profanityFilter" flag,
        /// The model that recognises speech.
        speech_model "speechModel" text,
        /// Seconds of silence that end speech, or `auto`.
        speech_timeout "speechTimeout" text,
        /// Seconds to wait for the next digit or for speech (5 unless set).
        timeout "timeout" number,
    }

    /// Records what the caller says.
    ///
    /// *See [Twilio docs/Record](https://www.twilio.com/docs/voice/twiml/record)*
    Record "Record" (empty) in [VoiceResponse] {
        /// Where the recording is reported and the next TwiML asked for; without it, the current address again.
        action "action" text,
        /// The keys that end the recording (all unless set); empty: none.
        finish_on_key "finishOnKey" text,
        /// Seconds at most (3600 unless set).
        max_length "maxLength" number,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// Whether a beep starts it.
        play_beep "playBeep" flag,
        /// A stored configuration of the recording to take.
        recording_configuration_id "recordingConfigurationId" text,
        /// Where the progress of the recording is reported.
        recording_status_callback "recordingStatusCallback" text,
        /// Which steps of the recording are reported; without it only its completion.
        recording_status_callback_event "recordingStatusCallbackEvent" many<RecordingEvent>,
        /// With which method the callback of the recording is called.
        recording_status_callback_method "recordingStatusCallbackMethod" one<Method>,
        /// Seconds of silence that end it (5 unless set).
        timeout "timeout" number,
        /// Whether it is transcribed (at most 120 seconds, in English).
        transcribe "transcribe" flag,
        /// Where the transcript is sent.
        transcribe_callback "transcribeCallback" text,
        /// Whether silence at both ends of the recording is cut off.
        trim "trim" one<Trim>,
    }

    /// Ends the call.
    ///
    /// *See [Twilio docs/Hangup](https://www.twilio.com/docs/voice/twiml/hangup)*
    Hangup "Hangup" (empty) in [VoiceResponse] {
    }

    /// Refuses a call, which then costs nothing. Only as the first verb.
    ///
    /// *See [Twilio docs/Reject](https://www.twilio.com/docs/voice/twiml/reject)*
    Reject "Reject" (empty) in [VoiceResponse] {
        /// What the caller hears: that the number is not in service, or busy.
        reason "reason" one<RejectReason>,
    }

    /// Goes on with the TwiML of another address.
    ///
    /// *See [Twilio docs/Redirect](https://www.twilio.com/docs/voice/twiml/redirect)*
    Redirect "Redirect" (text) in [VoiceResponse, MessagingResponse] {
        /// With which method it is called.
        method "method" one<Method>,
    }

    /// Lets the caller wait in a queue, by its name.
    ///
    /// *See [Twilio docs/Enqueue](https://www.twilio.com/docs/voice/twiml/enqueue)*
    Enqueue "Enqueue" (text) in [VoiceResponse] {
        /// Where the outcome (`QueueResult`) is reported when the call leaves the queue.
        action "action" text,
        /// Calls that may wait at most.
        max_queue_size "maxQueueSize" number,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// TwiML for those who wait.
        wait_url "waitUrl" text,
        /// With which method [`wait_url`](Self::wait_url) is called.
        wait_url_method "waitUrlMethod" one<Method>,
        /// The TaskRouter workflow that takes the call (`WW…`); the queue has then no name.
        workflow_sid "workflowSid" text,
    }

    /// Attributes (JSON) of the task that TaskRouter gets.
    ///
    /// *See [Twilio docs/Task](https://www.twilio.com/docs/taskrouter/twiml-queue-calls)*
    Task "Task" (text) in [Enqueue] {
        /// The priority; more comes first.
        priority "priority" number,
        /// Seconds after which the task is cancelled.
        timeout "timeout" number,
    }

    /// Leaves the queue and goes on with what follows `<Enqueue>`.
    ///
    /// *See [Twilio docs/Leave](https://www.twilio.com/docs/voice/twiml/leave)*
    Leave "Leave" (empty) in [VoiceResponse] {
    }

    /// Sends the caller's audio back, for tests.
    ///
    /// *See [Twilio docs/Echo](https://www.twilio.com/docs/voice/twiml)*
    Echo "Echo" (empty) in [VoiceResponse] {
    }

    /// Transfers the caller to a SIP address by SIP REFER.
    ///
    /// *See [Twilio docs/Refer](https://www.twilio.com/docs/voice/twiml/refer)*
    Refer "Refer" (empty) in [VoiceResponse] {
        /// Where Twilio asks for the next TwiML when this verb has ended.
        action "action" text,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
    }

    /// Sends a text message during a call. Twilio advises the Messages API instead.
    ///
    /// *See [Twilio docs/Sms](https://www.twilio.com/docs/voice/twiml/sms)*
    Sms "Sms" (text) in [VoiceResponse] {
        /// Where Twilio asks for the next TwiML when this verb has ended.
        action "action" text,
        /// The number that sends (attribute `from`).
        sender "from" text,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// Where the progress of the message is reported.
        status_callback "statusCallback" text,
        /// The number that receives (attribute `to`).
        recipient "to" text,
    }
}

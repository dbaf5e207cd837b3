//! What runs beside a call.

use super::{
    Channels, Connect, MediaTrack, Method, RecordingEvent, RecordingTrack, Trim, VoiceResponse, table::elements,
};

elements! {
    /// Starts what is inside beside the call, which goes on.
    ///
    /// *See [Twilio docs/Start](https://www.twilio.com/docs/voice/twiml/stream)*
    Start "Start" (empty) in [VoiceResponse] {
        /// Where Twilio asks for the next TwiML when this verb has ended.
        action "action" text,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
    }

    /// Stops what `<Start>` has started, by its name.
    ///
    /// *See [Twilio docs/Stop](https://www.twilio.com/docs/voice/twiml/stream)*
    Stop "Stop" (empty) in [VoiceResponse] {
    }

    /// Sends the audio of the call to a socket; in `<Connect>` it also plays what comes back.
    ///
    /// *See [Twilio docs/Stream](https://www.twilio.com/docs/voice/twiml/stream)*
    Stream "Stream" (empty) in [Connect, Start, Stop] {
        /// The connector that was installed in the console.
        connector_name "connectorName" text,
        /// A name for the stream, by which it can be stopped.
        name "name" text,
        /// Where the state of the stream is reported.
        status_callback "statusCallback" text,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Which side is sent; in `<Connect>` only the inbound one.
        track "track" one<MediaTrack>,
        /// The `wss://` address of your socket.
        url "url" text,
    }

    /// Sends the audio of the call to a recorder by SIPREC.
    ///
    /// *See [Twilio docs/Siprec](https://www.twilio.com/docs/voice/twiml/siprec)*
    Siprec "Siprec" (empty) in [Start, Stop] {
        /// The connector that was installed in the console.
        connector_name "connectorName" text,
        /// A name for the session, by which it can be stopped.
        name "name" text,
        /// Where the state of the session is reported.
        status_callback "statusCallback" text,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Which side is sent.
        track "track" one<MediaTrack>,
    }

    /// Transcribes the call while it lasts.
    ///
    /// *See [Twilio docs/Transcription](https://www.twilio.com/docs/voice/twiml/transcription)*
    Transcription "Transcription" (empty) in [Start, Stop] {
        /// Whether punctuation is added.
        enable_automatic_punctuation "enableAutomaticPunctuation" flag,
        /// Phrases that are likely to be said, separated by commas.
        hints "hints" text,
        /// What the inbound side is called.
        inbound_track_label "inboundTrackLabel" text,
        /// The Conversational Intelligence service that the transcript goes to (`GA…`).
        intelligence_service "intelligenceService" text,
        /// The language that is spoken.
        language_code "languageCode" text,
        /// A name for the session, by which it can be stopped.
        name "name" text,
        /// What the outbound side is called.
        outbound_track_label "outboundTrackLabel" text,
        /// Whether unfinished results are reported.
        partial_results "partialResults" flag,
        /// Whether profanities are masked.
        profanity_filter "profanityFilter" flag,
        /// The model that recognises speech.
        speech_model "speechModel" text,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Where results and states are reported.
        status_callback_url "statusCallbackUrl" text,
        /// Which side is transcribed.
        track "track" one<MediaTrack>,
        /// Who turns speech into text: `google` or `deepgram`.
        transcription_engine "transcriptionEngine" text,
    }

    /// Records the call from here on.
    ///
    /// *See [Twilio docs/Recording](https://www.twilio.com/docs/voice/twiml/recording)*
    Recording "Recording" (empty) in [Start] {
        /// One channel, or one for each side.
        channels "channels" one<Channels>,
        /// A stored configuration of the recording to take.
        recording_configuration_id "recordingConfigurationId" text,
        /// Where the progress of the recording is reported.
        recording_status_callback "recordingStatusCallback" text,
        /// Which steps of the recording are reported; without it only its completion.
        recording_status_callback_event "recordingStatusCallbackEvent" many<RecordingEvent>,
        /// With which method the callback of the recording is called.
        recording_status_callback_method "recordingStatusCallbackMethod" one<Method>,
        /// Which side is recorded.
        track "track" one<RecordingTrack>,
        /// Whether silence at both ends of the recording is cut off.
        trim "trim" one<Trim>,
    }
}

//! What takes over a call.

use super::{
    ConversationEvent, ConversationRecord, Method, RecordingEvent, Transcription, Trim, VoiceResponse, table::elements,
};

elements! {
    /// Hands the call over to what is inside; nothing behind it runs until that has ended.
    ///
    /// *See [Twilio docs/Connect](https://www.twilio.com/docs/voice/twiml/connect)*
    Connect "Connect" (empty) in [VoiceResponse] {
        /// Where Twilio asks for the next TwiML when this verb has ended.
        action "action" text,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
    }

    /// A video room, by its name.
    ///
    /// *See [Twilio docs/Room](https://www.twilio.com/docs/voice/twiml/connect)*
    Room "Room" (text) in [Connect] {
        /// Who takes part; unique within the room.
        participant_identity "participantIdentity" text,
    }

    /// A Conversations service that routes the call.
    ///
    /// *See [Twilio docs/Conversation](https://www.twilio.com/docs/voice/twiml/connect)*
    Conversation "Conversation" (empty) in [Connect] {
        /// Whether a conversation is made for a caller who has none.
        inbound_autocreation "inboundAutocreation" flag,
        /// Seconds that an inbound call rings.
        inbound_timeout "inboundTimeout" number,
        /// With which method [`url`](Self::url) is called.
        method "method" one<Method>,
        /// Whether and from when on the call is recorded.
        record "record" one<ConversationRecord>,
        /// Where the progress of the recording is reported.
        recording_status_callback "recordingStatusCallback" text,
        /// Which steps of the recording are reported; without it only its completion.
        recording_status_callback_event "recordingStatusCallbackEvent" many<RecordingEvent>,
        /// With which method the callback of the recording is called.
        recording_status_callback_method "recordingStatusCallbackMethod" one<Method>,
        /// Seconds within which routing has to assign somebody.
        routing_assignment_timeout "routingAssignmentTimeout" number,
        /// The Conversations service (`IS…`).
        service_instance_sid "serviceInstanceSid" text,
        /// Where the progress of the call is reported.
        status_callback "statusCallback" text,
        /// Which steps of the call are reported.
        status_callback_event "statusCallbackEvent" many<ConversationEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Whether silence at both ends of the recording is cut off.
        trim "trim" one<Trim>,
        /// TwiML for those who are connected.
        url "url" text,
    }

    /// A virtual agent of Dialogflow.
    ///
    /// *See [Twilio docs/VirtualAgent](https://www.twilio.com/docs/voice/twiml/virtualagent)*
    VirtualAgent "VirtualAgent" (empty) in [Connect] {
        /// The connector that was installed in the console.
        connector_name "connectorName" text,
        /// The language of the agent.
        language "language" text,
        /// Whether sentiment is analysed.
        sentiment_analysis "sentimentAnalysis" flag,
        /// Where the events of the agent are reported.
        status_callback "statusCallback" text,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
    }

    /// Overrides a setting of the connector.
    ///
    /// *See [Twilio docs/Config](https://www.twilio.com/docs/voice/twiml/virtualagent)*
    Config "Config" (pair) in [Transcription, VirtualAgent] {
        /// Which setting.
        name "name" text,
        /// The value.
        value "value" text,
    }

    /// An Autopilot assistant, by its name. Twilio has shut Autopilot down.
    ///
    /// *See [Twilio docs/Autopilot](https://www.twilio.com/docs/voice/twiml/connect)*
    Autopilot "Autopilot" (text) in [Connect] {
    }

    /// An AI session that is configured at Twilio.
    ///
    /// *See [Twilio docs/AiSession](https://www.twilio.com/docs/voice/twiml/connect)*
    AiSession "AiSession" (empty) in [Connect] {
        /// The connector of the AI session.
        ai_connector "aiConnector" text,
        /// The configuration of the session.
        ai_session_configuration "aiSessionConfiguration" text,
    }
}

//! Conversations between a caller and software.

use super::{Connect, table::elements};

elements! {
    /// Speech in and out as text over a socket of yours.
    ///
    /// *See [Twilio docs/ConversationRelay](https://www.twilio.com/docs/voice/twiml/conversationrelay)*
    ConversationRelay "ConversationRelay" (empty) in [Connect] {
        /// Whether background noise is filtered out.
        background_noise_reduction "backgroundnoisereduction" text,
        /// Which events of debugging are sent to the socket, separated by spaces.
        debug "debug" text,
        /// Whether Deepgram formats what it heard.
        deepgram_smart_format "deepgramsmartformat" text,
        /// Whether keys are sent to the socket.
        dtmf_detection "dtmfDetection" flag,
        /// Whether ElevenLabs normalises texts: `on`, `off` or `auto`.
        elevenlabs_text_normalization "elevenlabsTextNormalization" text,
        /// Which further events are sent to the socket, separated by spaces.
        events "events" text,
        /// Phrases that are likely to be said, separated by commas.
        hints "hints" text,
        /// Whether brief words of assent are not taken for an interruption.
        ignore_backchannel "ignorebackchannel" text,
        /// The Conversational Intelligence service that the transcript goes to (`GA…`).
        intelligence_service "intelligenceService" text,
        /// How readily speech interrupts: `high`, `medium` or `low`.
        interrupt_sensitivity "interruptSensitivity" text,
        /// What interrupts speech: `none`, `dtmf`, `speech` or `any`.
        interruptible "interruptible" text,
        /// The language.
        language "language" text,
        /// Whether unfinished transcripts are sent too.
        partial_prompts "partialPrompts" flag,
        /// Whether the next text may cut off the one that is being spoken.
        preemptible "preemptible" flag,
        /// Whether profanities are masked.
        profanity_filter "profanityFilter" flag,
        /// Whether what the caller says during speech is reported.
        report_input_during_agent_speech "reportInputDuringAgentSpeech" flag,
        /// The model that recognises speech.
        speech_model "speechModel" text,
        /// How long a pause ends what is said.
        speech_timeout "speechtimeout" text,
        /// The language that is heard; outranks `language`.
        transcription_language "transcriptionLanguage" text,
        /// Who turns speech into text.
        transcription_provider "transcriptionProvider" text,
        /// The language that is spoken; outranks `language`.
        tts_language "ttsLanguage" text,
        /// Who turns text into speech.
        tts_provider "ttsProvider" text,
        /// The `wss://` address of your socket.
        url "url" text,
        /// The voice.
        voice "voice" text,
        /// What is said first.
        welcome_greeting "welcomeGreeting" text,
        /// What interrupts the greeting: `none`, `dtmf`, `speech` or `any`.
        welcome_greeting_interruptible "welcomeGreetingInterruptible" text,
    }

    /// A ConversationRelay session that is configured at Twilio.
    ///
    /// *See [Twilio docs/ConversationRelaySession](https://www.twilio.com/docs/voice/twiml/conversationrelay)*
    ConversationRelaySession "ConversationRelaySession" (empty) in [Connect] {
        /// The connector of the session.
        connector "connector" text,
        /// The configuration of the session.
        session_configuration "sessionConfiguration" text,
    }

    /// An AI assistant of Twilio.
    ///
    /// *See [Twilio docs/Assistant](https://www.twilio.com/docs/voice/twiml/connect)*
    Assistant "Assistant" (empty) in [Connect] {
        /// Which events of debugging are reported.
        debug "debug" text,
        /// Whether keys are reported to the assistant.
        dtmf_detection "dtmfDetection" flag,
        /// Whether ElevenLabs normalises texts: `on`, `off` or `auto`.
        elevenlabs_text_normalization "elevenlabsTextNormalization" text,
        /// Phrases that are likely to be said, separated by commas.
        hints "hints" text,
        /// The assistant (`aia_asst_…`).
        id "id" text,
        /// The Conversational Intelligence service that the transcript goes to (`GA…`).
        intelligence_service "intelligenceService" text,
        /// How readily speech interrupts: `high`, `medium` or `low`.
        interrupt_sensitivity "interruptSensitivity" text,
        /// What interrupts speech: `none`, `dtmf`, `speech` or `any`.
        interruptible "interruptible" text,
        /// The language.
        language "language" text,
        /// Whether unfinished transcripts are sent too.
        partial_prompts "partialPrompts" flag,
        /// Whether the next text may cut off the one that is being spoken.
        preemptible "preemptible" flag,
        /// Whether profanities are masked.
        profanity_filter "profanityFilter" flag,
        /// Whether what the caller says during speech is reported.
        report_input_during_agent_speech "reportInputDuringAgentSpeech" flag,
        /// The model that recognises speech.
        speech_model "speechModel" text,
        /// The language that is heard; outranks `language`.
        transcription_language "transcriptionLanguage" text,
        /// Who turns speech into text.
        transcription_provider "transcriptionProvider" text,
        /// The language that is spoken; outranks `language`.
        tts_language "ttsLanguage" text,
        /// Who turns text into speech.
        tts_provider "ttsProvider" text,
        /// The voice.
        voice "voice" text,
        /// What is said first.
        welcome_greeting "welcomeGreeting" text,
        /// What interrupts the greeting: `none`, `dtmf`, `speech` or `any`.
        welcome_greeting_interruptible "welcomeGreetingInterruptible" text,
    }

    /// Settings for one language of the conversation.
    ///
    /// *See [Twilio docs/Language](https://www.twilio.com/docs/voice/twiml/conversationrelay)*
    Language "Language" (empty) in [Assistant, ConversationRelay] {
        /// The language that these settings are for.
        code "code" text,
        /// The model that recognises speech.
        speech_model "speechModel" text,
        /// Who turns speech into text.
        transcription_provider "transcriptionProvider" text,
        /// Who turns text into speech.
        tts_provider "ttsProvider" text,
        /// The voice.
        voice "voice" text,
    }
}

//! SIP addresses and what goes with them.

use super::{CallEvent, Dial, Method, Refer, table::elements};

elements! {
    /// A SIP address to dial, or to refer the caller to.
    ///
    /// *See [Twilio docs/Sip](https://www.twilio.com/docs/voice/twiml/sip)*
    Sip "Sip" (text) in [Dial, Refer] {
        /// Where the result of asynchronous machine detection is reported.
        amd_status_callback "amdStatusCallback" text,
        /// With which method that callback is called.
        amd_status_callback_method "amdStatusCallbackMethod" one<Method>,
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
        /// The password for SIP authentication.
        password "password" text,
        /// Where the progress of this leg is reported.
        status_callback "statusCallback" text,
        /// Which steps of the leg are reported; without it only the end.
        status_callback_event "statusCallbackEvent" many<CallEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// TwiML that the called party hears before the two are connected.
        url "url" text,
        /// The user name for SIP authentication.
        username "username" text,
    }

    /// One of several addresses of a SIP noun.
    ///
    /// *See [Twilio docs/Uri](https://www.twilio.com/docs/voice/twiml/sip)*
    Uri "Uri" (text) in [Sip] {
        /// The password for SIP authentication.
        password "password" text,
        /// The priority (as of SRV records); less comes first.
        priority "priority" text,
        /// The user name for SIP authentication.
        username "username" text,
        /// The share among those of one priority.
        weight "weight" text,
    }

    /// Headers of a SIP request.
    ///
    /// *See [Twilio docs/Headers](https://www.twilio.com/docs/voice/twiml/sip)*
    Headers "Headers" (empty) in [Sip] {
    }

    /// A header of a SIP request.
    ///
    /// *See [Twilio docs/Header](https://www.twilio.com/docs/voice/twiml/sip)*
    Header "Header" (pair) in [Headers] {
        /// The header's name.
        name "name" text,
        /// The value.
        value "value" text,
    }
}

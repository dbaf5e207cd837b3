//! Conferences.

use super::{
    Beep, ConferenceEvent, ConferenceRecord, Dial, JitterBuffer, Method, RecordingEvent, Region, Trim, table::elements,
};

elements! {
    /// A conference to join, by its name.
    ///
    /// *See [Twilio docs/Conference](https://www.twilio.com/docs/voice/twiml/conference)*
    Conference "Conference" (text) in [Dial] {
        /// When a beep announces who comes and goes.
        beep "beep" one<Beep>,
        /// The call that this participant whispers to (`CA…`); nobody else hears them.
        coach "coach" text,
        /// Whether the conference ends when this participant leaves.
        end_conference_on_exit "endConferenceOnExit" flag,
        /// Formerly where the recording was reported; use `recordingStatusCallback`.
        event_callback_url "eventCallbackUrl" text,
        /// How much delay may smooth out an uneven connection.
        jitter_buffer_size "jitterBufferSize" one<JitterBuffer>,
        /// Participants at most, up to 250.
        max_participants "maxParticipants" number,
        /// Whether this participant only listens.
        muted "muted" flag,
        /// A unique name for this participant, at most 128 characters.
        participant_label "participantLabel" text,
        /// Whether the conference is recorded.
        record "record" one<ConferenceRecord>,
        /// A stored configuration of the recording to take.
        recording_configuration_id "recordingConfigurationId" text,
        /// Where the progress of the recording is reported.
        recording_status_callback "recordingStatusCallback" text,
        /// Which steps of the recording are reported; without it only its completion.
        recording_status_callback_event "recordingStatusCallbackEvent" many<RecordingEvent>,
        /// With which method the callback of the recording is called.
        recording_status_callback_method "recordingStatusCallbackMethod" one<Method>,
        /// Where the audio is mixed.
        region "region" one<Region>,
        /// Whether the conference starts when this participant joins.
        start_conference_on_enter "startConferenceOnEnter" flag,
        /// Where the events of the conference are reported.
        status_callback "statusCallback" text,
        /// Which events are reported.
        status_callback_event "statusCallbackEvent" many<ConferenceEvent>,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Whether silence at both ends of the recording is cut off.
        trim "trim" one<Trim>,
        /// With which method [`wait_url`](Self::wait_url) is called.
        wait_method "waitMethod" one<Method>,
        /// What is played until the conference starts; empty is silence.
        wait_url "waitUrl" text,
    }
}

//! The tests of twilio-voice.

//! The tests of twilio-core.

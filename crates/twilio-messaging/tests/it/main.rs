//! The tests of twilio-messaging.

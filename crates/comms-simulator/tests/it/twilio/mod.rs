//! The double of Twilio.

mod api_calls;
mod browsers;
mod dial;
mod faults;
mod hooks;
mod inbound_messages;
mod media;
mod messages;
mod resources;
mod rest;
mod support;
mod verbs;

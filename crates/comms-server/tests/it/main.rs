//! One test binary: the server over real HTTP, SQLite in a temporary folder, the simulator as Meta and Twilio.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod answers;
mod auth;
mod bad_input;
mod config;
mod cors;
mod demo;
mod doctor;
mod errors;
mod generated;
mod google_double;
mod hostile_mail;
mod lenient;
mod limits;
mod openapi;
mod organizations;
mod papers;
mod replicas;
mod routes;
mod stopping;
mod streams;
mod support;
mod twilio_input;

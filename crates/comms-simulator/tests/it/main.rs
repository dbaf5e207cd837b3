//! The double of Meta over real HTTP: answers, errors, webhooks, faults, ledger, controls.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod campaigns;
mod controls;
mod customers;
mod elevenlabs;
mod faults;
mod google;
mod inbound;
mod management;
mod media;
mod program;
mod sends;
mod statuses;
mod support;
mod templates;
mod twilio;
mod webhooks;

//! Calls: whom a browser may call, who is rung for a caller, and what remains of both in the history.
//!
//! A provider asks while the call waits ([`Question`](comms_core::Question)); the answer is decided here, the record is
//! committed, and only then is the provider told. What was decided is kept beside the raw webhook, so that a replay, which
//! decides nothing, finds the same record.

mod answer;
mod control;
mod decide;
mod dial;
mod identity;
mod lines;
mod note;
mod place;
mod policy;
mod sentences;
mod settings;

pub use settings::{VoiceSettings, Voicemail, parameter};

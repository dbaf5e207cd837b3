//! Conversations in writing.

mod dialogue;
mod frames;
mod keeping;
mod network;
mod peer;
mod property;
mod scenarios;
mod sessions;
mod simulator;

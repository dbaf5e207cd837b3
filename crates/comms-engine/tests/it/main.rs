//! The engine as stories, over a store and a channel in memory.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod fake_channel;
mod fake_continuations;
mod fake_credentials;
mod fake_desk;
mod fake_hooks;
mod fake_keeping;
mod fake_pacing;
mod fake_replicas;
mod fake_repository;
mod fake_sources;
mod receivers;
mod scene;

mod accounts;
mod blobs;
mod catching_up;
mod continuation;
mod credentials;
mod desk;
mod durable;
mod erasing;
mod hooks;
mod long;
mod mailbox;
mod media;
mod outbox;
mod outbox_sequences;
mod pacing;
mod read;
mod realtime;
mod receive;
mod replay;
mod retry;
mod rules;
mod send;
mod stopping;
mod vault;
mod voice;
mod workers;

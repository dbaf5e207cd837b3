//! The domain model, as its users see it.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod address;
mod capabilities;
mod content;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_address;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_calls;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_continuations;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_directory;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_owner;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_rows;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_schema;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_tls;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_values;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod contract_world;
mod email;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod erasure;
mod event;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod history;
mod id;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod joined;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod mail_threads;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod pacing;
mod phone;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod shuffled;
mod status;

#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accounts;
mod blobs;
mod check;
mod desk;
mod engine;
mod erasure;
mod error;
mod health;
mod media;
pub mod metrics;
mod outbox;
mod pacer;
mod pacing;
mod read;
pub mod realtime;
mod receive;
mod replay;
mod retention;
mod retry;
mod rules;
mod send;
mod settings;
mod settle;
mod templates;
mod unknown;
mod voice;
mod workers;

pub use accounts::Assigned;
pub use blobs::{Blob, BlobError, BlobStore};
pub use desk::ReplyRequest;
pub use engine::{Engine, EngineBuilder};
pub use error::{Code, EngineError, LinkKind, ReceiveError};
pub use health::{ChannelHealth, Health, WorkerHealth};
pub use read::{MarkedRead, ReadReceipt};
pub use receive::{Proved, Received};
pub use replay::ReplayReport;
pub use retention::RetentionSettings;
pub use send::{SendRequest, Sent};
pub use settings::Settings;
pub use voice::{VoiceSettings, Voicemail, parameter};
pub use workers::Workers;

#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accounts;
mod blobs;
mod check;
mod continuation;
mod credentials;
mod desk;
mod engine;
mod erasure;
mod error;
mod files;
mod health;
mod hooks;
mod long;
mod mail;
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
mod sources;
mod stopping;
mod templates;
mod turns;
mod unknown;
mod vault;
mod voice;
mod workers;

pub use accounts::Assigned;
pub use blobs::{Blob, BlobError, BlobStore};
pub use continuation::{
    AgentHealth, AgentSettings, Chat, ContinuationFigures, ContinuationSettings, FirstMessage, HandOff, HandedOff,
    OpeningTemplate, QueueFigures, QuietHours, Trigger, Zone, outcome_of_status,
};
pub use credentials::{BegunConsent, CONSENT_LIFE, Credentials, FreshToken, NewCredential, Rotated, TokenRefresher};
pub use desk::ReplyRequest;
pub use engine::{Engine, EngineBuilder};
pub use error::{Code, EngineError, LinkKind, ReceiveError};
pub use files::OwnFile;
pub use health::{ChannelHealth, Health, WorkerHealth};
pub use hooks::{HookEdit, HookSettings, Hooks, NewHook, Pinged, Tell, Told};
pub use outbox::{DiscardedAll, Lost};
pub use read::{MarkedRead, ReadReceipt};
pub use receive::{Proved, Received};
pub use replay::ReplayReport;
pub use retention::RetentionSettings;
pub use send::{SendRequest, Sent};
pub use settings::Settings;
pub use sources::SourceSettings;
pub use vault::{Vault, VaultError};
pub use voice::{VoiceSettings, Voicemail, parameter};
pub use workers::Workers;

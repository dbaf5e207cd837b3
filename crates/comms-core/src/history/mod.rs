//! The history repository: one transaction for a webhook, pages by key, SQLite and PostgreSQL.
//!
//! [`Repository`] is what the engine sees; [`open`] gives one. `statements/` holds the queries and `facade.rs` the repository,
//! written once and compiled for each engine; `postgres.rs` and `sqlite.rs` say how each runs them.

mod continuations;
mod credentials;
mod desk;
mod error;
mod hooks;
mod inspect;
mod keeping;
mod outbox;
mod pacing;
mod replicas;
mod repository;
mod settings;
mod sources;
mod types;
pub mod vocabulary;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod accounts_map;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod common;
#[cfg(feature = "postgres")]
mod connect;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod directory;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod facts;
#[cfg(feature = "postgres")]
mod listener;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migrate;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod open;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod personal;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema_credentials;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema_hooks;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod spellings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql_types;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod text;
mod together;

pub use crate::Links;
pub use continuations::{
    AgentAnswer, AgentBurst, AgentPart, Continuation, ContinuationClaim, ContinuationConclusion, ContinuationFilter,
    ContinuationJob, ContinuationRepository, ContinuationState, ContinuationStats, ContinuationStep, NewContinuation,
};
pub use credentials::{
    Credential, CredentialHealth, CredentialRepository, CredentialState, OauthState, PutCredential, RefreshClaim,
    RefreshOutcome, SealedHook, SealedSecret,
};
pub use desk::{
    AnswerTo, Candidate, Contact, ContactFilter, ContactPage, Conversation, ConversationFilter, ConversationPage,
    ConversationState, DeskKey, DeskRepository, Identity, LastMessage, MergedContact, Note, NotePage,
};
pub use error::RepositoryError;
pub use hooks::{
    HookChange, HookConcluded, HookConclusion, HookDelivery, HookDeliveryFilter, HookDeliveryPage, HookDeliveryState,
    HookEndpoint, HookFilter, HookJob, HookOutcome, HookPlan, HookReason, HookRedrive, HookRepository, HookState,
    HookStats,
};
pub use inspect::{ChannelQueue, DatabaseFacts, FoundTable, InspectRepository, PoolState, Waiting};
pub use keeping::{
    DossierPage, DossierPart, Erasure, ErasureCounts, ErasureStep, KeepingRepository, KeptFile, Retained, Subject,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use migrate::PRISMA_MODEL;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use open::open;
pub use outbox::{ClaimToken, Delivery, DeliveryMode, OutboxJob, Queueing, Standing, UnknownJob};
pub use pacing::{AccountPacing, Claiming, Hold, PacingRepository, Pauses, Reservation, SLICE, Stop, Turn};
pub use replicas::{LeaseToken, ReplicaRepository};
pub use repository::{Repository, RepositoryResult};
pub use settings::{DatabaseSettings, DatabaseTarget, DirectorySettings, DirectoryTable, PostgresTarget, TlsMode};
pub use sources::{SourceConclusion, SourceJob, SourceRepository, SourceState, SourceStatus};
pub use types::{
    Accepted, Account, Assignment, Attachment, AttachmentState, Conclusion, FeedEvent, HistoryEntry, HistoryFilter,
    HistoryPage, Ingested, LogEvent, MediaJob, MediaOutcome, MessageDetail, MigrationReport, NewOutbound, NewWebhook,
    Organization, PageKey, QuarantinedAccount, RecipientState, RepositoryStats, Scope, ServiceToken, StatusEvent,
    WebhookFilter,
};

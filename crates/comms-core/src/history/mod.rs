//! The history repository: one transaction for a webhook, pages by key, SQLite and PostgreSQL.
//!
//! [`Repository`] is what the engine sees. `statements/` holds the queries, written once and compiled for each engine;
//! `postgres.rs` and `sqlite.rs` run them.

mod error;
mod repository;
mod types;
pub mod vocabulary;

pub use error::RepositoryError;
pub use repository::{Repository, RepositoryResult};
pub use types::{
    Accepted, Account, Assignment, Attachment, AttachmentState, Conclusion, HistoryEntry,
    HistoryFilter, HistoryPage, Ingested, Links, LogEvent, MediaJob, MediaOutcome, MessageDetail,
    MigrationReport, NewOutbound, NewWebhook, Organization, PageKey, QuarantinedAccount,
    RecipientState, RepositoryStats, Scope, ServiceToken, StatusEvent, WebhookFilter,
};

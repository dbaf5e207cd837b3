//! The queries. Compiled once for each engine: `Conn`, `RunQueryDsl` and the names of the tables come from the module above.

/// A condition that holds where `$column` is a contact of this name or address, or of their `$kin`: both as text.
macro_rules! called {
    ($column:expr, $kin:expr, $organization:expr, $text:expr) => {{
        let [contacts, named, identities, called, reached, end] = super::contacts::called($column, $kin);
        let (organization, pattern) = ($organization.as_str().to_owned(), crate::history::text::like_pattern($text));
        diesel::dsl::sql::<diesel::sql_types::Bool>(&contacts)
            .bind::<diesel::sql_types::Text, _>(organization.clone())
            .sql(&named)
            .bind::<diesel::sql_types::Text, _>(pattern.clone())
            .sql(&identities)
            .bind::<diesel::sql_types::Text, _>(organization)
            .sql(&called)
            .bind::<diesel::sql_types::Text, _>(pattern.clone())
            .sql(&reached)
            .bind::<diesel::sql_types::Text, _>(pattern)
            .sql(&end)
    }};
}

pub(super) mod accounts;
mod calls;
pub(super) mod claim;
pub(super) mod comunicaciones;
pub(super) mod conclude;
pub(super) mod consents;
pub(super) mod contacts;
pub(super) mod continuation_claims;
pub(super) mod continuation_counts;
pub(super) mod continuation_import;
pub(super) mod continuation_steps;
mod continuation_words;
pub(super) mod continuations;
mod conversations;
pub(super) mod credentials;
pub(super) mod desk;
pub(super) mod desk_pages;
pub(super) mod directory;
pub(super) mod dossier;
mod early;
pub(super) mod erase;
pub(super) mod feed;
mod files;
pub(super) mod fixed;
mod fold;
pub(super) mod foreign;
pub(super) mod hand_back;
pub(super) mod history;
pub(super) mod hook_deliveries;
pub(super) mod hooks;
pub(super) mod ingest;
pub(super) mod inspect;
pub(super) mod keys;
mod kin;
pub(super) mod lanes;
pub(super) mod leases;
mod look_through;
pub(super) mod mail;
pub(super) mod media;
mod merge;
mod names;
pub(super) mod outbound;
pub(super) mod pacing;
mod pairs;
mod parts;
mod people;
mod plan;
pub(super) mod queue;
pub(super) mod recipients;
mod recordings;
pub(super) mod retention;
mod rows;
pub(super) mod settle;
pub(super) mod sources;
mod status;
mod suppressed;
mod threads;
mod updates;
pub(super) mod waiting;
pub(super) mod webhooks;
mod whose;

use super::{Conn, RunQueryDsl, schema};

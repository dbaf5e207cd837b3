//! The queries. Compiled once for each engine: `Conn`, `RunQueryDsl` and the names of the tables come from the module above.

/// A condition that holds for people of this name or address; `$members` is a query, as text, for their contacts.
macro_rules! called {
    ($members:expr, $text:expr) => {{
        let [before, named, reached, end] = super::contacts::called($members);
        let pattern = crate::history::text::like_pattern($text);
        diesel::dsl::sql::<diesel::sql_types::Bool>(&before)
            .bind::<diesel::sql_types::Text, _>(pattern.clone())
            .sql(&named)
            .bind::<diesel::sql_types::Text, _>(pattern.clone())
            .sql(&reached)
            .bind::<diesel::sql_types::Text, _>(pattern)
            .sql(&end)
    }};
}

pub(super) mod accounts;
mod calls;
pub(super) mod comunicaciones;
pub(super) mod contacts;
mod conversations;
pub(super) mod desk;
pub(super) mod desk_pages;
pub(super) mod directory;
pub(super) mod dossier;
mod early;
pub(super) mod erase;
pub(super) mod feed;
pub(super) mod foreign;
pub(super) mod history;
pub(super) mod ingest;
pub(super) mod inspect;
pub(super) mod keys;
mod kin;
pub(super) mod lanes;
mod look_through;
pub(super) mod media;
mod merge;
mod names;
pub(super) mod outbound;
pub(super) mod pacing;
mod people;
mod plan;
pub(super) mod queue;
mod recordings;
pub(super) mod retention;
mod rows;
pub(super) mod settle;
mod status;
mod suppressed;
mod updates;
pub(super) mod waiting;
pub(super) mod webhooks;
mod whose;

use super::{Conn, RunQueryDsl, schema};

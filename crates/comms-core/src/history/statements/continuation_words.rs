//! What was said in calls that went on by chat, emptied by its age. The rows stay: who is told of the same call again writes to nobody.

use diesel::{QueryResult, QueryableByName, sql_query};

use super::{Conn, RunQueryDsl, contacts::table, dossier::ids};
use crate::history::sql_types::{Instant, InstantSql, Uid, UidSql};

/// Rows with words in them: where, since when they are old, which have any, and how these are emptied. Each condition is word for word that
/// of the table's index.
struct Words {
    table: &'static str,
    since: &'static str,
    condition: &'static str,
    emptied: &'static str,
}

/// Of a call its words go once it is over; what an agent answered once it was said, although the chat goes on.
const WORDS: [Words; 3] = [
    Words {
        table: "continuations",
        since: "ended_at",
        condition: "ended_at IS NOT NULL AND (call_summary IS NOT NULL OR transcript IS NOT NULL OR opening IS NOT NULL \
             OR metadata <> '{}')",
        // Nothing of the call changes any more: who tells of it late brings none of it back.
        emptied: "call_summary = NULL, transcript = NULL, opening = NULL, metadata = '{}', \
             facts_at = COALESCE(facts_at, ended_at)",
    },
    Words {
        table: "agent_turns",
        since: "ended_at",
        condition: "ended_at IS NOT NULL AND reply IS NOT NULL",
        emptied: "reply = NULL",
    },
    Words {
        table: "imported_messages",
        since: "sent_at",
        condition: "content <> '' OR reply IS NOT NULL OR metadata IS NOT NULL",
        emptied: "content = '', reply = NULL, metadata = NULL",
    },
];

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// Empties some of what is older, at most so many rows of each kind. Returns how many.
pub(super) async fn prune(conn: &mut Conn, before: Instant, limit: u16) -> QueryResult<usize> {
    let mut emptied = 0;
    for words in WORDS {
        let old: Vec<Old> = sql_query(format!(
            "SELECT id FROM {} WHERE {} < $1 AND ({}) ORDER BY {} LIMIT {limit}{}",
            table(words.table),
            words.since,
            words.condition,
            words.since,
            super::super::ONLY_FREE
        ))
        .bind::<InstantSql, _>(before)
        .load(conn)
        .await?;
        if old.is_empty() {
            continue;
        }
        let old: Vec<uuid::Uuid> = old.into_iter().map(|row| row.id.0).collect();
        let update = format!("UPDATE {} SET {} WHERE id IN {}", table(words.table), words.emptied, ids(&old));
        emptied += sql_query(update).execute(conn).await?;
    }
    Ok(emptied)
}

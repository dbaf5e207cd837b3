//! What is stored, in a form that is the same whatever came first.

use crate::contract_world::Place;

/// Columns of messages.
const MESSAGES: [&str; 17] = [
    "account_id",
    "provider_id",
    "direction",
    "channel",
    "counterpart",
    "counterpart_kind",
    "status",
    "problem",
    "duration_seconds",
    "answered_by",
    "user_id",
    "lead_id",
    "client_id",
    "content",
    "body",
    "extra",
    "occurred_at",
];

/// Columns of status events and their messages. Our own steps have a key made of our id.
const STATUSES: [&str; 11] = [
    "e.account_id",
    "CASE WHEN e.key LIKE 'own:%' THEN 'own' ELSE e.key END",
    "m.provider_id",
    "e.provider_id",
    "e.status",
    "e.provider_status",
    "e.problem",
    "e.duration_seconds",
    "e.answered_by",
    "e.extra",
    "e.occurred_at",
];

/// Columns of updates.
const UPDATES: [&str; 6] = ["account_id", "kind", "key", "subject", "payload", "occurred_at"];

/// Columns of attachments and their messages.
const FILES: [&str; 7] =
    ["m.provider_id", "a.account_id", "a.position", "a.kind", "a.mime_type", "a.source", "a.state"];

/// Columns of conversations.
const CONVERSATIONS: [&str; 6] = ["account_id", "channel", "status", "unread", "inbound_count", "last_inbound_at"];

/// Columns of identities.
const IDENTITIES: [&str; 6] = ["account_id", "external_id", "kind", "lead_id", "client_id", "user_id"];

/// Columns of the shared table.
const ROWS: [&str; 10] = [
    "sid_externo",
    "lead_id",
    "cliente_id",
    "usuario_id",
    "canal",
    "direccion",
    "destinatario",
    "contenido",
    "estado",
    "duracion_seg",
];

/// Everything that is stored, ordered by what the provider calls it: without our own ids, the times at which it came, and the
/// cursors of the log.
pub async fn dump(place: &Place) -> Vec<String> {
    let (ours, stored) = match place {
        Place::Postgres(_) => ("comms.", "comms.messages"),
        Place::Sqlite(_) => ("comms_", "comms_messages"),
    };
    let of = |what: &str, name: &str| format!("{ours}{what} {name} LEFT JOIN {stored} m ON m.id = {name}.message_id");
    let mut all = Vec::new();
    for (columns, table) in [
        (&MESSAGES[..], stored.to_owned()),
        (&STATUSES, of("status_events", "e")),
        (&UPDATES, format!("{ours}updates")),
        (&FILES, of("attachments", "a")),
        (&CONVERSATIONS, format!("{ours}conversations")),
        (&IDENTITIES, format!("{ours}identities")),
        (&ROWS, "comunicaciones".to_owned()),
    ] {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS text), '-')")).collect();
        let mut lines = place.texts(&format!("SELECT {} AS text FROM {table}", columns.join(" || '|' || "))).await;
        lines.sort_unstable();
        all.push(format!("{} rows of {table}", lines.len()));
        all.extend(lines);
    }
    all
}

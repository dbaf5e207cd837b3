//! What is stored, in a form that is the same whatever came first: for `cargo xtask soak`, which compares two of them.
//!
//! ```sh
//! soak_dump postgres://…/name file      # one line for each row of each table, in order
//! ```
//!
//! A line has every column of its row but for those of [`OWN`], which tell of the order in which things came. Instead of our own
//! ids it has what the provider calls a thing. A table or column that is new is compared without being named here.

use std::{
    env,
    fs::File,
    io::{BufWriter, Write as _},
    process::ExitCode,
};

use futures_util::TryStreamExt as _;
use tokio_postgres::{Client, NoTls};

/// Tables that hold what came as it came, and marks of our own in others' tables.
const SKIPPED: &[&str] = &["__diesel_schema_migrations", "webhooks", "quarantine", "marks", "leases"];

/// Columns that depend on when something came and which number it got: our ids, our times, cursors.
const OWN: &[&str] = &[
    "id",
    "cursor",
    "webhook_id",
    "comunicacion_id",
    "message_id",
    "last_message_id",
    "contact_id",
    "conversation_id",
    "created_at",
    "updated_at",
    "recorded_at",
    "received_at",
    "arrived_at",
    "last_message_at",
    "due_at",
    "fecha_creacion",
];

/// How a column that refers to a row of ours is written: by the words of the provider.
const REFERENCES: &[(&str, &str)] = &[
    ("message_id", "(SELECT m.account_id || ' ' || m.provider_id FROM comms.messages m WHERE m.id = t.message_id)"),
    (
        "last_message_id",
        "(SELECT m.account_id || ' ' || m.provider_id FROM comms.messages m WHERE m.id = t.last_message_id)",
    ),
    ("contact_id", "(SELECT w.who FROM pg_temp.who w WHERE w.contact_id = t.contact_id)"),
    (
        "conversation_id",
        "(SELECT w.who FROM comms.conversations c JOIN pg_temp.who w ON w.contact_id = c.contact_id WHERE c.id = t.conversation_id)",
    ),
];

/// A status may be told before its message is known: then the log names none.
const LOG: &str = "events";

/// Whom we know by which addresses: the contact has no name of its own but theirs.
const WHO: &str = "CREATE TEMPORARY TABLE who AS
    SELECT contact_id, string_agg(account_id || ' ' || external_id, ', ' ORDER BY account_id, external_id) AS who
    FROM comms.identities GROUP BY contact_id;
    CREATE UNIQUE INDEX ON who (contact_id);
    ANALYZE who";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, file] = &arguments[..] else {
        eprintln!("ADDRESS FILE");
        return ExitCode::FAILURE;
    };
    match dump(address, file).await {
        Ok(lines) => {
            println!("{lines}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn dump(address: &str, file: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    let driver = tokio::spawn(connection);
    client.batch_execute(WHO).await?;
    let mut out = BufWriter::new(File::create(file)?);
    let mut lines = 0;
    for (schema, table) in tables(&client).await? {
        let query = query(&client, &schema, &table).await?;
        let mut rows = std::pin::pin!(client.query_raw(&query, Vec::<String>::new()).await?);
        while let Some(row) = rows.try_next().await? {
            writeln!(out, "{table} {}", row.get::<_, &str>(0))?;
            lines += 1;
        }
    }
    out.flush()?;
    drop(client);
    driver.await??;
    Ok(lines)
}

/// Every table of ours, and the one of others that we write to.
async fn tables(client: &Client) -> Result<Vec<(String, String)>, tokio_postgres::Error> {
    let found = client
        .query(
            "SELECT table_schema::text, table_name::text FROM information_schema.tables
             WHERE table_schema = 'comms' AND table_type = 'BASE TABLE' OR table_name = 'comunicaciones'
             ORDER BY table_name",
            &[],
        )
        .await?;
    let named = found.iter().map(|row| (row.get(0), row.get(1)));
    Ok(named.filter(|(_, table): &(String, String)| !SKIPPED.contains(&table.as_str())).collect())
}

async fn query(client: &Client, schema: &str, table: &str) -> Result<String, tokio_postgres::Error> {
    let columns = client
        .query(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2",
            &[&schema, &table],
        )
        .await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let has = |name: &str| columns.iter().any(|column| column == name);
    let mut parts = vec![format!("to_jsonb(t) - '{{{}}}'::text[]", OWN.join(","))];
    for (column, words) in REFERENCES.iter().filter(|(column, _)| has(column) && table != LOG) {
        parts.push(format!("jsonb_build_object('{column}', {words})"));
    }
    if table == "contacts" {
        parts.push("jsonb_build_object('who', (SELECT w.who FROM pg_temp.who w WHERE w.contact_id = t.id))".to_owned());
    }
    Ok(format!("SELECT ({})::text COLLATE \"C\" AS line FROM {schema}.{table} t ORDER BY line", parts.join(" || ")))
}

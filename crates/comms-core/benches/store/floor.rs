//! The floor: the rows of a message webhook, in the same tables with the same indexes, in statements batched by hand.

use std::{path::Path, time::Instant};

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query, sql_types::BigInt};

use crate::{MEASURED, PEOPLE, Tally};

/// Rows of one transaction.
const BATCH: i64 = 256;

/// Numbers far from those of the run before.
const FIRST: i64 = 1_000_000_000;

/// The rows of a batch, from number $1 to $2, of $3 people.
const POSTGRES: [&str; 7] = [
    "INSERT INTO webhooks (id, organization_id, provider, method, url, headers, body, received_at)
     SELECT gen_random_uuid(), 'default', 'whatsapp', 'POST', 'https://host.test/api/comunicaciones/webhook/whatsapp', '{}',
     convert_to(repeat('x', 600), 'UTF8'), now() FROM generate_series($1::bigint, $2::bigint) n",
    "INSERT INTO contacts (id, organization_id, created_at, updated_at)
     SELECT DISTINCT md5((n % $3)::text)::uuid, 'default', now(), now() FROM generate_series($1::bigint, $2::bigint) n ON CONFLICT DO NOTHING",
    "INSERT INTO identities (id, organization_id, account_id, external_id, kind, contact_id, name, search, named_at, created_at, updated_at)
     SELECT DISTINCT ON (n % $3) gen_random_uuid(), 'default', 'whatsapp:floor', '+346' || (n % $3), 'phone', md5((n % $3)::text)::uuid,
     'Persona ' || (n % $3), 'persona ' || (n % $3), now(), now(), now()
     FROM generate_series($1::bigint, $2::bigint) n ON CONFLICT DO NOTHING",
    "INSERT INTO messages (id, organization_id, account_id, provider_id, conversation_id, contact_id, user_id, channel,
     direction, counterpart, counterpart_kind, content, body, search, status, comunicacion_id, webhook_id, occurred_at, created_at, updated_at)
     SELECT gen_random_uuid(), 'default', 'whatsapp:floor', 'wamid.' || n, md5((n % $3)::text)::uuid, md5((n % $3)::text)::uuid, '1', 'whatsapp',
     0, '+346' || (n % $3), 'phone', '{\"type\":\"text\",\"body\":\"Mensaje de una conversacion cualquiera\"}',
     'Mensaje de una conversacion cualquiera', 'mensaje de una conversacion cualquiera', 110, n, gen_random_uuid(), now(), now(), now()
     FROM generate_series($1::bigint, $2::bigint) n ON CONFLICT (account_id, provider_id) DO NOTHING",
    "INSERT INTO comunicaciones (id, usuario_id, canal, direccion, destinatario, contenido, estado, sid_externo)
     SELECT n, 1, 'whatsapp', 'entrante', '+346' || (n % $3), 'Mensaje de una conversacion cualquiera', 'recibido', 'wamid.' || n
     FROM generate_series($1::bigint, $2::bigint) n",
    "INSERT INTO conversations (id, organization_id, account_id, contact_id, channel, unread, inbound_count, last_message_id, last_message_at,
     last_inbound_at, arrived_at, said_at, said_key, created_at, updated_at)
     SELECT DISTINCT ON (n % $3) md5((n % $3)::text)::uuid, 'default', 'whatsapp:floor', md5((n % $3)::text)::uuid, 'whatsapp', 1, 1, gen_random_uuid(),
     now(), now(), now(), now(), gen_random_uuid(), now(), now() FROM generate_series($1::bigint, $2::bigint) n
     ON CONFLICT (id) DO UPDATE SET unread = conversations.unread + 1, inbound_count = conversations.inbound_count + 1,
     last_message_id = excluded.last_message_id, last_message_at = excluded.last_message_at, last_inbound_at = excluded.last_inbound_at,
     arrived_at = excluded.arrived_at, said_at = excluded.said_at, said_key = excluded.said_key, updated_at = excluded.updated_at",
    "INSERT INTO events (organization_id, kind, account_id, message_id, conversation_id, payload, created_at)
     SELECT 'default', 'message', 'whatsapp:floor', gen_random_uuid(), md5((n % $3)::text)::uuid,
     '{\"channel\":\"whatsapp\",\"direction\":\"inbound\",\"status\":\"received\"}', now() FROM generate_series($1::bigint, $2::bigint) n",
];

/// The rows of one number.
const SQLITE: [&str; 7] = [
    "INSERT INTO comms_webhooks (id, organization_id, provider, method, url, headers, body, received_at)
     VALUES (randomblob(16), 'default', 'whatsapp', 'POST', 'https://host.test/api/comunicaciones/webhook/whatsapp', '{}', zeroblob(600), ?1)",
    "INSERT INTO comms_contacts (id, organization_id, created_at, updated_at)
     VALUES (CAST(?1 % 5000 AS blob), 'default', 0, 0) ON CONFLICT DO NOTHING",
    "INSERT INTO comms_identities (id, organization_id, account_id, external_id, kind, contact_id, name, search, named_at, created_at, updated_at)
     VALUES (randomblob(16), 'default', 'whatsapp:floor', '+346' || (?1 % 5000), 'phone', CAST(?1 % 5000 AS blob), 'Persona ' || (?1 % 5000),
     'persona ' || (?1 % 5000), 0, 0, 0) ON CONFLICT DO NOTHING",
    "INSERT INTO comms_messages (id, organization_id, account_id, provider_id, conversation_id, contact_id, user_id, channel,
     direction, counterpart, counterpart_kind, content, body, search, status, comunicacion_id, webhook_id, occurred_at, created_at, updated_at)
     VALUES (randomblob(16), 'default', 'whatsapp:floor', 'wamid.' || ?1, zeroblob(16), zeroblob(16), '1', 'whatsapp', 0, '+346' || ?1, 'phone',
     '{}', 'Mensaje de una conversacion cualquiera', 'mensaje de una conversacion cualquiera', 110, ?1, randomblob(16), ?1, ?1, ?1) ON CONFLICT DO NOTHING",
    "INSERT INTO comunicaciones (id, usuario_id, canal, direccion, destinatario, contenido, estado, sid_externo)
     VALUES (?1, 1, 'whatsapp', 'entrante', '+346', 'Mensaje de una conversacion cualquiera', 'recibido', 'wamid.' || ?1)",
    "INSERT INTO comms_conversations (id, organization_id, account_id, contact_id, channel, unread, inbound_count, last_message_id, last_message_at,
     last_inbound_at, arrived_at, said_at, said_key, created_at, updated_at)
     VALUES (CAST(?1 % 5000 AS blob), 'default', 'whatsapp:floor', CAST(?1 % 5000 AS blob), 'whatsapp', 1, 1, randomblob(16), ?1, ?1, ?1, ?1, randomblob(16), ?1, ?1)
     ON CONFLICT (id) DO UPDATE SET unread = unread + 1, inbound_count = inbound_count + 1,
     last_message_id = excluded.last_message_id, last_message_at = excluded.last_message_at, last_inbound_at = excluded.last_inbound_at,
     arrived_at = excluded.arrived_at, said_at = excluded.said_at, said_key = excluded.said_key, updated_at = excluded.updated_at",
    "INSERT INTO comms_events (organization_id, kind, account_id, message_id, conversation_id, payload, created_at)
     VALUES ('default', 'message', 'whatsapp:floor', randomblob(16), randomblob(16),
     '{\"channel\":\"whatsapp\",\"direction\":\"inbound\",\"status\":\"received\"}', ?1)",
];

/// One connection, one transaction for a batch, each statement for a whole batch.
pub async fn postgres(address: &str) {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET search_path = comms, public").await.unwrap();
    let mut prepared = Vec::new();
    for statement in POSTGRES {
        prepared.push((client.prepare(statement).await.unwrap(), statement.contains("$3")));
    }
    let people = PEOPLE as i64;
    let (started, mut tally, mut next) = (Instant::now(), Tally::default(), FIRST);
    let mut rows = 0;
    while started.elapsed() < MEASURED {
        let last = next + BATCH - 1;
        tally
            .time(async {
                client.batch_execute("BEGIN").await.unwrap();
                for (statement, with_people) in &prepared {
                    if *with_people {
                        client.execute(statement, &[&next, &last, &people]).await.unwrap();
                    } else {
                        client.execute(statement, &[&next, &last]).await.unwrap();
                    }
                }
                client.batch_execute("COMMIT").await.unwrap();
            })
            .await;
        next += BATCH;
        rows += BATCH;
    }
    print("postgres", rows, started);
}

/// One connection, one transaction for a batch, prepared statements run for each row.
pub fn sqlite(path: &Path) {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
    let (started, mut next, mut rows) = (Instant::now(), FIRST, 0);
    while started.elapsed() < MEASURED {
        conn.batch_execute("BEGIN IMMEDIATE").unwrap();
        for _ in 0..BATCH {
            for statement in SQLITE {
                sql_query(statement).bind::<BigInt, _>(next).execute(&mut conn).unwrap();
            }
            next += 1;
        }
        conn.batch_execute("COMMIT").unwrap();
        rows += BATCH;
    }
    print("sqlite", rows, started);
}

#[expect(clippy::print_stdout, reason = "a bench prints figures")]
fn print(engine: &str, rows: i64, started: Instant) {
    let rate = rows as f64 / started.elapsed().as_secs_f64();
    println!("{engine} floor - {rate:.0} - -");
}

//! A history of any length, made inside of PostgreSQL and kept for the next run.

use comms_conformance::database;

/// The organisation that a server makes at its first start.
const ORGANIZATION: &str = "principal";

/// How many messages a person has exchanged with us.
pub const MESSAGES_OF_A_PERSON: i64 = 50;

/// How many sellers share the people.
pub const SELLERS: i64 = 20;

/// A seller with one old person.
pub const RARE_SELLER: &str = "999";

/// How many messages one statement inserts.
const CHUNK: i64 = 250_000;

/// The address of the database with so many messages; `None`, with a notice, where no PostgreSQL is named. Its tables are made by a
/// server; [`fill`] does the rest.
pub async fn database(rows: i64) -> Option<String> {
    let Ok(server) = std::env::var(database::SERVER) else {
        eprintln!("PostgreSQL is left out: {} is not set", database::SERVER);
        return None;
    };
    let name = format!("comms_bench_{rows}");
    let (base, _) = server.rsplit_once('/').unwrap_or((&server, ""));
    let address = format!("{base}/{name}");
    if !exists(&server, &name).await {
        database::execute(&server, &format!("CREATE DATABASE {name}")).await;
    } else if !is_filled(&address).await {
        // Somebody stopped in the middle.
        database::execute(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        database::execute(&server, &format!("CREATE DATABASE {name}")).await;
    }
    Some(address)
}

async fn exists(server: &str, name: &str) -> bool {
    !database::texts(server, &format!("SELECT datname::text FROM pg_database WHERE datname = '{name}'"))
        .await
        .is_empty()
}

/// Whether an earlier run came to its end.
pub async fn is_filled(address: &str) -> bool {
    let marker = database::texts(address, "SELECT coalesce(to_regclass('public.bench_filled')::text, '')").await;
    marker != [""]
}

/// Writes the messages, and then what follows from them.
pub async fn fill(address: &str, rows: i64) {
    let people = people(rows);
    for first in (0..rows).step_by(CHUNK as usize) {
        let last = (first + CHUNK).min(rows) - 1;
        database::execute(address, &messages(first, last, rows, people)).await;
        eprintln!("{} of {rows} messages", last + 1);
    }
    database::execute(address, &followers(rows, people)).await;
    database::execute(address, "VACUUM ANALYZE").await;
    database::execute(address, "CREATE TABLE public.bench_filled ()").await;
}

/// How many people there are in a history of this length.
pub fn people(rows: i64) -> i64 {
    (rows / MESSAGES_OF_A_PERSON).max(100)
}

/// Messages over two years, evenly. Nearly all are WhatsApp, one of 5,000 is an SMS, none is an e-mail.
fn messages(first: i64, last: i64, rows: i64, people: i64) -> String {
    format!(
        r#"
        SET search_path = comms, public;
        CREATE TEMP TABLE made AS
        SELECT n, p, at,
            (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000a000' || lpad(to_hex(n), 12, '0'))::uuid AS id,
            CASE WHEN p = 0 THEN {RARE_SELLER} ELSE 1 + p % {SELLERS} END AS seller,
            CASE WHEN n % 5000 = 0 THEN 'sms' ELSE 'whatsapp' END AS channel
        FROM (SELECT n, n * 7919 % {people} AS p, now() - interval '730 days' * (1 - n::float8 / {rows}) AS at
              FROM generate_series({first}::bigint, {last}::bigint) n) raw;
        INSERT INTO public.comunicaciones (id, lead_id, usuario_id, canal, direccion, destinatario, contenido, estado, sid_externo, fecha_creacion)
        SELECT n + 1, 1 + p / 2, seller, channel, CASE n % 2 WHEN 0 THEN 'entrante' ELSE 'saliente' END, '+346' || lpad(p::text, 8, '0'),
            'Mensaje número ' || n || ' de una conversación cualquiera', CASE n % 2 WHEN 0 THEN 'recibido' ELSE 'leido' END,
            'wamid.' || lpad(n::text, 32, '0'), at FROM made;
        INSERT INTO messages (id, organization_id, account_id, provider_id, conversation_id, contact_id, lead_id, user_id, channel, direction,
            counterpart, counterpart_kind, content, body, search, status, comunicacion_id, occurred_at, created_at, updated_at)
        SELECT id, '{ORGANIZATION}', 'whatsapp:106540352242922', 'wamid.' || lpad(n::text, 32, '0'), md5('conversation' || p)::uuid,
            md5('contact' || p)::uuid, (1 + p / 2)::text, seller::text, channel, n % 2, '+346' || lpad(p::text, 8, '0'), 'phone',
            jsonb_build_object('type', 'text', 'body', 'Mensaje número ' || n || ' de una conversación cualquiera'),
            'Mensaje número ' || n || ' de una conversación cualquiera', 'mensaje numero ' || n || ' de una conversacion cualquiera',
            CASE n % 2 WHEN 0 THEN 110 ELSE 90 END, n + 1, at, at, at FROM made;
        DROP TABLE made;
        "#
    )
}

/// People, their conversations, and where the numbers go on.
fn followers(rows: i64, people: i64) -> String {
    format!(
        r#"
        SET search_path = comms, public;
        INSERT INTO contacts (id, organization_id, name, search, created_at, updated_at)
        SELECT md5('contact' || p)::uuid, '{ORGANIZATION}', 'Persona ' || p, 'persona ' || p, now() - interval '1 minute' * p, now()
        FROM generate_series(0, {people} - 1) p;
        INSERT INTO identities (id, organization_id, account_id, external_id, kind, contact_id, name, search, lead_id, user_id, created_at, updated_at)
        SELECT md5('identity' || p)::uuid, '{ORGANIZATION}', 'whatsapp:106540352242922', '+346' || lpad(p::text, 8, '0'), 'phone',
            md5('contact' || p)::uuid, 'Persona ' || p, 'persona ' || p, (1 + p / 2)::text, (1 + p % {SELLERS})::text, now(), now()
        FROM generate_series(0, {people} - 1) p;
        INSERT INTO conversations (id, organization_id, account_id, contact_id, channel, status, assignee_id, unread, inbound_count,
            last_message_id, last_message_at, last_inbound_at, arrived_at, created_at, updated_at)
        SELECT conversation_id, '{ORGANIZATION}', 'whatsapp:106540352242922', max(contact_id::text)::uuid, 'whatsapp',
            CASE abs(hashtext(conversation_id::text)) % 5 WHEN 0 THEN 'closed' ELSE 'open' END,
            CASE abs(hashtext(conversation_id::text)) % 10 WHEN 1 THEN max(user_id) END, count(*) % 3, count(*) / 2,
            max(id::text)::uuid, max(created_at), max(created_at), max(created_at), min(created_at), max(created_at)
        FROM messages GROUP BY conversation_id;
        SELECT setval(pg_get_serial_sequence('public.comunicaciones', 'id'), {rows} + 1);
        -- Or the server would look for rows of others among all of ours.
        INSERT INTO marks VALUES ('comunicaciones.taken_in', {rows} + 1) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
        "#
    )
}

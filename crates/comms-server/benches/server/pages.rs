//! Pages of a long history, over HTTP: the lists that people look at, at their beginning and deep in them.

use std::time::{Duration, Instant};

use comms_conformance::database;
use comms_core::{MessageId, history::PageKey};
use comms_server::{answers, auth::Role};
use time::OffsetDateTime;

use crate::{
    Options, database::Target, figure, load::Connection, ms, process::Process, quantile, rows, rows::RARE_SELLER,
    server,
};

const HISTORY: &str = "/api/comunicaciones/historial?limit=50";
const CONVERSATIONS: &str = "/api/comunicaciones/conversaciones?limit=50";
const CONTACTS: &str = "/api/comunicaciones/contactos?limit=50";

/// Rows of a page.
const PAGE: i64 = 50;

/// The pages that are looked at: those that exist.
const DEPTHS: [i64; 3] = [1, 100, 10_000];

/// How many pages are read of each list.
const READ: usize = 300;

/// How long a list that is slow is read.
const LONGEST: Duration = Duration::from_secs(6);

/// Requests that are not timed.
const WARM_UP: usize = 5;

/// A list, and who reads it.
struct List {
    name: &'static str,
    path: String,
    seller: Option<&'static str>,
    /// Its rows in the database, where it is read at depth: a table, the column that orders it, a condition.
    deep: Option<(&'static str, &'static str, &'static str)>,
}

/// Reads them all.
pub async fn run(options: &Options) {
    let rows = options.rows;
    let Some(address) = rows::database(rows).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Postgres(address.clone());
    let start = || Process::start(&mut server::command(&target, folder.path()));
    if !rows::is_filled(&address).await {
        // Makes the tables.
        drop(start());
        let started = Instant::now();
        rows::fill(&address, rows).await;
        eprintln!("{rows} messages in {:.0} s", started.elapsed().as_secs_f64());
    }
    let server = start();
    let mut connection = Connection::open(server.port).await;
    for list in lists(rows) {
        for depth in DEPTHS {
            let Some(cursor) = cursor(&address, &list, depth).await else {
                continue;
            };
            let latencies = read(&mut connection, &list, cursor).await;
            let name = format!("pages.{rows}.{}.{depth}", list.name);
            figure(&format!("{name}.p50_ms"), ms(quantile(&latencies, 0.5)));
            figure(&format!("{name}.p99_ms"), ms(quantile(&latencies, 0.99)));
        }
    }
}

fn lists(rows: i64) -> Vec<List> {
    let person = rows::people(rows) / 2;
    let list = |name, path: &str| List { name, path: path.to_owned(), seller: None, deep: None };
    let deep = |list, table, column, condition| List { deep: Some((table, column, condition)), ..list };
    let of = |list, seller| List { seller: Some(seller), ..list };
    let history = |filter: String| format!("{HISTORY}&{filter}");
    let conversations = |filter: &str| format!("{CONVERSATIONS}&{filter}");
    vec![
        deep(list("history", HISTORY), "messages", "created_at", "true"),
        deep(of(list("history-seller", HISTORY), "3"), "messages", "created_at", "user_id = '3'"),
        of(list("history-rare-seller", HISTORY), RARE_SELLER),
        list("history-lead", &history(format!("lead_id={}", person / 2))),
        list("history-user", &history("usuario_id=3".to_owned())),
        list("history-rare-channel", &history("canal=sms".to_owned())),
        list("history-no-channel", &history("canal=email".to_owned())),
        list("history-inbound", &history("direccion=entrante".to_owned())),
        list("history-failed", &history("estado=fallido".to_owned())),
        list("history-text", &history("texto=conversacion".to_owned())),
        list("history-rare-text", &history(format!("texto=numero%20{}%20de", rows / 3))),
        deep(list("conversations", CONVERSATIONS), "conversations", "last_message_at", "true"),
        of(list("conversations-seller", CONVERSATIONS), "3"),
        of(list("conversations-rare-seller", CONVERSATIONS), RARE_SELLER),
        list("conversations-assigned", &conversations("asignado_a=3")),
        list("conversations-closed", &conversations("estado=cerrada")),
        list("conversations-unread", &conversations("no_leidas=true")),
        list("conversations-lead", &conversations(&format!("lead_id={}", person / 2))),
        list("conversations-text", &conversations(&format!("texto=persona%20{person}"))),
        deep(list("contacts", CONTACTS), "contacts", "created_at", "true"),
        of(list("contacts-seller", CONTACTS), "3"),
        list("contacts-text", &format!("{CONTACTS}&texto=persona%20{person}")),
    ]
}

/// Where a page begins: nowhere for the first, else behind its last row before; `None` where there is no such page.
async fn cursor(address: &str, list: &List, page: i64) -> Option<Option<String>> {
    if page == 1 {
        return Some(None);
    }
    let (table, column, condition) = list.deep?;
    let before = (page - 1) * PAGE - 1;
    let query = format!(
        "SELECT (extract(epoch FROM {column}) * 1000000)::bigint || ' ' || id FROM comms.{table} WHERE organization_id = 'principal' \
         AND {condition} ORDER BY {column} DESC, id DESC OFFSET {before} LIMIT 1"
    );
    let found = database::texts(address, &query).await;
    let (micros, id) = found.first()?.split_once(' ')?;
    let created_at = OffsetDateTime::from_unix_timestamp_nanos(micros.parse::<i128>().unwrap() * 1_000).unwrap();
    let key = PageKey { created_at, id: MessageId(id.parse().unwrap()) };
    Some(Some(answers::cursor(key)))
}

/// Reads page after page from there, and from there again where the list ends. Returns how long each took, shortest first.
async fn read(connection: &mut Connection, list: &List, start: Option<String>) -> Vec<Duration> {
    let token = match list.seller {
        Some(seller) => server::token(seller, Role::Seller),
        None => server::token("1", Role::Admin),
    };
    let (mut latencies, mut cursor) = (Vec::with_capacity(READ), start.clone());
    let started = Instant::now();
    for number in 0..READ + WARM_UP {
        let path = match &cursor {
            Some(cursor) => format!("{}&cursor={cursor}", list.path),
            None => list.path.clone(),
        };
        let request = server::get(&path, &token);
        let asked = Instant::now();
        let body = connection.exchange(&request).await;
        let took = asked.elapsed();
        if number >= WARM_UP || started.elapsed() > LONGEST {
            latencies.push(took);
        }
        if started.elapsed() > LONGEST {
            break;
        }
        if start.is_some() {
            let answer: serde_json::Value = serde_json::from_slice(body).unwrap();
            cursor = answer["siguiente"].as_str().map(str::to_owned).or_else(|| start.clone());
        }
    }
    latencies.sort_unstable();
    latencies
}

//! The one-row floor: actix, the signature, a read of the body, one row of one table; many requests in a transaction.
//!
//! It is what remains where nothing of a webhook is kept but its bytes. It runs as a process of its own, which is this
//! program started again with the address of a database.

use std::path::Path;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use comms_http::{Secret, signature};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::{
    database::Target,
    traffic::{APP_SECRET, PATH},
};

/// The most rows of a transaction.
const BATCH: usize = 512;

const TABLE: &str = "CREATE TABLE one_row (id text PRIMARY KEY, body ";

/// One webhook on its way to the database.
struct Row {
    id: String,
    body: web::Bytes,
    written: oneshot::Sender<()>,
}

type Queue = mpsc::Sender<Row>;

/// Serves on the port that `PORT` names.
pub fn serve(target: &Target) {
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    actix_web::rt::System::new().block_on(async {
        let (queue, rows) = mpsc::channel(4 * BATCH);
        match target {
            Target::Sqlite(path) => sqlite(path, rows),
            Target::Postgres(address) => postgres(address, rows).await,
        }
        let app = move || {
            App::new()
                .app_data(web::Data::new(queue.clone()))
                .route("/health", web::get().to(async || HttpResponse::Ok()))
                .route(PATH, web::post().to(receive))
        };
        let server = HttpServer::new(app).bind(("127.0.0.1", port)).unwrap();
        server.run().await.unwrap();
    });
}

async fn receive(queue: web::Data<Queue>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = request.headers().get("x-hub-signature-256");
    let given = header.and_then(|value| value.to_str().ok()?.strip_prefix("sha256="));
    let secrets = [Secret::from(APP_SECRET)];
    if !signature::verify_hmac_sha256_hex(&secrets, &body, given.unwrap_or_default()) {
        return HttpResponse::Unauthorized().finish();
    }
    let id = serde_json::from_slice::<Webhook>(&body).ok();
    let id = id.and_then(|webhook| webhook.entry.into_iter().next()?.changes.into_iter().next());
    let id = id.and_then(|change| change.value.messages.into_iter().next());
    let Some(Message { id }) = id else {
        return HttpResponse::BadRequest().finish();
    };
    let (written, done) = oneshot::channel();
    queue.send(Row { id, body, written }).await.unwrap();
    done.await.unwrap();
    HttpResponse::Ok().body("OK")
}

#[derive(Deserialize)]
struct Webhook {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    value: Value,
}

#[derive(Deserialize)]
struct Value {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
}

fn sqlite(path: &Path, mut rows: mpsc::Receiver<Row>) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {TABLE} blob) WITHOUT ROWID"))
        .unwrap();
    std::thread::spawn(move || {
        let mut insert = connection.prepare("INSERT OR IGNORE INTO one_row VALUES (?1, ?2)").unwrap();
        let mut batch = Vec::with_capacity(BATCH);
        while rows.blocking_recv_many(&mut batch, BATCH) > 0 {
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            for row in &batch {
                insert.execute((&row.id, &row.body[..])).unwrap();
            }
            connection.execute_batch("COMMIT").unwrap();
            answer(&mut batch);
        }
    });
}

async fn postgres(address: &str, mut rows: mpsc::Receiver<Row>) {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("{TABLE} bytea)")).await.unwrap();
    let insert = client
        .prepare("INSERT INTO one_row SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING")
        .await
        .unwrap();
    tokio::spawn(async move {
        let mut batch: Vec<Row> = Vec::with_capacity(BATCH);
        while rows.recv_many(&mut batch, BATCH).await > 0 {
            let ids: Vec<&str> = batch.iter().map(|row| row.id.as_str()).collect();
            let bodies: Vec<&[u8]> = batch.iter().map(|row| &row.body[..]).collect();
            client.execute(&insert, &[&ids, &bodies]).await.unwrap();
            answer(&mut batch);
        }
    });
}

fn answer(batch: &mut Vec<Row>) {
    for row in batch.drain(..) {
        // Who does not wait any more is of no interest.
        let _ = row.written.send(());
    }
}

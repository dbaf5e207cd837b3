//! Databases of PostgreSQL for tests: a new one for each, on the server that `cargo xtask test` provides.

use uuid::Uuid;

/// The variable that names the server, an address whose user may create databases.
pub const SERVER: &str = "COMMS_TEST_DATABASE_URL";

/// The address of a new, empty database; `None`, with a notice, where no server is named.
///
/// # Panics
/// Where no server is named although `CI=true`, or where the server does not do what it is asked: a test without its database
/// must not pass.
pub async fn postgres() -> Option<String> {
    let Ok(server) = std::env::var(SERVER) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{SERVER} is not set: run `cargo xtask test`, which starts a server"
        );
        eprintln!("PostgreSQL is left out: {SERVER} is not set; `cargo xtask test` starts a server");
        return None;
    };
    let name = format!("comms_{}", Uuid::now_v7().simple());
    execute(&server, &format!("CREATE DATABASE {name}")).await;
    let (base, _) = server.rsplit_once('/').unwrap_or((&server, ""));
    Some(format!("{base}/{name}"))
}

/// Runs statements on a database, for what a test sets up beside us.
///
/// # Panics
/// Where the server refuses them.
pub async fn execute(address: &str, statements: &str) {
    let done = async {
        let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(connection);
        client.batch_execute(statements).await?;
        drop(client);
        // The connection ends with its client; how it ended is of no interest once the statements ran.
        let _ = driver.await;
        Ok::<_, tokio_postgres::Error>(())
    };
    if let Err(error) = done.await {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        panic!("PostgreSQL refused: {error} {cause}\n{statements}");
    }
}

/// One text for each row of a query: its first column.
///
/// # Panics
/// Where the server refuses it, or the first column is not text.
pub async fn texts(address: &str, query: &str) -> Vec<String> {
    let (client, connection) = match tokio_postgres::connect(address, tokio_postgres::NoTls).await {
        Ok(pair) => pair,
        Err(error) => panic!("PostgreSQL does not answer: {error}"),
    };
    let driver = tokio::spawn(connection);
    let rows = match client.query(query, &[]).await {
        Ok(rows) => rows,
        Err(error) => panic!("PostgreSQL refused: {error}\n{query}"),
    };
    drop(client);
    let _ = driver.await;
    rows.iter().map(|row| row.get(0)).collect()
}

//! What `cargo xtask soak` does to databases, and reads from them: by plain SQL, beside the code that is being tested.
//!
//! ```sh
//! soak_database create postgres://…/postgres name   # a new database
//! soak_database unkey postgres://…/name             # a control: from now on no copy is recognised
//! soak_database stored postgres://…/name            # one line for each element that is stored
//! soak_database stored sqlite:///…/comms.sqlite
//! soak_database execute postgres://…/name "UPDATE …"    # whatever else a scenario has to do
//! soak_database texts postgres://…/name "SELECT …"      # the first column of each row
//! ```

use std::{env, process::ExitCode};

use comms_conformance::database;
use comms_core::Status;
use rusqlite::{Connection, OpenFlags};

/// Makes every stored message and status one of an account of its own, so that no key finds its copy.
const UNKEY: &str = "
    CREATE FUNCTION comms.unkey() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.account_id := NEW.account_id || ':' || gen_random_uuid();
        RETURN NEW;
    END $$;
    CREATE TRIGGER unkey BEFORE INSERT ON comms.messages FOR EACH ROW EXECUTE FUNCTION comms.unkey();
    CREATE TRIGGER unkey BEFORE INSERT ON comms.status_events FOR EACH ROW EXECUTE FUNCTION comms.unkey();";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["create", server, name] => {
            database::execute(server, &format!("CREATE DATABASE {name}")).await;
        }
        ["unkey", address] => database::execute(address, UNKEY).await,
        ["execute", address, statements] => database::execute(address, statements).await,
        ["texts", address, query] => println!("{}", database::texts(address, query).await.join("\n")),
        ["stored", address] => {
            let lines = match address.strip_prefix("sqlite://") {
                Some(file) => match in_sqlite(file) {
                    Ok(lines) => lines,
                    Err(error) => {
                        eprintln!("{file}: {error}");
                        return ExitCode::FAILURE;
                    }
                },
                None => database::texts(address, &stored("comms.")).await,
            };
            println!("{}", lines.join("\n"));
        }
        _ => {
            eprintln!("create SERVER NAME | unkey ADDRESS | stored ADDRESS | execute ADDRESS SQL | texts ADDRESS SQL");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Every element that is stored, as often as it is: `message <id>`, `status <id> <status>`. What belongs to no webhook
/// has a line that the campaign does not expect.
fn stored(prefix: &str) -> String {
    format!(
        "SELECT 'message ' || coalesce(provider_id, 'without id') FROM {prefix}messages
         UNION ALL
         SELECT 'unknown ' || id FROM {prefix}messages WHERE status = {unknown}
         UNION ALL
         SELECT 'status ' || coalesce(provider_id, 'without id') || ' ' || provider_status FROM {prefix}status_events
         UNION ALL
         SELECT 'update ' || kind || ' ' || subject FROM {prefix}updates
         UNION ALL
         SELECT 'row of comunicaciones without message' FROM comunicaciones
         WHERE NOT EXISTS (SELECT 1 FROM {prefix}messages WHERE comunicacion_id = comunicaciones.id)",
        unknown = Status::Unknown.rank()
    )
}

/// Opened to write: the log of the killed server has to be taken in first.
fn in_sqlite(file: &str) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare(&stored("comms_"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}

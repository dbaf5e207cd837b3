//! What `cargo xtask soak` does to databases, and reads from them: by plain SQL, beside the code that is being tested.
//!
//! ```sh
//! soak_database create postgres://…/postgres name   # a new database
//! soak_database unkey postgres://…/name             # a control: from now on no copy is recognised
//! soak_database unrank postgres://…/name            # a control: the report that was written last is the state
//! soak_database unlock postgres://…/name            # a control: nothing orders the log by commit
//! soak_database rehear postgres://…/name            # a control: the first burst of each chat is heard again once it was answered
//! soak_database dawdle postgres://…/name            # whoever has written to the log takes a while to commit
//! soak_database log postgres://…/name               # the cursors of the log
//! soak_database stored postgres://…/name            # one line for each element that is stored
//! soak_database stored sqlite:///…/comms.sqlite
//! soak_database told postgres://…/name              # the same of what providers told us, beside what users sent
//! soak_database sends postgres://…/name             # each message of users: text, state, doubts, provider's id; tabs between
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

/// At the end of each transaction the state of a message is what the last report in it says.
const UNRANK: &str = "
    CREATE FUNCTION comms.unrank() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE comms.messages SET status = NEW.status WHERE id = NEW.message_id AND NEW.status IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER unrank AFTER INSERT ON comms.status_events
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION comms.unrank();";

/// The function that takes the lock is another one, of this database alone.
const UNLOCK: &str = "
    ALTER FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) RENAME TO pg_advisory_xact_lock_before;
    CREATE FUNCTION public.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS 'SELECT NULL::void';";

/// The messages of a continuation's first burst are forgotten when it has been answered.
const REHEAR: &str = "
    CREATE FUNCTION comms.rehear() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM comms.agent_messages
            WHERE continuation_id = NEW.continuation_id AND turn = NEW.number AND NOT said;
        UPDATE comms.continuations SET taken = taken - 1 WHERE id = NEW.continuation_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER rehear AFTER UPDATE ON comms.agent_turns FOR EACH ROW
        WHEN (NEW.number = 1 AND NEW.state = 2 AND OLD.state <> 2) EXECUTE FUNCTION comms.rehear();";

/// Whoever reads the log meanwhile meets cursors of others that are committed before lower ones.
const DAWDLE: &str = "
    CREATE FUNCTION comms.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(random() * 0.03);
        RETURN NULL;
    END $$;
    CREATE TRIGGER dawdle AFTER INSERT ON comms.events FOR EACH STATEMENT EXECUTE FUNCTION comms.dawdle();";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["create", server, name] => {
            database::execute(server, &format!("CREATE DATABASE {name}")).await;
        }
        ["unkey", address] => database::execute(address, UNKEY).await,
        ["unrank", address] => database::execute(address, UNRANK).await,
        ["unlock", address] => database::execute(address, UNLOCK).await,
        ["rehear", address] => database::execute(address, REHEAR).await,
        ["dawdle", address] => database::execute(address, DAWDLE).await,
        ["log", address] => return print(address, log).await,
        ["execute", address, statements] => database::execute(address, statements).await,
        ["texts", address, query] => println!("{}", database::texts(address, query).await.join("\n")),
        ["stored", address] => return print(address, stored).await,
        ["told", address] => return print(address, told).await,
        ["sends", address] => return print(address, sends).await,
        _ => {
            eprintln!(
                "create SERVER NAME | unkey ADDRESS | stored, told or sends ADDRESS | execute ADDRESS SQL | texts ADDRESS SQL"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs a query where the database is, and prints what it finds.
async fn print(address: &str, query: fn(&str) -> String) -> ExitCode {
    let lines = match address.strip_prefix("sqlite://") {
        Some(file) => match in_sqlite(file, &query("comms_")) {
            Ok(lines) => lines,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        },
        None => database::texts(address, &query("comms.")).await,
    };
    println!("{}", lines.join("\n"));
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

/// As [`stored`], without what users sent (their texts begin so that they are known).
fn told(prefix: &str) -> String {
    format!(
        "SELECT 'message ' || provider_id FROM {prefix}messages WHERE {OURS} IS NOT TRUE AND {ERASED} IS NOT TRUE
         UNION ALL
         SELECT 'status ' || provider_id || ' ' || provider_status FROM {prefix}status_events WHERE key NOT LIKE 'own:%'"
    )
}

/// The cursors of the log, in their order.
fn log(prefix: &str) -> String {
    format!("SELECT CAST(cursor AS text) FROM {prefix}events ORDER BY cursor")
}

/// How the texts of the campaign's users begin.
const OURS: &str = "(body LIKE 'soak %')";

/// What is left of a message of somebody who was erased.
const ERASED: &str = "(body = '[borrado]')";

/// What users sent: the text, the state, how many attempts ended so that nobody knew whether the provider acted, and the
/// provider's id.
fn sends(prefix: &str) -> String {
    let states: Vec<String> =
        Status::ALL.iter().map(|status| format!("WHEN {} THEN '{}'", status.rank(), status.as_str())).collect();
    format!(
        "SELECT body || '\t' || CASE status {} END || '\t' || (SELECT count(*) FROM {prefix}status_events AS step
            WHERE step.message_id = messages.id AND step.key LIKE 'own:%:queued%'
            AND coalesce(CAST(step.problem AS text), '') LIKE '%transport%') || '\t' || coalesce(provider_id, '')
         FROM {prefix}messages AS messages WHERE {OURS}",
        states.join(" ")
    )
}

/// Opened to write: the log of the killed server has to be taken in first.
fn in_sqlite(file: &str, query: &str) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare(query)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

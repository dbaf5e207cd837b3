//! A database that Prisma owns: everything of ours is in a schema of our own, and nothing of Prisma's changes.

use comms_core::{
    EventKind, Status,
    history::{PRISMA_MODEL, RepositoryError},
};
use futures_util::future::join_all;
use time::OffsetDateTime;

use crate::contract_world::{BUSINESS, COMUNICACIONES, Desk, FOREIGN_KEYS, LEDGER, Place, lead, status, words};

/// Tables that DiamondSistem could have under names of ours, among them diesel's ledger.
const NAMESAKES: &str = r#"
    CREATE TABLE "messages" ("id" SERIAL PRIMARY KEY, "text" TEXT);
    CREATE TABLE "accounts" ("id" TEXT PRIMARY KEY);
    CREATE TABLE "events" ("id" SERIAL PRIMARY KEY, "at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE "__diesel_schema_migrations" ("version" TEXT PRIMARY KEY);"#;

#[tokio::test]
async fn our_migration_changes_nothing_that_prisma_made() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    place.run(NAMESAKES).await;
    let before = snapshot(&place, "public").await;
    assert!(before.len() > 100, "the snapshot sees the tables: {before:#?}");

    let desk = place.open().await;
    desk.hears("+34600000000", "hola").await;
    desk.sends("+34600000000", "buenas", lead("1")).await;
    desk.store.take_in().await.unwrap();

    assert_eq!(snapshot(&place, "public").await, before);
    for table in ["messages", "accounts", "events", "\"__diesel_schema_migrations\""] {
        let rows = count(&place, &format!("public.{table}")).await;
        assert_eq!(rows, "0", "{table} is not ours");
    }
}

/// The snapshot would see what it is there to see.
#[tokio::test]
async fn the_snapshot_sees_every_kind_of_change() {
    for change in [
        "CREATE INDEX one ON comunicaciones (estado)",
        "ALTER TABLE comunicaciones ADD COLUMN more text",
        "ALTER TABLE comunicaciones ALTER COLUMN estado SET DEFAULT 'otro'",
        "ALTER TABLE comunicaciones ALTER COLUMN estado DROP NOT NULL",
        "ALTER TABLE comunicaciones ALTER COLUMN fecha_creacion TYPE timestamptz",
        "ALTER TABLE comunicaciones ADD CONSTRAINT two CHECK (canal <> '')",
        "ALTER TABLE comunicaciones DROP CONSTRAINT comunicaciones_lead_id_fkey",
        "ALTER SEQUENCE comunicaciones_id_seq INCREMENT 2",
        "CREATE TABLE three (id int)",
        "CREATE VIEW four AS SELECT 1",
        "CREATE FUNCTION five() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
         CREATE TRIGGER five BEFORE INSERT ON comunicaciones FOR EACH ROW EXECUTE FUNCTION five()",
        "CREATE TYPE six AS ENUM ('a')",
        "GRANT SELECT ON comunicaciones TO PUBLIC",
    ] {
        let Some(place) = Place::prisma().await else {
            return;
        };
        let before = snapshot(&place, "public").await;
        place.run(change).await;
        assert_ne!(snapshot(&place, "public").await, before, "{change}");
    }
}

#[tokio::test]
async fn everything_of_ours_is_in_the_schema_that_the_settings_name() {
    for name in ["comms", "nuestro"] {
        let Some(place) = Place::prisma().await else {
            return;
        };
        let desk = place.open_with(|settings| *settings = settings.clone().with_schema(name).unwrap()).await;
        desk.hears("+34600000000", "hola").await;

        let schemas = place
            .texts("SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' ORDER BY 1")
            .await;
        let mut expected = vec![name, "public"];
        expected.sort_unstable();
        assert_eq!(schemas, expected);
        assert_eq!(count(&place, &format!("{name}.messages")).await, "1");
        assert_eq!(count(&place, &format!("{name}.webhooks")).await, "1");
        let migrations =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres")).unwrap().count();
        assert_eq!(count(&place, &format!("{name}.__diesel_schema_migrations")).await, migrations.to_string());
        let strays = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
        assert_eq!(
            place.texts(strays).await,
            ["_prisma_migrations", "clientes", "comunicaciones", "leaks", "usuarios"]
        );
    }
}

#[tokio::test]
async fn migrating_again_and_by_six_at_once_is_migrating_once() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desks = join_all((0..6).map(|_| place.open())).await;
    let (one, two) = (&desks[0], &desks[5]);
    let settled = snapshot(&place, "comms").await;
    let again = one.store.migrate().await.unwrap();
    assert!(again.applied.is_empty(), "{again:?}");
    two.store.migrate().await.unwrap();
    assert_eq!(snapshot(&place, "comms").await, settled);

    one.hears("+34600000000", "hola").await;
    assert_eq!(words(&two.history().await), ["hola"]);
}

/// What version 0.1 stored before there were calls stays, and is read by what knows of them.
#[tokio::test]
async fn a_database_from_before_the_calls_is_brought_up_to_date() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.hears("+34600000000", "hola").await;
        desk.sends("+34600000000", "buenas", lead("1")).await;
        desk.store.close().await;
        drop(desk);
        let (down, schema) = match place {
            Place::Postgres(_) => (include_str!("../../migrations/postgres/0002_calls/down.sql"), "comms."),
            Place::Sqlite(_) => (include_str!("../../migrations/sqlite/0002_calls/down.sql"), ""),
        };
        if let Place::Postgres(_) = &place {
            place.run(&format!("SET search_path TO comms; {down}")).await;
        } else {
            place.run(down).await;
        }
        place.run(&format!("DELETE FROM {schema}__diesel_schema_migrations WHERE version = '0002'")).await;

        let desk = place.open().await;
        assert_eq!(words(&desk.history().await), ["buenas", "hola"]);
        desk.ingest(vec![status("buenas", Status::Read)]).await;
        assert_eq!(desk.saying("buenas").await.status, Status::Read);
    }
}

/// What a version without a queue stored stays: an attempt that was under way is settled as it was before.
#[tokio::test]
async fn a_database_from_before_the_queue_is_brought_up_to_date() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.sends("+34600000000", "buenas", lead("1")).await;
        desk.store.close().await;
        drop(desk);
        let (later, down, outbox, schema) = match place {
            Place::Postgres(_) => (
                include_str!("../../migrations/postgres/0005_pacing/down.sql"),
                include_str!("../../migrations/postgres/0003_outbox/down.sql"),
                "INSERT INTO comms.outbox SELECT id, organization_id, account_id, now(), 1, now() FROM comms.messages",
                "comms.",
            ),
            Place::Sqlite(_) => (
                include_str!("../../migrations/sqlite/0005_pacing/down.sql"),
                include_str!("../../migrations/sqlite/0003_outbox/down.sql"),
                "INSERT INTO comms_outbox SELECT id, organization_id, account_id, 0, 1, 0 FROM comms_messages",
                "",
            ),
        };
        if let Place::Postgres(_) = &place {
            place.run(&format!("SET search_path TO comms; {later} {down}")).await;
        } else {
            place.run(&format!("{later} {down}")).await;
        }
        place.run(outbox).await;
        place.run(&format!("DELETE FROM {schema}__diesel_schema_migrations WHERE version IN ('0003', '0005')")).await;

        let desk = place.open().await;
        let released = desk.store.release_stale(OffsetDateTime::now_utc(), true).await.unwrap();
        let message = desk.saying("buenas").await;
        assert_eq!(released, [message.message], "an old claim is an attempt that was cut off");
        assert_eq!(message.status, Status::Accepted, "what the provider had answered stands");
        assert!(desk.store.release_stale(OffsetDateTime::now_utc(), true).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn without_the_table_a_database_of_prisma_is_left_as_it_is() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    place.run(&BUSINESS.concat()).await;
    place.run(LEDGER).await;
    let before = (schemas(&place).await, snapshot(&place, "public").await);

    let refused = place.try_open_with(|_| ()).await.err();

    let Some(RepositoryError::Config(told)) = refused else {
        panic!("{refused:?}");
    };
    assert!(told.contains(PRISMA_MODEL), "{told}");
    assert!(told.contains("nothing was created"), "{told}");
    assert_eq!((schemas(&place).await, snapshot(&place, "public").await), before);

    // Prisma does as it is told, and we go on.
    place.run(COMUNICACIONES).await;
    let desk = place.open().await;
    desk.hears("+34600000000", "hola").await;
}

/// S0 prints a model that Prisma refuses: the name of the relation stands on one side only.
#[test]
fn the_model_names_both_sides_of_its_relations() {
    assert_eq!(PRISMA_MODEL.matches("@relation(\"comunicaciones_usuario\"").count(), 2);
    for column in ["lead_id", "cliente_id", "usuario_id", "canal", "fecha_creacion"] {
        assert!(PRISMA_MODEL.contains(&format!("@@index([{column}])")), "{column}");
    }
}

#[tokio::test]
async fn a_table_that_is_another_one_is_refused_by_its_missing_columns() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    place.run(COMUNICACIONES).await;
    place.run("ALTER TABLE comunicaciones DROP COLUMN sid_externo, DROP COLUMN duracion_seg").await;
    let refused = place.try_open_with(|_| ()).await.err();
    let Some(RepositoryError::Config(told)) = refused else {
        panic!("{refused:?}");
    };
    assert!(told.contains("comunicaciones.sid_externo, comunicaciones.duracion_seg"), "{told}");
    assert_eq!(schemas(&place).await, ["public"]);
}

/// On an empty database, and on ones where some of the tables are that it refers to.
#[tokio::test]
async fn what_we_create_is_what_prisma_would() {
    for there in [&[][..], &["usuarios"], &["usuarios", "leaks", "clientes"]] {
        let (Some(ours), Some(prismas)) = (Place::postgres().await, Place::postgres().await) else {
            return;
        };
        for place in [&ours, &prismas] {
            for table in BUSINESS {
                if there.iter().any(|name| table.contains(&format!("TABLE \"{name}\""))) {
                    place.run(table).await;
                }
            }
        }
        prismas.run(COMUNICACIONES).await;
        for (table, key) in FOREIGN_KEYS {
            if there.contains(&table) {
                prismas.run(key).await;
            }
        }

        ours.open().await;

        assert_eq!(snapshot(&ours, "public").await, snapshot(&prismas, "public").await, "{there:?}");
    }
}

#[tokio::test]
async fn a_table_with_ids_of_text_is_not_referred_to() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    place.run("CREATE TABLE leaks (id text PRIMARY KEY); CREATE TABLE usuarios (id int)").await;
    let desk = place.open().await;
    desk.hears("+34600000000", "hola").await;
    let keys = "SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace";
    assert!(place.texts(keys).await.is_empty());
}

#[tokio::test]
async fn comunicaciones_is_in_the_schema_of_prismas_parameter() {
    let Some(Place::Postgres(address)) = Place::postgres().await else {
        return;
    };
    // As Prisma would, with a schema that is not there yet.
    let place = Place::Postgres(address.clone());
    let desk = place
        .open_with(|settings| {
            let pool_size = settings.pool_size;
            *settings = comms_core::history::DatabaseSettings::parse(&format!(
                "{address}?schema=negocio&connection_limit={pool_size}"
            ))
            .unwrap();
        })
        .await;
    desk.hears("+34600000000", "hola").await;
    assert_eq!(count(&place, "negocio.comunicaciones").await, "1");
    let strays = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert!(place.texts(strays).await.is_empty());
}

/// Our program's user may not create schemas: the administrator made ours, and gave it the rights it needs.
#[tokio::test]
async fn a_user_of_few_rights_is_enough() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let Place::Postgres(address) = &place else {
        return;
    };
    let user = address.rsplit('/').next().unwrap().replace("comms_", "user_");
    place
        .run(&format!(
            "CREATE ROLE {user} LOGIN; CREATE SCHEMA comms AUTHORIZATION {user}; GRANT USAGE ON SCHEMA public TO {user}; \
             GRANT SELECT, INSERT, UPDATE (estado, sid_externo, duracion_seg) ON comunicaciones TO {user}; \
             GRANT USAGE ON SEQUENCE comunicaciones_id_seq TO {user}; GRANT SELECT ON leaks TO {user}"
        ))
        .await;
    let as_user = address.replacen("postgres@", &format!("{user}@"), 1);
    assert_ne!(&as_user, address);
    let desk: Desk = Place::Postgres(as_user).open().await;
    desk.hears("+34600000000", "hola").await;
    desk.sends("+34600000000", "buenas", lead("1")).await;
    assert_eq!(place.rows(&["contenido"]).await, ["hola", "buenas"]);
    let mut report = status("buenas", Status::CallCompleted);
    if let EventKind::Status(update) = &mut report.kind {
        update.duration_seconds = Some(42);
    }
    desk.ingest(vec![report]).await;
    assert_eq!(place.rows(&["estado", "duracion_seg"]).await, ["recibido|-", "completada|42"]);
    drop(desk);
    place.run(&format!("DROP OWNED BY {user} CASCADE; DROP ROLE {user}")).await;
}

async fn schemas(place: &Place) -> Vec<String> {
    place.texts("SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' ORDER BY 1").await
}

async fn count(place: &Place, table: &str) -> String {
    let mut found = place.texts(&format!("SELECT count(*)::text FROM {table}")).await;
    found.pop().unwrap()
}

/// Whatever PostgreSQL knows of a schema, one line for each thing.
async fn snapshot(place: &Place, schema: &str) -> Vec<String> {
    let things = [
        "SELECT concat_ws(' ', 'relation', relname, relkind, relpersistence, relrowsecurity, reloptions, relreplident, relacl, relowner::regrole) \
         FROM pg_class WHERE relnamespace = '{}'::regnamespace",
        "SELECT concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), \
         CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated, a.attcollation, a.attacl, pg_get_expr(d.adbin, d.adrelid)) \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE c.relnamespace = '{}'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped",
        "SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, condeferrable, convalidated, pg_get_constraintdef(oid)) \
         FROM pg_constraint WHERE connamespace = '{}'::regnamespace",
        "SELECT concat_ws(' ', 'index', tablename, indexdef) FROM pg_indexes WHERE schemaname = '{}'",
        "SELECT concat_ws(' ', 'trigger', c.relname, pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE c.relnamespace = '{}'::regnamespace AND NOT t.tgisinternal",
        "SELECT concat_ws(' ', 'rule', tablename, definition) FROM pg_rules WHERE schemaname = '{}'",
        "SELECT concat_ws(' ', 'policy', p.*) FROM pg_policies p WHERE schemaname = '{}'",
        "SELECT concat_ws(' ', 'sequence', s.sequencename, s.data_type, s.start_value, s.min_value, s.max_value, s.increment_by, s.cycle, s.cache_size, \
         (SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend WHERE objid = format('%I.%I', schemaname, sequencename)::regclass AND deptype IN ('a', 'i'))) \
         FROM pg_sequences s WHERE schemaname = '{}'",
        "SELECT concat_ws(' ', 'function', proname, pg_get_function_identity_arguments(oid)) FROM pg_proc WHERE pronamespace = '{}'::regnamespace",
        "SELECT concat_ws(' ', 'type', typname, typtype) FROM pg_type WHERE typnamespace = '{}'::regnamespace",
        "SELECT concat_ws(' ', 'statistics', stxname) FROM pg_statistic_ext WHERE stxnamespace = '{}'::regnamespace",
        "SELECT concat_ws(' ', 'publication', pubname, tablename) FROM pg_publication_tables WHERE schemaname = '{}'",
    ];
    let mut lines = Vec::new();
    for query in things {
        lines.extend(place.texts(&query.replace("{}", schema)).await);
    }
    lines.sort_unstable();
    lines
}

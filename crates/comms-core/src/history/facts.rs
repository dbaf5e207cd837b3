//! What an operator should know of a database. Needs no schema: who asks may have none yet.

#[cfg(feature = "postgres")]
pub(super) use postgres::facts as of_postgres;
#[cfg(feature = "sqlite")]
pub(super) use sqlite::facts as of_sqlite;

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::{
        QueryResult, sql_query,
        sql_types::{BigInt, Nullable, Text},
    };
    use diesel_async::{AsyncPgConnection, RunQueryDsl};

    use crate::history::{
        DatabaseFacts, DatabaseSettings, FoundTable, migrate,
        sql_types::{Instant, InstantSql},
    };

    #[derive(diesel::QueryableByName)]
    struct Server {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = InstantSql)]
        now: Instant,
        #[diesel(sql_type = BigInt)]
        most: i64,
        #[diesel(sql_type = BigInt)]
        open: i64,
    }

    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
    }

    pub(in super::super) async fn facts(
        conn: &mut AsyncPgConnection,
        settings: &DatabaseSettings,
    ) -> QueryResult<DatabaseFacts> {
        let server: Server = sql_query(
            "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, clock_timestamp() AS now, \
             current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint AS most, \
             (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS open",
        )
        .get_result(conn)
        .await?;
        let mut tables = Vec::new();
        for (name, wanted) in [("messages", &settings.schema), ("comunicaciones", &settings.public_schema)] {
            let found: Vec<Name> = sql_query(
                "SELECT n.nspname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.oid = to_regclass($1)",
            )
            .bind::<Text, _>(name)
            .load(conn)
            .await?;
            let found = found.into_iter().next().and_then(|row| row.name);
            tables.push(FoundTable { name: name.to_owned(), found, wanted: wanted.clone() });
        }
        let applied = if tables.iter().any(|table| table.name == "messages" && table.found.is_some()) {
            let last: Vec<Name> =
                sql_query("SELECT max(version)::text AS name FROM __diesel_schema_migrations").load(conn).await?;
            last.into_iter().next().and_then(|row| row.name)
        } else {
            None
        };
        Ok(DatabaseFacts {
            version: server.version,
            now: Some(server.now.0),
            schema: (applied, migrate::newest_postgres()),
            tables,
            connections: Some((server.most, server.open)),
            own_connections: settings.pool_size + settings.writers.max(1) + 1,
        })
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use diesel::{
        QueryResult, RunQueryDsl, SqliteConnection, sql_query,
        sql_types::{Nullable, Text},
    };

    use crate::history::{DatabaseFacts, migrate};

    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
    }

    pub(in super::super) fn facts(conn: &mut SqliteConnection) -> QueryResult<DatabaseFacts> {
        let version: Name = sql_query("SELECT 'SQLite ' || sqlite_version() AS name").get_result(conn)?;
        let there: Vec<Name> =
            sql_query("SELECT name FROM sqlite_master WHERE name = '__diesel_schema_migrations'").load(conn)?;
        let applied = if there.is_empty() {
            None
        } else {
            let last: Name =
                sql_query("SELECT max(version) AS name FROM __diesel_schema_migrations").get_result(conn)?;
            last.name
        };
        Ok(DatabaseFacts {
            version: version.name.unwrap_or_default(),
            schema: (applied, migrate::newest_sqlite()),
            ..DatabaseFacts::default()
        })
    }
}

//! The schema, brought up to date; and `comunicaciones`, which may belong to Prisma.

#[cfg(feature = "postgres")]
pub(super) use postgres::{migrate as postgres, missing as missing_in_postgres, newest as newest_postgres};
#[cfg(feature = "sqlite")]
pub(super) use sqlite::{migrate as sqlite, missing as missing_in_sqlite, newest as newest_sqlite};

/// S0's model as Prisma accepts it. As printed in S0 it is invalid: a relation was named on one side only.
pub const PRISMA_MODEL: &str = r#"model comunicaciones {
  id             Int        @id @default(autoincrement())
  lead_id        Int?
  cliente_id     Int?
  contrato_id    Int?
  usuario_id     Int
  canal          String     @db.VarChar(20)
  direccion      String     @db.VarChar(10)
  destinatario   String     @db.VarChar(255)
  contenido      String?
  estado         String     @default("enviado") @db.VarChar(50)
  sid_externo    String?    @db.VarChar(100)
  duracion_seg   Int?
  fecha_creacion DateTime   @default(now())
  leaks          leaks?     @relation(fields: [lead_id], references: [id])
  clientes       clientes?  @relation(fields: [cliente_id], references: [id])
  usuarios       usuarios   @relation("comunicaciones_usuario", fields: [usuario_id], references: [id])

  @@index([lead_id])
  @@index([cliente_id])
  @@index([usuario_id])
  @@index([canal])
  @@index([fecha_creacion])
}
// and the other sides:
//   leaks     { comunicaciones comunicaciones[] }
//   clientes  { comunicaciones comunicaciones[] }
//   usuarios  { comunicaciones comunicaciones[] @relation("comunicaciones_usuario") }"#;

/// The columns of `comunicaciones`.
#[cfg(feature = "postgres")]
const COLUMNS: [&str; 13] = [
    "id",
    "lead_id",
    "cliente_id",
    "contrato_id",
    "usuario_id",
    "canal",
    "direccion",
    "destinatario",
    "contenido",
    "estado",
    "sid_externo",
    "duracion_seg",
    "fecha_creacion",
];

/// Columns of `comunicaciones` that carry an index, named as Prisma names them.
const INDEXED: [&str; 5] = ["lead_id", "cliente_id", "usuario_id", "canal", "fecha_creacion"];

#[cfg(feature = "sqlite")]
mod sqlite {
    use diesel::{
        Connection, QueryResult, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
        migration::MigrationSource, sql_query, sql_types::Text,
    };
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

    use super::INDEXED;
    use crate::history::{MigrationReport, RepositoryError, common::failed};

    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }

    /// The last migration of this program.
    pub(in super::super) fn newest() -> Option<String> {
        let all = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&MIGRATIONS).ok()?;
        all.iter().map(|one| one.name().version().to_string()).max()
    }

    /// Brings the file up to date.
    pub(in super::super) fn migrate(conn: &mut SqliteConnection) -> Result<MigrationReport, RepositoryError> {
        let applied =
            conn.run_pending_migrations(MIGRATIONS).map_err(|error| RepositoryError::Database(error.to_string()))?;
        let applied = applied.iter().map(ToString::to_string).collect();
        conn.transaction(create_comunicaciones).map_err(failed)?;
        Ok(MigrationReport { applied, ..MigrationReport::default() })
    }

    fn create_comunicaciones(conn: &mut SqliteConnection) -> QueryResult<()> {
        conn.batch_execute(
            "CREATE TABLE IF NOT EXISTS comunicaciones (
                id integer PRIMARY KEY AUTOINCREMENT,
                lead_id integer, cliente_id integer, contrato_id integer, usuario_id integer NOT NULL,
                canal text NOT NULL, direccion text NOT NULL, destinatario text NOT NULL, contenido text,
                estado text NOT NULL DEFAULT 'enviado', sid_externo text, duracion_seg integer,
                fecha_creacion bigint NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS integer))
            )",
        )?;
        for column in INDEXED {
            conn.batch_execute(&format!(
                "CREATE INDEX IF NOT EXISTS comunicaciones_{column}_idx ON comunicaciones ({column})"
            ))?;
        }
        Ok(())
    }

    /// Which of these tables and columns are not there.
    pub(in super::super) fn missing(
        conn: &mut SqliteConnection,
        names: &[(String, Vec<String>)],
    ) -> QueryResult<Vec<String>> {
        let mut missing = Vec::new();
        for (table, columns) in names {
            let found: Vec<Name> =
                sql_query("SELECT name FROM pragma_table_info($1)").bind::<Text, _>(table).load(conn)?;
            for column in columns {
                if !found.iter().any(|known| known.name == *column) {
                    missing.push(format!("{table}.{column}"));
                }
            }
        }
        Ok(missing)
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::{
        QueryResult,
        migration::MigrationSource,
        sql_query,
        sql_types::{Array, BigInt, Bool, Nullable, Text},
    };
    use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

    use super::{COLUMNS, INDEXED, PRISMA_MODEL};
    use crate::history::{DatabaseSettings, MigrationReport, RepositoryError, common::failed};

    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

    /// One migration at a time, whichever process runs it: `comms-migrate` in ASCII.
    const LOCK: i64 = 0x636f_6d6d_732d_6d69;

    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }

    /// What the columns of `comunicaciones` refer to, and what becomes of them when that is deleted.
    const REFERENCES: [(&str, &str, &str); 3] = [
        ("lead_id", "leaks", "SET NULL"),
        ("cliente_id", "clientes", "SET NULL"),
        ("usuario_id", "usuarios", "RESTRICT"),
    ];

    #[derive(diesel::QueryableByName)]
    struct Present {
        #[diesel(sql_type = Nullable<Bool>)]
        present: Option<bool>,
    }

    #[derive(diesel::QueryableByName)]
    struct Locked {
        #[diesel(sql_type = BigInt)]
        #[expect(dead_code, reason = "the row says that the lock is held; it has no value of interest")]
        one: i64,
    }

    /// The last migration of this program.
    pub(in super::super) fn newest() -> Option<String> {
        let all = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).ok()?;
        all.iter().map(|one| one.name().version().to_string()).max()
    }

    /// Brings the database up to date. `conn` is used for nothing else; must run on a multi-threaded runtime.
    pub(in super::super) async fn migrate(
        mut conn: AsyncPgConnection,
        settings: &DatabaseSettings,
    ) -> Result<MigrationReport, RepositoryError> {
        // Other processes' migrations and long statements are waited for.
        conn.batch_execute("SET lock_timeout = 0").await.map_err(failed)?;
        let _: Locked = sql_query("SELECT 1::bigint AS one FROM pg_advisory_lock($1)")
            .bind::<BigInt, _>(LOCK)
            .get_result(&mut conn)
            .await
            .map_err(failed)?;
        // The lock belongs to the session: it ends with this connection, however that ends.
        check_owner(&mut conn, settings).await?;
        ensure_schema(&mut conn, &settings.schema).await.map_err(failed)?;
        let mut harness = AsyncMigrationHarness::new(conn);
        let applied =
            harness.run_pending_migrations(MIGRATIONS).map_err(|error| RepositoryError::Database(error.to_string()))?;
        let applied = applied.iter().map(ToString::to_string).collect();
        let mut conn = harness.into_inner();
        let notices = create_comunicaciones(&mut conn, &settings.public_schema).await.map_err(failed)?;
        Ok(MigrationReport { applied, notices, ..MigrationReport::default() })
    }

    /// Where Prisma owns the database, `comunicaciones` is Prisma's to create.
    async fn check_owner(conn: &mut AsyncPgConnection, settings: &DatabaseSettings) -> Result<(), RepositoryError> {
        let public = &settings.public_schema;
        let prisma = has_table(conn, public, "_prisma_migrations").await.map_err(failed)?;
        let table = has_table(conn, public, "comunicaciones").await.map_err(failed)?;
        if prisma && !table {
            return Err(RepositoryError::Config(format!(
                "this database belongs to Prisma and has no table comunicaciones; nothing was created. \
                 Add this model to schema.prisma, run `prisma migrate`, then migrate again:\n\n{PRISMA_MODEL}"
            )));
        }
        if table {
            let wanted = ("comunicaciones".to_owned(), COLUMNS.map(str::to_owned).to_vec());
            let missing = missing(conn, public, &[wanted]).await.map_err(failed)?;
            if !missing.is_empty() {
                return Err(RepositoryError::Config(format!(
                    "the table comunicaciones is not the one that is needed; nothing was created. It lacks {}. The model:\n\n{PRISMA_MODEL}",
                    missing.join(", ")
                )));
            }
        }
        Ok(())
    }

    async fn is_present(conn: &mut AsyncPgConnection, condition: &str, names: &[&str]) -> QueryResult<bool> {
        let mut query = sql_query(format!("SELECT {condition} AS present")).into_boxed();
        for name in names {
            query = query.bind::<Text, _>((*name).to_owned());
        }
        let row: Present = query.get_result(conn).await?;
        Ok(row.present.unwrap_or(false))
    }

    async fn has_table(conn: &mut AsyncPgConnection, schema: &str, table: &str) -> QueryResult<bool> {
        let there = "to_regclass(format('%I.%I', $1, $2)) IS NOT NULL";
        is_present(conn, there, &[schema, table]).await
    }

    /// Whether a foreign key can refer to the table: its `id` is an integer, and unique.
    async fn has_key(conn: &mut AsyncPgConnection, schema: &str, table: &str) -> QueryResult<bool> {
        let unique = "EXISTS (SELECT FROM pg_index i \
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
            WHERE i.indrelid = to_regclass(format('%I.%I', $1, $2)) AND i.indisunique AND i.indimmediate \
            AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = 'id' \
            AND a.atttypid = ANY ('{int2,int4,int8}'::regtype[]))";
        is_present(conn, unique, &[schema, table]).await
    }

    /// `IF NOT EXISTS` alone asks for the right to create schemas even where there is nothing to create.
    async fn ensure_schema(conn: &mut AsyncPgConnection, schema: &str) -> QueryResult<()> {
        let there = "to_regnamespace(quote_ident($1)) IS NOT NULL";
        if is_present(conn, there, &[schema]).await? {
            return Ok(());
        }
        conn.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).await
    }

    /// Creates the table as Prisma would, all at once, with foreign keys only towards tables that exist. An existing table
    /// stays as it is. Returns what an operator should know.
    async fn create_comunicaciones(conn: &mut AsyncPgConnection, public: &str) -> QueryResult<Vec<String>> {
        if has_table(conn, public, "comunicaciones").await? {
            return Ok(Vec::new());
        }
        ensure_schema(conn, public).await?;
        let mut ddl = format!(
            "CREATE TABLE \"{public}\".\"comunicaciones\" (
                \"id\" SERIAL NOT NULL,
                \"lead_id\" INTEGER, \"cliente_id\" INTEGER, \"contrato_id\" INTEGER,
                \"usuario_id\" INTEGER NOT NULL,
                \"canal\" VARCHAR(20) NOT NULL, \"direccion\" VARCHAR(10) NOT NULL,
                \"destinatario\" VARCHAR(255) NOT NULL, \"contenido\" TEXT,
                \"estado\" VARCHAR(50) NOT NULL DEFAULT 'enviado', \"sid_externo\" VARCHAR(100),
                \"duracion_seg\" INTEGER,
                \"fecha_creacion\" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
                CONSTRAINT \"comunicaciones_pkey\" PRIMARY KEY (\"id\")
            );"
        );
        for column in INDEXED {
            ddl.push_str(&format!(
                "CREATE INDEX \"comunicaciones_{column}_idx\" ON \"{public}\".\"comunicaciones\" (\"{column}\");"
            ));
        }
        let mut notices = Vec::new();
        for (column, target, on_delete) in REFERENCES {
            if has_key(conn, public, target).await? {
                ddl.push_str(&format!(
                    "ALTER TABLE \"{public}\".\"comunicaciones\" ADD CONSTRAINT \"comunicaciones_{column}_fkey\" \
                     FOREIGN KEY (\"{column}\") REFERENCES \"{public}\".\"{target}\"(\"id\") \
                     ON DELETE {on_delete} ON UPDATE CASCADE;"
                ));
            } else if has_table(conn, public, target).await? {
                notices
                    .push(format!("comunicaciones.{column} does not refer to {target}: its id is no unique integer"));
            }
        }
        conn.batch_execute(&ddl).await?;
        Ok(notices)
    }

    /// Which of these tables and columns are not there.
    pub(in super::super) async fn missing(
        conn: &mut AsyncPgConnection,
        schema: &str,
        names: &[(String, Vec<String>)],
    ) -> QueryResult<Vec<String>> {
        let mut missing = Vec::new();
        for (table, columns) in names {
            let found: Vec<Name> = sql_query(
                "SELECT column_name::text AS name FROM information_schema.columns \
                 WHERE table_schema = $1 AND table_name = $2 AND column_name = ANY($3)",
            )
            .bind::<Text, _>(schema)
            .bind::<Text, _>(table)
            .bind::<Array<Text>, _>(columns)
            .load(conn)
            .await?;
            for column in columns {
                if !found.iter().any(|known| known.name == *column) {
                    missing.push(format!("{table}.{column}"));
                }
            }
        }
        Ok(missing)
    }
}

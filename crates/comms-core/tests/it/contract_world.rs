//! The database that DiamondSistem has, and a desk that works beside it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use comms_conformance::database;
use comms_core::{
    AccountId, Address, AddressKind, Batch, ChannelKind, Content, Event, EventKey, EventKind, InboundMessage,
    ManualClock, MessageId, OrganizationId, Outbound, Party, Receipt, Status, StatusUpdate, UserId, WebhookId,
    WebhookRequest,
    history::{
        Accepted, Account, Conclusion, DatabaseSettings, HistoryEntry, HistoryFilter, Ingested, Links, NewOutbound,
        NewWebhook, Queueing, Repository, RepositoryError, Scope, open,
    },
};
use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use serde_json::Value;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// What Prisma's first migration made of DiamondSistem's own models.
pub const BUSINESS: [&str; 3] = [
    r#"CREATE TABLE "usuarios" (
        "id" SERIAL NOT NULL,
        "nombre" VARCHAR(100),
        CONSTRAINT "usuarios_pkey" PRIMARY KEY ("id")
    );"#,
    r#"CREATE TABLE "leaks" (
        "id" SERIAL NOT NULL,
        "telefono" VARCHAR(50),
        "email" VARCHAR(150),
        "vendedor_id" INTEGER,
        CONSTRAINT "leaks_pkey" PRIMARY KEY ("id")
    );"#,
    r#"CREATE TABLE "clientes" (
        "id" SERIAL NOT NULL,
        "telefono" VARCHAR(50),
        "email" VARCHAR(150),
        "vendedor_id" INTEGER,
        CONSTRAINT "clientes_pkey" PRIMARY KEY ("id")
    );"#,
];

/// What Prisma's migration makes of S0's model.
pub const COMUNICACIONES: &str = r#"
    CREATE TABLE "comunicaciones" (
        "id" SERIAL NOT NULL,
        "lead_id" INTEGER,
        "cliente_id" INTEGER,
        "contrato_id" INTEGER,
        "usuario_id" INTEGER NOT NULL,
        "canal" VARCHAR(20) NOT NULL,
        "direccion" VARCHAR(10) NOT NULL,
        "destinatario" VARCHAR(255) NOT NULL,
        "contenido" TEXT,
        "estado" VARCHAR(50) NOT NULL DEFAULT 'enviado',
        "sid_externo" VARCHAR(100),
        "duracion_seg" INTEGER,
        "fecha_creacion" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
        CONSTRAINT "comunicaciones_pkey" PRIMARY KEY ("id")
    );
    CREATE INDEX "comunicaciones_lead_id_idx" ON "comunicaciones"("lead_id");
    CREATE INDEX "comunicaciones_cliente_id_idx" ON "comunicaciones"("cliente_id");
    CREATE INDEX "comunicaciones_usuario_id_idx" ON "comunicaciones"("usuario_id");
    CREATE INDEX "comunicaciones_canal_idx" ON "comunicaciones"("canal");
    CREATE INDEX "comunicaciones_fecha_creacion_idx" ON "comunicaciones"("fecha_creacion");"#;

/// The foreign keys that Prisma adds after them, each with the table that it wants.
pub const FOREIGN_KEYS: [(&str, &str); 3] = [
    (
        "usuarios",
        r#"ALTER TABLE "comunicaciones" ADD CONSTRAINT "comunicaciones_usuario_id_fkey" FOREIGN KEY ("usuario_id") REFERENCES "usuarios"("id") ON DELETE RESTRICT ON UPDATE CASCADE;"#,
    ),
    (
        "leaks",
        r#"ALTER TABLE "comunicaciones" ADD CONSTRAINT "comunicaciones_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "leaks"("id") ON DELETE SET NULL ON UPDATE CASCADE;"#,
    ),
    (
        "clientes",
        r#"ALTER TABLE "comunicaciones" ADD CONSTRAINT "comunicaciones_cliente_id_fkey" FOREIGN KEY ("cliente_id") REFERENCES "clientes"("id") ON DELETE SET NULL ON UPDATE CASCADE;"#,
    ),
];

/// Prisma's ledger.
pub const LEDGER: &str = r#"
    CREATE TABLE "_prisma_migrations" (
        "id" VARCHAR(36) PRIMARY KEY NOT NULL,
        "checksum" VARCHAR(64) NOT NULL,
        "finished_at" TIMESTAMPTZ,
        "migration_name" VARCHAR(255) NOT NULL,
        "logs" TEXT,
        "rolled_back_at" TIMESTAMPTZ,
        "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
        "applied_steps_count" INTEGER NOT NULL DEFAULT 0
    );"#;

/// Three users, two leads and a client.
const PEOPLE: &str = "
    INSERT INTO usuarios (nombre) VALUES ('Ada'), ('Berta'), ('Carla');
    INSERT INTO leaks (telefono, email, vendedor_id) VALUES ('+34600000000', 'ana@example.com', 2), ('+34600000001', NULL, NULL);
    INSERT INTO clientes (telefono, email, vendedor_id) VALUES ('+34600000002', NULL, 3);";

/// A database that DiamondSistem could have.
pub enum Place {
    Postgres(String),
    Sqlite(TempDir),
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

impl Place {
    /// An empty database of PostgreSQL; `None` where there is no server.
    pub async fn postgres() -> Option<Self> {
        database::postgres().await.map(Self::Postgres)
    }

    /// A database of PostgreSQL as Prisma made and DiamondSistem filled it.
    pub async fn prisma() -> Option<Self> {
        let place = Self::postgres().await?;
        place.run(&BUSINESS.concat()).await;
        place.run(COMUNICACIONES).await;
        for (_, key) in FOREIGN_KEYS {
            place.run(key).await;
        }
        place.run(LEDGER).await;
        place.run(PEOPLE).await;
        Some(place)
    }

    /// The tables of the business in a file of SQLite.
    pub async fn sqlite() -> Self {
        let place = Self::Sqlite(tempfile::tempdir().unwrap());
        let tables = BUSINESS.concat().replace("SERIAL NOT NULL", "integer NOT NULL");
        place.run(&tables).await;
        place.run(PEOPLE).await;
        place
    }

    /// Every engine that there is.
    pub async fn everywhere() -> Vec<Self> {
        let mut places = vec![Self::sqlite().await];
        places.extend(Self::prisma().await);
        places
    }

    pub fn settings(&self) -> DatabaseSettings {
        let mut settings = match self {
            Self::Postgres(address) => DatabaseSettings::parse(address).unwrap(),
            Self::Sqlite(folder) => DatabaseSettings::sqlite(folder.path().join("comms.db")),
        };
        settings.pool_size = 4;
        settings
    }

    /// Another program runs statements.
    pub async fn run(&self, statements: &str) {
        match self {
            Self::Postgres(address) => database::execute(address, statements).await,
            Self::Sqlite(folder) => connection(folder).batch_execute(statements).unwrap(),
        }
    }

    /// Another program reads; the one column is called `text`.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        match self {
            Self::Postgres(address) => database::texts(address, query).await,
            Self::Sqlite(folder) => diesel::sql_query(query)
                .load(&mut connection(folder))
                .unwrap()
                .into_iter()
                .map(|line: Line| line.text)
                .collect(),
        }
    }

    /// Columns of the rows of `comunicaciones`, in the order of their numbers, as `a|b|c`.
    pub async fn rows(&self, columns: &[&str]) -> Vec<String> {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS text), '-')")).collect();
        let columns = columns.join(" || '|' || ");
        self.texts(&format!("SELECT {columns} AS text FROM comunicaciones ORDER BY id")).await
    }

    /// Opens the repository, as one more process would.
    pub async fn open(&self) -> Desk {
        self.open_with(|_| ()).await
    }

    pub async fn open_with(&self, change: impl FnOnce(&mut DatabaseSettings)) -> Desk {
        self.try_open_with(change).await.unwrap()
    }

    pub async fn try_open_with(&self, change: impl FnOnce(&mut DatabaseSettings)) -> Result<Desk, RepositoryError> {
        let mut settings = self.settings();
        change(&mut settings);
        let clock = ManualClock::new(now());
        let store = open(settings, Arc::new(clock.clone())).await?;
        store.migrate().await?;
        let desk = Desk { store, clock };
        if desk.store.accounts(None).await?.is_empty() {
            desk.owned_by(Some("1")).await;
        }
        Ok(desk)
    }
}

fn connection(folder: &TempDir) -> SqliteConnection {
    let path = folder.path().join("comms.db");
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    conn
}

/// One process of ours, with the account `whatsapp:desk` of user 1.
pub struct Desk {
    pub store: Arc<dyn Repository>,
    pub clock: ManualClock,
}

impl Desk {
    /// The account, with this owner.
    pub async fn owned_by(&self, owner: Option<&str>) {
        let account = Account {
            id: account(),
            organization: organization(),
            channel: ChannelKind::WhatsApp,
            name: None,
            parent: None,
            owner: owner.map(UserId::from),
            caller_id: None,
            active: true,
        };
        self.store.put_account(&account).await.unwrap();
    }

    pub async fn ingest(&self, events: Vec<Event>) -> Ingested {
        self.store.ingest(webhook(events)).await.unwrap()
    }

    /// Somebody writes.
    pub async fn hears(&self, from: &str, body: &str) -> HistoryEntry {
        self.ingest(vec![says(phone(from), body)]).await;
        self.saying(body).await
    }

    /// User 1 writes to somebody, and the provider takes it.
    pub async fn sends(&self, to: &str, body: &str, links: Links) -> MessageId {
        self.sends_as("1", to, body, links).await.unwrap()
    }

    pub async fn sends_as(&self, user: &str, to: &str, body: &str, links: Links) -> Result<MessageId, RepositoryError> {
        let message = NewOutbound { user: user.into(), links, ..self.outbound(to, body) };
        self.accepted(message, body).await
    }

    /// A message that is about to be sent.
    pub fn outbound(&self, to: &str, body: &str) -> NewOutbound {
        NewOutbound {
            organization: organization(),
            account: account(),
            channel: ChannelKind::WhatsApp,
            user: "1".into(),
            links: Links::default(),
            message: Outbound::new(phone(to), Content::text(body)),
            idempotency_key: None,
            request_hash: body.to_owned(),
            retry_of: None,
            now: now(),
            lease: Duration::minutes(1),
            queue: Queueing::default(),
        }
    }

    async fn accepted(&self, message: NewOutbound, body: &str) -> Result<MessageId, RepositoryError> {
        let Accepted::New(id) = self.store.accept(message).await? else {
            panic!("{body:?} is taken for a repetition");
        };
        let receipt = Receipt {
            provider_id: format!("wamid.{body}"),
            status: Status::Accepted,
            recipient: Vec::new(),
            extra: Value::Null,
        };
        let conclusion = Conclusion {
            message: id,
            claim: None,
            status: Status::Accepted,
            receipt: Some(receipt),
            problem: None,
            due_at: None,
            now: now(),
        };
        self.store.conclude(conclusion).await?;
        Ok(id)
    }

    pub async fn history(&self) -> Vec<HistoryEntry> {
        self.find(HistoryFilter::default()).await
    }

    pub async fn find(&self, filter: HistoryFilter) -> Vec<HistoryEntry> {
        self.find_as(None, filter).await
    }

    /// What a seller finds.
    pub async fn find_as(&self, seller: Option<&str>, mut filter: HistoryFilter) -> Vec<HistoryEntry> {
        let scope = Scope { organization: organization(), seller: seller.map(UserId::from) };
        filter.limit = 200;
        self.store.history(&scope, &filter).await.unwrap().entries
    }

    pub async fn saying(&self, body: &str) -> HistoryEntry {
        let all = self.history().await;
        let found = all.into_iter().find(|e| e.text.as_deref() == Some(body));
        found.unwrap_or_else(|| panic!("{body:?} is not in the history"))
    }

    /// What messages are waiting for their row.
    pub async fn waiting(&self) -> i64 {
        self.store.stats().await.unwrap().waiting_for_owner
    }
}

/// The words of rows, newest first.
pub fn words(entries: &[HistoryEntry]) -> Vec<&str> {
    entries.iter().filter_map(|e| e.text.as_deref()).collect()
}

pub fn of_lead(id: &str) -> HistoryFilter {
    HistoryFilter { lead: Some(id.into()), ..HistoryFilter::default() }
}

pub fn lead(id: &str) -> Links {
    Links { lead: Some(id.into()), ..Links::default() }
}

pub fn organization() -> OrganizationId {
    OrganizationId::new("default")
}

pub fn account() -> AccountId {
    AccountId::of("whatsapp", "desk")
}

pub fn phone(number: &str) -> Address {
    Address::verbatim(AddressKind::Phone, number)
}

pub fn says(from: Address, body: &str) -> Event {
    party_says(Party::of(from), body)
}

/// A message; its provider's id is made of its words.
pub fn party_says(party: Party, body: &str) -> Event {
    let message = InboundMessage::new(party, Content::text(body));
    let id = format!("wamid.{body}");
    event(&id, &id, EventKind::Message(Box::new(message)))
}

/// A report on a message that `sends` sent with these words.
pub fn status(body: &str, status: Status) -> Event {
    let mut update = StatusUpdate::new(Some(status), status.as_str());
    update.recipient = Party::of(phone("+34600000000"));
    let id = format!("wamid.{body}");
    let key = format!("{id}:{}", status.as_str());
    event(&id, &key, EventKind::Status(Box::new(update)))
}

fn event(subject: &str, key: &str, kind: EventKind) -> Event {
    Event { account: account(), subject: subject.to_owned(), key: EventKey::new(key), occurred_at: Some(now()), kind }
}

pub fn webhook(events: Vec<Event>) -> NewWebhook {
    NewWebhook {
        id: WebhookId::new(),
        provider: "whatsapp".to_owned(),
        request: Some(WebhookRequest::post(
            "https://example.com/webhooks/whatsapp",
            serde_json::to_vec(&events).unwrap(),
        )),
        received_at: now(),
        batch: Batch { events, ..Batch::default() },
    }
}

/// A moment that no one had before: a second after the last, from 2026-02-16 on.
pub fn now() -> OffsetDateTime {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    OffsetDateTime::UNIX_EPOCH + Duration::days(20_500) + Duration::seconds(NEXT.fetch_add(1, Ordering::SeqCst).into())
}

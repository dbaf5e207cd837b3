//! How the server is.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::StatusCode, web};
use comms_core::{
    ChannelKind,
    history::{AccountPacing, Credential, CredentialHealth},
};
use comms_engine::{ChannelHealth, WorkerHealth};
use serde::Serialize;
use utoipa::ToSchema;

use super::info::{SERVICE, VERSION};
use crate::{
    answers::instant,
    app::State,
    registry::{ELEVENLABS, SENDGRID, TWILIO_VOICE, WHATSAPP},
};

/// How many mailboxes that stand still are shown.
const STILL_SHOWN: u16 = 20;

/// How the server is. One body for every seed that asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// `ok`, `degraded` where an account is stopped, `error`, or `stopping`: it was asked to stop and takes no more than what is under way
    pub status: &'static str,
    /// The name of the service.
    pub service: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Seconds since its start.
    pub uptime: i64,
    /// Each dependency: `ok`, `error`, `send_only`, `receive_only` or `not_configured`.
    pub dependencies: BTreeMap<&'static str, &'static str>,
    /// What waits; null while the database does not answer.
    pub counts: Option<Counts>,
    /// Outgoing webhooks; null while the database does not answer. `disabled` is an alarm: somebody is not told any more.
    pub webhooks: Option<HookCounts>,
    /// The mailboxes that users connected; null while the database does not answer.
    pub mailboxes: Option<MailboxCounts>,
    /// What runs beside the requests.
    pub workers: Vec<WorkerRow>,
    /// The accounts that are stopped: nothing is sent on them until somebody mends what is the matter.
    pub stopped_accounts: Vec<StoppedRow>,
}

/// An account that is stopped.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoppedRow {
    /// Which.
    pub account: String,
    /// The provider's code, or the kind of the error.
    pub reason: Option<String>,
    /// Since when.
    pub since: Option<String>,
    /// When it is tried again.
    pub next_try: Option<String>,
}

impl From<AccountPacing> for StoppedRow {
    fn from(one: AccountPacing) -> Self {
        Self {
            account: one.account.into_string(),
            reason: one.reason.map(|problem| problem.code),
            since: one.stopped_at.map(instant),
            next_try: one.probe_at.map(instant),
        }
    }
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// Messages without a row in `comunicaciones`, for want of an owner.
    pub waiting_for_owner: i64,
    /// Webhooks of accounts that nobody registered.
    pub quarantined: i64,
    /// Files to be fetched.
    pub media_pending: i64,
    /// Messages whose attempt is under way.
    pub sending: i64,
    /// Messages that wait for their turn or to be tried again.
    pub outbox_queued: i64,
    /// Messages that wait for their time.
    pub outbox_scheduled: i64,
    /// Messages of unknown outcome that are looked for.
    pub outbox_unknown: i64,
    /// For how many seconds the message that waits longest could have been sent; null where none could.
    pub outbox_oldest_due_seconds: Option<i64>,
    /// Webhooks queued in this process.
    pub queued: usize,
}

/// How outgoing webhooks are.
#[derive(Debug, Serialize, ToSchema)]
pub struct HookCounts {
    /// Deliveries that wait.
    pub pending: i64,
    /// For how many seconds the oldest of them has waited; null where none does.
    pub oldest_seconds: Option<i64>,
    /// Endpoints whose last attempt failed.
    pub failing: i64,
    /// Endpoints that were given up.
    pub disabled: i64,
}

/// How the mailboxes are.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailboxCounts {
    /// Those that are connected.
    pub active: i64,
    /// Those among them that give no access at present.
    pub failing: i64,
    /// Those that must be connected again.
    pub ended: i64,
    /// Those that stand still, the longest first: the first twenty, without their addresses.
    pub still: Vec<StillRow>,
}

/// A mailbox that stands still.
#[derive(Debug, Serialize, ToSchema)]
pub struct StillRow {
    /// Its id; `comms-server credentials list` and an administrator's list show the address.
    pub id: String,
    /// `active`, `expired` or `revoked`.
    pub state: &'static str,
    /// Why, in a word.
    pub reason: Option<String>,
    /// Since when.
    pub since: String,
}

impl From<Credential> for StillRow {
    fn from(one: Credential) -> Self {
        Self {
            id: one.id.to_string(),
            state: one.state.as_str(),
            reason: one.reason,
            since: instant(one.failing_since.unwrap_or(one.changed_at)),
        }
    }
}

impl From<CredentialHealth> for MailboxCounts {
    fn from(health: CredentialHealth) -> Self {
        Self {
            active: health.active,
            failing: health.failing,
            ended: health.ended,
            still: health.still.into_iter().map(Into::into).collect(),
        }
    }
}

/// How a worker is.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerRow {
    /// What the worker does, as in `outbox`.
    pub name: &'static str,
    /// Whether it runs.
    pub alive: bool,
    /// Since when every round has failed.
    pub failing_since: Option<String>,
}

impl From<WorkerHealth> for WorkerRow {
    fn from(worker: WorkerHealth) -> Self {
        Self { name: worker.name, alive: worker.alive, failing_since: worker.failing_since.map(instant) }
    }
}

/// How the server is: 503 where the database is away, something that should run does not, or the server stops.
#[utoipa::path(get, path = "/health", tag = "servicio", responses((status = 200, body = HealthBody), (status = 503, body = HealthBody)))]
pub async fn health(state: web::Data<State>) -> HttpResponse {
    let health = state.engine.health().await;
    let stopping = state.engine.is_stopping();
    let ok = health.is_ok() && !stopping;
    if let Err(error) = &health.store {
        // The reason may name hosts: it is logged, not shown.
        tracing::warn!(error, "the store does not answer");
    }
    let database = if health.store.is_ok() { "ok" } else { "error" };
    let counts = health.store.ok().map(|stats| Counts {
        waiting_for_owner: stats.waiting_for_owner,
        quarantined: stats.quarantined,
        media_pending: stats.media_pending,
        sending: stats.sending,
        outbox_queued: stats.outbox_queued,
        outbox_scheduled: stats.outbox_scheduled,
        outbox_unknown: stats.outbox_unknown,
        outbox_oldest_due_seconds: stats
            .outbox_oldest_due_at
            .map(|due| (state.clock.now() - due).whole_seconds().max(0)),
        queued: stats.queued,
    });
    let body = HealthBody {
        status: match (stopping, ok, health.stopped.is_empty()) {
            (true, ..) => "stopping",
            (false, false, _) => "error",
            (false, true, false) => "degraded",
            (false, true, true) => "ok",
        },
        service: SERVICE,
        version: VERSION,
        uptime: (state.clock.now() - state.started_at).whole_seconds(),
        dependencies: dependencies(&state, database, &health.channels),
        counts,
        webhooks: health.hooks.map(|stats| HookCounts {
            pending: stats.pending,
            oldest_seconds: stats.oldest_at.map(|at| (state.clock.now() - at).whole_seconds().max(0)),
            failing: stats.failing,
            disabled: stats.disabled,
        }),
        mailboxes: state.credentials.health(STILL_SHOWN).await.ok().map(Into::into),
        workers: health.workers.into_iter().map(Into::into).collect(),
        stopped_accounts: health.stopped.into_iter().map(Into::into).collect(),
    };
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(body)
}

/// Every dependency that a seed's client may look for, and those that there are.
fn dependencies(
    state: &State,
    database: &'static str,
    channels: &[ChannelHealth],
) -> BTreeMap<&'static str, &'static str> {
    let meta = channels.iter().flat_map(|one| &one.accounts).any(|account| account.provider() == WHATSAPP);
    let whatsapp = both(meta, state.engine.takes(WHATSAPP));
    let mut all: BTreeMap<_, _> =
        ["redis", "elevenlabs", "sendgrid", "gmail"].into_iter().map(|name| (name, "not_configured")).collect();
    if state.registry.google().is_some() {
        let missing = state.settings.google.missing(&state.settings.http);
        all.insert("gmail", if missing.is_empty() && state.credentials.can_keep() { "ok" } else { "error" });
    }
    all.insert("database", database);
    all.insert("whatsapp", whatsapp);
    all.insert("twilio", twilio(state));
    let mails = channels.iter().flat_map(|one| &one.accounts).any(|account| account.provider() == SENDGRID);
    all.insert("sendgrid", both(mails, state.engine.takes(SENDGRID)));
    all.insert("elevenlabs", elevenlabs(state));
    if state.settings.smtp.is_wanted() {
        all.insert("smtp", if state.settings.smtp.missing().is_empty() { "ok" } else { "error" });
    }
    all
}

/// How ElevenLabs is: an error where it did not do what it was asked last. `/api/stats` says what it said.
fn elevenlabs(state: &State) -> &'static str {
    match state.engine.agent_health() {
        Some(health) if health.is_ok() => "ok",
        Some(_) => "error",
        None => both(false, state.engine.takes(ELEVENLABS)),
    }
}

/// How Twilio is: its webhooks come only to an address that is known outside.
pub(super) fn twilio(state: &State) -> &'static str {
    let kinds = [ChannelKind::Voice, ChannelKind::Sms, ChannelKind::WhatsApp].into_iter();
    let accounts = kinds.flat_map(|kind| state.engine.channels().accounts(kind));
    let sends = accounts.into_iter().any(|account| account.provider().starts_with("twilio-"));
    both(sends, state.engine.takes(TWILIO_VOICE) && state.settings.http.is_reachable())
}

const fn both(sends: bool, receives: bool) -> &'static str {
    match (sends, receives) {
        (true, true) => "ok",
        (true, false) => "send_only",
        (false, true) => "receive_only",
        (false, false) => "not_configured",
    }
}

//! Outgoing webhooks as the engine sees them: who is told of events, and each telling.

use std::{collections::BTreeSet, fmt};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{ClaimToken, DeskKey, RepositoryResult};
use crate::{ChannelKind, HookDeliveryId, HookId, OrganizationId};

/// Whether an endpoint is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookState {
    /// It is.
    Active,
    /// A person has put it to rest.
    Paused,
    /// It was given up.
    Disabled,
}

impl HookState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Disabled];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// Why an endpoint was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookReason {
    /// Nothing but failures for longer than is waited.
    Failing,
    /// It said itself that it is gone (HTTP 410).
    Gone,
}

impl HookReason {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Failing, Self::Gone];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

/// What of the log an endpoint is told. Empty is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookFilter {
    /// Events of these kinds, in the log's words.
    pub kinds: BTreeSet<String>,
    /// Events of messages on these channels.
    pub channels: BTreeSet<ChannelKind>,
}

/// An endpoint: an address of another system, and what it is told.
#[derive(Clone, PartialEq, Eq)]
pub struct HookEndpoint {
    /// By it its deliveries, its key and its administration refer to it.
    pub id: HookId,
    /// The organisation.
    pub organization: OrganizationId,
    /// The address.
    pub url: String,
    /// What people call it.
    pub description: Option<String>,
    /// What it is told.
    pub filter: HookFilter,
    /// The signing key, encrypted.
    pub secret: String,
    /// The key before it, encrypted, and until when it signs as well.
    pub previous: Option<(String, OffsetDateTime)>,
    /// Whether it is told.
    pub state: HookState,
    /// Why it was given up, where it was.
    pub reason: Option<HookReason>,
    /// When it was.
    pub disabled_at: Option<OffsetDateTime>,
    /// The first failure since something was last delivered.
    pub failing_since: Option<OffsetDateTime>,
    /// Everything in the log up to here has its delivery.
    pub cursor: i64,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl fmt::Debug for HookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the keys nor the address, whose path may be a credential.
        f.debug_struct("HookEndpoint")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("failing_since", &self.failing_since)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// A change of an endpoint.
#[derive(Clone)]
pub enum HookChange {
    /// Another address, name or filter.
    Edit {
        /// The address.
        url: String,
        /// What people call it.
        description: Option<String>,
        /// What it is told.
        filter: HookFilter,
    },
    /// Another signing key; the present one signs as well until a time.
    Secret {
        /// The new key, encrypted.
        secret: String,
        /// Until when the present one is valid.
        previous_until: OffsetDateTime,
    },
    /// It is told (again): from where it stopped, or from this place in the log on.
    Enable {
        /// What is before this is not told, where it is after where it stopped.
        skip_to: Option<i64>,
    },
    /// It is told nothing for now.
    Pause,
}

impl fmt::Debug for HookChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Edit { .. } => "Edit",
            Self::Secret { .. } => "Secret",
            Self::Enable { .. } => "Enable",
            Self::Pause => "Pause",
        })
    }
}

/// Events that are to be told, and how far the log was looked through for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookPlan {
    /// The endpoint.
    pub hook: HookId,
    /// Where it stood.
    pub from: i64,
    /// Where it stands then.
    pub to: i64,
    /// Cursor and kind of each event that it is told.
    pub events: Vec<(i64, String)>,
    /// When.
    pub now: OffsetDateTime,
}

/// How far a telling is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookDeliveryState {
    /// It waits for its time, or is under way.
    Pending,
    /// The other side took it.
    Delivered,
    /// It was given up.
    Failed,
}

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    /// Its id: the same at every attempt.
    pub id: HookDeliveryId,
    /// The endpoint.
    pub hook: HookId,
    /// The event's place in the log.
    pub cursor: i64,
    /// The event's kind, in the log's words.
    pub kind: String,
    /// How far it is.
    pub state: HookDeliveryState,
    /// How many attempts there were, or are under way.
    pub attempts: u32,
    /// When it is tried next; while an attempt is under way, when another one may make it.
    pub due_at: OffsetDateTime,
    /// When it was last tried.
    pub attempted_at: Option<OffsetDateTime>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The first bytes of the last answer.
    pub response: Option<String>,
    /// When the event was found in the log.
    pub created_at: OffsetDateTime,
    /// When it was delivered or given up.
    pub done_at: Option<OffsetDateTime>,
}

/// A delivery to be made now. The claim ends by itself when its lease does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookJob {
    /// What is to be told; its attempts count this one.
    pub delivery: HookDelivery,
    /// The claim.
    pub token: ClaimToken,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// The other side took it.
    Delivered,
    /// To be tried again at this time.
    Again(OffsetDateTime),
    /// Given up.
    Failed,
    /// The endpoint is gone; what it was to be told waits for it.
    Gone,
}

/// How an attempt ended, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookConclusion {
    /// The delivery.
    pub delivery: HookDeliveryId,
    /// The claim under which the attempt was made.
    pub token: ClaimToken,
    /// How it ended.
    pub outcome: HookOutcome,
    /// Whether a failure is the endpoint's, and not ours.
    pub theirs: bool,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub response: Option<String>,
    /// When.
    pub now: OffsetDateTime,
    /// After how long of nothing but failures the endpoint is given up.
    pub patience: Duration,
}

/// What recording the end of an attempt did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookConcluded {
    /// Whether it counted: who does not hold the claim changes nothing.
    pub counted: bool,
    /// Why the endpoint was given up by it, where it was.
    pub disabled: Option<HookReason>,
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookDeliveryFilter {
    /// In this state.
    pub state: Option<HookDeliveryState>,
    /// After this row of the page before.
    pub after: Option<DeskKey>,
    /// How many, 1 to 200.
    pub limit: u16,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDeliveryPage {
    /// The rows.
    pub entries: Vec<HookDelivery>,
    /// Where the next page begins.
    pub next: Option<DeskKey>,
}

/// What is to be told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookRedrive {
    /// This delivery, whether it was taken or given up.
    One(HookDeliveryId),
    /// All that were given up, of events found since then.
    FailedSince(OffsetDateTime),
}

/// What waits, and who does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookStats {
    /// Deliveries that wait or are under way.
    pub pending: i64,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<OffsetDateTime>,
    /// Endpoints in use whose last attempt failed.
    pub failing: i64,
    /// Endpoints that were given up.
    pub disabled: i64,
}

/// Outgoing webhooks. A part of [`Repository`](super::Repository).
///
/// # Errors
/// As there; [`NotFound`](super::RepositoryError::NotFound) for what the organisation does not have.
#[async_trait]
pub trait HookRepository: fmt::Debug + Send + Sync + 'static {
    /// The endpoints of an organisation, oldest first.
    async fn hooks(&self, organization: &OrganizationId) -> RepositoryResult<Vec<HookEndpoint>>;

    /// An endpoint.
    async fn hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<HookEndpoint>;

    /// Adds an endpoint.
    async fn add_hook(&self, hook: &HookEndpoint) -> RepositoryResult<()>;

    /// Changes an endpoint. Returns it as it is then.
    async fn change_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        change: &HookChange,
        now: OffsetDateTime,
    ) -> RepositoryResult<HookEndpoint>;

    /// Forgets an endpoint and what it was or is to be told.
    async fn remove_hook(&self, organization: &OrganizationId, id: HookId) -> RepositoryResult<()>;

    /// Endpoints in use that stand before this place in the log, those farthest behind first.
    async fn hooks_behind(&self, end: i64, limit: u16) -> RepositoryResult<Vec<HookEndpoint>>;

    /// Makes deliveries and moves the endpoint on, in one transaction. Returns whether it did: of two who plan from one place only
    /// the first does.
    async fn plan_hook(&self, plan: HookPlan) -> RepositoryResult<bool>;

    /// Endpoints in use with a delivery that is due.
    async fn hooks_due(&self, now: OffsetDateTime, limit: u16) -> RepositoryResult<Vec<HookEndpoint>>;

    /// Claims deliveries of an endpoint that are due, for this long. Nobody claims one of them twice at once; of an endpoint that
    /// is not in use there are none.
    async fn claim_hook(
        &self,
        id: HookId,
        now: OffsetDateTime,
        lease: Duration,
        limit: u16,
    ) -> RepositoryResult<Vec<HookJob>>;

    /// Records how an attempt ended, and gives the endpoint up where that is its end: the log tells of it.
    async fn conclude_hook(&self, conclusion: HookConclusion) -> RepositoryResult<HookConcluded>;

    /// A page of an endpoint's deliveries.
    async fn hook_deliveries(
        &self,
        organization: &OrganizationId,
        id: HookId,
        filter: &HookDeliveryFilter,
    ) -> RepositoryResult<HookDeliveryPage>;

    /// Puts deliveries back, as if they had never been tried; their ids stay. Returns how many.
    async fn redrive_hook(
        &self,
        organization: &OrganizationId,
        id: HookId,
        which: HookRedrive,
        now: OffsetDateTime,
    ) -> RepositoryResult<u64>;

    /// Forgets deliveries that ended before then. Returns how many.
    async fn prune_hooks(&self, before: OffsetDateTime) -> RepositoryResult<u64>;

    /// What waits, and who does not answer.
    async fn hook_stats(&self) -> RepositoryResult<HookStats>;
}

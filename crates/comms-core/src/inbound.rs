//! Webhooks: verified, then parsed.

use std::fmt;

use bytes::Bytes;
use comms_http::{Result, WebhookRequest};
use time::OffsetDateTime;

use crate::{AccountId, Decision, Event, Question, Reply, WebhookId};

/// Everything that one webhook told us.
///
/// A parser never fails as a whole: what it cannot read is an [`EventKind::Unknown`](crate::EventKind::Unknown) beside
/// its readable neighbours. A body that is not readable at all is an empty batch with a [`problem`](Self::problem).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The events in the order in which they stand in the webhook.
    pub events: Vec<Event>,
    /// Why the body could not be read, or which parts of it could not; stored beside the raw bytes.
    pub problem: Option<String>,
    /// The account in whose name the sender has proved to speak: for itself and those below it. `None` where the proof covers
    /// every account of the provider. An event of another account is kept raw alone.
    pub speaker: Option<AccountId>,
    /// What the provider wants to be told in our answer; `None` where it only wants to know that we have it.
    pub question: Option<Question>,
}

/// A verified and parsed kind of webhook.
///
/// It does no I/O: keys come as values, a task elsewhere refreshes them.
pub trait Inbound: fmt::Debug + Send + Sync + 'static {
    /// Checks who sent `request`, then reads it.
    ///
    /// # Errors
    /// `InvalidSignature` alone: the signature is absent, malformed or wrong. Whatever is properly signed gives a batch.
    fn receive(&self, request: &WebhookRequest) -> Result<Batch>;

    /// Reads a webhook that was verified when it was stored.
    fn reparse(&self, stored: &StoredWebhook) -> Batch;

    /// The files that came inside of a webhook itself, each with the id of its [`MediaRef`](crate::MediaRef), which begins with
    /// [`IN_WEBHOOK`]: nobody has to be asked for them. All at once, since the whole webhook is taken apart for one of them.
    fn files(&self, stored: &StoredWebhook) -> Vec<(String, Bytes)> {
        let _ = stored;
        Vec::new()
    }

    /// What the provider is told once everything is stored, where it asked nothing.
    fn acknowledge(&self) -> Reply {
        Reply::text("OK")
    }

    /// What the provider is told of what was decided.
    fn respond(&self, question: &Question, decision: &Decision) -> Reply {
        let _ = (question, decision);
        self.acknowledge()
    }
}

/// The header under which the engine keeps, beside a stored webhook, what it decided of its question: a replay finds the same
/// record by it, whatever the rules say by then. It is ours alone: one that comes from outside is thrown away.
pub const DECISION_HEADER: &str = "comms-decision";

/// What the id of a file begins with that came inside of the webhook which tells of it.
pub const IN_WEBHOOK: &str = "webhook/";

/// A webhook from the repository, for a replay. Only what was verified is ever stored.
#[derive(Clone, Debug)]
pub struct StoredWebhook {
    id: WebhookId,
    provider: String,
    received_at: OffsetDateTime,
    request: WebhookRequest,
}

impl StoredWebhook {
    /// For repositories, which store verified webhooks only: this is what spares a replay the signature.
    #[must_use]
    pub fn from_repository(
        id: WebhookId,
        provider: String,
        received_at: OffsetDateTime,
        request: WebhookRequest,
    ) -> Self {
        Self { id, provider, received_at, request }
    }

    /// Its id in the repository.
    #[must_use]
    pub fn id(&self) -> WebhookId {
        self.id
    }

    /// Which provider's parser reads it.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// When it arrived.
    #[must_use]
    pub fn received_at(&self) -> OffsetDateTime {
        self.received_at
    }

    /// The request as it arrived, with the headers that were kept.
    #[must_use]
    pub fn request(&self) -> &WebhookRequest {
        &self.request
    }
}

//! Outgoing webhooks: other systems are told of the event log, over HTTP and signed.
//!
//! Each endpoint has its place in the log. What comes after it becomes deliveries, in one transaction with the move of the place
//! ([`plan`]); deliveries are claimed with a lease and made until they are taken ([`deliver`]). A process may end at any moment:
//! what it had claimed is made again by whoever comes after the lease. So an endpoint hears of everything at least once.

mod attempt;
mod deliver;
mod lanes;
mod manage;
pub(crate) mod measure;
mod plan;
mod schedule;
mod settings;

use std::{fmt, sync::Arc};

use comms_core::history::FeedEvent;
use comms_http::{AllowList, Transport};
use serde_json::Value;

pub(crate) use attempt::context;
pub(crate) use lanes::Lanes;
pub use manage::{HookEdit, NewHook, Pinged};
pub use settings::HookSettings;

use crate::Vault;

/// An event in the words of the interface through which others hear of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The kind of event.
    pub kind: String,
    /// All of it.
    pub data: Value,
}

/// How an event becomes words.
pub type Tell = Arc<dyn Fn(&FeedEvent) -> Told + Send + Sync>;

/// What outgoing webhooks need besides the store.
#[derive(Clone)]
pub struct Hooks {
    transport: Arc<dyn Transport>,
    allow: AllowList,
    vault: Option<Arc<Vault>>,
    tell: Tell,
}

impl Hooks {
    /// Calls endpoints over `transport`, which must itself refuse what is neither public nor on the list, as
    /// [`GuardedTransport`](comms_http::GuardedTransport) does. Without a vault no endpoint can be made.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, allow: AllowList, vault: Option<Vault>, tell: Tell) -> Self {
        Self { transport, allow, vault: vault.map(Arc::new), tell }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("transport", &self.transport)
            .field("allow", &self.allow)
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}

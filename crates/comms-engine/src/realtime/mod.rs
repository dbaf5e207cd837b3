//! The event log as it grows, for whoever listens: one reader of it in each process, any number of subscribers.
//!
//! A subscriber is in one of two phases. First it reads the log itself, from its cursor on, until it has nearly caught up. Then it
//! joins the `Hub` at the hub's own position, reads the rest up to there, and from then on takes from its queue what the hub puts
//! into it. The position under which it joined belongs to exactly one of both sides: nothing is told twice and nothing is missed.

mod hub;
mod reading;
mod subscription;

use std::collections::BTreeSet;

use comms_core::{
    ChannelKind, ConversationId, LeadId,
    history::{FeedEvent, Scope},
};

pub(crate) use hub::Hub;
pub use subscription::{Delivery, Ending, Subscription};

use crate::{Engine, EngineError};

/// Events that are read from the log at once.
pub(crate) const PAGE: u16 = 500;

/// Pages that are read at once for those who catch up. After a restart all come back together: they wait for each other, and not
/// everybody else for them.
pub(crate) const CATCHING_UP: usize = 4;

/// What a subscriber wants to hear of. Nothing set is everything; several values of one field are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventFilter {
    /// Events of messages on these channels.
    pub channels: BTreeSet<ChannelKind>,
    /// Events of these kinds, in the log's words: `message`, `status`, `recording` …
    pub kinds: BTreeSet<String>,
    /// Events of this conversation.
    pub conversation: Option<ConversationId>,
    /// Events of messages of this lead.
    pub lead: Option<LeadId>,
}

impl EventFilter {
    /// Whether this event is wanted. What concerns no message has no channel and no lead.
    #[must_use]
    pub fn takes(&self, told: &FeedEvent) -> bool {
        let channel = || told.message.as_ref().map(|message| message.channel.as_str());
        let lead = || told.message.as_ref().and_then(|message| message.links.lead.as_ref());
        (self.channels.is_empty() || self.channels.iter().any(|one| channel() == Some(one.as_str())))
            && (self.kinds.is_empty() || self.kinds.contains(&told.event.kind))
            && (self.conversation.is_none() || self.conversation == told.event.conversation)
            && (self.lead.is_none() || self.lead.as_ref() == lead())
    }
}

/// Whether whoever has this scope may hear of an event: the rule of the history.
pub(crate) fn may_hear(scope: &Scope, told: &FeedEvent) -> bool {
    told.event.organization == scope.organization
        && scope.seller.as_ref().is_none_or(|seller| told.sellers.contains(seller))
}

impl Engine {
    /// Listens to the event log after a cursor, or from now on.
    ///
    /// Whoever comes back with the cursor of the last event that they saw gets exactly what they missed. What a subscriber may
    /// see is decided when the event is told: a lead that is assigned to a seller later brings no older events with it.
    ///
    /// # Errors
    /// [`EngineError::Store`]; [`EngineError::Busy`] while the engine is stopping.
    pub async fn subscribe(
        &self,
        scope: Scope,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Result<Subscription, EngineError> {
        if self.hub().is_closed() {
            return Err(EngineError::Busy);
        }
        let from = match after {
            Some(cursor) => cursor,
            None => self.repository().log_end().await?,
        };
        Ok(Subscription::new(self.clone(), scope, filter, from))
    }

    /// Tells subscribers what the log holds since the last time. One round of the worker `realtime`; returns whether there is more.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn fan_out(&self) -> Result<bool, EngineError> {
        let Some(after) = self.hub().wants() else {
            return Ok(false);
        };
        let page = self.repository().feed(None, after, PAGE).await?;
        let more = page.len() >= usize::from(PAGE);
        self.hub().tell(page, self.now());
        Ok(more)
    }

    /// Ends every subscription, and lets none begin: the process is about to stop. Subscribers are told to come back.
    pub fn stop_realtime(&self) {
        self.hub().close();
    }
}

//! The one reader's side: where it is in the log, and the queues of those who listen.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use comms_core::{
    OrganizationId,
    history::{FeedEvent, Scope},
};
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};

use super::{CATCHING_UP, Ending, EventFilter, may_hear};
use crate::metrics;

/// The subscribers of one process.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Somebody began to listen where nobody did, or nobody will any more.
    begun: Notify,
    catching_up: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    /// Everything up to here was told to everybody who listened then.
    position: i64,
    closed: bool,
    next_id: u64,
    /// By organisation, so that an event costs as much as its organisation has subscribers.
    listeners: HashMap<OrganizationId, HashMap<u64, Listener>>,
}

#[derive(Debug)]
struct Listener {
    scope: Scope,
    filter: EventFilter,
    queue: mpsc::Sender<Arc<FeedEvent>>,
    ending: Arc<OnceLock<Ending>>,
}

/// A subscriber's side of its place in the hub, which it leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    organization: OrganizationId,
    id: u64,
    /// Where the hub was when the subscriber joined: what is above comes through the queue.
    pub joined_at: i64,
    pub queue: mpsc::Receiver<Arc<FeedEvent>>,
    /// Why the queue ended.
    pub ending: Arc<OnceLock<Ending>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { state: Mutex::default(), begun: Notify::new(), catching_up: Semaphore::new(CATCHING_UP) }
    }
}

impl Hub {
    /// Waits for its turn to read a page of the log for a subscriber.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.catching_up.acquire().await.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Where to read on; `None` while nobody listens.
    pub(super) fn wants(&self) -> Option<i64> {
        let state = self.state();
        (!state.listeners.is_empty()).then_some(state.position)
    }

    /// Waits until somebody begins to listen where nobody did, or until nobody may any more.
    pub(crate) async fn begun(&self) {
        self.begun.notified().await;
    }

    /// Takes a seat. `end` is where the log ended a moment ago: while nobody listened the hub did not read on.
    pub(super) fn join(self: &Arc<Self>, scope: Scope, filter: EventFilter, end: i64, room: usize) -> Option<Seat> {
        let (sender, queue) = mpsc::channel(room);
        let ending = Arc::new(OnceLock::new());
        let organization = scope.organization.clone();
        let listener = Listener { scope, filter, queue: sender, ending: Arc::clone(&ending) };
        let mut state = self.state();
        if state.closed {
            return None;
        }
        if state.listeners.is_empty() {
            state.position = state.position.max(end);
            self.begun.notify_one();
        }
        let id = state.next_id;
        state.next_id += 1;
        state.listeners.entry(organization.clone()).or_default().insert(id, listener);
        metrics::listeners(1.0);
        Some(Seat { hub: Arc::clone(self), organization, id, joined_at: state.position, queue, ending })
    }

    /// Puts a page of the log, read from at or before the position, into the queues. Who has no room is dropped.
    pub(super) fn tell(&self, page: Vec<FeedEvent>, now: OffsetDateTime) {
        let mut state = self.state();
        for told in page {
            // The position moves on by itself when somebody joins while this page was being read.
            if told.event.cursor <= state.position {
                continue;
            }
            state.position = told.event.cursor;
            metrics::told(now - told.event.created_at);
            let Some(listeners) = state.listeners.get_mut(&told.event.organization) else {
                continue;
            };
            let told = Arc::new(told);
            let slow: Vec<u64> = listeners
                .iter()
                .filter(|(_, one)| may_hear(&one.scope, &told) && one.filter.takes(&told))
                .filter_map(|(id, one)| one.queue.try_send(Arc::clone(&told)).is_err().then_some(*id))
                .collect();
            for id in slow {
                state.remove(&told.event.organization, id, Some(Ending::Slow));
            }
        }
    }

    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let listeners = std::mem::take(&mut state.listeners);
        for listener in listeners.into_values().flat_map(HashMap::into_values) {
            listener.end(Some(Ending::Stopping));
        }
        // The reader waits for somebody to listen: it has to hear that nobody will.
        self.begun.notify_one();
    }
}

impl State {
    fn remove(&mut self, organization: &OrganizationId, id: u64, ending: Option<Ending>) {
        let Some(listeners) = self.listeners.get_mut(organization) else {
            return;
        };
        if let Some(listener) = listeners.remove(&id) {
            listener.end(ending);
        }
        if listeners.is_empty() {
            self.listeners.remove(organization);
        }
    }
}

impl Listener {
    /// Ends the queue; what is in it is still taken.
    fn end(self, ending: Option<Ending>) {
        metrics::listeners(-1.0);
        if let Some(ending) = ending {
            metrics::ended(ending);
            let _ = self.ending.set(ending);
        }
    }
}

impl Seat {
    /// Up to where everything has been taken: the hub's position where the queue is empty.
    pub(super) fn position(&self) -> Option<i64> {
        let state = self.hub.state();
        let seated = state.listeners.get(&self.organization).is_some_and(|all| all.contains_key(&self.id));
        (seated && self.queue.is_empty()).then_some(state.position)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.state().remove(&self.organization, self.id, None);
    }
}

//! How many attempts are under way, in all and for one endpoint.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use comms_core::HookId;

/// The attempts of one process.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    open: Mutex<HashMap<HookId, usize>>,
    stopping: AtomicBool,
    ended: tokio::sync::Notify,
}

/// The place of one attempt after another at one endpoint. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    hook: HookId,
}

impl Lanes {
    fn open(&self) -> MutexGuard<'_, HashMap<HookId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes as many places as there are, up to `each` at this endpoint and `all` in this process.
    pub(super) fn enter(self: &Arc<Self>, hook: HookId, each: usize, all: usize) -> Vec<Lane> {
        if self.is_stopping() {
            return Vec::new();
        }
        let mut open = self.open();
        let taken: usize = open.values().sum();
        let of_hook = open.get(&hook).copied().unwrap_or_default();
        let free = each.saturating_sub(of_hook).min(all.saturating_sub(taken));
        if free > 0 {
            *open.entry(hook).or_default() += free;
        }
        (0..free).map(|_| Lane { lanes: Arc::clone(self), hook }).collect()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Lets no attempt begin, and waits for those under way.
    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Before the look, so that an end between the look and the wait is heard.
            ended.as_mut().enable();
            if self.open().is_empty() {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut open = self.lanes.open();
        if let Some(count) = open.get_mut(&self.hook) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.hook);
            }
        }
        drop(open);
        self.lanes.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_its_places_and_no_more() {
        let lanes = Arc::new(Lanes::default());
        let (one, other) = (HookId::new(), HookId::new());
        let first = lanes.enter(one, 4, 6);
        assert_eq!((first.len(), lanes.enter(one, 4, 6).len()), (4, 0));
        let second = lanes.enter(other, 4, 6);
        assert_eq!(second.len(), 2, "what is left in the process");
        drop(first);
        assert_eq!(lanes.enter(one, 1, 6).len(), 1);
        drop(second);
        assert!(lanes.open().is_empty());
    }
}

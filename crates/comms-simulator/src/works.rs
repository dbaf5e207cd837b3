//! What runs beside the answers of a double, and how one waits until nothing is under way.

use std::time::Duration;

use tokio::sync::watch;

use crate::courier::Courier;

/// The works of one double that are under way. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Works {
    courier: Courier,
    count: watch::Sender<usize>,
}

impl Works {
    pub(crate) fn new(courier: Courier) -> Self {
        Self { courier, count: watch::Sender::new(0) }
    }

    /// Runs `work` beside the answers.
    pub(crate) fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.count.send_modify(|count| *count += 1);
        let done = Done(self.count.clone());
        self.courier.runtime().spawn(async move {
            work.await;
            drop(done);
        });
    }

    /// Waits until none is under way; whether that came within `limit`.
    pub(crate) async fn settled(&self, limit: Duration) -> bool {
        let mut counts = self.count.subscribe();
        let idle = counts.wait_for(|count| *count == 0);
        matches!(tokio::time::timeout(limit, idle).await, Ok(Ok(_)))
    }

    /// Waits in real time; whether the simulator is still in the same life afterwards.
    pub(crate) async fn pause(&self, ms: u64) -> bool {
        let generation = self.courier.generation();
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.courier.generation() == generation
    }
}

/// Counts a work as done, however it ends.
struct Done(watch::Sender<usize>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

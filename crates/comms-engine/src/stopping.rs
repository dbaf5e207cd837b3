//! The end of a process: nothing is begun any more, and what was claimed and not begun is given back.

use std::time::Duration;

use comms_core::{
    Status,
    history::{Conclusion, MediaOutcome, OutboxJob, UnknownJob},
};

use crate::Engine;

/// The waits between attempts to give a claim back. What cannot be given back is settled when its lease ends.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

impl Engine {
    /// Begins nothing more in the background: the workers end after their round, and claims that they have not begun are given
    /// back for other processes at once. Requests are served as before, and whoever listens goes on to hear of what happens.
    ///
    /// [`Workers::stop`](crate::Workers::stop) waits for what is under way.
    pub fn begin_stop(&self) {
        self.stop_flag().send_replace(true);
    }

    /// Whether the process is about to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stop_flag().borrow()
    }

    /// Waits until the process is about to stop.
    pub(crate) async fn stopping(&self) {
        // The engine holds the sender: the wait ends with its word only.
        let _ = self.stop_flag().subscribe().wait_for(|stops| *stops).await;
    }

    /// Gives a message back that was claimed and not begun.
    pub(crate) async fn hand_back(&self, job: &OutboxJob) {
        let claim = [(job.message.id, job.token)];
        let mut waits = WAITS.into_iter();
        while let Err(error) = self.repository().hand_back(&claim, self.now()).await {
            let Some(wait) = waits.next() else {
                tracing::warn!(message = %job.message.id, %error, "a claim could not be given back: its lease ends it");
                return;
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// A message that was claimed to be looked for, and for which nobody looked.
    pub(crate) fn not_looked_for(&self, job: &UnknownJob) -> Conclusion {
        let now = self.now();
        Conclusion {
            message: job.probe.id,
            claim: Some(job.token),
            status: Status::Unknown,
            receipt: None,
            problem: None,
            due_at: Some(now),
            now,
        }
    }

    /// A file whose fetching was broken off: another process begins again.
    pub(crate) fn not_fetched(&self) -> MediaOutcome {
        MediaOutcome::Retry { at: self.now(), error: "the process that fetched it stopped".to_owned() }
    }
}

//! Messages of unknown outcome are looked for at their provider, with growing pauses, until one knows.

use std::time::Duration;

use comms_core::{
    ErrorKind, Found, Problem, Receipt, Status,
    history::{Conclusion, UnknownJob},
};
use time::OffsetDateTime;

use crate::{Engine, EngineError, metrics, settings::span, settle};

/// How many are looked for in one round.
const AT_ONCE: u16 = 16;
/// How long one look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);

/// What a look tells.
enum Look {
    Found(Box<Receipt>),
    /// Proved: it may be sent again. The state of it where it may not.
    NotThere(Status),
    CannotTell,
}

impl Engine {
    /// Looks for messages of unknown outcome whose time to be looked for has come. Returns how many looks were made. One round of
    /// the worker `unknown`.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn look_for_unknown(&self) -> Result<usize, EngineError> {
        let lease = LOOK_TIMEOUT.saturating_mul(u32::from(AT_ONCE) + 1);
        let jobs = self.repository().claim_unknown(self.now(), span(lease), AT_ONCE).await?;
        let count = jobs.len();
        if count > 0 {
            comms_core::failpoint!(LookClaimed);
        }
        for job in jobs {
            let conclusion = if self.is_stopping() {
                self.not_looked_for(&job)
            } else {
                let look = self.look(&job).await;
                comms_core::failpoint!(LookMade);
                self.learnt(&job, look)
            };
            self.record(conclusion).await;
            comms_core::failpoint!(LookConcluded);
        }
        Ok(count)
    }

    async fn look(&self, job: &UnknownJob) -> Look {
        // Of a moment ago a provider may not know yet, and would be believed.
        if self.now() - job.since < self.settings().unknown_first {
            return Look::CannotTell;
        }
        let found = match self.channel(&job.account).await {
            Ok(channel) => match tokio::time::timeout(LOOK_TIMEOUT, channel.find(&job.probe)).await {
                Ok(Ok(Found::NotFound)) => Ok(Look::NotThere(settle::failed_on(channel.as_ref()))),
                Ok(Ok(Found::Found(receipt))) => Ok(Look::Found(Box::new(receipt))),
                Ok(Ok(Found::CannotTell)) => Ok(Look::CannotTell),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            },
            Err(error) => Err(error.to_string()),
        };
        let look = found.unwrap_or_else(|reason| {
            tracing::warn!(message = %job.probe.id, account = %job.account, reason, "a message could not be looked for");
            Look::CannotTell
        });
        metrics::look(match look {
            Look::Found(_) => "found",
            Look::NotThere(_) => "not_found",
            Look::CannotTell => "cannot_tell",
        });
        look
    }

    fn learnt(&self, job: &UnknownJob, look: Look) -> Conclusion {
        let now = self.now();
        let mut conclusion = Conclusion {
            message: job.probe.id,
            claim: Some(job.token),
            status: Status::Unknown,
            receipt: None,
            problem: None,
            due_at: None,
            now,
        };
        match look {
            Look::Found(receipt) => {
                conclusion.status = receipt.status;
                conclusion.receipt = Some(*receipt);
            }
            Look::NotThere(failed) => {
                let late = job.expires_at.is_some();
                let in_time = job.expires_at.is_some_and(|end| now < end);
                conclusion.status = match (in_time, late) {
                    (true, _) => Status::Queued,
                    (false, true) => Status::Expired,
                    (false, false) => failed,
                };
                conclusion.due_at = in_time.then_some(now);
                conclusion.problem = Some(not_there());
            }
            Look::CannotTell => conclusion.due_at = self.next_look(job, now),
        }
        conclusion
    }

    /// After as long again as it has been unknown, within bounds; never after the last.
    fn next_look(&self, job: &UnknownJob, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let settings = self.settings();
        let (age, first) = (now - job.since, span(settings.unknown_first));
        if age < first {
            return Some(job.since + first);
        }
        if age >= span(settings.unknown_for) {
            metrics::look("given_up");
            return None;
        }
        let pause = age.max(first).min(span(settings.unknown_cap));
        Some((now + pause).min(job.since + span(settings.unknown_for)))
    }
}

fn not_there() -> Problem {
    Problem {
        code: "not_found".to_owned(),
        message: "the provider proves that it did not take the message".to_owned(),
        kind: ErrorKind::Transport,
    }
}

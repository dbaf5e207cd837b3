//! What became of the calls of a batch: it alone knows for certain that a machine answered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use comms_http::{ErrorKind, Outcome, Result};
use time::OffsetDateTime;

use crate::{
    Client,
    model::{batch::RecipientStatus, conversation::BatchCallReference},
};

/// How long an answer is good: a batch of a thousand calls is not asked for a thousand times.
const GOOD_FOR: Duration = Duration::from_secs(30);
/// Batches that are remembered.
const REMEMBERED: usize = 32;

/// Batches that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Batches(Mutex<HashMap<String, Asked>>);

#[derive(Clone, Debug)]
struct Asked {
    at: OffsetDateTime,
    recipients: Arc<HashMap<String, RecipientStatus>>,
}

impl Batches {
    /// What became of one call; `None` where the batch is gone, or cannot be read.
    pub(super) async fn status(&self, client: &Client, call: &BatchCallReference) -> Result<Option<RecipientStatus>> {
        let now = client.clock().now();
        let known = self.known(&call.batch_call_id, now);
        let recipient = |recipients: &HashMap<_, _>| recipients.get(&call.batch_call_recipient_id).cloned();
        if let Some(status) = known.as_deref().and_then(recipient)
            && is_final(&status)
        {
            return Ok(Some(status));
        }
        let batch = match client.batch_calls().get(&call.batch_call_id).await {
            Ok(batch) => batch,
            // Gone, or too long to be read: the call is told of without it.
            Err(error) if error.outcome() == Outcome::Rejected && error.status() == Some(404) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Decode => return Ok(None),
            Err(error) => return Err(error),
        };
        let recipients: HashMap<_, _> =
            batch.recipients.into_iter().map(|recipient| (recipient.id, recipient.status)).collect();
        let status = recipient(&recipients);
        self.remember(batch.id, Asked { at: now, recipients: Arc::new(recipients) });
        Ok(status)
    }

    fn known(&self, batch: &str, now: OffsetDateTime) -> Option<Arc<HashMap<String, RecipientStatus>>> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.get(batch).filter(|asked| now - asked.at < GOOD_FOR)?;
        Some(Arc::clone(&asked.recipients))
    }

    fn remember(&self, batch: String, answer: Asked) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= REMEMBERED {
            let newest = answer.at;
            asked.retain(|_, asked| newest - asked.at < GOOD_FOR);
        }
        if asked.len() < REMEMBERED {
            asked.insert(batch, answer);
        }
    }
}

/// Whether nothing of it changes any more.
fn is_final(status: &RecipientStatus) -> bool {
    use RecipientStatus::{Cancelled, Completed, Failed, Voicemail};
    matches!(status, Completed | Failed | Cancelled | Voicemail)
}

//! Marking messages as read: ours first, then the other party's app, where it can be told.

use comms_core::{
    ErrorKind, MessageId, Problem, UserId,
    history::{HistoryEntry, Scope},
};

use crate::{Engine, EngineError, metrics, settle};

/// What became of marking a message as read.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkedRead {
    /// Whether it was unread until now.
    pub changed: bool,
    /// Whether the other party was told.
    pub receipt: ReadReceipt,
}

/// Whether the other party was told that we read their message.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadReceipt {
    /// They were.
    Sent,
    /// It was read before: they were told then.
    NotNeeded,
    /// The channel has no read receipts.
    Unsupported,
    /// The provider refused or failed. It is not tried again: the message is read all the same.
    Failed(Problem),
}

impl Engine {
    /// Marks an inbound message, and those before it in its conversation, as read by a user; then tells the other party,
    /// where nobody had read it.
    ///
    /// # Errors
    /// [`EngineError::Store`] alone: `NotFound` outside of the scope. What the provider says is in the
    /// [receipt](MarkedRead::receipt).
    pub async fn mark_read(&self, scope: &Scope, user: &UserId, message: MessageId) -> Result<MarkedRead, EngineError> {
        let repository = self.repository();
        if !repository.mark_read(scope, user, message, self.now()).await? {
            return Ok(MarkedRead { changed: false, receipt: ReadReceipt::NotNeeded });
        }
        // Of a conversation that is given to them a seller sees all: the organisation's scope, as the store has checked.
        let whole = Scope { organization: scope.organization.clone(), seller: None };
        let entry = repository.message(&whole, message).await?.entry;
        let receipt = self.tell(&entry).await;
        metrics::read_receipt(match &receipt {
            ReadReceipt::Sent => "sent",
            ReadReceipt::Failed(_) => "failed",
            ReadReceipt::NotNeeded | ReadReceipt::Unsupported => "unsupported",
        });
        Ok(MarkedRead { changed: true, receipt })
    }

    async fn tell(&self, entry: &HistoryEntry) -> ReadReceipt {
        let (Some(account), Some(provider_id)) = (&entry.account, &entry.provider_id) else {
            return ReadReceipt::Unsupported;
        };
        let told = match self.channels().resolve(account).await {
            Ok(channel) => channel.mark_read(provider_id).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => ReadReceipt::Sent,
            Err(error) if error.kind() == ErrorKind::Unsupported => ReadReceipt::Unsupported,
            Err(error) => {
                tracing::warn!(message = %entry.message, %error, "the read receipt was not sent");
                ReadReceipt::Failed(settle::problem(&error, error.message().to_owned()))
            }
        }
    }
}

//! Ending calls while they take place.

use comms_core::{Content, MessageId, Status, history::Scope};

use crate::{Engine, EngineError};

impl Engine {
    /// Hangs a call up, or withdraws it while it rings. How it ended is told by the provider's statuses. One that has ended
    /// is left alone.
    ///
    /// # Errors
    /// [`EngineError::NoCall`] where the message is no call that the provider knows and can end, [`EngineError::Provider`]
    /// where it does not end it, [`EngineError::Store`]: `NotFound` outside of the scope.
    pub async fn hang_up(&self, scope: &Scope, message: MessageId) -> Result<(), EngineError> {
        let entry = self.repository().message(scope, message).await?.entry;
        let (Some(Content::Call(_)), Some(account)) = (&entry.content, &entry.account) else {
            return Err(EngineError::NoCall);
        };
        if has_ended(entry.status) {
            return Ok(());
        }
        let provider_id = entry.provider_id.as_deref().ok_or(EngineError::NoCall)?;
        let channel = self.channel(account).await?;
        let calls = channel.calls().ok_or(EngineError::NoCall)?;
        calls.hang_up(provider_id).await.map_err(EngineError::Provider)
    }
}

fn has_ended(status: Status) -> bool {
    status.rank() >= Status::CallEnded.rank()
}

//! Sending a message again that failed: a new message that names the old one.

use comms_core::{
    AccountId, Direction, Found, MessageId, Outbound, Probe, Status, UserId,
    history::{Conclusion, DeliveryMode, MessageDetail, Scope},
};

use crate::{Engine, EngineError, Sent, mail, send::Prepared};

impl Engine {
    /// Sends a failed message again: the same content to the same recipient from the same account, as a new message with
    /// `retry_of`. Every rule applies as to a first send.
    ///
    /// A message is tried again once: whoever asks twice gets the answer of the first time, and where that one failed as
    /// well it is that one which is tried again. A message whose outcome is unknown is first looked for at the provider:
    /// found, it is settled and nothing is sent; proved not there, it is sent; without a proof it is sent only where
    /// `force` says that the caller accepts that it may arrive twice.
    ///
    /// # Errors
    /// [`EngineError::NotRetryable`] for a message that is under way, arrived or inbound, [`EngineError::OutcomeUnknown`]
    /// without a proof; otherwise as [`Engine::send`].
    pub async fn retry(
        &self,
        scope: &Scope,
        user: &UserId,
        message: MessageId,
        force: bool,
    ) -> Result<Sent, EngineError> {
        let (newest, repeated) = self.newest(scope, user, message).await?;
        let status = newest.entry.status;
        match status {
            Status::Failed | Status::Expired | Status::CallFailed => {}
            Status::Unknown => {
                if let Some(settled) = self.settle_unknown(&newest, force).await? {
                    return Ok(settled);
                }
            }
            _ if repeated => {
                return Ok(Sent {
                    message: newest.entry.message,
                    status,
                    problem: newest.entry.problem,
                    repeated: true,
                });
            }
            _ => return Err(EngineError::NotRetryable(status)),
        }
        self.again(scope, user, newest).await
    }

    /// The last message of the chain of retries that begins with this one, and whether it is another one.
    async fn newest(
        &self,
        scope: &Scope,
        user: &UserId,
        message: MessageId,
    ) -> Result<(MessageDetail, bool), EngineError> {
        let mut newest = self.repository().message(scope, message).await?;
        let mut repeated = false;
        while let Some(next) = self
            .repository()
            .accepted_before(&scope.organization, user, &key(newest.entry.message), &fingerprint(newest.entry.message))
            .await?
        {
            newest = self.repository().message(scope, next).await?;
            repeated = true;
        }
        Ok((newest, repeated))
    }

    /// What the provider proves of a message of unknown outcome. `None` = it may be sent again.
    async fn settle_unknown(&self, detail: &MessageDetail, force: bool) -> Result<Option<Sent>, EngineError> {
        let entry = &detail.entry;
        let channel = self.channel(account(detail)?).await?;
        let probe = Probe {
            id: entry.message,
            provider_id: entry.provider_id.clone(),
            to: detail.address.clone(),
            attempted_at: entry.created_at,
        };
        match channel.find(&probe).await {
            Ok(Found::NotFound) => Ok(None),
            Ok(Found::Found(receipt)) => {
                let status = receipt.status;
                let conclusion = Conclusion {
                    message: entry.message,
                    claim: None,
                    status,
                    receipt: Some(receipt),
                    problem: None,
                    due_at: None,
                    now: self.now(),
                };
                self.repository().conclude(conclusion).await?;
                Ok(Some(Sent { message: entry.message, status, problem: None, repeated: true }))
            }
            Ok(Found::CannotTell) | Err(_) if force => Ok(None),
            Ok(Found::CannotTell) => Err(EngineError::OutcomeUnknown),
            Err(error) => Err(EngineError::Provider(error)),
        }
    }

    async fn again(&self, scope: &Scope, user: &UserId, failed: MessageDetail) -> Result<Sent, EngineError> {
        let account = account(&failed)?.clone();
        let (entry, address) = (failed.entry, failed.address);
        let content = entry
            .content
            .filter(|_| entry.direction == Direction::Outbound)
            .ok_or(EngineError::NotRetryable(entry.status))?;
        let queue = self.queueing(&content, DeliveryMode::default(), (None, None))?;
        let mut message = Outbound::new(address, content);
        message.reply_to = failed.reply_to;
        mail::sign_again(&mut message, &account);
        let channel = self.channel(&account).await?;
        self.check_personal(channel.as_ref(), &scope.organization, user).await?;
        let mut prepared = Prepared {
            channel,
            organization: scope.organization.clone(),
            user: user.clone(),
            links: entry.links,
            message,
            idempotency_key: Some(key(entry.message)),
            request_hash: fingerprint(entry.message),
            retry_of: Some(entry.message),
            queue,
        };
        self.check(scope, &mut prepared).await?;
        self.attempt(prepared).await
    }
}

/// Rows that another program wrote have no account: they are not ours to send.
fn account(detail: &MessageDetail) -> Result<&AccountId, EngineError> {
    detail.entry.account.as_ref().ok_or(EngineError::NotRetryable(detail.entry.status))
}

/// The idempotency key that makes two retries of one message one.
fn key(message: MessageId) -> String {
    format!("retry:{message}")
}

fn fingerprint(message: MessageId) -> String {
    message.to_string()
}

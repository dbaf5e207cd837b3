//! The desk: reading a conversation, answering in it, saying who a contact is. What has no rule is the store's alone.

use comms_core::{
    ChannelKind, ContactId, Content, ConversationId, MessageId, UserId,
    history::{Assignment, Links, RepositoryError, Scope},
};

use crate::{Engine, EngineError, MarkedRead, OwnFile, ReadReceipt, SendRequest};

/// An answer in a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplyRequest {
    /// The caller's organisation, and what they see of it.
    pub scope: Scope,
    /// Who answers.
    pub user: UserId,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub content: Content,
    /// Our id of the message that it quotes.
    pub reply_to: Option<MessageId>,
    /// Files of our own store that go with it.
    pub files: Vec<OwnFile>,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

impl ReplyRequest {
    /// An answer that quotes nothing.
    #[must_use]
    pub fn new(scope: Scope, user: UserId, conversation: ConversationId, content: Content) -> Self {
        Self { scope, user, conversation, content, reply_to: None, files: Vec::new(), idempotency_key: None }
    }
}

impl Engine {
    /// Where an answer in a conversation goes, as a request that can be [sent](Self::send): from the account that was written to,
    /// to the address that wrote last. Never to the contact as such, who may be known under many.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` for a conversation outside of the scope, or one in which there is no address.
    pub async fn reply(&self, request: ReplyRequest) -> Result<SendRequest, EngineError> {
        let answer = self.repository().answer_to(&request.scope, request.conversation).await?;
        let answer = answer.ok_or(EngineError::Store(RepositoryError::NotFound("an address to answer to")))?;
        let accounts = self.repository().accounts(Some(&request.scope.organization)).await?;
        let channel = accounts.iter().find(|one| one.id == answer.account).map(|one| one.channel);
        let channel: ChannelKind = channel.ok_or_else(|| EngineError::UnknownAccount(answer.account.clone()))?;
        let (mut reply_to, mut address) = (request.reply_to, answer.address);
        if channel == ChannelKind::Email {
            // In a thread something is always answered.
            reply_to = reply_to.or(Some(answer.last));
            address = self.answered_at(&request.scope, reply_to.filter(|_| answer.message.is_some()), address).await?;
        }
        let mut send = SendRequest::new(request.scope, request.user, channel, address, request.content);
        send.account = Some(answer.account);
        send.answers_in_thread = channel == ChannelKind::Email && request.reply_to.is_none();
        send.reply_to = reply_to;
        send.files = request.files;
        send.idempotency_key = request.idempotency_key;
        Ok(send)
    }

    /// Marks all that came in in a conversation as read by a user, and tells the other party where nobody had read it.
    ///
    /// # Errors
    /// [`EngineError::Store`]: `NotFound` outside of the scope.
    pub async fn mark_conversation_read(
        &self,
        scope: &Scope,
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<MarkedRead, EngineError> {
        let answer = self.repository().answer_to(scope, conversation).await?;
        match answer.and_then(|answer| answer.message) {
            Some(message) => self.mark_read(scope, user, message).await,
            None => Ok(MarkedRead { changed: false, receipt: ReadReceipt::NotNeeded }),
        }
    }

    /// Says what a contact belongs to, as a person decided it. What comes in from now on belongs to it.
    ///
    /// # Errors
    /// [`EngineError::LinkNotFound`] for what does not exist, [`EngineError::NotYours`] for another seller's;
    /// [`EngineError::Store`]: `NotFound` for a contact outside of the scope.
    pub async fn link_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        contact: ContactId,
        links: &Links,
    ) -> Result<(), EngineError> {
        self.check_links(scope, links).await?;
        let owners = self.repository().assignments(links).await?;
        let owner = owners.into_iter().find_map(|assignment| match assignment {
            Assignment::Owner(owner) => owner,
            Assignment::Trusted | Assignment::Missing => None,
        });
        Ok(self.repository().link_contact(scope, user, contact, links, owner.as_ref(), self.now()).await?)
    }
}

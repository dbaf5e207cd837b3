//! The desk of the store in memory: reading and answering; nobody works with the rest here.

use async_trait::async_trait;
use comms_core::{
    ContactId, ConversationId, Direction, MessageId, OrganizationId, Status, UserId,
    history::{
        AnswerTo, Contact, ContactFilter, ContactPage, Conversation, ConversationFilter, ConversationPage,
        ConversationState, DeskKey, DeskRepository, HistoryPage, Links, Note, NotePage, PageKey, RepositoryError,
        RepositoryResult, Scope,
    },
};
use time::OffsetDateTime;

use crate::fake_repository::FakeRepository;

const NOTHING: RepositoryError = RepositoryError::NotFound("desk");

#[async_trait]
impl DeskRepository for FakeRepository {
    async fn conversations(
        &self,
        _: &Scope,
        _: Option<&UserId>,
        _: &ConversationFilter,
    ) -> RepositoryResult<ConversationPage> {
        Ok(ConversationPage { entries: Vec::new(), next: None })
    }

    async fn conversation(&self, _: &Scope, _: Option<&UserId>, _: ConversationId) -> RepositoryResult<Conversation> {
        Err(NOTHING)
    }

    async fn conversation_messages(
        &self,
        _: &Scope,
        _: ConversationId,
        _: Option<PageKey>,
        _: u16,
    ) -> RepositoryResult<HistoryPage> {
        Err(NOTHING)
    }

    /// Every message is of one conversation.
    async fn answer_to(&self, scope: &Scope, _: ConversationId) -> RepositoryResult<Option<AnswerTo>> {
        let state = self.call("answer_to")?;
        let theirs = state.messages.values().map(|row| &row.detail);
        let mut theirs = theirs.filter(|detail| detail.entry.organization == scope.organization);
        let last = theirs.rfind(|detail| detail.entry.direction == Direction::Inbound);
        Ok(last.map(|detail| AnswerTo {
            account: detail.entry.account.clone().unwrap(),
            channel: detail.entry.channel.clone(),
            address: detail.address.clone(),
            message: Some(detail.entry.message),
            last: detail.entry.message,
        }))
    }

    async fn mark_read(&self, scope: &Scope, _: &UserId, id: MessageId, _: OffsetDateTime) -> RepositoryResult<bool> {
        let mut state = self.call("mark_read(store)")?;
        state.message(&scope.organization, id)?;
        let entry = &mut state.messages.get_mut(&id).unwrap().detail.entry;
        let changed = entry.status == Status::Received;
        entry.status = Status::Read;
        Ok(changed)
    }

    async fn decide(
        &self,
        _: &Scope,
        _: &UserId,
        _: ConversationId,
        _: ConversationState,
        _: Option<OffsetDateTime>,
        _: OffsetDateTime,
    ) -> RepositoryResult<ConversationState> {
        Err(NOTHING)
    }

    async fn assign(
        &self,
        _: &Scope,
        _: &UserId,
        _: ConversationId,
        _: Option<&UserId>,
        _: OffsetDateTime,
    ) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn wake(&self, _: Option<&OrganizationId>, _: OffsetDateTime) -> RepositoryResult<u64> {
        self.call("wake").map(|_| 0)
    }

    async fn add_note(
        &self,
        _: &Scope,
        _: &UserId,
        _: ConversationId,
        _: &str,
        _: OffsetDateTime,
    ) -> RepositoryResult<Note> {
        Err(NOTHING)
    }

    async fn notes(&self, _: &Scope, _: ConversationId, _: Option<DeskKey>, _: u16) -> RepositoryResult<NotePage> {
        Err(NOTHING)
    }

    async fn contacts(&self, _: &Scope, _: &ContactFilter) -> RepositoryResult<ContactPage> {
        Ok(ContactPage { entries: Vec::new(), next: None })
    }

    async fn contact(&self, _: &Scope, _: ContactId) -> RepositoryResult<Contact> {
        Err(NOTHING)
    }

    async fn rename_contact(
        &self,
        _: &Scope,
        _: &UserId,
        _: ContactId,
        _: Option<&str>,
        _: OffsetDateTime,
    ) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn join_contacts(
        &self,
        _: &Scope,
        _: &UserId,
        _: ContactId,
        _: ContactId,
        _: OffsetDateTime,
    ) -> RepositoryResult<ContactId> {
        Err(NOTHING)
    }

    async fn separate_contact(&self, _: &Scope, _: &UserId, _: ContactId, _: OffsetDateTime) -> RepositoryResult<()> {
        Err(NOTHING)
    }

    async fn link_contact(
        &self,
        _: &Scope,
        _: &UserId,
        _: ContactId,
        _: &Links,
        owner: Option<&UserId>,
        _: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.call(if owner.is_some() { "link_contact(owned)" } else { "link_contact" }).map(|_| ())
    }
}

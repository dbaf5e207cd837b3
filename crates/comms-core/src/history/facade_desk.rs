//! The desk over this engine.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{
    super::statements::{
        contacts::{self, Change, Changed},
        desk::{self, Decision},
        desk_pages, history, mail,
    },
    EngineRepository,
};
use crate::{
    ContactId, ConversationId, MessageId, OrganizationId, UserId,
    history::{
        AnswerTo, Contact, ContactFilter, ContactPage, Conversation, ConversationFilter, ConversationPage,
        ConversationState, DeskKey, DeskRepository, HistoryFilter, HistoryPage, Links, Note, NotePage, PageKey,
        Repository, RepositoryError, RepositoryResult, Scope,
        sql_types::{Instant, Uid},
    },
};

const NO_CONVERSATION: RepositoryError = RepositoryError::NotFound("the conversation");
const NO_CONTACT: RepositoryError = RepositoryError::NotFound("the contact");

impl EngineRepository {
    /// Changes a contact that the caller sees.
    async fn change_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        change: Change,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContactId> {
        self.contact(scope, id).await?;
        if let Change::Join(other) = &change {
            self.contact(scope, *other).await?;
        }
        let (scope, user, now) = (scope.clone(), user.clone(), Instant::of(now));
        match write!(self, |conn| contacts::change(conn, &scope, &user, id, &change, now))? {
            Changed::Done(person, cursor) => {
                self.shared.grew(cursor);
                Ok(person)
            }
            Changed::Missing => Err(NO_CONTACT),
            Changed::Contradicted => {
                Err(RepositoryError::Conflict("the contacts are one person already, or were not joined".to_owned()))
            }
        }
    }

    /// Whether a message is of a conversation that is assigned to the seller.
    async fn given(&self, scope: &Scope, id: MessageId, what: &'static str) -> RepositoryResult<()> {
        let whole = Scope { organization: scope.organization.clone(), seller: None };
        let entry = self.message(&whole, id).await?.entry;
        let Some(conversation) = entry.conversation else {
            return Err(RepositoryError::NotFound(what));
        };
        let conversation = self.conversation(&whole, None, conversation).await?;
        if conversation.assignee == scope.seller { Ok(()) } else { Err(RepositoryError::NotFound(what)) }
    }
}

#[async_trait]
impl DeskRepository for EngineRepository {
    async fn conversations(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        filter: &ConversationFilter,
    ) -> RepositoryResult<ConversationPage> {
        self.wake(Some(&scope.organization), self.now()).await?;
        let mut filter = filter.clone();
        if let Some(contact) = filter.contact {
            let scope = scope.clone();
            let person = read!(self, |conn| contacts::person_of(conn, &scope, contact))?.ok_or(NO_CONTACT)?;
            filter.contact = Some(ContactId(person.0));
        }
        let (scope, user, shared) = (scope.clone(), user.cloned(), self.shared.clone());
        read!(self, |conn| desk_pages::page(conn, &shared.directory, &scope, user.as_ref(), &filter))
    }

    async fn conversation(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        id: ConversationId,
    ) -> RepositoryResult<Conversation> {
        self.wake(Some(&scope.organization), self.now()).await?;
        let (scope, user, shared) = (scope.clone(), user.cloned(), self.shared.clone());
        read!(self, |conn| async {
            if let Some(found) = desk_pages::one(conn, &shared.directory, &scope, user.as_ref(), id).await? {
                return Ok(Some(found));
            }
            match mail::standing(conn, Uid(id.0)).await? {
                Some(other) => {
                    let id = ConversationId(other.0);
                    desk_pages::one(conn, &shared.directory, &scope, user.as_ref(), id).await
                }
                None => Ok(None),
            }
        })?
        .ok_or(NO_CONVERSATION)
    }

    async fn conversation_messages(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<PageKey>,
        limit: u16,
    ) -> RepositoryResult<HistoryPage> {
        let conversation = self.conversation(scope, None, id).await?;
        let mut scope = scope.clone();
        if conversation.assignee == scope.seller {
            scope.seller = None;
        }
        let filter = HistoryFilter { conversation: Some(conversation.id), after, limit, ..HistoryFilter::default() };
        let shared = self.shared.clone();
        read!(self, |conn| history::page(conn, &shared.directory, &scope, &filter))
    }

    async fn answer_to(&self, scope: &Scope, id: ConversationId) -> RepositoryResult<Option<AnswerTo>> {
        let id = self.conversation(scope, None, id).await?.id;
        read!(self, |conn| desk_pages::answer_to(conn, id))
    }

    async fn mark_read(
        &self,
        scope: &Scope,
        user: &UserId,
        id: MessageId,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        match self.message(scope, id).await {
            Ok(_) => {}
            // Of a conversation that is given to them a seller reads all.
            Err(RepositoryError::NotFound(what)) if scope.seller.is_some() => self.given(scope, id, what).await?,
            Err(error) => return Err(error),
        }
        let user = user.clone();
        let (read, cursor) = write!(self, |conn| desk::mark_read(conn, &user, id, Instant::of(now)))?;
        self.shared.grew(cursor);
        Ok(read > 0)
    }

    async fn decide(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ConversationId,
        state: ConversationState,
        until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> RepositoryResult<ConversationState> {
        self.conversation(scope, None, id).await?;
        let decision = Decision { user: user.clone(), id, state, until: until.map(Instant::of), now: Instant::of(now) };
        let (state, cursor) = write!(self, |conn| desk::decide(conn, &decision))?.ok_or(NO_CONVERSATION)?;
        self.shared.grew(cursor);
        Ok(state)
    }

    async fn assign(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ConversationId,
        assignee: Option<&UserId>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.conversation(scope, None, id).await?;
        let (user, assignee, now) = (user.clone(), assignee.map(|user| user.as_str().to_owned()), Instant::of(now));
        let cursor = write!(self, |conn| desk::assign(conn, id, &user, assignee.as_deref(), now))?;
        self.shared.grew(cursor.ok_or(NO_CONVERSATION)?);
        Ok(())
    }

    async fn wake(&self, organization: Option<&OrganizationId>, now: OffsetDateTime) -> RepositoryResult<u64> {
        let (organization, now) = (organization.map(|one| one.as_str().to_owned()), Instant::of(now));
        let asked = organization.clone();
        if !read!(self, |conn| desk::any_asleep(conn, asked, now))? {
            return Ok(0);
        }
        let (woken, cursor) = write!(self, |conn| desk::wake(conn, organization.as_deref(), now))?;
        self.shared.grew(cursor);
        Ok(woken)
    }

    async fn add_note(
        &self,
        scope: &Scope,
        author: &UserId,
        id: ConversationId,
        body: &str,
        now: OffsetDateTime,
    ) -> RepositoryResult<Note> {
        self.conversation(scope, None, id).await?;
        let (author, body, now) = (author.clone(), body.to_owned(), Instant::of(now));
        let noted = write!(self, |conn| desk::add_note(conn, id, &author, &body, now))?;
        let (note, cursor) = noted.ok_or(NO_CONVERSATION)?;
        self.shared.grew(cursor);
        Ok(note)
    }

    async fn notes(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<DeskKey>,
        limit: u16,
    ) -> RepositoryResult<NotePage> {
        self.conversation(scope, None, id).await?;
        read!(self, |conn| desk_pages::notes(conn, id, after, limit))
    }

    async fn contacts(&self, scope: &Scope, filter: &ContactFilter) -> RepositoryResult<ContactPage> {
        let (scope, filter, shared) = (scope.clone(), filter.clone(), self.shared.clone());
        read!(self, |conn| contacts::page(conn, &shared.directory, &scope, &filter))
    }

    async fn contact(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Contact> {
        let (scope, shared) = (scope.clone(), self.shared.clone());
        read!(self, |conn| contacts::one(conn, &shared.directory, &scope, id))?.ok_or(NO_CONTACT)
    }

    async fn rename_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        name: Option<&str>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.change_contact(scope, user, id, Change::Rename(name.map(str::to_owned)), now).await.map(|_| ())
    }

    async fn join_contacts(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        other: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContactId> {
        self.change_contact(scope, user, id, Change::Join(other), now).await
    }

    async fn separate_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.change_contact(scope, user, id, Change::Separate, now).await.map(|_| ())
    }

    async fn link_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        links: &Links,
        owner: Option<&UserId>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        let change = Change::Link(links.clone(), owner.cloned());
        self.change_contact(scope, user, id, change, now).await.map(|_| ())
    }
}

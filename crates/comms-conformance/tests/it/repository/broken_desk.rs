//! The desk of a repository, broken in one way.

use async_trait::async_trait;
use comms_core::{
    ContactId, ConversationId, MessageId, OrganizationId, UserId,
    history::{
        AnswerTo, Contact, ContactFilter, ContactPage, Conversation, ConversationFilter, ConversationPage,
        ConversationState, DeskKey, DeskRepository, HistoryPage, Links, Note, NotePage, PageKey, RepositoryResult,
        Scope,
    },
};
use time::OffsetDateTime;

use super::{
    broken::Broken,
    flaw::{Flaw, Method},
};

#[async_trait]
impl DeskRepository for Broken {
    async fn conversations(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        filter: &ConversationFilter,
    ) -> RepositoryResult<ConversationPage> {
        let mut filter = filter.clone();
        match self.flaw {
            Flaw::IgnoresFilters => {
                filter = ConversationFilter { after: filter.after, limit: filter.limit, ..Default::default() };
            }
            Flaw::IgnoresLimits => filter.limit = 200,
            _ => {}
        }
        let user = user.filter(|_| !self.has(Flaw::CountsForEverybody));
        let mut page = ConversationPage { entries: Vec::new(), next: None };
        for scope in self.scopes(Method::Conversations, scope).await? {
            let part = self.inner.conversations(&scope, user, &filter).await?;
            page.next = part.next;
            page.entries.extend(part.entries);
        }
        if self.has(Flaw::RepeatsTheLastRow)
            && let ([.., before, _], true) = (page.entries.as_slice(), page.next.is_some())
        {
            page.next = Some(DeskKey { at: before.last_message_at, id: before.id.0 });
        }
        if self.has(Flaw::StaysClosed) {
            let closed = self.closed();
            page.entries.iter_mut().filter(|one| closed.contains(&one.id)).for_each(|one| {
                one.state = ConversationState::Closed;
            });
        }
        Ok(page)
    }

    async fn conversation(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        id: ConversationId,
    ) -> RepositoryResult<Conversation> {
        let user = user.filter(|_| !self.has(Flaw::CountsForEverybody));
        let mut found = self
            .any(Method::Conversation, scope, |scope| async move { self.inner.conversation(&scope, user, id).await })
            .await?;
        if self.has(Flaw::StaysClosed) && self.closed().contains(&id) {
            found.state = ConversationState::Closed;
        }
        if self.has(Flaw::ForgetsAssignees) {
            found.assignee = None;
        }
        Ok(found)
    }

    async fn conversation_messages(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<PageKey>,
        limit: u16,
    ) -> RepositoryResult<HistoryPage> {
        self.any(Method::Conversation, scope, |scope| async move {
            self.inner.conversation_messages(&scope, id, after, limit).await
        })
        .await
    }

    async fn answer_to(&self, scope: &Scope, id: ConversationId) -> RepositoryResult<Option<AnswerTo>> {
        let mut answer = self
            .any(Method::Conversation, scope, |scope| async move { self.inner.answer_to(&scope, id).await })
            .await?;
        if self.has(Flaw::AnswersTheContact)
            && let Some(answer) = &mut answer
        {
            // As where an answer goes to any address of the person.
            let contact = self.inner.conversation(scope, None, id).await?.contact;
            let other = self.inner.contact(scope, contact).await?.identities;
            let other = other.into_iter().map(|identity| identity.address).find(|address| *address != answer.address);
            answer.address = other.unwrap_or_else(|| answer.address.clone());
        }
        Ok(answer)
    }

    async fn mark_read(
        &self,
        scope: &Scope,
        user: &UserId,
        id: MessageId,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let user = &if self.has(Flaw::ReadsForEverybody) { UserId::new("1") } else { user.clone() };
        let changed = self
            .any(Method::Mark, scope, |scope| async move { self.inner.mark_read(&scope, user, id, now).await })
            .await?;
        Ok(changed || self.has(Flaw::MarksAgain) || self.has(Flaw::MarksCalls))
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
        if state == ConversationState::Closed {
            self.close_for_good(id);
        }
        // As where the hour of a decision does not count.
        let later = if self.has(Flaw::DecidesLast) { time::Duration::hours(1) } else { time::Duration::ZERO };
        self.any(Method::Decision, scope, |scope| async move {
            self.inner.decide(&scope, user, id, state, until, now + later).await
        })
        .await
    }

    async fn assign(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ConversationId,
        assignee: Option<&UserId>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.any(
            Method::Decision,
            scope,
            |scope| async move { self.inner.assign(&scope, user, id, assignee, now).await },
        )
        .await
    }

    async fn wake(&self, organization: Option<&OrganizationId>, now: OffsetDateTime) -> RepositoryResult<u64> {
        if self.has(Flaw::SleepsOn) {
            return Ok(0);
        }
        self.inner.wake(organization, now).await
    }

    async fn add_note(
        &self,
        scope: &Scope,
        author: &UserId,
        id: ConversationId,
        body: &str,
        now: OffsetDateTime,
    ) -> RepositoryResult<Note> {
        self.any(Method::Notes, scope, |scope| async move { self.inner.add_note(&scope, author, id, body, now).await })
            .await
    }

    async fn notes(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<DeskKey>,
        limit: u16,
    ) -> RepositoryResult<NotePage> {
        let mut page = self
            .any(Method::Notes, scope, |scope| async move { self.inner.notes(&scope, id, after, limit).await })
            .await?;
        if self.has(Flaw::ForgetsAuthors) {
            page.entries.iter_mut().for_each(|note| note.author = UserId::new("0"));
        }
        Ok(page)
    }

    async fn contacts(&self, scope: &Scope, filter: &ContactFilter) -> RepositoryResult<ContactPage> {
        let mut filter = filter.clone();
        if self.has(Flaw::IgnoresFilters) {
            filter.text = None;
        }
        let mut page = ContactPage { entries: Vec::new(), next: None };
        for scope in self.scopes(Method::Contacts, scope).await? {
            let part = self.inner.contacts(&scope, &filter).await?;
            page.next = part.next;
            page.entries.extend(part.entries);
        }
        Ok(page)
    }

    async fn contact(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Contact> {
        let mut found =
            self.any(Method::Contacts, scope, |scope| async move { self.inner.contact(&scope, id).await }).await?;
        if self.has(Flaw::ResurrectsTheJoined) {
            // As where what comes in for a contact that was joined makes it stand for itself again.
            found.id = id;
            found.identities.retain(|identity| identity.contact == id);
        }
        Ok(found)
    }

    async fn rename_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        name: Option<&str>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        self.inner.rename_contact(scope, user, id, name, now).await
    }

    async fn join_contacts(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        other: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContactId> {
        if self.has(Flaw::JoinsAcross) {
            return Ok(id);
        }
        self.inner.join_contacts(scope, user, id, other, now).await
    }

    async fn separate_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        if self.has(Flaw::KeepsTheJoined) {
            return Ok(());
        }
        self.inner.separate_contact(scope, user, id, now).await
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
        let none = Links::default();
        let links = if self.has(Flaw::LearnsNothing) { &none } else { links };
        self.inner.link_contact(scope, user, id, links, owner, now).await
    }
}

//! The desk as the engine sees it: conversations, what each user has read, notes, contacts and who is joined with whom.

use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{HistoryPage, Links, PageKey, RepositoryResult, Scope};
use crate::{
    AccountId, Address, ChannelKind, ContactId, ConversationId, Direction, LeadId, MessageId, OrganizationId, Status,
    UserId,
};

/// How far a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConversationState {
    /// Somebody should answer.
    Open,
    /// It waits for something. A message does not change that.
    Pending,
    /// Put away until a time, or until the other party writes or calls.
    Snoozed,
    /// Done, until the other party writes or calls.
    Closed,
}

impl ConversationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Pending, Self::Snoozed, Self::Closed];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Snoozed => "snoozed",
            Self::Closed => "closed",
        }
    }
}

/// Where a page of conversations or contacts ended: the sort key of its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskKey {
    /// The time of the last message, or of a contact's first sight.
    pub at: OffsetDateTime,
    /// Which row it was, among those of the same moment.
    pub id: Uuid,
}

/// Which conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// In one of these states; in any where empty.
    pub states: Vec<ConversationState>,
    /// Assigned to this user, or to nobody (`Some(None)`).
    pub assignee: Option<Option<UserId>>,
    /// On this channel.
    pub channel: Option<ChannelKind>,
    /// With a message of this lead.
    pub lead: Option<LeadId>,
    /// With this contact, or one joined with them.
    pub contact: Option<ContactId>,
    /// With something that the caller has not read.
    pub unread: bool,
    /// With a person of this name or address, without regard to case and accents.
    pub text: Option<String>,
    /// After this row of the page before.
    pub after: Option<DeskKey>,
    /// How many, 1 to 200.
    pub limit: u16,
}

/// A conversation: of one contact with one account; on a channel of e-mail, one thread of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// By it messages, notes and events refer to it.
    pub id: ConversationId,
    /// The organisation.
    pub organization: OrganizationId,
    /// The account.
    pub account: AccountId,
    /// Its channel, as it is stored.
    pub channel: String,
    /// What it is about, for e-mail.
    pub subject: Option<String>,
    /// The contact that stands for the person.
    pub contact: ContactId,
    /// Their name.
    pub name: Option<String>,
    /// How far it is.
    pub state: ConversationState,
    /// Until when it is put away.
    pub snoozed_until: Option<OffsetDateTime>,
    /// Since when it is done.
    pub closed_at: Option<OffsetDateTime>,
    /// Who looks after it.
    pub assignee: Option<UserId>,
    /// How many messages the caller has not read; those that nobody has read where the caller is no user.
    pub unread: i32,
    /// The message that was said last, by its provider's clock; `None` where the caller may not see it.
    pub last_message: Option<LastMessage>,
    /// When the last message was stored.
    pub last_message_at: OffsetDateTime,
    /// When the other party last wrote or called, by the provider's clock.
    pub last_inbound_at: Option<OffsetDateTime>,
    /// Since when it is known.
    pub created_at: OffsetDateTime,
}

/// The last message of a conversation, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct LastMessage {
    /// The message's id, by which its whole text can be asked for.
    pub id: MessageId,
    /// Its direction.
    pub direction: Direction,
    /// The other party's address.
    pub counterpart: String,
    /// What it says.
    pub text: Option<String>,
    /// How far it came: the furthest of all reports.
    pub status: Status,
}

/// A page of conversations, the latest message first.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationPage {
    /// The rows.
    pub entries: Vec<Conversation>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<DeskKey>,
}

/// Where an answer goes: to the identity that wrote last, never to the contact as such.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerTo {
    /// The account that was written to.
    pub account: AccountId,
    /// Its channel, as it is stored.
    pub channel: String,
    /// The address that the last inbound message came from; of the last message of ours where none came in.
    pub address: Address,
    /// The last inbound message.
    pub message: Option<MessageId>,
    /// The message by which this was found: the last inbound one, else the last of ours.
    pub last: MessageId,
}

/// What a person writes beside a conversation. It is never sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Sets it apart from notes of the same moment.
    pub id: Uuid,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub author: UserId,
    /// What it says.
    pub body: String,
    /// When.
    pub created_at: OffsetDateTime,
}

/// A page of notes, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct NotePage {
    /// The notes.
    pub entries: Vec<Note>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<DeskKey>,
}

/// Which contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactFilter {
    /// With this in their name or an address, without regard to case and accents.
    pub text: Option<String>,
    /// After this row of the page before.
    pub after: Option<DeskKey>,
    /// How many, 1 to 200.
    pub limit: u16,
}

/// A person: a contact and those who are joined with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The contact that stands for them.
    pub id: ContactId,
    /// The organisation.
    pub organization: OrganizationId,
    /// Their name: as a person wrote it, else as they call themselves.
    pub name: Option<String>,
    /// The addresses under which our accounts know them.
    pub identities: Vec<Identity>,
    /// Directory entries that may be them, where several matched: for a person to decide.
    pub candidates: Vec<Candidate>,
    /// The contacts that were joined with this one.
    pub merged: Vec<MergedContact>,
    /// Since when they are known.
    pub created_at: OffsetDateTime,
}

/// An address under which an account knows a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The contact that it belongs to by itself.
    pub contact: ContactId,
    /// The account.
    pub account: AccountId,
    /// The address.
    pub address: Address,
    /// How they call themselves there.
    pub name: Option<String>,
    /// Their user name there.
    pub username: Option<String>,
    /// What it belongs to.
    pub links: Links,
    /// Whose it is.
    pub user: Option<UserId>,
}

/// A directory entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// `lead` or `client`.
    pub kind: String,
    /// The directory's own id, as it writes it: a number or a UUID in text.
    pub id: String,
}

/// A contact that was joined to another.
#[derive(Clone, Debug, PartialEq)]
pub struct MergedContact {
    /// The id that it had, and has again when the merge is undone.
    pub id: ContactId,
    /// What it was called, by a person here or by the provider.
    pub name: Option<String>,
    /// The contact that it was joined to.
    pub into: ContactId,
    /// When.
    pub at: OffsetDateTime,
    /// By whom.
    pub by: UserId,
}

/// A page of contacts, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactPage {
    /// The contacts.
    pub entries: Vec<Contact>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<DeskKey>,
}

/// Conversations and contacts, as a part of the [`Repository`](super::Repository).
///
/// A seller sees the conversations with a message that they see in the history, and those that are assigned to them; and the
/// contacts of these.
///
/// # Errors
/// As the repository's; [`RepositoryError::NotFound`](super::RepositoryError::NotFound) for what is outside of the scope.
#[async_trait]
pub trait DeskRepository: fmt::Debug + Send + Sync + 'static {
    /// A page of conversations as this user sees them, the latest message first.
    async fn conversations(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        filter: &ConversationFilter,
    ) -> RepositoryResult<ConversationPage>;

    /// One conversation as this user sees it.
    async fn conversation(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        id: ConversationId,
    ) -> RepositoryResult<Conversation>;

    /// A page of its messages, newest first: to whom it is assigned sees all of them, else those of the scope.
    async fn conversation_messages(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<PageKey>,
        limit: u16,
    ) -> RepositoryResult<HistoryPage>;

    /// Where an answer goes; `None` where nothing was ever written to or by an address.
    async fn answer_to(&self, scope: &Scope, id: ConversationId) -> RepositoryResult<Option<AnswerTo>>;

    /// Marks an inbound message, and those before it in its conversation, as read by this user; the messages themselves as read
    /// by us. Returns whether a message was read by nobody until now.
    async fn mark_read(
        &self,
        scope: &Scope,
        user: &UserId,
        id: MessageId,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool>;

    /// Sets the state, at this time. Returns the state in which the conversation is then: a message that came in later than
    /// `now` has opened it again, and of two decisions the later stands.
    async fn decide(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ConversationId,
        state: ConversationState,
        until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> RepositoryResult<ConversationState>;

    /// Gives it to a user, or to nobody.
    async fn assign(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ConversationId,
        assignee: Option<&UserId>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;

    /// Opens again what was put away until now or before, of one organisation or of all. Returns how many.
    async fn wake(&self, organization: Option<&OrganizationId>, now: OffsetDateTime) -> RepositoryResult<u64>;

    /// Adds a note.
    async fn add_note(
        &self,
        scope: &Scope,
        author: &UserId,
        id: ConversationId,
        body: &str,
        now: OffsetDateTime,
    ) -> RepositoryResult<Note>;

    /// A page of notes, newest first.
    async fn notes(
        &self,
        scope: &Scope,
        id: ConversationId,
        after: Option<DeskKey>,
        limit: u16,
    ) -> RepositoryResult<NotePage>;

    /// A page of contacts, newest first.
    async fn contacts(&self, scope: &Scope, filter: &ContactFilter) -> RepositoryResult<ContactPage>;

    /// One contact. The id of one that was joined to another gives the other.
    async fn contact(&self, scope: &Scope, id: ContactId) -> RepositoryResult<Contact>;

    /// Names a contact; `None` = as they call themselves.
    async fn rename_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        name: Option<&str>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;

    /// Joins `other` (and who was joined to them) to a contact: one person from now on. Returns the contact that stands for
    /// them. Fails with [`Conflict`](super::RepositoryError::Conflict) where they are one already.
    async fn join_contacts(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        other: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<ContactId>;

    /// Takes back the joining of this contact: it is as if it had not been, and so is every other joining.
    /// Fails with [`Conflict`](super::RepositoryError::Conflict) where it is joined to none.
    async fn separate_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;

    /// Says what a contact belongs to, in place of what was learnt, and whose they are where `owner` is known. There are no
    /// candidates afterwards.
    async fn link_contact(
        &self,
        scope: &Scope,
        user: &UserId,
        id: ContactId,
        links: &Links,
        owner: Option<&UserId>,
        now: OffsetDateTime,
    ) -> RepositoryResult<()>;
}

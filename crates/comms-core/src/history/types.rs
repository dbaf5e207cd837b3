//! What goes into and comes out of the repository.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{ClaimToken, Delivery, Queueing};
use crate::{
    AccountId, Address, Batch, ChannelKind, ClientId, ContactId, Content, ContractId, ConversationId, Direction,
    LeadId, Links, MediaRef, MessageId, OrganizationId, Outbound, Problem, Receipt, Status, UserId, WebhookId,
    WebhookRequest,
};

/// Whose data a query may see. Every query is bound by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The organisation.
    pub organization: OrganizationId,
    /// A seller sees their own rows and those of what is assigned to them; `None` sees the whole organisation.
    pub seller: Option<UserId>,
}

/// A verified webhook, ready to be stored.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its id. A replay carries the id of the stored one and stores no second copy.
    pub id: WebhookId,
    /// Which parser reads it, for instance `whatsapp`.
    pub provider: String,
    /// The request as it arrived; `None` in a replay.
    pub request: Option<WebhookRequest>,
    /// When it arrived.
    pub received_at: OffsetDateTime,
    /// What the parser found.
    pub batch: Batch,
}

/// What became of a webhook. It is committed when this is returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Messages stored for the first time.
    pub messages: u32,
    /// Status events stored for the first time.
    pub statuses: u32,
    /// Other updates stored for the first time.
    pub updates: u32,
    /// Events that were known already.
    pub duplicates: u32,
    /// Events of accounts that nobody registered, kept raw until they are assigned.
    pub quarantined: u32,
    /// Events of accounts for which the sender does not speak, kept raw alone.
    pub foreign: u32,
}

/// A message that is about to be sent.
#[derive(Clone, Debug)]
pub struct NewOutbound {
    /// The organisation.
    pub organization: OrganizationId,
    /// The account that sends.
    pub account: AccountId,
    /// Its channel.
    pub channel: ChannelKind,
    /// Who sends.
    pub user: UserId,
    /// What it belongs to; learnt for the recipient's identity.
    pub links: Links,
    /// The message.
    pub message: Outbound,
    /// `Idempotency-Key` of the caller, made unique per user by the repository.
    pub idempotency_key: Option<String>,
    /// A hash of the request, to tell a repetition from another request under the same key.
    pub request_hash: String,
    /// The message that this one tries again.
    pub retry_of: Option<MessageId>,
    /// Now.
    pub now: OffsetDateTime,
    /// Until when the attempt may last; a row still `Sending` after it becomes `Unknown`.
    pub lease: Duration,
    /// When it is sent, how often it is tried, and who waits for it.
    pub queue: Queueing,
}

/// What [`Repository::accept`](super::Repository::accept) found.
#[derive(Clone, Debug)]
pub enum Accepted {
    /// Stored and claimed by the caller, who now makes the attempt.
    New(MessageId),
    /// Stored: it waits, in this state, `Scheduled` or `Queued`.
    Queued(MessageId, Status),
    /// The same request under the same key was accepted before: this is its message.
    Repeated(MessageId),
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The message.
    pub message: MessageId,
    /// The claim under which the attempt was made; `None` for what is known of a message without one.
    pub claim: Option<ClaimToken>,
    /// `Accepted` (or what the receipt says), `Failed` (`CallFailed` of a call), `Expired` or `Unknown`; `Queued` to be tried again.
    pub status: Status,
    /// The provider's answer, where there was one.
    pub receipt: Option<Receipt>,
    /// Why it failed, is unknown or is tried again.
    pub problem: Option<Problem>,
    /// When it is tried again (`Queued`) or looked for (`Unknown`); an unknown message without it is not looked for.
    pub due_at: Option<OffsetDateTime>,
    /// Now.
    pub now: OffsetDateTime,
}

/// Which part of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// Of this contract.
    pub contract: Option<ContractId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this conversation.
    pub conversation: Option<ConversationId>,
    /// Of these accounts; of every one where empty.
    pub accounts: Vec<AccountId>,
    /// With this id at the provider. Name the accounts too: their ids are looked up together.
    pub provider_id: Option<String>,
    /// On this channel.
    pub channel: Option<ChannelKind>,
    /// In this direction.
    pub direction: Option<Direction>,
    /// In one of these states; any where empty.
    pub statuses: Vec<Status>,
    /// At or after.
    pub from: Option<OffsetDateTime>,
    /// Before.
    pub until: Option<OffsetDateTime>,
    /// Containing this text, without regard to case and accents.
    pub text: Option<String>,
    /// Only messages that nobody has [discarded](super::Repository::discard) or tried again.
    pub undiscarded: bool,
    /// After this row of the page before.
    pub after: Option<PageKey>,
    /// How many, 1 to 200.
    pub limit: u16,
}

/// Where a page ended: the sort key of its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageKey {
    /// When that row was stored, UTC: what pages are ordered by first.
    pub created_at: OffsetDateTime,
    /// Which row it was, among those of the same moment.
    pub id: MessageId,
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Our id.
    pub message: MessageId,
    /// `comunicaciones.id`; `None` while the row waits for its owner.
    pub id: Option<i32>,
    /// The organisation.
    pub organization: OrganizationId,
    /// The account; `None` for a row that another program wrote.
    pub account: Option<AccountId>,
    /// What it belongs to.
    pub links: Links,
    /// Whose it is.
    pub user: Option<UserId>,
    /// The channel, or another program's word for one.
    pub channel: String,
    /// The direction.
    pub direction: Direction,
    /// The other party's address.
    pub counterpart: String,
    /// What it says, to be read by a person; of a long text its [beginning](Self::is_cut).
    pub text: Option<String>,
    /// The whole content; `None` for a row that another program wrote. Of an e-mail it is told where the message is asked for by itself, not
    /// in lists: a mail may be longer than all else of a page.
    pub content: Option<Content>,
    /// How far it came: the furthest of all reports, whatever their order.
    pub status: Status,
    /// What `comunicaciones.estado` says where another program wrote a word there that is not this state's.
    pub foreign_status: Option<String>,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Seconds that the parties talked, for calls: the longest that any report told.
    pub duration_seconds: Option<i32>,
    /// Who or what answered a call, in the provider's words, for instance `human`.
    pub answered_by: Option<String>,
    /// When it was stored.
    pub created_at: OffsetDateTime,
    /// Why it failed or is unknown.
    pub problem: Option<Problem>,
    /// The conversation.
    pub conversation: Option<ConversationId>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// How it stands in the queue, where it waits in it.
    pub delivery: Option<Delivery>,
}

impl HistoryEntry {
    /// The longest text that is shown whole, in bytes: many times a message of any channel but e-mail.
    pub const LONGEST_TEXT: usize = 64 * 1024;

    /// Whether the text is the beginning of a longer one, which stands in the content of the message. What another program wrote is shown
    /// as it is.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.account.is_some() && self.text.as_ref().is_some_and(|text| text.len() > Self::LONGEST_TEXT)
    }
}

/// A page of the history, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The rows.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<PageKey>,
}

/// Everything known of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDetail {
    /// Its row.
    pub entry: HistoryEntry,
    /// Every status event, oldest first.
    pub events: Vec<StatusEvent>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// The message that it tries again.
    pub retry_of: Option<MessageId>,
    /// What else the provider said.
    pub extra: Option<Value>,
    /// When the other party wrote, by the provider's clock.
    pub occurred_at: Option<OffsetDateTime>,
    /// The kind and value of the other party's address.
    pub address: Address,
}

/// One report on a message.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusEvent {
    /// What it means; `None` for a word that is not understood.
    pub status: Option<Status>,
    /// The provider's word.
    pub provider_status: String,
    /// When, by the provider's clock (ours for our own steps).
    pub occurred_at: OffsetDateTime,
    /// When it was stored.
    pub recorded_at: OffsetDateTime,
    /// Why.
    pub problem: Option<Problem>,
    /// The seconds that it tells of.
    pub duration_seconds: Option<i32>,
    /// Who or what answered, by its word.
    pub answered_by: Option<String>,
    /// What else the provider said.
    pub extra: Option<Value>,
}

/// A file that belongs to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// By it the file is fetched from the server.
    pub id: uuid::Uuid,
    /// The message.
    pub message: MessageId,
    /// `image`, `audio`, `voice`, `video`, `document`, `sticker`.
    pub kind: String,
    /// The media type.
    pub mime_type: Option<String>,
    /// The file's name.
    pub filename: Option<String>,
    /// Its size in bytes, once it is here.
    pub size: Option<i64>,
    /// Whether it is here.
    pub state: AttachmentState,
    /// Its key in the blob store, once it is here.
    pub blob_key: Option<String>,
    /// Why it is not here.
    pub error: Option<String>,
}

/// How far an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentState {
    /// To be fetched.
    Pending,
    /// In the blob store.
    Stored,
    /// Given up, with the reason.
    Failed,
}

/// A file to be fetched now. The claim ends by itself when the lease does.
#[derive(Clone, Debug)]
pub struct MediaJob {
    /// The attachment.
    pub id: uuid::Uuid,
    /// The organisation, the first part of the blob's key.
    pub organization: OrganizationId,
    /// The account that can fetch it.
    pub account: AccountId,
    /// Where it is at the provider.
    pub source: MediaRef,
    /// The media type that the provider named.
    pub mime_type: Option<String>,
    /// The provider's hash of the bytes, as it gave it: what arrives is compared with it.
    pub sha256: Option<String>,
    /// The webhook that told of it, for a file that came inside of it.
    pub webhook: Option<WebhookId>,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

/// How fetching a file ended.
#[derive(Clone, Debug)]
pub enum MediaOutcome {
    /// It is in the blob store.
    Stored {
        /// Its key there.
        blob_key: String,
        /// Its size in bytes.
        size: i64,
        /// Its media type as served.
        mime_type: Option<String>,
        /// Its SHA-256 in hexadecimal.
        sha256: String,
    },
    /// To be tried again.
    Retry {
        /// When.
        at: OffsetDateTime,
        /// Why it failed this time.
        error: String,
    },
    /// Given up.
    Failed {
        /// Why.
        error: String,
    },
}

/// One of our numbers, pages or mailboxes.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its provider and the provider's own id, as in `whatsapp:106540352242922`.
    pub id: AccountId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its channel.
    pub channel: ChannelKind,
    /// What people call it.
    pub name: Option<String>,
    /// The account above it, whose events concern it too: `waba:…`, `twilio:AC…`. Where accounts of several organisations name
    /// one, its events are kept raw until it is registered itself as an account of one of them.
    pub parent: Option<AccountId>,
    /// Who owns what nobody else does.
    pub owner: Option<UserId>,
    /// The number that calls show.
    pub caller_id: Option<String>,
    /// Whether it is used.
    pub active: bool,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// As the tokens of its users name it.
    pub id: OrganizationId,
    /// What people call it; two may be called alike.
    pub name: String,
}

/// A token with which another back end calls us. Only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    /// By it the token is revoked.
    pub id: uuid::Uuid,
    /// The organisation that it acts for.
    pub organization: OrganizationId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Since when it is void.
    pub revoked_at: Option<OffsetDateTime>,
}

/// Webhooks of an account that nobody registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedAccount {
    /// The account as the provider names it.
    pub account: AccountId,
    /// How many webhooks wait.
    pub webhooks: i64,
    /// Since when.
    pub since: OffsetDateTime,
}

/// Which stored webhooks.
#[derive(Clone, Debug, Default)]
pub struct WebhookFilter {
    /// Of this provider.
    pub provider: Option<String>,
    /// Arrived at or after.
    pub from: Option<OffsetDateTime>,
    /// Arrived before.
    pub until: Option<OffsetDateTime>,
    /// Only those with a part that could not be read.
    pub problems_only: bool,
    /// Only those that wait for this account to be registered.
    pub quarantined: Option<AccountId>,
    /// After this one of the page before.
    pub after: Option<WebhookId>,
    /// How many.
    pub limit: u16,
}

/// A row of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    /// Its place: no two are equal, and a reader who saw one has seen all before it.
    pub cursor: i64,
    /// The organisation.
    pub organization: OrganizationId,
    /// `message`, `status`, `recording`, `identity`, `opt`, `changed`, `unknown`, `conversation`, `contact`.
    pub kind: String,
    /// The account.
    pub account: Option<AccountId>,
    /// The message.
    pub message: Option<MessageId>,
    /// The conversation.
    pub conversation: Option<ConversationId>,
    /// What happened, in short.
    pub payload: Value,
    /// When it was stored.
    pub created_at: OffsetDateTime,
}

/// An event of the log with what it concerns, for those who listen.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEvent {
    /// The event.
    pub event: LogEvent,
    /// Its message as the history shows it now; `None` where it concerns none, or one that is not known (any more).
    pub message: Option<HistoryEntry>,
    /// The users who, as sellers, see that message now: whose it is, and those to whom its lead, client or contract is
    /// assigned. Who sees the whole organisation sees every event of it.
    pub sellers: Vec<UserId>,
}

/// What the rules before a send need to know of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientState {
    /// The contact.
    pub contact: Option<ContactId>,
    /// When they last wrote to this account.
    pub last_inbound_at: Option<OffsetDateTime>,
    /// Whether they opted out of this account's messages, and of which kind.
    pub opted_out: Vec<String>,
    /// What they belong to: as learnt from the last message to them, else the one entry of the directory with their address.
    pub links: Links,
    /// Whose they are: their lead's or client's owner by the directory, else whoever wrote to or called them last with links.
    /// `None` where nobody is known; the account's owner is not taken.
    pub owner: Option<UserId>,
}

/// A lead, client or contract as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// No directory is configured for this kind: the caller's word counts.
    Trusted,
    /// There is none of this id.
    Missing,
    /// It exists, and is assigned to this user, if to anyone.
    Owner(Option<UserId>),
}

/// What waits, for `/health` and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryStats {
    /// Messages without a row in `comunicaciones`, for want of an owner.
    pub waiting_for_owner: i64,
    /// Webhooks of accounts that nobody registered.
    pub quarantined: i64,
    /// Files to be fetched.
    pub media_pending: i64,
    /// Messages whose attempt is under way.
    pub sending: i64,
    /// Messages that wait for their turn or to be tried again.
    pub outbox_queued: i64,
    /// Messages that wait for their time.
    pub outbox_scheduled: i64,
    /// Messages of unknown outcome that are looked for.
    pub outbox_unknown: i64,
    /// Since when the one that waits longest could have been sent.
    pub outbox_oldest_due_at: Option<OffsetDateTime>,
    /// Webhooks queued in this process.
    pub queued: usize,
    /// Whether every writer of this process is alive.
    pub writers_alive: bool,
}

/// What a migration or a check of the database found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// The migrations that ran now.
    pub applied: Vec<String>,
    /// Rows of `comunicaciones` written by others that were taken in.
    pub taken_in: u64,
    /// What an operator should read.
    pub notices: Vec<String>,
}

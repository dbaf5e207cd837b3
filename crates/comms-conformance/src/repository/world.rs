//! One organisation with one account, and short words for what happens to it.

use std::{
    future::Future,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
};

use comms_core::{
    AccountId, Address, AddressKind, Batch, Call, ChannelKind, Content, ErrorKind, Event, EventKey, EventKind,
    InboundMessage, LeadId, Media, MediaKind, MediaRef, MessageId, MessageOrigin, OrganizationId, Outbound, Party,
    Problem, Receipt, Recording, Status, StatusUpdate, UserId, WebhookId, WebhookRequest,
    history::{
        Accepted, Account, ClaimToken, Conclusion, HistoryEntry, HistoryFilter, Ingested, Links, LogEvent,
        MessageDetail, NewOutbound, NewWebhook, Organization, Queueing, Repository, Scope,
    },
};
use futures_util::future::try_join_all;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::RepositoryHarness;
use crate::Violation;

/// How long an attempt may last.
pub(super) const LEASE: Duration = Duration::minutes(2);

/// How many do the same thing at once, where a case says "at once".
pub(super) const AT_ONCE: usize = 64;

pub(super) type Found<T> = Result<T, Violation>;

/// The store, an organisation and its account. Clones share the store.
#[derive(Clone)]
pub(super) struct World {
    pub store: Arc<dyn Repository>,
    pub organization: OrganizationId,
    pub account: AccountId,
    pub channel: ChannelKind,
}

impl World {
    pub(super) async fn open(harness: &dyn RepositoryHarness) -> Found<Self> {
        Self::settle(harness.open().await).await
    }

    /// Another organisation with another account in the same store.
    pub(super) async fn neighbour(&self) -> Found<Self> {
        Self::settle(self.store.clone()).await
    }

    async fn settle(store: Arc<dyn Repository>) -> Found<Self> {
        let name = unique("org");
        let account = AccountId::of("whatsapp", &name);
        let world = Self { store, organization: OrganizationId::new(&name), account, channel: ChannelKind::WhatsApp };
        let organization = Organization { id: world.organization.clone(), name };
        world.store.put_organization(&organization).await?;
        world.store.put_account(&world.account_row()).await?;
        Ok(world)
    }

    /// An organisation with a phone number.
    pub(super) async fn open_phone(harness: &dyn RepositoryHarness) -> Found<Self> {
        Self::open(harness).await?.with_phone().await
    }

    /// A phone number of the same organisation.
    pub(super) async fn with_phone(&self) -> Found<Self> {
        let account = AccountId::of("twilio-voice", &unique("phone"));
        let world = Self { account, channel: ChannelKind::Voice, ..self.clone() };
        world.store.put_account(&world.account_row()).await?;
        Ok(world)
    }

    /// The account as it is registered: of user 1.
    pub(super) fn account_row(&self) -> Account {
        Account {
            id: self.account.clone(),
            organization: self.organization.clone(),
            channel: self.channel,
            name: None,
            parent: None,
            owner: Some(user(1)),
            caller_id: None,
            active: true,
        }
    }

    /// The whole organisation.
    pub(super) fn scope(&self) -> Scope {
        Scope { organization: self.organization.clone(), seller: None }
    }

    pub(super) fn seller(&self, number: u32) -> Scope {
        Scope { seller: Some(user(number)), ..self.scope() }
    }

    /// A text from somebody, as a new message.
    pub(super) fn text(&self, from: &Address, body: &str) -> Event {
        self.says(from, Content::text(body))
    }

    pub(super) fn says(&self, from: &Address, content: Content) -> Event {
        let message = InboundMessage::new(Party::of(from.clone()), content);
        self.event(&unique("wamid"), EventKind::Message(Box::new(message)))
    }

    /// A photo from somebody, with the provider's id of the file as its caption.
    pub(super) fn photo(&self, from: &Address, id: &str) -> Event {
        let photo = Media {
            kind: MediaKind::Image,
            source: MediaRef::Id(id.to_owned()),
            caption: Some(id.to_owned()),
            filename: None,
            mime_type: Some("image/jpeg".to_owned()),
            sha256: None,
        };
        self.says(from, Content::Media(photo))
    }

    /// The account's own message from another device.
    pub(super) fn echo(&self, provider_id: &str, to: &Address, body: &str) -> Event {
        let message = InboundMessage {
            origin: MessageOrigin::Echo,
            ..InboundMessage::new(Party::of(to.clone()), Content::text(body))
        };
        self.event(provider_id, EventKind::Message(Box::new(message)))
    }

    /// A call of somebody, or to somebody, of which a webhook tells.
    pub(super) fn call(&self, provider_id: &str, origin: MessageOrigin, status: Status) -> Event {
        let message = InboundMessage {
            origin,
            status: Some(status),
            ..InboundMessage::new(Party::of(ana()), Content::Call(Call::default()))
        };
        self.event(provider_id, EventKind::Message(Box::new(message)))
    }

    /// The recording of a call, with the provider's id of it.
    pub(super) fn recording(&self, call: &str, id: &str) -> Event {
        let recording = Recording {
            media: Media {
                kind: MediaKind::Audio,
                source: MediaRef::Id(id.to_owned()),
                caption: None,
                filename: None,
                mime_type: Some("audio/mpeg".to_owned()),
                sha256: None,
            },
            duration_seconds: Some(12),
            extra: Value::Null,
        };
        let mut event = self.event(call, EventKind::Recording(Box::new(recording)));
        event.key = EventKey::new(id);
        event
    }

    /// A call that user 1 places.
    pub(super) fn dial(&self) -> NewOutbound {
        let mut new = self.outbound(&ana(), "");
        new.message.content = Content::Call(Call::default());
        new
    }

    /// A call that the provider took, with its id of it.
    pub(super) async fn dialled(&self) -> Found<(MessageId, String)> {
        let message = self.accept(self.dial()).await?;
        let provider_id = unique("CA");
        self.conclude(message, Status::CallInitiated, Some(&provider_id)).await?;
        Ok((message, provider_id))
    }

    pub(super) fn status(&self, provider_id: &str, status: Status) -> Event {
        self.word(provider_id, Some(status), status.as_str())
    }

    /// A status in the provider's word, understood or not.
    pub(super) fn word(&self, provider_id: &str, status: Option<Status>, word: &str) -> Event {
        let update = StatusUpdate { recipient: Party::of(ana()), ..StatusUpdate::new(status, word) };
        let mut event = self.event(provider_id, EventKind::Status(Box::new(update)));
        event.key = EventKey::new(format!("{provider_id}:{word}"));
        event
    }

    /// An event whose key is its subject.
    pub(super) fn event(&self, subject: &str, kind: EventKind) -> Event {
        Event {
            account: self.account.clone(),
            subject: subject.to_owned(),
            key: EventKey::new(subject),
            occurred_at: Some(tick()),
            kind,
        }
    }

    pub(super) async fn ingest(&self, events: Vec<Event>) -> Found<Ingested> {
        Ok(self.store.ingest(webhook(events)).await?)
    }

    /// A message of user 1 that the provider took, with the provider's id of it.
    pub(super) async fn sent(&self, to: &Address, body: &str) -> Found<(MessageId, String)> {
        let message = self.accept(self.outbound(to, body)).await?;
        let provider_id = unique("wamid");
        self.conclude(message, Status::Accepted, Some(&provider_id)).await?;
        Ok((message, provider_id))
    }

    /// A message of user 1 that is about to be sent.
    pub(super) fn outbound(&self, to: &Address, body: &str) -> NewOutbound {
        NewOutbound {
            organization: self.organization.clone(),
            account: self.account.clone(),
            channel: self.channel,
            user: user(1),
            links: Links::default(),
            message: Outbound::new(to.clone(), Content::text(body)),
            idempotency_key: None,
            request_hash: body.to_owned(),
            retry_of: None,
            now: tick(),
            lease: LEASE,
            queue: Queueing::default(),
        }
    }

    /// Accepts what is new.
    pub(super) async fn accept(&self, message: NewOutbound) -> Found<MessageId> {
        match self.store.accept(message).await? {
            Accepted::New(id) => Ok(id),
            Accepted::Queued(id, _) => Err(Violation::new(format!("{id} is held back"))),
            Accepted::Repeated(id) => Err(Violation::new(format!("{id} is taken for a repetition"))),
        }
    }

    pub(super) async fn conclude(&self, message: MessageId, status: Status, provider_id: Option<&str>) -> Found<()> {
        let receipt = provider_id.map(|provider_id| Receipt {
            provider_id: provider_id.to_owned(),
            status,
            recipient: Vec::new(),
            extra: Value::Null,
        });
        let conclusion = Conclusion { message, claim: None, status, receipt, problem: None, due_at: None, now: tick() };
        self.store.conclude(conclusion).await?;
        Ok(())
    }

    /// A message that may be tried for an hour, and that those behind it wait for a minute long.
    pub(super) fn queued(&self, to: &Address, body: &str) -> NewOutbound {
        let mut new = self.outbound(to, body);
        new.queue.expires_at = Some(new.now + Duration::hours(1));
        new.queue.hold = Duration::minutes(1);
        new
    }

    /// Accepts what is to wait, and gives the state in which it does.
    pub(super) async fn waits(&self, message: NewOutbound) -> Found<(MessageId, Status)> {
        match self.store.accept(message).await? {
            Accepted::Queued(id, status) => Ok((id, status)),
            other => Err(Violation::new(format!("{other:?} does not wait"))),
        }
    }

    /// The attempt under this claim was certainly in vain: to be made again at this time.
    pub(super) async fn put_back(
        &self,
        message: MessageId,
        claim: ClaimToken,
        due_at: OffsetDateTime,
    ) -> Found<OffsetDateTime> {
        self.ended(message, claim, Status::Queued, due_at).await?;
        Ok(due_at)
    }

    /// The attempt under this claim may have been in vain: to be looked for at this time.
    pub(super) async fn lose(&self, message: MessageId, claim: ClaimToken, due_at: OffsetDateTime) -> Found<()> {
        self.ended(message, claim, Status::Unknown, due_at).await.map(drop)
    }

    /// How the attempt under this claim ended. Whether that counted.
    pub(super) async fn ended(
        &self,
        message: MessageId,
        claim: ClaimToken,
        status: Status,
        due_at: OffsetDateTime,
    ) -> Found<bool> {
        let problem = Problem { code: "429".to_owned(), message: "too many".to_owned(), kind: ErrorKind::RateLimited };
        let conclusion = Conclusion {
            message,
            claim: Some(claim),
            status,
            receipt: None,
            problem: Some(problem),
            due_at: Some(due_at),
            now: tick(),
        };
        Ok(self.store.conclude(conclusion).await?)
    }

    /// The messages that are due at this time, claimed.
    pub(super) async fn due(&self, now: OffsetDateTime) -> Found<Vec<(MessageId, ClaimToken)>> {
        let jobs = self.store.claim_due(now, LEASE, 100).await?;
        Ok(jobs.into_iter().map(|job| (job.message.id, job.token)).collect())
    }

    /// The whole history, newest first.
    pub(super) async fn history(&self) -> Found<Vec<HistoryEntry>> {
        self.select(HistoryFilter::default()).await
    }

    /// All rows that a filter gives, page after page.
    pub(super) async fn select(&self, filter: HistoryFilter) -> Found<Vec<HistoryEntry>> {
        self.walk(&self.scope(), filter, 200).await
    }

    pub(super) async fn walk(&self, scope: &Scope, mut filter: HistoryFilter, limit: u16) -> Found<Vec<HistoryEntry>> {
        filter.limit = limit;
        let mut all = Vec::new();
        loop {
            let page = self.store.history(scope, &filter).await?;
            all.extend(page.entries);
            filter.after = page.next;
            if page.next.is_none() {
                return Ok(all);
            }
            if all.len() > 10_000 {
                return Err(Violation::new("the pages have no end"));
            }
        }
    }

    /// The one row that there is.
    pub(super) async fn only(&self) -> Found<HistoryEntry> {
        let mut all = self.history().await?;
        match (all.pop(), all.is_empty()) {
            (Some(entry), true) => Ok(entry),
            (entry, _) => Err(Violation::new(format!(
                "the history holds {} messages instead of one",
                all.len() + usize::from(entry.is_some())
            ))),
        }
    }

    /// The row of the message with these words.
    pub(super) async fn saying(&self, body: &str) -> Found<HistoryEntry> {
        let all = self.history().await?;
        all.into_iter()
            .find(|entry| entry.text.as_deref() == Some(body))
            .ok_or_else(|| Violation::new(format!("{body:?} is not in the history")))
    }

    pub(super) async fn message(&self, id: MessageId) -> Found<MessageDetail> {
        Ok(self.store.message(&self.scope(), id).await?)
    }

    /// The log of this organisation after a cursor, to its end.
    pub(super) async fn log(&self, mut after: i64) -> Found<Vec<LogEvent>> {
        let mut all = Vec::new();
        loop {
            let part = self.store.events(Some(&self.organization), after, 100).await?;
            match part.last() {
                Some(last) if last.cursor > after => after = last.cursor,
                Some(_) => return Err(Violation::new("the log does not go on after its cursor")),
                None => return Ok(all),
            }
            all.extend(part);
        }
    }
}

/// A webhook as it comes from the network.
pub(super) fn webhook(events: Vec<Event>) -> NewWebhook {
    let body = serde_json::to_vec(&events).unwrap_or_default();
    NewWebhook {
        id: WebhookId::new(),
        provider: "whatsapp".to_owned(),
        request: Some(
            WebhookRequest::post("https://example.com/webhooks/whatsapp", body)
                .header("content-type", "application/json"),
        ),
        received_at: tick(),
        batch: Batch { events, ..Batch::default() },
    }
}

/// Runs `act` for 0, 1, 2 … on several threads at once.
pub(super) async fn at_once<T, F>(times: usize, act: impl Fn(usize) -> F) -> Found<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Found<T>> + Send + 'static,
{
    let tasks = (0..times).map(|at| tokio::spawn(act(at)));
    try_join_all(tasks).await?.into_iter().collect()
}

/// A time that no one had before, a millisecond after the last. It begins at the time of the machine, as a repository
/// compares some of ours with its own clock.
pub(super) fn tick() -> OffsetDateTime {
    static START: LazyLock<OffsetDateTime> = LazyLock::new(|| {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(0).unwrap_or(now)
    });
    static NEXT: AtomicI64 = AtomicI64::new(0);
    *START + Duration::milliseconds(NEXT.fetch_add(1, Ordering::SeqCst))
}

/// A name that no other case uses.
pub(super) fn unique(prefix: &str) -> String {
    format!("{prefix}.{}", MessageId::new())
}

pub(super) fn ana() -> Address {
    Address::verbatim(AddressKind::Phone, "+34600000000")
}

pub(super) fn luis() -> Address {
    Address::verbatim(AddressKind::Phone, "+34600000001")
}

/// Users are numbers: table `comunicaciones` wants integers.
pub(super) fn user(number: u32) -> UserId {
    UserId::new(number.to_string())
}

pub(super) fn of_lead(number: u32) -> Links {
    Links { lead: Some(LeadId::new(number.to_string())), ..Links::default() }
}

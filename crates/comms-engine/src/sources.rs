//! Sources: mailboxes that are asked instead of telling. Whoever claims one reads it; its batch is stored first, and then how far
//! it was read.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use comms_core::{
    AccountId, Address, Batch, ChannelKind, Content, Cursor, Error, ErrorKind, Event, EventKind, InboundMessage,
    MessageId, OrganizationId, Outcome, Problem, WebhookId,
    history::{NewWebhook, RepositoryError, Scope, SourceConclusion, SourceJob, SourceState},
};
use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit, task::JoinHandle};
use tracing::Instrument;

use crate::{Engine, EngineError, metrics, settings::span, settle};

/// How sources are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceSettings {
    /// How often it is looked which source is due, where nothing rings. 2 s.
    pub every: Duration,
    /// How long after it was read, and gave nothing, a source is read again where nobody gives a hint. 1 minute.
    pub poll: Duration,
    /// The waits before further looks after a hint: what is told of may not be there yet. 2 s, 5 s, 15 s.
    pub looks: Vec<Duration>,
    /// How long one reading may take. 2 minutes.
    pub timeout: Duration,
    /// How many are read at once by this process. 8.
    pub at_once: u16,
    /// The wait after a failure; each further one doubles it. 15 s.
    pub retry_base: Duration,
    /// The longest of these waits, and how often a source that stands still is tried all the same. 15 minutes.
    pub retry_cap: Duration,
    /// How often it is looked for mailboxes that are not read yet. 1 minute.
    pub discover_every: Duration,
    /// Whether e-mails of people whom nobody knows enter the history as well. A seller's mailbox holds much that is nobody's business:
    /// `false`.
    pub strangers: bool,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(2),
            poll: Duration::from_secs(60),
            looks: [2, 5, 15].map(Duration::from_secs).to_vec(),
            timeout: Duration::from_secs(120),
            at_once: 8,
            retry_base: Duration::from_secs(15),
            retry_cap: Duration::from_secs(15 * 60),
            discover_every: Duration::from_secs(60),
            strangers: false,
        }
    }
}

/// What a reading gave.
struct Reading {
    cursor: Cursor,
    /// Whether there may be more at once.
    more: bool,
}

impl Engine {
    /// Somebody says that there is something new in a mailbox: it is read at once, and not at its next time. Whether it is true, early, late or
    /// said twice does not matter. Returns whether the account is read at all.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn poke(&self, account: &AccountId) -> Result<bool, EngineError> {
        let looks = u16::try_from(self.settings().sources.looks.len()).unwrap_or(u16::MAX);
        let known = self.repository().hint_source(account, looks, self.now()).await?;
        if known {
            self.bell().notify_one();
        }
        Ok(known)
    }

    /// From now on the account is read; one that stood still is read again at once, from where it was.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn connect_source(&self, account: &AccountId) -> Result<(), EngineError> {
        if self.repository().put_source(account, self.now()).await? {
            self.bell().notify_one();
        }
        Ok(())
    }

    /// Reads sources that are due, as many as may be read at once. Returns whether one of them has more at once.
    ///
    /// # Errors
    /// [`EngineError::Store`]. What a source suffers is recorded with the source.
    pub async fn read_sources(&self) -> Result<bool, EngineError> {
        let mut result = Ok(false);
        for reading in self.begin_sources().await? {
            let read = reading.await.map_err(|_| EngineError::Interrupted).flatten();
            result = match (result, read) {
                (Ok(more), Ok(further)) => Ok(more || further),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        result
    }

    /// Begins to read what is due, in the places that are free. Who ends makes room and says so: none waits for another, however slow
    /// it is. Taking mails apart takes long enough to hold others up: each reading has a thread of its own. One round of the worker
    /// `sources`.
    pub(crate) async fn begin_sources(&self) -> Result<Vec<JoinHandle<Result<bool, EngineError>>>, EngineError> {
        let mut places = Vec::new();
        while let Ok(place) = Arc::clone(self.readers()).try_acquire_owned() {
            places.push(place);
        }
        let Ok(free @ 1..) = u16::try_from(places.len()) else {
            return Ok(Vec::new());
        };
        let lease = span(self.settings().sources.timeout + self.settings().lease_margin);
        let jobs = self.repository().claim_sources(self.now(), lease, free).await?;
        let begin = |(job, place): (SourceJob, OwnedSemaphorePermit)| {
            let engine = self.clone();
            let work = async move {
                let read = engine.read_source(job).await;
                if let Err(error) = &read {
                    tracing::error!(%error, "how a mailbox was read is not recorded: it is read again after its lease");
                }
                drop(place);
                engine.bell().notify_one();
                read
            };
            let (runtime, work) = (Handle::current(), work.in_current_span());
            tokio::task::spawn_blocking(move || runtime.block_on(work))
        };
        Ok(jobs.into_iter().zip(places).map(begin).collect())
    }

    /// Reads what is not read yet of those mailboxes that can be. One round of the worker `sources-discovery`.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn discover_sources(&self) -> Result<(), EngineError> {
        let known: HashSet<AccountId> =
            self.repository().sources(None).await?.into_iter().map(|source| source.account).collect();
        for account in self.repository().accounts(None).await? {
            let candidate = account.active && account.channel == ChannelKind::Email && !known.contains(&account.id);
            if candidate && matches!(self.channels().source(&account.id).await, Ok(Some(_))) {
                self.connect_source(&account.id).await?;
            }
        }
        Ok(())
    }

    async fn read_source(&self, job: SourceJob) -> Result<bool, EngineError> {
        let read = tokio::select! {
            biased;
            // What was read is read again by whoever comes next.
            () = self.stopping() => None,
            read = tokio::time::timeout(self.settings().sources.timeout, self.read_once(&job)) => Some(read),
        };
        let conclusion = match read {
            None => self.given_back(job),
            Some(Err(_)) => self.failed(job, &cut_off("it did not answer in time")),
            Some(Ok(Err(Failure::Source(error)))) => self.failed(job, &error),
            Some(Ok(Err(Failure::Store(error)))) => {
                // Nothing is lost: the cursor stands where it stood. Its time comes again with the end of the claim, or here.
                self.repository().conclude_source(self.given_back(job)).await?;
                return Err(EngineError::Store(error));
            }
            Some(Ok(Ok(reading))) => self.went_well(job, reading),
        };
        if let Some(state) = conclusion.state {
            metrics::source(state.as_str());
        }
        let at_once = conclusion.next_at <= conclusion.now;
        self.repository().conclude_source(conclusion).await?;
        comms_core::failpoint!(SourceConcluded);
        Ok(at_once && !self.is_stopping())
    }

    async fn read_once(&self, job: &SourceJob) -> Result<Reading, Failure> {
        let source = self.channels().source(&job.account).await?;
        let source = source.ok_or_else(|| {
            Error::new(ErrorKind::Config, Outcome::NotSent, "this account is not one that is read: connect it again")
        })?;
        let pulled = AssertUnwindSafe(source.pull(job.cursor.clone())).catch_unwind().await;
        let (batch, cursor) = pulled.unwrap_or_else(|_| Err(cut_off("a defect: reading it broke off")))?;
        if let Some(problem) = &batch.problem {
            tracing::warn!(account = %job.account, problem, "a part of a mailbox could not be read");
        }
        let more = !batch.events.is_empty() && job.cursor.as_ref() != Some(&cursor);
        let batch = self.without_strangers(&job.organization, batch).await?;
        let read = read_there(&batch);
        if !batch.events.is_empty() {
            comms_core::failpoint!(SourceRead);
            self.store_batch(job, batch).await?;
            comms_core::failpoint!(SourceStored);
        }
        self.read_here_too(job, read).await?;
        Ok(Reading { cursor, more })
    }

    async fn store_batch(&self, job: &SourceJob, batch: Batch) -> Result<(), RepositoryError> {
        let read = NewWebhook {
            id: WebhookId::new(),
            provider: job.account.provider().to_owned(),
            // It can be read again where it came from: no copy of it is kept.
            request: None,
            received_at: self.now(),
            batch,
        };
        let stored = self.repository().ingest(read).await?;
        tracing::info!(
            account = %job.account,
            messages = stored.messages,
            statuses = stored.statuses,
            known = stored.duplicates,
            "a mailbox was read"
        );
        Ok(())
    }

    /// What its owner has read in the mailbox they have read here. Nobody else has, and the mailbox need not be told.
    async fn read_here_too(&self, job: &SourceJob, read: Vec<String>) -> Result<(), RepositoryError> {
        if read.is_empty() {
            return Ok(());
        }
        let accounts = self.repository().accounts(Some(&job.organization)).await?;
        let owner = accounts.into_iter().find(|account| account.id == job.account).and_then(|account| account.owner);
        let Some(owner) = owner else { return Ok(()) };
        let scope = Scope { organization: job.organization.clone(), seller: None };
        for message in self.repository().received(&job.account, &read).await? {
            match self.repository().mark_read(&scope, &owner, message, self.now()).await {
                // Erased meanwhile.
                Ok(_) | Err(RepositoryError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Leaves out the e-mails of those whom the organisation does not know, unless they answer one of ours.
    async fn without_strangers(
        &self,
        organization: &OrganizationId,
        mut batch: Batch,
    ) -> Result<Batch, RepositoryError> {
        if self.settings().sources.strangers {
            return Ok(batch);
        }
        let parties: Vec<Address> = batch
            .events
            .iter()
            .filter_map(|event| mail_of(&event.kind))
            .flat_map(|(mail, _)| mail.party.addresses.clone())
            .collect();
        if parties.is_empty() {
            return Ok(batch);
        }
        let known = self.repository().known_addresses(organization, &parties).await?;
        let scope = Scope { organization: organization.clone(), seller: None };
        let mut kept = Vec::with_capacity(batch.events.len());
        for event in std::mem::take(&mut batch.events) {
            let keep = match mail_of(&event.kind) {
                None => true,
                Some((mail, _)) if mail.party.addresses.iter().any(|address| known.contains(address)) => true,
                Some((_, answers)) => self.is_ours(&scope, answers).await?,
            };
            if keep {
                kept.push(event);
            }
        }
        batch.events = kept;
        Ok(batch)
    }

    /// Whether one of these ids is that of a message of ours.
    async fn is_ours(&self, scope: &Scope, answers: Vec<MessageId>) -> Result<bool, RepositoryError> {
        for id in answers {
            match self.repository().message(scope, id).await {
                Ok(_) => return Ok(true),
                Err(RepositoryError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn went_well(&self, job: SourceJob, reading: Reading) -> SourceConclusion {
        let (settings, now) = (&self.settings().sources, self.now());
        let looks = usize::from(job.looks).min(settings.looks.len());
        let soon = settings.looks.get(settings.looks.len() - looks).filter(|_| looks > 0);
        let (wait, looks) = match (reading.more, soon) {
            (true, _) => (Duration::ZERO, job.looks),
            (false, Some(soon)) => (*soon, job.looks - 1),
            (false, None) => (settings.poll, 0),
        };
        SourceConclusion {
            cursor: Some(reading.cursor),
            state: Some(SourceState::Works),
            problem: None,
            next_at: now + span(wait),
            looks,
            now,
            job,
        }
    }

    /// What a person has to mend stands still; all else is tried again, never before the provider said.
    fn failed(&self, job: SourceJob, error: &Error) -> SourceConclusion {
        let (settings, now) = (&self.settings().sources, self.now());
        let lasting = matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Config);
        let doubled = settings.retry_base.saturating_mul(1 << job.failures.min(12));
        let wait = if lasting { settings.retry_cap } else { doubled.min(settings.retry_cap) };
        let wait = error.wait().map_or(wait, |asked| asked.max(wait.min(settings.retry_base)));
        let state = if lasting { SourceState::Stopped } else { SourceState::Waits };
        let problem: Problem = settle::problem(error, error.to_string());
        tracing::warn!(account = %job.account, state = state.as_str(), code = problem.code, %error, "a mailbox is not read");
        SourceConclusion {
            cursor: None,
            state: Some(state),
            problem: Some(problem),
            next_at: now + span(wait),
            looks: job.looks,
            now,
            job,
        }
    }

    /// As if it had not been claimed.
    fn given_back(&self, job: SourceJob) -> SourceConclusion {
        let now = self.now();
        let wait = span(self.settings().sources.retry_base);
        let next_at = if self.is_stopping() { now } else { now + wait };
        SourceConclusion { cursor: None, state: None, problem: None, next_at, looks: job.looks, now, job }
    }
}

/// Why a source was not read.
enum Failure {
    Source(Error),
    Store(RepositoryError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Source(error)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        Self::Store(error)
    }
}

/// The provider's ids of the messages that somebody has read in the mailbox itself.
fn read_there(batch: &Batch) -> Vec<String> {
    let mut read: Vec<String> = batch.events.iter().filter_map(read_message).collect();
    read.sort_unstable();
    read.dedup();
    read
}

fn read_message(event: &Event) -> Option<String> {
    let EventKind::Changed(change) = &event.kind else { return None };
    change.is_read().then(|| event.subject.clone())
}

fn cut_off(why: &str) -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, why)
}

/// The e-mail of an event, with those of the ids that it answers which may be ours.
fn mail_of(kind: &EventKind) -> Option<(&InboundMessage, Vec<MessageId>)> {
    let EventKind::Message(message) = kind else { return None };
    let Content::Email(mail) = &message.content else { return None };
    let named = mail.references.iter().chain(&mail.in_reply_to);
    // The latest are the likeliest; a hostile chain is not asked for in full.
    let ours = named.rev().filter_map(|id| id.split_once('@')?.0.parse().ok()).take(MOST_ASKED);
    Some((message, ours.collect()))
}

/// How many ids of one e-mail are looked for.
const MOST_ASKED: usize = 10;

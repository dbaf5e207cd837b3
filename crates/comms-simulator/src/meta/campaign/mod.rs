//! A campaign of webhooks: many distinct ones, repeated until each is acknowledged, with an exact account of which were.

mod elements;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::{
    Refused, WebhookPolicy,
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Webhook},
};

use super::{
    Meta,
    outbox::{self, Update},
};

/// The most elements of one campaign.
const MAX_ELEMENTS: u32 = 2_000_000;
/// The most copies of each.
const MAX_COPIES: u32 = 10;
/// Campaigns whose account is kept; the oldest go first.
const MAX_KEPT: usize = 8;

/// What a campaign sends, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CampaignPlan {
    /// How many distinct messages of customers.
    pub messages: u32,
    /// How many distinct messages that the business wrote on a phone of its own (`smb_message_echoes`).
    pub echoes: u32,
    /// How many distinct statuses: `sent`, `delivered`, `read` of the business's messages in turn, made-up ones where there
    /// are more statuses than echoes have.
    pub statuses: u32,
    /// The number they come to.
    pub phone_number_id: String,
    /// Further numbers: each customer writes to one of all.
    pub further_phone_number_ids: Vec<String>,
    /// How many customers write.
    pub customers: u32,
    /// How many times each customer takes another name in the course of it.
    pub renames: u32,
    /// When the first element happens, in seconds after 1970, the others after it in their order; now where absent.
    pub starts_at: Option<i64>,
    /// Makes shuffles, batches and copies repeat from run to run.
    pub seed: Option<u64>,
    /// How many POSTs are under way at once.
    pub concurrency: usize,
    /// How many times each element goes out (1: once).
    pub copies: u32,
    /// Up to how many times, chosen for each element, where it is more than `copies`.
    pub copies_to: u32,
    /// Whether all goes out in a random order.
    pub shuffle: bool,
    /// How many elements one POST carries.
    pub batch: usize,
    /// Up to how many, chosen for each POST, where it is more than `batch`.
    pub batch_to: usize,
    /// The waits before a POST is repeated, in milliseconds; the last one repeats.
    pub retry_ms: Vec<u64>,
    /// How long one answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// When it ends, whether all is acknowledged or not, in milliseconds.
    pub deadline_ms: u64,
    /// Tells its ids from those of other campaigns: the same name and numbers give the same ids.
    pub name: String,
}

/// What came of a campaign so far.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignProgress {
    /// Whether it has ended.
    pub done: bool,
    /// POSTs that were answered 200, copies counted.
    pub posts_acknowledged: u64,
    /// POSTs that were given up at the deadline.
    pub posts_failed: u64,
    /// How many elements were inside of at least one POST answered 200.
    pub acknowledged: usize,
    /// How many were not.
    pub unacknowledged: usize,
}

/// What came of a campaign so far, element by element.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignReport {
    /// Its number.
    pub id: u64,
    /// Whether it has ended.
    pub done: bool,
    /// POSTs that were answered 200, copies counted.
    pub posts_acknowledged: u64,
    /// POSTs that were given up at the deadline.
    pub posts_failed: u64,
    /// The elements that were inside of at least one POST answered 200.
    pub acknowledged: Vec<Subject>,
    /// The others.
    pub unacknowledged: Vec<Subject>,
}

/// The accounts of the last campaigns.
#[derive(Debug, Default)]
pub(crate) struct Campaigns {
    last: AtomicU64,
    kept: Mutex<BTreeMap<u64, Arc<Progress>>>,
}

#[derive(Debug)]
struct Progress {
    plan: CampaignPlan,
    space: Uuid,
    acknowledged: Mutex<Vec<bool>>,
    posts_acknowledged: AtomicU64,
    posts_failed: AtomicU64,
    done: AtomicBool,
}

impl Default for CampaignPlan {
    fn default() -> Self {
        Self {
            messages: 1_000,
            echoes: 0,
            statuses: 0,
            phone_number_id: super::PHONE_ID.to_owned(),
            further_phone_number_ids: Vec::new(),
            customers: 100,
            renames: 0,
            starts_at: None,
            seed: None,
            concurrency: 32,
            copies: 1,
            copies_to: 1,
            shuffle: false,
            batch: 1,
            batch_to: 1,
            retry_ms: vec![50, 100, 250, 500],
            timeout_ms: 10_000,
            deadline_ms: 120_000,
            name: "campaign".to_owned(),
        }
    }
}

impl Meta {
    /// Runs a campaign to its end.
    ///
    /// # Errors
    /// [`Refused`] where the plan is empty or too large, the number is unknown, or no callback is set.
    pub async fn run_campaign(&self, plan: CampaignPlan) -> Result<CampaignReport, Refused> {
        let (id, task) = self.spawn_campaign(plan)?;
        task.await.map_err(|error| Refused::Invalid(error.to_string()))?;
        self.campaign(id).ok_or_else(|| Refused::Invalid("the campaign was forgotten".to_owned()))
    }

    /// Starts a campaign in the background; returns its number for [`campaign`](Self::campaign).
    ///
    /// # Errors
    /// As [`run_campaign`](Self::run_campaign).
    pub fn start_campaign(&self, plan: CampaignPlan) -> Result<u64, Refused> {
        self.spawn_campaign(plan).map(|(id, _)| id)
    }

    /// What came of a campaign so far; nothing where it is unknown or long over.
    #[must_use]
    pub fn campaign(&self, id: u64) -> Option<CampaignReport> {
        let progress = self.0.campaigns.get(id)?;
        Some(progress.report(id))
    }

    /// The counts of a campaign, without its elements; nothing where it is unknown or long over.
    #[must_use]
    pub fn campaign_progress(&self, id: u64) -> Option<CampaignProgress> {
        Some(self.0.campaigns.get(id)?.progress())
    }

    fn spawn_campaign(&self, plan: CampaignPlan) -> Result<(u64, tokio::task::JoinHandle<()>), Refused> {
        let elements = plan.elements();
        let sensible = (1..=u64::from(MAX_ELEMENTS)).contains(&elements)
            && (1..=MAX_COPIES).contains(&plan.copies)
            && plan.copies_to <= MAX_COPIES
            && plan.customers > 0;
        if !sensible {
            return Err(Refused::Invalid(format!(
                "a campaign has 1 to {MAX_ELEMENTS} elements, 1 to {MAX_COPIES} copies of each, and a customer"
            )));
        }
        for phone in plan.phones() {
            self.messages_value(phone)?;
        }
        let (waba_id, _) = self.messages_value(&plan.phone_number_id)?;
        let callback = self.callback(&waba_id, Some(&plan.phone_number_id));
        let url = callback.ok_or(Refused::NoCallback)?.url;
        let count = usize::try_from(elements).unwrap_or_default();
        let progress = Arc::new(Progress {
            space: Uuid::new_v5(&Uuid::NAMESPACE_OID, plan.name.as_bytes()),
            acknowledged: Mutex::new(vec![false; count]),
            posts_acknowledged: AtomicU64::new(0),
            posts_failed: AtomicU64::new(0),
            done: AtomicBool::new(false),
            plan,
        });
        let id = self.0.campaigns.add(Arc::clone(&progress));
        let meta = self.clone();
        let runtime = self.core().courier.runtime();
        let task = runtime.spawn(async move { progress.run(&meta, &url).await });
        Ok((id, task))
    }
}

impl Campaigns {
    fn add(&self, progress: Arc<Progress>) -> u64 {
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(id, progress);
        while kept.len() > MAX_KEPT {
            kept.pop_first();
        }
        id
    }

    fn get(&self, id: u64) -> Option<Arc<Progress>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&id).cloned()
    }
}

impl Progress {
    async fn run(&self, meta: &Meta, url: &str) {
        let deadline = Instant::now() + Duration::from_millis(self.plan.deadline_ms);
        let policy = WebhookPolicy {
            retry_ms: self.plan.retry_ms.clone(),
            max_attempts: u32::MAX,
            timeout_ms: self.plan.timeout_ms,
            ..WebhookPolicy::default()
        };
        let posts = match self.plan.seed {
            Some(seed) => self.plan.posts(&mut fastrand::Rng::with_seed(seed)),
            None => meta.core().random(|random| self.plan.posts(random)),
        };
        stream::iter(posts)
            .map(|batch| self.post(meta, url, batch, &policy, deadline))
            .buffer_unordered(self.plan.concurrency.max(1))
            .for_each(|()| std::future::ready(()))
            .await;
        self.done.store(true, Ordering::SeqCst);
    }

    async fn post(&self, meta: &Meta, url: &str, batch: Vec<u32>, policy: &WebhookPolicy, deadline: Instant) {
        let updates = batch.iter().map(|index| self.plan.update(meta, &self.space, *index));
        let updates: Vec<Update> = match updates.collect() {
            Ok(updates) => updates,
            Err(error) => {
                tracing::warn!(%error, "the campaign's number is gone");
                self.posts_failed.fetch_add(1, Ordering::SeqCst);
                return;
            }
        };
        let join = meta.core().random(|random| random.bool());
        let body = outbox::body(&updates, meta.core().now().unix_timestamp(), join);
        let delivery = Delivery {
            webhook: Webhook { url: url.to_owned(), payload: Payload::Json(body) },
            signer: meta.signer(),
            subjects: updates.into_iter().map(|update| update.subject).collect(),
        };
        let delivered = meta.core().courier.deliver(&delivery, policy, None);
        if timeout_at(deadline, delivered).await == Ok(true) {
            self.posts_acknowledged.fetch_add(1, Ordering::SeqCst);
            let mut acknowledged = self.lock();
            for index in batch {
                if let Some(flag) = acknowledged.get_mut(index as usize) {
                    *flag = true;
                }
            }
        } else {
            self.posts_failed.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn progress(&self) -> CampaignProgress {
        let flags = self.lock();
        let acknowledged = flags.iter().filter(|flag| **flag).count();
        CampaignProgress {
            done: self.done.load(Ordering::SeqCst),
            posts_acknowledged: self.posts_acknowledged.load(Ordering::SeqCst),
            posts_failed: self.posts_failed.load(Ordering::SeqCst),
            acknowledged,
            unacknowledged: flags.len() - acknowledged,
        }
    }

    fn report(&self, id: u64) -> CampaignReport {
        let flags = self.lock().clone();
        let (mut acknowledged, mut unacknowledged) = (Vec::new(), Vec::new());
        for (index, flag) in (0_u32..).zip(flags) {
            let list = if flag { &mut acknowledged } else { &mut unacknowledged };
            list.push(self.plan.subject(&self.space, index));
        }
        CampaignReport {
            id,
            done: self.done.load(Ordering::SeqCst),
            posts_acknowledged: self.posts_acknowledged.load(Ordering::SeqCst),
            posts_failed: self.posts_failed.load(Ordering::SeqCst),
            acknowledged,
            unacknowledged,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<bool>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

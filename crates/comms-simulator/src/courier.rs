//! Delivers webhooks: signs, posts, repeats until the provider is content.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use comms_http::Clock;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    config::WebhookPolicy,
    ledger::{Ledger, Subject},
    signing::{Signer, Webhook},
};

/// How long a connection may take to be made; Twilio's own limit.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub webhook: Webhook,
    pub signer: Signer,
    pub subjects: Vec<Subject>,
}

/// The common sender of webhooks. Clones share the connections, the limits and the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: reqwest::Client,
    runtime: Handle,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    slots: Semaphore,
    pending: AtomicUsize,
    /// Grows with each reset: what was under way before it ends.
    generation: AtomicU64,
}

impl Courier {
    pub(crate) fn new(
        runtime: Handle,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        concurrency: usize,
    ) -> Result<Self, reqwest::Error> {
        // An error means that the process has chosen a provider already, and that choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("comms-simulator/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .build()?;
        Ok(Self(Arc::new(Inner {
            client,
            runtime,
            clock,
            ledger,
            slots: Semaphore::new(concurrency.max(1)),
            pending: AtomicUsize::new(0),
            generation: AtomicU64::new(0),
        })))
    }

    /// Delivers in the background, as many copies as the policy says.
    pub(crate) fn submit(&self, delivery: &Delivery, policy: &WebhookPolicy) {
        for _ in 0..policy.copies.max(1) {
            if self.0.pending.fetch_add(1, Ordering::SeqCst) >= policy.max_pending {
                self.0.pending.fetch_sub(1, Ordering::SeqCst);
                self.0.ledger.record_drop();
                tracing::warn!(waiting = policy.max_pending, "webhook dropped: too many are waiting");
                continue;
            }
            let (courier, delivery, policy) = (self.clone(), delivery.clone(), policy.clone());
            self.0.runtime.spawn(async move {
                let slots = Some(&courier.0.slots);
                courier.deliver(&delivery, &policy, slots).await;
                courier.0.pending.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    /// Delivers one copy; whether it was answered 200 before the policy gave it up. `slots` limits what is under way.
    pub(crate) async fn deliver(&self, delivery: &Delivery, policy: &WebhookPolicy, slots: Option<&Semaphore>) -> bool {
        let inner = &*self.0;
        let generation = inner.generation.load(Ordering::SeqCst);
        let number = inner.ledger.open_webhook(inner.clock.now(), &delivery.webhook.url, delivery.subjects.clone());
        for attempt in 0..policy.max_attempts.max(1) {
            if attempt > 0 {
                tokio::time::sleep(wait_before(attempt, policy)).await;
            }
            if inner.generation.load(Ordering::SeqCst) != generation {
                return false;
            }
            // A slot is held for one exchange only: what waits for its next attempt must not block the rest.
            let slot = match slots {
                Some(slots) => Some(slots.acquire().await),
                None => None,
            };
            let answer = self.post(delivery, policy).await;
            drop(slot);
            let acknowledged = answer.as_ref().is_ok_and(|status| delivery.signer.is_acknowledged_by(*status));
            if inner.generation.load(Ordering::SeqCst) == generation {
                inner.ledger.record_attempt(number, inner.clock.now(), answer, acknowledged);
            }
            if acknowledged {
                return true;
            }
        }
        inner.ledger.record_give_up(number);
        false
    }

    /// Asks `url` and returns the status and the body, for the verification of a callback.
    pub(crate) async fn get(&self, url: &str, limit: Duration) -> Result<(u16, String), String> {
        let request = self.0.client.get(url).timeout(limit);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(|error| error.to_string())?;
        Ok((status, body))
    }

    /// Ends what is under way.
    pub(crate) fn reset(&self) {
        self.0.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Which life this is: it grows with each reset.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::SeqCst)
    }

    /// Runs `act` after a while, unless the simulator was reset meanwhile.
    pub(crate) fn after(&self, delay_ms: u64, act: impl FnOnce() + Send + 'static) {
        let courier = self.clone();
        let generation = courier.generation();
        self.runtime().spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            if courier.generation() == generation {
                act();
            }
        });
    }

    /// The connections, for a provider that wants more of an answer than its status.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    async fn post(&self, delivery: &Delivery, policy: &WebhookPolicy) -> Result<u16, String> {
        let webhook = &delivery.webhook;
        let mut request = self
            .0
            .client
            .post(&webhook.url)
            .timeout(Duration::from_millis(policy.timeout_ms))
            .header("Content-Type", webhook.payload.content_type())
            .body(webhook.payload.bytes());
        for (name, value) in delivery.signer.headers(webhook) {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

fn wait_before(attempt: u32, policy: &WebhookPolicy) -> Duration {
    let index = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
    let wait = policy.retry_ms.get(index).or(policy.retry_ms.last());
    Duration::from_millis(wait.copied().unwrap_or_default())
}

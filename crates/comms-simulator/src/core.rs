//! What all doubles share.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use comms_http::Clock;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Config, Ledger, courier::Courier, faults::Faults};

/// The configuration, the clock, the ledger, the faults, the courier, the source of ids.
#[derive(Debug)]
pub(crate) struct Core {
    config: RwLock<Arc<Config>>,
    initial: Config,
    pub clock: Arc<dyn Clock>,
    pub ledger: Ledger,
    pub faults: Faults,
    pub courier: Courier,
    base_url: String,
    instance: Uuid,
    counter: AtomicU64,
    random: Mutex<fastrand::Rng>,
}

impl Core {
    pub(crate) fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        courier: Courier,
        base_url: String,
    ) -> Self {
        let seed = config.seed.unwrap_or_else(|| fastrand::u64(..));
        Self {
            faults: Faults::new(seed),
            instance: Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed.to_be_bytes()),
            counter: AtomicU64::new(0),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            config: RwLock::new(Arc::new(config.clone())),
            initial: config,
            clock,
            ledger,
            courier,
            base_url,
        }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the configuration in one step.
    pub(crate) fn change_config(&self, change: impl FnOnce(&mut Config)) {
        let changed = self.try_change_config(|config| {
            let mut config = config.clone();
            change(&mut config);
            Ok::<_, Infallible>(config)
        });
        match changed {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Takes another configuration in one step, unless `change` refuses.
    pub(crate) fn try_change_config<E>(&self, change: impl FnOnce(&Config) -> Result<Config, E>) -> Result<(), E> {
        let mut held = self.config.write().unwrap_or_else(PoisonError::into_inner);
        let config = change(&held)?;
        self.ledger.resize(config.ledger_capacity);
        *held = Arc::new(config);
        Ok(())
    }

    /// Back to the configuration of the start; no faults, no record, nothing under way.
    pub(crate) fn reset(&self) {
        self.courier.reset();
        self.faults.clear();
        self.change_config(|config| *config = self.initial.clone());
        self.ledger.clear();
    }

    /// The base of the links handed out, without a slash at the end.
    pub(crate) fn public_url(&self) -> String {
        let config = self.config();
        let url = config.public_url.as_deref().unwrap_or(&self.base_url);
        url.trim_end_matches('/').to_owned()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// 128 bits that no other id of this run has, and that a run with the same seed has at the same place.
    pub(crate) fn fresh(&self) -> Uuid {
        let count = self.counter.fetch_add(1, Ordering::SeqCst);
        Uuid::new_v5(&self.instance, &count.to_be_bytes())
    }

    /// A fresh number of 15 or 16 digits, as Meta's ids are.
    pub(crate) fn fresh_number(&self) -> String {
        const SMALLEST: u64 = 100_000_000_000_000;
        let (high, _) = self.fresh().as_u64_pair();
        (SMALLEST + high % (9 * SMALLEST)).to_string()
    }

    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

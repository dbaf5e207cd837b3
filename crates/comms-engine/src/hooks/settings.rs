//! What can be set of outgoing webhooks.

use std::time::Duration;

/// How much longer a claim lasts than the attempt under it.
const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// Waits, bounds and rhythms of outgoing webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookSettings {
    /// How long one attempt may take. 20 s.
    pub timeout: Duration,
    /// The waits after each failed attempt; after the last one the delivery is given up. 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
    /// 20 h, 24 h.
    pub waits: Vec<Duration>,
    /// The longest wait that an endpoint may ask for (`Retry-After`). 24 hours.
    pub longest_wait: Duration,
    /// After how long of nothing but failures an endpoint is given up. 5 days.
    pub patience: Duration,
    /// How long a signing key is used beside the one that replaces it. 24 hours.
    pub rotation: Duration,
    /// How many attempts this process makes at once. 64.
    pub at_once: u16,
    /// How many of them for one endpoint; for one that fails, one. 4.
    pub at_once_each: u16,
    /// How long deliveries are kept after they ended. 30 days.
    pub keep: Duration,
    /// How many endpoints an organisation may have. 50.
    pub endpoints: usize,
    /// How often there is a look at the log and at what is due, without a hint. 1 s.
    pub every: Duration,
    /// How often what ended is forgotten, and what waits is counted. 1 minute.
    pub upkeep_every: Duration,
}

impl HookSettings {
    /// How long a delivery is claimed by an attempt.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.timeout + LEASE_MARGIN
    }
}

impl Default for HookSettings {
    fn default() -> Self {
        let hours = |count: u64| Duration::from_secs(3_600 * count);
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let mut waits = vec![Duration::from_secs(5), minutes(5), minutes(30)];
        waits.extend([2, 5, 10, 14, 20, 24].map(hours));
        Self {
            timeout: Duration::from_secs(20),
            waits,
            longest_wait: hours(24),
            patience: hours(5 * 24),
            rotation: hours(24),
            at_once: 64,
            at_once_each: 4,
            keep: hours(30 * 24),
            endpoints: 50,
            every: Duration::from_secs(1),
            upkeep_every: minutes(1),
        }
    }
}

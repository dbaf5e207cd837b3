//! How fast a channel may be sent on, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// So many in so much time, in the long run; and how many of them at once.
///
/// What is let through in any stretch of time is at most [`burst`](Self::burst) and one more for each
/// [`interval`](Self::interval) of it.
///
/// ```
/// use std::time::Duration;
/// use comms_core::Rate;
///
/// let pair = Rate::one_in(Duration::from_secs(6)).with_burst(45);
/// assert_eq!((pair.interval(), pair.burst()), (Duration::from_secs(6), 45));
/// assert_eq!(Rate::per_second(80).interval(), Duration::from_micros(12_500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// One in this time, one at once.
    #[must_use]
    pub const fn one_in(interval: Duration) -> Self {
        Self { interval, burst: 1 }
    }

    /// So many a second, one at once; none counts as one.
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        Self::one_in(Duration::from_nanos(1_000_000_000 / count as u64))
    }

    /// So many a second, in parts of one too: from one in a thousand seconds to 10,000. `None` beyond that.
    ///
    /// ```
    /// assert_eq!(comms_core::Rate::of_second(0.5), Some(comms_core::Rate::one_in(std::time::Duration::from_secs(2))));
    /// assert_eq!(comms_core::Rate::of_second(0.0), None);
    /// ```
    #[must_use]
    pub fn of_second(count: f64) -> Option<Self> {
        (0.001..=10_000.0).contains(&count).then(|| Self::one_in(Duration::from_secs_f64(1.0 / count)))
    }

    /// The same with so many at once; none counts as one.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { interval: self.interval, burst: if burst == 0 { 1 } else { burst } }
    }

    /// The time between two of them, in the long run. Kept to the microsecond.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How many go at once after a time without any.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }
}

/// The rates of a channel; no limit where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// Of everything that leaves the account.
    pub account: Option<Rate>,
    /// Of what leaves it for one person.
    pub pair: Option<Rate>,
}

impl Pace {
    /// These rates.
    #[must_use]
    pub const fn new(account: Option<Rate>, pair: Option<Rate>) -> Self {
        Self { account, pair }
    }
}

//! How often and after how long a request is made again, as a value.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Repeats within one call. What may be repeated at all follows from the [`Outcome`](crate::Outcome), not from here.
///
/// The wait doubles from `base` to `cap` and carries jitter; a longer wait that the provider asks for is honoured up to
/// `longest_wait`, beyond it the error is returned at once, so that a queue can take over.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, the first included. 1 = never repeat.
    pub attempts: usize,
    /// The first wait.
    pub base: Duration,
    /// The longest wait between two attempts.
    pub cap: Duration,
    /// The longest `retry_after` that is waited for within the call.
    pub longest_wait: Duration,
    /// Fixes the jitter, for tests.
    pub seed: Option<u64>,
}

impl Default for RetryPolicy {
    /// Three attempts, 250 ms to 5 s, and no wait of more than 10 s inside one call.
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(5),
            longest_wait: Duration::from_secs(10),
            seed: None,
        }
    }
}

impl RetryPolicy {
    /// Never repeats: for callers with a queue of their own.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The same policy with this many attempts in all.
    #[must_use]
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The waits between the attempts, one fewer than there are attempts.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let mut builder = ExponentialBuilder::default()
            .with_min_delay(self.base)
            .with_max_delay(self.cap)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter();
        if let Some(seed) = self.seed {
            builder = builder.with_jitter_seed(seed);
        }
        builder.build()
    }
}

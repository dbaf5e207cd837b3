//! Time in a call: it passes as fast as the settings say, and can be interrupted.

use std::time::Duration;

use super::{Order, Run, Told};

/// How a wait ended.
pub(crate) enum Waited {
    /// The time is over.
    Over,
    /// Somebody told the call something.
    Told(Told),
}

impl Run {
    /// Lets seconds of the call pass, unless it is told something.
    pub(crate) async fn wait(&mut self, seconds: u32) -> Waited {
        let left = self.answered_at.map_or(u32::MAX, |_| self.time_limit.saturating_sub(self.talked()));
        if seconds > left {
            return match self.pass(left).await {
                Waited::Over => Waited::Told(Told {
                    leg: self.call.sid.clone(),
                    order: Order::HangUp { after: 0, status: "completed" },
                }),
                told => told,
            };
        }
        self.pass(seconds).await
    }

    async fn pass(&mut self, seconds: u32) -> Waited {
        let second_ms = self.twilio.settings().twilio.calls.second_ms;
        if second_ms == 0 {
            if let Ok(told) = self.told.try_recv() {
                return Waited::Told(told);
            }
            self.elapsed += seconds;
            return Waited::Over;
        }
        let begun = tokio::time::Instant::now();
        let whole = Duration::from_millis(second_ms.saturating_mul(u64::from(seconds)));
        match tokio::time::timeout(whole, self.told.recv()).await {
            Ok(Some(told)) => {
                let passed = begun.elapsed().as_millis() / u128::from(second_ms);
                self.elapsed += u32::try_from(passed).unwrap_or(seconds).min(seconds);
                Waited::Told(told)
            }
            Ok(None) | Err(_) => {
                self.elapsed += seconds;
                Waited::Over
            }
        }
    }

    /// Waits until the call is told something. The clock of the simulator says how long that took.
    pub(crate) async fn hold(&mut self) -> Told {
        loop {
            // Told by a handle that this call keeps itself, so the channel does not close.
            if let Some(told) = self.told.recv().await {
                let now = self.twilio.core().now();
                let passed = (now - self.changed_at).whole_seconds();
                self.changed_at = now;
                self.elapsed += u32::try_from(passed).unwrap_or_default();
                return told;
            }
        }
    }
}

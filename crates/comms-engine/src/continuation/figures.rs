//! The figures of a day.

use comms_core::{OrganizationId, history::ContinuationStats};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{Engine, EngineError};

/// The figures of a day, under the names in which they are asked for. Each is of one organisation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContinuationFigures {
    /// Continuations in state *active* at this moment: their first message is on its way, and nobody has ended them.
    pub active_conversations: i64,
    /// Continuations whose first message was on its way since the day began.
    pub total_conversations_today: i64,
    /// Messages that agents sent since the day began, first messages among them, as far as the outbox accepted them. What people of
    /// ours wrote is not counted.
    pub messages_sent_today: i64,
    /// Messages that came in since the day began in a conversation with a continuation, after that was handed off.
    pub messages_received_today: i64,
    /// Of the continuations of [`total_conversations_today`](Self::total_conversations_today) those in which the person has written since
    /// the first message: percent, with one decimal. 0 where there are none.
    pub response_rate: f64,
    /// From the last message of a burst until its answer was accepted by the outbox: the mean of the bursts that were answered since the
    /// day began, in seconds with one decimal. 0 where there were none.
    pub avg_response_time_seconds: f64,
    /// The steps of continuations.
    pub queue: QueueFigures,
}

/// Steps of continuations: first messages to be sent and bursts to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueFigures {
    /// Steps that wait at this moment, whatever for.
    pub waiting: i64,
    /// Steps at which a process works at this moment.
    pub active: i64,
    /// Steps that were concluded since the day began: first messages on their way, bursts that were answered or needed no answer.
    pub completed: i64,
    /// Continuations that could not begin, and bursts that were given up, since the day began.
    pub failed: i64,
}

impl From<ContinuationStats> for ContinuationFigures {
    fn from(stats: ContinuationStats) -> Self {
        // Counts of a day are far below what a number of this kind tells exactly.
        let share = |part: i64, all: i64| if all == 0 { 0.0 } else { part as f64 * 100.0 / all as f64 };
        Self {
            active_conversations: stats.active,
            total_conversations_today: stats.opened,
            messages_sent_today: stats.sent,
            messages_received_today: stats.received,
            response_rate: one_decimal(share(stats.responded, stats.opened)),
            avg_response_time_seconds: one_decimal(stats.response_seconds.unwrap_or_default().max(0.0)),
            queue: QueueFigures {
                waiting: stats.waiting,
                active: stats.under_way,
                completed: stats.completed,
                failed: stats.failed,
            },
        }
    }
}

fn one_decimal(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

impl Engine {
    /// The figures of the day that began at `day`: in which time zone it did is the caller's to say.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn continuation_figures(
        &self,
        organization: &OrganizationId,
        day: OffsetDateTime,
    ) -> Result<ContinuationFigures, EngineError> {
        Ok(self.repository().continuation_stats(Some(organization), day, self.now()).await?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_one_decimal_and_nobody_divides_by_nothing() {
        let stats = ContinuationStats { opened: 3, responded: 2, response_seconds: Some(45.04), ..Default::default() };
        let figures = ContinuationFigures::from(stats);
        assert_eq!((figures.response_rate, figures.avg_response_time_seconds), (66.7, 45.0));
        let none = ContinuationFigures::from(ContinuationStats::default());
        assert_eq!((none.response_rate, none.avg_response_time_seconds), (0.0, 0.0));
    }
}

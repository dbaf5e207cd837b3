//! One open stream, whatever carries it.

use std::{sync::Arc, time::Duration};

use comms_core::Clock;
use comms_engine::realtime::{Delivery, Ending, Subscription};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};

use super::frames::{RealtimeControl, RealtimeEvent};
use crate::{app::State, streams::Place};

/// The shortest wait before a client comes back.
const COME_BACK: Duration = Duration::from_secs(1);
/// By how much it may be longer, so that not all come back at once.
const SPREAD_MS: u64 = 4_000;
/// Why a client must begin anew.
const EXPIRED_CURSOR: &str = "cursor_vencido";
/// The longest that a timer is set; it is set again then.
const LONGEST_TIMER: Duration = Duration::from_secs(24 * 60 * 60);

/// One open stream. Gives its place back when it is dropped.
#[derive(Debug)]
pub(super) struct Feed {
    subscription: Subscription,
    clock: Arc<dyn Clock>,
    until: Option<OffsetDateTime>,
    heartbeat: Duration,
    beat_at: Instant,
    over: bool,
    _place: Place,
}

/// What a stream says next.
#[derive(Debug)]
pub(super) enum Frame {
    Event(Box<RealtimeEvent>),
    Cut(RealtimeControl),
    Ready(RealtimeControl),
    Beat(RealtimeControl),
    End(Why, RealtimeControl),
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Slow,
    Stopping,
    Expired,
    Unavailable,
}

impl Feed {
    pub(super) fn new(subscription: Subscription, place: Place, until: Option<OffsetDateTime>, state: &State) -> Self {
        let heartbeat = state.settings.realtime.heartbeat();
        let clock = Arc::clone(&state.clock);
        let beat_at = Instant::now() + heartbeat;
        Self { subscription, clock, until, heartbeat, beat_at, over: false, _place: place }
    }

    pub(super) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// What comes next; nothing after the end. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        if self.over {
            return None;
        }
        loop {
            let left = self.until.map(|until| Duration::try_from(until - self.clock.now()).unwrap_or_default());
            if left.is_some_and(|left| left.is_zero()) {
                return Some(self.end(Why::Expired));
            }
            let timer = left.unwrap_or(LONGEST_TIMER).min(LONGEST_TIMER);
            let next = tokio::select! {
                biased;
                () = sleep(timer) => continue,
                next = self.subscription.next() => next,
                () = sleep_until(self.beat_at) => {
                    self.beat_at = Instant::now() + self.heartbeat;
                    return Some(Frame::Beat(self.control("latido")));
                }
            };
            self.beat_at = Instant::now() + self.heartbeat;
            return Some(match next {
                Ok(Delivery::Event(told)) => Frame::Event(Box::new(RealtimeEvent::from(told.as_ref()))),
                Ok(Delivery::Cut(_)) => Frame::Cut(self.cut()),
                Ok(Delivery::CaughtUp) => Frame::Ready(self.control("listo")),
                Ok(Delivery::Ended(Ending::Slow)) => self.end(Why::Slow),
                Ok(Delivery::Ended(_)) => self.end(Why::Stopping),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an event stream cannot catch up");
                    self.end(Why::Unavailable)
                }
            });
        }
    }

    fn control(&self, tipo: &'static str) -> RealtimeControl {
        RealtimeControl { tipo, cursor: self.subscription.position(), motivo: None, reintentar_ms: None }
    }

    /// The log begins later than where the client stood: what it has must be read anew.
    fn cut(&self) -> RealtimeControl {
        RealtimeControl { motivo: Some(EXPIRED_CURSOR), ..self.control("reinicio") }
    }

    fn end(&mut self, why: Why) -> Frame {
        self.over = true;
        let spread = u64::from(self.clock.now().nanosecond() / 1_000) % SPREAD_MS;
        let wait = u64::try_from(COME_BACK.as_millis()).unwrap_or_default() + spread;
        let control = RealtimeControl { motivo: Some(why.as_str()), reintentar_ms: Some(wait), ..self.control("fin") };
        Frame::End(why, control)
    }
}

impl Why {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "lento",
            Self::Stopping => "parada",
            Self::Expired => "caducado",
            Self::Unavailable => "no_disponible",
        }
    }
}

//! One subscriber.

use std::{collections::VecDeque, sync::Arc};

use comms_core::history::{FeedEvent, Scope};

use super::{
    EventFilter,
    hub::Seat,
    may_hear,
    reading::{Page, Reading},
};
use crate::{Engine, EngineError};

/// One subscriber of the event log. Dropping it ends it.
#[derive(Debug)]
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    engine: Engine,
    scope: Scope,
    filter: EventFilter,
    phase: Phase,
    /// Up to where the log was looked at.
    seen: i64,
    /// The last that was delivered, or the beginning.
    delivered: i64,
    reading: Reading,
    /// Read from the log and not delivered yet.
    read: VecDeque<Arc<FeedEvent>>,
    /// Where the log begins, where that is to be told.
    cut: Option<i64>,
}

#[derive(Debug)]
enum Phase {
    /// Reads the log itself, far from its end.
    Behind,
    /// Has a seat, and reads the log up to where it took it.
    Joining(Seat),
    /// Takes from its queue.
    Live(Seat),
    /// Has ended.
    Over(Ending),
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// An event. Its cursor is greater than that of every event before it.
    Event(Arc<FeedEvent>),
    /// The log was cut off by its age beyond where the subscriber stood: what was between that and this cursor is not told. What
    /// follows is everything after it.
    Cut(i64),
    /// Everything that was there at the beginning has been told; what follows happens now. Comes once.
    CaughtUp,
    /// There is nothing more to come. The subscriber goes on with a new subscription from its [`position`](Subscription::position).
    Ended(Ending),
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Its queue was full: it took events more slowly than they came.
    Slow,
    /// The process is about to stop.
    Stopping,
}

impl Ending {
    /// The word for logs and metrics: `slow`, `stopping`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Stopping => "stopping",
        }
    }
}

impl Subscription {
    pub(super) fn new(engine: Engine, scope: Scope, filter: EventFilter, from: i64) -> Self {
        Self {
            engine,
            scope,
            filter,
            phase: Phase::Behind,
            seen: from,
            delivered: from,
            reading: Reading::default(),
            read: VecDeque::new(),
            cut: None,
        }
    }

    /// The cursor to go on from: nothing that is wanted and was not delivered is at or before it. It moves with every event, and
    /// with those of others too.
    #[must_use]
    pub fn position(&self) -> i64 {
        match &self.phase {
            _ if !self.read.is_empty() => self.delivered,
            Phase::Live(seat) => seat.position().map_or(self.seen, |hub| hub.max(self.seen)),
            _ => self.seen,
        }
    }

    /// Waits for what comes next. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// [`EngineError::Store`] while catching up; another call tries again.
    pub async fn next(&mut self) -> Result<Delivery, EngineError> {
        loop {
            if let Some(start) = self.cut.take() {
                return Ok(Delivery::Cut(start));
            }
            if let Some(told) = self.read.pop_front() {
                self.delivered = told.event.cursor;
                return Ok(Delivery::Event(told));
            }
            match &mut self.phase {
                Phase::Behind => self.read_on().await?,
                Phase::Joining(seat) if seat.joined_at > self.seen => {
                    let until = seat.joined_at;
                    self.read_up(until).await?;
                }
                Phase::Joining(_) => {
                    self.phase = match std::mem::replace(&mut self.phase, Phase::Over(Ending::Stopping)) {
                        Phase::Joining(seat) => Phase::Live(seat),
                        other => other,
                    };
                    return Ok(Delivery::CaughtUp);
                }
                Phase::Live(seat) => match seat.queue.recv().await {
                    // It was read from the log already, or the beginning lies ahead of the log.
                    Some(told) if told.event.cursor <= self.seen => {}
                    Some(told) => {
                        (self.seen, self.delivered) = (told.event.cursor, told.event.cursor);
                        return Ok(Delivery::Event(told));
                    }
                    None => self.phase = Phase::Over(seat.ending.get().copied().unwrap_or(Ending::Stopping)),
                },
                Phase::Over(ending) => return Ok(Delivery::Ended(*ending)),
            }
        }
    }

    /// Reads a page of the log; where it is the last one, takes a seat.
    async fn read_on(&mut self) -> Result<(), EngineError> {
        let page = self.page().await?;
        self.take(page.events, i64::MAX);
        if let Some(end) = page.end {
            let room = self.engine.settings().realtime_queue;
            let seat = self.engine.hub().join(self.scope.clone(), self.filter.clone(), end, room);
            self.phase = seat.map_or(Phase::Over(Ending::Stopping), Phase::Joining);
        }
        Ok(())
    }

    /// Reads a page of the log up to where the seat was taken: what is above comes through the queue.
    async fn read_up(&mut self, until: i64) -> Result<(), EngineError> {
        let page = self.page().await?;
        self.take(page.events, until);
        if page.end.is_some() {
            self.seen = self.seen.max(until);
        }
        Ok(())
    }

    /// The next page of the log, without what was cut off. From the beginning is from wherever that is.
    async fn page(&mut self) -> Result<Page, EngineError> {
        let mut page = self.reading.page(&self.engine, &self.scope.organization, self.seen).await?;
        if self.seen > 0 && page.start > self.seen {
            (self.seen, self.delivered, self.cut) = (page.start, page.start, Some(page.start));
            page.events.retain(|told| told.event.cursor > page.start);
        }
        Ok(page)
    }

    fn take(&mut self, page: Vec<FeedEvent>, until: i64) {
        for told in page.into_iter().filter(|told| told.event.cursor <= until) {
            self.seen = told.event.cursor;
            if may_hear(&self.scope, &told) && self.filter.takes(&told) {
                self.read.push_back(Arc::new(told));
            }
        }
    }
}

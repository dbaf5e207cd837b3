//! Pages of the log that are read for one subscriber.

use comms_core::{OrganizationId, history::FeedEvent};
use tokio::task::JoinHandle;

use super::PAGE;
use crate::{Engine, EngineError};

/// A page of the log, and where the log began and ended when it was read.
#[derive(Debug)]
pub(super) struct Page {
    pub events: Vec<FeedEvent>,
    /// Where the log begins. Asked after the events: what was cut off meanwhile is seen.
    pub start: i64,
    /// Where the log ends, if this is the last page.
    pub end: Option<i64>,
}

/// The page that is being read, if one is. A subscriber looks away from it at every heartbeat, and finds it again: a page that takes
/// longer than that would never be read otherwise.
#[derive(Debug, Default)]
pub(super) struct Reading(Option<JoinHandle<Result<Page, EngineError>>>);

impl Reading {
    /// The page after a cursor, which has to be the same until it is there. May be dropped while it waits.
    pub(super) async fn page(
        &mut self,
        engine: &Engine,
        organization: &OrganizationId,
        after: i64,
    ) -> Result<Page, EngineError> {
        let begun = || tokio::spawn(read(engine.clone(), organization.clone(), after));
        // A task of its own: what has begun ends, and makes room for others, also where a slow client lets nobody look.
        let page = self.0.get_or_insert_with(begun).await;
        self.0 = None;
        // It broke off, or the process is about to end.
        page.unwrap_or(Err(EngineError::Busy))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(reading) = &self.0 {
            reading.abort();
        }
    }
}

async fn read(engine: Engine, organization: OrganizationId, after: i64) -> Result<Page, EngineError> {
    let _turn = engine.hub().turn().await;
    let repository = engine.repository();
    let events = repository.feed(Some(&organization), after, PAGE).await?;
    let start = repository.log_start().await?;
    let is_last = events.len() < usize::from(PAGE);
    let end = if is_last { Some(repository.log_end().await?) } else { None };
    Ok(Page { events, start, end })
}

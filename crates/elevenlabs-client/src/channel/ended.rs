//! Calls that ended, for those of whom no webhook told.

use std::collections::BTreeSet;

use comms_core::{CallReport, Cursor};
use comms_http::{Error, ErrorKind, Outcome, Page, Result};
use futures_util::{StreamExt, stream};

use super::{
    ElevenLabsAgent, is_final,
    place::{List, Place},
    report,
};
use crate::{
    api::ConversationFilter,
    model::{conversation::ConversationStatus, summary::ConversationItem},
};

/// Pages with something new that are read in one round.
const PAGES: usize = 5;
/// Pages that are read in one round.
const ALL_PAGES: usize = 100;
/// Conversations that are asked for in one round.
const A_ROUND: usize = 40;
/// Conversations that are asked for at once.
const AT_ONCE: usize = 4;
/// How far before the latest beginning the list is read again, in seconds: a conversation may be listed later than it began.
const OVERLAP: i64 = 5 * 60;
/// How long a conversation that has not ended is left alone, in seconds.
const AGAIN: i64 = 30;
/// How long a conversation is asked for, in seconds. None lasts so long.
const AT_MOST: i64 = 24 * 60 * 60;

/// What became of one conversation that was asked for.
enum Looked {
    /// It has ended.
    Ended(Box<CallReport>),
    /// It is not over.
    Goes,
    /// It is no call, or not there.
    Nothing,
    /// It could not be asked for.
    Failed(Error),
}

impl ElevenLabsAgent {
    /// One round: what is new is listed, and what is due is asked for. The cursor stays as it is where nothing was.
    pub(super) async fn pull(&self, cursor: Option<Cursor>) -> Result<(Vec<CallReport>, Cursor)> {
        let now = self.client.clock().now().unix_timestamp();
        let known = cursor.as_ref().and_then(Place::read);
        let is_first = known.is_none();
        let mut place = known.unwrap_or_else(|| Place::from(now));
        self.list(&mut place, now, is_first).await?;
        let reports = self.ask(&mut place, now).await?;
        Ok((reports, place.cursor()))
    }

    /// Puts what is new into the queue. At the very first, what has ended already is none of it.
    async fn list(&self, place: &mut Place, now: i64, is_first: bool) -> Result<()> {
        let list = place.list.take();
        let is_first = is_first || list.as_ref().is_some_and(|list| list.first);
        let since = list.as_ref().map_or(place.after - OVERLAP, |list| list.since);
        let mut page = list.map(|list| list.page);
        let mut with_news = 0;
        for _ in 0..ALL_PAGES {
            let Page { items, next } = self.page(since, page.as_deref()).await?;
            let news = items.iter().filter(|item| self.take_in(place, item, now, is_first)).count();
            with_news += usize::from(news > 0);
            page = next;
            if page.is_none() {
                place.forget(since);
                return Ok(());
            }
            // A list without anything new is read to its end, or the cursor would never stand still.
            if with_news == PAGES {
                break;
            }
        }
        // The rest is read in the next round, which follows at once, since the cursor moves on.
        place.list = page.map(|page| List { since, page, first: is_first });
        Ok(())
    }

    async fn page(&self, since: i64, page: Option<&str>) -> Result<Page<ConversationItem>> {
        let mut filter = ConversationFilter::default().after(since).spoken().oldest_first();
        if let [agent] = &self.only[..] {
            filter = filter.agent(agent);
        }
        match self.client.conversations().page(&filter, page).await {
            // A page that is gone: the list is read from its beginning.
            Err(error) if page.is_some() && error.outcome() == Outcome::Rejected && error.status() != Some(401) => {
                self.client.conversations().page(&filter, None).await
            }
            answered => answered,
        }
    }

    /// Puts a conversation into the queue; whether it is new.
    fn take_in(&self, place: &mut Place, item: &ConversationItem, now: i64, is_first: bool) -> bool {
        if !self.only.is_empty() && !self.only.contains(&item.agent_id) {
            return false;
        }
        let began = item.start_time_unix_secs.unwrap_or(now);
        place.after = began.clamp(place.after, now.max(place.after));
        if !place.see(&item.conversation_id, began) {
            return false;
        }
        if !(is_first && is_final(&item.status)) {
            let due = if is_over(&item.status) { now } else { now + AGAIN };
            place.wait(&item.conversation_id, due, now);
        }
        true
    }

    /// Asks for what is due. What failed is asked for again; where nothing else came of the round, the failure is told.
    async fn ask(&self, place: &mut Place, now: i64) -> Result<Vec<CallReport>> {
        let due = place.due(now, A_ROUND);
        let looked: Vec<(String, Looked)> = stream::iter(due)
            .map(|id| async move {
                let looked = self.look(&id).await;
                (id, looked)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let (mut over, mut later) = (BTreeSet::new(), BTreeSet::new());
        let (mut reports, mut failed) = (Vec::new(), None);
        for (id, looked) in looked {
            match looked {
                Looked::Ended(report) => {
                    over.insert(id);
                    reports.push(*report);
                }
                Looked::Nothing => drop(over.insert(id)),
                Looked::Goes => drop(later.insert(id)),
                // What has failed for a day is given up, so that the rest is told of.
                Looked::Failed(_) if place.is_older(&id, now - AT_MOST) => drop(over.insert(id)),
                Looked::Failed(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed
            && over.is_empty()
            && later.is_empty()
        {
            return Err(error);
        }
        place.drop(&over);
        place.postpone(&later, now + AGAIN, now - AT_MOST);
        reports.sort_by_key(|report| report.started_at);
        Ok(reports)
    }

    async fn look(&self, id: &str) -> Looked {
        let asked = async {
            let conversation = self.client.conversations().get(id).await?;
            if report::is_in_writing(&conversation) {
                return Ok(Looked::Nothing);
            }
            if !is_final(&conversation.status) {
                return Ok(Looked::Goes);
            }
            self.report(&conversation).await.map(|report| Looked::Ended(Box::new(report)))
        };
        match asked.await {
            Ok(looked) => looked,
            Err(error) if error.status() == Some(404) => Looked::Nothing,
            // One conversation's own trouble is not the workspace's: it is asked for again, as one that has not ended.
            Err(error) if is_its_own(&error) => Looked::Goes,
            Err(error) => Looked::Failed(error),
        }
    }
}

/// Whether the talk is over, though it may still be looked through.
fn is_over(status: &ConversationStatus) -> bool {
    is_final(status) || *status == ConversationStatus::Processing
}

/// Whether asking for another conversation would not meet this: an answer that cannot be read, a request that is refused.
fn is_its_own(error: &Error) -> bool {
    let refused = error.outcome() == Outcome::Rejected || error.kind() == ErrorKind::Decode;
    refused && !error.is_about_account()
}

//! What the log holds becomes deliveries.

use comms_core::history::{FeedEvent, HookEndpoint, HookFilter, HookPlan};

use crate::{Engine, EngineError, realtime::PAGE};

/// How many endpoints are brought forward in one round.
const ENDPOINTS: u16 = 200;

impl Engine {
    /// Looks through the log for every endpoint that stands before its end. Returns whether there is more.
    pub(super) async fn plan_hooks(&self) -> Result<bool, EngineError> {
        // Read first: whatever is at or before it can be read afterwards.
        let end = self.repository().log_end().await?;
        let behind = self.repository().hooks_behind(end, ENDPOINTS).await?;
        let mut more = behind.len() >= usize::from(ENDPOINTS);
        for hook in behind {
            more |= self.plan_one(&hook, end).await?;
        }
        Ok(more)
    }

    async fn plan_one(&self, hook: &HookEndpoint, end: i64) -> Result<bool, EngineError> {
        let page = self.repository().feed(Some(&hook.organization), hook.cursor, PAGE).await?;
        let more = page.len() >= usize::from(PAGE);
        // The last page may end after `end`; without one the rest of the log is others'.
        let last = page.last().map_or(hook.cursor, |told| told.event.cursor);
        let wanted = page.iter().filter(|told| takes(&hook.filter, told));
        let plan = HookPlan {
            hook: hook.id,
            from: hook.cursor,
            to: if more { last } else { last.max(end) },
            events: wanted.map(|told| (told.event.cursor, told.event.kind.clone())).collect(),
            now: self.now(),
        };
        let tells = !plan.events.is_empty();
        let planned = self.repository().plan_hook(plan).await?;
        if planned && tells {
            comms_core::failpoint!(HookPlanned);
        }
        Ok(more && planned)
    }
}

/// Whether an endpoint is told of this event. What concerns no message has no channel.
fn takes(filter: &HookFilter, told: &FeedEvent) -> bool {
    let channel = || told.message.as_ref().map(|message| message.channel.as_str());
    (filter.kinds.is_empty() || filter.kinds.contains(&told.event.kind))
        && (filter.channels.is_empty() || filter.channels.iter().any(|one| channel() == Some(one.as_str())))
}

//! What this process knows of the accounts that it sends on: places that it has reserved, attempts that are under way, silence.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use comms_core::{
    AccountId, Pace,
    history::{SLICE, Turn},
};
use time::OffsetDateTime;
use tokio::{sync::Notify, time::Instant};

/// How many places are reserved at once at most.
const LARGEST_SLICE: u16 = 64;

/// The accounts of this process.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    lanes: Mutex<HashMap<AccountId, Lane>>,
    /// How many first attempts are under way, of the accounts that have any.
    firsts: Mutex<HashMap<AccountId, u32>>,
    bell: Notify,
}

/// One account.
#[derive(Debug, Default)]
struct Lane {
    /// What the store was told.
    pace: Option<Pace>,
    /// Places that were reserved and not used, with their times.
    places: VecDeque<(Instant, Turn)>,
    /// How many were reserved last, and when.
    slice: Option<(Instant, u16)>,
    under_way: u16,
    silent_until: Option<OffsetDateTime>,
}

impl Pacer {
    /// Whether the store is to be told of this pace.
    pub(crate) fn is_news(&self, account: &AccountId, pace: &Pace) -> bool {
        self.lanes().get(account).is_none_or(|lane| lane.pace != Some(*pace))
    }

    pub(crate) fn told(&self, account: &AccountId, pace: Pace) {
        self.lanes().entry(account.clone()).or_default().pace = Some(pace);
    }

    /// A place that was reserved before; else how many to reserve: one, and twice as many each time where the last were used within
    /// their slice.
    pub(crate) fn place(&self, account: &AccountId) -> Result<Turn, u16> {
        let now = Instant::now();
        let mut lanes = self.lanes();
        let lane = lanes.entry(account.clone()).or_default();
        lane.places.retain(|(at, _)| *at + SLICE > now);
        if let Some((at, turn)) = lane.places.pop_front() {
            return Ok(Turn { after: at.saturating_duration_since(now), ..turn });
        }
        let soon = lane.slice.filter(|(at, _)| now.duration_since(*at) < SLICE);
        let count = soon.map_or(1, |(_, count)| count.saturating_mul(2).min(LARGEST_SLICE));
        lane.slice = Some((now, count));
        Err(count)
    }

    /// Keeps places for those who come next.
    pub(crate) fn keep(&self, account: &AccountId, turns: impl IntoIterator<Item = Turn>) {
        let now = Instant::now();
        let mut lanes = self.lanes();
        let lane = lanes.entry(account.clone()).or_default();
        lane.places.extend(turns.into_iter().map(|turn| (now + turn.after, turn)));
        lane.places.make_contiguous().sort_by_key(|(at, _)| *at);
    }

    /// Nothing leaves this account from here until then, whatever was reserved.
    pub(crate) fn silence(&self, account: &AccountId, until: OffsetDateTime) {
        let mut lanes = self.lanes();
        let lane = lanes.entry(account.clone()).or_default();
        lane.places.clear();
        lane.silent_until = lane.silent_until.max(Some(until));
    }

    /// For how long nothing leaves this account, where that is so.
    pub(crate) fn silent(&self, account: &AccountId, now: OffsetDateTime) -> Option<Duration> {
        let until = self.lanes().get(account)?.silent_until?;
        Duration::try_from(until - now).ok().filter(|wait| !wait.is_zero())
    }

    /// One more attempt of the queue is under way, until this is dropped.
    pub(crate) fn enter(self: &Arc<Self>, account: &AccountId) -> UnderWay {
        self.lanes().entry(account.clone()).or_default().under_way += 1;
        UnderWay(Arc::clone(self), account.clone())
    }

    /// The attempts of the queue that are under way.
    pub(crate) fn under_way(&self) -> Vec<(AccountId, u16)> {
        let lanes = self.lanes();
        let busy = lanes.iter().filter(|(_, lane)| lane.under_way > 0);
        busy.map(|(account, lane)| (account.clone(), lane.under_way)).collect()
    }

    /// One more first attempt of this account is under way, until this is dropped. `None` where it has its share of those that are made
    /// at once: then what comes next has its turn in the queue, and whoever sends from another account finds room.
    pub(crate) fn begin(self: &Arc<Self>, account: &AccountId, at_once: u32) -> Option<First> {
        let mut firsts = self.firsts();
        let own = firsts.get(account).copied().unwrap_or_default();
        let others = firsts.len() - usize::from(own > 0);
        // One share more than there are accounts, as in the queue.
        let shares = u32::try_from(others + 2).unwrap_or(u32::MAX);
        if own >= (at_once / shares).max(1) {
            return None;
        }
        firsts.insert(account.clone(), own + 1);
        Some(First(Arc::clone(self), account.clone()))
    }

    fn firsts(&self) -> MutexGuard<'_, HashMap<AccountId, u32>> {
        self.firsts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue is worth a look.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<AccountId, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt of the queue that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Pacer>, AccountId);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(lane) = self.0.lanes().get_mut(&self.1) {
            lane.under_way = lane.under_way.saturating_sub(1);
        }
        self.0.ring();
    }
}

/// A first attempt that is under way.
#[derive(Debug)]
pub(crate) struct First(Arc<Pacer>, AccountId);

impl Drop for First {
    fn drop(&mut self) {
        let mut firsts = self.0.firsts();
        match firsts.get_mut(&self.1) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(firsts.remove(&self.1)),
        }
    }
}

//! Sessions that stay open between two messages of one thread.
//!
//! A session knows what was said in it, so that the next message need not be told the past again. It is used again only by who can say that it
//! missed nothing; in every other case it is closed, and a new one is told everything. Nothing depends on what is kept here.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{answer::Answer, text_session::AgentTextSession};
use crate::{SessionSlot, limits};

/// Where a message stands in a thread of messages whose session may stay open.
///
/// A session that was [kept](crate::Config::keep_sessions) is used only where it heard the message before this one (`number`), what it said to
/// that is what the person was given (`answered`), and the `facts` are those that it was opened with.
#[derive(Clone, Copy, Debug)]
pub struct Thread<'a> {
    /// The thread's name, the same for each message of it, and of no other thread with this agent.
    pub id: &'a str,
    /// The number of the message, one more for each. One that is asked again has the same.
    pub number: u64,
    /// What the person was given as the answer to the message before; `None` where that is nothing, or not known.
    pub answered: Option<&'a str>,
    /// What happened since then that the agent does not know: an id and a text. A session that is used again is told this and nothing else.
    pub since: Option<(&'a str, &'a str)>,
    /// A fingerprint of what sessions are opened with, as far as the conversation itself does not change it.
    pub facts: u64,
    /// Tools of ours with which the agent gives the thread up: a session in which one was used is not kept.
    pub leaves_by: &'a [String],
}

/// What a session has heard and said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    number: u64,
    facts: u64,
    /// The letters of its last answer.
    said: String,
}

impl Heard {
    fn of(thread: &Thread<'_>, answer: &Answer) -> Self {
        Self { number: thread.number, facts: thread.facts, said: letters(&answer.texts.concat()) }
    }

    /// Whether it missed nothing of a thread up to this message.
    fn is_all_before(&self, thread: &Thread<'_>) -> bool {
        self.number.checked_add(1) == Some(thread.number)
            && self.facts == thread.facts
            && thread.answered.is_some_and(|answered| letters(answered) == self.said)
    }
}

/// A text without its spaces: texts are joined and divided on their way, and nothing else.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// An open session with its right to be open.
pub(super) struct Warm {
    pub session: AgentTextSession,
    pub slot: SessionSlot,
}

impl Warm {
    /// Ends it in order. The place is free when the end has come.
    pub(super) async fn close(self) {
        self.session.close().await;
        drop(self.slot);
    }

    /// The same, without anybody who waits for it.
    pub(super) fn leave(self) {
        tokio::spawn(self.close());
    }
}

/// Agent and thread.
type Key = (String, String);

/// What is to become of a session that is kept. Who lets go of the sender wants it closed.
struct Wanted;

/// A session that is kept, as its keeper is known.
struct Entry {
    /// Its place in the order in which sessions were kept: the least has been idle longest.
    place: u64,
    heard: Heard,
    wanted: oneshot::Sender<Wanted>,
    keeper: JoinHandle<Option<Warm>>,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    places: u64,
    /// How many wait for the right to open a session.
    waiting: usize,
    /// Nothing is kept any more.
    closed: bool,
}

/// The sessions that a client keeps. Each has one of the client's rights to a conversation: who wants to open another and has none
/// gets that of the one that has been idle longest.
pub(crate) struct Kept {
    state: Mutex<State>,
    keep: Duration,
}

/// Somebody waits for the right to open a session; over when it is dropped.
pub(crate) struct Waiting<'a>(&'a Kept);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Kept {
    /// Keeps each for this long after its last answer; none where that is no time.
    pub(crate) fn new(keep: Duration) -> Self {
        Self { state: Mutex::default(), keep }
    }

    /// How many are kept at this moment.
    pub(crate) fn count(&self) -> usize {
        self.state().entries.len()
    }

    /// Makes room for another session, and keeps no further one as long as somebody waits.
    pub(crate) fn make_room(&self) -> Waiting<'_> {
        let mut state = self.state();
        state.waiting += 1;
        let longest = state.entries.iter().min_by_key(|(_, entry)| entry.place).map(|(key, _)| key.clone());
        if let Some(key) = longest {
            state.entries.remove(&key);
        }
        Waiting(self)
    }

    /// Closes all of them, and keeps none from now on.
    pub(crate) async fn close(&self) {
        let entries: Vec<Entry> = {
            let mut state = self.state();
            state.closed = true;
            state.entries.drain().map(|(_, entry)| entry).collect()
        };
        let keepers: Vec<_> = entries.into_iter().map(|entry| entry.keeper).collect();
        for keeper in keepers {
            // They end at the same time, each within the limit of a close; nothing is lost by one that does not.
            let _ = timeout(limits::CLOSE_WITHIN, keeper).await;
        }
    }

    /// The session of this thread, where there is one that missed nothing; any other of the thread is closed.
    pub(super) async fn take(&self, agent: &str, thread: &Thread<'_>) -> Option<Warm> {
        let entry = self.state().entries.remove(&(agent.to_owned(), thread.id.to_owned()))?;
        if !entry.heard.is_all_before(thread) {
            return None;
        }
        let Entry { wanted, keeper, .. } = entry;
        wanted.send(Wanted).ok()?;
        let mut warm = keeper.await.ok()??;
        // What is on its way is no answer to what has not been said yet.
        match warm.session.settle().await {
            Ok(()) if warm.session.is_in_step() => Some(warm),
            Ok(()) => {
                warm.leave();
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps a session that has just answered, where it may be kept; else it is closed.
    pub(super) fn put(self: &Arc<Self>, agent: &str, thread: &Thread<'_>, answer: &Answer, warm: Warm) {
        let gave_up = answer.tools.iter().any(|tool| thread.leaves_by.contains(&tool.name));
        // One that speaks is paid for by the minute.
        if gave_up || answer.ended || answer.spoke || !warm.session.is_in_step() {
            return warm.leave();
        }
        let mut state = self.state();
        if self.keep.is_zero() || state.closed || state.waiting > 0 {
            return warm.leave();
        }
        state.places += 1;
        let (key, place) = ((agent.to_owned(), thread.id.to_owned()), state.places);
        let (wanted, receiver) = oneshot::channel();
        let keeper = tokio::spawn(keep(Arc::downgrade(self), key.clone(), place, warm, receiver));
        let entry = Entry { place, heard: Heard::of(thread, answer), wanted, keeper };
        // One that two turns at once left behind is closed.
        state.entries.insert(key, entry);
    }

    fn forget(&self, key: &Key, place: u64) {
        let mut state = self.state();
        if state.entries.get(key).is_some_and(|entry| entry.place == place) {
            state.entries.remove(key);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("keep", &self.keep).field("count", &self.count()).finish()
    }
}

/// Keeps a session until it is wanted, and gives it; or until it is over.
async fn keep(
    kept: Weak<Kept>,
    key: Key,
    place: u64,
    mut warm: Warm,
    wanted: oneshot::Receiver<Wanted>,
) -> Option<Warm> {
    let keep = kept.upgrade().map_or(Duration::ZERO, |kept| kept.keep);
    match hold(&mut warm.session, wanted, keep).await {
        Held::Wanted => return Some(warm),
        Held::Unwanted => warm.close().await,
        Held::Gone => {}
    }
    if let Some(kept) = kept.upgrade() {
        kept.forget(&key, place);
    }
    None
}

/// How the keeping of a session ended.
enum Held {
    /// Somebody has a message for it.
    Wanted,
    /// Nobody will, or nobody may.
    Unwanted,
    /// The other side ended it.
    Gone,
}

/// Answers pings and says now and then that the person is there, which they are as far as anybody can tell.
async fn hold(session: &mut AgentTextSession, mut wanted: oneshot::Receiver<Wanted>, keep: Duration) -> Held {
    let end = Instant::now() + keep;
    loop {
        let mut wish = None;
        let wait = async {
            tokio::select! {
                biased;
                told = &mut wanted => wish = Some(told.is_ok()),
                () = sleep(limits::ACTIVITY) => {}
                () = sleep_until(end) => {}
            }
        };
        if session.idle_until(wait).await.is_err() {
            return Held::Gone;
        }
        match wish {
            Some(true) => return Held::Wanted,
            Some(false) => return Held::Unwanted,
            None if Instant::now() >= end || !session.is_in_step() => return Held::Unwanted,
            None if session.activity().await.is_err() => return Held::Gone,
            None => {}
        }
    }
}

//! Places between two commits at which a process can be made to end at once, for `cargo xtask soak`.
//!
//! Only a debug build has them, and only a program that [arms](arm) one ends there: in a release build
//! [`failpoint!`](crate::failpoint!) is nothing.

macro_rules! places {
    ($($(#[doc = $doc:literal])+ $place:ident = $name:literal,)+) => {
        /// A place. Each is reached by one [`failpoint!`](crate::failpoint!) in the code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Place {
            $($(#[doc = $doc])+ $place,)+
        }

        impl Place {
            /// All places, in the order in which a message meets them.
            pub const ALL: &[Self] = &[$(Self::$place),+];

            /// Its name, for instance `send.accepted`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$place => $name),+
                }
            }

            /// The place of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|place| place.name() == name)
            }
        }
    };
}

places! {
    /// A round of webhooks is written and not committed.
    IngestWritten = "ingest.written",
    /// A round of webhooks is committed, and nobody who waits for it has heard.
    IngestCommitted = "ingest.committed",
    /// A webhook is stored and not acknowledged.
    WebhookStored = "webhook.stored",
    /// A message to send is written and not committed.
    AcceptWritten = "accept.written",
    /// It is committed, and its first attempt has not begun.
    SendAccepted = "send.accepted",
    /// The first attempt is over and not recorded.
    SendAttempted = "send.attempted",
    /// The end of an attempt is written and not committed.
    ConcludeWritten = "conclude.written",
    /// The first attempt is recorded, and the caller has no answer.
    SendConcluded = "send.concluded",
    /// Claims of what is due in the queue are written and not committed.
    ClaimWritten = "claim.written",
    /// They are committed, and no attempt has begun.
    QueueClaimed = "queue.claimed",
    /// An attempt of the queue is over and not recorded.
    QueueAttempted = "queue.attempted",
    /// It is recorded.
    QueueConcluded = "queue.concluded",
    /// What becomes of attempts that were cut off is written and not committed.
    StaleWritten = "stale.written",
    /// It is committed.
    StaleReleased = "stale.released",
    /// Claims of what is to be looked for are written and not committed.
    LookWritten = "look.written",
    /// They are committed, and no look has begun.
    LookClaimed = "look.claimed",
    /// A look is over and not recorded.
    LookMade = "look.made",
    /// It is recorded.
    LookConcluded = "look.concluded",
    /// Claims of files to fetch are written and not committed.
    MediaWritten = "media.written",
    /// They are committed, and no file is being fetched.
    MediaClaimed = "media.claimed",
    /// A file is fetched and not recorded.
    MediaFetched = "media.fetched",
    /// It is recorded.
    MediaConcluded = "media.concluded",
    /// The withdrawal of a message is written and not committed.
    CancelWritten = "cancel.written",
    /// It is committed, and the caller has no answer.
    CancelCommitted = "cancel.committed",
    /// Messages that are late are out of the queue, and that is not committed.
    ExpireWritten = "expire.written",
    /// It is committed.
    ExpireCommitted = "expire.committed",
    /// Deliveries of outgoing webhooks are written and not committed.
    PlanWritten = "plan.written",
    /// They are committed, and none is claimed.
    HookPlanned = "hook.planned",
    /// Claims of deliveries are written and not committed.
    HookWritten = "hook.written",
    /// They are committed, and no request is made.
    HookClaimed = "hook.claimed",
    /// A request is over and not recorded.
    HookTold = "hook.told",
    /// How it ended is written and not committed.
    HookEndWritten = "hook.end-written",
    /// It is recorded.
    HookConcluded = "hook.concluded",
    /// What is too old is deleted, and that is not committed.
    RetentionWritten = "retention.written",
    /// It is committed.
    RetentionCommitted = "retention.committed",
    /// A step of an erasure is written and not committed.
    ErasureWritten = "erasure.written",
    /// It is committed, and the next one has not begun.
    ErasureStepped = "erasure.stepped",
    /// Files of somebody who is erased are deleted, and their rows are not.
    ErasureFiles = "erasure.files",
    /// Claims of mailboxes to read are written and not committed.
    SourceWritten = "source.written",
    /// A mailbox is read, and nothing of it is stored.
    SourceRead = "source.read",
    /// What was read is stored, and how far it was read is not.
    SourceStored = "source.stored",
    /// Both are stored.
    SourceConcluded = "source.concluded",
    /// A call is handed off, and who told of it has not heard.
    CallHandedOff = "call.handed_off",
    /// Claims of what an agent is to do are written and not committed.
    TurnWritten = "turn.written",
    /// They are committed, and nothing is done.
    TurnClaimed = "turn.claimed",
    /// What became of a step is written and not committed.
    StepWritten = "step.written",
    /// What the first message says is committed, and it is not accepted.
    OpeningDecided = "opening.decided",
    /// It is accepted, and the continuation does not know.
    OpeningSent = "opening.sent",
    /// The continuation knows.
    OpeningConcluded = "opening.concluded",
    /// The agent has answered, and the answer is not committed.
    AgentReplied = "agent.replied",
    /// It is committed, and no message of it is accepted.
    ReplyDecided = "reply.decided",
    /// A message of it is accepted, and the burst is not over.
    ReplySent = "reply.sent",
    /// The burst is over.
    ReplyConcluded = "reply.concluded",
}

impl Place {
    /// Those that only calls which go on by chat meet: a load without agents reaches none of them.
    pub const OF_CONTINUATIONS: &[Self] = &[
        Self::CallHandedOff,
        Self::TurnWritten,
        Self::TurnClaimed,
        Self::StepWritten,
        Self::OpeningDecided,
        Self::OpeningSent,
        Self::OpeningConcluded,
        Self::AgentReplied,
        Self::ReplyDecided,
        Self::ReplySent,
        Self::ReplyConcluded,
    ];
}

/// Marks a [place](Place) in the code.
#[macro_export]
macro_rules! failpoint {
    ($place:ident) => {
        $crate::failpoint::reach($crate::failpoint::Place::$place)
    };
}

/// Ends the process where this place is armed. Does nothing in a release build.
#[inline]
pub fn reach(place: Place) {
    #[cfg(debug_assertions)]
    armed::reach(place);
    #[cfg(not(debug_assertions))]
    let _ = place;
}

/// Arms a place: the process ends without unwinding when it is reached for the `nth` time, counted from 1.
#[cfg(debug_assertions)]
pub fn arm(place: Place, nth: u32) {
    armed::arm(place, nth);
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

    use super::Place;

    /// The place, counted from 1; 0 = none.
    static ARMED: AtomicUsize = AtomicUsize::new(0);
    /// How many times it may still be reached, the last one included.
    static LEFT: AtomicU32 = AtomicU32::new(0);

    pub(super) fn arm(place: Place, nth: u32) {
        LEFT.store(nth.max(1), Ordering::SeqCst);
        ARMED.store(place as usize + 1, Ordering::SeqCst);
    }

    pub(super) fn reach(place: Place) {
        if is_the_one(place) {
            eprintln!("failpoint {}", place.name());
            std::process::abort();
        }
    }

    pub(super) fn is_the_one(place: Place) -> bool {
        ARMED.load(Ordering::SeqCst) == place as usize + 1 && LEFT.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn the_armed_place_counts_and_no_other() {
        armed::arm(Place::MediaFetched, 2);
        assert!(!armed::is_the_one(Place::MediaClaimed));
        assert!(!armed::is_the_one(Place::MediaFetched), "the first time");
        assert!(!armed::is_the_one(Place::MediaClaimed));
        assert!(armed::is_the_one(Place::MediaFetched), "the second time");
        assert!(!armed::is_the_one(Place::MediaFetched), "never again");
    }

    #[test]
    fn places_are_found_by_their_names() {
        for place in Place::ALL {
            assert_eq!(Place::named(place.name()), Some(*place));
        }
        assert_eq!(Place::named("nowhere"), None);
    }
}

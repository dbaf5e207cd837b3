//! States of a message or call, and how they merge.

use serde::{Deserialize, Serialize};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the other party to us.
    Inbound,
    /// From us to the other party.
    Outbound,
}

/// The state of a message or call.
///
/// States merge by [`rank`](Self::rank): the highest ever reported wins, in whatever order reports arrive. A number is
/// stored for each; numbers are never reused.
///
/// ```
/// use comms_core::Status;
///
/// let arrived = [Status::Read, Status::Sent, Status::Delivered];
/// let state = arrived.into_iter().fold(Status::Accepted, Status::merge);
/// assert_eq!(state, Status::Read);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Waits for its time.
    Scheduled,
    /// Waits for its turn.
    Queued,
    /// A request is under way.
    Sending,
    /// The outcome of the request is not known.
    Unknown,
    /// Withdrawn before it was sent.
    Canceled,
    /// Not sent by its deadline.
    Expired,
    /// The provider took it.
    Accepted,
    /// The provider passed it on.
    Sent,
    /// Refused by us or the provider, for good.
    Failed,
    /// It reached the recipient's device.
    Delivered,
    /// The recipient opened (or played) it.
    Read,
    /// It came from the other party.
    Received,
    /// A call was placed or announced.
    CallInitiated,
    /// It rings.
    CallRinging,
    /// The parties talk.
    CallInProgress,
    /// It ended; how is not known (yet).
    CallEnded,
    /// Hung up before an answer.
    CallCanceled,
    /// The number is engaged.
    CallBusy,
    /// Nobody answered.
    CallNoAnswer,
    /// The call could not be put through.
    CallFailed,
    /// The parties talked and hung up.
    CallCompleted,
}

impl Status {
    /// All states, in the order of their ranks.
    pub const ALL: [Self; 21] = [
        Self::Scheduled,
        Self::Queued,
        Self::Sending,
        Self::Unknown,
        Self::Canceled,
        Self::Expired,
        Self::Accepted,
        Self::Sent,
        Self::Failed,
        Self::Delivered,
        Self::Read,
        Self::Received,
        Self::CallInitiated,
        Self::CallRinging,
        Self::CallInProgress,
        Self::CallEnded,
        Self::CallCanceled,
        Self::CallBusy,
        Self::CallNoAnswer,
        Self::CallFailed,
        Self::CallCompleted,
    ];

    /// The number that is stored, and by which states merge: the greater wins.
    ///
    /// What the provider reports outranks what we only believe (`Unknown`, `Expired`), and `Delivered` outranks
    /// `Failed`, since a message that arrived did arrive.
    #[must_use]
    pub const fn rank(self) -> i16 {
        match self {
            Self::Scheduled => 0,
            Self::Queued => 10,
            Self::Sending => 20,
            Self::Unknown => 30,
            Self::Canceled => 40,
            Self::Expired => 50,
            Self::Accepted => 60,
            Self::Sent => 70,
            Self::Failed => 80,
            Self::Delivered => 90,
            Self::Read => 100,
            Self::Received => 110,
            Self::CallInitiated => 200,
            Self::CallRinging => 210,
            Self::CallInProgress => 220,
            Self::CallEnded => 225,
            Self::CallCanceled => 230,
            Self::CallBusy => 240,
            Self::CallNoAnswer => 250,
            Self::CallFailed => 260,
            Self::CallCompleted => 270,
        }
    }

    /// The state with this stored number.
    #[must_use]
    pub fn from_rank(rank: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.rank() == rank)
    }

    /// The state after both were reported.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// The English name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Received => "received",
            Self::CallInitiated => "call_initiated",
            Self::CallRinging => "call_ringing",
            Self::CallInProgress => "call_in_progress",
            Self::CallEnded => "call_ended",
            Self::CallCanceled => "call_canceled",
            Self::CallBusy => "call_busy",
            Self::CallNoAnswer => "call_no_answer",
            Self::CallFailed => "call_failed",
            Self::CallCompleted => "call_completed",
        }
    }
}

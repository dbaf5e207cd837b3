//! What goes into and comes out of the queue of messages to be sent.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Turn;
use crate::{AccountId, ChannelKind, Links, OrganizationId, Outbound, Probe, UserId};

/// What is done where nobody knows whether the provider took a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// It is not sent again without a proof that it was not taken.
    #[default]
    AtMostOnce,
    /// It is sent again, and may arrive twice.
    AtLeastOnce,
}

/// When a message is sent, how often it is tried, and who waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queueing {
    /// What is done about an unknown outcome.
    pub mode: DeliveryMode,
    /// Not before this; at once where absent.
    pub scheduled_for: Option<OffsetDateTime>,
    /// Until when it may wait and be tried; `None` = it is tried once and at once, and waits for nobody (calls).
    pub expires_at: Option<OffsetDateTime>,
    /// For how long at most, from its first attempt, later messages of its conversation wait for it.
    pub hold: Duration,
    /// It may not go at once, but when there is a place for it, perhaps then. Calls never wait.
    pub held_until: Option<OffsetDateTime>,
}

/// The number of a claim on a message. It grows with each claim: who comes with an older one has lost the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimToken(pub i32);

impl ClaimToken {
    /// The claim with which a message is accepted that is sent at once.
    pub const FIRST: Self = Self(1);
}

/// A message to be sent now. The claim ends by itself when its lease does.
#[derive(Clone, Debug)]
pub struct OutboxJob {
    /// The message.
    pub message: Outbound,
    /// The claim.
    pub token: ClaimToken,
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// The organisation.
    pub organization: OrganizationId,
    /// The account that sends.
    pub account: AccountId,
    /// Its channel.
    pub channel: ChannelKind,
    /// Who wrote it.
    pub user: Option<UserId>,
    /// What it belongs to.
    pub links: Links,
    /// What is done about an unknown outcome.
    pub mode: DeliveryMode,
    /// Until when it may be tried.
    pub expires_at: Option<OffsetDateTime>,
    /// Its place in the account's pace.
    pub turn: Turn,
    /// What the rules before a send look at, as it is at the moment of the claim.
    pub standing: Standing,
}

/// How an account and a recipient stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether the account is the organisation's, of the message's channel, and in use.
    pub account_usable: bool,
    /// When the recipient last wrote to the account.
    pub last_inbound_at: Option<OffsetDateTime>,
    /// Of which kinds of the account's messages they opted out.
    pub opted_out: Vec<String>,
}

/// A message of unknown outcome, to be looked for at the provider. The claim ends by itself when its lease does.
#[derive(Clone, Debug)]
pub struct UnknownJob {
    /// What to look for.
    pub probe: Probe,
    /// The claim of the attempt, which may still be answered: whichever of both tells first is believed.
    pub token: ClaimToken,
    /// The account that sent.
    pub account: AccountId,
    /// Since when the outcome is unknown.
    pub since: OffsetDateTime,
    /// Until when it may be sent again, should the provider not have it.
    pub expires_at: Option<OffsetDateTime>,
}

/// How a message stands in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it is sent next, at the earliest.
    pub due_at: OffsetDateTime,
    /// Until when it may be tried.
    pub expires_at: Option<OffsetDateTime>,
    /// How many attempts there were.
    pub attempts: u32,
    /// What is done about an unknown outcome.
    pub mode: DeliveryMode,
}

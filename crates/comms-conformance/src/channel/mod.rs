//! What every [`Channel`] promises.

mod excluded;
mod failing;
mod finding;
mod sending;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_core::{Capabilities, Channel, Error, MessageId, Outbound, Secret};

use crate::{
    Case, Report, Violation,
    suite::{cases, ensure, run_all},
};

/// What every channel promises, case by case.
pub const CASES: &[Case<dyn ChannelHarness>] = cases![
    sending::{
        account_and_kind_never_change,
        every_claimed_content_and_address_is_sent_once,
        the_longest_text_is_still_sent,
        the_receipt_names_what_the_provider_stored,
        our_id_travels_with_the_message,
        concurrent_sends_are_all_distinct,
    },
    excluded::{
        what_is_excluded_is_refused_without_a_request,
    },
    failing::{
        a_refused_connection_sent_nothing,
        a_throttled_send_says_when_to_try_again,
        a_connection_cut_before_the_provider_acted_is_not_a_refusal,
        an_answer_lost_after_the_provider_acted_is_unknown_and_not_repeated,
        a_server_error_after_the_provider_acted_is_unknown_and_not_repeated,
        a_page_of_a_proxy_is_unknown_and_not_repeated,
        an_answer_that_breaks_off_is_unknown_and_not_repeated,
        an_answer_that_comes_too_late_is_unknown_and_not_repeated,
        a_failure_leaves_the_channel_usable,
        no_error_reveals_a_secret,
    },
    finding::{
        what_was_sent_is_never_said_to_be_missing,
        what_was_never_sent_is_never_found,
        a_channel_that_claims_to_find_gives_proof,
    },
];

/// Runs [`CASES`].
///
/// # Errors
/// The promises that the channel does not keep.
pub async fn channel(harness: &(dyn ChannelHarness + 'static)) -> Result<(), Report> {
    run_all(CASES, harness).await
}

/// Gives the suite channels in front of a double of their provider.
#[async_trait]
pub trait ChannelHarness: Send + Sync {
    /// A channel and its double, both as new: no request has been made. Its time-out is short.
    async fn open(&self) -> Bench;

    /// Messages that the double takes, the plainest first: at least one for each content and each kind of address that
    /// the capabilities claim.
    fn samples(&self) -> Vec<Outbound>;

    /// Messages beyond limits that only this provider has. What the capabilities exclude the suite makes by itself.
    fn beyond_limits(&self) -> Vec<Outbound> {
        Vec::new()
    }

    /// Whether the provider takes an id of ours with a message.
    fn carries_our_id(&self) -> bool;

    /// Every credential that the channel was given.
    fn secrets(&self) -> Vec<Secret>;
}

/// A channel and the double behind it.
pub struct Bench {
    /// The subject.
    pub channel: Arc<dyn Channel>,
    /// What it talks to.
    pub wire: Arc<dyn Wire>,
}

/// The double of a provider, as a suite needs it.
#[async_trait]
pub trait Wire: Send + Sync {
    /// What arrived so far.
    async fn ledger(&self) -> Ledger;

    /// Strikes the next request that sends a message with this fault, and no other.
    async fn fail_next(&self, fault: Fault);
}

/// What arrived at a double.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Requests of every kind, refused and lost ones included.
    pub requests: usize,
    /// The messages that the provider acted on, oldest first.
    pub sent: Vec<Sent>,
}

/// A message that the provider acted on.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The provider's id of it.
    pub provider_id: String,
    /// The id of ours that came with it.
    pub our_id: Option<MessageId>,
}

/// What can go wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens: no connection is made.
    Refused,
    /// The provider did not act, and says when to come back, in the way it documents.
    Throttled {
        /// The wait that it asks for: whole seconds.
        retry_after: Duration,
    },
    /// The connection is closed; the provider did not act.
    CutBeforeActing,
    /// The provider acted, then the connection is closed without an answer.
    CutAfterActing,
    /// The provider acted, then answers with an error of its own side (HTTP 500).
    ErrorAfterActing,
    /// A proxy answers with an HTML page (HTTP 502) after the provider acted.
    HtmlAfterActing,
    /// The provider acted; its answer breaks off in the middle.
    TruncatedAfterActing,
    /// The provider acted; its answer comes later than the channel waits.
    SlowAfterActing,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 8] = [
        Self::Refused,
        THROTTLED,
        Self::CutBeforeActing,
        Self::CutAfterActing,
        Self::ErrorAfterActing,
        Self::HtmlAfterActing,
        Self::TruncatedAfterActing,
        Self::SlowAfterActing,
    ];
}

/// Longer than any channel waits by itself.
const RETRY_AFTER: Duration = Duration::from_secs(97);

const THROTTLED: Fault = Fault::Throttled { retry_after: RETRY_AFTER };

/// The plainest message, as a new one.
fn plainest(harness: &dyn ChannelHarness) -> Result<Outbound, Violation> {
    match harness.samples().into_iter().next() {
        Some(sample) => Ok(renewed(sample)),
        None => Err(Violation::new("the harness gives no sample")),
    }
}

/// The same message under another id of ours.
fn renewed(message: Outbound) -> Outbound {
    Outbound { id: MessageId::new(), ..message }
}

/// A send that a fault struck.
struct Struck {
    bench: Bench,
    message: Outbound,
    error: Error,
    ledger: Ledger,
}

/// Sends the plainest message under `fault`. Whatever the fault, the send fails, and no request is made that a send
/// without fault does not make.
async fn strike(harness: &dyn ChannelHarness, fault: Fault) -> Result<Struck, Violation> {
    let message = plainest(harness)?;
    let untroubled = harness.open().await;
    untroubled.channel.send(&message).await?;
    let enough = untroubled.wire.ledger().await.requests;

    let bench = harness.open().await;
    bench.wire.fail_next(fault).await;
    let Err(error) = bench.channel.send(&message).await else {
        return Err(Violation::new(format!("{fault:?} is reported as a success")));
    };
    let ledger = bench.wire.ledger().await;
    ensure!(ledger.requests <= enough, "{fault:?}: {} requests where {enough} send a message", ledger.requests);
    Ok(Struck { bench, message, error, ledger })
}

/// What the channel of this harness claims.
async fn claimed(harness: &dyn ChannelHarness) -> Capabilities {
    harness.open().await.channel.capabilities()
}

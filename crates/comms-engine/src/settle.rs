//! What becomes of an attempt. The one place that decides it, for the first attempt and for those of the queue.

use std::time::Duration;

use comms_core::{
    Channel, ChannelKind, Error, ErrorKind, MessageId, Outcome, Problem, Receipt, Result, Status,
    history::{ClaimToken, Conclusion, DeliveryMode},
};
use time::OffsetDateTime;

use crate::{Settings, settings::span};

/// An attempt that is over.
pub(crate) struct Attempt {
    pub message: MessageId,
    pub claim: ClaimToken,
    /// How many there were, this one included.
    pub attempts: u32,
    pub mode: DeliveryMode,
    /// Until when it may be tried again; `None` = never.
    pub expires_at: Option<OffsetDateTime>,
    /// What it is called when it failed.
    pub failed: Status,
}

/// What a failed message of this channel is: a call has states of its own, with which its provider's reports merge.
pub(crate) fn failed_on(channel: &dyn Channel) -> Status {
    match channel.kind() {
        ChannelKind::Voice => Status::CallFailed,
        _ => Status::Failed,
    }
}

/// How an attempt is recorded.
///
/// * accepted: as the receipt says.
/// * refused for good (`Rejected`): failed, with the provider's reason.
/// * perhaps acted on (`Unknown`): unknown, and looked for; sent again only where it may arrive twice.
/// * certainly not acted on (`NotSent`): queued again, not before the provider's `retry_after`; expired where that is after its
///   deadline. What has no deadline (calls) fails now, and so does what an operator must mend for this message alone.
/// * refused for the account's sake (an expired token, a locked number): queued again; the account is stopped, and its messages wait.
///
/// `jitter` is a number from 0 to 1: how much of the longest wait is waited.
pub(crate) fn conclusion(
    attempt: &Attempt,
    result: Result<Receipt>,
    settings: &Settings,
    jitter: f64,
    now: OffsetDateTime,
) -> Conclusion {
    let (status, receipt, problem, due_at) = match result {
        Ok(receipt) => (receipt.status, Some(receipt), None, None),
        Err(error) => {
            let due_at = now + span(wait(attempt.attempts, error.wait(), settings, jitter));
            let (status, due_at, reason) = failure(attempt, &error, due_at, settings, now);
            (status, None, Some(problem(&error, reason)), due_at)
        }
    };
    Conclusion { message: attempt.message, claim: Some(attempt.claim), status, receipt, problem, due_at, now }
}

fn failure(
    attempt: &Attempt,
    error: &Error,
    again_at: OffsetDateTime,
    settings: &Settings,
    now: OffsetDateTime,
) -> (Status, Option<OffsetDateTime>, String) {
    let reason = error.message().to_owned();
    let not_sent = format!("{NOT_SENT}: {}", error.message());
    let in_time = attempt.expires_at.is_some_and(|end| again_at < end);
    let kept = must_be_mended(error) && attempt.expires_at.is_some_and(|end| now < end);
    let twice = attempt.mode == DeliveryMode::AtLeastOnce;
    match error.outcome() {
        Outcome::Rejected | Outcome::NotSent if kept => (Status::Queued, Some(now), not_sent),
        Outcome::Rejected => (attempt.failed, None, reason),
        Outcome::Unknown if twice && in_time => (Status::Queued, Some(again_at), reason),
        Outcome::Unknown => (Status::Unknown, Some(now + span(settings.unknown_first)), reason),
        Outcome::NotSent if !waiting_helps(error) || attempt.expires_at.is_none() => (attempt.failed, None, not_sent),
        Outcome::NotSent if in_time => (Status::Queued, Some(again_at), reason),
        Outcome::NotSent => (Status::Expired, None, not_sent),
    }
}

/// Whether every message of the account meets this until an operator mends something: then none is lost to it.
pub(crate) fn must_be_mended(error: &Error) -> bool {
    error.is_about_account() && !waiting_helps(error)
}

/// Whether somebody must mend a setting first.
fn waiting_helps(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Config | ErrorKind::Unauthenticated)
}

/// How long until the next attempt: what the provider asks for, and a random part of a wait that doubles each time.
fn wait(attempts: u32, retry_after: Option<Duration>, settings: &Settings, jitter: f64) -> Duration {
    let doubled = settings.retry_base.saturating_mul(1 << attempts.saturating_sub(1).min(20));
    let random = doubled.min(settings.retry_cap).mul_f64(jitter.clamp(0.0, 1.0));
    retry_after.unwrap_or_default().saturating_add(random)
}

/// How the attempt is counted.
pub(crate) fn outcome_name(result: &Result<Receipt>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(error) => match error.outcome() {
            Outcome::Rejected => "rejected",
            Outcome::NotSent => "not_sent",
            Outcome::Unknown => "unknown",
        },
    }
}

/// The provider's code where it gave one, else the kind of the error.
pub(crate) fn problem(error: &Error, message: String) -> Problem {
    Problem { code: error.provider_code().unwrap_or(error.kind().as_str()).to_owned(), message, kind: error.kind() }
}

/// What the reason of a message begins with that certainly did not leave, so that a person knows that it can be sent again.
const NOT_SENT: &str = "not sent, it can be sent again";

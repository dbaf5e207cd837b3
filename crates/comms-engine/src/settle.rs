//! What becomes of an attempt. The one place that decides it: the queue, when it comes, decides here as well.

use comms_core::{Content, Error, Outbound, Outcome, Problem, Receipt, Result, Status, history::Conclusion};
use time::OffsetDateTime;

/// How an attempt is recorded.
///
/// * accepted: as the receipt says.
/// * refused for good (`Rejected`): failed, with the provider's reason.
/// * perhaps acted on (`Unknown`): unknown. It is never sent again by itself; an echo, a status or a look-up settles it.
/// * certainly not acted on (`NotSent`): the only one that may be repeated. Without a queue it fails now, and the
///   reason says that it was not sent; with one, this arm is where it is put back with a later due time.
///
/// A call is placed once at most and for now: the queue never takes one. What fails here is a failed call, the state that
/// its provider's statuses merge with.
pub(crate) fn conclusion(message: &Outbound, result: Result<Receipt>, now: OffsetDateTime) -> Conclusion {
    let failed = match message.content {
        Content::Call(_) => Status::CallFailed,
        _ => Status::Failed,
    };
    let (status, receipt, problem) = match result {
        Ok(receipt) => (receipt.status, Some(receipt), None),
        Err(error) => {
            let (status, reason) = match error.outcome() {
                Outcome::Rejected => (failed, error.message().to_owned()),
                Outcome::Unknown => (Status::Unknown, error.message().to_owned()),
                Outcome::NotSent => (failed, format!("{NOT_SENT}: {}", error.message())),
            };
            (status, None, Some(problem(&error, reason)))
        }
    };
    Conclusion { message: message.id, status, receipt, problem, now }
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

//! What the engine is told of a call that failed. Everything here asks, and nothing reaches a person by it: so what may have been done may be
//! asked again, and what an operator mends is asked again once it is mended.

use comms_http::{Error, ErrorKind, Outcome};

pub(super) fn asking(error: Error) -> Error {
    match (error.kind(), error.outcome()) {
        (ErrorKind::Decode, _) => error.with_outcome(Outcome::Rejected),
        (ErrorKind::Unauthenticated, _) | (_, Outcome::Unknown) => error.with_outcome(Outcome::NotSent),
        _ => error,
    }
}

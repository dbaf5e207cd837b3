//! Verifies a webhook with the ground floor alone: no runtime, no HTTP client.

use comms_http::{Error, Outcome, Secret};

fn main() {
    let secret = Secret::from("invented");
    println!("{secret:?}");
    let error = Error::invalid_signature("no signature");
    assert_eq!(error.outcome(), Outcome::Rejected);
}

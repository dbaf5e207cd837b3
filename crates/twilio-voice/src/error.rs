//! Twilio's codes and what became of the request: one table for all its products, which is `twilio-core`'s.
//!
//! ```
//! use twilio_voice::{ErrorKind, Outcome, error::classify_code};
//!
//! // Not a number.
//! assert_eq!(classify_code(21211), (ErrorKind::InvalidRecipient, Outcome::Rejected));
//! ```

#[cfg(feature = "client")]
pub use twilio_core::error::classify;
pub use twilio_core::error::classify_code;

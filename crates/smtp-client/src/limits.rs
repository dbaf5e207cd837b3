//! Sizes and times as constants, each with its page.

use std::time::Duration;

/// A message as a whole, in bytes: what the large providers take. A server that takes less says so (552).
///
/// *See [Gmail/Attachments](https://support.google.com/mail/answer/6584) (October 2026)*
pub const MESSAGE_BYTES: u64 = 25 * 1024 * 1024;

/// Recipients of one message: as many as every server takes.
///
/// *See [RFC 5321, 4.5.3.1.8](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.8)*
pub const RECIPIENTS: usize = 100;

/// The subject, in characters: more than any mail program shows.
pub const SUBJECT: usize = 500;

/// How long one step of the dialogue may take. The standard permits minutes, which nobody waits for.
pub const STEP: Duration = Duration::from_secs(20);

/// How long a connection is kept that nobody uses: less than the five minutes after which a server may close it.
///
/// *See [RFC 5321, 4.5.3.2.7](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2.7)*
pub const IDLE: Duration = Duration::from_secs(60);

/// How many connections are kept for the next message.
pub const KEPT: usize = 4;

/// The port of submission, with STARTTLS.
///
/// *See [RFC 6409](https://www.rfc-editor.org/rfc/rfc6409)*
pub const SUBMISSION: u16 = 587;

/// The port of submission over TLS.
///
/// *See [RFC 8314](https://www.rfc-editor.org/rfc/rfc8314)*
pub const SUBMISSIONS: u16 = 465;

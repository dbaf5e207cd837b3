//! SendGrid's limits, by its documentation in November 2026. What it checks before it takes a mail is checked here before a
//! request is made.

use std::time::Duration;

/// Where the API is.
pub const API_BASE: &str = "https://api.sendgrid.com";
/// Where the API is for subusers whose data stays in the European Union.
///
/// *See [SendGrid docs/Regional email](https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-data-residency)*
pub const EU_API_BASE: &str = "https://api.eu.sendgrid.com";

/// Personalizations of one request.
///
/// *See [SendGrid docs/Mail send](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)*
pub const PERSONALIZATIONS: usize = 1_000;
/// Recipients of one request, all personalizations together: `to`, `cc` and `bcc`.
pub const RECIPIENTS: usize = 1_000;
/// Addresses that answers go to.
pub const REPLY_TO: usize = 1_000;
/// Categories of a mail.
pub const CATEGORIES: usize = 10;
/// The longest category, in characters.
pub const CATEGORY: usize = 255;
/// The longest `custom_args` of one personalization together with the mail's own, in bytes of JSON.
pub const CUSTOM_ARGS: usize = 10_000;
/// The longest mail with its attachments, in bytes as they are sent.
///
/// *See [SendGrid docs/Mail send limitations](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations)*
pub const MESSAGE: usize = 30 * 1024 * 1024;
/// How far ahead a mail may be scheduled.
pub const SEND_AT: Duration = Duration::from_secs(72 * 60 * 60);
/// Groups of unsubscribing that a mail's preferences show.
pub const GROUPS_TO_DISPLAY: usize = 25;
/// The longest subject that is sent, in characters: mail servers fold headers, and refuse those beyond 998 bytes that cannot be folded.
pub const SUBJECT: usize = 998;
/// Elements of one page of a list of suppressions.
pub const PAGE: u32 = 500;
/// Templates on one page.
pub const TEMPLATES_PAGE: u32 = 200;
/// Headers that a mail may not set itself.
///
/// *See [SendGrid docs/Mail send limitations](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations)*
pub const RESERVED_HEADERS: [&str; 14] = [
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
    "mime-version",
    "sender",
];

/// The longest webhook with events: a batch is 768 KB at most.
///
/// *See [SendGrid docs/Event webhook](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook)*
pub const EVENTS_BYTES: usize = 3 * 1024 * 1024;
/// The longest webhook with inbound mail: the mail (30 MB) and what is told of it.
///
/// *See [SendGrid docs/Inbound parse](https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook)*
pub const INBOUND_BYTES: usize = 32 * 1024 * 1024;
/// How long a webhook that is not answered is repeated: events for a day, inbound mail for three.
pub const RETRIED_FOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How old a signature may be: SendGrid names no window and does not say whether a repetition is signed anew, so that none may be shorter
/// than it repeats. What comes twice is known by its id.
pub const TOLERANCE: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// How far ahead of ours SendGrid's clock may be.
pub const CLOCK_SKEW: Duration = Duration::from_secs(10 * 60);
/// The longest text of a mail that is kept as one; what is beyond is cut off, the mail is marked, and all of it is a file of the mail.
pub const INBOUND_TEXT: usize = 4 * 1024 * 1024;
/// The fields of one webhook with inbound mail that are read: what stands beyond is named as a problem.
pub const INBOUND_FIELDS: usize = 1_000;

//! Addresses, sizes, quotas and windows of the platform as constants, each with its page and the month it was read.
//!
//! Sizes are in bytes.

use std::time::Duration;

/// Where the API is.
pub const API_BASE: &str = "https://gmail.googleapis.com";
/// The consent page.
pub const AUTH_URI: &str = "https://accounts.google.com/o/oauth2/v2/auth";
/// Where codes and refresh tokens become access tokens.
pub const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// Where a grant is ended.
pub const REVOKE_URI: &str = "https://oauth2.googleapis.com/revoke";
/// The keys that push tokens are signed with, as JWK. Fetch them by a task of your own and keep them as `Cache-Control` says.
pub const CERTS_URI: &str = "https://www.googleapis.com/oauth2/v3/certs";
/// Who issues push tokens, in both ways of writing it.
pub const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

// Messages.
// See https://developers.google.com/workspace/gmail/api/guides/uploads (October 2026)

/// A message as it is sent, uploaded.
pub const SEND_BYTES: usize = 36_700_160;
/// A message as it is imported or inserted, uploaded.
pub const IMPORT_BYTES: usize = 157_286_400;
/// A message that is sent within JSON: the request body may have about 5 MB, and base64 adds a third. What is longer is uploaded.
pub const JSON_MESSAGE_BYTES: usize = 3_500_000;
/// How long an upload may take: 35 MiB at 1 Mbit/s.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest text of a message that is sent by the channel, in characters: what people read, with room for what a template adds.
#[cfg(feature = "channel")]
pub(crate) const TEXT: usize = 500_000;
/// The longest subject, in characters.
#[cfg(feature = "channel")]
pub(crate) const SUBJECT: usize = 500;
/// The longest texts of a message that are read, in bytes, all together: a message may have hundreds.
#[cfg(feature = "channel")]
pub(crate) const TEXT_BYTES: u64 = 2 * 1024 * 1024;

// Lists and changes.
// See https://developers.google.com/workspace/gmail/api/reference/rest (October 2026)

/// Elements in one page, at most.
pub const PAGE: u32 = 500;
/// Messages in one `batchModify` or `batchDelete`.
pub const BATCH_IDS: usize = 1_000;
/// Calls in one batch. More than [`BATCH_WELL`] are likely to be refused for coming too fast.
pub const BATCH_CALLS: usize = 100;
/// Calls in one batch, as Google advises.
pub const BATCH_WELL: usize = 50;
/// Labels added, and labels removed, in one `modify`.
pub const MODIFY_LABELS: usize = 100;

/// The history is kept for about a week, sometimes for hours. Where it has ended, what lies between is listed: at most so many days.
pub const RESYNC_DAYS: u32 = 30;
/// With the messages of how many days a mailbox begins that was never read before.
pub const FIRST_DAYS: u32 = 7;

// Sending.
// See https://support.google.com/a/answer/166852 (October 2026)

/// Recipients of one message that is sent through the API: To, Cc and Bcc together.
pub const RECIPIENTS: usize = 100;
/// Messages in 24 hours of a Workspace mailbox; a trial or a private mailbox has 500.
pub const MESSAGES_PER_DAY: u32 = 2_000;

// Push.
// See https://developers.google.com/workspace/gmail/api/guides/push (October 2026)

/// A watch ends after this time.
pub const WATCH_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// How often a watch is to be renewed.
pub const WATCH_RENEWAL: Duration = Duration::from_secs(86_400);
/// Notifications of one mailbox come no closer than this; those in between are dropped.
pub const PUSH_INTERVAL: Duration = Duration::from_secs(1);
/// How far the clocks may be apart when a push token is checked.
pub const PUSH_CLOCK_SKEW: Duration = Duration::from_secs(60);
/// The longest push body that is read.
pub const PUSH_BYTES: usize = 64 * 1024;

// Tokens.
// See https://developers.google.com/identity/protocols/oauth2 (October 2026)

/// An access token with no more life than this is replaced.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(300);
/// How long an access token lives where the answer does not say.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3_600);
/// How long callers that hold a token which still works wait after a refresh that failed.
pub const REFRESH_PAUSE: Duration = Duration::from_secs(30);
/// The longest life of a service account's assertion.
pub const ASSERTION_LIFE: Duration = Duration::from_secs(3_600);

// Quota.
// See https://developers.google.com/workspace/gmail/api/reference/quota (October 2026)

/// The quota of a project, which depends on when it first used the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaPlan {
    /// It used the API before 1 May 2026.
    Before2026May,
    /// It began on 1 May 2026 or later.
    Since2026May,
}

/// Units of a project in a minute, in both plans.
pub const UNITS_PER_PROJECT_MINUTE: u32 = 1_200_000;

impl QuotaPlan {
    /// Units of one mailbox in a minute.
    #[must_use]
    pub const fn per_user_minute(self) -> u32 {
        match self {
            Self::Before2026May => 15_000,
            Self::Since2026May => 6_000,
        }
    }

    /// What an operation costs, by its name in errors. One that is not in the table costs [`UNLISTED_UNITS`].
    ///
    /// ```
    /// use gmail_client::limits::QuotaPlan;
    ///
    /// assert_eq!(QuotaPlan::Before2026May.units("messages.get"), 5);
    /// // 300 messages a minute are all that a mailbox of a new project can be read with.
    /// let plan = QuotaPlan::Since2026May;
    /// assert_eq!(plan.per_user_minute() / plan.units("messages.get"), 300);
    /// ```
    #[must_use]
    pub fn units(self, operation: &str) -> u32 {
        let row = QUOTA_UNITS.iter().find(|row| row.0 == operation);
        row.map_or(UNLISTED_UNITS, |(_, before, since)| match self {
            Self::Before2026May => *before,
            Self::Since2026May => *since,
        })
    }
}

/// What an operation costs that is not in the table: the dearest read.
pub const UNLISTED_UNITS: u32 = 40;

/// Operation, units before 1 May 2026, units since. Of the second column Google has published the units of `history.list`,
/// `messages.list`, `messages.get`, `threads.get` and `messages.send`; the others are taken to have stayed.
#[rustfmt::skip]
pub const QUOTA_UNITS: &[(&str, u32, u32)] = &[
    ("profile", 1, 1),
    ("watch", 100, 100),
    ("stop", 50, 50),
    ("history.list", 2, 2),
    ("labels.list", 1, 1),
    ("labels.get", 1, 1),
    ("labels.create", 5, 5),
    ("labels.patch", 5, 5),
    ("labels.delete", 5, 5),
    ("messages.list", 5, 5),
    ("messages.get", 5, 20),
    ("attachments.get", 5, 5),
    ("messages.modify", 5, 5),
    ("messages.trash", 5, 5),
    ("messages.untrash", 5, 5),
    ("messages.delete", 10, 10),
    ("messages.batchModify", 50, 50),
    ("messages.batchDelete", 50, 50),
    ("messages.import", 25, 25),
    ("messages.insert", 25, 25),
    ("messages.send", 100, 100),
    ("drafts.list", 5, 5),
    ("drafts.get", 5, 5),
    ("drafts.create", 10, 10),
    ("drafts.update", 15, 15),
    ("drafts.delete", 10, 10),
    ("drafts.send", 100, 100),
    ("threads.list", 10, 10),
    ("threads.get", 10, 40),
    ("threads.modify", 10, 10),
    ("threads.trash", 10, 10),
    ("threads.untrash", 10, 10),
    ("threads.delete", 20, 20),
    ("sendAs.list", 1, 1),
    ("sendAs.get", 1, 1),
    ("sendAs.patch", 100, 100),
];

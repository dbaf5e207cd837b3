//! What can be set, with the values that serve most.

use std::time::Duration;

use comms_core::OrganizationId;

use crate::{ContinuationSettings, HookSettings, RetentionSettings, SourceSettings, VoiceSettings};

/// Time-outs, bounds and rhythms of the engine.
///
/// ```
/// let mut settings = comms_engine::Settings::default();
/// settings.sole_process = true;
/// assert_eq!(settings.send_lease(), std::time::Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How long one attempt to send may take; after it the outcome is unknown. 45 s.
    pub send_timeout: Duration,
    /// How much longer a claim lasts than the attempt under it, so that an attempt that used all of its time is still recorded by
    /// the one who made it. 15 s.
    pub lease_margin: Duration,
    /// How many attempts are under way at once in this process; one more is refused as busy. 256.
    pub sends_at_once: u32,
    /// Whether no other process works on the same database: then every attempt found under way at start-up is one that a
    /// crash cut off, whatever its lease says. `false`.
    pub sole_process: bool,
    /// How many bytes of long webhooks are read and stored at once in this process; one more waits. Four times as many are here at most, and
    /// one beyond that is refused as busy. 64 MiB.
    pub long_bytes: usize,
    /// The largest file that is taken in, in bytes. 100 MiB.
    pub media_max_bytes: u64,
    /// How long fetching one file may take. 4 minutes.
    pub media_timeout: Duration,
    /// How many files are fetched at once. 4.
    pub media_at_once: u16,
    /// The waits between attempts to fetch a file; after the last one it is given up. 1 min, 5 min, 30 min, 2 h, 6 h, 24 h.
    pub media_waits: Vec<Duration>,
    /// How long the list of an account's templates is kept. 5 minutes.
    pub templates_ttl: Duration,
    /// How often cut-off attempts are looked for. 15 s.
    pub stale_every: Duration,
    /// How often files to be fetched are looked for without a hint. 30 s.
    pub media_every: Duration,
    /// How often rows of other programs and rows that waited for an owner are taken in. 5 s.
    pub intake_every: Duration,
    /// How often conversations that were put away are looked for whose time to come back has come. 5 s.
    pub wake_every: Duration,
    /// How often webhooks that were quarantined while their account was being registered are looked for. 1 minute.
    pub quarantine_every: Duration,
    /// How often the event log is looked at without a hint while somebody listens: what another process wrote is told after this
    /// time at the latest. 1 s.
    pub realtime_every: Duration,
    /// How many events wait for one subscriber; one more ends the subscription. 512.
    pub realtime_queue: usize,
    /// The organisation whose users' browsers are named by the user alone: that of the first installation, whose tokens were
    /// so before there were several. `None`: all are named by organisation and user.
    pub first_organization: Option<OrganizationId>,
    /// How long after it was written (or after its time, where it was scheduled) a message may be tried. 1 hour.
    pub message_deadline: Duration,
    /// For how long, from its first attempt, a message that is tried again holds those behind it in its conversation. 60 s.
    pub hold: Duration,
    /// How far ahead a message may be scheduled. 366 days.
    pub schedule_max: Duration,
    /// The wait before the second attempt; each further one doubles it. A random part of it is waited. 2 s.
    pub retry_base: Duration,
    /// The longest wait between two attempts, but for what a provider asks for. 5 minutes.
    pub retry_cap: Duration,
    /// How many messages of the queue are sent at once by this process. One account has at most a half of it, and less where
    /// several send. 192.
    pub outbox_at_once: u16,
    /// After how many failures of the provider in a row an account is stopped. 5.
    pub breaker_failures: u32,
    /// How long after it was stopped an account is tried again by one message; each further wait is twice the one before. 10 s.
    pub breaker_first: Duration,
    /// The longest of these waits. 5 minutes.
    pub breaker_cap: Duration,
    /// How often the queue is looked at without a hint. 1 s.
    pub outbox_every: Duration,
    /// How long after its attempt a message of unknown outcome is first looked for. 30 s.
    pub unknown_first: Duration,
    /// The longest wait between two looks. 2 hours.
    pub unknown_cap: Duration,
    /// For how long it is looked for; then it stays unknown. 24 hours.
    pub unknown_for: Duration,
    /// How often there is a look at what is to be looked for. 15 s.
    pub unknown_every: Duration,
    /// How old what is kept may get. Nothing is deleted by itself.
    pub retention: RetentionSettings,
    /// How often what is too old is looked for. 10 minutes.
    pub retention_every: Duration,
    /// How often erasures that are under way are looked for. 5 s.
    pub erasure_every: Duration,
    /// Calls.
    pub voice: VoiceSettings,
    /// Mailboxes that are asked.
    pub sources: SourceSettings,
    /// Outgoing webhooks.
    pub hooks: HookSettings,
    /// Calls that go on by chat.
    pub continuation: ContinuationSettings,
}

impl Settings {
    /// How long a message is claimed by an attempt: the time of the attempt and a margin to record it.
    #[must_use]
    pub fn send_lease(&self) -> Duration {
        self.send_timeout + self.lease_margin
    }

    /// How long a file is claimed by an attempt to fetch it.
    #[must_use]
    pub fn media_lease(&self) -> Duration {
        self.media_timeout + self.lease_margin
    }
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Self {
            send_timeout: Duration::from_secs(45),
            lease_margin: Duration::from_secs(15),
            sends_at_once: 256,
            sole_process: false,
            long_bytes: 64 * 1024 * 1024,
            media_max_bytes: 100 * 1024 * 1024,
            media_timeout: minutes(4),
            media_at_once: 4,
            media_waits: [1, 5, 30, 120, 360, 1_440].map(minutes).to_vec(),
            templates_ttl: minutes(5),
            stale_every: Duration::from_secs(15),
            media_every: Duration::from_secs(30),
            intake_every: Duration::from_secs(5),
            wake_every: Duration::from_secs(5),
            quarantine_every: minutes(1),
            realtime_every: Duration::from_secs(1),
            realtime_queue: 512,
            first_organization: None,
            message_deadline: minutes(60),
            hold: Duration::from_secs(60),
            schedule_max: minutes(366 * 24 * 60),
            retry_base: Duration::from_secs(2),
            retry_cap: minutes(5),
            outbox_at_once: 192,
            breaker_failures: 5,
            breaker_first: Duration::from_secs(10),
            breaker_cap: minutes(5),
            outbox_every: Duration::from_secs(1),
            unknown_first: Duration::from_secs(30),
            unknown_cap: minutes(120),
            unknown_for: minutes(24 * 60),
            unknown_every: Duration::from_secs(15),
            retention: RetentionSettings::default(),
            retention_every: minutes(10),
            erasure_every: Duration::from_secs(5),
            voice: VoiceSettings::default(),
            sources: SourceSettings::default(),
            hooks: HookSettings::default(),
            continuation: ContinuationSettings::default(),
        }
    }
}

/// The same length in the type that the repository takes.
pub(crate) fn span(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

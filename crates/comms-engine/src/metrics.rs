//! The names of what is measured, and where it is counted. Addresses and texts are never labels.

use std::time::Duration;

use comms_core::{
    ChannelKind, ErrorKind,
    history::{PoolState, RepositoryStats, Waiting},
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use time::OffsetDateTime;

use crate::{ReceiveError, Received, health::CHANNELS, realtime::Ending};

/// Webhooks by `provider` and `outcome` (`stored`, `rejected`, `unavailable`).
pub const WEBHOOKS: &str = "comms_webhooks_total";
/// Events of stored webhooks by `provider` and `kind` (`message`, `status`, `update`, `duplicate`, `quarantined`, `foreign`).
pub const WEBHOOK_EVENTS: &str = "comms_webhook_events_total";
/// From the request to the commit, by `provider`.
pub const WEBHOOK_SECONDS: &str = "comms_webhook_seconds";
/// Sends by `channel` and `outcome` (`accepted`, `rejected`, `not_sent`, `unknown`).
pub const SENDS: &str = "comms_sends_total";
/// How long the provider took to answer a send, by `channel`.
pub const SEND_SECONDS: &str = "comms_send_seconds";
/// Messages whose attempt was cut off and whose outcome is therefore not known.
pub const CUT_OFF: &str = "comms_sends_cut_off_total";
/// Attempts that are made again later, by `channel`.
pub const RETRIES: &str = "comms_send_retries_total";
/// Messages that were not sent by their deadline.
pub const EXPIRED: &str = "comms_sends_expired_total";
/// Messages that waited because of the pace or the state of their account, by `channel` and `reason` (`pace`, `pair`, `paused`,
/// `stopped`, `share`).
pub const HELD: &str = "comms_sends_held_total";
/// Silences that a provider asked for.
pub const PAUSES: &str = "comms_account_pauses_total";
/// Accounts that were stopped, by `reason` (the kind of the error).
pub const STOPS: &str = "comms_account_stops_total";
/// Accounts that are stopped.
pub const STOPPED: &str = "comms_accounts_stopped";
/// Looks at the provider for messages of unknown outcome, by `outcome` (`found`, `not_found`, `cannot_tell`, `given_up`).
pub const LOOKS: &str = "comms_unknown_looks_total";
/// Messages of the queue by `state` (`queued`, `scheduled`, `sending`, `unknown`).
pub const OUTBOX_DEPTH: &str = "comms_outbox_depth";
/// For how long the message that waits longest could have been sent.
pub const OUTBOX_AGE_SECONDS: &str = "comms_outbox_oldest_due_seconds";
/// Messages of the queue by `channel` and `state` (`waiting`, `sending`, `unknown`).
pub const CHANNEL_DEPTH: &str = "comms_outbox_channel_depth";
/// For how long the message of a `channel` that waits longest could have been sent.
pub const CHANNEL_AGE_SECONDS: &str = "comms_outbox_channel_oldest_due_seconds";
/// What else waits, by `what` (`owner`, `quarantine`, `media`, `lost`).
pub const WAITING: &str = "comms_waiting";
/// For how long the oldest of it has waited, by `what` (`quarantine`, `media`, `unknown`).
pub const WAITING_SECONDS: &str = "comms_waiting_oldest_seconds";
/// Connections of this process to the database, but for the writers', by `state` (`open`, `idle`, `most`).
pub const CONNECTIONS: &str = "comms_database_connections";
/// Webhooks in this process that are not written yet.
pub const WRITER_QUEUE: &str = "comms_writer_queue";
/// When a round of each `worker` last succeeded, in seconds since 1970.
pub const WORKER_SUCCESS: &str = "comms_worker_last_success_timestamp_seconds";
/// Files of inbound messages by `outcome` (`stored`, `retry`, `failed`).
pub const MEDIA: &str = "comms_media_total";
/// Bytes of stored files.
pub const MEDIA_BYTES: &str = "comms_media_bytes_total";
/// How long fetching and storing a file took.
pub const MEDIA_SECONDS: &str = "comms_media_seconds";
/// Read receipts by `outcome` (`sent`, `unsupported`, `failed`).
pub const READ_RECEIPTS: &str = "comms_read_receipts_total";
/// Questions of calls by what was `asked` (`dial`, `answer`, `connect`, `done`) and the `decision` (`dial`, `ring`, `voicemail`,
/// `say`, `hang_up`, `reject`).
pub const CALL_DECISIONS: &str = "comms_call_decisions_total";
/// Calls of browsers that were not put through, by `code`.
pub const CALL_REFUSALS: &str = "comms_call_refusals_total";
/// Readings of mailboxes by `outcome` (`works`, `waits`, `stopped`).
pub const SOURCES: &str = "comms_sources_total";
/// Failed rounds by `worker`.
pub const WORKER_FAILURES: &str = "comms_worker_failures_total";
/// What was deleted by its age, by `kind` (`webhooks`, `events`, `statuses`, `files`).
pub const PRUNED: &str = "comms_retention_deleted_total";
/// People who were erased.
pub const ERASED: &str = "comms_erasures_total";
/// Who listens to the event log at this moment and has caught up with it.
pub const LISTENERS: &str = "comms_realtime_listeners";
/// Subscriptions that we ended, by `reason` (`slow`, `stopping`).
pub const LISTENERS_ENDED: &str = "comms_realtime_ended_total";
/// From the commit of an event until it is in the queues of those who listen.
pub const TELL_SECONDS: &str = "comms_realtime_lag_seconds";
/// Attempts by `outcome` (`delivered`, `again`, `failed`, `gone`).
pub const HOOK_ATTEMPTS: &str = "comms_hook_attempts_total";
/// How long an endpoint took to answer.
pub const HOOK_SECONDS: &str = "comms_hook_seconds";
/// Endpoints that were given up, by `reason` (`failing`, `gone`).
pub const HOOK_GIVEN_UP: &str = "comms_hook_given_up_total";
/// Deliveries that wait.
pub const HOOK_PENDING: &str = "comms_hook_pending";
/// For how long the oldest of them has waited.
pub const HOOK_OLDEST_SECONDS: &str = "comms_hook_oldest_seconds";
/// Endpoints by `state` (`failing`, `disabled`).
pub const HOOK_ENDPOINTS: &str = "comms_hook_endpoints";

/// Calls that go on by chat, by `state` (`pending`, `active`, `skipped`, `failed`, `closed`, `escalated`).
pub const CONTINUATIONS: &str = "comms_continuations";
/// Steps of them by `kind` (`opening`, `answer`) and `outcome` (`opened`, `said`, `later`, `given_back`, or the state in which it ended).
pub const CONTINUATION_STEPS: &str = "comms_continuation_steps_total";
/// From the last message of a burst until its answer is on its way.
pub const CONTINUATION_ANSWER_SECONDS: &str = "comms_continuation_answer_seconds";
/// Questions to agents by `outcome` (`answered`, `silent`, or the kind of the error).
pub const AGENT_REPLIES: &str = "comms_agent_replies_total";
/// How long an agent took to answer.
pub const AGENT_REPLY_SECONDS: &str = "comms_agent_reply_seconds";

/// Every name.
pub const ALL: [&str; 46] = [
    WEBHOOKS,
    WEBHOOK_EVENTS,
    WEBHOOK_SECONDS,
    SENDS,
    SEND_SECONDS,
    CUT_OFF,
    RETRIES,
    EXPIRED,
    HELD,
    PAUSES,
    STOPS,
    STOPPED,
    LOOKS,
    OUTBOX_DEPTH,
    OUTBOX_AGE_SECONDS,
    CHANNEL_DEPTH,
    CHANNEL_AGE_SECONDS,
    WAITING,
    WAITING_SECONDS,
    CONNECTIONS,
    WRITER_QUEUE,
    WORKER_SUCCESS,
    MEDIA,
    MEDIA_BYTES,
    MEDIA_SECONDS,
    READ_RECEIPTS,
    CALL_DECISIONS,
    CALL_REFUSALS,
    SOURCES,
    WORKER_FAILURES,
    PRUNED,
    ERASED,
    LISTENERS,
    LISTENERS_ENDED,
    TELL_SECONDS,
    HOOK_ATTEMPTS,
    HOOK_SECONDS,
    HOOK_GIVEN_UP,
    HOOK_PENDING,
    HOOK_OLDEST_SECONDS,
    HOOK_ENDPOINTS,
    CONTINUATIONS,
    CONTINUATION_STEPS,
    CONTINUATION_ANSWER_SECONDS,
    AGENT_REPLIES,
    AGENT_REPLY_SECONDS,
];

/// Tells the installed recorder what each name means.
pub fn describe() {
    describe_counter!(WEBHOOKS, "Webhooks by provider and outcome");
    describe_counter!(WEBHOOK_EVENTS, "Events of stored webhooks by provider and kind");
    describe_histogram!(WEBHOOK_SECONDS, Unit::Seconds, "From the request to the commit");
    describe_counter!(SENDS, "Sends by channel and outcome");
    describe_histogram!(SEND_SECONDS, Unit::Seconds, "How long the provider took to answer a send");
    describe_counter!(CUT_OFF, "Messages whose attempt was cut off");
    describe_counter!(RETRIES, "Attempts that are made again later, by channel");
    describe_counter!(EXPIRED, "Messages that were not sent by their deadline");
    describe_counter!(HELD, "Messages that waited because of the pace or the state of their account");
    describe_counter!(PAUSES, "Silences that a provider asked for");
    describe_counter!(STOPS, "Accounts that were stopped, by reason");
    describe_gauge!(STOPPED, "Accounts that are stopped");
    describe_counter!(LOOKS, "Looks at the provider for messages of unknown outcome");
    describe_gauge!(OUTBOX_DEPTH, "Messages of the queue by state");
    describe_gauge!(
        OUTBOX_AGE_SECONDS,
        Unit::Seconds,
        "For how long the message that waits longest could have been sent"
    );
    describe_gauge!(CHANNEL_DEPTH, "Messages of the queue by channel and state");
    describe_gauge!(
        CHANNEL_AGE_SECONDS,
        Unit::Seconds,
        "For how long the oldest message of a channel could have been sent"
    );
    describe_gauge!(WAITING, "What else waits");
    describe_gauge!(WAITING_SECONDS, Unit::Seconds, "For how long the oldest of it has waited");
    describe_gauge!(CONNECTIONS, "Connections of this process to the database");
    describe_gauge!(WRITER_QUEUE, "Webhooks that are not written yet");
    describe_gauge!(WORKER_SUCCESS, Unit::Seconds, "When a round of a worker last succeeded");
    describe_counter!(MEDIA, "Files of inbound messages by outcome");
    describe_counter!(MEDIA_BYTES, Unit::Bytes, "Bytes of stored files");
    describe_histogram!(MEDIA_SECONDS, Unit::Seconds, "How long fetching and storing a file took");
    describe_counter!(READ_RECEIPTS, "Read receipts by outcome");
    describe_counter!(CALL_DECISIONS, "Questions of calls by what was asked and decided");
    describe_counter!(CALL_REFUSALS, "Calls of browsers that were not put through");
    describe_counter!(PRUNED, "What was deleted by its age");
    describe_counter!(ERASED, "People who were erased");
    describe_gauge!(LISTENERS, "Who listens to the event log");
    describe_counter!(LISTENERS_ENDED, "Subscriptions that we ended");
    describe_histogram!(TELL_SECONDS, Unit::Seconds, "From the commit of an event to the queues of those who listen");
    describe_counter!(SOURCES, "Readings of mailboxes by how they ended");
    describe_counter!(WORKER_FAILURES, "Failed rounds of the workers");
    crate::hooks::measure::describe();
    crate::continuation::measure::describe();
}

pub(crate) fn webhook(provider: &str, result: Result<&Received, &ReceiveError>, took: Duration) {
    let outcome = match result {
        Ok(_) => "stored",
        Err(ReceiveError::NotStored(_) | ReceiveError::Busy) => "unavailable",
        Err(_) => "rejected",
    };
    counter!(WEBHOOKS, "provider" => provider.to_owned(), "outcome" => outcome).increment(1);
    histogram!(WEBHOOK_SECONDS, "provider" => provider.to_owned()).record(took.as_secs_f64());
    let Ok(Received { ingested, .. }) = result else { return };
    let counts = [
        ("message", ingested.messages),
        ("status", ingested.statuses),
        ("update", ingested.updates),
        ("duplicate", ingested.duplicates),
        ("quarantined", ingested.quarantined),
        ("foreign", ingested.foreign),
    ];
    for (kind, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        counter!(WEBHOOK_EVENTS, "provider" => provider.to_owned(), "kind" => kind).increment(count.into());
    }
}

pub(crate) fn send(channel: ChannelKind, outcome: &'static str, took: Duration) {
    counter!(SENDS, "channel" => channel.as_str(), "outcome" => outcome).increment(1);
    histogram!(SEND_SECONDS, "channel" => channel.as_str()).record(took.as_secs_f64());
}

pub(crate) fn cut_off(count: usize) {
    counter!(CUT_OFF).increment(count as u64);
}

pub(crate) fn retry(channel: ChannelKind) {
    counter!(RETRIES, "channel" => channel.as_str()).increment(1);
}

pub(crate) fn source(outcome: &'static str) {
    counter!(SOURCES, "outcome" => outcome).increment(1);
}

pub(crate) fn expired(count: usize) {
    counter!(EXPIRED).increment(count as u64);
}

pub(crate) fn look(outcome: &'static str) {
    counter!(LOOKS, "outcome" => outcome).increment(1);
}

pub(crate) fn depth(stats: &RepositoryStats, now: OffsetDateTime) {
    let depths = [
        ("queued", stats.outbox_queued),
        ("scheduled", stats.outbox_scheduled),
        ("sending", stats.sending),
        ("unknown", stats.outbox_unknown),
    ];
    for (state, depth) in depths {
        gauge!(OUTBOX_DEPTH, "state" => state).set(f64::from(u32::try_from(depth).unwrap_or(u32::MAX)));
    }
    let age = stats.outbox_oldest_due_at.map_or(0.0, |due| (now - due).as_seconds_f64().max(0.0));
    gauge!(OUTBOX_AGE_SECONDS).set(age);
}

/// What waits, and since when. What waits no more is told as well: a gauge keeps what it was told last.
pub(crate) fn waiting(stats: &RepositoryStats, waiting: &Waiting, pool: PoolState, now: OffsetDateTime) {
    for channel in CHANNELS.map(ChannelKind::as_str) {
        let of = |state| waiting.channels.iter().find(|one| one.channel == channel && one.state == state);
        for state in ["waiting", "sending", "unknown"] {
            let count = of(state).map_or(0, |one| one.count);
            gauge!(CHANNEL_DEPTH, "channel" => channel, "state" => state).set(number(count));
        }
        let due = of("waiting").and_then(|one| one.first_due_at);
        gauge!(CHANNEL_AGE_SECONDS, "channel" => channel).set(age(due, now));
    }
    let counts = [
        ("owner", stats.waiting_for_owner),
        ("quarantine", stats.quarantined),
        ("media", stats.media_pending),
        ("lost", waiting.lost),
    ];
    for (what, count) in counts {
        gauge!(WAITING, "what" => what).set(number(count));
    }
    let ages =
        [("quarantine", waiting.quarantined_since), ("media", waiting.media_since), ("unknown", waiting.unknown_since)];
    for (what, since) in ages {
        gauge!(WAITING_SECONDS, "what" => what).set(age(since, now));
    }
    for (state, count) in [("open", pool.open), ("idle", pool.idle), ("most", pool.most)] {
        gauge!(CONNECTIONS, "state" => state).set(number(i64::try_from(count).unwrap_or(i64::MAX)));
    }
    gauge!(WRITER_QUEUE).set(number(i64::try_from(stats.queued).unwrap_or(i64::MAX)));
}

fn number(count: i64) -> f64 {
    f64::from(u32::try_from(count.max(0)).unwrap_or(u32::MAX))
}

fn age(since: Option<OffsetDateTime>, now: OffsetDateTime) -> f64 {
    since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))
}

pub(crate) fn worker_success(worker: &'static str, now: OffsetDateTime) {
    let seconds = Duration::try_from(now - OffsetDateTime::UNIX_EPOCH).unwrap_or_default();
    gauge!(WORKER_SUCCESS, "worker" => worker).set(seconds.as_secs_f64());
}

pub(crate) fn media(outcome: &'static str, bytes: u64, took: Duration) {
    counter!(MEDIA, "outcome" => outcome).increment(1);
    counter!(MEDIA_BYTES).increment(bytes);
    histogram!(MEDIA_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn read_receipt(outcome: &'static str) {
    counter!(READ_RECEIPTS, "outcome" => outcome).increment(1);
}

pub(crate) fn call_decision(asked: &'static str, decision: &'static str, refusal: Option<&str>) {
    counter!(CALL_DECISIONS, "asked" => asked, "decision" => decision).increment(1);
    if let Some(code) = refusal {
        counter!(CALL_REFUSALS, "code" => code.to_owned()).increment(1);
    }
}

pub(crate) fn held(channel: ChannelKind, reason: &'static str) {
    counter!(HELD, "channel" => channel.as_str(), "reason" => reason).increment(1);
}

pub(crate) fn paused() {
    counter!(PAUSES).increment(1);
}

pub(crate) fn stopped(reason: ErrorKind) {
    counter!(STOPS, "reason" => reason.as_str()).increment(1);
}

pub(crate) fn stopped_accounts(count: usize) {
    gauge!(STOPPED).set(u32::try_from(count).unwrap_or(u32::MAX));
}

pub(crate) fn worker_failure(worker: &'static str) {
    counter!(WORKER_FAILURES, "worker" => worker).increment(1);
}

pub(crate) fn pruned(kind: &'static str, count: u64) {
    counter!(PRUNED, "kind" => kind).increment(count);
}

pub(crate) fn erased() {
    counter!(ERASED).increment(1);
}

pub(crate) fn listeners(change: f64) {
    gauge!(LISTENERS).increment(change);
}

pub(crate) fn ended(ending: Ending) {
    counter!(LISTENERS_ENDED, "reason" => ending.as_str()).increment(1);
}

pub(crate) fn told(lag: time::Duration) {
    histogram!(TELL_SECONDS).record(lag.as_seconds_f64().max(0.0));
}

//! What may be asked how often.

use time::{Duration, OffsetDateTime};

use super::{Google, config::Quota, endpoints::Endpoint, error::GoogleError};

const MINUTE: i64 = 60;

/// Counts a call; refuses it where the mailbox has no units left in this minute.
pub(crate) fn spend(google: &Google, account: &str, endpoint: &Endpoint) -> Result<(), GoogleError> {
    let (settings, now) = (google.settings(), google.core().now());
    let quota = &settings.google.quota;
    let units = if quota.since_2026_may { endpoint.units.1 } else { endpoint.units.0 };
    let minute = now.unix_timestamp().div_euclid(MINUTE);
    let refused = google.state(|state| {
        let mailbox = state.mailbox(&settings.google, account)?;
        if mailbox.units.0 != minute {
            mailbox.units = (minute, 0);
        }
        if mailbox.units.1 + units <= quota.units_per_minute {
            mailbox.units.1 += units;
            return None;
        }
        state.refusals += 1;
        Some(state.refusals)
    });
    match refused {
        None => Ok(()),
        Some(turn) => Err(refusal(quota, turn, (minute + 1) * MINUTE)),
    }
}

/// Counts a send; refuses it where the mailbox has sent too many in the last 24 hours.
pub(crate) fn send(google: &Google, account: &str) -> Result<(), GoogleError> {
    let (settings, now) = (google.settings(), google.core().now());
    let until = google.state(|state| {
        let mailbox = state.mailbox(&settings.google, account)?;
        while mailbox.sends.front().is_some_and(|first| now - *first >= Duration::DAY) {
            mailbox.sends.pop_front();
        }
        if mailbox.sends.len() < settings.google.quota.sends_per_day as usize {
            mailbox.sends.push_back(now);
            return None;
        }
        Some(mailbox.sends.front().map_or(now, |first| *first) + Duration::DAY)
    });
    until.map_or(Ok(()), |until| Err(GoogleError::rate_limited_until(until, " (Mail sending)")))
}

fn refusal(quota: &Quota, turn: usize, until: i64) -> GoogleError {
    let with_time = || {
        let until = OffsetDateTime::from_unix_timestamp(until).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        GoogleError::rate_limited_until(until, "")
    };
    let by_turn = ["text", "metric_403", "exhausted", "metric_429"][turn % 4];
    match if quota.refusal == "any" { by_turn } else { quota.refusal.as_str() } {
        "metric_403" => GoogleError::quota_metric(403),
        "metric_429" => GoogleError::quota_metric(429),
        "exhausted" => GoogleError::new("rateLimitExceeded"),
        _ => with_time(),
    }
}

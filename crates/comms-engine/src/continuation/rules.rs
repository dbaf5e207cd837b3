//! The rules of a continuation, as data: each looks at facts and says what follows. No I/O.

use std::time::Duration;

use comms_core::CallOutcome;
use time::OffsetDateTime;

use super::{settings::ContinuationSettings, words::folded};

/// Why a continuation ends: words for programs.
pub(super) mod reason {
    pub(in super::super) const NO_AGENT: &str = "agent_not_configured";
    pub(in super::super) const NO_PHONE: &str = "no_phone";
    pub(in super::super) const NOT_A_CALL: &str = "text_only";
    pub(in super::super) const NO_TEMPLATE: &str = "no_template";
    pub(in super::super) const NOT_SENT: &str = "not_sent";
    pub(in super::super) const TOO_LATE: &str = "too_late";
    pub(in super::super) const OPTED_OUT: &str = "opted_out";
    pub(in super::super) const WINDOW_CLOSED: &str = "window_closed";
    pub(in super::super) const HUMAN: &str = "human";
    pub(in super::super) const KEYWORD: &str = "keyword";
    pub(in super::super) const AGENT: &str = "agent";
    pub(in super::super) const FAILURES: &str = "failures";
    pub(in super::super) const LOOP: &str = "loop";
    pub(in super::super) const TURN_CAP: &str = "turn_cap";
    pub(in super::super) const DAILY_CAP: &str = "daily_cap";
}

/// Who spoke with nobody is not thanked for the call. `None`: it goes on.
pub(super) const fn skipped(outcome: Option<CallOutcome>) -> Option<CallOutcome> {
    match outcome {
        Some(CallOutcome::Talked) => None,
        Some(other) => Some(other),
        None => Some(CallOutcome::Unknown),
    }
}

/// Whether the provider is to be asked what became of a call. Who was told that nobody spoke needs nobody to say so again.
pub(super) const fn is_to_be_asked_for(outcome: Option<CallOutcome>) -> bool {
    matches!(outcome, None | Some(CallOutcome::Talked | CallOutcome::Unknown))
}

/// Whether these words ask for one of us.
pub(super) fn asks_for_a_person(said: &str, keywords: &[String]) -> bool {
    let said = format!(" {} ", folded(said));
    keywords.iter().map(|keyword| folded(keyword)).any(|word| !word.is_empty() && said.contains(&format!(" {word} ")))
}

/// What is known of the bursts before this one.
pub(super) struct Pace<'a> {
    /// How many were begun in the continuation, this one included.
    pub turns: u32,
    /// How many were begun for the account within a day.
    pub daily: i64,
    /// When the last of them were begun, the newest first.
    pub begun: &'a [OffsetDateTime],
    /// What the person said in the bursts before, the newest first, and now.
    pub before: &'a [String],
    /// What they say now.
    pub said: &'a str,
    /// Now.
    pub now: OffsetDateTime,
}

/// Why this burst is not answered: it costs too much, or it is a machine that writes.
pub(super) fn overdone(settings: &ContinuationSettings, pace: &Pace<'_>) -> Option<&'static str> {
    if pace.turns > settings.turns_each {
        return Some(reason::TURN_CAP);
    }
    if pace.daily > i64::from(settings.turns_daily) {
        return Some(reason::DAILY_CAP);
    }
    let since = pace.now - time::Duration::try_from(settings.loop_within).unwrap_or(time::Duration::ZERO);
    let recent = pace.begun.iter().take_while(|begun| **begun > since).count();
    if recent > usize::from(settings.loop_turns) {
        return Some(reason::LOOP);
    }
    let said = folded(pace.said);
    let same = pace.before.iter().take_while(|before| folded(before) == said).count();
    (same >= usize::from(settings.loop_same.max(1))).then_some(reason::LOOP)
}

/// The wait before the attempt after this many.
pub(super) fn backoff(settings: &ContinuationSettings, attempts: u32) -> Duration {
    let doubled = settings.retry_base.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    doubled.min(settings.retry_cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace<'a>(begun: &'a [OffsetDateTime], before: &'a [String], said: &'a str) -> Pace<'a> {
        Pace { turns: 5, daily: 5, begun, before, said, now: OffsetDateTime::UNIX_EPOCH + time::Duration::days(1) }
    }

    #[test]
    fn only_whole_words_ask_for_a_person() {
        let words = ["asesor".to_owned(), "una persona".to_owned(), " ".to_owned()];
        for (said, asks) in [
            ("Quiero un ASESOR, por favor", true),
            ("¿puedo hablar con una   persona?", true),
            ("asesoría fiscal", false),
            ("una buena persona", false),
            ("", false),
        ] {
            assert_eq!(asks_for_a_person(said, &words), asks, "{said}");
        }
    }

    #[test]
    fn a_machine_is_known_by_its_haste_and_its_words() {
        let settings = ContinuationSettings::default();
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(1);
        let fast: Vec<_> = (0..11).map(|second| now - time::Duration::seconds(second)).collect();
        let slow: Vec<_> = (0..11).map(|minute| now - time::Duration::minutes(minute)).collect();
        assert_eq!(overdone(&settings, &pace(&fast, &[], "a")), Some(reason::LOOP));
        assert_eq!(overdone(&settings, &pace(&slow, &[], "a")), None);
        let same = ["Hola!".to_owned(), "hola".to_owned(), "HOLA".to_owned()];
        assert_eq!(overdone(&settings, &pace(&[], &same, "¡hola!")), Some(reason::LOOP));
        assert_eq!(overdone(&settings, &pace(&[], &same[..2], "hola")), None);
        assert_eq!(overdone(&settings, &pace(&[], &same, "adiós")), None);
    }

    #[test]
    fn what_costs_too_much_is_not_answered() {
        let settings = ContinuationSettings { turns_each: 5, turns_daily: 5, ..ContinuationSettings::default() };
        assert_eq!(overdone(&settings, &pace(&[], &[], "a")), None);
        assert_eq!(overdone(&settings, &Pace { turns: 6, ..pace(&[], &[], "a") }), Some(reason::TURN_CAP));
        assert_eq!(overdone(&settings, &Pace { daily: 6, ..pace(&[], &[], "a") }), Some(reason::DAILY_CAP));
    }

    #[test]
    fn who_spoke_with_nobody_is_skipped() {
        assert_eq!(skipped(Some(CallOutcome::Talked)), None);
        for outcome in CallOutcome::ALL.into_iter().filter(|outcome| *outcome != CallOutcome::Talked) {
            assert_eq!(skipped(Some(outcome)), Some(outcome));
        }
        assert_eq!(skipped(None), Some(CallOutcome::Unknown));
    }

    #[test]
    fn waits_grow_to_their_bound() {
        let settings = ContinuationSettings::default();
        let waits: Vec<u64> = (1..8).map(|attempts| backoff(&settings, attempts).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    }
}

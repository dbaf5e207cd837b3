//! When a delivery is tried again.

use std::time::Duration;

use super::HookSettings;

/// By how much of itself a wait may be longer, so that what failed together does not come back together.
const SPREAD: f64 = 0.2;

/// The wait after the attempt of this number (the first is 1); `None` after the last. Never shorter than asked for.
pub(super) fn wait(settings: &HookSettings, attempts: u32, asked: Option<Duration>, jitter: f64) -> Option<Duration> {
    let made = usize::try_from(attempts.max(1)).unwrap_or(usize::MAX);
    let own = settings.waits.get(made - 1)?.mul_f64(1.0 + SPREAD * jitter.clamp(0.0, 1.0));
    Some(asked.map_or(own, |asked| own.max(asked.min(settings.longest_wait))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_over_days_and_end() {
        let settings = HookSettings::default();
        let waits: Vec<_> = (1..).map_while(|attempt| wait(&settings, attempt, None, 0.0)).collect();
        assert_eq!(waits, settings.waits);
        let days = waits.iter().sum::<Duration>().as_secs_f64() / 86_400.0;
        assert!((3.0..4.0).contains(&days), "{days} days");
    }

    #[test]
    fn a_wait_is_never_shorter_than_the_table_or_than_asked_for() {
        let settings = HookSettings::default();
        assert_eq!(wait(&settings, 1, None, 1.0), Some(Duration::from_secs(6)));
        assert_eq!(wait(&settings, 1, Some(Duration::from_secs(90)), 1.0), Some(Duration::from_secs(90)));
        assert_eq!(wait(&settings, 2, Some(Duration::from_secs(1)), 0.0), Some(Duration::from_secs(300)));
        assert_eq!(wait(&settings, 1, Some(Duration::MAX), 0.0), Some(settings.longest_wait));
        assert_eq!(wait(&settings, 10, Some(Duration::from_secs(1)), 0.0), None);
    }
}

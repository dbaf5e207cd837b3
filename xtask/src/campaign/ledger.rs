//! What was sent and acknowledged against what is stored.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use super::load::Report;

/// How many of each fault are named.
const EXAMPLES: usize = 5;

/// The account of one round. An element is a line such as `message <id>` or `status <id> <status>`.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    attempted: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
    /// How often each is stored.
    stored: BTreeMap<String, usize>,
    /// The longest time from a kill to the next acknowledgement.
    recovery: Duration,
}

impl Ledger {
    /// Adds what the simulator says of a load.
    pub(super) fn add(&mut self, report: &Report) {
        let acknowledged = report.acknowledged.iter().map(ToString::to_string);
        self.acknowledged.extend(acknowledged);
        let all = report.acknowledged.iter().chain(&report.unacknowledged);
        self.attempted.extend(all.map(ToString::to_string));
    }

    pub(super) fn recovered(&mut self, after: Duration) {
        self.recovery = self.recovery.max(after);
    }

    /// Takes what the database holds: a line for each element, as often as it is there.
    pub(super) fn store<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            *self.stored.entry(line.to_owned()).or_default() += 1;
        }
    }

    /// Whether everything was acknowledged in the end, and is stored once, and nothing else is.
    pub(super) fn is_clean(&self) -> bool {
        !self.attempted.is_empty()
            && self.acknowledged == self.attempted
            && self.lost() + self.duplicated() + self.unexpected() == 0
    }

    /// How many were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// How many were acknowledged and are not stored.
    pub(super) fn lost(&self) -> usize {
        self.lost_ones().count()
    }

    /// How many are stored more than once.
    pub(super) fn duplicated(&self) -> usize {
        self.duplicated_ones().count()
    }

    fn unexpected(&self) -> usize {
        self.unexpected_ones().count()
    }

    /// Some of what is wrong, for a person to look for in the logs.
    pub(super) fn examples(&self) -> Vec<String> {
        let never = self.attempted.difference(&self.acknowledged);
        let name = |what: &str, one: &String| format!("{what}: {one}");
        never
            .take(EXAMPLES)
            .map(|one| name("never acknowledged", one))
            .chain(self.lost_ones().take(EXAMPLES).map(|one| name("lost", one)))
            .chain(self.duplicated_ones().take(EXAMPLES).map(|one| name("duplicated", one)))
            .chain(self.unexpected_ones().take(EXAMPLES).map(|one| name("unexpected", one)))
            .collect()
    }

    fn lost_ones(&self) -> impl Iterator<Item = &String> {
        self.acknowledged.iter().filter(|one| !self.stored.contains_key(*one))
    }

    fn duplicated_ones(&self) -> impl Iterator<Item = &String> {
        let twice = self.stored.iter().filter(|(_, times)| **times > 1);
        twice.map(|(one, _)| one)
    }

    fn unexpected_ones(&self) -> impl Iterator<Item = &String> {
        self.stored.keys().filter(|one| !self.attempted.contains(*one))
    }

    #[cfg(test)]
    pub(super) fn of(attempted: &[&str], acknowledged: &[&str], stored: &[&str]) -> Self {
        let set = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let mut ledger = Self { attempted: set(attempted), acknowledged: set(acknowledged), ..Self::default() };
        ledger.store(stored.iter().copied());
        ledger
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "attempted={} acked={} stored={} lost={} duplicated={} unexpected={} recovery_max={:.2}s",
            self.attempted.len(),
            self.acknowledged.len(),
            self.stored.len(),
            self.lost(),
            self.duplicated(),
            self.unexpected(),
            self.recovery.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_acknowledged_can_be_lost() {
        let ledger = Ledger::of(&["a", "b", "c"], &["a", "b"], &["a"]);
        assert_eq!(ledger.lost(), 1);
        assert_eq!(ledger.examples(), ["never acknowledged: c", "lost: b"]);
    }

    #[test]
    fn what_was_stored_and_not_yet_acknowledged_is_expected() {
        let ledger = Ledger::of(&["a", "b"], &["a"], &["a", "b"]);
        assert_eq!(ledger.lost() + ledger.unexpected(), 0);
        assert!(!ledger.is_clean(), "b never got its answer");
    }

    #[test]
    fn what_nobody_sent_is_unexpected() {
        let ledger = Ledger::of(&["a"], &["a"], &["a", "z"]);
        assert_eq!(ledger.unexpected(), 1);
        assert!(!ledger.is_clean());
    }

    #[test]
    fn a_round_without_load_proves_nothing() {
        assert!(!Ledger::default().is_clean());
    }
}

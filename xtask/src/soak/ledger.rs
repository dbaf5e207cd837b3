//! What was attempted and acknowledged against what is stored.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::AddAssign,
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// How many of each fault are named.
const EXAMPLES: usize = 5;

/// The account of one scenario. An element is any line that says what a thing is, such as `message <id>`.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    attempted: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
    /// How often each is stored.
    stored: BTreeMap<String, usize>,
    /// What ended without anybody knowing how.
    unknown: BTreeSet<String>,
    /// The longest time from a kill to the next acknowledgement.
    recovery: Duration,
}

/// A ledger in numbers: what is printed, kept and added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) attempted: usize,
    pub(super) acked: usize,
    pub(super) stored: usize,
    pub(super) lost: usize,
    pub(super) duplicated: usize,
    pub(super) unknown: usize,
    pub(super) unexpected: usize,
    pub(super) recovery_max: Duration,
}

impl Ledger {
    /// Somebody tried to have it done.
    pub(super) fn attempt(&mut self, element: impl Into<String>) {
        self.attempted.insert(element.into());
    }

    /// Somebody was told that it is done, or was taken in.
    pub(super) fn acknowledge(&mut self, element: impl Into<String>) {
        let element = element.into();
        self.attempted.insert(element.clone());
        self.acknowledged.insert(element);
    }

    /// It is there; once more each time.
    pub(super) fn store(&mut self, element: impl Into<String>) {
        *self.stored.entry(element.into()).or_default() += 1;
    }

    /// It ended as unknown, and says so.
    pub(super) fn unknown(&mut self, element: impl Into<String>) {
        self.unknown.insert(element.into());
    }

    /// So long after a kill somebody was answered again.
    pub(super) fn recovered(&mut self, after: Duration) {
        self.recovery = self.recovery.max(after);
    }

    /// Whether everything was acknowledged in the end, and is stored once, and nothing else is.
    pub(super) fn is_clean(&self) -> bool {
        self.acknowledged == self.attempted && self.is_true()
    }

    /// Whether everything that was acknowledged is stored, once, and nothing else is.
    pub(super) fn is_true(&self) -> bool {
        let line = self.line();
        line.attempted > 0 && line.lost + line.duplicated + line.unexpected == 0
    }

    pub(super) fn line(&self) -> Line {
        Line {
            attempted: self.attempted.len(),
            acked: self.acknowledged.len(),
            stored: self.stored.len(),
            lost: self.lost_ones().count(),
            duplicated: self.duplicated_ones().count(),
            unknown: self.unknown.len(),
            unexpected: self.unexpected_ones().count(),
            recovery_max: self.recovery,
        }
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
        let mut ledger = Self::default();
        attempted.iter().for_each(|one| ledger.attempt(*one));
        acknowledged.iter().for_each(|one| ledger.acknowledge(*one));
        stored.iter().for_each(|one| ledger.store(*one));
        ledger
    }
}

impl AddAssign for Line {
    fn add_assign(&mut self, other: Self) {
        self.attempted += other.attempted;
        self.acked += other.acked;
        self.stored += other.stored;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.unknown += other.unknown;
        self.unexpected += other.unexpected;
        self.recovery_max = self.recovery_max.max(other.recovery_max);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "attempted={} acked={} stored={} lost={} duplicated={} unknown={} unexpected={} recovery_max={:.2}s",
            self.attempted,
            self.acked,
            self.stored,
            self.lost,
            self.duplicated,
            self.unknown,
            self.unexpected,
            self.recovery_max.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_acknowledged_can_be_lost() {
        let ledger = Ledger::of(&["a", "b", "c"], &["a", "b"], &["a"]);
        assert_eq!(ledger.line().lost, 1);
        assert_eq!(ledger.examples(), ["never acknowledged: c", "lost: b"]);
    }

    #[test]
    fn what_was_stored_and_not_yet_acknowledged_is_expected() {
        let ledger = Ledger::of(&["a", "b"], &["a"], &["a", "b"]);
        assert!(ledger.is_true());
        assert!(!ledger.is_clean(), "b never got its answer");
    }

    #[test]
    fn what_nobody_sent_is_unexpected() {
        let ledger = Ledger::of(&["a"], &["a"], &["a", "z"]);
        assert_eq!(ledger.line().unexpected, 1);
        assert!(!ledger.is_clean());
    }

    #[test]
    fn a_round_without_load_proves_nothing() {
        assert!(!Ledger::default().is_clean());
    }

    #[test]
    fn lines_add_up_and_keep_the_longest_recovery() {
        let mut sum = Ledger::of(&["a"], &["a"], &["a", "a"]).line();
        let mut other = Ledger::of(&["a", "b"], &["a"], &["a"]);
        other.unknown("b");
        other.recovered(Duration::from_millis(1500));
        sum += other.line();
        assert_eq!(
            sum.to_string(),
            "attempted=3 acked=2 stored=2 lost=0 duplicated=1 unknown=1 unexpected=0 recovery_max=1.50s"
        );
    }
}

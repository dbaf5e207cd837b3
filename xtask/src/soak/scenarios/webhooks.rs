//! Kills the server and its database under a load of webhooks. The simulator's account of what was acknowledged is
//! compared with the messages and states in the database, one by one.

use std::ops::RangeInclusive;

use anyhow::Result;

use super::round::Round;
use crate::soak::{
    ledger::Ledger,
    profile::Profile,
    scenario::{Context, Kind, Outcome, Scenario},
};

/// How the server is killed, and what has to come out.
pub(super) struct Story {
    /// Acknowledges before it has stored.
    pub(super) hasty: bool,
    /// Its database recognises no copy.
    pub(super) unkeyed: bool,
    pub(super) on_postgres: bool,
    pub(super) server_kills: usize,
    pub(super) database_kills: usize,
    /// How often each element is sent.
    pub(super) copies: RangeInclusive<u32>,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// All is acknowledged, and stored once.
    Nothing,
    /// A control: something acknowledged is not stored. Not everything: a server that stores nothing would show little.
    Lost,
    /// A control: something is stored twice.
    Doubled,
}

const KILLED: Story = Story {
    hasty: false,
    unkeyed: false,
    on_postgres: false,
    server_kills: 2,
    database_kills: 0,
    copies: 2..=5,
    expected: Expected::Nothing,
};

/// A folder, one process.
pub(super) const ON_SQLITE: Scenario = Scenario {
    name: "webhooks-sqlite",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 5, 20),
    run: |context| story(context, &KILLED),
};

/// A server beside its database; either is killed.
pub(super) const ON_POSTGRES: Scenario = Scenario {
    name: "webhooks-postgres",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 10, 50),
    run: |context| {
        let kills = context.profile().of(2, 5, 5);
        story(context, &Story { on_postgres: true, server_kills: kills, database_kills: 1, ..KILLED })
    },
};

/// A server that acknowledges before it stores.
pub(super) const HASTY: Scenario = Scenario {
    name: "control-acknowledges-first",
    kind: Kind::Control,
    parts: once,
    run: |context| {
        // A copy that comes after the kill would make good what is lost.
        let copies = 1..=1;
        story(context, &Story { hasty: true, on_postgres: true, copies, expected: Expected::Lost, ..KILLED })
    },
};

/// A store that recognises no copy.
pub(super) const UNKEYED: Scenario = Scenario {
    name: "control-no-unique-key",
    kind: Kind::Control,
    parts: once,
    run: |context| {
        let (server_kills, copies, expected) = (1, 2..=2, Expected::Doubled);
        story(context, &Story { unkeyed: true, on_postgres: true, server_kills, copies, expected, ..KILLED })
    },
};

fn once(_: Profile) -> u32 {
    1
}

fn story(context: &Context<'_>, story: &Story) -> Result<Outcome> {
    let ledger = Round::run(story, context)?;
    let mut outcome = Outcome::of(&ledger, story.expected.is_met(&ledger));
    outcome.note(format!("kill -9: {} × the server, {} × the database", story.server_kills, story.database_kills));
    Ok(outcome)
}

impl Expected {
    fn is_met(self, ledger: &Ledger) -> bool {
        let line = ledger.line();
        match self {
            Self::Nothing => ledger.is_clean(),
            Self::Lost => (1..line.acked).contains(&line.lost),
            Self::Doubled => line.duplicated > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_control_asks_for_its_own_fault() {
        let clean = Ledger::of(&["a"], &["a"], &["a"]);
        let lost = Ledger::of(&["a", "b"], &["a", "b"], &["a"]);
        let doubled = Ledger::of(&["a"], &["a"], &["a", "a"]);
        for (expected, [on_clean, on_lost, on_doubled]) in [
            (Expected::Nothing, [true, false, false]),
            (Expected::Lost, [false, true, false]),
            (Expected::Doubled, [false, false, true]),
        ] {
            assert_eq!(expected.is_met(&clean), on_clean, "{expected:?}");
            assert_eq!(expected.is_met(&lost), on_lost, "{expected:?}");
            assert_eq!(expected.is_met(&doubled), on_doubled, "{expected:?}");
        }
    }
}

//! How much of everything.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How long a run takes: minutes, hours, a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// At every landing, as a part of `cargo xtask test`.
    #[default]
    Smoke,
    /// By hand, over a night.
    Nightly,
    /// By hand, before a release.
    Release,
}

impl Profile {
    /// What a scenario does in this profile.
    pub(super) fn of<T>(self, smoke: T, nightly: T, release: T) -> T {
        match self {
            Self::Smoke => smoke,
            Self::Nightly => nightly,
            Self::Release => release,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.of("smoke", "nightly", "release"))
    }
}

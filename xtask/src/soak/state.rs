//! What of a run is done: written after each part, so that a run that was cut goes on where it was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{ledger::Line, profile::Profile};

/// One run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) seed: u64,
    pub(super) profile: Profile,
    /// What was tried.
    pub(super) commit: String,
    parts: BTreeMap<String, Done>,
    #[serde(skip)]
    file: PathBuf,
}

/// A part that has ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) passed: bool,
    pub(super) line: Line,
    pub(super) seconds: u64,
}

impl State {
    /// A run from its beginning.
    pub(super) fn new(folder: &Path, seed: u64, profile: Profile, commit: String) -> Self {
        let file = folder.join(format!("{seed}-{profile}.json"));
        Self { seed, profile, commit, parts: BTreeMap::new(), file }
    }

    /// The run of this seed, else the latest of this profile; nothing where none is there.
    pub(super) fn find(folder: &Path, seed: Option<u64>, profile: Profile) -> Result<Option<Self>> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(None);
        };
        let mut latest: Option<(SystemTime, PathBuf)> = None;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let run = name.to_string_lossy().strip_suffix(&format!("-{profile}.json")).map(str::to_owned);
            let wanted = run.is_some_and(|run| seed.is_none_or(|seed| run == seed.to_string()));
            let at = entry.metadata()?.modified()?;
            if wanted && latest.as_ref().is_none_or(|(before, _)| at > *before) {
                latest = Some((at, entry.path()));
            }
        }
        let Some((_, file)) = latest else {
            return Ok(None);
        };
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let state: Self = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
        Ok(Some(Self { file, ..state }))
    }

    /// What came of a part that passed; one that failed is run again.
    pub(super) fn passed(&self, part: &str) -> Option<Done> {
        self.parts.get(part).copied().filter(|done| done.passed)
    }

    /// Notes a part and writes the file.
    pub(super) fn note(&mut self, part: &str, done: Done) -> Result<()> {
        self.parts.insert(part.to_owned(), done);
        let folder = self.file.parent().context("the file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // A run that is cut while it writes must find the state before.
        let draft = self.file.with_extension("new");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&draft, &self.file).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        assert!(State::find(folder.path(), None, Profile::Smoke).unwrap().is_none());
        let mut state = State::new(folder.path(), 7, Profile::Smoke, "abc".to_owned());
        let done = |passed| Done { passed, line: Line::default(), seconds: 3 };
        state.note("kills/0", done(true)).unwrap();
        state.note("kills/1", done(false)).unwrap();

        let found = State::find(folder.path(), None, Profile::Smoke).unwrap().unwrap();
        assert_eq!((found.seed, found.commit.as_str()), (7, "abc"));
        assert!(found.passed("kills/0").is_some());
        assert!(found.passed("kills/1").is_none(), "what failed is run again");
        assert!(found.passed("kills/2").is_none());
        assert!(State::find(folder.path(), Some(8), Profile::Smoke).unwrap().is_none());
        assert!(State::find(folder.path(), None, Profile::Nightly).unwrap().is_none());
    }
}

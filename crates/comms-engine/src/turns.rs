//! Work that one of several processes does at a time, under a lease of the store.
//!
//! The lease saves work and nothing depends on it: whatever is done in turns is harmless where two do it at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use comms_core::history::LeaseToken;
use uuid::Uuid;

use crate::{Engine, EngineError, settings::span};

/// How much longer than two rounds a lease lasts: a process that is late by a little keeps its turn.
const MARGIN: Duration = Duration::from_secs(10);

/// The turns of one process.
#[derive(Debug)]
pub(crate) struct Turns {
    process: Uuid,
    held: Mutex<HashMap<&'static str, LeaseToken>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { process: Uuid::now_v7(), held: Mutex::default() }
    }
}

impl Turns {
    fn note(&self, name: &'static str, token: Option<LeaseToken>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match token {
            Some(token) => held.insert(name, token),
            None => held.remove(name),
        };
    }

    fn take_all(&self) -> Vec<(&'static str, LeaseToken)> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.drain().collect()
    }
}

impl Engine {
    /// Whether it is this process's turn to do what is done this often under this name. Who had the last turn keeps it; where
    /// they do not come any more another has it after two rounds and a little.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn turn(&self, name: &'static str, every: Duration) -> Result<bool, EngineError> {
        if self.settings().sole_process {
            return Ok(true);
        }
        let (turns, length) = (self.turns(), span(every.saturating_mul(2).saturating_add(MARGIN)));
        let token = self.repository().take_lease(name, turns.process, self.now(), length).await?;
        turns.note(name, token);
        Ok(token.is_some())
    }

    /// Lets others have every turn at once.
    pub(crate) async fn give_turns_back(&self) {
        for (name, token) in self.turns().take_all() {
            if let Err(error) = self.repository().give_lease_back(name, token, self.now()).await {
                tracing::debug!(name, %error, "a turn could not be given back: it ends by itself");
            }
        }
    }
}

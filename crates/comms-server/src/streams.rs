//! How many event streams are open, and whose.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use metrics::gauge;

use crate::{
    config::RealtimeSettings,
    errors::{ApiError, Code},
};

/// Open event streams by `transport` (`sse`, `websocket`).
pub(crate) const STREAMS: &str = "comms_event_streams";

/// The open event streams of one server.
#[derive(Debug)]
pub struct Streams {
    of_each: u32,
    of_all: u32,
    open: Mutex<HashMap<String, u32>>,
}

/// The place of one open stream, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    key: String,
    transport: &'static str,
}

impl Streams {
    /// None open, with these limits.
    #[must_use]
    pub fn new(settings: &RealtimeSettings) -> Arc<Self> {
        let (of_each, of_all) = (settings.connections_per_user.get(), settings.connections.get());
        Arc::new(Self { of_each, of_all, open: Mutex::default() })
    }

    /// Opens one for whoever has this key.
    ///
    /// # Errors
    /// 429 where they, or all together, have as many as they may.
    pub fn enter(self: &Arc<Self>, key: &str, transport: &'static str) -> Result<Place, ApiError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = open.values().sum();
        let own = open.get(key).copied().unwrap_or_default();
        if own >= self.of_each || all >= self.of_all {
            return Err(ApiError::new(Code::TooManyStreams));
        }
        open.insert(key.to_owned(), own + 1);
        gauge!(STREAMS, "transport" => transport).increment(1.0);
        Ok(Place { streams: Arc::clone(self), key: key.to_owned(), transport })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!(STREAMS, "transport" => self.transport).decrement(1.0);
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

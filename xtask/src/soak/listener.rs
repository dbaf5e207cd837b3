//! Who listens to the event stream, is cut off again and again, and comes back with the last cursor.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Result, anyhow};
use fastrand::Rng;
use serde_json::Value;

use super::stand::Stand;

/// How long a connection lasts at most, in seconds.
const LASTS: std::ops::RangeInclusive<u64> = 1..=3;
/// How long somebody waits who is not let in.
const PAUSE: Duration = Duration::from_millis(50);

/// Somebody who listens until they are asked to stop.
pub(super) struct Listener {
    stop: Arc<AtomicBool>,
    last: Arc<AtomicI64>,
    heard: JoinHandle<Vec<i64>>,
}

impl Listener {
    /// Listens from the beginning of the log.
    pub(super) fn begin(stand: &Stand<'_>, mut random: Rng) -> Self {
        let (stop, last) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let (url, token) = (format!("{}/api/eventos", stand.url(0)), stand.token.clone());
        let (stopped, cursor) = (Arc::clone(&stop), Arc::clone(&last));
        let heard = thread::spawn(move || {
            let mut heard = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let request = minreq::get(format!("{url}?cursor={}", cursor.load(Ordering::Relaxed)))
                    .with_header("Authorization", format!("Bearer {token}"))
                    .with_timeout(random.u64(LASTS));
                listen(request, &cursor, &mut heard);
                thread::sleep(PAUSE);
            }
            heard
        });
        Self { stop, last, heard }
    }

    /// The last cursor that they were told.
    pub(super) fn last(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The cursors of the events that they were told, in their order.
    pub(super) fn finish(self) -> Result<Vec<i64>> {
        self.stop.store(true, Ordering::Relaxed);
        self.heard.join().map_err(|_| anyhow!("a listener broke off"))
    }
}

/// One connection, until it is cut.
fn listen(request: minreq::Request, cursor: &AtomicI64, heard: &mut Vec<i64>) {
    let Ok(answer) = request.send_lazy() else {
        return;
    };
    let mut line = Vec::new();
    for byte in answer {
        let Ok((byte, _)) = byte else {
            return;
        };
        if byte != b'\n' {
            line.push(byte);
            continue;
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            note(&serde_json::from_slice(data).unwrap_or_default(), cursor, heard);
        }
        line.clear();
    }
}

fn note(frame: &Value, cursor: &AtomicI64, heard: &mut Vec<i64>) {
    let Some(at) = frame["cursor"].as_i64() else {
        return;
    };
    // What a stream says of itself is no event.
    if !["listo", "latido", "fin"].contains(&frame["tipo"].as_str().unwrap_or_default()) {
        heard.push(at);
    }
    cursor.store(at, Ordering::Relaxed);
}

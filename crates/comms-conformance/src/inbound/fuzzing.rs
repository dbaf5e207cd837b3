//! Webhooks that nobody would write, for as long as there is time: signed, so that the parser reads every byte of them.
//!
//! What `cargo fuzz` would do with a compiler of its own: bodies are changed at random, and those to which the parser says something new are
//! changed further. What is new is told by the batch, since a stable compiler counts no branches.

use std::{
    collections::HashSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use bytes::Bytes;
use comms_core::{Batch, ErrorKind};
use fastrand::Rng;

use super::{InboundHarness, Strange, reading::stored, receive, signed};
use crate::Violation;

/// The longest that one webhook may take.
const LONGEST: Duration = Duration::from_secs(1);
/// How many are read at least, also where the machine is busy.
const LEAST: u64 = 128;
/// The most memory that the process may ever have had, in KiB.
const MOST_MEMORY_KIB: u64 = 512 * 1024;
/// Beyond these a body is cut, and no further one is kept.
const LONGEST_BODY: usize = 64 * 1024;
const MOST_BODIES: usize = 4_096;
const MOST_CHANGES: usize = 8;

/// Words and bytes that mean something to the formats of webhooks.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\\u0000",
    b"\\ud800",
    b"&",
    b"=",
    b"%00",
    b"%FF",
    b"+",
    b"\xff",
    b"\xf0\x9f\x91\x8d",
    b"9999-12-31T23:59:60Z",
    b"\"\"",
    b"\0",
];

/// How long, and with which choices.
#[derive(Clone, Copy, Debug)]
pub struct Fuzzing {
    /// For how long; longer where too few were read by then.
    pub time: Duration,
    /// Which choices: the same seed makes the same ones.
    pub seed: u64,
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuzzed {
    /// Webhooks that were read.
    pub webhooks: u64,
    /// Different kinds of batches that came of them.
    pub batches: usize,
}

impl Fuzzing {
    /// A second, and the seed 1; `COMMS_FUZZ_SECONDS` and `COMMS_FUZZ_SEED` say otherwise.
    #[must_use]
    pub fn from_env() -> Self {
        let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
        let seconds = number("COMMS_FUZZ_SECONDS").unwrap_or(1);
        Self { time: Duration::from_secs(seconds), seed: number("COMMS_FUZZ_SEED").unwrap_or(1) }
    }

    /// Reads webhooks that are made of those of `harness` and of `bodies`: no panic, no refusal but of another account's, a replay
    /// that reads the same, a second at most, 512 MiB at most.
    ///
    /// # Errors
    /// The first webhook that breaks one of these, with what it takes to see it again.
    pub fn run(self, harness: &dyn InboundHarness, bodies: Vec<Bytes>) -> Result<Fuzzed, Violation> {
        let mut rng = Rng::with_seed(self.seed);
        let mut bodies = [bodies, samples(harness)].concat();
        let (mut seen, mut webhooks) = (HashSet::new(), 0);
        let end = Instant::now() + self.time;
        while Instant::now() < end || webhooks < LEAST {
            let body = changed(&bodies, &mut rng);
            let batch = judge(harness, &body).map_err(|violation| self.told(&violation, webhooks, &body))?;
            webhooks += 1;
            let new = seen.insert(batch.as_ref().map(shape));
            if new && bodies.len() < MOST_BODIES {
                bodies.push(body);
            }
        }
        match peak_memory_kib() {
            Some(peak) if peak > MOST_MEMORY_KIB => Err(Violation::new(format!("{} MiB of memory", peak / 1024))),
            _ => Ok(Fuzzed { webhooks, batches: seen.len() }),
        }
    }

    fn told(self, violation: &Violation, webhooks: u64, body: &[u8]) -> Violation {
        let seed = self.seed;
        Violation::new(format!("{violation} (seed {seed}, webhook {webhooks}): {}", body.escape_ascii()))
    }
}

fn samples(harness: &dyn InboundHarness) -> Vec<Bytes> {
    vec![
        harness.texts(&["¿qué tal? 👍"]),
        harness.with_strange_element(Strange::UnknownType, "marker", &[]),
        harness.with_strange_element(Strange::Misshapen, "marker", &[]),
    ]
}

/// Reads one; `None` where it speaks for another account, which the signature does not cover.
fn judge(harness: &dyn InboundHarness, body: &Bytes) -> Result<Option<Batch>, Violation> {
    let begun = Instant::now();
    let request = catch_unwind(AssertUnwindSafe(|| signed(harness, body.clone())))
        .map_err(|_| Violation::new("signing it panics"))?;
    let batch = match receive(harness, &request)? {
        Ok(batch) => batch,
        Err(error) if error.kind() == ErrorKind::InvalidSignature => return Ok(None),
        Err(error) => return Err(Violation::new(format!("a signed webhook is refused: {error}"))),
    };
    let (parser, webhook) = (harness.inbound(), stored(harness, request));
    let replayed = catch_unwind(AssertUnwindSafe(|| parser.reparse(&webhook)));
    let took = begun.elapsed();
    match replayed {
        Err(_) => Err(Violation::new("the replay panics")),
        Ok(replayed) if replayed != batch => Err(Violation::new("the replay reads something else")),
        Ok(_) if took > LONGEST => Err(Violation::new(format!("it takes {took:?}"))),
        Ok(_) => Ok(Some(batch)),
    }
}

/// One of `bodies` with some changes.
fn changed(bodies: &[Bytes], rng: &mut Rng) -> Bytes {
    let mut body = bodies[rng.usize(..bodies.len())].to_vec();
    for _ in 0..rng.usize(1..=MOST_CHANGES) {
        change(&mut body, &bodies[rng.usize(..bodies.len())], rng);
    }
    body.truncate(LONGEST_BODY);
    body.into()
}

fn change(body: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let at = rng.usize(..=body.len());
    let end = at + rng.usize(..=(body.len() - at).min(64));
    match rng.u8(..6) {
        0 => drop(body.splice(at..at, WORDS[rng.usize(..WORDS.len())].iter().copied())),
        1 => drop(body.splice(at..end, WORDS[rng.usize(..WORDS.len())].iter().copied())),
        2 => drop(body.drain(at..end)),
        3 => {
            let again = body[at..end].to_vec();
            body.splice(at..at, again);
        }
        4 => {
            let from = rng.usize(..=other.len());
            let to = from + rng.usize(..=(other.len() - from).min(256));
            body.splice(at..end, other[from..to].iter().copied());
        }
        _ => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
    }
}

/// What kind of batch it is: which events, and whether something could not be read.
fn shape(batch: &Batch) -> u64 {
    let mut hasher = DefaultHasher::new();
    batch.problem.is_some().hash(&mut hasher);
    batch.question.is_some().hash(&mut hasher);
    batch.speaker.is_some().hash(&mut hasher);
    for event in batch.events.iter().take(8) {
        event.kind.name().hash(&mut hasher);
        event.occurred_at.is_some().hash(&mut hasher);
        event.subject.is_empty().hash(&mut hasher);
    }
    hasher.finish()
}

/// The most that this process ever had, where the system tells.
fn peak_memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

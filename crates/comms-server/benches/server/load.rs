//! Requests over connections that stay open, one after the other on each, and how long each answer takes.

use std::{
    cell::Cell,
    net::Ipv4Addr,
    ops::Range,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
    time::sleep_until,
};

/// Longer than an answer to a webhook.
const ANSWER: usize = 4_096;

/// When the next request is sent.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As soon as a connection is free.
    Full,
    /// One each so often, whether or not those before have been answered.
    Every(Duration),
}

/// What a run found out.
#[derive(Debug)]
pub struct Run {
    /// How long it took until the last answer.
    pub elapsed: Duration,
    /// How long each answer took, shortest first.
    latencies: Vec<Duration>,
}

impl Run {
    /// How many requests were answered.
    pub fn answered(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency, in milliseconds, that this share of the answers did not exceed.
    pub fn latency_ms(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (self.latencies.len() as f64 * share) as usize;
        let latency = self.latencies.get(index.min(last));
        latency.map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
    }
}

/// What the connections of a run share.
struct Shared {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    pace: Pace,
    started: Instant,
    length: Duration,
}

/// Sends `requests`, in their order and each once, until they or `length` are over. One thread does all of it: on a small
/// machine the other cores are for what is measured.
///
/// # Panics
/// On any answer that is no success.
pub async fn run(port: u16, connections: usize, requests: Vec<Vec<u8>>, pace: Pace, length: Duration) -> Run {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(port).await);
    }
    let shared = Rc::new(Shared { requests, next: Cell::new(0), pace, started: Instant::now(), length });
    let local = LocalSet::new();
    let tasks: Vec<_> =
        open.into_iter().map(|connection| local.spawn_local(drive(connection, Rc::clone(&shared)))).collect();
    let mut latencies = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                latencies.extend(task.await.unwrap());
            }
        })
        .await;
    let elapsed = shared.started.elapsed();
    latencies.sort_unstable();
    Run { elapsed, latencies }
}

async fn drive(mut connection: Connection, shared: Rc<Shared>) -> Vec<Duration> {
    let mut latencies = Vec::new();
    loop {
        let number = shared.next.get();
        let Some(request) = shared.requests.get(number) else {
            return latencies;
        };
        if shared.started.elapsed() >= shared.length {
            return latencies;
        }
        shared.next.set(number + 1);
        let sent = match shared.pace {
            Pace::Full => Instant::now(),
            Pace::Every(gap) => due(shared.started + gap * number as u32).await,
        };
        connection.exchange(request).await;
        latencies.push(sent.elapsed());
    }
}

/// Waits until a request is due. Its answer is timed from when it was due, whatever kept it: that no connection was free, which the
/// server owes, and that a timer is late by up to a millisecond, which it does not.
async fn due(at: Instant) -> Instant {
    sleep_until(at.into()).await;
    at
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    /// To the server of this port.
    pub async fn open(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, answer: Vec::with_capacity(ANSWER) }
    }

    /// Sends a request and takes the answer. Returns its body.
    ///
    /// # Panics
    /// On any answer that is no success.
    pub async fn exchange(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.unwrap();
        self.answer.clear();
        let whole = loop {
            let read = self.stream.read_buf(&mut self.answer).await.unwrap();
            assert!(read > 0, "the server closed the connection: {self:?}");
            if let Some(whole) = whole(&self.answer) {
                break whole;
            }
        };
        assert!(self.answer.starts_with(b"HTTP/1.1 20"), "{self:?}");
        &self.answer[whole]
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.answer))
    }
}

/// Where the body of an answer is that has arrived to its end. Every server here gives `content-length`.
fn whole(answer: &[u8]) -> Option<Range<usize>> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let lines = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = lines
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse::<usize>().unwrap());
    let body = head + 4;
    (answer.len() >= body + length).then_some(body..body + length)
}

//! Who is told of events by outgoing webhooks.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

/// Every so many requests one is answered 500.
const FAILS: usize = 9;
/// How long one connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A listener that notes what it takes.
pub(super) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    told: Mutex<BTreeSet<String>>,
    asked: AtomicUsize,
}

impl Receiver {
    /// Listens on a free port.
    pub(super) fn listen() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::<Shared>::default();
        let taking = Arc::clone(&shared);
        // It ends with the process: a scenario has one.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&taking);
                // Whoever is cut off comes again.
                thread::spawn(move || shared.take(stream).ok());
            }
        });
        Ok(Self { port, shared })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The ids of what was told and taken.
    pub(super) fn told(&self) -> BTreeSet<String> {
        self.shared.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn take(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let (mut id, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("webhook-id") => id = Some(value.trim().to_owned()),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap_or(0);
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let fails = self.asked.fetch_add(1, Ordering::Relaxed) % FAILS == FAILS - 1;
        let status = if fails { "500 Internal Server Error" } else { "200 OK" };
        if let Some(id) = id.filter(|_| !fails) {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_noted_and_what_is_refused_is_not() {
        let receiver = Receiver::listen().unwrap();
        for at in 0..FAILS {
            let request = minreq::post(receiver.url()).with_header("webhook-id", format!("msg_{at}")).with_body("{}");
            let status = request.send().unwrap().status_code;
            assert_eq!(status, if at == FAILS - 1 { 500 } else { 200 });
        }
        let wanted: BTreeSet<String> = (0..FAILS - 1).map(|at| format!("msg_{at}")).collect();
        assert_eq!(receiver.told(), wanted);
    }
}

//! What stands between two programs and can be shut, slowed and torn: a TCP proxy.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use fastrand::Rng;

/// How much is passed on at once.
const PIECE: usize = 16 * 1024;
/// How long a server may take to accept.
const CONNECT: Duration = Duration::from_secs(2);

/// A listener that passes each connection on to one of the servers behind it, in turn; a server that does not answer is passed
/// over.
#[derive(Debug)]
pub(super) struct Gate {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug, Default)]
struct Shared {
    behind: Mutex<Vec<u16>>,
    next: AtomicUsize,
    shut: AtomicBool,
    gone: AtomicBool,
    delay_ms: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Gate {
    /// Listens on a free port.
    pub(super) fn before(servers: &[u16]) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { behind: Mutex::new(servers.to_vec()), ..Shared::default() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Ok(Self { shared, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// For instance `http://127.0.0.1:4000`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on connections are closed at once, and those that are open are cut.
    pub(super) fn shut(&self) {
        self.shared.shut.store(true, Ordering::SeqCst);
        self.cut(&mut Rng::new(), 1.0);
    }

    /// Connections pass again.
    pub(super) fn reopen(&self) {
        self.shared.shut.store(false, Ordering::SeqCst);
    }

    /// How long each piece waits before it is passed on.
    pub(super) fn slow(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.shared.delay_ms.store(delay, Ordering::SeqCst);
    }

    /// Cuts each open connection with this probability; returns how many.
    pub(super) fn cut(&self, random: &mut Rng, probability: f64) -> usize {
        let mut open = self.shared.lock_open();
        let before = open.len();
        open.retain(|stream| {
            let spared = random.f64() >= probability;
            if !spared {
                end(stream);
            }
            spared
        });
        before - open.len()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::SeqCst);
        self.shut();
        // The listener wakes up, sees that it is gone, and ends.
        drop(TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port))));
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.gone.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            if !self.shut.load(Ordering::SeqCst) {
                let shared = Arc::clone(&self);
                thread::spawn(move || shared.pass(stream));
            }
        }
    }

    /// Passes a connection on, in both directions, until one side ends it.
    fn pass(self: Arc<Self>, client: TcpStream) {
        let Some(server) = self.connect() else {
            end(&client);
            return;
        };
        // Without these an answer waits for the acknowledgement of the one before.
        let quick = client.set_nodelay(true).and(server.set_nodelay(true));
        let copies = quick.and_then(|()| Ok((client.try_clone()?, server.try_clone()?, client.try_clone()?)));
        let Ok((client_end, server_end, kept)) = copies else {
            return;
        };
        self.lock_open().push(kept);
        let back = Arc::clone(&self);
        let answering = thread::spawn(move || back.copy(server_end, client_end));
        self.copy(client, server);
        // It ends with the connection; a panic in it would end only this one.
        drop(answering.join());
        self.lock_open().retain(|stream| stream.peer_addr().is_ok());
    }

    fn connect(&self) -> Option<TcpStream> {
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let first = self.next.fetch_add(1, Ordering::SeqCst);
        (0..behind.len()).find_map(|at| {
            let port = behind[(first + at) % behind.len()];
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), CONNECT).ok()
        })
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; PIECE];
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            match self.delay_ms.load(Ordering::SeqCst) {
                0 => {}
                delay => thread::sleep(Duration::from_millis(delay)),
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        end(&from);
        end(&to);
    }

    fn lock_open(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error means that the other side has ended it.
fn end(stream: &TcpStream) {
    drop(stream.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers what it hears with its own port before it.
    fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut heard = [0; 2];
                    while stream.read_exact(&mut heard).is_ok() {
                        stream.write_all(&port.to_be_bytes()).unwrap();
                    }
                });
            }
        });
        port
    }

    fn ask(stream: &mut TcpStream) -> Option<u16> {
        let mut answer = [0; 2];
        stream.write_all(b"hi").ok()?;
        stream.read_exact(&mut answer).ok()?;
        Some(u16::from_be_bytes(answer))
    }

    #[test]
    fn connections_go_to_whoever_answers_in_turn() {
        let (one, two, nobody) = (echo(), echo(), crate::shell::free_port().unwrap());
        let gate = Gate::before(&[one, nobody, two]).unwrap();
        let mut answered: Vec<_> =
            (0..6).map(|_| ask(&mut TcpStream::connect(("127.0.0.1", gate.port())).unwrap()).unwrap()).collect();
        answered.sort_unstable();
        answered.dedup();
        let mut both = [one, two];
        both.sort_unstable();
        assert_eq!(answered, both);
    }

    #[test]
    fn what_is_cut_is_cut_and_what_is_shut_opens_again() {
        let gate = Gate::before(&[echo()]).unwrap();
        let connect = || TcpStream::connect(("127.0.0.1", gate.port())).unwrap();
        let mut open = connect();
        assert!(ask(&mut open).is_some());
        assert_eq!(gate.cut(&mut Rng::new(), 1.0), 1);
        assert_eq!(ask(&mut open), None);
        gate.shut();
        assert_eq!(ask(&mut connect()), None);
        gate.reopen();
        assert!(ask(&mut connect()).is_some());
    }
}

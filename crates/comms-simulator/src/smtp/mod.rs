//! A mail server that takes what it is given and delivers nothing: what came is in its ledger, and what goes wrong is told beforehand.
//!
//! ```
//! use comms_simulator::smtp::{Sink, Trouble, Verb};
//!
//! let sink = Sink::start()?;
//! sink.trouble(Trouble::say(Verb::Recipient, "451 4.7.1 Greylisted, try again in 60 seconds"));
//! assert!(sink.url().starts_with("smtp+plain://127.0.0.1:"));
//! # std::io::Result::Ok(())
//! ```

mod dialogue;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use tokio_rustls::TlsAcceptor;

use dialogue::Encryption;

/// A step of the dialogue, as the server meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// The connection, before the greeting.
    Connect,
    /// `EHLO`.
    Hello,
    /// `STARTTLS`, before the handshake.
    StartTls,
    /// `AUTH`, and what follows it.
    Auth,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The end of the text.
    Text,
}

/// What goes wrong once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub at: Verb,
    /// At the end of the text: whether the message is taken all the same.
    pub taken: bool,
    /// What happens in the place of the usual reply.
    pub act: Act,
}

/// What happens in the place of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The connection is closed.
    Close,
    /// These words, and the dialogue goes on.
    Say(String),
    /// These words without an end of line, and the connection is closed.
    Half(String),
    /// The usual reply, late.
    Wait(Duration),
}

impl Trouble {
    /// The connection is closed at this step.
    #[must_use]
    pub fn close(at: Verb) -> Self {
        Self { at, taken: false, act: Act::Close }
    }

    /// This reply at this step.
    #[must_use]
    pub fn say(at: Verb, reply: impl Into<String>) -> Self {
        Self { at, taken: false, act: Act::Say(reply.into()) }
    }

    /// At the end of the text, which is taken.
    #[must_use]
    pub fn after(act: Act) -> Self {
        Self { at: Verb::Text, taken: true, act }
    }
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who sent it, by the envelope.
    pub from: String,
    /// To whom, by the envelope.
    pub to: Vec<String>,
    /// Its headers and text.
    pub text: String,
    /// Who had signed in.
    pub user: Option<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
}

impl Taken {
    /// The value of a header, unfolded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// What came so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// How many connections were greeted.
    pub connections: usize,
    /// How many messages were begun.
    pub begun: usize,
    /// The messages that were taken, oldest first.
    pub taken: Vec<Taken>,
    /// The ways in which somebody signed in.
    pub mechanisms: Vec<String>,
}

#[derive(Debug, Default)]
struct State {
    mails: Mutex<Mails>,
    troubles: Mutex<Vec<Trouble>>,
    users: Mutex<Vec<(String, String)>>,
}

impl State {
    fn note<T>(&self, act: impl FnOnce(&mut Mails) -> T) -> T {
        act(&mut self.mails.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What goes wrong at this step, if anything does: each only once.
    fn strike(&self, at: Verb) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let place = troubles.iter().position(|trouble| trouble.at == at)?;
        Some(troubles.remove(place))
    }

    /// Whether somebody may sign in: anybody where no user is told.
    fn knows(&self, user: &str, secret: &str) -> bool {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.is_empty() || users.iter().any(|(name, password)| name == user && password == secret)
    }
}

/// How a [`Sink`] encrypts, and as whom.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Whether it encrypts from the first byte; else it offers `STARTTLS`.
    pub at_once: bool,
    /// Its certificate, as DER.
    pub certificate: Vec<u8>,
    /// Its private key: PKCS #8, as DER.
    pub key: Vec<u8>,
}

impl Tls {
    fn encryption(self) -> io::Result<Encryption> {
        let key = PrivatePkcs8KeyDer::from(self.key).into();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![self.certificate.into()], key))
            .map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(if self.at_once { Encryption::Tls(acceptor) } else { Encryption::StartTls(acceptor) })
    }
}

/// A running mail server. It stops when it is dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

impl Sink {
    /// Starts one on a free port of this machine; it listens when this returns.
    ///
    /// # Errors
    /// Where the machine refuses sockets or threads.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// The same on this port of this machine; 0 takes a free one.
    ///
    /// # Errors
    /// As [`start`](Self::start), also where the port is taken.
    pub fn start_on(port: u16) -> io::Result<Self> {
        Self::listen(port, Encryption::None)
    }

    /// One that encrypts, on a free port.
    ///
    /// # Errors
    /// As [`start`](Self::start), also for a certificate or key that cannot be used.
    pub fn start_encrypted(tls: Tls) -> io::Result<Self> {
        Self::listen(0, tls.encryption()?)
    }

    fn listen(port: u16, encryption: Encryption) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("smtp-sink").enable_all().build()?;
        let listener = runtime.block_on_elsewhere(TcpListener::bind(("127.0.0.1", port)))?;
        let (address, state) = (listener.local_addr()?, Arc::new(State::default()));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, encryption) = (Arc::clone(&shared), encryption.clone());
                tokio::spawn(async move {
                    // Whoever goes away in the middle has gone.
                    let _ = dialogue::talk(stream, encryption, &state).await;
                });
            }
        });
        Ok(Self { address, state, runtime: Some(runtime) })
    }

    /// Its address for a client, where it does not encrypt: `smtp+plain://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp+plain://{}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Only those who are told so may sign in.
    pub fn user(&self, name: impl Into<String>, secret: impl Into<String>) {
        let mut users = self.state.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.push((name.into(), secret.into()));
    }

    /// Something goes wrong, once.
    pub fn trouble(&self, trouble: Trouble) {
        self.state.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(trouble);
    }

    /// What came so far.
    #[must_use]
    pub fn mails(&self) -> Mails {
        self.state.note(|mails| mails.clone())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waiting on a runtime from within another one is forbidden: this is done on a thread of its own.
trait BlockOnElsewhere {
    fn block_on_elsewhere<T: Send>(&self, work: impl Future<Output = io::Result<T>> + Send) -> io::Result<T>;
}

impl BlockOnElsewhere for Runtime {
    fn block_on_elsewhere<T: Send>(&self, work: impl Future<Output = io::Result<T>> + Send) -> io::Result<T> {
        std::thread::scope(|scope| scope.spawn(|| self.block_on(work)).join())
            .unwrap_or_else(|_| Err(io::Error::other("the thread of the mail server broke off")))
    }
}

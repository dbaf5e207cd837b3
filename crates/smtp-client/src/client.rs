//! The client: one server, one dialogue for each message, connections that are used again.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use comms_http::{Error, ErrorKind, Outcome, Result};
use lettre::{
    Address,
    transport::smtp::{
        self,
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};

use crate::{
    Config, Mail, Security,
    config::Checked,
    error::{self, Step},
    limits::{IDLE, KEPT},
    wire::Wire,
};

/// A client of one mail server. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Checked,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Client {
    /// A client of this server. Nothing is connected yet.
    ///
    /// # Errors
    /// `Config` with the name of the setting that is absent or wrong.
    pub fn new(config: Config) -> Result<Self> {
        let config = config.checked()?;
        let tls = match config.security {
            Security::None => None,
            _ => Some(tls(&config)?),
        };
        Ok(Self(Arc::new(Inner { config, tls, idle: Mutex::default() })))
    }

    /// The server.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.config.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.config.port
    }

    /// How the connection is protected.
    #[must_use]
    pub fn security(&self) -> Security {
        self.0.config.security
    }

    /// The address that sends, where it is set.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.0.config.from.as_deref()
    }

    /// The name beside it.
    #[must_use]
    pub fn from_name(&self) -> Option<&str> {
        self.0.config.from_name.as_deref()
    }

    /// Hands a message over. It goes to all of its recipients or to nobody, and is handed over once.
    ///
    /// # Errors
    /// As the crate's page says: by the outcome whether the server may have taken it.
    pub async fn send(&self, mail: &Mail) -> Result<()> {
        let envelope = Envelope::of(mail)?;
        if let Some(mut connection) = self.kept() {
            match self.hand_over(&mut connection, &envelope, mail).await {
                // The server closed it while nobody used it: nothing of the message was told.
                Err((Step::Sender, error)) if error.kind() == ErrorKind::Transport => {}
                ended => return self.end(connection, ended).await,
            }
        }
        let mut connection = self.open().await?;
        let ended = self.hand_over(&mut connection, &envelope, mail).await;
        self.end(connection, ended).await
    }

    /// Connects, says who we are, and leaves: whether the settings work.
    ///
    /// # Errors
    /// As [`send`](Self::send), before any message.
    pub async fn verify(&self) -> Result<()> {
        let connection = self.open().await?;
        self.keep(connection);
        Ok(())
    }

    /// Keeps the connection or leaves it.
    async fn end(&self, mut connection: AsyncSmtpConnection, ended: Result<(), (Step, Error)>) -> Result<()> {
        match ended {
            Ok(()) => {
                self.keep(connection);
                Ok(())
            }
            Err((_, error)) => {
                // What it thinks of the message that was broken off is not asked.
                let _ = tokio::time::timeout(Duration::from_millis(100), connection.abort()).await;
                Err(error)
            }
        }
    }

    /// The dialogue of one message.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        mail: &Mail,
    ) -> Result<(), (Step, Error)> {
        let mut options = Vec::new();
        if !mail.bytes.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                let plain = Error::invalid("the server takes ASCII only, and the message is not").field("bytes");
                return Err((Step::Data, plain));
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = MailFrom::new(Some(envelope.from.clone()), options);
        self.step(Step::Sender, connection.command(from)).await?;
        for to in &envelope.to {
            self.step(Step::Recipient, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        }
        self.step(Step::Data, connection.command(Data)).await?;
        self.step(Step::Text, connection.message(&mail.bytes)).await
    }

    /// One step within its time.
    async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = std::result::Result<T, smtp::Error>>,
    ) -> Result<(), (Step, Error)> {
        match tokio::time::timeout(self.0.config.step, work).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err((step, error::of(step, error))),
            Err(_) => Err((step, error::broken(step, "the server does not answer in time"))),
        }
    }

    /// A new connection, encrypted and with our name told, as the settings say.
    async fn open(&self) -> Result<AsyncSmtpConnection> {
        let config = &self.0.config;
        let opening = async {
            let hello = ClientId::default();
            let mut connection = match self.0.tls.clone() {
                Some(tls) if config.security == Security::StartTls => starttls(config, tls, &hello).await?,
                at_once => {
                    let address = (config.host.as_str(), config.port);
                    let connecting =
                        AsyncSmtpConnection::connect_tokio1(address, Some(config.step), &hello, at_once, None);
                    connecting.await.map_err(|error| error::of(Step::Open, error))?
                }
            };
            if let Some(credentials) = &config.credentials {
                let (ways, told) = (credentials.mechanisms(), credentials.told());
                connection.auth(&ways, &told).await.map_err(|error| error::of(Step::Auth, error))?;
            }
            Ok(connection)
        };
        // A few steps at once: none of them has told anything of a message.
        match tokio::time::timeout(config.step.saturating_mul(2), opening).await {
            Ok(opened) => opened,
            Err(_) => Err(error::broken(Step::Open, "the server does not answer in time")),
        }
    }

    /// A connection that was used not long ago.
    fn kept(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(connection, since)| since.elapsed() < IDLE && !connection.has_broken());
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT && !connection.has_broken() {
            idle.push((connection, Instant::now()));
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// From whom and to whom, as the dialogue tells it.
struct Envelope {
    from: Address,
    to: Vec<Address>,
}

impl Envelope {
    fn of(mail: &Mail) -> Result<Self> {
        let address = |text: &String, field: &str| {
            let refused = || {
                Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, "not an e-mail address in ASCII")
                    .field(field)
            };
            let parsed: std::result::Result<Address, _> = text.parse();
            parsed.ok().filter(|_| text.is_ascii()).ok_or_else(refused)
        };
        if mail.to.is_empty() {
            return Err(Error::invalid("the message goes to nobody").field("to"));
        }
        let to = mail.to.iter().map(|to| address(to, "to")).collect::<Result<_>>()?;
        Ok(Self { from: address(&mail.from, "from")?, to })
    }
}

/// A connection that is encrypted before anything is told.
async fn starttls(config: &Checked, tls: TlsParameters, hello: &ClientId) -> Result<AsyncSmtpConnection> {
    let failed = |error| error::of(Step::Open, error);
    let connecting = Wire::connect(&config.host, config.port);
    let (wire, reins) =
        connecting.await.map_err(|error| error::broken(Step::Open, "nobody answers there").source(error))?;
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(wire), hello).await.map_err(failed)?;
    if !connection.can_starttls() {
        connection.abort().await;
        return Err(error::lacking("the server does not offer STARTTLS: nothing was told to it"));
    }
    connection.starttls(tls, hello).await.map_err(failed)?;
    reins.release();
    Ok(connection)
}

/// What the server must show to be believed.
fn tls(config: &Checked) -> Result<TlsParameters> {
    let refused = |error: smtp::Error| Error::config("the TLS of the mail server cannot be set up").source(error);
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(certificate) = &config.root_certificate {
        parameters = parameters.add_root_certificate(Certificate::from_pem(certificate).map_err(refused)?);
    }
    parameters.build_rustls().map_err(refused)
}

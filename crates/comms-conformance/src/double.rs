//! The simulator as the double behind a channel, and a line to it that can be cut.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use comms_http::{Error, Outcome, Request, ReqwestTransport, Response, Result, Transport};
use comms_simulator::{
    Config, FaultRule, Simulator,
    faults::{self, ProviderError},
};

use crate::channel::{Fault, Ledger, Sent, Wire};

/// Far less than the late answer takes, far more than one on the same machine.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longer than a client waits.
const LATE_MS: u64 = 3_000;

/// How the simulator and its provider name the sending of a message, and what goes wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Sending {
    /// The simulator's name of the endpoint.
    pub endpoint: &'static str,
    /// The provider's code of a message that must wait.
    pub throttled: i64,
    /// The provider's code of an error of its own.
    pub failed: i64,
}

/// A simulator, and the way to it.
pub struct Double {
    simulator: Simulator,
    refuse: Arc<AtomicBool>,
    sending: Sending,
}

impl Double {
    /// Starts a simulator.
    ///
    /// # Errors
    /// What the simulator says of its settings.
    pub fn start(config: Config, sending: Sending) -> Result<Self> {
        let simulator =
            Simulator::start(config).map_err(|error| Error::config("the simulator does not start").source(error))?;
        Ok(Self { simulator, refuse: Arc::default(), sending })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        self.simulator.url()
    }

    /// The transport of a client of it: impatient, and refused where the suite wants that.
    ///
    /// # Errors
    /// `Config` where TLS cannot be set up.
    pub fn line(&self) -> Result<Arc<dyn Transport>> {
        Ok(Arc::new(Line { inner: ReqwestTransport::ring()?, refuse: self.refuse.clone() }))
    }
}

#[async_trait]
impl Wire for Double {
    async fn ledger(&self) -> Ledger {
        let received = self.simulator.ledger().received();
        let sent = received.iter().filter(|request| request.processed).filter_map(|request| request.send.as_ref());
        Ledger {
            requests: received.len(),
            sent: sent
                .map(|send| Sent {
                    provider_id: send.id.clone().unwrap_or_default(),
                    our_id: send.callback_data.as_deref().and_then(|id| id.parse().ok()),
                })
                .collect(),
        }
    }

    async fn fail_next(&self, fault: Fault) {
        let rule = |fault| FaultRule::new(self.sending.endpoint, fault).times(1);
        let rule = match fault {
            Fault::Refused => return self.refuse.store(true, Ordering::SeqCst),
            Fault::Throttled { retry_after } => rule(faults::Fault::Error(ProviderError {
                code: self.sending.throttled,
                retry_after: Some(retry_after.as_secs()),
                ..ProviderError::default()
            })),
            Fault::CutBeforeActing => rule(faults::Fault::Cut),
            Fault::CutAfterActing => rule(faults::Fault::Cut).after(),
            Fault::ErrorAfterActing => rule(faults::Fault::error(self.sending.failed)).after(),
            Fault::HtmlAfterActing => rule(faults::Fault::Html { status: 502 }).after(),
            Fault::TruncatedAfterActing => rule(faults::Fault::TruncatedJson),
            Fault::SlowAfterActing => rule(faults::Fault::Delay { ms: LATE_MS }),
        };
        self.simulator.inject(rule);
    }
}

/// Leads the next request to a port where nobody listens, where it is told to.
#[derive(Debug)]
struct Line {
    inner: ReqwestTransport,
    refuse: Arc<AtomicBool>,
}

#[async_trait]
impl Transport for Line {
    async fn execute(&self, mut request: Request) -> Result<Response> {
        request.timeout = Some(PATIENCE);
        if self.refuse.swap(false, Ordering::SeqCst) {
            let port = free_port().map_err(|error| {
                Error::new(comms_http::ErrorKind::Transport, Outcome::Unknown, "no port is free").source(error)
            })?;
            request.url.set_port(Some(port)).map_err(|()| Error::invalid("the address has no port"))?;
        }
        self.inner.execute(request).await
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

//! The simulator behind a channel, as the suite of channels needs it.

use std::sync::Arc;

use async_trait::async_trait;
use comms_simulator::{
    FaultRule, Simulator,
    faults::{self, ProviderError},
};

use crate::{
    channel::{Fault, Ledger, Sent, Wire},
    line::Line,
};

/// Later than a [`Line`] waits, in milliseconds.
const LATE: u64 = 3_000;

/// A simulator, and what a provider calls things there.
///
/// ```
/// use comms_conformance::{line::Line, simulated::Simulated};
/// use comms_http::ReqwestTransport;
/// use comms_simulator::{Config, Simulator};
///
/// let simulator = Simulator::start(Config::default())?;
/// let line = Line::over(ReqwestTransport::ring()?);
/// let wire = Simulated::new(simulator, line, "meta.messages").throttles(130_429).fails(131_000);
/// # drop(wire);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Simulated {
    simulator: Simulator,
    line: Arc<Line>,
    endpoint: &'static str,
    throttled: i64,
    failed: i64,
    cut: faults::Fault,
    truncated: faults::Fault,
    sent: fn(&Simulator) -> Vec<Sent>,
}

impl Simulated {
    /// A simulator at the end of this line; messages are sent by this endpoint. Codes are HTTP's.
    #[must_use]
    pub fn new(simulator: Simulator, line: Arc<Line>, endpoint: &'static str) -> Self {
        let (cut, truncated) = (faults::Fault::Cut, faults::Fault::TruncatedJson);
        Self { simulator, line, endpoint, throttled: 429, failed: 500, cut, truncated, sent }
    }

    /// The provider's code for too many requests.
    #[must_use]
    pub fn throttles(mut self, code: i64) -> Self {
        self.throttled = code;
        self
    }

    /// The provider's code for a failure of its own.
    #[must_use]
    pub fn fails(mut self, code: i64) -> Self {
        self.failed = code;
        self
    }

    /// Another way for a connection to end.
    #[must_use]
    pub fn cut(mut self, fault: faults::Fault) -> Self {
        self.cut = fault;
        self
    }

    /// Another way for an answer to break off.
    #[must_use]
    pub fn truncated(mut self, fault: faults::Fault) -> Self {
        self.truncated = fault;
        self
    }

    /// Another place where what was sent is read than the ledger.
    #[must_use]
    pub fn sent(mut self, sent: fn(&Simulator) -> Vec<Sent>) -> Self {
        self.sent = sent;
        self
    }
}

fn sent(simulator: &Simulator) -> Vec<Sent> {
    let received = simulator.ledger().received();
    let sent = received.iter().filter(|request| request.processed).filter_map(|request| request.send.as_ref());
    sent.map(|send| Sent {
        provider_id: send.id.clone().unwrap_or_default(),
        our_id: send.callback_data.as_deref().and_then(|id| id.parse().ok()),
    })
    .collect()
}

#[async_trait]
impl Wire for Simulated {
    async fn ledger(&self) -> Ledger {
        Ledger { requests: self.simulator.ledger().received().len(), sent: (self.sent)(&self.simulator) }
    }

    async fn fail_next(&self, fault: Fault) {
        let rule = |fault: faults::Fault| FaultRule::new(self.endpoint, fault).times(1);
        let rule = match fault {
            Fault::Refused => return self.line.refuse_next(),
            Fault::Throttled { retry_after } => rule(faults::Fault::Error(ProviderError {
                code: self.throttled,
                retry_after: Some(retry_after.as_secs()),
                ..ProviderError::default()
            })),
            Fault::CutBeforeActing => rule(self.cut.clone()),
            Fault::CutAfterActing => rule(self.cut.clone()).after(),
            Fault::ErrorAfterActing => rule(faults::Fault::error(self.failed)).after(),
            Fault::HtmlAfterActing => rule(faults::Fault::Html { status: 502 }).after(),
            Fault::TruncatedAfterActing => rule(self.truncated.clone()).after(),
            Fault::SlowAfterActing => rule(faults::Fault::Delay { ms: LATE }),
        };
        self.simulator.inject(rule);
    }
}

//! Starts and stops the simulator.

use std::{io, net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use comms_http::{Clock, SystemClock};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Config, FaultRule, Ledger, core::Core, courier::Courier, double::Double, elevenlabs::Elevenlabs,
    faults::FaultState, google::Google, http, meta::Meta, sendgrid::Sendgrid, twilio::Twilio,
};

/// A running simulator. It stops when it is dropped.
///
/// It runs on threads of its own, so it can be started from any test or program:
///
/// ```
/// use comms_simulator::{Config, Simulator};
///
/// let simulator = Simulator::start(Config::default())?;
/// assert!(simulator.url().starts_with("http://127.0.0.1:"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Simulator {
    url: String,
    core: Arc<Core>,
    meta: Meta,
    twilio: Twilio,
    google: Google,
    sendgrid: Sendgrid,
    elevenlabs: Elevenlabs,
    server: ServerHandle,
    runtime: Option<Runtime>,
}

/// What the HTTP handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub core: Arc<Core>,
    pub meta: Meta,
    pub twilio: Twilio,
    pub google: Google,
    pub sendgrid: Sendgrid,
    pub elevenlabs: Elevenlabs,
}

impl Shared {
    /// The doubles, in the order in which they are asked whether a path is theirs.
    pub(crate) fn doubles(&self) -> [&dyn Double; 5] {
        [&self.twilio, &self.google, &self.sendgrid, &self.elevenlabs, &self.meta]
    }

    /// The double whose path this is.
    pub(crate) fn double(&self, path: &str) -> Option<&dyn Double> {
        self.doubles().into_iter().find(|double| double.owns(path))
    }

    pub(crate) fn reset(&self) {
        self.core.reset();
        for double in self.doubles() {
            double.reset();
        }
    }
}

impl Simulator {
    /// Starts a simulator with the clock of the machine; it listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken, or the machine refuses threads, sockets or its trust store.
    pub fn start(config: Config) -> io::Result<Self> {
        Self::start_with_clock(config, Arc::new(SystemClock))
    }

    /// Starts a simulator whose times and expiries follow `clock`. Waits for webhooks pass in real time.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with_clock(config: Config, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = TcpListener::bind((config.host, config.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("comms-simulator").enable_all().build()?;
        let ledger = Ledger::new(config.ledger_capacity);
        let courier =
            Courier::new(runtime.handle().clone(), Arc::clone(&clock), ledger.clone(), config.webhooks.concurrency)
                .map_err(io::Error::other)?;
        let core = Arc::new(Core::new(config, clock, ledger, courier, url.clone()));
        let meta = Meta::new(Arc::clone(&core));
        let twilio = Twilio::new(Arc::clone(&core));
        let google = Google::new(Arc::clone(&core));
        let sendgrid = Sendgrid::new(Arc::clone(&core));
        let elevenlabs = Elevenlabs::new(Arc::clone(&core));
        let shared = Shared {
            core: Arc::clone(&core),
            meta: meta.clone(),
            twilio: twilio.clone(),
            google: google.clone(),
            sendgrid: sendgrid.clone(),
            elevenlabs: elevenlabs.clone(),
        };
        let server = {
            let _guard = runtime.enter();
            http::serve(listener, shared)?
        };
        let handle = server.handle();
        runtime.spawn(server);
        Ok(Self { url, core, meta, twilio, google, sendgrid, elevenlabs, server: handle, runtime: Some(runtime) })
    }

    /// The base address, for instance `http://127.0.0.1:43121`: what a client takes for the provider's.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The double of Meta: WhatsApp numbers, customers, webhooks.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The double of Twilio: numbers, messages, calls, browsers, webhooks.
    #[must_use]
    pub fn twilio(&self) -> &Twilio {
        &self.twilio
    }

    /// The double of Google: consent, mailboxes, people who write, pushes.
    #[must_use]
    pub fn google(&self) -> &Google {
        &self.google
    }

    /// The double of SendGrid: mails, suppressions, templates, webhooks.
    #[must_use]
    pub fn sendgrid(&self) -> &Sendgrid {
        &self.sendgrid
    }

    /// The double of ElevenLabs: agents, calls, text sessions, webhooks.
    #[must_use]
    pub fn elevenlabs(&self) -> &Elevenlabs {
        &self.elevenlabs
    }

    /// What was received and sent.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.core.ledger.clone()
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Config {
        (*self.core.config()).clone()
    }

    /// Changes the configuration; what is marked as read at the start only does not move.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.core.change_config(change);
    }

    /// Adds a fault; the first rule that strikes a call wins.
    pub fn inject(&self, rule: FaultRule) {
        self.core.faults.add(rule);
    }

    /// The faults in force and how often each one struck.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultState> {
        self.core.faults.list()
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.core.faults.clear();
    }

    /// Back to the state of the start: configuration, uploads, templates, faults, ledger. Webhooks under way end.
    pub fn reset(&self) {
        let shared = Shared {
            core: Arc::clone(&self.core),
            meta: self.meta.clone(),
            twilio: self.twilio.clone(),
            google: self.google.clone(),
            sendgrid: self.sendgrid.clone(),
            elevenlabs: self.elevenlabs.clone(),
        };
        shared.reset();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let (server, runtime) = (self.server.clone(), self.runtime.take());
        let Some(runtime) = runtime else {
            return;
        };
        // On a thread of its own, as this may run inside of an async task, where waiting is forbidden.
        let stopping = std::thread::spawn(move || {
            runtime.block_on(server.stop(false));
            runtime.shutdown_background();
        });
        if stopping.join().is_err() {
            tracing::warn!("the simulator did not stop in order");
        }
    }
}

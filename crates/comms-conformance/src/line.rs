//! The line between a channel and a double of its provider.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use comms_http::{Body, Error, ErrorKind, Outcome, Request, Response, Result, Transport};

/// Far less than a late answer takes, far more than one on the same machine.
const PATIENCE: Duration = Duration::from_secs(1);
/// A double that is not optimised takes its time over so many bytes: what is longer is waited for longer.
const LONG: usize = 100_000;

/// An impatient transport, which can lead a request to a port where nobody listens: [`Fault::Refused`](crate::channel::Fault).
#[derive(Debug)]
pub struct Line {
    inner: Arc<dyn Transport>,
    refuse: AtomicBool,
}

impl Line {
    /// A line over this transport.
    #[must_use]
    pub fn over(inner: impl Transport) -> Arc<Self> {
        Arc::new(Self { inner: Arc::new(inner), refuse: AtomicBool::new(false) })
    }

    /// The next request finds nobody.
    pub fn refuse_next(&self) {
        self.refuse.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Line {
    async fn execute(&self, mut request: Request) -> Result<Response> {
        request.timeout = Some(patience(&request));
        if self.refuse.swap(false, Ordering::SeqCst) {
            let port = free_port()
                .map_err(|error| Error::new(ErrorKind::Transport, Outcome::Unknown, "no port is free").source(error))?;
            request.url.set_port(Some(port)).map_err(|()| Error::invalid("the address has no port"))?;
        }
        self.inner.execute(request).await
    }
}

fn patience(request: &Request) -> Duration {
    let length = match &request.body {
        Body::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    PATIENCE * u32::try_from(1 + length / LONG).unwrap_or(u32::MAX)
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

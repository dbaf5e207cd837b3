//! Makes a call: send, repeat what is safe, bound the answer, decode it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use serde::de::DeserializeOwned;

use crate::{Clock, Error, ErrorKind, Outcome, Request, Response, Result, RetryPolicy, Transport};

/// The longest answer that is read into memory, in bytes. Media is streamed and has limits of its own.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// The longest part of an error answer that is looked at, in bytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// What a request does at the provider: decides whether an unknown outcome may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads, or sets something to a value: repeating does no harm.
    Repeatable,
    /// Acts each time it is made (a message is sent, a call is placed): repeated only where the provider certainly did not act.
    Once,
}

/// The name of a call, for errors and traces, and its effect.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// For instance `messages.send`.
    pub name: &'static str,
    /// What it does at the provider.
    pub effect: Effect,
}

impl Operation {
    /// An operation that may be repeated freely.
    #[must_use]
    pub const fn repeatable(name: &'static str) -> Self {
        Self { name, effect: Effect::Repeatable }
    }

    /// An operation that acts each time.
    #[must_use]
    pub const fn once(name: &'static str) -> Self {
        Self { name, effect: Effect::Once }
    }
}

/// An answer that is not a success, as the provider's error table sees it.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The first 64 KiB of the body.
    pub body: &'a [u8],
}

impl Failure<'_> {
    /// `Retry-After` in whole seconds, where it is given that way.
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        value.trim().parse().ok().map(std::time::Duration::from_secs)
    }
}

/// Makes calls to one provider. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    provider: &'static str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    classify: fn(&Failure<'_>) -> Error,
}

impl Caller {
    /// Calls `provider` over `transport`; `classify` is the provider's error table.
    #[must_use]
    pub fn new(
        provider: &'static str,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        retry: RetryPolicy,
        classify: fn(&Failure<'_>) -> Error,
    ) -> Self {
        Self { provider, transport, clock, retry, classify }
    }

    /// The clock that was passed in.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Makes the call and decodes its JSON answer (at most 8 MiB).
    ///
    /// # Errors
    /// What the error table says; `Decode` for a success that cannot be read (`Unknown`: the provider did act).
    pub async fn json<T: DeserializeOwned>(&self, operation: Operation, request: Request) -> Result<T> {
        let bytes = self.bytes(operation, request).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            self.named(
                Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer is not what the provider documents")
                    .source(error),
                operation,
            )
        })
    }

    /// Makes the call and reads its whole answer (at most 8 MiB).
    ///
    /// # Errors
    /// What the error table says; `Transport` and `Unknown` where the answer breaks off or is too long.
    pub async fn bytes(&self, operation: Operation, request: Request) -> Result<Bytes> {
        self.answer(operation, request).await.map(|(_, bytes)| bytes)
    }

    /// The same with the status of the answer.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn answer(&self, operation: Operation, request: Request) -> Result<(StatusCode, Bytes)> {
        let mut waits = self.retry.waits();
        loop {
            let error = match self.attempt(operation, request.clone()).await {
                Ok(response) => {
                    let status = response.status;
                    match read(response, LONGEST_ANSWER).await {
                        Ok(bytes) => return Ok((status, bytes)),
                        Err(error) => self.named(error, operation),
                    }
                }
                Err(error) => error,
            };
            self.pause_or_fail(operation, error, &mut waits).await?;
        }
    }

    /// Makes the call and hands over the answer with its body unread, for downloads. Only its head is awaited and repeated.
    ///
    /// # Errors
    /// What the error table says.
    pub async fn stream(&self, operation: Operation, request: Request) -> Result<Response> {
        let mut waits = self.retry.waits();
        loop {
            match self.attempt(operation, request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) => self.pause_or_fail(operation, error, &mut waits).await?,
            }
        }
    }

    async fn attempt(&self, operation: Operation, request: Request) -> Result<Response> {
        let response = self.transport.execute(request).await.map_err(|error| self.named(error, operation))?;
        if response.status.is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status, response.headers.clone());
        // An error answer that breaks off is still classified, by what arrived of it.
        let body = read_some(response, LONGEST_ERROR).await;
        let failure = Failure { status, headers: &headers, body: &body };
        let mut error = (self.classify)(&failure).http_status(status.as_u16());
        if let (None, Some(wait)) = (error.wait(), failure.retry_after()) {
            error = error.retry_after(wait);
        }
        Err(self.named(error, operation))
    }

    /// Waits before the next attempt, or returns the error where there is to be none.
    async fn pause_or_fail(
        &self,
        operation: Operation,
        error: Error,
        waits: &mut (impl Iterator<Item = std::time::Duration> + Send),
    ) -> Result<()> {
        let safe = match error.outcome() {
            Outcome::NotSent => true,
            Outcome::Unknown => operation.effect == Effect::Repeatable && error.kind() != ErrorKind::Decode,
            Outcome::Rejected => false,
        };
        if !safe {
            return Err(error);
        }
        let asked = error.wait().unwrap_or_default();
        match waits.next() {
            Some(wait) if asked <= self.retry.longest_wait => {
                self.clock.sleep(wait.max(asked)).await;
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn named(&self, error: Error, operation: Operation) -> Error {
        error.provider(self.provider).operation(operation.name)
    }
}

async fn read(response: Response, limit: usize) -> Result<Bytes> {
    let mut body = response.body;
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() > limit {
            return Err(Error::new(
                ErrorKind::Decode,
                Outcome::Unknown,
                format!("the answer is longer than {limit} bytes"),
            ));
        }
    }
    Ok(bytes.freeze())
}

async fn read_some(response: Response, limit: usize) -> Bytes {
    let mut body = response.body;
    let mut bytes = BytesMut::new();
    while let Some(Ok(piece)) = body.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() >= limit {
            bytes.truncate(limit);
            break;
        }
    }
    bytes.freeze()
}

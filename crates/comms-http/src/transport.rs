//! The seam between a client and the network: one method.

use std::{fmt, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::HeaderName};
use serde::Serialize;
use url::Url;

use crate::{Error, Multipart, Result};

/// A body that arrives in pieces.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// Carries one request to a provider and brings the answer's head back.
///
/// An implementation never retries and never follows a redirect to another host: both would act behind the back
/// of the caller. Its errors say by [`Outcome`](crate::Outcome) whether a byte may have been acted on.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns as soon as the head of the answer is there.
    ///
    /// # Errors
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport): `NotSent` where no connection was made,
    /// `Unknown` where the request may have been written.
    async fn execute(&self, request: Request) -> Result<Response>;
}

/// A request to a provider. Cheap to clone: the body is shared.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// The headers, credentials included: `Debug` does not print them.
    pub headers: HeaderMap,
    /// What is sent: nothing, bytes, or a stream that is read once.
    pub body: Body,
    /// How long the whole exchange may take; the transport's own limit where absent.
    pub timeout: Option<Duration>,
}

/// The body of a [`Request`].
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// A form with files.
    Multipart(Multipart),
}

impl Request {
    /// A request without body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Body::Empty, timeout: None }
    }

    /// Adds a header. The value is marked sensitive, as most of those set here are credentials.
    ///
    /// # Errors
    /// `InvalidRequest` where the value holds a line break or another byte that no header may hold.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::invalid(format!("header {name} holds a forbidden character")))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Appends one query parameter, encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Appends a query parameter where there is a value.
    #[must_use]
    pub fn query_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a JSON body and its content type.
    ///
    /// # Errors
    /// `InvalidRequest` where the value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Error::invalid("the body cannot be written as JSON").source(error))?;
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Body::Bytes(bytes.into());
        Ok(self)
    }

    /// Sets a multipart body; the transport sets the content type with its boundary.
    #[must_use]
    pub fn multipart(mut self, form: Multipart) -> Self {
        self.body = Body::Multipart(form);
        self
    }

    /// Sets a body of these bytes with this content type.
    ///
    /// # Errors
    /// `InvalidRequest` where the content type holds a forbidden character.
    pub fn bytes(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Result<Self> {
        let value = HeaderValue::from_str(content_type)
            .map_err(|_| Error::invalid("the content type holds a forbidden character"))?;
        self.headers.insert(http::header::CONTENT_TYPE, value);
        self.body = Body::Bytes(bytes.into());
        Ok(self)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No headers, no query, no body: each of them may hold a credential or a person's words.
        write!(f, "{} {}{}", self.method, self.url.host_str().unwrap_or_default(), self.url.path())
    }
}

/// The head of an answer, and its body as it arrives.
pub struct Response {
    /// HTTP's status, whatever it is: a transport makes no error of a 4xx or 5xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Its bytes as they arrive; whoever reads them bounds them.
    pub body: ByteStream,
}

impl Response {
    /// An answer whose body is here already, for transports in tests.
    #[must_use]
    pub fn full(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { status, headers, body: Box::pin(futures_util::stream::once(async move { Ok(body) })) }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

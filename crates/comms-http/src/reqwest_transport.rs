//! [`Transport`] over a `reqwest::Client`.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;

use crate::{Body, Error, ErrorKind, Multipart, Outcome, Request, Response, Result, Transport};

/// How long a whole exchange may take where the request does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The transport over reqwest. Cheap to clone: the connection pool is shared.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Uses a client of yours: its TLS, proxy, roots and pool. Build it with `redirect(Policy::none())`, so that a
    /// credential never follows a redirect to another host.
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self(client)
    }

    /// A ready client: rustls with ring and the platform's trust store, no redirects, 10 s to connect.
    ///
    /// Where the process has chosen no rustls provider yet, ring becomes it.
    ///
    /// # Errors
    /// `Config` where the platform's trust store cannot be read.
    #[cfg(feature = "rustls-ring")]
    pub fn ring() -> Result<Self> {
        Self::ring_builder()
            .build()
            .map(Self)
            .map_err(|error| Error::config("the HTTP client cannot be built").source(error))
    }

    /// What [`ring`](Self::ring) is built from.
    #[cfg(feature = "rustls-ring")]
    pub(crate) fn ring_builder() -> reqwest::ClientBuilder {
        // An error means that the process has chosen already, and that choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .user_agent(concat!("comms-toolkit/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn execute(&self, request: Request) -> Result<Response> {
        let mut builder = self
            .0
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(request.timeout.unwrap_or(TIMEOUT));
        builder = match request.body {
            Body::Empty => builder,
            Body::Bytes(bytes) => builder.body(bytes),
            Body::Multipart(form) => builder.multipart(encode(form)?),
        };
        let response = builder.send().await.map_err(transport_error)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes_stream().map(|piece| piece.map_err(transport_error));
        Ok(Response { status, headers, body: Box::pin(body) })
    }
}

fn encode(form: Multipart) -> Result<reqwest::multipart::Form> {
    let mut encoded = reqwest::multipart::Form::new();
    for part in form.parts {
        let length = part.data.len() as u64;
        let mut piece = reqwest::multipart::Part::stream_with_length(part.data, length);
        if let Some(filename) = part.filename {
            piece = piece.file_name(filename);
        }
        if let Some(content_type) = part.content_type {
            piece = piece
                .mime_str(&content_type)
                .map_err(|error| Error::invalid(format!("{content_type:?} is not a media type")).source(error))?;
        }
        encoded = encoded.part(part.name, piece);
    }
    Ok(encoded)
}

fn transport_error(error: reqwest::Error) -> Error {
    // The address may hold a credential (`input_token`, `client_secret`): it stays out of the chain.
    let error = error.without_url();
    let (outcome, message) = if error.is_builder() {
        (Outcome::Rejected, "the request cannot be written")
    } else if error.is_connect() {
        (Outcome::NotSent, "no connection to the provider")
    } else if error.is_timeout() {
        (Outcome::Unknown, "no answer in time")
    } else {
        (Outcome::Unknown, "the connection broke before the answer was complete")
    };
    Error::new(ErrorKind::Transport, outcome, message).source(error)
}

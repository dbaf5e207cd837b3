//! A request that a provider makes to us, as it was signed.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};

/// A webhook as it arrived: nothing parsed, nothing rewritten, so that its signature can be checked.
#[derive(Clone)]
pub struct WebhookRequest {
    /// The method.
    pub method: Method,
    /// The address *as the provider called it*: the public base URL with the raw path and query. Never made from the
    /// `Host` header, which anyone can set.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl WebhookRequest {
    /// A POST of `body` to `url`, for tests and replays; add headers with [`header`](Self::header).
    #[must_use]
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, url: url.into(), headers: HeaderMap::new(), body: body.into() }
    }

    /// The same request with a header; one with a forbidden character is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The value of a header, where it is there once and is text.
    #[must_use]
    pub fn header_str(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The raw query, without the question mark; empty where there is none.
    #[must_use]
    pub fn raw_query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.raw_query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for WebhookRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRequest")
            .field("method", &self.method)
            .field("path", &self.url.split('?').next())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

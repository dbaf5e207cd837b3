//! One request to an endpoint.

use std::{error::Error as StdError, time::Duration};

use comms_core::history::HookEndpoint;
use comms_http::{
    Error, Outcome, Request, Response,
    standard_webhooks::{self, SigningKey},
};
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode, header::RETRY_AFTER};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::Hooks;
use crate::{Engine, VaultError};

/// How much of an answer is kept for the operator, in bytes.
const KEPT: usize = 1_024;
/// How much longer than an attempt may take its task waits for the transport to say so.
const GRACE: Duration = Duration::from_secs(2);

/// How a request ended.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub status: Option<StatusCode>,
    /// Why it failed; nothing where it was taken.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub response: Option<String>,
    pub retry_after: Option<Duration>,
}

impl Attempt {
    pub(super) fn is_taken(&self) -> bool {
        self.error.is_none()
    }

    fn failed(why: impl Into<String>) -> Self {
        Self { error: Some(why.into()), ..Self::default() }
    }
}

/// What a sealed key of an endpoint belongs to.
pub(crate) fn context(hook: &HookEndpoint) -> String {
    format!("webhook endpoint {}", hook.id)
}

impl Engine {
    /// The keys that sign now, the newest first.
    pub(super) fn hook_keys(&self, hooks: &Hooks, hook: &HookEndpoint) -> Result<Vec<SigningKey>, String> {
        let vault = hooks.vault.as_ref().ok_or("no encryption key is set")?;
        let previous = hook.previous.as_ref().filter(|(_, until)| self.now() < *until).map(|(secret, _)| secret);
        let open = |sealed: &String| {
            let text = vault.open(&context(hook), sealed).map_err(|error: VaultError| error.to_string())?;
            SigningKey::parse(&text).map_err(|error| error.to_string())
        };
        let newest = open(&hook.secret).map_err(|error| format!("the signing key cannot be read: {error}"))?;
        // One that has nearly run out holds nothing up.
        Ok([newest].into_iter().chain(previous.and_then(|sealed| open(sealed).ok())).collect())
    }

    /// Makes one request.
    pub(super) async fn post_hook(
        &self,
        hooks: &Hooks,
        hook: &HookEndpoint,
        keys: &[SigningKey],
        id: &str,
        body: Vec<u8>,
    ) -> Attempt {
        let now = self.now();
        let request = match request(hook, keys, id, body, now) {
            Ok(request) => Request { timeout: Some(self.settings().hooks.timeout), ..request },
            Err(error) => return Attempt::failed(error.message()),
        };
        let exchange = async {
            match hooks.transport.execute(request).await {
                Ok(response) => read(response, now).await,
                Err(error) => Attempt::failed(said(&error)),
            }
        };
        let longest = self.settings().hooks.timeout + GRACE;
        tokio::time::timeout(longest, exchange).await.unwrap_or_else(|_| Attempt::failed("no answer in time"))
    }
}

fn request(
    hook: &HookEndpoint,
    keys: &[SigningKey],
    id: &str,
    body: Vec<u8>,
    now: OffsetDateTime,
) -> Result<Request, Error> {
    let url = hook.url.parse().map_err(|_| Error::invalid("the address cannot be read"))?;
    let timestamp = now.unix_timestamp();
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, timestamp, &body)).collect();
    Request::new(Method::POST, url)
        .header(standard_webhooks::ID, id)?
        .header(standard_webhooks::TIMESTAMP, &timestamp.to_string())?
        .header(standard_webhooks::SIGNATURE, &signatures.join(" "))?
        .bytes("application/json", body)
}

async fn read(response: Response, now: OffsetDateTime) -> Attempt {
    let (status, retry_after) = (response.status, retry_after(&response.headers, now));
    let mut kept = Vec::new();
    let mut body = response.body;
    // What comes after the first bytes is not waited for.
    while kept.len() < KEPT {
        match body.next().await {
            Some(Ok(piece)) => kept.extend_from_slice(&piece[..piece.len().min(KEPT - kept.len())]),
            _ => break,
        }
    }
    Attempt {
        status: Some(status),
        error: (!status.is_success()).then(|| format!("HTTP {}", status.as_u16())),
        response: (!kept.is_empty()).then(|| String::from_utf8_lossy(&kept).into_owned()),
        retry_after,
    }
}

/// The wait that an answer asks for: in seconds, or as a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Duration::try_from(at - now).ok()
}

/// Why there was no answer, with the innermost cause: that is what an operator can mend.
fn said(error: &Error) -> String {
    let what = match (error.field_name(), error.outcome()) {
        (Some("url"), _) => return error.message().to_owned(),
        (_, Outcome::NotSent) => "no connection",
        _ => "no whole answer",
    };
    let mut cause = StdError::source(error);
    while let Some(inner) = cause.and_then(StdError::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let asked = |value: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]), now)
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:51:37 GMT"), Some(Duration::from_secs(120)));
        for unreadable in ["soon", "-1", "Sun, 06 Nov 1994 08:48:37 GMT"] {
            assert_eq!(asked(unreadable), None, "{unreadable}");
        }
    }
}

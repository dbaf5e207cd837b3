//! Downloads: Twilio answers with the address of a file elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use comms_http::{Error, ErrorKind, Outcome, Request, Response, Result, Transport};
use http::{Method, StatusCode, header::LOCATION};
use url::Url;

use crate::limits;

/// Follows one redirect, without credentials, to where Twilio keeps files.
#[derive(Debug)]
pub(crate) struct FollowOnce {
    inner: Arc<dyn Transport>,
    base: Url,
}

impl FollowOnce {
    pub(crate) fn new(inner: Arc<dyn Transport>, base: Url) -> Self {
        Self { inner, base }
    }

    /// The address that an answer sends to, if it does.
    fn target(&self, from: &Url, response: &Response) -> Result<Option<Url>> {
        let redirects = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::SEE_OTHER,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        if !redirects.contains(&response.status) {
            return Ok(None);
        }
        let location = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| from.join(location).ok());
        match target {
            Some(target) if self.allows(&target) => Ok(Some(target)),
            Some(target) => {
                Err(bad(&format!("the file is at {}, which is not a host of Twilio's files", host(&target))))
            }
            None => Err(bad("a redirect without an address")),
        }
    }

    fn allows(&self, target: &Url) -> bool {
        if !target.username().is_empty() || target.password().is_some() {
            return false;
        }
        if target.origin() == self.base.origin() {
            return true;
        }
        let host = host(target);
        let [api, files, bucket] = limits::MEDIA_HOSTS;
        let below = |parent: &str| host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        target.scheme() == "https"
            && target.port().is_none()
            && (below(api) || below(files) || host == bucket || host == format!("media.{files}.{bucket}"))
    }
}

#[async_trait]
impl Transport for FollowOnce {
    async fn execute(&self, request: Request) -> Result<Response> {
        let (from, timeout) = (request.url.clone(), request.timeout);
        let response = self.inner.execute(request).await?;
        let Some(target) = self.target(&from, &response)? else {
            return Ok(response);
        };
        // A new request: nothing of the first one goes along, its credentials least of all.
        let mut request = Request::new(Method::GET, target);
        request.timeout = timeout;
        self.inner.execute(request).await
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn bad(message: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Rejected, message)
}

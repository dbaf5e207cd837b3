//! The OAuth crate's requests and answers, over our transport.

use bytes::Bytes;
use comms_http::{Body, Caller, Error, ErrorKind, Operation, Outcome, Request, Result};
use http::header::{ACCEPT, CONTENT_TYPE};
use oauth2::{ExtraTokenFields, HttpRequest, HttpResponse, StandardTokenResponse, basic::BasicTokenType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// What Google answers beside the fields of the standard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct GoogleFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    /// Seconds until the grant itself ends: apps in testing, access for a limited time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_expires_in: Option<i64>,
}

impl ExtraTokenFields for GoogleFields {}

pub(crate) type TokenAnswer = StandardTokenResponse<GoogleFields, BasicTokenType>;

/// Makes the call that the OAuth crate has composed.
pub(crate) async fn post(caller: &Caller, operation: Operation, request: HttpRequest) -> Result<HttpResponse> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string()).map_err(|_| Error::config("the token endpoint is not an address"))?;
    let mut ours = Request::new(head.method, url);
    for name in [ACCEPT, CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            ours.headers.insert(name, value.clone());
        }
    }
    ours.body = Body::Bytes(body.into());
    let (status, bytes) = caller.answer(operation, ours).await?;
    let mut response = http::Response::new(normalized(&bytes)?);
    *response.status_mut() = status;
    Ok(response)
}

/// The answer to a request that we composed.
#[cfg(feature = "jwt")]
pub(crate) fn read(body: &Bytes) -> Result<TokenAnswer> {
    serde_json::from_slice(&normalized(body)?)
        .map_err(|_| Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer is not what the provider documents"))
}

/// The OAuth crate takes seconds as numbers only; Google has written them as text.
fn normalized(body: &Bytes) -> Result<Vec<u8>> {
    // The reason is not kept: it might quote a token.
    let unreadable =
        || Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer is not what the provider documents");
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    for name in ["expires_in", "refresh_token_expires_in"] {
        if let Some(value) = answer.get_mut(name)
            && let Some(seconds) = value.as_str().and_then(|text| text.trim().parse::<i64>().ok())
        {
            *value = seconds.into();
        }
    }
    serde_json::to_vec(&answer).map_err(|_| unreadable())
}

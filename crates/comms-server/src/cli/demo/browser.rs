//! The seller's browser: calls the server over HTTP as any client does.

use anyhow::{Context, ensure};
use comms_http::{Request, ReqwestTransport, Transport};
use futures_util::TryStreamExt;
use http::{
    Method, StatusCode,
    header::{AUTHORIZATION, LOCATION},
};
use serde_json::Value;
use url::Url;

/// A client with a user's token.
#[derive(Debug)]
pub(super) struct Browser {
    transport: ReqwestTransport,
    base: Url,
    authorization: String,
}

impl Browser {
    pub(super) fn new(base_url: &str, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            transport: ReqwestTransport::ring()?,
            base: base_url.parse()?,
            authorization: format!("Bearer {token}"),
        })
    }

    /// Gets the `data` of an answer.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = Request::new(Method::GET, self.base.join(path)?);
        self.call(request).await
    }

    /// Posts a body and gets the `data` of the answer; the whole answer where it has none, as those of S2's routes.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = Request::new(Method::POST, self.base.join(path)?).json(body)?;
        self.call(request).await
    }

    /// Posts a body that is refused, and gets the code of the refusal.
    pub(super) async fn refused(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let request = Request::new(Method::POST, self.base.join(path)?).json(body)?;
        let what = format!("{request:?}");
        let (status, body) = self.exchange(request).await?;
        let code = body["code"].as_str().filter(|_| status.is_client_error());
        Ok(code.with_context(|| format!("{what}: not refused: {status} {body}"))?.to_owned())
    }

    /// Opens an address as a page, without the user's token, and returns where that leads.
    pub(super) async fn visit(&self, address: &str) -> anyhow::Result<String> {
        let response = self.transport.execute(Request::new(Method::GET, address.parse()?)).await?;
        let location = response.headers.get(LOCATION).filter(|_| response.status.is_redirection());
        Ok(location.with_context(|| format!("{address} leads nowhere: {}", response.status))?.to_str()?.to_owned())
    }

    async fn call(&self, request: Request) -> anyhow::Result<Value> {
        let what = format!("{request:?}");
        let (status, body) = self.exchange(request).await?;
        ensure!(status.is_success() && body["success"] == true, "{what}: {status} {body}");
        Ok(body.get("data").cloned().unwrap_or(body))
    }

    async fn exchange(&self, request: Request) -> anyhow::Result<(StatusCode, Value)> {
        let what = format!("{request:?}");
        let request = request.header(AUTHORIZATION, &self.authorization)?;
        let response = self.transport.execute(request).await?;
        let status = response.status;
        let pieces: Vec<_> = response.body.try_collect().await?;
        let body =
            serde_json::from_slice(&pieces.concat()).with_context(|| format!("{what}: the answer is not JSON"))?;
        Ok((status, body))
    }
}

//! Inspecting and exchanging tokens, with the app's own credentials.

use std::{fmt, sync::Arc};

use comms_http::{Clock, ExposeSecret, Operation, Result, Secret};
use http::Method;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::{
    auth::{self, Scheme},
    client::Graph,
    model::Extra,
};

/// Inspecting and exchanging tokens: [`Client::tokens`](crate::Client::tokens). It uses the app's credentials, not the token.
#[derive(Clone, Debug)]
pub struct Tokens {
    graph: Graph,
    app_id: String,
    app_secret: Secret,
}

const INSPECT: Operation = Operation::repeatable("tokens.inspect");
const EXCHANGE: Operation = Operation::repeatable("tokens.exchange");

/// What Meta knows of a token.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Whether it works now.
    #[serde(default)]
    pub is_valid: bool,
    /// `USER`, `SYSTEM_USER`, `PAGE`, `APP`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The app that it was made for.
    #[serde(default)]
    pub app_id: Option<String>,
    /// Its end in seconds since 1970; 0 = never.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// Its beginning in seconds since 1970.
    #[serde(default)]
    pub issued_at: Option<i64>,
    /// Until when it reaches a person's data, in seconds since 1970; 0 = always.
    #[serde(default)]
    pub data_access_expires_at: Option<i64>,
    /// What it may do. Messages need `whatsapp_business_messaging`, templates and numbers `whatsapp_business_management`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The rest, also why it does not work.
    #[serde(flatten)]
    pub extra: Extra,
}

impl TokenInfo {
    /// Its end; `None` = never.
    #[must_use]
    pub fn ends(&self) -> Option<OffsetDateTime> {
        instant(self.expires_at)
    }

    /// Its beginning, where it is known.
    #[must_use]
    pub fn issued(&self) -> Option<OffsetDateTime> {
        instant(self.issued_at)
    }

    /// Whether it may do this.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

fn instant(seconds: Option<i64>) -> Option<OffsetDateTime> {
    let seconds = seconds.filter(|seconds| *seconds > 0)?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// What a token was exchanged for, and how long it lasts.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct NewToken {
    /// The token.
    pub access_token: Secret,
    /// How long it works, in seconds; absent = for ever.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Inspected {
    data: TokenInfo,
}

impl Tokens {
    pub(crate) fn new(graph: Graph, app_id: String, app_secret: Secret) -> Self {
        Self { graph, app_id, app_secret }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.graph.caller.clock()
    }

    /// The token of the app itself: its id and secret.
    ///
    /// *See [Graph API docs/App access tokens](https://developers.facebook.com/docs/facebook-login/guides/access-tokens)*
    #[must_use]
    pub fn app_token(&self) -> Secret {
        format!("{}|{}", self.app_id, self.app_secret.expose_secret()).into()
    }

    /// Asks what Meta knows of a token: whether it works, until when, and what it may do.
    ///
    /// # Errors
    /// `Unauthenticated` where the app's own credentials are wrong. A token that does not work is an answer, not an error.
    ///
    /// *See [Graph API docs/Debug token](https://developers.facebook.com/docs/graph-api/reference/debug_token)*
    pub async fn inspect(&self, token: &Secret) -> Result<TokenInfo> {
        let mut request =
            self.graph.request(Method::GET, "debug_token", &[])?.query("input_token", token.expose_secret());
        auth::put(Scheme::Bearer, &self.app_token(), &mut request)?;
        let inspected: Inspected = self.graph.caller.json(INSPECT, request).await?;
        Ok(inspected.data)
    }

    /// Exchanges a token that still works for one of 60 days. The old one goes on working until its own end.
    ///
    /// `system_user` is for the token of a system user that was made to expire.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that has expired: only a person can make a new one.
    ///
    /// *See [Graph API docs/Long-lived tokens](https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived)*
    pub async fn exchange(&self, token: &Secret, system_user: bool) -> Result<NewToken> {
        let request = self
            .graph
            .request(Method::GET, "oauth", &["access_token"])?
            .query("grant_type", "fb_exchange_token")
            .query("client_id", &self.app_id)
            .query("client_secret", self.app_secret.expose_secret())
            .query("fb_exchange_token", token.expose_secret())
            .query_opt("set_token_expires_in_60_days", system_user.then_some("true"));
        self.graph.caller.json(EXCHANGE, request).await
    }
}

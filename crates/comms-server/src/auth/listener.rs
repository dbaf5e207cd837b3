//! The extractor of the event streams.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use comms_core::history::Scope;
use futures_util::future::LocalBoxFuture;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::extractors::{caller, extract, organization, service};
use crate::{
    auth::{Claimed, bearer},
    errors::ApiError,
};

/// Who may listen to events: a user of either role by token or by a ticket in the query, or another back end by its
/// `X-Service-Token`.
#[derive(Clone, Debug)]
pub struct Listener {
    /// What they may see.
    pub scope: Scope,
    /// Whose streams are counted together.
    pub key: String,
    /// When their permission ends; a service token has no end.
    pub until: Option<OffsetDateTime>,
}

impl FromRequest for Listener {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        let ticket = query.into_iter().find(|(name, _)| name == "ticket").map(|(_, value)| value.into_owned());
        let token = bearer(request.headers()).map(str::to_owned);
        extract(request, |app, claimed| async move {
            match (claimed, ticket) {
                (Claimed::Nobody, Some(ticket)) => {
                    let bearer = app.tickets.verify(&ticket)?;
                    let organization = organization(&app, Some(bearer.organization)).await?;
                    let key = format!("{organization}/{}", bearer.user);
                    let scope = Scope { organization, seller: bearer.seller.then_some(bearer.user) };
                    Ok(Self { scope, key, until: Some(bearer.until) })
                }
                (claimed @ Claimed::Service(_), _) => {
                    let organization = service(&app, claimed).await?;
                    let key = format!("{organization} (servicio)");
                    Ok(Self { scope: Scope { organization, seller: None }, key, until: None })
                }
                (claimed, _) => {
                    let caller = caller(&app, claimed).await?;
                    let key = format!("{}/{}", caller.organization, caller.user);
                    let until = token.and_then(|token| app.tokens.valid_until(&token));
                    Ok(Self { scope: caller.scope(), key, until })
                }
            }
        })
    }
}

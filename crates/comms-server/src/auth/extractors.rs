//! Extractors: a handler that takes one can be reached by those callers only.

use std::future::Future;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use comms_core::{ExposeSecret, OrganizationId, UserId, history::Scope, signature};
use futures_util::future::LocalBoxFuture;

use crate::{
    app::State,
    auth::{Claimed, Identity, Role, token_hash},
    errors::{ApiError, Code},
};

/// A user within an organisation.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// In which organisation.
    pub organization: OrganizationId,
}

impl Caller {
    /// What they may see: a seller their own, an administrator the organisation.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            organization: self.organization.clone(),
            seller: (self.role == Role::Seller).then(|| self.user.clone()),
        }
    }
}

/// A user of either role.
#[derive(Clone, Debug)]
pub struct Seller(pub Caller);

/// An administrator of an organisation.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);

/// Whoever runs all organisations: the operator's role, or the administrator while there is one organisation only.
#[derive(Clone, Debug)]
pub struct Operator(pub UserId);

/// A user of either role, or another back end by its `X-Service-Token`: may look, within this scope.
#[derive(Clone, Debug)]
pub struct Reader(pub Scope);

/// A user of either role, or another back end by its `X-Service-Token`: may look; whose unread messages are counted.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What they may see.
    pub scope: Scope,
    /// Who; absent for another back end.
    pub user: Option<UserId>,
}

/// A user of either role, or another back end by its `X-Service-Token`: may send. The other back end sends for the owner of the
/// account.
#[derive(Clone, Debug)]
pub struct Sender {
    /// What they may see and write about.
    pub scope: Scope,
    /// Who; absent for another back end.
    pub user: Option<UserId>,
}

/// Another back end of this organisation, by its `X-Service-Token`; no user.
#[derive(Clone, Debug)]
pub struct Service(pub OrganizationId);

/// A caller first, then the body: who may not call is not told what is wrong with it.
#[derive(Clone, Debug)]
pub struct Permitted<C, B>(pub C, pub B);

impl<C, B> FromRequest for Permitted<C, B>
where
    C: FromRequest<Error = ApiError> + 'static,
    B: FromRequest + 'static,
{
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = C::from_request(&request, &mut Payload::None).await?;
            let body = B::from_request(&request, &mut payload).await;
            Ok(Self(caller, body.map_err(Into::into)?))
        })
    }
}

impl FromRequest for Seller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move { caller(&app, claimed).await.map(Self) })
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move {
            match caller(&app, claimed).await? {
                Caller { role: Role::Seller, .. } => Err(ApiError::new(Code::Forbidden)),
                caller => Ok(Self(caller)),
            }
        })
    }
}

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move {
            let identity = user(claimed)?;
            let allowed = match identity.role {
                Role::Operator => true,
                Role::Admin => app.repository.organizations().await?.len() < 2,
                Role::Seller => false,
            };
            if allowed { Ok(Self(identity.user)) } else { Err(ApiError::new(Code::Forbidden)) }
        })
    }
}

impl FromRequest for Reader {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move {
            if let Claimed::Service(_) = claimed {
                let organization = service(&app, claimed).await?;
                return Ok(Self(Scope { organization, seller: None }));
            }
            Ok(Self(caller(&app, claimed).await?.scope()))
        })
    }
}

impl FromRequest for Reading {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Sender::from_request(request, payload);
        Box::pin(async move { caller.await.map(|Sender { scope, user }| Self { scope, user }) })
    }
}

impl FromRequest for Sender {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move {
            if let Claimed::Service(_) = claimed {
                let organization = service(&app, claimed).await?;
                return Ok(Self { scope: Scope { organization, seller: None }, user: None });
            }
            let caller = caller(&app, claimed).await?;
            Ok(Self { scope: caller.scope(), user: Some(caller.user) })
        })
    }
}

impl FromRequest for Service {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |app, claimed| async move {
            match claimed {
                Claimed::Service(_) => Ok(Self(service(&app, claimed).await?)),
                Claimed::Refused(error) => Err(error),
                Claimed::User(_) | Claimed::Nobody => Err(ApiError::new(Code::Unauthenticated)),
            }
        })
    }
}

pub(super) fn extract<T, F, Fut>(request: &HttpRequest, read: F) -> LocalBoxFuture<'static, Result<T, ApiError>>
where
    F: FnOnce(web::Data<State>, Claimed) -> Fut + 'static,
    Fut: Future<Output = Result<T, ApiError>> + 'static,
{
    let app = request.app_data::<web::Data<State>>().cloned();
    let claimed = Claimed::of(request);
    Box::pin(async move {
        let app = app.ok_or(ApiError::new(Code::Engine(comms_engine::Code::Internal)))?;
        read(app, claimed).await
    })
}

fn user(claimed: Claimed) -> Result<Identity, ApiError> {
    match claimed {
        Claimed::User(identity) => Ok(identity),
        other => Err(other.refusal()),
    }
}

/// The organisation that was named, else the only one.
///
/// # Errors
/// 403 for one that does not exist, or where none is named and there are several.
pub async fn organization(app: &State, named: Option<OrganizationId>) -> Result<OrganizationId, ApiError> {
    let mut organizations = app.repository.organizations().await?;
    match named {
        Some(named) if organizations.iter().any(|one| one.id == named) => Ok(named),
        Some(_) => Err(ApiError::new(Code::OrganizationUnknown)),
        None => match (organizations.pop(), organizations.is_empty()) {
            (Some(only), true) => Ok(only.id),
            _ => Err(ApiError::new(Code::OrganizationRequired)),
        },
    }
}

pub(super) async fn caller(app: &State, claimed: Claimed) -> Result<Caller, ApiError> {
    let identity = user(claimed)?;
    let organization = organization(app, identity.organization).await?;
    Ok(Caller { user: identity.user, role: identity.role, organization })
}

/// The organisation of a service token. Only hashes are compared, so a comparison tells nothing of the token.
pub(super) async fn service(app: &State, claimed: Claimed) -> Result<OrganizationId, ApiError> {
    let Claimed::Service(sha256) = claimed else {
        return Err(claimed.refusal());
    };
    if let Some(configured) = &app.settings.auth.microservice_token {
        let configured = token_hash(configured.expose_secret());
        if signature::constant_time_eq(&configured, &sha256) {
            return Ok(app.settings.organization.id.clone());
        }
    }
    let token = app.repository.service_token(&sha256).await?;
    token.map(|token| token.organization).ok_or_else(|| ApiError::new(Code::Unauthenticated))
}

//! How often one may call, and who is calling.

use std::{net::IpAddr, time::Duration};

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderMap,
    middleware::Next,
    web,
};
use comms_core::AccountId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use ipnet::IpNet;

use crate::{
    app::State,
    auth::{Claimed, identify},
    config::HttpSettings,
    errors::{ApiError, Code},
};

/// The longest body of a webhook: Meta's limit of 3 MB, and some slack.
pub const WEBHOOK_BODY: usize = 3 * 1024 * 1024 + 64 * 1024;

/// The longest form of a Twilio webhook. Its texts end at 1,600 characters and its answers at 64 kB; a form of 200 kB is still
/// taken in whole.
pub const TWILIO_BODY: usize = 256 * 1024;

/// The longest mail that comes, with what SendGrid tells of it: 30 MB, and some slack.
pub const MAIL_BODY: usize = 32 * 1024 * 1024;

/// The longest body of any other request.
pub const JSON_BODY: usize = 256 * 1024;

/// From how many callers on those are forgotten whose quota is full again.
const MANY_CALLERS: usize = 10_000;

/// Whose quota a request is counted against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    User(String),
    Service(String),
    Address(IpAddr),
}

/// The rate limits of one server.
#[derive(Debug)]
pub struct Limits {
    callers: DefaultKeyedRateLimiter<Key>,
    webhooks: DefaultKeyedRateLimiter<String>,
    proxies: Vec<IpNet>,
}

impl Limits {
    /// The limits of these settings.
    #[must_use]
    pub fn new(settings: &HttpSettings) -> Self {
        Self {
            callers: RateLimiter::keyed(Quota::per_minute(settings.rate_limit_per_minute)),
            webhooks: RateLimiter::keyed(Quota::per_minute(settings.webhook_limit_per_minute)),
            proxies: settings.proxies(),
        }
    }

    /// Counts a webhook that is proved: of this provider, and there of the account whose key proves it.
    ///
    /// # Errors
    /// 429 beyond the limit.
    pub fn webhook(&self, provider: &str, speaker: Option<&AccountId>) -> Result<(), ApiError> {
        let key = speaker.map_or_else(|| provider.to_owned(), |account| format!("{provider}/{account}"));
        self.webhooks.check_key(&key).map_err(|until| too_many(until.wait_time_from(DefaultClock::default().now())))
    }

    /// The client behind trusted proxies: the last address of `X-Forwarded-For` that is not itself such a proxy.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in hops.iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }

    fn check(&self, key: &Key) -> Result<(), ApiError> {
        if self.callers.len() > MANY_CALLERS {
            self.callers.retain_recent();
        }
        self.callers.check_key(key).map_err(|until| too_many(until.wait_time_from(DefaultClock::default().now())))
    }
}

/// Finds out who calls, counts the call, and leaves what it found for the handler.
///
/// # Errors
/// Those of what it is wrapped around.
pub async fn limit<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(app) = request.app_data::<web::Data<State>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let claimed = identify(&app, request.headers());
    let key = match &claimed {
        Claimed::User(identity) => Some(Key::User(format!(
            "{}/{}",
            identity.organization.as_ref().map_or("", |id| id.as_str()),
            identity.user
        ))),
        Claimed::Service(sha256) => Some(Key::Service(sha256.clone())),
        Claimed::Nobody | Claimed::Refused(_) => {
            request.peer_addr().map(|peer| Key::Address(app.limits.client(peer.ip(), request.headers())))
        }
    };
    if let Some(Err(error)) = key.map(|key| app.limits.check(&key)) {
        return Ok(request.into_response(error.error_response()).map_into_right_body());
    }
    request.extensions_mut().insert(claimed);
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::new(Code::RateLimited).retry_after(wait)
}

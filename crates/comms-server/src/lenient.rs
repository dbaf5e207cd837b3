//! Addresses as Express takes them, for clients that were written against it: with one slash at their end or without, and `HEAD`
//! wherever there is `GET`.

use actix_web::{
    Error,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, Uri},
    middleware::Next,
};

use crate::routes::{Kind, ROUTES};

/// Finds the route without the slash at the end, and answers `HEAD` as `GET` without a body.
///
/// # Errors
/// Those of what it is wrapped around.
pub async fn lenient<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if let Some(shorter) = without_slash(request.path()).and_then(|path| path.parse::<Uri>().ok()) {
        // Only where routes are looked for: a signature is over the address as it was called.
        request.match_info_mut().get_mut().update(&shorter);
    }
    if request.method() != Method::HEAD || acts(plain(request.path())) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    request.head_mut().method = Method::GET;
    let response = next.call(request).await?;
    if response.response().body().size() != BodySize::Stream {
        // The length is told, and what has it is not sent.
        return Ok(response.map_into_left_body());
    }
    // What has no end would be waited for.
    let (request, response) = response.into_parts();
    Ok(ServiceResponse::new(request, response.set_body(EitherBody::right(BoxBody::new(())))))
}

/// The path under which the routes know an address.
#[must_use]
pub fn plain(path: &str) -> &str {
    without_slash(path).unwrap_or(path)
}

fn without_slash(path: &str) -> Option<&str> {
    path.strip_suffix('/').filter(|shorter| !shorter.is_empty() && !shorter.ends_with('/'))
}

/// Whether a `GET` does something: what only looks at links must not set it off.
fn acts(path: &str) -> bool {
    ROUTES.iter().any(|row| row.method == "GET" && row.kind == Kind::Command && row.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_says_nothing() {
        for (path, wanted) in [("/", "/"), ("/health", "/health"), ("/health/", "/health"), ("/health//", "/health//")]
        {
            assert_eq!(plain(path), wanted, "{path}");
        }
        assert_eq!(plain("//"), "//");
    }
}

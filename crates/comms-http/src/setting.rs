//! Settings that clients check before their first call. Errors name the setting and say what it must be.

use url::Url;

use crate::{Error, ExposeSecret, Result, Secret};

/// The error of a setting that is needed and not there.
#[must_use]
pub fn missing(name: &'static str) -> Error {
    wrong(name, "is not set")
}

/// The error of a setting that is not what it must be; `what` goes on after its name.
#[must_use]
pub fn wrong(name: &'static str, what: &str) -> Error {
    Error::config(format!("{name} {what}")).field(name)
}

/// Secrets are usually pasted: a line break or a space around one is a slip that no provider explains.
///
/// # Errors
/// `Config` where it is empty, has a space around it or holds a line break.
pub fn check_secret(name: &'static str, secret: &Secret) -> Result<()> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(missing(name));
    }
    if secret.trim() != secret || secret.chars().any(char::is_control) {
        return Err(wrong(name, "begins or ends with a space, or holds a line break"));
    }
    Ok(())
}

/// The address that the calls of a client start from.
///
/// # Errors
/// `Config` where it is not an http(s) address that ends with its path.
pub fn base_url(name: &'static str, base: &str) -> Result<Url> {
    let url = Url::parse(base).map_err(|_| wrong(name, "is not an address"))?;
    if url.cannot_be_a_base() || !matches!(url.scheme(), "https" | "http") {
        return Err(wrong(name, "must begin with https:// (or http:// for a simulator)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(name, "must not hold a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(name, "must end with its path"));
    }
    Ok(url)
}

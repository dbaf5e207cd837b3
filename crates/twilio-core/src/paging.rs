//! Lists in pages: where the next one is.

use comms_http::{Error, ErrorKind, Outcome, Page, Result};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

/// A page as it comes: the elements are below a name of the resource.
#[derive(Debug, Deserialize)]
pub(crate) struct Body {
    /// The API of 2010: a path, with the query.
    #[serde(default)]
    next_page_uri: Option<String>,
    /// The other hosts.
    #[serde(default)]
    meta: Option<Meta>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    #[serde(default)]
    key: Option<String>,
    /// A whole address.
    #[serde(default)]
    next_page_url: Option<String>,
    /// The newest APIs: the same address with this token.
    #[serde(default, rename = "nextToken")]
    next_token: Option<String>,
}

/// Reads a page that came from `url`; `prefix` is the path of the configured base, if it has one.
pub(crate) fn page<T: DeserializeOwned>(mut body: Body, key: &str, url: &Url, prefix: &str) -> Result<Page<T>> {
    let next = next(&body, url, prefix)?;
    let key =
        body.meta.and_then(|meta| meta.key).filter(|key| body.rest.contains_key(key)).unwrap_or_else(|| key.into());
    let items = body.rest.remove(&key).ok_or_else(|| bad(&format!("the answer has no list {key:?}")))?;
    let items = serde_json::from_value(items)
        .map_err(|error| bad(&format!("the list {key:?} is not what the provider documents")).source(error))?;
    Ok(Page { items, next: next.map(String::from) })
}

fn next(body: &Body, url: &Url, prefix: &str) -> Result<Option<Url>> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let meta = body.meta.as_ref();
    let next = if let Some(path) = given(&body.next_page_uri) {
        // A base with a path of its own (a proxy, a simulator) is not known to who writes the path.
        let whole = path.starts_with('/') && !prefix.is_empty() && !path.starts_with(&format!("{prefix}/"));
        let path = if whole { format!("{prefix}{path}") } else { path };
        url.join(&path).map_err(|_| bad("the next page has no address"))?
    } else if let Some(address) = meta.and_then(|meta| given(&meta.next_page_url)) {
        url.join(&address).map_err(|_| bad("the next page has no address"))?
    } else if let Some(token) = meta.and_then(|meta| given(&meta.next_token)) {
        with_token(url, &token)
    } else {
        return Ok(None);
    };
    // The credentials go with the next request, so it must go to where this one went.
    if next.origin() != url.origin() || !next.username().is_empty() || next.password().is_some() {
        return Err(bad("the next page is on another host"));
    }
    if next == *url {
        return Err(bad("the next page is this page"));
    }
    Ok(Some(next))
}

fn with_token(url: &Url, token: &str) -> Url {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != PAGE_TOKEN)
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    let mut next = url.clone();
    next.query_pairs_mut().clear().extend_pairs(kept).append_pair(PAGE_TOKEN, token);
    next
}

const PAGE_TOKEN: &str = "pageToken";

fn bad(message: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Rejected, message)
}

//! Messages on their way to Google: within JSON where they are short, beside it where they are long.

use comms_http::{Error, Request, Result};
use http::Method;
use serde::Serialize;

use crate::{Client, limits, model::message::NewMessage};

/// Separates metadata from message: both come from here, so that it cannot stand in one by chance. A message that holds it gets a
/// longer one.
const BOUNDARY: &str = "gmail_client_related";

/// A request that carries `message`. `wrap` puts its JSON where the resource wants it.
pub(super) fn request<T: Serialize>(
    client: &Client,
    method: Method,
    path: &[&str],
    message: &NewMessage,
    longest: usize,
    wrap: impl Fn(bool) -> T,
) -> Result<Request> {
    if message.raw.is_empty() {
        return Err(Error::invalid("the message is empty").field("raw"));
    }
    if message.raw.len() > longest {
        return Err(Error::invalid(format!("a message may have {longest} bytes, this one has {}", message.raw.len()))
            .field("raw"));
    }
    if message.raw.len() <= limits::JSON_MESSAGE_BYTES {
        return client.request(method, path)?.json(&wrap(true));
    }
    let metadata = serde_json::to_vec(&wrap(false))
        .map_err(|error| Error::invalid("the body cannot be written as JSON").source(error))?;
    let boundary = boundary(&message.raw);
    // The metadata must be the first part.
    let mut body = Vec::with_capacity(message.raw.len() + metadata.len() + 256);
    for (content_type, part) in
        [("application/json; charset=UTF-8", &metadata[..]), ("message/rfc822", &message.raw[..])]
    {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Type: {content_type}\r\n\r\n").as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let request = client.upload(method, path)?.query("uploadType", "multipart");
    let mut request = request.bytes(&format!("multipart/related; boundary={boundary}"), body)?;
    request.timeout = Some(limits::TRANSFER_TIMEOUT);
    Ok(request)
}

/// A boundary that does not stand in `message`.
fn boundary(message: &[u8]) -> String {
    let mut boundary = BOUNDARY.to_owned();
    let mut counter = 0_u32;
    while message.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
        counter += 1;
        boundary = format!("{BOUNDARY}_{counter}");
    }
    boundary
}

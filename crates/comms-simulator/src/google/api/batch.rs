//! Many calls in one.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::{
    double::{Answer, Call, Double as _},
    faults::Fault,
    google::{Answered, Google, error::GoogleError, mime},
};

/// Calls in one batch.
const MAX_CALLS: usize = 100;

pub(crate) fn run(google: &Google, call: &Call) -> Answered {
    let content_type = call.headers.get("content-type").map_or("", String::as_str);
    let boundary = mime::parameter(content_type, "boundary").filter(|_| content_type.starts_with("multipart/mixed"));
    let boundary = boundary
        .ok_or_else(|| GoogleError::api(400, "badRequest", "Failed to parse batch request, error: missing boundary"))?;
    let pieces = mime::pieces(&call.body, &boundary);
    if pieces.is_empty() {
        return Err(GoogleError::api(400, "badRequest", "Failed to parse batch request, error: 0 items"));
    }
    if pieces.len() > MAX_CALLS {
        return Err(GoogleError::api(400, "badRequest", format!("The batch request has more than {MAX_CALLS} calls")));
    }
    let mut body = String::new();
    let mark = format!("batch_{}", google.core().fresh().simple());
    for piece in pieces {
        let (head, inner) = mime::split(piece);
        let head = String::from_utf8_lossy(head).into_owned();
        let id = header(&head, "content-id").map(|id| format!("<response-{}>", id.trim_matches(['<', '>'])));
        let answer = match inner_call(call, inner) {
            Some(inner) => act(google, &inner),
            None => GoogleError::api(400, "badRequest", "Failed to parse an item of the batch request").answer(),
        };
        write_part(&mut body, &mark, id.as_deref(), &answer);
    }
    write!(body, "--{mark}--\r\n").ok();
    Ok(Answer::bytes(&format!("multipart/mixed; boundary={mark}"), Bytes::from(body)))
}

/// Faults strike the calls inside, too.
fn act(google: &Google, call: &Call) -> Answer {
    let struck = google.endpoint(call).and_then(|name| google.core().faults.strike(name, None));
    match struck {
        Some((Fault::Error(error), _)) => google.error(&error),
        _ => google.handle(call),
    }
}

/// The call inside of a part; the outer headers apply where it has none of its own.
fn inner_call(outer: &Call, text: &[u8]) -> Option<Call> {
    let text = text.trim_ascii_start();
    let first_end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let first = String::from_utf8_lossy(&text[..first_end]).into_owned();
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let rest = text.get(first_end + 1..).unwrap_or_default();
    let (head, body) = mime::split(rest);
    let head = String::from_utf8_lossy(head).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // Google takes whole addresses, too.
    let path = path.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..])).unwrap_or(path);
    if !path.starts_with("/gmail/") {
        return None;
    }
    let mut headers = outer.headers.clone();
    headers.remove("content-type");
    for line in head.lines() {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Some(Call {
        method,
        path: path.to_owned(),
        query: pairs.iter().cloned().collect(),
        pairs,
        headers,
        body: Bytes::copy_from_slice(body.trim_ascii_end()),
        form: Vec::new(),
        now: outer.now,
    })
}

fn write_part(body: &mut String, mark: &str, id: Option<&str>, answer: &Answer) {
    let id = id.map(|id| format!("Content-ID: {id}\r\n")).unwrap_or_default();
    let content = String::from_utf8_lossy(&answer.body);
    let reason = match answer.status {
        200 => "OK",
        204 => "No Content",
        404 => "Not Found",
        429 => "Too Many Requests",
        status if status < 400 => "OK",
        _ => "Error",
    };
    write!(
        body,
        "--{mark}\r\nContent-Type: application/http\r\n{id}\r\nHTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{content}\r\n",
        answer.status,
        answer.content_type,
        content.len(),
    )
    .ok();
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

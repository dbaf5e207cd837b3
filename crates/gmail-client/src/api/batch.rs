//! Many calls in one request. They save round trips and no quota: each counts its own units and ends by itself.

use bytes::Bytes;
use comms_http::{Body, Error, ErrorKind, Failure, Operation, Outcome, Request, Result};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;

use super::{Read, check_labels};
use crate::{Client, client::PROVIDER, error, limits, model::label::LabelChange};

/// Separates the calls. No call holds a line of it: they are an address and JSON.
const BOUNDARY: &str = "gmail_client_batch";
/// Reading, and labels, which are the same however often they are set.
const RUN: Operation = Operation::repeatable("batch");

/// Calls that are made in one request, in any order.
///
/// ```no_run
/// use gmail_client::{Client, api::Read, model::{label::LabelChange, message::Message}};
///
/// # async fn f(client: Client) -> comms_http::Result<()> {
/// let read = Read::headers(&["Subject"]);
/// let change = LabelChange::remove("UNREAD");
/// let mut answers = client.batch().message("m1", &read).modify("m2", &change).run().await?.into_iter();
/// if let Some(Ok(answer)) = answers.next() {
///     let message: Message = answer.json()?;
///     println!("{:?}", message.header("Subject"));
/// }
/// # Ok(())
/// # }
/// ```
///
/// *See [Gmail docs/Batching requests](https://developers.google.com/workspace/gmail/api/guides/batch)*
#[derive(Debug)]
pub struct Batch<'a> {
    client: &'a Client,
    calls: Vec<Result<Request>>,
}

/// The answer to one of the calls, a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    body: Bytes,
}

impl Answer {
    /// The answer, read.
    ///
    /// # Errors
    /// `Decode` where it is not what was promised.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| undecodable("the answer to a call").source(error))
    }
}

impl<'a> Batch<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client, calls: Vec::new() }
    }

    /// Reads a message.
    #[must_use]
    pub fn message(mut self, id: &str, read: &Read) -> Self {
        let request = self.client.request(Method::GET, &["messages", id]);
        self.calls.push(request.map(|request| read.on(request)));
        self
    }

    /// Reads a conversation.
    #[must_use]
    pub fn thread(mut self, id: &str, read: &Read) -> Self {
        let request = self.client.request(Method::GET, &["threads", id]);
        self.calls.push(request.map(|request| read.on(request)));
        self
    }

    /// Changes the labels of a message.
    #[must_use]
    pub fn modify(mut self, id: &str, change: &LabelChange) -> Self {
        let request = check_labels(change)
            .and_then(|()| self.client.request(Method::POST, &["messages", id, "modify"]))
            .and_then(|request| request.json(change));
        self.calls.push(request);
        self
    }

    /// Makes the calls. Gives an answer for each, in their order. One that Google had no time for is best repeated by itself.
    ///
    /// # Errors
    /// `InvalidRequest` for more calls than Google takes; where the request as a whole failed. What one call suffers is its answer.
    pub async fn run(self) -> Result<Vec<Result<Answer>>> {
        if self.calls.len() > limits::BATCH_CALLS {
            let message = format!("more than {} calls in one request", limits::BATCH_CALLS);
            return Err(Error::invalid(message).field("calls"));
        }
        if !self.calls.iter().any(Result::is_ok) {
            return Ok(self.calls.into_iter().map(|call| call.and(Err(unanswered()))).collect());
        }
        let body = written(&self.calls);
        let request = self.client.batch_request()?.bytes(&format!("multipart/mixed; boundary={BOUNDARY}"), body)?;
        let answered = self.client.bytes(RUN, request).await?;
        let mut parts = parts(&answered)?;
        let answers = self.calls.into_iter().enumerate().map(|(number, call)| {
            call?;
            let at = parts.iter().position(|part| part.number == number).ok_or_else(unanswered)?;
            parts.swap_remove(at).answer()
        });
        Ok(answers.collect())
    }
}

fn written(calls: &[Result<Request>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let Ok(request) = call else { continue };
        let url = &request.url;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n{} {}{query}\r\n",
            request.method,
            url.path()
        );
        body.extend_from_slice(head.as_bytes());
        if let Body::Bytes(bytes) = &request.body
            && !bytes.is_empty()
        {
            body.extend_from_slice(b"Content-Type: application/json\r\n\r\n");
            body.extend_from_slice(bytes);
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A part of the answer.
struct Part {
    number: usize,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Part {
    fn answer(self) -> Result<Answer> {
        if self.status.is_success() {
            return Ok(Answer { body: self.body });
        }
        let failure = Failure { status: self.status, headers: &self.headers, body: &self.body };
        Err(error::classify(&failure).http_status(self.status.as_u16()).provider(PROVIDER).operation(RUN.name))
    }
}

/// The parts of an answer. Its first line is the boundary, whose name stands in its header too.
fn parts(answered: &Bytes) -> Result<Vec<Part>> {
    let text = std::str::from_utf8(answered).map_err(|error| undecodable("the answer").source(error))?;
    let text = text.trim_start();
    let boundary = text.lines().next().map(str::trim_end).filter(|line| line.starts_with("--") && line.len() > 2);
    let boundary = boundary.ok_or_else(|| undecodable("the answer"))?;
    let pieces = text.split(boundary).skip(1).take_while(|piece| !piece.starts_with("--"));
    // What cannot be read is no answer to anything.
    Ok(pieces.filter_map(part).collect())
}

fn part(piece: &str) -> Option<Part> {
    let (head, rest) = split(piece.trim_start())?;
    let id = headers(head).get("content-id")?.to_str().ok()?.to_owned();
    let number = id.trim_matches(['<', '>']).rsplit('-').next()?.parse().ok()?;
    let (status, rest) = rest.trim_start().split_once('\n')?;
    let status = StatusCode::from_bytes(status.split_whitespace().nth(1)?.as_bytes()).ok()?;
    let (inner, body) = split(rest).unwrap_or((rest, ""));
    Some(Part { number, status, headers: headers(inner), body: Bytes::copy_from_slice(body.trim().as_bytes()) })
}

/// At the first empty line.
fn split(text: &str) -> Option<(&str, &str)> {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))
}

fn headers(text: &str) -> HeaderMap {
    let named = text.lines().filter_map(|line| line.split_once(':'));
    named
        .filter_map(|(name, value)| Some((name.trim().parse::<http::HeaderName>().ok()?, value.trim().parse().ok()?)))
        .collect()
}

fn unanswered() -> Error {
    undecodable("the answer to this call")
}

fn undecodable(what: &str) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Unknown, format!("{what} cannot be read"))
        .provider(PROVIDER)
        .operation(RUN.name)
}

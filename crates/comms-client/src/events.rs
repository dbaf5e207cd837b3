//! The stream of events.

use std::{collections::VecDeque, fmt, pin::Pin, sync::Arc, time::Duration};

use comms_http::{ByteStream, Error, ErrorKind, ExposeSecret, Outcome, Request, Result, Secret, Transport};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderName, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::frames::{Frame, Frames};

/// The server gives a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// The first pause, doubled with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long one connection lasts at most; the stream goes on over the next one.
const LONGEST_CONNECTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The frame that says that the log was cut off beyond the cursor.
const CUT: &str = "reinicio";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SERVICE_TOKEN: HeaderName = HeaderName::from_static("x-service-token");

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log: greater than that of every event before it.
    pub cursor: i64,
    /// `mensaje estado grabacion …`; `reinicio` where the server has deleted what was between the last event and this cursor:
    /// what is shown is to be read anew.
    #[serde(rename = "tipo")]
    pub kind: String,
    /// Everything else, in the server's words: `canal`, `estado`, `mensaje_id`, `fila` …
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// A subscription that is being prepared.
#[derive(Clone)]
#[must_use = "nothing is asked until the stream is read"]
pub struct Events {
    base: Url,
    token: (HeaderName, Secret),
    after: Option<i64>,
    query: Vec<(String, String)>,
    silence: Duration,
    transport: Option<Arc<dyn Transport>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.base.host_str();
        f.debug_struct("Events").field("host", &host).field("after", &self.after).finish_non_exhaustive()
    }
}

impl Events {
    /// The events of the server at `base`, for the user of this JWT.
    pub fn subscribe(base: Url, token: Secret) -> Self {
        let token = (header::AUTHORIZATION, token);
        Self { base, token, after: None, query: Vec::new(), silence: SILENCE, transport: None }
    }

    /// Takes the token for another back end's (`X-Service-Token`) instead of a user's.
    pub fn service_token(mut self) -> Self {
        self.token.0 = SERVICE_TOKEN;
        self
    }

    /// Goes on after this cursor; from now on where `None`.
    pub fn after(mut self, cursor: Option<i64>) -> Self {
        self.after = cursor;
        self
    }

    /// Narrows down what is told: `canal`, `tipo`, `conversacion_id`, `lead_id`.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// How long the server may say nothing at all; 45 s where not called. Three of its heartbeats are a good measure.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// The network; needed without the feature `rustls-ring`.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The stream. It needs a tokio runtime, asks nothing before it is read, and ends after its first error.
    ///
    /// # Errors
    /// `Config` where there is no transport, or `base` cannot carry a path.
    pub fn stream(self) -> Result<Pin<Box<dyn Stream<Item = Result<Event>> + Send>>> {
        let transport = match self.transport.clone() {
            Some(transport) => transport,
            None => default_transport()?,
        };
        if self.base.cannot_be_a_base() {
            return Err(Error::config("the base is not an address of a server"));
        }
        let listening = Listening { transport, connection: None, ready: VecDeque::new(), failures: 0, events: self };
        Ok(Box::pin(stream::unfold(Some(listening), |listening| async {
            let mut listening = listening?;
            match listening.next().await {
                Ok(event) => Some((Ok(event), Some(listening))),
                Err(error) => Some((Err(error), None)),
            }
        })))
    }
}

#[cfg(feature = "rustls-ring")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(comms_http::ReqwestTransport::ring()?))
}

#[cfg(not(feature = "rustls-ring"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Err(Error::config("no transport: give one, or use the feature `rustls-ring`"))
}

struct Listening {
    events: Events,
    transport: Arc<dyn Transport>,
    connection: Option<(ByteStream, Frames)>,
    ready: VecDeque<Event>,
    failures: u32,
}

impl Listening {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let silence = self.events.silence;
            let Some((body, frames)) = &mut self.connection else {
                self.connect().await?;
                continue;
            };
            match timeout(silence, body.next()).await {
                Ok(Some(Ok(piece))) => {
                    let frames = frames.push(&piece)?;
                    for frame in frames {
                        self.take(frame).await?;
                    }
                }
                // The end, a broken connection or silence: all of them mean to come again.
                Ok(Some(Err(_)) | None) | Err(_) => {
                    if self.connection.take().is_some() {
                        self.pause(None).await;
                    }
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<()> {
        let mut url = self.events.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "eventos"]);
        }
        let (name, secret) = &self.events.token;
        let value = match *name == header::AUTHORIZATION {
            true => format!("Bearer {}", secret.expose_secret()),
            false => secret.expose_secret().to_owned(),
        };
        let mut request = Request::new(Method::GET, url).header(name.clone(), &value)?;
        request.timeout = Some(LONGEST_CONNECTION);
        for (name, value) in &self.events.query {
            request = request.query(name, value);
        }
        if let Some(cursor) = self.events.after {
            request = request.header(LAST_EVENT_ID, &cursor.to_string())?;
        }
        let answer = timeout(self.events.silence, self.transport.execute(request)).await;
        match answer {
            Ok(Ok(answer)) if answer.status == StatusCode::OK => {
                self.connection = Some((answer.body, Frames::default()));
            }
            Ok(Ok(answer)) if is_final(answer.status) => return Err(refusal(answer.status)),
            Ok(Ok(answer)) => {
                let wait = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                self.pause(wait.map(Duration::from_secs)).await;
            }
            Ok(Err(error)) if error.kind() != ErrorKind::Transport => return Err(error),
            Ok(Err(_)) | Err(_) => self.pause(None).await,
        }
        Ok(())
    }

    async fn take(&mut self, frame: Frame) -> Result<()> {
        let cursor = frame.id.as_deref().and_then(|id| id.parse::<i64>().ok());
        // The log begins later than where we stood: that is told like an event, since whoever listens has missed something.
        let told = frame.event.is_empty() || frame.event == CUT;
        if told && !frame.data.is_empty() {
            let event: Event = serde_json::from_str(&frame.data).map_err(|error| {
                Error::new(ErrorKind::Decode, Outcome::NotSent, "an event is not what it should be").source(error)
            })?;
            // A repetition would be a defect of a server or of something in between: it is not passed on.
            if self.events.after.is_none_or(|seen| event.cursor > seen) {
                self.events.after = Some(event.cursor);
                self.ready.push_back(event);
            }
        } else if let Some(cursor) = cursor {
            // Everything up to here was told, or is not for us.
            self.events.after = Some(self.events.after.map_or(cursor, |seen| seen.max(cursor)));
        }
        if cursor.is_some() {
            self.failures = 0;
        }
        if frame.event == "fin" {
            self.connection = None;
            if self.ready.is_empty() {
                self.pause(frame.retry_ms.map(Duration::from_millis)).await;
            }
        }
        Ok(())
    }

    /// Waits as long as the server said, else for a random part of a growing pause.
    async fn pause(&mut self, said: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let longest = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        sleep(said.unwrap_or_else(|| longest.mul_f64(fastrand::f64())).min(LONGEST_PAUSE)).await;
    }
}

/// Whether the same request would be refused again.
fn is_final(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::REQUEST_TIMEOUT
}

fn refusal(status: StatusCode) -> Error {
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Unauthenticated,
        _ => ErrorKind::InvalidRequest,
    };
    Error::new(kind, Outcome::Rejected, format!("the server refuses: {}", status.as_u16())).operation("events")
}

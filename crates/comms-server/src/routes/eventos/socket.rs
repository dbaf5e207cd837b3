//! The stream as a WebSocket.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HOST, ORIGIN},
    rt, web,
};
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream, Session};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use url::Url;

use super::{
    EventsQuery, RealtimeControl,
    feed::{Feed, Frame, Why},
    listen,
};
use crate::{
    app::State,
    auth::Listener,
    config::SILENT_BEATS,
    errors::{ApiError, Code, ErrorBody},
};

/// The longest frame that is taken: clients have nothing to say.
const LONGEST_FRAME: usize = 4 * 1024;

/// What happens, as a WebSocket: each event a text of JSON, and `listo`, `latido`, `fin` among them.
///
/// # Errors
/// 403 where a page of an origin that may not call us asks; 429 where the caller has as many streams open as they may.
#[utoipa::path(get, path = "/ws", tag = "eventos", params(EventsQuery),
    responses((status = 101, body = RealtimeControl, description = "Text frames: `RealtimeEvent` and `RealtimeControl`"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 429, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn socket(
    listener: Listener,
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    if !may_connect(&state, &request) {
        return Err(ApiError::new(Code::OriginRefused));
    }
    let feed = listen(&state, &request, listener, "websocket").await?;
    let (response, session, messages) = actix_ws::handle(&request, body)
        .map_err(|_| ApiError::new(Code::Validation).because("se espera el comienzo de un WebSocket"))?;
    rt::spawn(async move {
        let messages = messages.max_frame_size(LONGEST_FRAME);
        // An error is a client that went away: nobody is left to be told.
        let _ = talk(feed, session, messages).await;
    });
    Ok(response)
}

/// Browsers let any page open a WebSocket and name its origin; what is no browser names none.
fn may_connect(state: &State, request: &HttpRequest) -> bool {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let http = &state.settings.http;
    let own = http.public_base_url.as_ref().map(|url| url.origin().ascii_serialization());
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = Url::parse(origin).ok().and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(url.port().map_or(host.clone(), |port| format!("{host}:{port}")))
    });
    http.cors_origins.iter().any(|one| one == origin)
        || own.as_deref() == Some(origin)
        || (host.is_some() && host.as_deref() == asked)
}

async fn talk(mut feed: Feed, mut session: Session, mut messages: MessageStream) -> Result<(), Closed> {
    let patience = feed.heartbeat() * SILENT_BEATS;
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            frame = feed.next() => match frame {
                Some(Frame::Event(event)) => say(&mut session, &event, patience).await?,
                Some(Frame::Cut(control) | Frame::Ready(control)) => say(&mut session, &control, patience).await?,
                Some(Frame::Beat(control)) => {
                    if heard.elapsed() > patience {
                        return session.close(Some(CloseCode::Away.into())).await;
                    }
                    say(&mut session, &control, patience).await?;
                    session.ping(b"").await?;
                }
                Some(Frame::End(why, control)) => {
                    say(&mut session, &control, patience).await?;
                    let reason = CloseReason { code: code(why), description: Some(why.as_str().to_owned()) };
                    return session.close(Some(reason)).await;
                }
                None => return Ok(()),
            },
            message = messages.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await?,
                    Some(Ok(Message::Close(reason))) => return session.close(reason).await,
                    // Whatever else it says changes nothing.
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Ok(()),
                }
            }
        }
    }
}

/// Says something, as long as the client takes it in time.
async fn say(session: &mut Session, value: &impl Serialize, patience: Duration) -> Result<(), Closed> {
    let text = serde_json::to_string(value).unwrap_or_default();
    timeout(patience, session.text(text)).await.unwrap_or(Err(Closed))
}

/// See [RFC 6455, section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4) and the registry of codes; those from 4000 on
/// are ours.
const fn code(why: Why) -> CloseCode {
    match why {
        Why::Slow => CloseCode::Other(4008),
        Why::Expired => CloseCode::Other(4001),
        Why::Stopping => CloseCode::Restart,
        Why::Unavailable => CloseCode::Again,
    }
}

//! The stream as Server-Sent Events.

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CACHE_CONTROL},
    web::{self, Bytes},
};
use futures_util::stream;
use serde::Serialize;

use super::{
    EventsQuery, RealtimeEvent,
    feed::{Feed, Frame},
    listen,
};
use crate::{
    app::State,
    auth::Listener,
    errors::{ApiError, ErrorBody},
};

/// How long a browser waits before it connects again, where the stream broke without a word.
const RETRY_MS: u32 = 3_000;

/// What happens, as Server-Sent Events: each with its cursor as `id`, and `listo`, `fin` as events of that name.
///
/// # Errors
/// 429 where the caller has as many streams open as they may.
#[utoipa::path(get, path = "/api/eventos", tag = "eventos",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "The cursor of the last event; wins over `cursor`")),
    responses((status = 200, body = RealtimeEvent, content_type = "text/event-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 429, body = ErrorBody)),
    security(("jwt" = []), ("servicio" = [])))]
pub async fn events(
    listener: Listener,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let feed = listen(&state, &request, listener, "sse").await?;
    let begin = Bytes::from(format!("retry: {RETRY_MS}\n\n"));
    let body = stream::unfold((feed, Some(begin)), |(mut feed, begin)| async move {
        let text = match begin {
            Some(begin) => begin,
            None => text(&mut feed).await?,
        };
        Some((Ok::<_, Infallible>(text), (feed, None)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        // Compression would hold events back.
        .insert_header((CACHE_CONTROL, "no-cache, no-transform"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}

async fn text(feed: &mut Feed) -> Option<Bytes> {
    let text = match feed.next().await? {
        Frame::Event(event) => format!("id: {}\ndata: {}\n\n", event.cursor, json(&event)),
        Frame::Cut(control) => format!("event: reinicio\nid: {}\ndata: {}\n\n", control.cursor, json(&control)),
        Frame::Ready(control) => format!("event: listo\nid: {}\ndata: {}\n\n", control.cursor, json(&control)),
        // Without data nothing is shown to the page, but the browser takes note of the id.
        Frame::Beat(control) => format!(": latido\nid: {}\n\n", control.cursor),
        Frame::End(_, control) => format!(
            "event: fin\nretry: {}\nid: {}\ndata: {}\n\n",
            control.reintentar_ms.unwrap_or(RETRY_MS.into()),
            control.cursor,
            json(&control)
        ),
    };
    Some(text.into())
}

/// What is written has no line break in it, and nothing that JSON cannot hold.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

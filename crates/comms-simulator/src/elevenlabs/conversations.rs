//! Conversations: list, whole, summary, audio, deletion.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answered, Elevenlabs, endpoints::Request, error::ElevenlabsError, state::Conversation, view};
use crate::double::Answer;

/// The largest page.
const LARGEST_PAGE: usize = 100;
/// The page of a call that does not say.
const USUAL_PAGE: usize = 30;
/// The messages of a summary that does not say.
const USUAL_MESSAGES: usize = 100;
/// The audio of every call: a header of MP3 and silence.
pub(super) const AUDIO: &[u8] =
    b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/// `GET /v1/convai/conversations`.
pub(super) fn list(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let size = request.query("page_size").map_or(Some(USUAL_PAGE), |size| size.parse().ok());
    let size = size.filter(|size| (1..=LARGEST_PAGE).contains(size));
    let size = size.ok_or_else(|| ElevenlabsError::field("page_size", "Input should be from 1 to 100"))?;
    let after = match request.query("cursor") {
        None => None,
        Some(cursor) => Some(
            cursor
                .strip_prefix("cur_")
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| ElevenlabsError::new(400, "invalid_cursor", "Invalid cursor"))?,
        ),
    };
    let with_summary = request.query("summary_mode") == Some("include");
    let (page, next) = elevenlabs.state(|state| {
        let mut fitting = state.newest_first(after).filter(|(_, one)| is_wanted(one, request)).peekable();
        let mut page = Vec::new();
        let mut last = None;
        while page.len() < size
            && let Some((number, one)) = fitting.next()
        {
            page.push(view::listed(one, with_summary));
            last = Some(number);
        }
        (page, last.filter(|_| fitting.peek().is_some()))
    });
    let cursor = next.map(|number| format!("cur_{number}"));
    Ok(Answer::json(200, &json!({"conversations": page, "next_cursor": cursor, "has_more": cursor.is_some()})))
}

fn is_wanted(one: &Conversation, request: &Request<'_>) -> bool {
    let time = |name: &str| request.query(name).and_then(|value| value.parse::<i64>().ok());
    request.query("agent_id").is_none_or(|agent| agent == one.agent_id)
        && request.query("user_id").is_none_or(|user| Some(user) == one.user_id.as_deref())
        && request.query("text_only").is_none_or(|wanted| (wanted == "true") == one.text_only)
        && time("call_start_after_unix").is_none_or(|after| one.started >= after)
        && time("call_start_before_unix").is_none_or(|before| one.started <= before)
}

/// `GET /v1/convai/conversations/{}`.
pub(super) fn get(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    shown(elevenlabs, request.id(), view::conversation)
}

/// `GET /v1/convai/conversations/{}/summary`.
pub(super) fn summary(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let most = request.query("max_messages").and_then(|most| most.parse().ok()).unwrap_or(USUAL_MESSAGES);
    shown(elevenlabs, request.id(), |one| view::summary(one, most))
}

/// `GET /v1/convai/conversations/{}/audio`.
pub(super) fn audio(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let has = elevenlabs
        .state(|state| state.conversation(request.id()).map(|one| one.phone.is_some() && one.status == "done"));
    match has {
        None => Err(missing()),
        Some(false) => Err(ElevenlabsError::new(404, "missing_audio", "The conversation has no audio")),
        Some(true) => Ok(Answer::bytes("audio/mpeg", Bytes::from_static(AUDIO))),
    }
}

/// `DELETE /v1/convai/conversations/{}`.
pub(super) fn delete(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let gone = elevenlabs.state(|state| state.delete(request.id()));
    if gone { Ok(Answer::json(200, &json!({}))) } else { Err(missing()) }
}

/// `POST /v1/convai/conversations/{}/feedback`.
pub(super) fn feedback(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    if !matches!(body["feedback"].as_str(), Some("like" | "dislike")) {
        return Err(ElevenlabsError::field("feedback", "Input should be 'like' or 'dislike'"));
    }
    shown(elevenlabs, request.id(), |_| json!({}))
}

fn shown(elevenlabs: &Elevenlabs, id: &str, view: impl FnOnce(&Conversation) -> Value) -> Answered {
    let found = elevenlabs.state(|state| state.conversation(id).map(view));
    found.map(|value| Answer::json(200, &value)).ok_or_else(missing)
}

fn missing() -> ElevenlabsError {
    ElevenlabsError::not_found("conversation", "Conversation not found")
}

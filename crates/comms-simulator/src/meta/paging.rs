//! Pages of a list, by cursor.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError};

const USUAL_LIMIT: usize = 25;
const MAX_LIMIT: usize = 1_000;

/// The page of `rows` that a call asks for with `limit`, `after` or `before`.
pub(crate) fn page(meta: &Meta, call: &Call, rows: Vec<Value>) -> Answered {
    let limit = match call.query.get("limit") {
        None => USUAL_LIMIT,
        Some(text) => text.parse().map_err(|_| GraphError::parameter("Param limit must be an integer."))?,
    };
    let limit = limit.clamp(1, MAX_LIMIT);
    let start = match (call.query.get("after"), call.query.get("before")) {
        (Some(after), _) => place(after)? + 1,
        (None, Some(before)) => place(before)?.saturating_sub(limit),
        (None, None) => 0,
    };
    let total = rows.len();
    let data: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    if data.is_empty() {
        return Ok(Answer::json(200, &json!({"data": []})));
    }
    let end = start + data.len() - 1;
    let mut paging = json!({"cursors": {"before": cursor(start), "after": cursor(end)}});
    if end + 1 < total {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = |name: &&String| !matches!(name.as_str(), "after" | "before" | "access_token");
        for name in call.query.keys().filter(kept) {
            query.append_pair(name, &call.query[name]);
        }
        query.append_pair("after", &cursor(end));
        paging["next"] = json!(format!("{}{}?{}", meta.core().public_url(), call.path, query.finish()));
    }
    Ok(Answer::json(200, &json!({"data": data, "paging": paging})))
}

fn cursor(place: usize) -> String {
    STANDARD.encode(place.to_string())
}

fn place(cursor: &str) -> Result<usize, GraphError> {
    STANDARD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
        .ok_or_else(|| GraphError::parameter("Param after is not a cursor of this list."))
}

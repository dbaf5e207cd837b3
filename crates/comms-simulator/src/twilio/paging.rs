//! Pages of a list in Twilio's two forms: relative addresses (2010-04-01), absolute ones (v1).

use serde_json::{Map, Value, json};

use crate::double::Answer;

use super::{Answered, Request, Twilio, error::TwilioError};

const USUAL_SIZE: i64 = 50;
const MAX_SIZE: i64 = 1_000;

/// A part of a list and where it lies.
struct Part {
    rows: Vec<Value>,
    start: usize,
    size: usize,
    page: i64,
    /// The token of the page after this one.
    next: Option<String>,
}

/// The page of `rows` that a request asks for, under `key`.
pub(crate) fn page(request: &Request<'_>, key: &str, rows: Vec<Value>) -> Answered {
    let part = part(request, rows)?;
    let address = |page: i64, token: Option<&str>| address(request, part.size, page, token);
    let mut body = Map::new();
    body.insert("first_page_uri".to_owned(), json!(address(0, None)));
    body.insert("uri".to_owned(), json!(address(part.page, request.params.get("PageToken"))));
    body.insert(
        "next_page_uri".to_owned(),
        json!(part.next.as_deref().map(|token| address(part.page + 1, Some(token)))),
    );
    // Only the first page is left out of the way back: Twilio's tokens of former pages are not kept here.
    let previous = (part.page == 1).then(|| address(0, None));
    body.insert("previous_page_uri".to_owned(), json!(previous));
    body.insert("page".to_owned(), json!(part.page));
    body.insert("page_size".to_owned(), json!(part.size));
    body.insert("start".to_owned(), json!(part.start));
    body.insert("end".to_owned(), json!((part.start + part.rows.len()).saturating_sub(1)));
    body.insert(key.to_owned(), Value::Array(part.rows));
    Ok(Answer::json(200, &Value::Object(body)))
}

/// The same for the newer hosts.
pub(crate) fn page_v1(twilio: &Twilio, request: &Request<'_>, key: &str, rows: Vec<Value>) -> Answered {
    let base = twilio.core().public_url();
    let part = part(request, rows)?;
    let address = |page: i64, token: Option<&str>| format!("{base}{}", address(request, part.size, page, token));
    let mut body = Map::new();
    body.insert(
        "meta".to_owned(),
        json!({
            "key": key,
            "page": part.page,
            "page_size": part.size,
            "first_page_url": address(0, None),
            "previous_page_url": (part.page == 1).then(|| address(0, None)),
            "url": address(part.page, request.params.get("PageToken")),
            "next_page_url": part.next.as_deref().map(|token| address(part.page + 1, Some(token))),
        }),
    );
    body.insert(key.to_owned(), Value::Array(part.rows));
    Ok(Answer::json(200, &Value::Object(body)))
}

fn part(request: &Request<'_>, rows: Vec<Value>) -> Result<Part, TwilioError> {
    let size = request.params.number("PageSize", 1, MAX_SIZE)?.unwrap_or(USUAL_SIZE);
    let page = request.params.number("Page", 0, i64::MAX)?.unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let start = match request.params.get("PageToken") {
        None => 0,
        Some(token) => {
            let last = token.strip_prefix("PA").unwrap_or_default();
            let place = rows.iter().position(|row| row["sid"] == last);
            place.ok_or_else(|| TwilioError::new(20001).message("PageToken is not one of this list"))? + 1
        }
    };
    let total = rows.len();
    let rows: Vec<Value> = rows.into_iter().skip(start).take(size).collect();
    let has_more = start + rows.len() < total;
    let next = rows.last().filter(|_| has_more).and_then(|row| Some(format!("PA{}", row["sid"].as_str()?)));
    Ok(Part { rows, start, size, page, next })
}

/// The address of a page; names of parameters are encoded, too (`DateSent%3E`).
fn address(request: &Request<'_>, size: usize, page: i64, token: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.params.iter() {
        if !matches!(name, "Page" | "PageSize" | "PageToken") {
            query.append_pair(name, value);
        }
    }
    query.append_pair("PageSize", &size.to_string());
    query.append_pair("Page", &page.to_string());
    if let Some(token) = token {
        query.append_pair("PageToken", token);
    }
    format!("{}?{}", request.call.path, query.finish())
}

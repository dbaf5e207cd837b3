//! What an answer says besides its code, in any of the shapes that come.

use std::{error::Error as StdError, fmt, time::Duration};

use comms_http::{Error, Failure};
use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::Value;

use crate::model::Date;

/// The longest excerpt that is kept of a body that cannot be read, in characters.
const EXCERPT: usize = 300;

/// What Twilio said about a failed call. It is the [source](StdError::source) of the errors of a client:
///
/// ```
/// # let error = twilio_core::error::classify(&comms_http::Failure {
/// #     status: http::StatusCode::BAD_REQUEST,
/// #     headers: &http::HeaderMap::new(),
/// #     body: br#"{"code":20001,"message":"Invalid parameter","details":{"field":"To"}}"#,
/// # });
/// use twilio_core::error::Answer;
///
/// let answer = Answer::of(&error).unwrap();
/// assert_eq!(answer.details().unwrap()["field"], "To");
/// ```
///
/// Phone numbers in its texts are masked.
///
/// *See [Twilio docs/Response](https://www.twilio.com/docs/usage/twilios-response)*
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    code: Option<i64>,
    message: Option<String>,
    more_info: Option<String>,
    details: Option<Value>,
    request_id: Option<String>,
    excerpt: Option<String>,
}

impl Answer {
    /// What Twilio said, where an error comes from an answer of it.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        StdError::source(error)?.downcast_ref()
    }

    /// Reads an answer that is not a success.
    pub(super) fn read(failure: &Failure<'_>) -> Self {
        let header = |name| failure.headers.get(name)?.to_str().ok().map(str::to_owned);
        Self { request_id: header("twilio-request-id"), ..Self::of_body(failure.body) }
    }

    /// Reads a body by what it looks like: content types are wrong as often as not.
    pub(super) fn of_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let read = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str(text).ok().map(|value| Self::of_json(&value)),
            Some(b'<') => Self::of_xml(text),
            _ => None,
        };
        read.unwrap_or_else(|| {
            let excerpt: String = text.chars().take(EXCERPT).collect();
            Self { excerpt: (!excerpt.is_empty()).then(|| mask(&excerpt)), ..Self::default() }
        })
    }

    fn of_json(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
        // RFC 9457 has a title for the kind and a detail for the case.
        let problem = || match (text("title"), text("detail")) {
            (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
            (one, other) => one.or(other).map(str::to_owned),
        };
        let inner = || value["error"]["message"].as_str().or_else(|| value["error"].as_str()).map(str::to_owned);
        let details = ["details", "errors"].into_iter().filter_map(|name| value.get(name)).find(|part| !part.is_null());
        // Some products put the code one level down.
        let nested = || [&value["error"], &value["errors"][0]].into_iter().find_map(|inner| number(&inner["code"]));
        Self {
            code: number(&value["code"]).or_else(nested),
            message: text("message").map(str::to_owned).or_else(problem).or_else(inner).map(|message| mask(&message)),
            more_info: text("more_info").or_else(|| text("type")).map(str::to_owned),
            details: details.cloned(),
            ..Self::default()
        }
    }

    /// The answer of a call without `.json`, or the title of a gateway's page.
    fn of_xml(text: &str) -> Option<Self> {
        let mut found = Self::default();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = false;
        let (mut element, mut content) = (String::new(), String::new());
        // What breaks off is read as far as it goes.
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(start) => {
                    element = String::from_utf8_lossy(start.local_name().as_ref()).to_ascii_lowercase();
                    content.clear();
                }
                Event::Text(text) => content.push_str(&text.decode().unwrap_or_default()),
                Event::CData(text) => content.push_str(&text.decode().unwrap_or_default()),
                Event::GeneralRef(reference) => content.push_str(&resolve(&reference)),
                Event::End(_) => {
                    found.put(&element, content.trim());
                    element.clear();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        (found != Self::default()).then_some(found)
    }

    fn put(&mut self, element: &str, content: &str) {
        if content.is_empty() {
            return;
        }
        match element {
            "code" => self.code = content.parse().ok(),
            "message" | "title" => self.message = Some(mask(&content.chars().take(EXCERPT).collect::<String>())),
            "moreinfo" => self.more_info = Some(content.to_owned()),
            _ => {}
        }
    }

    /// The code, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// The page about the code.
    #[must_use]
    pub fn more_info(&self) -> Option<&str> {
        self.more_info.as_deref()
    }

    /// `details`, or `errors` of RFC 9457, as they came. They may repeat what was sent.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// `Twilio-Request-Id`, which Twilio's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The start of a body that is in none of the known shapes.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    /// What to tell a person.
    pub(super) fn reason(&self) -> String {
        let message = self.message.as_deref().or(self.excerpt.as_deref().filter(|text| !text.starts_with(['{', '<'])));
        message.unwrap_or("the provider refused without a readable reason").to_owned()
    }

    /// The field at fault: the first that is named.
    pub(super) fn field(&self) -> Option<String> {
        let details = self.details.as_ref()?;
        let first = details.get(0).unwrap_or(details);
        let named = ["field", "pointer", "param"].into_iter().find_map(|name| first[name].as_str());
        named.map(|name| name.trim_start_matches("#/").to_owned())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.request_id, &self.more_info) {
            (Some(id), Some(page)) => write!(f, "request {id}, see {page}"),
            (Some(id), None) => write!(f, "request {id}"),
            (None, Some(page)) => write!(f, "see {page}"),
            (None, None) => f.write_str(self.excerpt.as_deref().unwrap_or("an answer without details")),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The details may repeat what was sent, a whole phone number too.
        f.debug_struct("Answer")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("more_info", &self.more_info)
            .field("request_id", &self.request_id)
            .field("excerpt", &self.excerpt)
            .finish_non_exhaustive()
    }
}

impl StdError for Answer {}

/// `Retry-After` as a date, against the clock of the answer itself.
pub(super) fn retry_at(headers: &HeaderMap) -> Option<Duration> {
    let date = |name| Date::from(headers.get(name)?.to_str().ok()?).at();
    Duration::try_from(date(RETRY_AFTER)? - date(DATE)?).ok()
}

/// A number, also one that is written as a text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => {
            let name = reference.decode().unwrap_or_default();
            resolve_predefined_entity(&name).unwrap_or_default().to_owned()
        }
    }
}

/// Hides phone numbers but for their ends: Twilio repeats them in its messages. Ids, whose digits stand between letters, stay.
fn mask(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let length = characters[at..].iter().take_while(|character| character.is_ascii_digit()).count();
        if length == 0 {
            masked.push(characters[at]);
            at += 1;
            continue;
        }
        let inside = |neighbour: Option<&char>| neighbour.is_some_and(|neighbour| neighbour.is_ascii_alphanumeric());
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let whole = !inside(before) && !inside(characters.get(at + length));
        for (index, digit) in characters[at..at + length].iter().enumerate() {
            let shown = length < 7 || !whole || index < 2 || index >= length - 3;
            masked.push(if shown { *digit } else { '*' });
        }
        at += length;
    }
    masked
}

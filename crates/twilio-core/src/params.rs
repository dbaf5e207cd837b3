//! The parameters of a webhook: pairs in the order in which they came, names repeated.

use std::{collections::BTreeMap, fmt, str::FromStr};

use comms_http::WebhookRequest;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{callback, webhook};

/// The parameters of a webhook, decoded, in order. `Debug` shows the names alone.
///
/// ```
/// use twilio_core::Params;
///
/// let params = Params::parse(b"Body=hola+%C3%B1&FromCity=&NumMedia=0");
/// assert_eq!(params.get("Body"), Some("hola ñ"));
/// // Blank says no more than absent.
/// assert_eq!(params.get("FromCity"), None);
/// assert_eq!(params.raw("FromCity"), Some(""));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `application/x-www-form-urlencoded`. Nothing is refused: bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The parameters of a request, **without a proof** of who sent it: of the form in its body, or of the query where the
    /// request has no body to speak of. For webhooks that were verified before they were stored; a JSON body has none.
    #[must_use]
    pub fn of_request(request: &WebhookRequest) -> Self {
        match webhook::Signed::of(request) {
            webhook::Signed::Form(params) => params,
            webhook::Signed::Address => callback::query(&request.url),
            webhook::Signed::Hash => Self::default(),
        }
    }

    /// The first value of a name that is not blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).find(|value| !value.trim().is_empty())
    }

    /// The first value of a name, blank or not.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether the name is there, blank or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A value as a number or another type; `None` where it is absent, blank or not one.
    #[must_use]
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands out the values by name, and at the end what nobody asked for.
    #[must_use]
    pub fn taker(&self) -> Taker {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self.iter() {
            values.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        Taker(values)
    }

    /// All parameters as a JSON object: a text for each name, a list of texts where a name is repeated.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        self.taker().rest()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Hands out the values of a webhook by name; [`rest`](Self::rest) gives what was left, so that no field is lost.
///
/// ```
/// use twilio_core::Params;
///
/// let mut taker = Params::parse(b"Body=hola&NumMedia=two&BrandNew=1&FromCity=").taker();
/// assert_eq!(taker.take("Body").as_deref(), Some("hola"));
/// assert_eq!(taker.take("FromCity"), None);
/// // What cannot be read as a number stays.
/// assert_eq!(taker.number::<u32>("NumMedia"), None);
/// assert_eq!(taker.rest().keys().collect::<Vec<_>>(), ["BrandNew", "NumMedia"]);
/// ```
#[derive(Clone)]
pub struct Taker(BTreeMap<String, Vec<String>>);

impl Taker {
    /// Takes the only value of a name; blank counts as absent. Where values differ, the first that is not blank is taken and the
    /// others stay.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let mut values = self.0.remove(name)?;
        let at = values.iter().position(|value| !value.trim().is_empty())?;
        let taken = values.remove(at);
        values.retain(|value| !value.trim().is_empty() && *value != taken);
        if !values.is_empty() {
            self.0.insert(name.to_owned(), values);
        }
        Some(taken)
    }

    /// Takes the value of a name as it is, blank or not: for texts, where a space is a text.
    pub fn take_raw(&mut self, name: &str) -> Option<String> {
        let mut values = self.0.remove(name)?;
        let taken = values.remove(0);
        values.retain(|value| *value != taken);
        if !values.is_empty() {
            self.0.insert(name.to_owned(), values);
        }
        Some(taken)
    }

    /// Takes all values of a name that are not blank, in order.
    pub fn take_all(&mut self, name: &str) -> Vec<String> {
        let mut values = self.0.remove(name).unwrap_or_default();
        values.retain(|value| !value.trim().is_empty());
        values
    }

    /// Takes a value as a number or another type. What cannot be read as one stays.
    pub fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let read = self.peek(name)?.trim().parse().ok()?;
        self.take(name);
        Some(read)
    }

    /// Takes a value as a name of an open enum.
    pub fn word<T: for<'a> From<&'a str>>(&mut self, name: &str) -> Option<T> {
        self.take(name).map(|value| T::from(&value))
    }

    /// The value that [`take`](Self::take) would give.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.iter().map(String::as_str).find(|value| !value.trim().is_empty())
    }

    /// The names that were not taken, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What was not taken: a text for each name, a list of texts where a name is repeated.
    #[must_use]
    pub fn rest(self) -> Map<String, Value> {
        let value = |mut values: Vec<String>| match values.len() {
            1 => Value::String(values.remove(0)),
            _ => Value::from(values),
        };
        self.0.into_iter().map(|(name, values)| (name, value(values))).collect()
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

//! The parameters of a call, as Twilio wants them: pairs in order, lists as repeated names.

use std::fmt;

use comms_http::{Body, Request};
use http::{HeaderValue, header::CONTENT_TYPE};
use url::form_urlencoded;

/// The parameters of a call. `Debug` shows the names alone.
///
/// ```
/// use twilio_core::Form;
///
/// let form = Form::new()
///     .set("To", "+15005550006")
///     .opt("Body", None::<&str>)
///     .list("MediaUrl", ["https://example.com/1.png", "https://example.com/2.png"])
///     .flag("SmartEncoded", Some(true))
///     .number("ValidityPeriod", Some(600));
/// assert_eq!(
///     form.encode(),
///     "To=%2B15005550006&MediaUrl=https%3A%2F%2Fexample.com%2F1.png&MediaUrl=https%3A%2F%2Fexample.com%2F2.png\
///      &SmartEncoded=true&ValidityPeriod=600"
/// );
/// ```
///
/// *See [Twilio docs/Requests to Twilio](https://www.twilio.com/docs/usage/requests-to-twilio)*
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a parameter. An empty value is sent as such: that is how a text is redacted.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Appends a parameter where there is a value.
    #[must_use]
    pub fn opt(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Appends the name once for each value.
    #[must_use]
    pub fn list(self, name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        values.into_iter().fold(self, |form, value| form.set(name, value))
    }

    /// Appends `true` or `false` where one is given.
    #[must_use]
    pub fn flag(self, name: &str, value: Option<bool>) -> Self {
        self.opt(name, value.map(|value| value.to_string()))
    }

    /// Appends a number where one is given.
    #[must_use]
    pub fn number(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        self.opt(name, value.map(|value| value.to_string()))
    }

    /// Appends all parameters of another form.
    #[must_use]
    pub fn extend(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The form as it goes over the wire.
    #[must_use]
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }

    /// Makes the form the body of a request.
    #[must_use]
    pub fn apply(&self, mut request: Request) -> Request {
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        request.body = Body::Bytes(self.encode().into());
        request
    }

    /// Appends the form to the query of a request: filters of lists, whose names hold `<` and `>`.
    #[must_use]
    pub fn query(&self, mut request: Request) -> Request {
        if !self.is_empty() {
            request.url.query_pairs_mut().extend_pairs(self.iter());
        }
        request
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

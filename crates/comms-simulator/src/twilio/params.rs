//! The parameters of a request: a list of pairs, as names may repeat.

use crate::double::Call;

use super::error::TwilioError;

/// Form fields in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The query of a GET or DELETE, the form of a POST.
    pub(crate) fn of(call: &Call) -> Self {
        if call.method == "POST" {
            return Self(call.fields());
        }
        Self(call.query.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// The first value that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().find(|value| !value.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The first value, be it empty.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A whole number within limits.
    pub(crate) fn number(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, TwilioError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number: Option<i64> = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            TwilioError::new(20001).message(format!("{name} must be a whole number from {least} to {most}"))
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

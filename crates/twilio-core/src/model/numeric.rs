//! Numbers, which come as texts in one resource and as numbers in the next.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A number as it came: `"2"`, `2`, `"-0.03000"`. A price keeps its digits.
///
/// ```
/// use twilio_core::model::Numeric;
///
/// let price: Numeric = serde_json::from_str("\"-0.03000\"")?;
/// assert_eq!(price.to_string(), "-0.03000");
/// assert_eq!(price.number(), Some(-0.03));
/// let segments: Numeric = serde_json::from_str("2")?;
/// assert_eq!(segments.number::<u32>(), Some(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Numeric {
    /// As a number.
    Number(serde_json::Number),
    /// As a text.
    Text(String),
}

impl Numeric {
    /// The number in a type of yours; `None` where it is not one.
    #[must_use]
    pub fn number<T: FromStr>(&self) -> Option<T> {
        match self {
            Self::Number(number) => number.to_string().parse().ok(),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }
}

impl From<&str> for Numeric {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Numeric {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

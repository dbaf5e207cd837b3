//! Values that Meta's own pages write now as a number, now as a string.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A number, string or boolean, sent exactly as it was given.
///
/// Meta's pages write some values both ways (`"index": 0` and `"index": "0"`, latitudes in quotes); both are accepted there, and both
/// survive a round trip here.
///
/// ```
/// use whatsapp_cloud::model::scalar::Scalar;
///
/// assert_eq!(Scalar::from("41.4").as_f64(), Some(41.4));
/// assert_eq!(Scalar::from(41.4).as_f64(), Some(41.4));
/// assert_eq!(Scalar::from("hola").as_str(), Some("hola"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scalar(Value);

impl Scalar {
    /// The text, where it was given as text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// The number, also where it stands in quotes.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.0.as_f64().or_else(|| self.0.as_str()?.trim().parse().ok())
    }

    /// The whole number, also where it stands in quotes.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64().or_else(|| self.0.as_str()?.trim().parse().ok())
    }

    /// How a person reads it.
    #[must_use]
    pub fn to_text(&self) -> String {
        match &self.0 {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

macro_rules! from {
    ($($type:ty),+) => { $(
        impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                Self(value.into())
            }
        }
    )+ };
}

from!(&str, String, bool, f64, i64, u32, u64, i32, u8);

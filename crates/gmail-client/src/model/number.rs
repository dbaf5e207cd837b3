//! Numbers of 64 bits, which Google writes as text in answers and as numbers in push messages.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

/// A point in the history of a mailbox. Later ones are greater; they do not follow one another without gaps.
///
/// ```
/// use gmail_client::model::HistoryId;
///
/// let from_answer: HistoryId = serde_json::from_str("\"18446744073709551615\"")?;
/// let from_push: HistoryId = serde_json::from_str("9876543210")?;
/// assert!(from_push < from_answer);
/// assert_eq!(serde_json::to_string(&from_push)?, "\"9876543210\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryId(pub u64);

impl fmt::Display for HistoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for HistoryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

impl Serialize for HistoryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HistoryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number(&Value::deserialize(deserializer)?).map(Self).ok_or_else(|| D::Error::custom("not a history id"))
    }
}

/// Milliseconds since 1970 as Google writes them: text.
pub(crate) mod millis {
    use super::{Deserialize, Deserializer, Serializer, Value};

    pub(crate) fn serialize<S: Serializer>(value: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // A value beyond what a time can be is no reason to lose the message that it stands in.
        Ok(value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()))
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

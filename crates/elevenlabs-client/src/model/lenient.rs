//! Fields that are read as far as they can be: one that is not what was documented counts as absent, and leaves its neighbours alone.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// The field, or its default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// A list, without the elements that cannot be read.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let Value::Array(elements) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(elements.into_iter().filter_map(|element| serde_json::from_value(element).ok()).collect())
}

/// A whole number, also one that is written with a fraction or as a text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(to_number(&Value::deserialize(deserializer)?))
}

/// A whole number of any spelling.
pub(crate) fn to_number(value: &Value) -> Option<i64> {
    let fraction = |number: f64| {
        // Beyond these a fraction has no exact whole part, and no time and no length is that long.
        #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
        (number.abs() < 9e15).then_some(number as i64)
    };
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(fraction)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(fraction))
        }
        _ => None,
    }
}

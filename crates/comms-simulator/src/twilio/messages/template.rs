//! Content templates put into words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{config::ContentTemplate, error::TwilioError};

/// The words of a template with these variables (a JSON object of texts).
pub(crate) fn words(template: &ContentTemplate, variables: Option<&str>) -> Result<String, TwilioError> {
    let invalid = || TwilioError::new(21656);
    let given: BTreeMap<String, String> = match variables {
        None => BTreeMap::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| invalid())?,
    };
    let body = template.types.values().find_map(|content| content.get("body").and_then(Value::as_str));
    let mut words = body.unwrap_or_default().to_owned();
    for (name, example) in &template.variables {
        let value = given.get(name).unwrap_or(example);
        words = words.replace(&format!("{{{{{name}}}}}"), value);
    }
    Ok(words)
}

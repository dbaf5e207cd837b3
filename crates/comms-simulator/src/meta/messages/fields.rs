//! Reads parameters and complains about them in Meta's words.

use serde_json::{Map, Value};

use crate::meta::error::GraphError;

/// An object of a request and its place in it, for instance `text`.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    place: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(place: &str, fields: &'a Map<String, Value>) -> Self {
        Self { place: place.to_owned(), fields }
    }

    /// `text['body']`, as Meta writes it.
    pub(super) fn name(&self, field: &str) -> String {
        if self.place.is_empty() { field.to_owned() } else { format!("{}['{field}']", self.place) }
    }

    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, field: &str) -> Result<&'a str, GraphError> {
        self.optional_text(field)?.ok_or_else(|| GraphError::missing(&self.name(field)))
    }

    pub(super) fn optional_text(&self, field: &str) -> Result<Option<&'a str>, GraphError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a string")),
        }
    }

    /// A text of 1 to `most` characters.
    pub(super) fn limited(&self, field: &str, most: usize) -> Result<&'a str, GraphError> {
        let text = self.text(field)?;
        if text.is_empty() {
            let name = self.name(field);
            return Err(GraphError::parameter(format!("Param {name} must be at least 1 characters long.")));
        }
        limit(&self.name(field), text, most)?;
        Ok(text)
    }

    pub(super) fn object(&self, field: &str) -> Result<Self, GraphError> {
        self.optional_object(field)?.ok_or_else(|| GraphError::missing(&self.name(field)))
    }

    pub(super) fn optional_object(&self, field: &str) -> Result<Option<Self>, GraphError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self { place: self.name(field), fields })),
            Some(_) => Err(self.wrong(field, "a JSON object")),
        }
    }

    /// A list of 1 to `most` objects.
    pub(super) fn list(&self, field: &str, most: usize) -> Result<Vec<Self>, GraphError> {
        let elements = match self.value(field) {
            None => return Err(GraphError::missing(&self.name(field))),
            Some(Value::Array(elements)) => elements,
            Some(_) => return Err(self.wrong(field, "an array")),
        };
        if elements.is_empty() || elements.len() > most {
            let name = self.name(field);
            return Err(GraphError::invalid(format!(
                "{name} must have between 1 and {most} elements, it has {}",
                elements.len()
            )));
        }
        let element = |(index, value): (usize, &'a Value)| match value {
            Value::Object(fields) => Ok(Self { place: format!("{}[{index}]", self.name(field)), fields }),
            _ => Err(self.wrong(field, "an array of JSON objects")),
        };
        elements.iter().enumerate().map(element).collect()
    }

    /// A number, or a text that is one.
    pub(super) fn number(&self, field: &str) -> Result<f64, GraphError> {
        let value = self.value(field);
        let value = value.ok_or_else(|| GraphError::missing(&self.name(field)))?;
        let number = match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        number.ok_or_else(|| self.wrong(field, "a number"))
    }

    /// A place in a list; Meta takes a number and a text.
    pub(super) fn index(&self, field: &str) -> Result<usize, GraphError> {
        let value = self.value(field);
        let value = value.ok_or_else(|| GraphError::missing(&self.name(field)))?;
        let index = match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|index| usize::try_from(index).ok()),
        };
        index.ok_or_else(|| self.wrong(field, "an integer"))
    }

    fn wrong(&self, field: &str, expected: &str) -> GraphError {
        GraphError::parameter(format!("Param {} must be {expected}.", self.name(field)))
    }
}

/// Refuses a text that is too long; characters count, not bytes.
pub(super) fn limit(name: &str, text: &str, most: usize) -> Result<(), GraphError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(GraphError::parameter(format!("Param {name} must be at most {most} characters long.")))
}

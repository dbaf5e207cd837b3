//! The values that a template takes, read from its definition.

use serde_json::Value;

use super::{ButtonDefinition, ComponentDefinition};

/// A value that a template takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Where it belongs: `header`, `body`, or `button:<place>`.
    pub component: String,
    /// Its place (`1`) or name (`first_name`).
    pub name: String,
    /// What it is: `text`, `image`, `video`, `document`, `location` …
    pub format: String,
    /// The example in the definition.
    pub example: Option<String>,
}

pub(super) fn of(components: &[ComponentDefinition]) -> Vec<Variable> {
    let mut found = Vec::new();
    for part in components {
        if part.is("HEADER") {
            header(part, &mut found);
        } else if part.is("BODY") {
            texts("body", part, &mut found);
        } else if part.is("BUTTONS") {
            let buttons = part.buttons.iter().flatten().enumerate();
            found.extend(buttons.filter_map(|(at, it)| button(at, it)));
        }
    }
    found
}

fn header(part: &ComponentDefinition, found: &mut Vec<Variable>) {
    let format = part.format.as_deref().unwrap_or("TEXT").to_ascii_lowercase();
    if format != "text" {
        found.push(Variable { component: "header".to_owned(), name: "1".to_owned(), format, example: None });
        return;
    }
    texts("header", part, found);
}

/// The placeholders of a text, each with its example. Meta keeps examples by name or by place, those of a body in a list of lists.
fn texts(component: &str, part: &ComponentDefinition, found: &mut Vec<Variable>) {
    let example = |key: String| part.example.as_ref()?.get(key);
    let named = example(format!("{component}_text_named_params")).and_then(Value::as_array);
    let placed = example(format!("{component}_text")).and_then(Value::as_array);
    let placed = match placed.and_then(|list| list.first()).and_then(Value::as_array) {
        Some(inner) => Some(inner),
        None => placed,
    };
    for name in placeholders(part.text.as_deref().unwrap_or_default()) {
        let by_name = named.into_iter().flatten().find(|it| it["param_name"] == name.as_str());
        let by_place = || placed?.get(name.parse::<usize>().ok()?.checked_sub(1)?);
        let example = by_name.map(|it| &it["example"]).or_else(by_place);
        found.push(Variable {
            component: component.to_owned(),
            example: example.and_then(Value::as_str).map(str::to_owned),
            name,
            format: "text".to_owned(),
        });
    }
}

/// A button takes a value where its address has a placeholder, or where it copies a code.
fn button(at: usize, button: &ButtonDefinition) -> Option<Variable> {
    let is = |kind: &str| button.kind.eq_ignore_ascii_case(kind);
    let takes = is("URL") && button.url.as_deref().is_some_and(|url| url.contains("{{"));
    if !(takes || is("COPY_CODE") || is("OTP")) {
        return None;
    }
    let example = match &button.example {
        Some(Value::Array(values)) => values.first().and_then(Value::as_str),
        Some(Value::String(value)) => Some(value.as_str()),
        _ => None,
    };
    Some(Variable {
        component: format!("button:{at}"),
        name: "1".to_owned(),
        format: "text".to_owned(),
        example: example.map(str::to_owned),
    })
}

/// The names between double braces, each once, in the order of their first appearance.
fn placeholders(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    names
}

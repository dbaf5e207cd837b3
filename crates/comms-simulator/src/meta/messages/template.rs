//! Template messages: the parameters must fit the template.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::meta::{
    Meta,
    config::{Phone, Template},
    error::GraphError,
};

use super::{Checked, Choice, content, fields::Fields};

pub(super) fn check(meta: &Meta, wanted: &Fields<'_>, phone: &Phone) -> Result<Checked, GraphError> {
    let name = wanted.text("name")?;
    let language = wanted.object("language")?;
    let language = language.text("code")?;
    let template = find(meta, phone, name, language)?;
    let given = match wanted.value("components") {
        None => Vec::new(),
        Some(Value::Array(list)) if list.is_empty() => Vec::new(),
        Some(_) => wanted.list("components", 20)?,
    };
    let given = given.into_iter().map(Given::read).collect::<Result<Vec<_>, _>>()?;
    let mut text = String::new();
    let mut choices = Vec::new();
    for component in &template.components {
        match kind_of(component).as_str() {
            "HEADER" => header(meta, &template, component, &given)?,
            "BODY" => text = body(&template, component, &given)?,
            "BUTTONS" => choices = buttons(&template, component, &given)?,
            _ => {}
        }
    }
    Ok(Checked { kind: "template".to_owned(), text, choices, category: Some(template.category.to_lowercase()) })
}

/// A component of the request.
struct Given<'a> {
    kind: String,
    /// The index of a button.
    index: Option<usize>,
    parameters: Vec<Fields<'a>>,
}

impl<'a> Given<'a> {
    fn read(component: Fields<'a>) -> Result<Self, GraphError> {
        let kind = component.text("type")?.to_ascii_lowercase();
        if !matches!(kind.as_str(), "header" | "body" | "button" | "footer" | "carousel" | "limited_time_offer") {
            return Err(GraphError::parameter(format!(
                "Param {} must be one of {{HEADER, BODY, BUTTON}} - got \"{kind}\".",
                component.name("type")
            )));
        }
        let index = if kind == "button" {
            component.text("sub_type")?;
            Some(component.index("index")?)
        } else {
            None
        };
        let parameters = match component.value("parameters") {
            None => Vec::new(),
            Some(Value::Array(list)) if list.is_empty() => Vec::new(),
            Some(_) => component.list("parameters", 50)?,
        };
        Ok(Self { kind, index, parameters })
    }
}

fn find(meta: &Meta, phone: &Phone, name: &str, language: &str) -> Result<Template, GraphError> {
    let settings = meta.settings();
    let found = settings.meta.waba_of(&phone.id).and_then(|waba| {
        meta.state(|state| {
            let mut templates = state.templates(waba).iter();
            templates.find(|template| template.name == name && template.language == language).cloned()
        })
    });
    let missing = || GraphError::new(132_001).details(format!("template name ({name}) does not exist in {language}"));
    let template = found.ok_or_else(missing)?;
    match template.status.as_str() {
        "APPROVED" => Ok(template),
        "PAUSED" => Err(GraphError::new(132_015).details(format!("template ({name}) is paused"))),
        "DISABLED" => Err(GraphError::new(132_016).details(format!("template ({name}) is disabled"))),
        _ => Err(missing()),
    }
}

fn header(meta: &Meta, template: &Template, component: &Value, given: &[Given<'_>]) -> Result<(), GraphError> {
    let format = text_of(component, "format").to_ascii_lowercase();
    if format == "text" {
        return fill(template, "header", text_of(component, "text"), given, None).map(drop);
    }
    let parameter = given.iter().find(|part| part.kind == "header").and_then(|part| part.parameters.first());
    let received = match parameter {
        Some(parameter) => parameter.text("type")?,
        None => "unknown",
    };
    if received != format {
        return Err(GraphError::new(132_012).details(format!(
            "header: Format mismatch, expected {}, received {}",
            format.to_uppercase(),
            received.to_uppercase()
        )));
    }
    match parameter {
        Some(parameter) if format != "location" => {
            content::source(meta, &parameter.object(&format)?, meta.core().now())
        }
        _ => Ok(()),
    }
}

fn body(template: &Template, component: &Value, given: &[Given<'_>]) -> Result<String, GraphError> {
    fill(template, "body", text_of(component, "text"), given, None)
}

fn buttons(template: &Template, component: &Value, given: &[Given<'_>]) -> Result<Vec<Choice>, GraphError> {
    let none = Vec::new();
    let buttons = component.get("buttons").and_then(Value::as_array).unwrap_or(&none);
    let mut choices = Vec::new();
    for (index, button) in buttons.iter().enumerate() {
        let kind = kind_of(button);
        match kind.as_str() {
            "QUICK_REPLY" => {
                let text = text_of(button, "text");
                let payload = given
                    .iter()
                    .find(|part| part.kind == "button" && part.index == Some(index))
                    .and_then(|part| part.parameters.first());
                let payload = match payload {
                    Some(parameter) => parameter.text("payload")?,
                    None => text,
                };
                choices.push(Choice::TemplateButton { payload: payload.to_owned(), text: text.to_owned() });
            }
            "URL" => {
                fill(template, "button", text_of(button, "url"), given, Some(index))?;
            }
            _ => {}
        }
    }
    Ok(choices)
}

/// Puts the given parameters into a text; they must be as many as its variables, or bear their names.
fn fill(
    template: &Template,
    part: &str,
    text: &str,
    given: &[Given<'_>],
    button: Option<usize>,
) -> Result<String, GraphError> {
    let variables = variables(text);
    let none = Vec::new();
    let parameters =
        given.iter().find(|given| given.kind == part && given.index == button).map_or(&none, |given| &given.parameters);
    if parameters.is_empty()
        && !variables.is_empty()
        && let Some(index) = button
    {
        return Err(GraphError::new(131_008)
            .details(format!("buttons: Button at index {index} of type Url requires a parameter")));
    }
    // The address of a button has one nameless variable in both formats.
    let named = template.parameter_format == "NAMED" && button.is_none();
    let mut values = BTreeMap::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let name = if named {
            match parameter.optional_text("parameter_name")? {
                Some(name) if !name.is_empty() => name.to_owned(),
                _ => {
                    return Err(GraphError::new(100).details("Parameter name is missing or empty"));
                }
            }
        } else {
            (index + 1).to_string()
        };
        values.insert(name, written(parameter)?);
    }
    let fits = values.len() == variables.len()
        && parameters.len() == variables.len()
        && variables.iter().all(|variable| values.contains_key(variable));
    if !fits {
        return Err(GraphError::new(132_000).details(format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            parameters.len(),
            variables.len()
        )));
    }
    Ok(values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value)))
}

/// A parameter as the customer reads it.
fn written(parameter: &Fields<'_>) -> Result<String, GraphError> {
    let text = match parameter.text("type")? {
        "text" | "payload" => {
            let text = parameter.optional_text("text")?;
            match text {
                Some(text) => text,
                None => parameter.text("payload")?,
            }
        }
        kind @ ("currency" | "date_time") => parameter.object(kind)?.text("fallback_value")?,
        other => {
            return Err(GraphError::new(132_012).details(format!("Parameter of type {other} does not fit here")));
        }
    };
    if text.contains(['\n', '\t']) || text.contains("     ") {
        return Err(GraphError::new(100)
            .details("Param text cannot have new-line/tab characters or more than 4 consecutive spaces"));
    }
    Ok(text.to_owned())
}

/// The names inside of `{{…}}`, each once, in their order.
pub(in crate::meta) fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        if let Some((name, _)) = piece.split_once("}}")
            && !found.iter().any(|known| known == name)
        {
            found.push(name.to_owned());
        }
    }
    found
}

/// The type of a component or button; Meta takes either case.
fn kind_of(value: &Value) -> String {
    text_of(value, "type").to_ascii_uppercase()
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

//! TypeScript types of the API, made from the OpenAPI document.

use serde_json::{Map, Value};
use utoipa::OpenApi as _;

use crate::routes::openapi::ApiDoc;

/// The OpenAPI document as text.
#[must_use]
pub fn openapi_json() -> String {
    // The document is plain data; there is nothing in it that cannot be written.
    let mut text = ApiDoc::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// One exported type for each schema of the document.
#[must_use]
pub fn declarations() -> String {
    let document = serde_json::to_value(ApiDoc::openapi()).unwrap_or_default();
    let mut text = String::from(
        "// Types of the HTTP interface of comms-server, made from its OpenAPI document.\n// Do not edit: `comms-server openapi --typescript` writes them.\n",
    );
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        text.push_str(&comment(schema, ""));
        text.push_str(&format!("export type {name} = {};\n", kind(schema, "")));
    }
    text
}

fn kind(schema: &Value, indent: &str) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or("unknown").to_owned();
    }
    for (word, sign) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(parts) = schema[word].as_array() {
            let parts: Vec<String> = parts.iter().map(|part| kind(part, indent)).collect();
            return parts.join(sign);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        return values.join(" | ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let kinds: Vec<String> =
                kinds.iter().filter_map(Value::as_str).map(|one| plain(one, schema, indent)).collect();
            kinds.join(" | ")
        }
        Value::String(one) => plain(one, schema, indent),
        _ => "unknown".to_owned(),
    }
}

fn plain(name: &str, schema: &Value, indent: &str) -> String {
    match name {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => {
            let item = kind(&schema["items"], indent);
            if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" => match (schema["properties"].as_object(), &schema["additionalProperties"]) {
            (Some(properties), _) => object(properties, schema, indent),
            (None, Value::Object(_)) => {
                format!("Record<string, {}>", kind(&schema["additionalProperties"], indent))
            }
            _ => "Record<string, unknown>".to_owned(),
        },
        _ => "unknown".to_owned(),
    }
}

fn object(properties: &Map<String, Value>, schema: &Value, indent: &str) -> String {
    let inner = format!("{indent}  ");
    let required = schema["required"].as_array();
    let mut text = String::from("{\n");
    for (name, property) in properties {
        let needed = required.is_some_and(|names| names.iter().any(|one| one == name));
        let mark = if needed { "" } else { "?" };
        text.push_str(&comment(property, &inner));
        text.push_str(&format!("{inner}{name}{mark}: {};\n", kind(property, &inner)));
    }
    text.push_str(indent);
    text.push('}');
    text
}

fn comment(schema: &Value, indent: &str) -> String {
    match schema["description"].as_str() {
        Some(words) => format!("{indent}/** {} */\n", words.replace('\n', " ").replace("*/", "* /")),
        None => String::new(),
    }
}

//! Dynamic templates in the model's terms.

use std::collections::BTreeSet;

use comms_core::{TemplateSummary, TemplateVariable};
use comms_http::{Result, pages};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};

use crate::{Client, model::template::Template};

/// Those that have a version that is sent. A list tells them without their texts, so that each is read by itself.
pub(super) async fn usable(client: &Client) -> Result<Vec<TemplateSummary>> {
    let all = pages(|cursor| async move { client.templates().page(cursor.as_deref()).await });
    let all: Vec<Template> = all.try_collect().await?;
    let mut summaries = Vec::new();
    for template in all.into_iter().filter(|template| template.active().is_some()) {
        let whole = client.templates().get(&template.id).await?;
        summaries.extend(summary(&whole));
    }
    Ok(summaries)
}

/// A template is sent by its id, which is therefore its name here.
fn summary(template: &Template) -> Option<TemplateSummary> {
    let version = template.active()?;
    let body = version.plain_content.clone().filter(|text| !text.trim().is_empty());
    let body = body.or_else(|| version.html_content.as_deref().map(comms_mime::html::to_text)).unwrap_or_default();
    let examples: Map<String, Value> =
        version.test_data.as_deref().and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
    let texts = [Some(&version.subject), version.html_content.as_ref(), version.plain_content.as_ref()];
    let names: BTreeSet<String> = texts.into_iter().flatten().flat_map(|text| placeholders(text)).collect();
    let variable = |name: String| TemplateVariable {
        component: "body".to_owned(),
        format: "text".to_owned(),
        example: examples.get(&name).and_then(Value::as_str).map(str::to_owned),
        name,
    };
    Some(TemplateSummary {
        name: template.id.clone(),
        language: String::new(),
        category: template.name.clone(),
        body,
        variables: names.into_iter().map(variable).collect(),
    })
}

/// The names between braces; blocks, comments and helpers are none.
fn placeholders(text: &str) -> Vec<String> {
    let inside = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name);
    let names = inside.map(|name| name.trim_matches(|c: char| c == '{' || c == '}' || c.is_whitespace()));
    let plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    names.filter(plain).filter(|name| *name != "else").map(str::to_owned).collect()
}

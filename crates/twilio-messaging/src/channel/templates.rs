//! Content templates in the model's terms.

use std::collections::BTreeSet;

use comms_core::{TemplateSummary, TemplateVariable};
use comms_http::Result;
use futures_util::TryStreamExt;
use serde_json::Value;

use crate::{Client, model::content::Content};

/// Those that can be sent now: on WhatsApp what WhatsApp approved, as SMS every one that has a text.
pub(super) async fn usable(client: &Client, whatsapp: bool) -> Result<Vec<TemplateSummary>> {
    let all = client.contents().list_with_approvals()?;
    let usable = all.try_filter(|content| std::future::ready(!whatsapp || content.is_approved()));
    usable.try_filter_map(|content| std::future::ready(Ok(summary(content)))).try_collect().await
}

/// A template is sent by its id, which is therefore its name here.
fn summary(content: Content) -> Option<TemplateSummary> {
    let body = content.body()?.to_owned();
    let category = content.approval_requests.as_ref().and_then(|approval| approval.category.clone());
    Some(TemplateSummary {
        variables: variables(&content, &body),
        name: content.sid?,
        language: content.language.unwrap_or_default(),
        category: category.unwrap_or_default(),
        body,
    })
}

/// What stands between `{{` and `}}` in any form, and what has an example.
fn variables(content: &Content, body: &str) -> Vec<TemplateVariable> {
    let examples = content.variables.clone().unwrap_or_default();
    let mut names: BTreeSet<String> = examples.keys().cloned().collect();
    names.extend(placeholders(body));
    for form in content.types.iter().flat_map(|types| types.values()) {
        names.extend(placeholders(&form.to_string()));
    }
    let mut names: Vec<String> = names.into_iter().collect();
    // 10 comes after 9.
    names.sort_by_key(|name| (name.parse::<u32>().unwrap_or(u32::MAX), name.clone()));
    let variable = |name: String| TemplateVariable {
        component: "body".to_owned(),
        format: "text".to_owned(),
        example: examples.get(&name).and_then(Value::as_str).map(str::to_owned),
        name,
    };
    names.into_iter().map(variable).collect()
}

fn placeholders(text: &str) -> Vec<String> {
    text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
}

//! Templates in the model's terms.

use comms_core::{TemplateSummary, TemplateVariable};
use comms_http::Result;
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    Client,
    api::templates::TemplateFilter,
    model::template::{Template, Variable},
};

/// Those that can be sent now.
pub(super) async fn usable(client: &Client) -> Result<Vec<TemplateSummary>> {
    client
        .templates()
        .list(TemplateFilter::usable())
        // The filter is a request to the provider, what it answers a fact.
        .try_filter(|template| std::future::ready(template.is_usable()))
        .map(|template| template.map(summary))
        .try_collect()
        .await
}

fn summary(template: Template) -> TemplateSummary {
    TemplateSummary {
        body: template.body().unwrap_or_default().to_owned(),
        variables: template.variables().into_iter().map(variable).collect(),
        name: template.name,
        language: template.language,
        category: template.category.as_str().to_owned(),
    }
}

fn variable(variable: Variable) -> TemplateVariable {
    TemplateVariable {
        component: variable.component,
        name: variable.name,
        format: variable.format,
        example: variable.example,
    }
}

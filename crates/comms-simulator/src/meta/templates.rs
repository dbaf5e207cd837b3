//! Templates: list, create, look up, edit, delete.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::double::{Answer, Call};

use super::{
    Answered, Meta,
    config::{Template, Waba},
    error::GraphError,
    outbox::Update,
    paging::page,
};

/// Templates of one account, for the memory's sake; Meta's own limit for verified businesses.
const MAX_TEMPLATES: usize = 6_000;
const CATEGORIES: &[&str] = &["AUTHENTICATION", "MARKETING", "UTILITY"];

/// Whether some account has a template with this id.
pub(crate) fn exists(meta: &Meta, id: &str) -> bool {
    with_template(meta, id, |_, _| ()).is_some()
}

pub(crate) fn list(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let waba = waba(&settings.meta, call, path)?;
    let wanted = |name: &str, value: &str| {
        let filter = call.query.get(name).map(String::as_str);
        filter.is_none_or(|filter| filter.eq_ignore_ascii_case(value))
    };
    let rows = meta.state(|state| {
        let templates = state.templates(waba).iter();
        let templates = templates.filter(|template| {
            wanted("name", &template.name)
                && wanted("language", &template.language)
                && wanted("status", &template.status)
                && wanted("category", &template.category)
        });
        templates.map(written).collect::<Vec<_>>()
    });
    page(meta, call, rows)
}

pub(crate) fn create(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let waba = waba(&settings.meta, call, path)?;
    let parameters = call.parameters();
    let mut template = read(&parameters)?;
    template.id = meta.core().fresh_number();
    meta.state(|state| {
        let templates = state.templates(waba);
        let same = |known: &Template| known.name == template.name && known.language == template.language;
        if templates.iter().any(same) {
            return Err(GraphError::new(100).message("Invalid parameter").subcode(2_388_024).for_user(
                "Content in this language already exists",
                "There is already content for this template in this language. Create a new template instead.",
            ));
        }
        if templates.len() >= MAX_TEMPLATES {
            return Err(GraphError::new(100)
                .message("Invalid parameter")
                .subcode(2_388_019)
                .for_user("Message template limit exceeded", "The account has as many templates as it may have."));
        }
        templates.push(template.clone());
        Ok(())
    })?;
    Ok(Answer::json(200, &json!({"id": template.id, "status": template.status, "category": template.category})))
}

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    with_template(meta, path[0], |_, template| written(template))
        .map(|template| Answer::json(200, &template))
        .ok_or_else(|| GraphError::no_object(&call.method, path[0]))
}

pub(crate) fn edit(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let parameters = call.parameters();
    let components = match parameters.get("components") {
        Some(Value::Array(list)) => Some(list.clone()),
        None => None,
        Some(_) => return Err(GraphError::parameter("Param components must be an array.")),
    };
    let category = parameters.get("category").and_then(Value::as_str).map(str::to_owned);
    with_template(meta, path[0], |_, template| {
        if let Some(components) = components {
            template.components = components;
        }
        if let Some(category) = category {
            template.category = category;
        }
        // What was changed is looked at again.
        "PENDING".clone_into(&mut template.status);
    })
    .ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
    Ok(Answer::json(200, &json!({"success": true})))
}

/// Deletes every language of a name, or the one template that `hsm_id` names.
pub(crate) fn delete(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let waba = waba(&settings.meta, call, path)?;
    let parameters = call.parameters();
    let name = parameters.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| GraphError::parameter("The parameter name is required."))?;
    let id = parameters.get("hsm_id").and_then(Value::as_str);
    let removed = meta.state(|state| {
        let templates = state.templates(waba);
        let before = templates.len();
        templates.retain(|template| template.name != name || id.is_some_and(|id| id != template.id));
        before - templates.len()
    });
    if removed == 0 {
        return Err(GraphError::new(100)
            .message("Invalid parameter")
            .subcode(2_593_002)
            .for_user("Message Template Not Found", "The message template with the given name was not found."));
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

impl Meta {
    /// Decides about a template, as Meta's review does, and tells the app (`message_template_status_update`).
    ///
    /// # Errors
    /// [`Refused::Invalid`](crate::Refused::Invalid) where no template has this id.
    pub fn review_template(&self, id: &str, status: &str) -> Result<(), crate::Refused> {
        let reviewed = with_template(self, id, |waba_id, template| {
            status.clone_into(&mut template.status);
            (waba_id.to_owned(), template.clone())
        });
        let (waba_id, template) =
            reviewed.ok_or_else(|| crate::Refused::Invalid(format!("no template has the id {id:?}")))?;
        let number = template.id.parse::<u64>();
        self.publish(
            None,
            Update {
                waba_id,
                field: "message_template_status_update".to_owned(),
                value: json!({
                    "event": status,
                    "message_template_id": number.map_or_else(|_| json!(template.id), |id| json!(id)),
                    "message_template_name": template.name,
                    "message_template_language": template.language,
                    "reason": "NONE",
                    "message_template_category": template.category,
                }),
                subject: crate::ledger::Subject {
                    kind: "message_template_status_update".to_owned(),
                    id: template.id,
                    status: Some(status.to_owned()),
                },
            },
        );
        Ok(())
    }
}

fn read(parameters: &Map<String, Value>) -> Result<Template, GraphError> {
    let text = |name: &str| {
        let value = parameters.get(name).and_then(Value::as_str);
        value.ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required.")))
    };
    let name = text("name")?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        return Err(GraphError::parameter("Param name must contain only lower-case letters, digits and underscores.")
            .subcode(2_388_047));
    }
    let category = text("category")?.to_ascii_uppercase();
    if !CATEGORIES.contains(&category.as_str()) {
        return Err(GraphError::parameter(format!(
            "Param category must be one of {{{}}} - got \"{category}\".",
            CATEGORIES.join(", ")
        )));
    }
    let components = match parameters.get("components") {
        Some(Value::Array(list)) if !list.is_empty() => list.clone(),
        // A form carries the list as a text.
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| GraphError::parameter("Param components must be an array."))?
        }
        _ => {
            return Err(GraphError::parameter("The parameter components is required."));
        }
    };
    let format = parameters.get("parameter_format").and_then(Value::as_str);
    let template = Template {
        id: String::new(),
        name: name.to_owned(),
        language: text("language")?.to_owned(),
        category,
        status: "PENDING".to_owned(),
        parameter_format: format.unwrap_or("POSITIONAL").to_ascii_uppercase(),
        components,
    };
    check_components(&template)?;
    Ok(template)
}

/// One component of each kind, a body, an example for every variable.
fn check_components(template: &Template) -> Result<(), GraphError> {
    let mut seen = BTreeSet::new();
    for component in &template.components {
        let field = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = field("type").to_ascii_uppercase();
        if kind.is_empty() {
            return Err(GraphError::parameter("The parameter components['type'] is required."));
        }
        let has_variables = !super::messages::variables(field("text")).is_empty();
        if has_variables && component.get("example").is_none() {
            return Err(GraphError::new(100).message("Invalid parameter").subcode(2_388_043).for_user(
                "Message template has no examples",
                &format!("The {kind} component has variables but no example."),
            ));
        }
        if !seen.insert(kind.clone()) {
            return Err(GraphError::parameter(format!("There may be one {kind} component only.")));
        }
    }
    if seen.contains("BODY") {
        return Ok(());
    }
    Err(GraphError::parameter("A template needs a BODY component."))
}

fn waba<'a>(config: &'a super::MetaConfig, call: &Call, path: &[&str]) -> Result<&'a Waba, GraphError> {
    config.waba(path[0]).ok_or_else(|| GraphError::no_object(&call.method, path[0]))
}

/// Acts on the template with this id and the id of its account.
fn with_template<T>(meta: &Meta, id: &str, act: impl FnOnce(&str, &mut Template) -> T) -> Option<T> {
    let settings = meta.settings();
    meta.state(|state| {
        for waba in &settings.meta.wabas {
            let mut templates = state.templates(waba).iter_mut();
            if let Some(template) = templates.find(|template| template.id == id) {
                return Some(act(&waba.id, template));
            }
        }
        None
    })
}

fn written(template: &Template) -> Value {
    json!({
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "status": template.status,
        "parameter_format": template.parameter_format,
        "components": template.components,
    })
}

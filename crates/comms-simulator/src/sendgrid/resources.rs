//! Templates, and what is said of webhooks.

use serde_json::{Value, json};

use super::{Answered, Sendgrid, WEBHOOK_KEY, endpoints::Request, error::SendgridError, mail::nothing};
use crate::double::Answer;

impl Sendgrid {
    /// The templates as they are now.
    pub(super) fn templates(&self) -> Vec<Value> {
        let changed = self.state(|state| state.templates.clone());
        changed.unwrap_or_else(|| self.settings().sendgrid.templates.clone())
    }

    fn change_templates<T>(
        &self,
        change: impl FnOnce(&mut Vec<Value>) -> Result<T, SendgridError>,
    ) -> Result<T, SendgridError> {
        let mut templates = self.templates();
        let changed = change(&mut templates)?;
        self.state(|state| state.templates = Some(templates));
        Ok(changed)
    }
}

/// `GET /v3/templates`: without the texts of the versions.
pub(super) fn templates(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let query = &request.call.query;
    let size: usize = query.get("page_size").and_then(|size| size.parse().ok()).unwrap_or(20);
    let from: usize = query.get("page_token").and_then(|token| token.parse().ok()).unwrap_or_default();
    let mut all = sendgrid.templates();
    let count = all.len();
    let mut page: Vec<Value> = all.drain(from.min(count)..(from + size).min(count)).collect();
    for version in page.iter_mut().filter_map(|template| template["versions"].as_array_mut()).flatten() {
        for text in ["html_content", "plain_content", "test_data"] {
            version.as_object_mut().and_then(|version| version.remove(text));
        }
    }
    let mut metadata = json!({"count": count});
    if from + size < count {
        let base = sendgrid.core().public_url();
        metadata["next"] = json!(format!("{base}/v3/templates?page_size={size}&page_token={}", from + size));
    }
    Ok(Answer::json(200, &json!({"result": page, "_metadata": metadata})))
}

/// `GET /v3/templates/{}`.
pub(super) fn template(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let mut all = sendgrid.templates();
    Ok(Answer::json(200, find(&mut all, request.id(0))?))
}

/// `POST /v3/templates`.
pub(super) fn create_template(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let name = required(request, "name")?;
    let template = json!({
        "id": format!("d-{}", sendgrid.core().fresh().simple()), "name": name, "generation": "dynamic",
        "updated_at": "2026-11-01 10:00:00", "versions": [],
    });
    sendgrid.change_templates(|all| {
        all.push(template.clone());
        Ok(())
    })?;
    Ok(Answer::json(201, &template))
}

/// `PATCH /v3/templates/{}`.
pub(super) fn rename_template(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let name = required(request, "name")?;
    let changed = sendgrid.change_templates(|all| {
        let template = find(all, request.id(0))?;
        template["name"] = json!(name);
        Ok(template.clone())
    })?;
    Ok(Answer::json(200, &changed))
}

/// `DELETE /v3/templates/{}`.
pub(super) fn delete_template(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    sendgrid.change_templates(|all| {
        find(all, request.id(0))?;
        all.retain(|template| template["id"] != request.id(0));
        Ok(())
    })?;
    Ok(nothing())
}

/// `POST /v3/templates/{}/versions`.
pub(super) fn create_version(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    required(request, "name")?;
    required(request, "subject")?;
    let mut version = request.call.json().unwrap_or_default();
    version["id"] = json!(sendgrid.core().fresh());
    version["template_id"] = json!(request.id(0));
    sendgrid.change_templates(|all| {
        let versions = versions(find(all, request.id(0))?)?;
        if versions.is_empty() {
            version["active"] = json!(1);
        } else if version["active"] == 1 {
            versions.iter_mut().for_each(|other| other["active"] = json!(0));
        }
        versions.push(version.clone());
        Ok(())
    })?;
    Ok(Answer::json(201, &version))
}

/// `PATCH /v3/templates/{}/versions/{}`.
pub(super) fn change_version(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let patch = request.call.json().unwrap_or_default();
    let changed = sendgrid.change_templates(|all| {
        let version = find(versions(find(all, request.id(0))?)?, request.id(1))?;
        for (name, value) in patch.as_object().into_iter().flatten() {
            version[name] = value.clone();
        }
        Ok(version.clone())
    })?;
    Ok(Answer::json(200, &changed))
}

/// `POST /v3/templates/{}/versions/{}/activate`.
pub(super) fn activate_version(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    let changed = sendgrid.change_templates(|all| {
        let versions = versions(find(all, request.id(0))?)?;
        find(versions, request.id(1))?;
        versions.iter_mut().for_each(|other| other["active"] = json!(i32::from(other["id"] == request.id(1))));
        Ok(find(versions, request.id(1))?.clone())
    })?;
    Ok(Answer::json(200, &changed))
}

/// `DELETE /v3/templates/{}/versions/{}`.
pub(super) fn delete_version(sendgrid: &Sendgrid, request: &Request<'_>) -> Answered {
    sendgrid.change_templates(|all| {
        let versions = versions(find(all, request.id(0))?)?;
        find(versions, request.id(1))?;
        versions.retain(|version| version["id"] != request.id(1));
        Ok(())
    })?;
    Ok(nothing())
}

/// `GET /v3/user/webhooks/event/settings/signed/{}`.
pub(super) fn event_key(_: &Sendgrid, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &json!({"id": request.id(0), "public_key": WEBHOOK_KEY})))
}

/// `GET /v3/user/webhooks/parse/settings`.
pub(super) fn parse_settings(sendgrid: &Sendgrid, _: &Request<'_>) -> Answered {
    let settings = sendgrid.settings();
    let one = |hook: &super::ParseHook| json!({"hostname": hook.hostname, "url": hook.url, "send_raw": hook.send_raw, "spam_check": false});
    let all: Vec<Value> = settings.sendgrid.parse.iter().map(one).collect();
    Ok(Answer::json(200, &json!({"result": all})))
}

/// `GET /v3/user/webhooks/security/policies`.
pub(super) fn policies(_: &Sendgrid, _: &Request<'_>) -> Answered {
    let policy = json!({"id": "00000000-0000-4000-8000-000000000002", "name": "entrada", "signature": {"public_key": WEBHOOK_KEY}});
    Ok(Answer::json(200, &json!({"policies": [policy]})))
}

fn find<'a>(all: &'a mut [Value], id: &str) -> Result<&'a mut Value, SendgridError> {
    all.iter_mut().find(|one| one["id"] == id).ok_or_else(SendgridError::not_found)
}

fn versions(template: &mut Value) -> Result<&mut Vec<Value>, SendgridError> {
    template["versions"].as_array_mut().ok_or_else(SendgridError::not_found)
}

fn required(request: &Request<'_>, name: &str) -> Result<String, SendgridError> {
    let body = request.call.json().unwrap_or_default();
    let value = body[name].as_str().filter(|value| !value.is_empty()).map(str::to_owned);
    value.ok_or_else(|| SendgridError::field(name, format!("{name} is required")))
}

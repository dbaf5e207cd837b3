//! Content templates and what WhatsApp decides about them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::double::Answer;

use super::{
    Answered, Request, Twilio,
    config::{Account, ContentTemplate},
    dates,
    error::TwilioError,
    ids, media, paging,
};

/// What a template is made of.
#[derive(Deserialize)]
struct Draft {
    #[serde(default)]
    friendly_name: String,
    language: String,
    #[serde(default)]
    variables: Map<String, Value>,
    types: Map<String, Value>,
}

impl Twilio {
    /// Lets WhatsApp decide about a template: `approved`, `rejected`, `paused`, `disabled` …; whether there is one.
    pub fn review_content(&self, sid: &str, decision: &str) -> bool {
        let settings = self.settings();
        let configured = settings.twilio.accounts.iter().flat_map(|account| &account.contents);
        let known = configured.map(|content| &content.sid).any(|known| known == sid);
        self.state(|state| {
            let known = known || state.contents.iter().any(|(_, content)| content.sid == sid);
            if known {
                state.approvals.insert(sid.to_owned(), decision.to_owned());
            }
            known
        })
    }

    /// The templates of an account, those of the configuration first.
    pub(crate) fn contents_of(&self, account: &Account) -> Vec<ContentTemplate> {
        let made = self.state(|state| {
            let own = state.contents.iter().filter(|(owner, _)| *owner == account.sid);
            own.map(|(_, content)| content.clone()).collect::<Vec<_>>()
        });
        account.contents.iter().cloned().chain(made).collect()
    }

    /// What WhatsApp decided.
    pub(crate) fn approval(&self, content: &ContentTemplate) -> String {
        let decided = self.state(|state| state.approvals.get(&content.sid).cloned());
        let usual = if content.approval.is_empty() { "unsubmitted" } else { &content.approval };
        decided.unwrap_or_else(|| usual.to_owned())
    }

    fn content(&self, request: &Request<'_>) -> Result<ContentTemplate, TwilioError> {
        let found = self.contents_of(&request.account).into_iter().find(|content| content.sid == request.id(0));
        found.ok_or_else(|| request.not_found())
    }

    fn content_view(&self, request: &Request<'_>, content: &ContentTemplate) -> Value {
        let date = dates::iso(request.call.now);
        let url = format!("{}/v1/Content/{}", self.core().public_url(), content.sid);
        json!({
            "sid": content.sid,
            "account_sid": request.account.sid,
            "friendly_name": content.friendly_name,
            "language": content.language,
            "variables": content.variables,
            "types": content.types,
            "url": url,
            "date_created": date,
            "date_updated": date,
            "links": {
                "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
                "approval_fetch": format!("{url}/ApprovalRequests"),
            },
        })
    }
}

fn approval_view(content: &ContentTemplate, name: &str, category: &str, status: &str) -> Value {
    json!({
        "type": "whatsapp",
        "name": name,
        "category": category,
        "content_type": content.types.keys().next(),
        "status": status,
        "rejection_reason": if status == "rejected" { "INVALID_FORMAT" } else { "" },
        "allow_category_change": true,
    })
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let contents = twilio.contents_of(&request.account);
    let rows = contents.iter().map(|content| twilio.content_view(request, content)).collect();
    paging::page_v1(twilio, request, "contents", rows)
}

pub(crate) fn list_with_approvals(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let row = |content: &ContentTemplate| {
        let mut view = twilio.content_view(request, content);
        let mut approval = approval_view(content, &content.friendly_name, &content.category, &twilio.approval(content));
        if let (Some(view), Some(approval)) = (view.as_object_mut(), approval.as_object_mut()) {
            approval.remove("type");
            ["url", "links"].iter().for_each(|name| drop(view.remove(*name)));
            view.insert("approval_requests".to_owned(), Value::Object(std::mem::take(approval)));
        }
        view
    };
    let rows = twilio.contents_of(&request.account).iter().map(row).collect();
    paging::page_v1(twilio, request, "contents", rows)
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let content = twilio.content(request)?;
    Ok(Answer::json(200, &twilio.content_view(request, &content)))
}

pub(crate) fn create(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let draft: Draft = serde_json::from_slice(&request.call.body)
        .map_err(|error| TwilioError::new(20001).message(format!("Invalid body: {error}")))?;
    let variables = draft.variables.iter();
    let content = ContentTemplate {
        sid: ids::sid(twilio.core(), "HX"),
        friendly_name: draft.friendly_name,
        language: draft.language,
        variables: variables
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        types: draft.types,
        approval: "unsubmitted".to_owned(),
        category: String::new(),
    };
    twilio.state(|state| state.contents.push((request.account.sid.clone(), content.clone())));
    Ok(Answer::json(201, &twilio.content_view(request, &content)))
}

/// Deletes a template that was made over the API; those of the configuration stay.
pub(crate) fn delete(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let content = twilio.content(request)?;
    let removed = twilio.state(|state| {
        let before = state.contents.len();
        state.contents.retain(|(_, made)| made.sid != content.sid);
        before > state.contents.len()
    });
    if removed { Ok(media::no_content()) } else { Err(TwilioError::new(20006)) }
}

pub(crate) fn approvals(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let content = twilio.content(request)?;
    let status = twilio.approval(&content);
    let url = format!("{}/v1/Content/{}/ApprovalRequests", twilio.core().public_url(), content.sid);
    Ok(Answer::json(
        200,
        &json!({
            "sid": content.sid,
            "account_sid": request.account.sid,
            "whatsapp": approval_view(&content, &content.friendly_name, &content.category, &status),
            "url": url,
        }),
    ))
}

pub(crate) fn ask_approval(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let content = twilio.content(request)?;
    let asked = request.call.json().unwrap_or_default();
    let text = |name: &str| asked.get(name).and_then(Value::as_str).map(str::to_owned);
    let missing = |name: &str| TwilioError::new(20001).message(format!("{name} is required"));
    let name = text("name").ok_or_else(|| missing("name"))?;
    let category = text("category").ok_or_else(|| missing("category"))?;
    twilio.state(|state| state.approvals.insert(content.sid.clone(), "received".to_owned()));
    Ok(Answer::json(201, &approval_view(&content, &name, &category, "received")))
}

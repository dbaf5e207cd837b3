//! Sends: checked as Meta checks them, accepted, followed by statuses.

mod content;
mod fields;
mod interactive;
mod template;

use serde_json::{Map, Value, json};

use crate::double::{Answer, Call};

use super::{
    Answered, Meta,
    config::{Phone, WindowPolicy},
    customer::Heard,
    error::{GraphError, webhook_error},
    identity::{self, Recipient},
    ids::{self, Author},
    status::Message,
};
use fields::{Fields, limit};
pub(super) use template::variables;

/// The types that a message may have.
const TYPES: &[&str] = &[
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];
/// The longest `biz_opaque_callback_data`.
const MAX_CALLBACK_DATA: usize = 512;

/// What a message is, once it is known to be right.
pub(super) struct Checked {
    pub kind: String,
    /// What the customer reads, for the one who answers by script.
    pub text: String,
    /// The buttons or rows that the customer may tap: id and title.
    pub choices: Vec<Choice>,
    /// The category of a template.
    pub category: Option<String>,
}

/// Something to tap.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    TemplateButton { payload: String, text: String },
    Button { id: String, title: String },
    Row { id: String, title: String, description: Option<String> },
}

/// `POST /{phone}/messages`.
pub(crate) fn send(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let phone = settings.meta.phone(path[0]);
    let phone = phone.ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
    let Some(Value::Object(body)) = call.json() else {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    };
    if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    if !meta.state(|state| state.phone(phone).registered) {
        return Err(GraphError::new(133_010)
            .details("The account does not exist in our systems; register the phone number first."));
    }
    if body.contains_key("status") {
        return mark_read(&body);
    }
    let recipient = recipient(meta, &body, phone)?;
    let checked = check(meta, &body, phone, call)?;
    check_envelope(&body)?;
    let failure = failure(meta, phone, &recipient, &checked, call)?;
    Ok(accept(meta, phone, recipient, checked, failure, &body))
}

/// "Read" and "typing" are told about a customer's message; they send nothing.
fn mark_read(body: &Map<String, Value>) -> Answered {
    let body = Fields::new("", body);
    if body.text("status")? != "read" {
        return Err(GraphError::parameter("Param status must be one of {READ}."));
    }
    if !body.text("message_id")?.starts_with("wamid.") {
        return Err(GraphError::invalid("message_id is not a WhatsApp message id"));
    }
    if let Some(indicator) = body.optional_object("typing_indicator")?
        && indicator.text("type")? != "text"
    {
        return Err(GraphError::parameter("Param typing_indicator['type'] must be one of {TEXT}."));
    }
    Ok(Answer::json(200, &json!({"success": true})))
}

fn recipient(meta: &Meta, body: &Map<String, Value>, phone: &Phone) -> Result<Recipient, GraphError> {
    let settings = meta.settings();
    let given = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let group = match given("recipient_type") {
        None | Some("individual") => false,
        Some("group") => true,
        Some(_) => {
            return Err(GraphError::parameter("Param recipient_type must be one of {INDIVIDUAL, GROUP}."));
        }
    };
    // Where both are given, `to` wins.
    if let Some(to) = given("to") {
        let customer = if group {
            super::config::Customer::hidden(to)
        } else {
            settings.meta.by_number(&identity::normalise(to, phone)?)
        };
        if customer.wa_id.as_deref() == Some(phone.number.as_str()) {
            return Err(GraphError::new(131_021).details("The recipient is the sender."));
        }
        return Ok(Recipient { input: to.to_owned(), customer, by_user_id: false, group });
    }
    let Some(user_id) = given("recipient") else {
        return Err(GraphError::missing("to"));
    };
    if !identity::is_user_id(user_id) {
        return Err(GraphError::invalid("recipient is not a business-scoped user id"));
    }
    Ok(Recipient {
        input: user_id.to_owned(),
        customer: settings.meta.by_user_id(user_id),
        by_user_id: true,
        group: false,
    })
}

fn check(meta: &Meta, body: &Map<String, Value>, phone: &Phone, call: &Call) -> Result<Checked, GraphError> {
    let body = Fields::new("", body);
    let kind = body.optional_text("type")?.unwrap_or("text");
    if !TYPES.contains(&kind) {
        let names = TYPES.join(", ").to_uppercase();
        return Err(GraphError::parameter(format!("Param type must be one of {{{names}}} - got \"{kind}\".")));
    }
    match kind {
        "template" => template::check(meta, &body.object("template")?, phone),
        "interactive" => interactive::check(&body.object("interactive")?),
        _ => content::check(meta, kind, &body, call.now),
    }
}

fn check_envelope(body: &Map<String, Value>) -> Result<(), GraphError> {
    let body = Fields::new("", body);
    if let Some(context) = body.optional_object("context")? {
        context.text("message_id")?;
    }
    if let Some(data) = body.optional_text("biz_opaque_callback_data")? {
        limit("biz_opaque_callback_data", data, MAX_CALLBACK_DATA)?;
    }
    Ok(())
}

/// Why a message that is right will not arrive, as the error of its `failed` status.
fn failure(
    meta: &Meta,
    phone: &Phone,
    recipient: &Recipient,
    checked: &Checked,
    call: &Call,
) -> Result<Option<Value>, GraphError> {
    const WINDOW: &str =
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.";
    let customer = &recipient.customer;
    if customer.not_on_whatsapp {
        return Ok(Some(webhook_error(131_026, "Message Undeliverable.")));
    }
    let authentication = checked.category.as_deref() == Some("authentication");
    if recipient.by_user_id && authentication {
        return Err(
            GraphError::new(131_062).details("Authentication templates cannot be sent to a business-scoped user id.")
        );
    }
    let open = meta.state(|state| state.window_is_open(&phone.id, &customer.key(), call.now));
    if open || checked.category.is_some() || recipient.group {
        return Ok(None);
    }
    match meta.settings().meta.window {
        WindowPolicy::Open => Ok(None),
        WindowPolicy::FailedStatus => Ok(Some(webhook_error(131_047, WINDOW))),
        WindowPolicy::Refused => Err(GraphError::new(131_047).details(WINDOW)),
    }
}

fn accept(
    meta: &Meta,
    phone: &Phone,
    recipient: Recipient,
    checked: Checked,
    failure: Option<Value>,
    body: &Map<String, Value>,
) -> Answer {
    let customer = recipient.customer;
    let id = ids::message(meta.core(), Author::Business, &customer.key());
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let message = Message {
        id: id.clone(),
        phone_id: phone.id.clone(),
        customer: customer.clone(),
        by_user_id: recipient.by_user_id,
        callback_data: text("biz_opaque_callback_data"),
        category: checked.category.clone().unwrap_or_else(|| "service".to_owned()),
        group: recipient.group,
    };
    meta.follow(&message, failure.clone());
    if failure.is_none() && !recipient.group {
        meta.hear(&Heard { message, kind: checked.kind, text: checked.text, choices: checked.choices });
    }
    let mut contact = json!({"input": recipient.input});
    if recipient.by_user_id {
        contact["user_id"] = json!(customer.user_id());
    } else {
        contact["wa_id"] = json!(customer.key());
    }
    let mut sent = json!({"id": id});
    if checked.category.is_some() {
        sent["message_status"] = json!("accepted");
    }
    Answer::json(200, &json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}))
}

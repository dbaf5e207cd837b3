//! Buttons, lists, links, requests.

use crate::meta::error::GraphError;

use super::{Checked, Choice, fields::Fields};

const MAX_BODY: usize = 1024;
const MAX_LIST_BODY: usize = 4096;
const MAX_SHORT: usize = 60;
const MAX_BUTTONS: usize = 3;
const MAX_TITLE: usize = 20;
const MAX_BUTTON_ID: usize = 256;
const MAX_SECTIONS: usize = 10;
const MAX_ROWS: usize = 10;
const MAX_ROW_TITLE: usize = 24;
const MAX_ROW_ID: usize = 200;
const MAX_ROW_DESCRIPTION: usize = 72;

/// The kinds whose action the double does not look into.
const OTHERS: &[&str] = &[
    "address_message",
    "call_permission_request",
    "carousel",
    "catalog_message",
    "flow",
    "location_request_message",
    "order_details",
    "order_status",
    "product",
    "product_list",
    "request_contact_info",
    "voice_call",
];

pub(super) fn check(interactive: &Fields<'_>) -> Result<Checked, GraphError> {
    let kind = interactive.text("type")?;
    let action = interactive.object("action")?;
    let choices = match kind {
        "button" => buttons(&action)?,
        "list" => rows(&action)?,
        "cta_url" => {
            let parameters = action.object("parameters")?;
            parameters.limited("display_text", MAX_TITLE)?;
            parameters.text("url")?;
            Vec::new()
        }
        other if OTHERS.contains(&other) => Vec::new(),
        other => {
            return Err(GraphError::parameter(format!(
                "Param interactive['type'] must be one of {{BUTTON, LIST, CTA_URL, {}}} - got \"{other}\".",
                OTHERS.join(", ").to_uppercase()
            )));
        }
    };
    let most = if kind == "list" { MAX_LIST_BODY } else { MAX_BODY };
    let body = interactive.optional_object("body")?;
    let text = match body {
        Some(body) => body.limited("text", most)?,
        None if matches!(kind, "button" | "list" | "cta_url") => {
            return Err(GraphError::missing(&interactive.name("body")));
        }
        None => "",
    };
    if let Some(footer) = interactive.optional_object("footer")? {
        footer.limited("text", MAX_SHORT)?;
    }
    if let Some(header) = interactive.optional_object("header")?
        && header.text("type")? == "text"
    {
        header.limited("text", MAX_SHORT)?;
    }
    Ok(Checked { kind: "interactive".to_owned(), text: text.to_owned(), choices, category: None })
}

fn buttons(action: &Fields<'_>) -> Result<Vec<Choice>, GraphError> {
    let mut choices: Vec<Choice> = Vec::new();
    for button in action.list("buttons", MAX_BUTTONS)? {
        if button.text("type")? != "reply" {
            return Err(GraphError::parameter(format!("Param {} must be one of {{REPLY}}.", button.name("type"))));
        }
        let reply = button.object("reply")?;
        let (id, title) = (reply.limited("id", MAX_BUTTON_ID)?, reply.limited("title", MAX_TITLE)?);
        let repeated = |choice: &Choice| matches!(choice, Choice::Button { id: other, title: text } if other == id || text == title);
        if choices.iter().any(repeated) {
            return Err(GraphError::invalid("Buttons must have unique ids and titles"));
        }
        choices.push(Choice::Button { id: id.to_owned(), title: title.to_owned() });
    }
    Ok(choices)
}

fn rows(action: &Fields<'_>) -> Result<Vec<Choice>, GraphError> {
    action.limited("button", MAX_TITLE)?;
    let sections = action.list("sections", MAX_SECTIONS)?;
    let titled = sections.len() > 1;
    let mut choices: Vec<Choice> = Vec::new();
    for section in sections {
        if titled || section.value("title").is_some() {
            section.limited("title", MAX_ROW_TITLE)?;
        }
        for row in section.list("rows", MAX_ROWS)? {
            let (id, title) = (row.limited("id", MAX_ROW_ID)?, row.limited("title", MAX_ROW_TITLE)?);
            if row.value("description").is_some() {
                row.limited("description", MAX_ROW_DESCRIPTION)?;
            }
            if choices.iter().any(|choice| matches!(choice, Choice::Row { id: other, .. } if other == id)) {
                return Err(GraphError::invalid("Rows must have unique ids"));
            }
            choices.push(Choice::Row {
                id: id.to_owned(),
                title: title.to_owned(),
                description: row.optional_text("description")?.map(str::to_owned),
            });
        }
    }
    if choices.len() > MAX_ROWS {
        return Err(GraphError::invalid(format!("Total row count exceed max allowed count: {MAX_ROWS}")));
    }
    Ok(choices)
}

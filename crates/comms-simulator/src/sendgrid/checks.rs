//! What SendGrid refuses of a mail before it takes it.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::error::SendgridError;

type Checked = Result<(), SendgridError>;

/// The fields that SendGrid knows.
pub(super) const FIELDS: &[&str] = &[
    "personalizations",
    "from",
    "reply_to",
    "reply_to_list",
    "subject",
    "content",
    "attachments",
    "template_id",
    "headers",
    "categories",
    "custom_args",
    "send_at",
    "batch_id",
    "asm",
    "ip_pool_name",
    "mail_settings",
    "tracking_settings",
];

/// Headers that a mail may not set itself.
const RESERVED: [&str; 12] = [
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
];

const MOST_PERSONALIZATIONS: usize = 1_000;
const MOST_RECIPIENTS: usize = 1_000;
const MOST_CATEGORIES: usize = 10;
const LONGEST_ARGUMENTS: usize = 10_000;
/// Seventy-two hours.
const FARTHEST: i64 = 72 * 60 * 60;

/// The first thing that is wrong with a mail.
pub(super) fn mail(mail: &Map<String, Value>, now: i64) -> Checked {
    personalizations(mail)?;
    address(mail.get("from"), "from.email", "The from object must be provided for every email send.")?;
    replies(mail)?;
    subject(mail)?;
    content(mail)?;
    attachments(mail)?;
    headers(mail.get("headers"), "headers")?;
    categories(mail)?;
    arguments(mail)?;
    if let Some(at) = mail.get("send_at") {
        let at = at
            .as_i64()
            .ok_or_else(|| SendgridError::field("send_at", "The send_at parameter must be a Unix timestamp."))?;
        if at > now + FARTHEST {
            return Err(SendgridError::field(
                "send_at",
                "The send_at parameter can not be more than 72 hours in the future.",
            ));
        }
    }
    Ok(())
}

pub(super) fn list<'a>(of: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn personalizations(mail: &Map<String, Value>) -> Checked {
    let all = list(mail, "personalizations");
    if all.is_empty() {
        let message = "The personalizations field is required and must have at least one personalization.";
        return Err(SendgridError::field("personalizations", message));
    }
    if all.len() > MOST_PERSONALIZATIONS {
        return Err(SendgridError::field("personalizations", "There is a limit of 1000 personalizations per message."));
    }
    let mut recipients = 0;
    for (at, one) in all.iter().enumerate() {
        let place = format!("personalizations.{at}");
        let one = one.as_object().ok_or_else(|| SendgridError::field(&place, "must be an object"))?;
        if list(one, "to").is_empty() {
            let message = "The to array is required for all personalization objects, and must have at least one email object with a valid email address.";
            return Err(SendgridError::field(format!("{place}.to"), message));
        }
        let mut seen = BTreeSet::new();
        for name in ["to", "cc", "bcc"] {
            for (number, person) in list(one, name).iter().enumerate() {
                let field = format!("{place}.{name}.{number}.email");
                address(Some(person), &field, "Does not contain a valid address.")?;
                recipients += 1;
                let email = person["email"].as_str().unwrap_or_default().to_lowercase();
                if !seen.insert(email.clone()) {
                    let message = format!(
                        "Each email address in the personalization block should be unique between to, cc, and bcc. We found the first duplicate instance of [{email}] in the {place}.{name} field."
                    );
                    return Err(SendgridError::field(place, message));
                }
            }
        }
        headers(one.get("headers"), &format!("{place}.headers"))?;
    }
    if recipients > MOST_RECIPIENTS {
        return Err(SendgridError::field("personalizations", "There is a limit of 1000 recipients per message."));
    }
    Ok(())
}

/// SendGrid takes almost anything: one `@` with something on both sides will do.
fn address(person: Option<&Value>, field: &str, message: &str) -> Checked {
    let email = person.and_then(|person| person.get("email")).and_then(Value::as_str).unwrap_or_default();
    match email.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !email.contains(char::is_control) => Ok(()),
        _ => Err(SendgridError::field(field, message)),
    }
}

fn replies(mail: &Map<String, Value>) -> Checked {
    if mail.contains_key("reply_to") && mail.contains_key("reply_to_list") {
        return Err(SendgridError::field("reply_to_list", "Either reply_to or reply_to_list, not both."));
    }
    if let Some(reply_to) = mail.get("reply_to") {
        address(Some(reply_to), "reply_to.email", "The reply_to email does not contain a valid address.")?;
    }
    list(mail, "reply_to_list").iter().enumerate().try_for_each(|(at, person)| {
        address(
            Some(person),
            &format!("reply_to_list.{at}.email"),
            "The reply_to email does not contain a valid address.",
        )
    })
}

fn subject(mail: &Map<String, Value>) -> Checked {
    let has = |of: Option<&Value>| of.and_then(Value::as_str).is_some_and(|subject| !subject.is_empty());
    let each = list(mail, "personalizations").iter().all(|one| has(one.get("subject")));
    if mail.contains_key("template_id") || has(mail.get("subject")) || each {
        return Ok(());
    }
    let message = "The subject is required. You can get around this requirement if you use a template with a subject defined or if every personalization has a subject defined.";
    Err(SendgridError::field("subject", message))
}

fn content(mail: &Map<String, Value>) -> Checked {
    let all = list(mail, "content");
    if all.is_empty() && !mail.contains_key("template_id") {
        let message = "Unless a valid template_id is provided, the content parameter is required.";
        return Err(SendgridError::field("content", message));
    }
    let mut last = 0;
    for (at, one) in all.iter().enumerate() {
        for name in ["type", "value"] {
            if one[name].as_str().unwrap_or_default().is_empty() {
                let message = format!("The content {name} must be a string at least one character in length.");
                return Err(SendgridError::field(format!("content.{at}.{name}"), message));
            }
        }
        let place = match one["type"].as_str().unwrap_or_default() {
            "text/plain" => 0,
            "text/html" => 1,
            _ => 2,
        };
        if place < last {
            let message = "If present, text/plain must be first, followed by text/html, followed by any other content.";
            return Err(SendgridError::field("content", message));
        }
        last = place;
    }
    Ok(())
}

fn attachments(mail: &Map<String, Value>) -> Checked {
    for (at, one) in list(mail, "attachments").iter().enumerate() {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        if text("content").is_empty() || STANDARD.decode(text("content")).is_err() {
            let message = "The attachment content must be base64 encoded.";
            return Err(SendgridError::field(format!("attachments.{at}.content"), message));
        }
        if text("filename").is_empty() {
            let message = "The attachment filename is required.";
            return Err(SendgridError::field(format!("attachments.{at}.filename"), message));
        }
        if !one["disposition"].is_null() && !matches!(text("disposition"), "inline" | "attachment") {
            let message = "The disposition of your attachment can be either \"inline\" or \"attachment\".";
            return Err(SendgridError::field(format!("attachments.{at}.disposition"), message));
        }
    }
    Ok(())
}

fn headers(headers: Option<&Value>, field: &str) -> Checked {
    let Some(headers) = headers else { return Ok(()) };
    let headers = headers.as_object().ok_or_else(|| SendgridError::field(field, "must be an object"))?;
    for (name, value) in headers {
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(SendgridError::field(field, format!("The header {name} is reserved.")));
        }
        if value.as_str().is_none_or(|value| value.contains(['\r', '\n'])) {
            return Err(SendgridError::field(field, "Header values must be strings without line breaks."));
        }
    }
    Ok(())
}

fn categories(mail: &Map<String, Value>) -> Checked {
    let all = list(mail, "categories");
    let distinct: BTreeSet<&str> = all.iter().filter_map(Value::as_str).collect();
    if all.len() > MOST_CATEGORIES || distinct.len() < all.len() {
        return Err(SendgridError::field("categories", "There can be at most 10 unique categories."));
    }
    Ok(())
}

fn arguments(mail: &Map<String, Value>) -> Checked {
    let of = |value: Option<&Value>, place: &str| match value {
        None => Ok(0),
        Some(Value::Object(all)) if all.values().all(Value::is_string) => {
            Ok(value.map_or(0, |value| value.to_string().len()))
        }
        Some(_) => Err(SendgridError::field(place, "custom_args must be an object of strings.")),
    };
    let common = of(mail.get("custom_args"), "custom_args")?;
    for (at, one) in list(mail, "personalizations").iter().enumerate() {
        let own = of(one.get("custom_args"), &format!("personalizations.{at}.custom_args"))?;
        if common + own > LONGEST_ARGUMENTS {
            return Err(SendgridError::field("custom_args", "custom_args may not exceed 10000 bytes."));
        }
    }
    Ok(())
}

//! Text, media, places, contact cards, reactions.

use time::OffsetDateTime;
use url::Url;

use crate::meta::{Meta, error::GraphError};

use super::{Checked, fields::Fields};

const MAX_TEXT: usize = 4096;
const MAX_CAPTION: usize = 1024;
const MAX_CONTACTS: usize = 257;

pub(super) fn check(meta: &Meta, kind: &str, body: &Fields<'_>, now: OffsetDateTime) -> Result<Checked, GraphError> {
    let text = match kind {
        "text" => body.object("text")?.limited("body", MAX_TEXT)?.to_owned(),
        "location" => location(&body.object("location")?)?,
        "contacts" => contacts(body)?,
        "reaction" => reaction(&body.object("reaction")?)?,
        _ => media(meta, kind, &body.object(kind)?, now)?,
    };
    Ok(Checked { kind: kind.to_owned(), text, choices: Vec::new(), category: None })
}

fn media(meta: &Meta, kind: &str, media: &Fields<'_>, now: OffsetDateTime) -> Result<String, GraphError> {
    source(meta, media, now)?;
    let caption = media.optional_text("caption")?;
    match (kind, caption) {
        ("audio" | "sticker", Some(_)) => {
            Err(GraphError::parameter(format!("Unexpected key \"caption\" on param \"{kind}\".")))
        }
        (_, Some(_)) => media.limited("caption", MAX_CAPTION).map(str::to_owned),
        (_, None) => Ok(String::new()),
    }
}

/// A file is named by the id of an upload or by a link.
pub(super) fn source(meta: &Meta, media: &Fields<'_>, now: OffsetDateTime) -> Result<(), GraphError> {
    match (media.optional_text("id")?, media.optional_text("link")?) {
        (None, None) => Err(GraphError::missing(&media.name("id"))),
        (Some(_), Some(_)) => Err(GraphError::invalid("Only one of id and link may be given")),
        (Some(id), None) => {
            if meta.state(|state| state.media.is_usable(id, now)) {
                return Ok(());
            }
            Err(GraphError::new(131_053).details(format!("Media with id {id} was not found or has expired.")))
        }
        (None, Some(link)) => match Url::parse(link) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
            _ => Err(GraphError::invalid(format!("{} is not a valid URL", media.name("link")))),
        },
    }
}

fn location(location: &Fields<'_>) -> Result<String, GraphError> {
    let latitude = location.number("latitude")?;
    let longitude = location.number("longitude")?;
    if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
        return Err(GraphError::invalid("The location is not on earth"));
    }
    Ok(location.optional_text("name")?.unwrap_or_default().to_owned())
}

fn contacts(body: &Fields<'_>) -> Result<String, GraphError> {
    let mut names = Vec::new();
    for contact in body.list("contacts", MAX_CONTACTS)? {
        let name = contact.object("name")?;
        names.push(name.text("formatted_name")?);
        const PARTS: [&str; 5] = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
        if PARTS.iter().all(|part| name.value(part).is_none()) {
            return Err(GraphError::parameter(format!(
                "Param {} must have at least one of {}.",
                contact.name("name"),
                PARTS.join(", ")
            )));
        }
    }
    Ok(names.join(", "))
}

fn reaction(reaction: &Fields<'_>) -> Result<String, GraphError> {
    let target = reaction.text("message_id")?;
    if !target.starts_with("wamid.") {
        return Err(GraphError::invalid("reaction['message_id'] is not a WhatsApp message id"));
    }
    // An empty emoji takes the reaction back.
    reaction.text("emoji").map(str::to_owned)
}

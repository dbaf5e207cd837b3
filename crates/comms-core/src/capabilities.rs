//! What a channel can do, as data.

use std::time::Duration;

use comms_http::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::{AccountId, Address, AddressKind, Content, InteractiveAction, Outbound, Pace};

/// A kind of content, for [`Capabilities::contents`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContentKind {
    /// Plain text.
    Text,
    /// Media of any kind.
    Media,
    /// Text with several files.
    Files,
    /// E-mails.
    Email,
    /// Templates.
    Template,
    /// Buttons, lists, links.
    Interactive,
    /// Reactions.
    Reaction,
    /// Places.
    Location,
    /// Contact cards.
    Contacts,
    /// Phone calls.
    Call,
    /// The provider's own bodies.
    Native,
}

impl ContentKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Media,
        Self::Files,
        Self::Email,
        Self::Template,
        Self::Interactive,
        Self::Reaction,
        Self::Location,
        Self::Contacts,
        Self::Call,
        Self::Native,
    ];

    /// The kind of `content`; `None` for what only ever arrives.
    #[must_use]
    pub const fn of(content: &Content) -> Option<Self> {
        Some(match content {
            Content::Text { .. } => Self::Text,
            Content::Media(_) => Self::Media,
            Content::Files(_) => Self::Files,
            Content::Email(_) => Self::Email,
            Content::Template(_) => Self::Template,
            Content::Interactive(_) => Self::Interactive,
            Content::Reaction(_) => Self::Reaction,
            Content::Location(_) => Self::Location,
            Content::Contacts { .. } => Self::Contacts,
            Content::Call(_) => Self::Call,
            Content::Native { .. } => Self::Native,
            Content::Choice { .. } | Content::Revision { .. } | Content::Other { .. } => {
                return None;
            }
        })
    }
}

/// What a channel can do. What it cannot is refused before any request is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// The contents that it sends.
    pub contents: Vec<ContentKind>,
    /// The addresses that it sends to.
    pub addresses: Vec<AddressKind>,
    /// The longest text, in characters (Unicode scalar values); no limit where 0.
    pub max_text: usize,
    /// The longest caption, in characters.
    pub max_caption: usize,
    /// How many files in one message; no limit where 0.
    pub max_files: usize,
    /// The longest subject of an e-mail, in characters; no limit where 0.
    #[serde(default)]
    pub max_subject: usize,
    /// How many recipients of one e-mail, all kinds together; no limit where 0.
    #[serde(default)]
    pub max_recipients: usize,
    /// How large an e-mail may be as a whole, in bytes; no limit where 0. Its text is measured before anything is asked for, its files by
    /// the channel as it reads them.
    #[serde(default)]
    pub max_bytes: u64,
    /// How many reply buttons.
    pub max_buttons: usize,
    /// How many rows in a list, all sections together.
    pub max_rows: usize,
    /// Whether a message can quote another.
    pub replies: bool,
    /// Whether it tells the sender of delivery and reading.
    pub receipts: bool,
    /// How long after the other party's last message free content may be sent; `None` = always.
    pub window: Option<Duration>,
    /// Whether [`Channel::find`](crate::Channel::find) can prove anything.
    pub find: bool,
    /// Whether it is one person's own, as a mailbox is: nobody but the account's owner sends from it.
    #[serde(default)]
    pub personal: bool,
    /// How fast it may be sent on it.
    #[serde(default)]
    pub pace: Pace,
    /// Whose [`pace.account`](Pace::account) is, where the provider counts what leaves several accounts together: the same id in each of
    /// them. `None` = its own.
    #[serde(default)]
    pub pace_shared: Option<AccountId>,
}

impl Capabilities {
    /// A channel that sends these contents to these addresses, and nothing more.
    #[must_use]
    pub fn new(contents: &[ContentKind], addresses: &[AddressKind]) -> Self {
        Self { contents: contents.to_vec(), addresses: addresses.to_vec(), ..Self::default() }
    }

    /// Checks `message` against them.
    ///
    /// # Errors
    /// `Unsupported` for a content or address that the channel does not have, `InvalidRequest` with the field for a value
    /// beyond a limit.
    pub fn check(&self, message: &Outbound) -> Result<()> {
        if !self.addresses.contains(&message.to.kind()) {
            return Err(Error::unsupported("this channel does not reach this kind of address").field("to"));
        }
        if message.reply_to.is_some() && !self.replies {
            return Err(Error::unsupported("this channel cannot quote a message").field("reply_to"));
        }
        self.check_content(&message.to, &message.content)
    }

    fn check_content(&self, to: &Address, content: &Content) -> Result<()> {
        let Some(kind) = ContentKind::of(content) else {
            return Err(Error::unsupported("this content only ever arrives").field("content"));
        };
        if !self.contents.contains(&kind) {
            return Err(Error::unsupported(format!("this channel does not send {}", content.kind())).field("content"));
        }
        match content {
            Content::Text { body, .. } => within("body", body, self.max_text),
            Content::Media(media) => match &media.caption {
                Some(caption) => at_most("caption", caption, self.max_caption),
                None => Ok(()),
            },
            Content::Files(files) => {
                if let Some(body) = &files.body {
                    at_most("body", body, self.max_text)?;
                }
                count("files", files.files.len(), self.max_files)
            }
            Content::Email(mail) => mail.check(to, self),
            Content::Interactive(interactive) => match &interactive.action {
                InteractiveAction::Buttons { buttons } => count("buttons", buttons.len(), self.max_buttons),
                InteractiveAction::List { sections, .. } => {
                    count("rows", sections.iter().map(|s| s.rows.len()).sum(), self.max_rows)
                }
                InteractiveAction::Url { .. } | InteractiveAction::LocationRequest => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn within(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(format!("{field} is empty")).field(field));
    }
    at_most(field, text, limit)
}

pub(crate) fn at_most(field: &str, text: &str, limit: usize) -> Result<()> {
    if limit > 0 && text.chars().count() > limit {
        return Err(Error::invalid(format!("{field} is longer than {limit} characters")).field(field));
    }
    Ok(())
}

pub(crate) fn count(field: &str, number: usize, limit: usize) -> Result<()> {
    if number == 0 {
        return Err(Error::invalid(format!("{field} is empty")).field(field));
    }
    if limit > 0 && number > limit {
        return Err(Error::invalid(format!("more than {limit} {field}")).field(field));
    }
    Ok(())
}

/// A template that can be used now, with what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSummary {
    /// By this name it is sent: [`Template::name`](crate::Template::name).
    pub name: String,
    /// Its language.
    pub language: String,
    /// The provider's category, for instance `UTILITY`.
    pub category: String,
    /// The text with its placeholders.
    pub body: String,
    /// The values that it takes.
    pub variables: Vec<TemplateVariable>,
}

/// A value that a template takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// Where it belongs: `header`, `body`, or `button:<index>`.
    pub component: String,
    /// Its number (`1`) or name (`first_name`).
    pub name: String,
    /// What it takes: `text`, `image`, `video`, `document`, `location`.
    pub format: String,
    /// The provider's example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

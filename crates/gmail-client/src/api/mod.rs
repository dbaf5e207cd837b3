//! The operations, one file for each resource of the provider.

use comms_http::{Error, Page, Request, Result};

pub mod attachments;
pub mod batch;
mod content;
pub mod drafts;
pub mod history;
pub mod labels;
pub mod mailbox;
pub mod messages;
pub mod send_as;
pub mod threads;
mod upload;

pub use attachments::Attachments;
pub use batch::Batch;
pub use drafts::Drafts;
pub use history::History;
pub use labels::Labels;
pub use mailbox::Mailbox;
pub use messages::Messages;
pub use send_as::SendAs;
pub use threads::Threads;

use crate::{
    limits,
    model::{label::LabelChange, message::Format},
};

/// How a message or conversation is read. All of it, taken apart, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// How much.
    pub format: Option<Format>,
    /// Which headers, where the format is [`Format::Metadata`]; all where none is named.
    pub headers: Vec<String>,
    /// Which fields of the answer, as `id,threadId,payload(headers)`; all where absent.
    pub fields: Option<String>,
}

impl Read {
    /// Read this way.
    #[must_use]
    pub fn format(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }

    /// Only labels and these headers.
    #[must_use]
    pub fn headers(names: &[&str]) -> Self {
        let headers = names.iter().map(|&name| name.to_owned()).collect();
        Self { format: Some(Format::Metadata), headers, fields: None }
    }

    /// Only these fields of the answer.
    #[must_use]
    pub fn fields(mut self, fields: impl Into<String>) -> Self {
        self.fields = Some(fields.into());
        self
    }

    fn on(&self, mut request: Request) -> Request {
        request = request.query_opt("format", self.format.as_ref().map(Format::as_str));
        for name in &self.headers {
            request = request.query("metadataHeaders", name);
        }
        request.query_opt("fields", self.fields.as_deref())
    }
}

/// The page, unless the list leads back to itself.
fn page<T>(items: Vec<T>, next: Option<String>, current: Option<&str>) -> Page<T> {
    Page { items, next: next.filter(|next| !next.is_empty() && Some(next.as_str()) != current) }
}

/// What Google would refuse: a label gained and lost at once, or too many.
fn check_labels(change: &LabelChange) -> Result<()> {
    if change.add.is_empty() && change.remove.is_empty() {
        return Err(Error::invalid("no label is gained or lost").field("addLabelIds"));
    }
    if change.add.iter().any(|label| change.remove.contains(label)) {
        return Err(Error::invalid("a label cannot be gained and lost at once").field("removeLabelIds"));
    }
    for (field, labels) in [("addLabelIds", &change.add), ("removeLabelIds", &change.remove)] {
        if labels.len() > limits::MODIFY_LABELS {
            let message = format!("more than {} labels at once", limits::MODIFY_LABELS);
            return Err(Error::invalid(message).field(field));
        }
    }
    Ok(())
}

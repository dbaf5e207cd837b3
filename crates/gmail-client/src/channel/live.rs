//! The mailbox as it stands now, for whoever looks into it.

use comms_core::Email;
use comms_http::{ByteStream, ErrorKind, Page, Result};
use comms_mime::safe_file_name;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{GmailChannel, SENT, content_type, incoming, ours};
use crate::{
    api::{Read, messages::MessageFilter},
    limits,
    model::message::Message,
};

/// How many messages are read at once that a batch did not give.
const AT_ONCE: usize = 6;
/// What a list shows of a message.
const SHOWN: [&str; 9] = ["From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"];

/// Which messages of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailQuery {
    /// How many, at most [`limits::PAGE`](crate::limits::PAGE).
    pub most: u32,
    /// A search as in Gmail's search box; the inbox where absent.
    pub search: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A message of the mailbox.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mail {
    /// Its id in the mailbox.
    pub id: String,
    /// What it says; in a list its headers alone.
    pub email: Email,
    /// Its beginning, as text.
    pub snippet: String,
    /// When Google took it.
    pub received_at: Option<OffsetDateTime>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its size in bytes, about.
    pub size: Option<u64>,
    /// Whether the owner of the mailbox has sent it.
    pub sent: bool,
    /// Our id of it, where we have sent it.
    pub ours: Option<comms_core::MessageId>,
    /// Defects and notices.
    pub extra: Map<String, Value>,
}

/// A file of a message, as it arrives.
pub struct MailFile {
    /// Its name, safe to be shown and stored under.
    pub name: String,
    /// Its media type, as its sender claims.
    pub content_type: Option<String>,
    /// Its bytes.
    pub body: ByteStream,
}

impl std::fmt::Debug for MailFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Mail {
    /// Whether it has not been read.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.labels.iter().any(|label| label == "UNREAD")
    }
}

impl GmailChannel {
    /// One page of the mailbox as it stands now, the newest first.
    ///
    /// # Errors
    /// As the provider's calls.
    pub async fn list(&self, query: &MailQuery) -> Result<Page<Mail>> {
        let filter = match &query.search {
            Some(search) => MessageFilter::matching(search.as_str()),
            None => MessageFilter::labelled("INBOX"),
        };
        let filter = MessageFilter { page_size: Some(query.most), ..filter };
        let page = self.client().messages().page(&filter, query.after.as_deref()).await?;
        let ids: Vec<String> = page.items.into_iter().map(|listed| listed.id).collect();
        let mut items = Vec::with_capacity(ids.len());
        for ids in ids.chunks(limits::BATCH_WELL) {
            items.extend(self.headers_of(ids).await?.into_iter().flatten());
        }
        Ok(Page { items, next: page.next })
    }

    /// One message, whole, as it stands now.
    ///
    /// # Errors
    /// HTTP status 404 where it is gone; as the provider's calls.
    pub async fn read(&self, id: &str) -> Result<Mail> {
        let (message, notice) = self.message(id).await?;
        let mut mail = mail(&message)?;
        if let Some(notice) = notice {
            mail.extra.insert("notice".to_owned(), notice.into());
        }
        Ok(mail)
    }

    /// A file of a message, as it arrives; by the place of its part.
    ///
    /// # Errors
    /// HTTP status 404 where the message is gone, `InvalidRequest` where it has no such part; as the provider's calls.
    pub async fn open(&self, message: &str, part: &str) -> Result<MailFile> {
        let file = self.client().attachments().open(message, part).await?;
        Ok(MailFile {
            name: safe_file_name(&file.part.filename),
            content_type: content_type(&file.part),
            body: file.body,
        })
    }

    /// `None` for those that have been deleted since they were listed.
    async fn headers_of(&self, ids: &[String]) -> Result<Vec<Option<Mail>>> {
        let read = shown();
        let answers = ids.iter().fold(self.client().batch(), |batch, id| batch.message(id, &read)).run().await?;
        let one_by_one = ids.iter().zip(answers).map(|(id, answer)| async move {
            match answer.and_then(|answer| answer.json::<Message>()) {
                Ok(message) => of_list(Ok(message)),
                Err(error) if error.status() == Some(404) => Ok(None),
                // Google has no time for all of a batch, or the token was withdrawn: by itself it is read all the same.
                Err(_) => of_list(self.client().messages().get(id, &shown()).await),
            }
        });
        stream::iter(one_by_one).buffered(AT_ONCE).try_collect().await
    }
}

fn shown() -> Read {
    Read::headers(&[&SHOWN[..], &[ours::HEADER]].concat())
}

fn of_list(message: Result<Message>) -> Result<Option<Mail>> {
    match message {
        Ok(message) => match mail(&message) {
            Err(error) if error.kind() != ErrorKind::InvalidRequest => Err(error),
            mail => Ok(mail.ok()),
        },
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

fn mail(message: &Message) -> Result<Mail> {
    let read = incoming::read(message)?;
    let sent = message.has_label(SENT);
    Ok(Mail {
        id: message.id.clone(),
        email: read.email,
        snippet: message.snippet_text(),
        received_at: message.received_at(),
        labels: message.label_ids.clone(),
        size: message.size_estimate,
        sent,
        ours: sent.then(|| ours::id_of(message)).flatten(),
        extra: read.extra,
    })
}

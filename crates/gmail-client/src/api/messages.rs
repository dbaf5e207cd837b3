//! Messages: list, read, send, label, delete, import.

use comms_http::{Error, Operation, Page, Result, pages};
use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};

use super::{Read, check_labels, page, upload};
use crate::{
    limits,
    model::{
        label::LabelChange,
        message::{Message, NewMessage},
    },
};

comms_http::resource! {
    /// Messages: [`Client::messages`](crate::Client::messages).
    Messages of crate::Client
}

const LIST: Operation = Operation::repeatable("messages.list");
const GET: Operation = Operation::repeatable("messages.get");
const SEND: Operation = Operation::once("messages.send");
const MODIFY: Operation = Operation::repeatable("messages.modify");
const BATCH_MODIFY: Operation = Operation::repeatable("messages.batchModify");
const TRASH: Operation = Operation::repeatable("messages.trash");
const UNTRASH: Operation = Operation::repeatable("messages.untrash");
const DELETE: Operation = Operation::repeatable("messages.delete");
const BATCH_DELETE: Operation = Operation::repeatable("messages.batchDelete");
const IMPORT: Operation = Operation::once("messages.import");
const INSERT: Operation = Operation::once("messages.insert");

/// Which messages or conversations are listed. All but spam and trash by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// A search as in Gmail's search box. Dates in it are midnight in California: write seconds since 1970 (`after:1464505200`).
    /// Refused where the token has the scope `gmail.metadata` alone.
    pub query: Option<String>,
    /// With every one of these labels.
    pub label_ids: Vec<String>,
    /// Spam and trash too.
    pub include_spam_trash: bool,
    /// How many come in one page, at most [`limits::PAGE`].
    pub page_size: Option<u32>,
    /// Which fields of the answer; `nextPageToken` must be among them, or the list ends with its first page.
    pub fields: Option<String>,
}

impl MessageFilter {
    /// Those that a search finds.
    pub fn matching(query: impl Into<String>) -> Self {
        Self { query: Some(query.into()), ..Self::default() }
    }

    /// Those with this label.
    pub fn labelled(label: impl Into<String>) -> Self {
        Self { label_ids: vec![label.into()], ..Self::default() }
    }

    /// The one message with this `Message-ID` header, spam and trash included: after a send of which nobody knows what became.
    /// Google's index follows some seconds behind.
    #[must_use]
    pub fn message_id(id: &str) -> Self {
        let id = id.trim().trim_start_matches('<').trim_end_matches('>');
        Self { include_spam_trash: true, ..Self::matching(format!("rfc822msgid:{id}")) }
    }

    pub(super) fn on(&self, mut request: comms_http::Request, after: Option<&str>) -> Result<comms_http::Request> {
        if self.page_size.is_some_and(|size| size == 0 || size > limits::PAGE) {
            return Err(Error::invalid(format!("a page has 1 to {} elements", limits::PAGE)).field("maxResults"));
        }
        for label in &self.label_ids {
            request = request.query("labelIds", label);
        }
        let size = self.page_size.map(|size| size.to_string());
        Ok(request
            .query_opt("q", self.query.as_deref())
            .query_opt("includeSpamTrash", self.include_spam_trash.then_some("true"))
            .query_opt("maxResults", size.as_deref())
            .query_opt("pageToken", after)
            .query_opt("fields", self.fields.as_deref()))
    }
}

/// How a message enters the mailbox without being sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Dated by its arrival rather than by its `Date` header.
    pub date_by_arrival: bool,
    /// Never taken for spam (import alone).
    pub never_mark_spam: bool,
    /// Invitations in it enter the calendar (import alone).
    pub process_for_calendar: bool,
    /// Marked as deleted, for the archive of an administrator.
    pub deleted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    /// Absent where there are none.
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct Batch<'a> {
    ids: &'a [String],
    #[serde(flatten)]
    change: Option<&'a LabelChange>,
}

impl Messages<'_> {
    /// All messages that match, the newest first, fetched page by page as the stream is read. Only ids: read each with
    /// [`get`](Self::get).
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [Gmail docs/messages.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list)*
    pub fn list(&self, filter: MessageFilter) -> impl Stream<Item = Result<Message>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let (client, filter) = (client.clone(), filter.clone());
            async move { client.messages().page(&filter, cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `InvalidRequest` for a page of another size than the provider gives.
    ///
    /// *See [Gmail docs/messages.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list)*
    pub async fn page(&self, filter: &MessageFilter, after: Option<&str>) -> Result<Page<Message>> {
        let request = filter.on(self.client.request(Method::GET, &["messages"])?, after)?;
        let list: List = self.client.json(LIST, request).await?;
        Ok(page(list.messages, list.next_page_token, after))
    }

    /// Reads a message.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is gone, as messages of the history often are.
    ///
    /// *See [Gmail docs/messages.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get)*
    pub async fn get(&self, id: &str, read: &Read) -> Result<Message> {
        self.client.json(GET, read.on(self.client.request(Method::GET, &["messages", id])?)).await
    }

    /// Sends a message: within JSON, or as an upload where it is long. The answer has the ids alone, and Google may put another
    /// `Message-ID` in the place of ours: read the header afterwards.
    ///
    /// It is made once. Where its outcome is `Unknown`, look for the message with [`MessageFilter::message_id`] before any repeat.
    ///
    /// # Errors
    /// `InvalidRequest` for a message beyond the limits, `InvalidRecipient` for a recipient that Google does not take.
    ///
    /// *See [Gmail docs/Sending email](https://developers.google.com/workspace/gmail/api/guides/sending)*
    pub async fn send(&self, message: &NewMessage) -> Result<Message> {
        let path = ["messages", "send"];
        let request =
            upload::request(self.client, Method::POST, &path, message, limits::SEND_BYTES, |raw| message.to_wire(raw))?;
        self.client.json(SEND, request).await
    }

    /// Changes the labels of a message.
    ///
    /// # Errors
    /// `InvalidRequest` for a label that is gained and lost at once, none at all, or more than 100.
    ///
    /// *See [Gmail docs/messages.modify](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/modify)*
    pub async fn modify(&self, id: &str, change: &LabelChange) -> Result<Message> {
        check_labels(change)?;
        let request = self.client.request(Method::POST, &["messages", id, "modify"])?.json(change)?;
        self.client.json(MODIFY, request).await
    }

    /// Changes the labels of up to 1,000 messages at once. Ids that are gone are passed over.
    ///
    /// # Errors
    /// `InvalidRequest` for no or too many ids, or as [`modify`](Self::modify).
    ///
    /// *See [Gmail docs/messages.batchModify](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchModify)*
    pub async fn batch_modify(&self, ids: &[String], change: &LabelChange) -> Result<()> {
        check_ids(ids)?;
        check_labels(change)?;
        let request = self.client.request(Method::POST, &["messages", "batchModify"])?;
        self.client.empty(BATCH_MODIFY, request.json(&Batch { ids, change: Some(change) })?).await
    }

    /// Moves a message to the trash.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/messages.trash](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/trash)*
    pub async fn trash(&self, id: &str) -> Result<Message> {
        self.client.json(TRASH, self.client.request(Method::POST, &["messages", id, "trash"])?).await
    }

    /// Takes a message out of the trash.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/messages.untrash](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/untrash)*
    pub async fn untrash(&self, id: &str) -> Result<Message> {
        self.client.json(UNTRASH, self.client.request(Method::POST, &["messages", id, "untrash"])?).await
    }

    /// Deletes a message for good. [`trash`](Self::trash) is what a user means.
    ///
    /// # Errors
    /// `Unauthenticated` without the scope `https://mail.google.com/`.
    ///
    /// *See [Gmail docs/messages.delete](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["messages", id])?).await
    }

    /// Deletes up to 1,000 messages for good.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), `InvalidRequest` for no or too many ids.
    ///
    /// *See [Gmail docs/messages.batchDelete](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/batchDelete)*
    pub async fn batch_delete(&self, ids: &[String]) -> Result<()> {
        check_ids(ids)?;
        let request = self.client.request(Method::POST, &["messages", "batchDelete"])?;
        self.client.empty(BATCH_DELETE, request.json(&Batch { ids, change: None })?).await
    }

    /// Takes a message in as if it had come by SMTP: scanned and sorted, sent to nobody.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// *See [Gmail docs/messages.import](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/import)*
    pub async fn import(&self, message: &NewMessage, entry: Entry) -> Result<Message> {
        let path = ["messages", "import"];
        let request = upload::request(self.client, Method::POST, &path, message, limits::IMPORT_BYTES, |raw| {
            message.to_wire(raw)
        })?;
        let yes = |set: bool| set.then_some("true");
        let request = request
            .query("internalDateSource", if entry.date_by_arrival { "receivedTime" } else { "dateHeader" })
            .query_opt("neverMarkSpam", yes(entry.never_mark_spam))
            .query_opt("processForCalendar", yes(entry.process_for_calendar))
            .query_opt("deleted", yes(entry.deleted));
        self.client.json(IMPORT, request).await
    }

    /// Puts a message into the mailbox as it is, past all scanning.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// *See [Gmail docs/messages.insert](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/insert)*
    pub async fn insert(&self, message: &NewMessage, entry: Entry) -> Result<Message> {
        let path = ["messages"];
        let request = upload::request(self.client, Method::POST, &path, message, limits::IMPORT_BYTES, |raw| {
            message.to_wire(raw)
        })?;
        let request = request
            .query("internalDateSource", if entry.date_by_arrival { "receivedTime" } else { "dateHeader" })
            .query_opt("deleted", entry.deleted.then_some("true"));
        self.client.json(INSERT, request).await
    }
}

fn check_ids(ids: &[String]) -> Result<()> {
    if ids.is_empty() || ids.len() > limits::BATCH_IDS {
        return Err(Error::invalid(format!("1 to {} ids at once", limits::BATCH_IDS)).field("ids"));
    }
    Ok(())
}

//! Conversations: list, read, label, delete.

use comms_http::{Operation, Page, Result, pages};
use futures_util::Stream;
use http::Method;
use serde::Deserialize;

use super::{Read, check_labels, messages::MessageFilter, page};
use crate::model::{label::LabelChange, thread::Thread};

comms_http::resource! {
    /// Conversations: [`Client::threads`](crate::Client::threads).
    Threads of crate::Client
}

const LIST: Operation = Operation::repeatable("threads.list");
const GET: Operation = Operation::repeatable("threads.get");
const MODIFY: Operation = Operation::repeatable("threads.modify");
const TRASH: Operation = Operation::repeatable("threads.trash");
const UNTRASH: Operation = Operation::repeatable("threads.untrash");
const DELETE: Operation = Operation::repeatable("threads.delete");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    /// Absent where there are none.
    #[serde(default)]
    threads: Vec<Thread>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl Threads<'_> {
    /// All conversations that match, the latest first, fetched page by page as the stream is read.
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [Gmail docs/threads.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/list)*
    pub fn list(&self, filter: MessageFilter) -> impl Stream<Item = Result<Thread>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let (client, filter) = (client.clone(), filter.clone());
            async move { client.threads().page(&filter, cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `InvalidRequest` for a page of another size than the provider gives.
    ///
    /// *See [Gmail docs/threads.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/list)*
    pub async fn page(&self, filter: &MessageFilter, after: Option<&str>) -> Result<Page<Thread>> {
        let request = filter.on(self.client.request(Method::GET, &["threads"])?, after)?;
        let list: List = self.client.json(LIST, request).await?;
        Ok(page(list.threads, list.next_page_token, after))
    }

    /// Reads a conversation with its messages. There is no raw format for it.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is gone.
    ///
    /// *See [Gmail docs/threads.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/get)*
    pub async fn get(&self, id: &str, read: &Read) -> Result<Thread> {
        self.client.json(GET, read.on(self.client.request(Method::GET, &["threads", id])?)).await
    }

    /// Changes the labels of all messages of a conversation.
    ///
    /// # Errors
    /// `InvalidRequest` for a label that is gained and lost at once, none at all, or more than 100.
    ///
    /// *See [Gmail docs/threads.modify](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/modify)*
    pub async fn modify(&self, id: &str, change: &LabelChange) -> Result<Thread> {
        check_labels(change)?;
        let request = self.client.request(Method::POST, &["threads", id, "modify"])?.json(change)?;
        self.client.json(MODIFY, request).await
    }

    /// Moves a conversation to the trash.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/threads.trash](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/trash)*
    pub async fn trash(&self, id: &str) -> Result<Thread> {
        self.client.json(TRASH, self.client.request(Method::POST, &["threads", id, "trash"])?).await
    }

    /// Takes a conversation out of the trash.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/threads.untrash](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/untrash)*
    pub async fn untrash(&self, id: &str) -> Result<Thread> {
        self.client.json(UNTRASH, self.client.request(Method::POST, &["threads", id, "untrash"])?).await
    }

    /// Deletes a conversation for good.
    ///
    /// # Errors
    /// `Unauthenticated` without the scope `https://mail.google.com/`.
    ///
    /// *See [Gmail docs/threads.delete](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["threads", id])?).await
    }
}

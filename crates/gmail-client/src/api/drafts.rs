//! Drafts: list, read, write, send, delete.

use comms_http::{Operation, Page, Result, pages};
use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Read, messages::MessageFilter, page, upload};
use crate::{
    limits,
    model::{
        draft::Draft,
        message::{Message, NewMessage, Outgoing},
    },
};

comms_http::resource! {
    /// Drafts: [`Client::drafts`](crate::Client::drafts).
    Drafts of crate::Client
}

const LIST: Operation = Operation::repeatable("drafts.list");
const GET: Operation = Operation::repeatable("drafts.get");
const CREATE: Operation = Operation::once("drafts.create");
const UPDATE: Operation = Operation::repeatable("drafts.update");
const DELETE: Operation = Operation::repeatable("drafts.delete");
const SEND: Operation = Operation::once("drafts.send");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    /// Absent where there are none.
    #[serde(default)]
    drafts: Vec<Draft>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct NewDraft<'a> {
    message: Outgoing<'a>,
}

impl Drafts<'_> {
    /// All drafts that match, fetched page by page as the stream is read. Drafts have no labels to be chosen by.
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [Gmail docs/drafts.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/list)*
    pub fn list(&self, filter: MessageFilter) -> impl Stream<Item = Result<Draft>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let (client, filter) = (client.clone(), filter.clone());
            async move { client.drafts().page(&filter, cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `InvalidRequest` for a page of another size than the provider gives.
    ///
    /// *See [Gmail docs/drafts.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/list)*
    pub async fn page(&self, filter: &MessageFilter, after: Option<&str>) -> Result<Page<Draft>> {
        let filter = MessageFilter { label_ids: Vec::new(), ..filter.clone() };
        let request = filter.on(self.client.request(Method::GET, &["drafts"])?, after)?;
        let list: List = self.client.json(LIST, request).await?;
        Ok(page(list.drafts, list.next_page_token, after))
    }

    /// Reads a draft.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is gone.
    ///
    /// *See [Gmail docs/drafts.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/get)*
    pub async fn get(&self, id: &str, read: &Read) -> Result<Draft> {
        // Drafts know a format and no headers to choose.
        let read = Read { headers: Vec::new(), ..read.clone() };
        self.client.json(GET, read.on(self.client.request(Method::GET, &["drafts", id])?)).await
    }

    /// Writes a draft.
    ///
    /// # Errors
    /// `InvalidRequest` for a message beyond the limits.
    ///
    /// *See [Gmail docs/drafts.create](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/create)*
    pub async fn create(&self, message: &NewMessage) -> Result<Draft> {
        let request = self.upload(Method::POST, &["drafts"], message)?;
        self.client.json(CREATE, request).await
    }

    /// Puts another message in the place of a draft's. Its message has a new id then.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    ///
    /// *See [Gmail docs/drafts.update](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/update)*
    pub async fn update(&self, id: &str, message: &NewMessage) -> Result<Draft> {
        let request = self.upload(Method::PUT, &["drafts", id], message)?;
        self.client.json(UPDATE, request).await
    }

    /// Sends a draft as it stands. The message that is sent has another id than the draft's.
    ///
    /// # Errors
    /// As [`Messages::send`](super::Messages::send).
    ///
    /// *See [Gmail docs/drafts.send](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/send)*
    pub async fn send(&self, id: &str) -> Result<Message> {
        let request = self.client.request(Method::POST, &["drafts", "send"])?.json(&json!({ "id": id }))?;
        self.client.json(SEND, request).await
    }

    /// Deletes a draft for good.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/drafts.delete](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["drafts", id])?).await
    }

    fn upload(&self, method: Method, path: &[&str], message: &NewMessage) -> Result<comms_http::Request> {
        upload::request(self.client, method, path, message, limits::SEND_BYTES, |raw| NewDraft {
            message: message.to_wire(raw),
        })
    }
}

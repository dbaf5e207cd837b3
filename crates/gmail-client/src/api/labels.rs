//! Labels: list, read, create, change, delete.

use comms_http::{Operation, Result};
use http::Method;
use serde::Deserialize;

use crate::model::label::Label;

comms_http::resource! {
    /// Labels: [`Client::labels`](crate::Client::labels).
    Labels of crate::Client
}

const LIST: Operation = Operation::repeatable("labels.list");
const GET: Operation = Operation::repeatable("labels.get");
const CREATE: Operation = Operation::once("labels.create");
const PATCH: Operation = Operation::repeatable("labels.patch");
const DELETE: Operation = Operation::repeatable("labels.delete");

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    labels: Vec<Label>,
}

impl Labels<'_> {
    /// All labels, without their counts.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/labels.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list)*
    pub async fn list(&self) -> Result<Vec<Label>> {
        let list: List = self.client.json(LIST, self.client.request(Method::GET, &["labels"])?).await?;
        Ok(list.labels)
    }

    /// A label with its counts.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is not there.
    ///
    /// *See [Gmail docs/labels.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/get)*
    pub async fn get(&self, id: &str) -> Result<Label> {
        self.client.json(GET, self.client.request(Method::GET, &["labels", id])?).await
    }

    /// Creates a label.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is taken or belongs to the system.
    ///
    /// *See [Gmail docs/labels.create](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/create)*
    pub async fn create(&self, label: &Label) -> Result<Label> {
        self.client.json(CREATE, self.client.request(Method::POST, &["labels"])?.json(label)?).await
    }

    /// Changes what `change` holds, and nothing else.
    ///
    /// # Errors
    /// `InvalidRequest` for a label of the system.
    ///
    /// *See [Gmail docs/labels.patch](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/patch)*
    pub async fn patch(&self, id: &str, change: &Label) -> Result<Label> {
        self.client.json(PATCH, self.client.request(Method::PATCH, &["labels", id])?.json(change)?).await
    }

    /// Deletes a label. Its messages stay.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/labels.delete](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["labels", id])?).await
    }
}

//! The addresses that a mailbox may send as.

use comms_http::{Operation, Result};
use http::Method;
use serde::Deserialize;

use crate::model::send_as::{SendAsAddress, SendAsChange};

comms_http::resource! {
    /// The addresses that a mailbox may send as: [`Client::send_as`](crate::Client::send_as).
    SendAs of crate::Client
}

const LIST: Operation = Operation::repeatable("sendAs.list");
const GET: Operation = Operation::repeatable("sendAs.get");
const PATCH: Operation = Operation::repeatable("sendAs.patch");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    send_as: Vec<SendAsAddress>,
}

impl SendAs<'_> {
    /// All of them. As any other address Google does not send: it puts the mailbox's own in its place.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/sendAs.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/list)*
    pub async fn list(&self) -> Result<Vec<SendAsAddress>> {
        let list: List = self.client.json(LIST, self.client.request(Method::GET, &["settings", "sendAs"])?).await?;
        Ok(list.send_as)
    }

    /// One of them.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is not there.
    ///
    /// *See [Gmail docs/sendAs.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/get)*
    pub async fn get(&self, address: &str) -> Result<SendAsAddress> {
        self.client.json(GET, self.client.request(Method::GET, &["settings", "sendAs", address])?).await
    }

    /// Changes what `change` holds, and nothing else: the signature, for instance.
    ///
    /// # Errors
    /// `Unauthenticated` without the scope `gmail.settings.basic`.
    ///
    /// *See [Gmail docs/sendAs.patch](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/patch)*
    pub async fn patch(&self, address: &str, change: &SendAsChange) -> Result<SendAsAddress> {
        let request = self.client.request(Method::PATCH, &["settings", "sendAs", address])?.json(change)?;
        self.client.json(PATCH, request).await
    }
}

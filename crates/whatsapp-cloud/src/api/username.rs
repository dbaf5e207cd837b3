//! The username of the business.

use comms_http::{Operation, Result};
use http::Method;
use serde_json::{Value, json};

use super::succeeded;
use crate::model::profile::Username as Wire;

comms_http::resource! {
    /// The username of the business: [`Client::username`](crate::Client::username).
    Username of crate::Client
}

const GET: Operation = Operation::repeatable("username.get");
const SET: Operation = Operation::repeatable("username.set");
const DELETE: Operation = Operation::repeatable("username.delete");
const SUGGESTIONS: Operation = Operation::repeatable("username.suggestions");

impl Username<'_> {
    /// The username and its state.
    ///
    /// # Errors
    /// `Unauthenticated` without the permission.
    ///
    /// *See [WhatsApp docs/Business-scoped user IDs](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)*
    pub async fn get(&self) -> Result<Wire> {
        let request = self.client.number(Method::GET, &["username"])?;
        self.client.json(GET, request).await
    }

    /// Takes a username. With `force_transfer` it is taken from another number of the same business.
    ///
    /// # Errors
    /// `InvalidRequest` (147001 to 147005) for a name that is taken or not allowed.
    ///
    /// *See [WhatsApp docs/Business-scoped user IDs](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)*
    pub async fn set(&self, username: &str, force_transfer: bool) -> Result<Wire> {
        let transfer = if force_transfer { "force_transfer" } else { "none" };
        let body = json!({ "username": username, "transfer_action": transfer });
        let request = self.client.number(Method::POST, &["username"])?.json(&body)?;
        self.client.json(SET, request).await
    }

    /// Gives the username up.
    ///
    /// # Errors
    /// `InvalidRequest` where there is none.
    ///
    /// *See [WhatsApp docs/Business-scoped user IDs](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)*
    pub async fn delete(&self) -> Result<()> {
        let request = self.client.number(Method::DELETE, &["username"])?;
        succeeded(&self.client.json(DELETE, request).await?)
    }

    /// Names that Meta suggests, as it answers them.
    ///
    /// # Errors
    /// `Unauthenticated` without the permission.
    ///
    /// *See [WhatsApp docs/Business-scoped user IDs](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)*
    pub async fn suggestions(&self) -> Result<Value> {
        let request = self.client.number(Method::GET, &["username_suggestions"])?;
        self.client.json(SUGGESTIONS, request).await
    }
}

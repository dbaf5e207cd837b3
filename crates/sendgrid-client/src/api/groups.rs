//! Groups that people unsubscribe from.

use comms_http::{Operation, Result};
use http::Method;
use serde::{Deserialize, Serialize};

use crate::model::group::Group;

comms_http::resource! {
    /// Groups: [`Client::groups`](crate::Client::groups).
    Groups of crate::Client
}

const LIST: Operation = Operation::repeatable("asm.groups.list");
const CREATE: Operation = Operation::once("asm.groups.create");
const DELETE: Operation = Operation::repeatable("asm.groups.delete");
const MEMBERS: Operation = Operation::repeatable("asm.groups.suppressions.list");
const ADD: Operation = Operation::repeatable("asm.groups.suppressions.create");
const REMOVE: Operation = Operation::repeatable("asm.groups.suppressions.delete");

#[derive(Serialize, Deserialize)]
struct Recipients {
    recipient_emails: Vec<String>,
}

impl Groups<'_> {
    /// All groups.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Unsubscribe groups](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-unsubscribe-groups)*
    pub async fn list(&self) -> Result<Vec<Group>> {
        self.client.json(LIST, self.client.request(Method::GET, &["asm", "groups"])?).await
    }

    /// Creates a group.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that is taken.
    ///
    /// *See [SendGrid docs/Unsubscribe groups](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-unsubscribe-groups)*
    pub async fn create(&self, group: &Group) -> Result<Group> {
        self.client.json(CREATE, self.client.request(Method::POST, &["asm", "groups"])?.json(group)?).await
    }

    /// Deletes a group: who unsubscribed from it is written to again.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Unsubscribe groups](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-unsubscribe-groups)*
    pub async fn delete(&self, id: i64) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["asm", "groups", &id.to_string()])?).await
    }

    /// Who unsubscribed from a group.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Suppressions](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions)*
    pub async fn unsubscribed(&self, id: i64) -> Result<Vec<String>> {
        self.client.json(MEMBERS, self.members(Method::GET, id, None)?).await
    }

    /// Sends none of a group's mails to these addresses from now on.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Suppressions](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions)*
    pub async fn unsubscribe(&self, id: i64, emails: &[&str]) -> Result<()> {
        let recipients = Recipients { recipient_emails: emails.iter().map(|&email| email.to_owned()).collect() };
        self.client.empty(ADD, self.members(Method::POST, id, None)?.json(&recipients)?).await
    }

    /// Sends a group's mails to this address again.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Suppressions](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions)*
    pub async fn resubscribe(&self, id: i64, email: &str) -> Result<()> {
        self.client.empty(REMOVE, self.members(Method::DELETE, id, Some(email))?).await
    }

    fn members(&self, method: Method, id: i64, email: Option<&str>) -> Result<comms_http::Request> {
        let id = id.to_string();
        let mut path = vec!["asm", "groups", &id, "suppressions"];
        path.extend(email);
        self.client.request(method, &path)
    }
}

//! Whom nothing is sent to.

use comms_http::{Operation, Page, Result};
use http::Method;
use serde::Serialize;

use crate::{
    limits,
    model::suppression::{Suppression, SuppressionList},
};

comms_http::resource! {
    /// Suppressions: [`Client::suppressions`](crate::Client::suppressions).
    Suppressions of crate::Client
}

const LIST: Operation = Operation::repeatable("suppression.list");
const GET: Operation = Operation::repeatable("suppression.get");
const REMOVE: Operation = Operation::repeatable("suppression.delete");
const ADD: Operation = Operation::repeatable("asm.suppressions.global.create");
const ALLOW: Operation = Operation::repeatable("asm.suppressions.global.delete");

#[derive(Serialize)]
struct Recipients<'a> {
    recipient_emails: &'a [&'a str],
}

impl Suppressions<'_> {
    /// A page of a list, the newest first, from `cursor` on (see [`comms_http::pages`]).
    ///
    /// # Errors
    /// `InvalidRequest` for a cursor that is none; the rest is the provider's.
    ///
    /// *See [SendGrid docs/Bounces](https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces)*
    pub async fn page(&self, list: SuppressionList, cursor: Option<&str>) -> Result<Page<Suppression>> {
        let offset: u32 = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| comms_http::Error::invalid("not a cursor").field("cursor"))?,
            None => 0,
        };
        let request = self.client.request(Method::GET, &["suppression", list.as_str()])?;
        let request = request.query("limit", &limits::PAGE.to_string()).query("offset", &offset.to_string());
        let items: Vec<Suppression> = self.client.json(LIST, request).await?;
        let full = u32::try_from(items.len()).is_ok_and(|number| number >= limits::PAGE);
        Ok(Page { next: full.then(|| (offset + limits::PAGE).to_string()), items })
    }

    /// Why nothing is sent to an address, by this list; empty where it does not hold it.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Bounces](https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-a-bounce)*
    pub async fn get(&self, list: SuppressionList, email: &str) -> Result<Vec<Suppression>> {
        if list == SuppressionList::Unsubscribes {
            let request = self.client.request(Method::GET, &["asm", "suppressions", "global", email])?;
            // An object with its address where it is held, an empty one where it is not.
            let one: Option<Suppression> = self.client.json(GET, request).await.map(Some)?;
            return Ok(one.into_iter().filter(|one| !one.recipient().is_empty()).collect());
        }
        let request = self.client.request(Method::GET, &["suppression", list.as_str(), email])?;
        self.client.json(GET, request).await
    }

    /// Takes an address off a list: mails go to it again.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 where the list does not hold it.
    ///
    /// *See [SendGrid docs/Bounces](https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/delete-a-bounce)*
    pub async fn remove(&self, list: SuppressionList, email: &str) -> Result<()> {
        let (operation, request) = if list == SuppressionList::Unsubscribes {
            (ALLOW, self.client.request(Method::DELETE, &["asm", "suppressions", "global", email])?)
        } else {
            (REMOVE, self.client.request(Method::DELETE, &["suppression", list.as_str(), email])?)
        };
        self.client.empty(operation, request).await
    }

    /// Sends nothing to these addresses from now on, whatever the mail is about.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Global unsubscribes](https://www.twilio.com/docs/sendgrid/api-reference/suppressions-global-suppressions)*
    pub async fn unsubscribe(&self, emails: &[&str]) -> Result<()> {
        let request = self.client.request(Method::POST, &["asm", "suppressions", "global"])?;
        self.client.empty(ADD, request.json(&Recipients { recipient_emails: emails })?).await
    }
}

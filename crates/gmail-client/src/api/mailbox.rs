//! The mailbox itself: profile, watch, stop.

use comms_http::{Operation, Result};
use http::Method;

use crate::model::mailbox::{Profile, Watch, WatchRequest};

comms_http::resource! {
    /// The mailbox itself: [`Client::mailbox`](crate::Client::mailbox).
    Mailbox of crate::Client
}

const PROFILE: Operation = Operation::repeatable("profile");
const WATCH: Operation = Operation::repeatable("watch");
const STOP: Operation = Operation::repeatable("stop");

impl Mailbox<'_> {
    /// The address of the mailbox and where its history stands.
    ///
    /// # Errors
    /// `Unauthenticated` where the token may only send: the address then stands in the id token of the consent
    /// ([`Grant::email`](crate::oauth::Grant::email)).
    ///
    /// *See [Gmail docs/getProfile](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile)*
    pub async fn profile(&self) -> Result<Profile> {
        self.client.json(PROFILE, self.client.request(Method::GET, &["profile"])?).await
    }

    /// Has changes pushed to a topic of Pub/Sub. A watch ends after seven days: renew it each day. A mailbox has one for each project.
    ///
    /// # Errors
    /// `InvalidRequest` where the topic is not the project's, or `gmail-api-push@system.gserviceaccount.com` may not publish to it.
    ///
    /// *See [Gmail docs/Push notifications](https://developers.google.com/workspace/gmail/api/guides/push)*
    pub async fn watch(&self, watch: &WatchRequest) -> Result<Watch> {
        self.client.json(WATCH, self.client.request(Method::POST, &["watch"])?.json(watch)?).await
    }

    /// Ends the watch.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [Gmail docs/stop](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/stop)*
    pub async fn stop(&self) -> Result<()> {
        self.client.empty(STOP, self.client.request(Method::POST, &["stop"])?).await
    }
}

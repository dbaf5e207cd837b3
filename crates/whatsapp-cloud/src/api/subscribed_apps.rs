//! Which apps get the webhooks of the business account.

use comms_http::{Error, ExposeSecret, Operation, Result, Secret};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{List, succeeded};
use crate::{limits, model::Extra};

comms_http::resource! {
    /// Which apps get the webhooks of the business account: [`Client::subscribed_apps`](crate::Client::subscribed_apps).
    SubscribedApps of crate::Client
}

const LIST: Operation = Operation::repeatable("subscribed_apps.list");
const SUBSCRIBE: Operation = Operation::repeatable("subscribed_apps.subscribe");
const OVERRIDE: Operation = Operation::repeatable("subscribed_apps.override_webhook");
const UNSUBSCRIBE: Operation = Operation::repeatable("subscribed_apps.unsubscribe");

/// An app that gets the webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscribedApp {
    /// The app.
    pub whatsapp_business_api_data: App,
    /// Where its webhooks go, where that is not the app's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_callback_uri: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An app at Meta that is told what happens in the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct App {
    /// Meta's id of the app, as its dashboard shows it.
    pub id: String,
    /// What its developers call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SubscribedApps<'_> {
    /// The apps that are subscribed.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_BUSINESS_ACCOUNT_ID`.
    ///
    /// *See [WhatsApp docs/Subscribed apps](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview)*
    pub async fn list(&self) -> Result<Vec<SubscribedApp>> {
        let request = self.client.account(Method::GET, &["subscribed_apps"])?;
        let list: List<SubscribedApp> = self.client.json(LIST, request).await?;
        Ok(list.data)
    }

    /// Subscribes the app of the token. Without it no webhook comes, and nothing says so.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_BUSINESS_ACCOUNT_ID`; `Unauthenticated` without the management permission.
    ///
    /// *See [WhatsApp docs/Subscribed apps](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview)*
    pub async fn subscribe(&self) -> Result<()> {
        let request = self.client.account(Method::POST, &["subscribed_apps"])?;
        succeeded(&self.client.json(SUBSCRIBE, request).await?)
    }

    /// Subscribes the app and sends the webhooks of this account to an address of its own. (An override without a subscription is
    /// refused, so the subscription comes first.)
    ///
    /// # Errors
    /// `InvalidRequest` for an address of more than 200 characters, or one that does not answer Meta's check.
    ///
    /// *See [WhatsApp docs/Webhook overrides](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override)*
    pub async fn override_webhook(&self, callback_uri: &str, verify_token: &Secret) -> Result<()> {
        check_callback(callback_uri)?;
        self.subscribe().await?;
        let body = json!({
            "override_callback_uri": callback_uri,
            "verify_token": verify_token.expose_secret(),
        });
        let request = self.client.account(Method::POST, &["subscribed_apps"])?.json(&body)?;
        succeeded(&self.client.json(OVERRIDE, request).await?)
    }

    /// Ends the subscription: no more webhooks of this account.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_BUSINESS_ACCOUNT_ID`.
    ///
    /// *See [WhatsApp docs/Subscribed apps](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview)*
    pub async fn unsubscribe(&self) -> Result<()> {
        let request = self.client.account(Method::DELETE, &["subscribed_apps"])?;
        succeeded(&self.client.json(UNSUBSCRIBE, request).await?)
    }
}

/// An override address: at most 200 characters and TLS.
pub(super) fn check_callback(callback_uri: &str) -> Result<()> {
    let fits = callback_uri.chars().count() <= limits::CALLBACK_URL;
    if fits && callback_uri.starts_with("https://") {
        return Ok(());
    }
    let message = "the callback must be an https address of at most 200 characters";
    Err(Error::invalid(message).field("override_callback_uri"))
}
